"""Journal variants: the width, font and panel letters that a style declares are in the files."""

import json
import re
from pathlib import Path

import pytest
import xarray as xr
import yaml
from figure_trees import histogram_node, misplaced, saved, spectra_node, tree_of
from matplotlib import font_manager
from matplotlib.lines import Line2D
from scan_panels import image, one_panel

from nanostitch import draw, plan, schema
from nanostitch.draw import kinds, style, variants
from nanostitch.draw.variants import VARIANTS

WIDTHS_MM = {
    "default": (85.0, 178.0),
    "acs": (3.25 * 25.4, 7 * 25.4),
    "nature": (89.0, 183.0),
    "rsc": (83.0, 171.0),
}
LETTERS = {"default": "b", "acs": "(b)", "nature": "b", "rsc": "(b)"}
LIBERATION = Path("/usr/share/fonts/truetype/liberation")
"""Where many Linux systems keep a font with the widths of Arial."""


def tree(name: str, width: str = "double") -> xr.DataTree:
    """A curve and a histogram in a style, laid out for its widths."""
    with variants.using(name):
        made = tree_of(histogram_node(), spectra_node(1), width=width, simulated=1)
    made.attrs["style"] = name
    return made


@pytest.fixture(scope="module", params=list(VARIANTS))
def written(request, tmp_path_factory):
    """A style's name and its files."""
    folder = tmp_path_factory.mktemp("styles") / request.param
    return request.param, saved(draw.figure(tree(request.param)), folder)


def test_style__has_its_width_in_pdf_and_svg(written):
    name, files = written
    points = WIDTHS_MM[name][1] / 25.4 * 72
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", files["pdf"])
    assert float(box[1]) == pytest.approx(points, abs=0.01)
    assert float(re.search(rb'<svg[^>]* width="([\d.]+)pt"', files["svg"])[1]) == pytest.approx(
        points, abs=0.01
    )


@pytest.mark.parametrize("name", list(VARIANTS))
def test_style__has_its_width_of_one_column(name):
    width = draw.figure(tree(name, "single")).get_figwidth()
    assert width * 25.4 == pytest.approx(WIDTHS_MM[name][0])


def test_style__has_its_font_and_letters_as_text(written):
    name, files = written
    family = variants.installed(VARIANTS[name].fonts)
    assert family.replace(" ", "").encode() in files["pdf"].replace(b" ", b"")
    assert b"/FontFile2" in files["pdf"]
    assert b"/Type3" not in files["pdf"]
    svg = files["svg"].decode()
    assert family in svg
    assert re.search(rf">{re.escape(LETTERS[name])}</text>", svg)
    assert "<text" in svg


def test_style__takes_the_first_font_that_is_there(monkeypatch, caplog):
    variants.installed.cache_clear()
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["Helvetica", "Liberation Sans"])
    assert variants.installed(("Arial", "Helvetica", "DejaVu Sans")) == "Helvetica"
    variants.installed.cache_clear()
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["Comic Sans"])
    assert variants.installed(("Arial", "DejaVu Sans")) == "DejaVu Sans"
    assert "Arial" in caplog.text
    variants.installed.cache_clear()


@pytest.mark.filterwarnings("error:Glyph")
@pytest.mark.skipif(not LIBERATION.is_dir(), reason="no font with the widths of Arial here")
def test_style__embeds_the_font_that_a_journal_asks_for(tmp_path):
    for path in LIBERATION.glob("LiberationSans-*.ttf"):
        font_manager.fontManager.addfont(path)
    variants.installed.cache_clear()
    files = saved(draw.figure(tree("acs")), tmp_path / "a")
    assert b"LiberationSans" in files["pdf"]
    assert "Liberation Sans" in files["svg"].decode()
    variants.installed.cache_clear()


@pytest.mark.parametrize("name", ["acs", "rsc"])
def test_style__draws_no_line_thinner_than_it_prints(name):
    figure = draw.figure(tree(name))
    widths = [line.get_linewidth() for line in figure.findobj(Line2D) if line.get_linewidth() > 0]
    assert min(widths) >= VARIANTS[name].least_line_pt


@pytest.mark.parametrize("name", ["acs", "nature", "rsc"])
def test_style__keeps_texts_apart(name):
    assert not misplaced(draw.figure(tree(name)))


def test_style__of_a_declaration_reaches_its_tree():
    panel = {**one_panel("image"), "style": "nature"}
    made = draw.collect(panel, image("a", "fresh"))
    assert made.attrs["style"] == "nature"
    assert made["a"].attrs["width_mm"] == 183.0
    assert draw.collect(one_panel("image"), image("a", "fresh")).attrs["style"] == "default"
    assert variants.name() == "default"


def test_style__of_a_tree_without_one_is_the_default():
    made = tree("default")
    del made.attrs["style"]
    assert draw.figure(made).get_figwidth() * 25.4 == pytest.approx(178.0)
    assert (style.FONT_PT, style.LETTER_PT, style.LETTER_MM) == (7.0, 8.0, 4.0)


def test_style__known_to_the_configuration_are_those_that_are_drawn():
    known = schema.load("config")["properties"]["figures"]["properties"]["style"]["enum"]
    assert known == list(VARIANTS) == kinds.schema()["properties"]["style"]["enum"]


@pytest.mark.parametrize(
    ("config", "parameters", "own", "expected"),
    [
        ({}, {}, {}, "default"),
        ({"style": "acs"}, {}, {}, "acs"),
        ({"style": "acs"}, {"style": "rsc"}, {}, "rsc"),
        ({"style": "acs"}, {"style": "rsc"}, {"style": "nature"}, "nature"),
    ],
)
def test_style__of_a_figure_goes_before_that_of_its_batch_and_of_the_configuration(
    config, parameters, own, expected, tmp_path, monkeypatch
):
    declared = {
        "title": "A batch",
        "creator": {"name": "N. N."},
        "licence": "CC0-1.0",
        "simulate": {"seed": 1},
        "parameters": {"figures": parameters},
        "figures": {"one": {**own, **one_panel("image")}},
    }
    folder = tmp_path / "batch"
    folder.mkdir()
    (folder / "batch.yaml").write_text(yaml.safe_dump(declared))
    (folder / "conditions.tsv").write_text(
        "condition\tlabel\tstorage_time_h\tatmosphere\nfresh\tFresh\t0\tair\n"
    )
    (folder / "samples.tsv").write_text("sample\tmaterial\tsubstrate\ns\tCsPbBr3\tcarbon\n")
    (folder / "acquisitions.tsv").write_text(
        "acquisition\tsample\tcondition\ttechnique\tfile\na\ts\tfresh\tadf\ta.dm4\n"
    )
    monkeypatch.chdir(tmp_path)
    asked = {"batches": str(folder), "figures": config}
    plan.Plan(asked, tmp_path / "cache.json").write()
    written = json.loads((tmp_path / "results/batch/plan/figures/one.json").read_text())
    assert written["figure"]["style"] == expected


def test_panel_letters__are_written_in_three_ways():
    plain = VARIANTS["default"]
    styles = [variants.Variant(**{**vars(plain), "letter": one}) for one in ("a", "(a)", "A")]
    assert [one.lettered("c") for one in styles] == ["c", "(c)", "C"]


def test_style__unknown_is_refused():
    found = list(schema.problems({"title": "t", "style": "x", "panels": []}, kinds.schema(), "f"))
    assert any("style" in problem.field for problem in found)
