"""The chain of panels, claims, rows and products: complete, no more than they stand on."""

import json
import shutil
from pathlib import Path

import pytest
import recorded_batches
from recorded_batches import FOLDER

from nanostitch import cli
from nanostitch.errors import ContractError
from nanostitch.provenance import identity, records
from nanostitch.provenance.trace import chain, layers, tree_picture, tree_text
from nanostitch.provenance.trace.chain import Link

FIGURE = f"{FOLDER}/figures/figure_1"


pytestmark = pytest.mark.usefixtures("recorded_batch")


def raw_files(link):
    return {one.path for one in link.walk() if one.kind == "raw"}


def rules(link):
    return {one.rule for one in link.walk() if one.rule}


@pytest.mark.parametrize("suffix", ["nc", "pdf", "svg", "png"])
def test_panel__stands_on_what_it_shows_alone(suffix):
    panel = chain.chain(f"{FIGURE}.{suffix}#a")
    assert raw_files(panel) == {"raw/a.dm4"}
    assert "band_gap" not in rules(panel)
    assert raw_files(chain.chain(f"{FIGURE}.{suffix}#b")) == {"raw/a.dm4", "raw/b.dm4"}
    assert "figure" in rules(chain.chain(f"{FIGURE}.pdf#b"))


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png"])
def test_copied_figure__is_known_by_the_id_inside(suffix, tmp_path):
    copy = tmp_path / f"Fig 1 of the paper.{suffix}"
    shutil.copy(f"{FIGURE}.{suffix}", copy)
    assert raw_files(chain.chain(f"{copy}#a")) == {"raw/a.dm4"}
    assert chain.chain(str(copy)).inputs[0].path == f"{FIGURE}.nc"


def test_claim__stands_on_what_measures_it():
    for file in ("claims.nc", "tables/claims.tsv"):
        shift, gap = (chain.chain(f"{FOLDER}/{file}#{name}") for name in ("shift", "gap"))
        assert raw_files(shift) == {"raw/a.dm4", "raw/b.dm4"}
        assert raw_files(gap) == {"raw/a.dm4"}
        assert gap.about["value"] == "2.0"
    assert [one.path for one in shift.inputs] == [f"{FOLDER}/comparisons/shift.nc"]


def test_row_of_a_table__stands_on_its_acquisition():
    assert raw_files(chain.chain(f"{FOLDER}/tables/band_gap.tsv#b")) == {"raw/b.dm4"}
    assert raw_files(chain.chain(f"{FOLDER}/tables/band_gap.tsv")) == {"raw/a.dm4", "raw/b.dm4"}


def test_raw_leaf__has_its_bytes_and_what_the_instrument_told():
    leaf = next(x for x in chain.chain(f"{FOLDER}/eels/a/raw.nc").walk() if x.kind == "raw")
    assert leaf.sha256 == identity.sha256(Path("raw/a.dm4"))
    assert leaf.about["size"] == 100
    assert leaf.about["technique"] == "eels"
    # The pixel size was told by the sheet, the energy by the instrument.
    assert leaf.about["instrument"] == {"beam_energy_kev": 60.0, "instrument": "Nion"}


def test_shared_input__is_one_link_and_shown_once():
    gap = chain.chain(f"{FOLDER}/eels/a/band_gap.nc")
    raw, aligned = gap.inputs
    assert aligned.inputs[0] is raw
    said = "\n".join(tree_text.lines(gap))
    assert said.count("a.dm4") == 1
    assert said.count("(see above)") == 1
    assert gap.parameters["window_ev"] == 2.0


def test_diamonds__are_walked_once_however_many_ways_lead_through():
    def link(path, *inputs):
        return Link(path, "product", "", "r", None, {}, None, None, {}, inputs)

    bottom = link("raw")
    for level in range(40):  # 2 ** 40 ways down
        bottom = link(f"top{level}", link(f"left{level}", bottom), link(f"right{level}", bottom))
    assert len(list(bottom.walk())) == 121
    assert len(tree_text.document(bottom)["links"]) == 121
    assert len(list(tree_text.lines(bottom))) == 161
    assert sum(len(layer) for layer in layers.arranged(bottom)) == 121


