"""Sheets and YAML that nobody should write end soon, in one clear error, in little memory.

Names that reach a shell, a file system, a figure or a page are harmless there.
"""

import html
import re
import resource
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import figure_trees
import pytest
from matplotlib.text import Text

from nanostitch import batch, documents, draw, raw, schema, sheets
from nanostitch.draw import captions
from nanostitch.errors import BatchError, FormatError

ABOUT = "title: A batch\ncreator: {name: N. N.}\nlicence: CC0-1.0\n"
HEADER = "acquisition\tsample\tcondition\ttechnique\tfile\tnote"
ROW = "a\tgrid1\tfresh\tadf\ta.dm3\t"
AS_SOON_AS = 10.0
"""Seconds of computing in which any of it is refused."""
LONGEST_ERROR = 150_000
"""Characters: fifty problems, each with a value and a remedy cut short."""
MEMORY_BYTES = 3 * 2**29


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A valid batch of one image."""
    folder = tmp_path / "series"
    (folder / "raw").mkdir(parents=True)
    (folder / "raw" / "a.dm3").write_bytes(b"raw")
    (folder / "batch.yaml").write_text(ABOUT)
    (folder / "conditions.tsv").write_text("condition\tlabel\nfresh\tFresh\n")
    (folder / "samples.tsv").write_text("sample\tmaterial\tsubstrate\ngrid1\tCsPbBr3\tC\n")
    (folder / "acquisitions.tsv").write_text(f"{HEADER}\n{ROW}\n")
    batch.load(folder)
    return folder


def refusal(folder: Path) -> str:
    """What a batch is refused with, soon and at a bearable length."""
    start = time.process_time()
    with pytest.raises(BatchError) as caught:
        batch.load(folder)
    assert time.process_time() - start < AS_SOON_AS
    assert len(str(caught.value)) < LONGEST_ERROR
    assert "\x00" not in str(caught.value)
    return str(caught.value)


def bomb(levels: int) -> str:
    """Aliases of aliases: nine to the power of the levels values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        inner = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} [{inner}]")
    return "\n".join(lines) + "\n"


MERGES = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ABOUT + bomb(12), "aliases"),
        (ABOUT + MERGES, "aliases"),
        (ABOUT + "parameters: &self {eels: *self}\n", "aliases"),
        (ABOUT + "parameters: " + "[" * 20_000, "nested too deeply"),
        (ABOUT + "parameters: " + "{a: " * 5_000, "nested too deeply"),
        (ABOUT + "".join(f"key{n}: 1\n" for n in range(20_000)), "unknown key"),
        (ABOUT + "title: Again\n", "stands twice"),
        (ABOUT + "parameters: {eels: {}, eels: {}}\n", "stands twice"),
        (ABOUT + "raw_dir: " + "x" * 2**20 + "\n", "has more than"),
        (ABOUT + "raw_dir: " + "9" * 5_000 + "\n", "not valid YAML"),
        (ABOUT + "raw_dir: 2026-99-99\n", "not valid YAML"),
        (ABOUT + "raw_dir: 2026-11-24\n", "of type string"),
        (ABOUT + "raw_dir: !!binary aGVsbG8=\n", "of type string"),
        (ABOUT + "raw_dir: !!python/object/apply:os.getcwd []\n", "not valid YAML"),
        (ABOUT + "raw_dir: [1, 2]\n", "of type string"),
        (ABOUT + "parameters: 7\n", "of type object"),
        (ABOUT + "? [a, b]\n: 1\n", "not valid YAML"),
        (ABOUT + "? {a: b}\n: 1\n", "not valid YAML"),
        (ABOUT.replace("A batch", '"A\\0batch"'), "not printed"),
        (ABOUT.replace("A batch", '"A \\u202Ehctab"'), "not printed"),
        (ABOUT.replace("A batch", "A\x00batch"), "not valid YAML"),
        (ABOUT.replace("A batch", "x" * 5_000), "title"),
        (ABOUT + "---\ntitle: Another\n", "not valid YAML"),
        ("- a\n- b\n", "must be a mapping"),
        ("", "must be a mapping"),
        ("\t", "not valid YAML"),
        (ABOUT + "figures: ../../../etc/passwd\n", "in the folder of the batch"),
        (ABOUT + "claims: /etc/passwd\n", "in the folder of the batch"),
        (ABOUT + 'figures: {"../up": {title: T, panels: []}}\n', "lower-case"),
        (ABOUT + 'figures: {"up\\n": {title: T, panels: []}}\n', "lower-case"),
    ],
)
def test_yaml__without_end_or_sense_is_one_clear_error(folder, text, says):
    (folder / "batch.yaml").write_text(text, "utf-8")
    said = refusal(folder)
    assert says in said
    assert str(folder / "batch.yaml") in said


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_yaml_and_sheets__in_another_encoding_say_so(folder, encoding):
    (folder / "batch.yaml").write_text(ABOUT.replace("A batch", "A batch µ"), encoding)
    assert "UTF-8" in refusal(folder)
    (folder / "batch.yaml").write_text(ABOUT)
    (folder / "samples.tsv").write_text("sample\tmaterial\tsubstrate\ngrid1\tµ\tC\n", encoding)
    assert "save the sheet as UTF-8" in refusal(folder)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_yaml_and_sheets__of_every_editor_read_the_same(folder, mark, end):
    expected = batch.load(folder)
    for path in (*folder.glob("*.tsv"), *folder.glob("*.yaml")):
        path.write_bytes((mark + path.read_text().replace("\n", end)).encode())
    assert batch.load(folder) == expected


