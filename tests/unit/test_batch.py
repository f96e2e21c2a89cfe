"""A batch is validated whole, and every problem is named where it stands."""

from pathlib import Path

import pytest

from nanostitch import batch, products
from nanostitch.errors import BatchError

ABOUT = "title: A batch\ncreator: {name: N. N.}\nlicence: CC0-1.0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A valid batch of two images and one spectrum with its vacuum reference."""
    folder = tmp_path / "series"
    (folder / "raw").mkdir(parents=True)
    for name in ("a.dm3", "b [1] µ.dm3", "c.msa", "v.msa"):
        (folder / "raw" / name).write_bytes(b"raw")
    (folder / "batch.yaml").write_text(ABOUT)
    write(folder, "conditions", ["condition label storage_time_h", "fresh Fresh 0"])
    write(folder, "samples", ["sample material substrate", "grid1 CsPbBr3 carbon"])
    write(
        folder,
        "acquisitions",
        [
            "acquisition sample condition technique file references pixel_size_nm",
            "a grid1 fresh adf a.dm3 - 0.25",
            "b grid1 fresh adf b~[1]~µ.dm3",
            "c grid1 fresh eels c.msa vacuum=v",
            "v grid1 fresh eels v.msa",
        ],
    )
    return folder


def write(folder: Path, sheet: str, lines: list[str]) -> None:
    cells = [["" if c == "-" else c.replace("~", " ") for c in line.split()] for line in lines]
    text = "\n".join("\t".join(row) for row in cells)
    (folder / f"{sheet}.tsv").write_text(text + "\n", "utf-8")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_load__gives_rows_with_numbers_references_and_paths(folder):
    loaded = batch.load(folder)
    assert loaded.id == "series"
    assert loaded.acquisitions["a"].told == {"pixel_size_nm": 0.25}
    assert loaded.acquisitions["b"].path.read_bytes() == b"raw"
    assert loaded.acquisitions["c"].references == {"vacuum": ["v"]}
    assert loaded.acquisitions["c"].condition["storage_time_h"] == 0
    assert [a.id for a in loaded.select("eels", {"condition": ["fresh"]})] == ["c", "v"]


def test_conditions__are_those_named_in_the_order_of_their_sheet(folder):
    rows = ["condition label storage_time_h", "week Week 168", "never Never 1", "fresh Fresh 0"]
    write(folder, "conditions", rows)
    edit(folder / "acquisitions.tsv", "b\tgrid1\tfresh", "b\tgrid1\tweek")
    assert batch.load(folder).conditions == ["week", "fresh"]


def test_references__are_acquisitions_that_only_serve_others(folder):
    assert products.references(batch.load(folder)) == ["v"]


@pytest.mark.parametrize(
    "name", ["../up", "a/b", "$(reboot)", "a b", "a;b", "A", "-rf", ".", "ä", "a\u202eb", "a" * 65]
)
@pytest.mark.parametrize(
    ("sheet", "old"), [("samples", "grid1"), ("conditions", "fresh"), ("acquisitions", "\na\t")]
)
def test_load__refuses_ids_that_could_become_paths_or_shell_words(folder, sheet, old, name):
    new = old.replace("grid1", name).replace("fresh", name).replace("\na\t", f"\n{name}\t")
    edit(folder / f"{sheet}.tsv", old, new)
    with pytest.raises(BatchError, match="lower-case|must match"):
        batch.load(folder)


def test_load__lists_every_problem_of_every_sheet_at_once(folder):
    edit(folder / "acquisitions.tsv", "0.25", "0,25")
    edit(folder / "acquisitions.tsv", "vacuum=v", "vacuum=w")
    edit(folder / "acquisitions.tsv", "a.dm3", "absent.dm3")
    edit(folder / "samples.tsv", "CsPbBr3", "")
    edit(folder / "conditions.tsv", "\t0", "\t-1")
    edit(folder / "batch.yaml", "licence: CC0-1.0", "license: CC0-1.0")
    with pytest.raises(BatchError) as caught:
        batch.load(folder)
    text = str(caught.value)
    edit(folder / "batch.yaml", "license: CC0-1.0", "licence: CC0-1.0")
    with pytest.raises(BatchError) as caught:  # raw_dir is known only once batch.yaml is right
        batch.load(folder)
    text += str(caught.value)
    for word in ("0,25", "absent.dm3", "material", "-1", "'license'", "did you mean", "'w'"):
        assert word.strip("'") in text, word
    for sheet in ("acquisitions.tsv: row 2", "samples.tsv: row 2", "conditions.tsv: row 2"):
        assert sheet in text