def test_one_target__needs_no_look_at_other_records(monkeypatch):
    monkeypatch.setattr(records, "read", lambda folder: pytest.fail("read every record"))
    for target in (f"{FIGURE}.pdf#b", f"{FOLDER}/claims.nc#shift"):
        assert raw_files(chain.chain(target)) == {"raw/a.dm4", "raw/b.dm4"}


def test_without_records__the_files_themselves_tell():
    whole = [(one.path, one.sha256) for one in chain.chain(f"{FIGURE}.png#b").walk()]
    shutil.rmtree(FOLDER / "provenance")
    alone = [(one.path, one.sha256) for one in chain.chain(f"{FIGURE}.png#b").walk()]
    assert [(path.removeprefix("raw/"), digest) for path, digest in whole] == alone


def test_replaced_input__is_traced_as_it_was_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = recorded_batches.make()
    made.window = 3.0
    made.measure("a")
    used = [x for x in chain.chain(f"{FIGURE}.pdf#b").walk() if x.path.endswith("a/band_gap.nc")]
    assert [one.parameters["window_ev"] for one in used] == [2.0]
    assert chain.chain(f"{FOLDER}/eels/a/band_gap.nc").parameters["window_ev"] == 3.0


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (f"{FIGURE}.pdf#z", "has no part 'z'; it has a, b"),
        (f"{FOLDER}/claims.nc#width", "it has shift, gap"),
        (f"{FOLDER}/eels/a/raw.nc#a", "has no parts"),
        (f"{FOLDER}/absent.nc", "no such file"),
        ("raw/a.dm4", "neither the file nor a record tells"),
    ],
)
def test_target_that_is_not_there__says_what_is(target, said, capsys):
    with pytest.raises(ContractError, match=said.replace("(", r"\(")):
        chain.chain(target)
    assert cli.main(["trace", target]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_trace__fits_the_terminal_and_its_json_names_every_link_once(capsys):
    assert cli.main(["trace", f"{FIGURE}.pdf"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert max(map(len, printed)) <= 100
    assert any("└─ a.dm4" in line or "└─ raw/a.dm4" in line for line in printed)
    assert cli.main(["trace", "--json", f"{FIGURE}.pdf"]) == 0
    links = json.loads(capsys.readouterr().out)["links"]
    assert len({one["path"] for one in links}) == len(links)
    assert links[links[0]["inputs"][0]]["path"] == f"{FIGURE}.nc"


def test_picture__runs_from_raw_files_to_the_target_without_overlap():
    placed = layers.arranged(chain.chain(f"{FIGURE}.pdf"))
    assert [node.link.kind for node in placed[0]] == ["figure"]
    assert {node.link.kind for node in placed[-1] if node.link} == {"raw"}
    for layer in placed:
        for above, below in zip(layer, layer[1:], strict=False):
            assert below.y - above.y >= (above.height + below.height) / 2 - 1e-9
        for node in layer:
            assert all(user.layer == node.layer - 1 for user in node.users)


def test_picture__has_the_same_bytes_every_time(tmp_path):
    link = chain.chain(f"{FIGURE}.pdf#b")
    for suffix in ("svg", "pdf", "png"):
        paths = [tmp_path / f"{n}.{suffix}" for n in range(2)]
        for path in paths:
            tree_picture.draw(link, path)
        assert paths[0].read_bytes() == paths[1].read_bytes()
    assert "figure_1.pdf#b" in (tmp_path / "0.svg").read_text()
    with pytest.raises(ContractError, match=r"end the name by \.svg"):
        tree_picture.draw(link, tmp_path / "0.txt")