def test_alias__that_is_used_a_few_times_is_what_it_stands_for(folder):
    (folder / "batch.yaml").write_text("x: &x [1, {a: 2}]\ny: *x\nz: {<<: {b: *x}}\n")
    inner = [1, {"a": 2}]
    document = documents.read_yaml(folder / "batch.yaml")
    assert document == {"x": inner, "y": inner, "z": {"b": inner}}


@pytest.mark.parametrize(
    ("sheet", "says"),
    [
        (f"{HEADER}\tnote\n{ROW}\n", "must stand only once"),
        (f"{HEADER}\n{ROW}=cmd|' /C calc'!A0\n", "begins like a formula"),
        (f"{HEADER}\n{ROW}@SUM(1+1)\n", "begins like a formula"),
        (f"{HEADER}\n{ROW}+1+cmd|' /C calc'!A0\n", "begins like a formula"),
        (f"{HEADER}\n{ROW}" + "x" * 10_000_000 + "\n", "is too long"),
        (f"{HEADER}\n" + f"{ROW}\n" * 2_000, "1999 problems"),
        (f"{HEADER}\n" + ("x" * 40_000_000) + "\n", "at most 33554432 bytes"),
        (f"{HEADER}\n{ROW}a\x00b\n", "UTF-8"),
        (f"{HEADER}\n{ROW}a\x1b[31mb\n", "not printed"),
        (f"{HEADER}\n{ROW}a\u202eb\n", "not printed"),
        (f"{HEADER}\n{ROW}a\u2028b\n", "not printed"),
        (f"{HEADER}\n{ROW}" + "\tx" * 100_000 + "\n", "more cells than the 6 columns"),
        ("\t".join(f"c{n}" for n in range(2_000)) + "\n", "known columns"),
        ("x" * 1_000_000 + "\n", "known columns"),
        (f"{HEADER.replace(chr(9), ',')}\na,grid1,fresh,adf,a.dm3,\n", "tab-separated"),
        (f"{HEADER}\n", "at least one acquisition"),
        ("", "add the column"),
        (f"{HEADER}\n{ROW.replace('adf', 'adf; rm -rf /')}\n", "must be one of"),
        (f"{HEADER}\n{ROW.replace('a.dm3', '/dev/zero')}\n", "no such file"),
        (f"{HEADER}\n{ROW.replace('a.dm3', '../../nowhere.dm3')}\n", "no such file"),
        (f"{HEADER}\n{ROW.replace('a.dm3', 'a' * 5_000)}\n", "is too long"),
    ],
)
def test_sheet__without_sense_names_file_field_value_and_remedy(folder, sheet, says):
    (folder / "acquisitions.tsv").write_text(sheet, "utf-8")
    said = refusal(folder)
    assert says in said
    assert "acquisitions.tsv" in said


@pytest.mark.parametrize(
    "name",
    ["../up", "$(reboot)", "`reboot`", "a b", "a;b", "a|b", "x" * 5_000, "a'b", 'a"b', "a\u00a0b"],
)
def test_id__that_could_be_a_path_or_a_command_is_refused_in_every_sheet(folder, name):
    for sheet, old in (("samples", "grid1"), ("conditions", "fresh"), ("acquisitions", "\na\t")):
        path = folder / f"{sheet}.tsv"
        before = path.read_text("utf-8")
        path.write_text(before.replace(old, f"\n{name}\t" if "\t" in old else name), "utf-8")
        assert re.search("lower-case|must match|too long", refusal(folder))
        path.write_text(before, "utf-8")


def test_pattern__with_a_line_break_at_the_end_does_not_fit(folder):
    (folder / "batch.yaml").write_text(
        ABOUT.replace("name: N. N.", 'name: N. N., orcid: "0000-0002-1825-0097\\n"')
    )
    assert "creator.orcid" in refusal(folder)


@pytest.mark.parametrize("name", ["$(reboot) `x`.dm3", "a;b & c.dm3", "'quoted' \"twice\".dm3"])
def test_raw_file__may_have_any_name_that_no_shell_ever_sees(folder, name):
    (folder / "raw" / name).write_bytes(b"raw")
    (folder / "acquisitions.tsv").write_text(f"{HEADER}\n{ROW.replace('a.dm3', name)}\n")
    assert batch.load(folder).acquisitions["a"].path.name == name


