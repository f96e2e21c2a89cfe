"""Files of drawn figures: the same bytes twice, text as text, the identifier inside."""

import re
import xml.etree.ElementTree as ElementTree
import zlib
from io import BytesIO

import matplotlib
import pytest
import xarray as xr
from figure_trees import (
    all_kinds,
    drawn,
    image_node,
    saved,
    tree_of,
)
from PIL import Image

from nanostitch import draw


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The bytes of one saved figure by suffix."""
    return saved(drawn("all kinds"), tmp_path_factory.mktemp("saved") / "first")


def test_save__gives_the_same_bytes_twice(files, tmp_path):
    assert saved(drawn("all kinds"), tmp_path / "again") == files


def test_save__gives_the_same_bytes_for_anyone_from_the_file_of_the_tree(files, tmp_path):
    all_kinds().to_netcdf(tmp_path / "figure.nc")
    with xr.open_datatree(tmp_path / "figure.nc", decode_times=False) as file:
        tree = file.load()
    settings = {"lines.linewidth": 9, "font.size": 20, "svg.hashsalt": "x", "pdf.fonttype": 3}
    with matplotlib.rc_context(settings):
        assert saved(draw.figure(tree), tmp_path / "redrawn") == files


def test_save__embeds_fonts_as_text_and_the_identifier_in_pdf(files):
    pdf = files["pdf"]
    assert b"/FontFile2" in pdf
    assert b"/ToUnicode" in pdf
    assert b"/Type3" not in pdf
    assert b"urn:test:42" in pdf
    assert b"CreationDate" not in pdf
    pages = [zlib.decompress(s) for s in re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", pdf, re.S)]
    assert any(b"Tj" in content or b"TJ" in content for content in pages)


def test_save__keeps_text_and_the_identifier_in_svg(files):
    root = ElementTree.fromstring(files["svg"])
    words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Energy loss (eV)", "a", "b", "c", "d"} <= words
    (identifier,) = root.iter("{http://purl.org/dc/elements/1.1/}identifier")
    assert identifier.text == "urn:test:42"
    assert not list(root.iter("{http://purl.org/dc/elements/1.1/}date"))


def test_save__keeps_the_identifier_and_resolution_in_png(files):
    with Image.open(BytesIO(files["png"])) as png:
        assert png.info["Identifier"] == "urn:test:42"
        assert png.info["dpi"][0] == pytest.approx(300, abs=0.1)
        assert png.size[0] == pytest.approx(178 / 25.4 * 300, abs=1)


def test_save__refuses_an_unknown_format(tmp_path):
    with pytest.raises(ValueError, match="jpg"):
        draw.save(draw.figure(tree_of(image_node())), {"jpg": tmp_path / "a.jpg"}, "id")
