"""First step of figures: declarations, selection and the numbers that are plotted."""

import subprocess
import sys

import jsonschema
import pytest
import xarray as xr
from scan_panels import MADE_HERE, image, one_panel, panel_a, spectrum

from nanostitch import draw
from nanostitch.draw import kinds, selection, style
from nanostitch.errors import BatchError


def test_schema__is_a_valid_json_schema_with_defaults_that_satisfy_it():
    jsonschema.Draft202012Validator.check_schema(draw.schema())
    for kind in kinds.KINDS.values():
        for option in kind.options.values():
            assert option["description"]
            required = kind.of_comparisons and option.get("minItems", 0) > 0
            assert required or jsonschema.validate(option["default"], option) is None


@pytest.mark.parametrize(
    ("panel", "expected"),
    [
        ({"kind": "image"}, ("adf", ("raw",))),
        ({"kind": "image", "outlines": True}, ("adf", ("raw", "particles"))),
        ({"kind": "spectra"}, ("eels", ("aligned", "loss", "band_gap"))),
        (
            {"kind": "spectra", "derivative": False, "band_gap": False},
            ("eels", ("aligned", "loss")),
        ),
        ({"kind": "band_gap"}, ("eels", ("band_gap",))),
        ({"kind": "size_histogram"}, ("adf", ("particles",))),
    ],
)
def test_needs__follow_the_options(panel, expected):
    assert draw.needs({"select": {}, **panel}) == expected


@pytest.mark.parametrize(
    ("declaration", "words"),
    [
        ({"title": "T", "panels": []}, "panels"),
        (one_panel("imag"), "must be one of"),
        (one_panel("image", outline=True), "did you mean 'outlines'"),
        (one_panel("image", {"aquisition": "image_1"}), "did you mean 'acquisition'"),
        (one_panel("image", {"acquisition": "image_9"}), "image_9"),
        (one_panel("image", {"condition": []}), "select"),
        (one_panel("image"), "one acquisition"),
        (
            one_panel("image", {"acquisition": "image_1"}, contrast_percent=[90, 10]),
            "above the first",
        ),
        (one_panel("spectra", energy_window_ev=[3, 2]), "above the first"),
        (
            one_panel("band_gap", {"condition": "fresh", "acquisition": "spectrum_2"}),
            "select fewer",
        ),
    ],
)
def test_collect__refuses_a_bad_declaration_by_name(declaration, words):
    products = [*image(), *image("image_2"), *spectrum(), *spectrum("spectrum_2", "merged")]
    with pytest.raises(BatchError, match=words):
        draw.collect(declaration, products)


def test_collect__names_the_product_that_is_missing():
    raw, _ = image()
    with pytest.raises(BatchError, match="particles"):
        draw.collect(one_panel("image", outlines=True), [raw])


def test_collect__names_panels_by_letters_and_tells_simulated_from_measured():
    products = [*image(simulated=0), *spectrum(simulated=1)]
    declaration = {
        "title": "Both",
        "panels": [{"kind": "image", "select": {}}, {"kind": "band_gap", "select": {}}],
    }
    tree = draw.collect(declaration, products)
    assert list(tree.children) == ["a", "b"]
    assert [node.attrs["simulated"] for node in tree.children.values()] == [0, 1]
    assert tree.attrs["simulated"] == 1
    assert draw.collect(one_panel("image"), products).attrs["simulated"] == 0


def test_collect__gives_every_number_a_unit_and_a_name():
    products = [*image(), *spectrum()]
    for kind in MADE_HERE:
        for name, variable in panel_a(one_panel(kind), products).variables.items():
            if name != "estimator":
                assert variable.attrs["long_name"], name
            if variable.dtype.kind == "f":
                assert variable.attrs["units"], name


def test_collect__survives_the_file(tmp_path):
    products = [*image(), *spectrum()]
    declaration = {"title": "All", "panels": [{"kind": k, "select": {}} for k in MADE_HERE]}
    tree = draw.collect(declaration, products)
    tree.to_netcdf(tmp_path / "figure.nc")
    with xr.open_datatree(tmp_path / "figure.nc", decode_times=False) as file:
        xr.testing.assert_equal(file.load(), tree)


def test_collect__needs_no_matplotlib():
    code = (
        "import sys; from nanostitch.draw import panels; "
        "sys.exit(any(name.startswith('matplotlib') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_conditions__keep_their_colour_whatever_the_figure_shows():
    products = spectrum("s", "merged")
    for known, rank in [((), 0), (("fresh", "merged"), 1)]:
        tree = draw.collect(one_panel("band_gap"), products, known)
        assert tree["a"]["condition_rank"].item() == rank


def test_colours_and_lines__tell_many_conditions_apart():
    looks = {(style.colour(rank), style.line(rank)) for rank in range(30)}
    assert len(looks) == 30


def test_select__takes_a_value_or_a_list():
    products = [*spectrum("s1", "fresh"), *spectrum("s2", "merged"), *spectrum("s3", "old")]
    panel = {"kind": "band_gap", "select": {"condition": ["fresh", "old"], "sample": "grid_1"}}
    assert list(selection.select(panel, "a", products)) == ["s1", "s3"]