@pytest.mark.parametrize(
    ("sheet", "old", "new", "hint"),
    [
        ("acquisitions", "technique", "tecnique", "known columns"),
        ("acquisitions", "\nb\t", "\na\t", "another row"),
        ("acquisitions", "\tadf\ta", "\txps\ta", "must be one of"),
        ("acquisitions", "grid1\tfresh\teels\tc", "grid9\tfresh\teels\tc", "an id of samples"),
        ("acquisitions", "vacuum=v", "solvent=v", "knows the roles"),
        ("acquisitions", "vacuum=v", "vacuum=a", "must be of technique eels"),
        ("acquisitions", "vacuum=v", "vacuum=c", "another acquisition"),
        ("acquisitions", "0.25", "0.25\tmore", "more cells"),
        ("acquisitions", "0.25", "0", "greater than 0"),
        ("acquisitions", "0.25", "nan", "number"),
        ("acquisitions", "0.25", "1_0", "number"),
        ("acquisitions", "vacuum=v", "vacuum=v; vacuum=c", "a role twice"),
        ("acquisitions", "a.dm3", "{x}.dm3", "braces"),
        ("acquisitions", "a.dm3", "a" * 300, "no such file"),
        ("samples", "sample\t", "sample\tsample\t", "only once"),
    ],
)
def test_load__names_sheet_and_remedy(folder, sheet, old, new, hint):
    edit(folder / f"{sheet}.tsv", old, new)
    with pytest.raises(BatchError, match=hint) as caught:
        batch.load(folder)
    assert f"{sheet}.tsv" in str(caught.value)


def test_load__refuses_use_no_without_a_note(folder):
    sheet = folder / "acquisitions.tsv"
    edit(sheet, "pixel_size_nm", "pixel_size_nm\tuse\tnote")
    edit(sheet, "0.25", "0.25\tno")
    with pytest.raises(BatchError, match="needs a note"):
        batch.load(folder)
    edit(sheet, "0.25\tno", "0.25\tno\tout of focus")
    assert batch.load(folder).acquisitions["a"].row["note"] == "out of focus"


def test_load__refuses_repeated_yaml_keys_and_yaml_objects(folder):
    (folder / "batch.yaml").write_text(ABOUT + "title: Again\n")
    with pytest.raises(BatchError, match="stands twice"):
        batch.load(folder)
    (folder / "batch.yaml").write_text(ABOUT + "raw_dir: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(BatchError, match="not valid YAML"):
        batch.load(folder)


def test_load__refuses_a_figure_of_unknown_kind_or_empty_selection(folder):
    figure = "figures:\n  figure_1:\n    title: T\n    panels: [{kind: %s, select: {sample: %s}}]\n"
    (folder / "batch.yaml").write_text(ABOUT + figure % ("image", "grid1"))
    assert batch.load(folder).figures
    (folder / "batch.yaml").write_text(ABOUT + figure % ("image", "grid9"))
    with pytest.raises(BatchError, match="selects no acquisition"):
        batch.load(folder)
    (folder / "batch.yaml").write_text(ABOUT + figure % ("hologram", "grid1"))
    with pytest.raises(BatchError, match=r"figures\.figure_1"):
        batch.load(folder)


def test_load__a_missing_folder_or_sheet_is_one_clear_error(folder):
    with pytest.raises(BatchError, match="no such batch folder"):
        batch.load(folder / "nowhere")
    (folder / "samples.tsv").unlink()
    with pytest.raises(BatchError, match=r"samples\.tsv.*create it"):
        batch.load(folder)