@pytest.mark.parametrize("name", ["/tmp/a.dm4", "../../a.dm4", "a/../../b.dm4", "http://b/a.dm4"])
def test_simulated_file__lies_in_the_results(folder, name):
    (folder / "batch.yaml").write_text(ABOUT + "simulate: {seed: 1}\n")
    (folder / "acquisitions.tsv").write_text(f"{HEADER}\n{ROW.replace('a.dm3', name)}\n")
    assert "it lies in results/" in refusal(folder)


def test_batch__is_refused_in_bounded_memory(folder):
    (folder / "batch.yaml").write_text(ABOUT + bomb(12))
    (folder / "acquisitions.tsv").write_text(f"{HEADER}\n{ROW}" + "x" * 10_000_000 + "\n")
    program = (
        "import sys, pathlib; from nanostitch import batch; batch.load(pathlib.Path(sys.argv[1]))"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        timeout=60,
    )
    assert "BatchError" in done.stderr
    assert "MemoryError" not in done.stderr


def archive(folder: Path, kind: str) -> Path:
    """Archives as no one should send them: of zeros without end, with ways out, with links."""
    path = folder / f"scan.{kind}"
    if kind == "zspy":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr(".zgroup", '{"zarr_format": 2}')
            made.writestr("../../up/.zarray", "[" * 100_000)
            made.writestr("data/0", bytes(50_000_000))
    elif kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("../../up.dm3", bytes(50_000_000))
    else:
        with tarfile.open(path, "w:gz" if kind == "tgz" else "w") as made:
            link = tarfile.TarInfo("../../up.dm3")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            made.addfile(link)
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz", "zspy"])
def test_archive__as_a_raw_file_is_refused_and_unpacks_nothing(tmp_path, kind):
    path = archive(tmp_path, kind)
    with pytest.raises(FormatError, match=path.name):
        raw.read(path, "adf", {}, None)
    assert list(tmp_path.iterdir()) == [path]


def test_link__to_a_raw_file_is_followed_and_one_within_a_store_is_not(tmp_path):
    (tmp_path / "real.txt").write_text("wavelength (nm)\tcounts\n400\t1\n401\t2\n402\t3\n")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    assert raw.read(tmp_path / "link.txt", "pl", {}, None).sizes["wavelength"] == 3
    store = tmp_path / "store.zspy"
    store.mkdir()
    (store / ".zgroup").write_text('{"zarr_format": 2}')
    (store / "0").symlink_to("/etc/passwd")
    with pytest.raises(FormatError, match="is a link to elsewhere"):
        raw.contents(store)


def test_loop_of_links__is_no_file(folder):
    (folder / "raw" / "loop.dm3").symlink_to("loop.dm3")
    (folder / "acquisitions.tsv").write_text(f"{HEADER}\n{ROW.replace('a.dm3', 'loop.dm3')}\n")
    assert "no such file" in refusal(folder)


def test_problem__shows_names_and_values_in_one_bearable_line():
    shown = str(schema.Problem("a\nb", "x\x1b[31m", "y\n" * 5_000, "z" * 5_000))
    assert shown.count("\n") == 0
    assert "\x1b" not in shown
    assert len(shown) < 5_000


def test_cell__of_a_column_of_numbers_may_begin_with_its_sign(folder):
    text = f"{HEADER}\tenergy_offset_ev\n{ROW}-5 to 5\t-1.5\n"
    (folder / "acquisitions.tsv").write_text(text)
    assert batch.load(folder).acquisitions["a"].told == {"energy_offset_ev": -1.5}


HARMFUL = (
    r"$\frac{1}{ \input{/etc/passwd} $(reboot) `reboot` <script>alert(1)</script>"
    r"<img src=x onerror=alert(1)> {{ 7 * 7 }} %(x)s {x} \\ & ]]> -->"
)
"""What TeX, shells, pages, templates and formats each would act on."""


def test_label_and_title__are_drawn_as_they_stand(tmp_path):
    tree = figure_trees.tree_of(figure_trees.image_node(label=HARMFUL))
    tree.attrs["title"] = HARMFUL
    figure = draw.figure(tree)
    paths = {suffix: tmp_path / f"figure.{suffix}" for suffix in ("pdf", "svg", "png")}
    draw.save(figure, paths, identifier=HARMFUL)
    elements = {one.tag.rpartition("}")[2] for one in ElementTree.parse(paths["svg"]).iter()}
    assert not elements & {"script", "img", "foreignObject"}
    shown = re.sub(r"\s", "", "".join(one.get_text() for one in figure.findobj(Text)))
    assert re.sub(r"\s", "", HARMFUL) in shown


def test_caption__holds_no_tags(tmp_path):
    node = figure_trees.image_node(label=HARMFUL).assign_attrs(caption=f"image of {HARMFUL}")
    tree = figure_trees.tree_of(node)
    tree.attrs["title"] = HARMFUL
    assert "<" not in captions.figure(tree)
    assert html.unescape(captions.figure(tree)).count(HARMFUL) == 2


def test_id__is_bounded():
    assert sheets.is_id("a" * sheets.LONGEST_ID)
    assert not sheets.is_id("a" * (sheets.LONGEST_ID + 1))
    assert not sheets.is_id("a\n")
