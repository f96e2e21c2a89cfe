"""First step of figures: declarations, selection and the numbers that are plotted."""

import subprocess
import sys

import jsonschema
import numpy as np
import pytest
import xarray as xr

from nanostitch import draw, quality
from nanostitch.draw import kinds, selection, style
from nanostitch.draw.image import length_label
from nanostitch.errors import BatchError

FWHM_EV = 0.05
MADE_HERE = ("image", "spectra", "band_gap", "size_histogram")
"""Kinds whose products this module makes; the others are tested with theirs."""


def about(product, technique, acquisition, condition, simulated):
    return {
        "batch": "test",
        "technique": technique,
        "acquisition": acquisition,
        "sample": "grid_1",
        "condition": condition,
        "condition_label": condition.capitalize(),
        "product": product,
        "simulated": simulated,
    }


def image(acquisition="image_1", condition="fresh", step=(0.5, 0.5), edges=(8.0,), simulated=1):
    """One raw image with two bright squares and particles of given edge lengths."""
    rows, columns = 80, 120
    y, x = np.arange(rows) * step[0], np.arange(columns) * step[1]
    label = np.zeros((rows, columns), "i4")
    label[10:26, 20:36] = 1
    label[40:56, 70:86] = 2
    coords = {"y": ("y", y, {"units": "nm"}), "x": ("x", x, {"units": "nm"})}
    intensity = (
        100 + 50 * (label > 0) + np.add.outer(np.arange(rows), np.arange(columns)) % 7
    ).astype("u2")
    sizes = np.array(edges)
    mean, sd = sizes.mean(), sizes.std(ddof=1) if sizes.size > 1 else 0.0
    half = 1.96 * sd / np.sqrt(sizes.size)
    scalars = {
        "size_mean": mean,
        "size_mean_lower": mean - half,
        "size_mean_upper": mean + half,
        "size_sd": sd,
    }
    raw = xr.Dataset(
        {"intensity": (("y", "x"), intensity, {"units": "1"})},
        coords,
        about("raw", "adf", acquisition, condition, simulated),
    )
    particles = xr.Dataset(
        {
            "particle_label": (("y", "x"), label, {"units": "1"}),
            "edge_length": ("particle", sizes, {"units": "nm"}),
            "touches_border": ("particle", np.zeros(sizes.size, "i1"), {"units": "1"}),
            "quality": quality.flags({"too_small": xr.DataArray(sizes < 3, dims="particle")}),
            **{name: ((), value, {"units": "nm"}) for name, value in scalars.items()},
            "verdict": quality.verdict({}),
        },
        coords,
        about("particles", "adf", acquisition, condition, simulated),
    )
    return [raw, particles]


def spectrum(
    acquisition="spectrum_1",
    condition="fresh",
    gap=2.45,
    regions=("all",),
    spectra=1,
    reasons=None,
    gain=1.0,
    simulated=1,
):
    """Products of noise-free square-root onsets; only the fit of the onset has a gap.

    The gap of each further region lies 0.1 eV higher.
    """
    energy = np.arange(-1, 5, 0.01)
    gaps = gap + 0.1 * np.arange(len(regions))
    onset = gain * spectra * np.sqrt(np.clip(energy - gaps[:, None], 0, None))
    coords = {
        "energy": ("energy", energy, {"units": "eV"}),
        "region": ("region", list(regions), {"units": "1"}),
    }
    verdict = quality.verdict(reasons or {})

    def eels(product, **variables):
        attrs = about(product, "eels", acquisition, condition, simulated)
        return xr.Dataset({**variables, "verdict": verdict}, coords, attrs)

    def spectral(values, units="1"):
        return ("region", "energy"), values, {"units": units}

    def per_estimator(values):
        nothing = np.full(len(regions), np.nan)
        return ("estimator", "region"), np.stack([values, nothing, nothing]), {"units": "eV"}

    flags = {"flag_masks": np.array([1, 2], "u2"), "flag_meanings": "no_zero_loss_peak no_onset"}
    raised = np.broadcast_to(np.array([[0], [2], [2]], "u2"), (3, len(regions)))
    product = eels(
        "band_gap",
        region_band_gap=per_estimator(gaps),
        region_band_gap_lower=per_estimator(gaps - 0.02),
        region_band_gap_upper=per_estimator(gaps + 0.03),
        region_quality=(("estimator", "region"), raised, flags),
        derivative=spectral(np.gradient(onset, energy, axis=1), "eV-1"),
    ).assign_coords(estimator=["onset_fit", "derivative", "linear"])
    noise = np.full_like(onset, 0.1 * np.sqrt(spectra))
    width = ("region", np.full(len(regions), FWHM_EV), {"units": "eV"})
    return [
        eels("aligned", counts=spectral(onset + 1.0), region_zlp_fwhm=width),
        eels("loss", loss=spectral(onset), loss_uncertainty=spectral(noise)),
        product,
    ]


def one_panel(kind, select=None, **options):
    return {"title": "Test", "panels": [{"kind": kind, "select": select or {}, **options}]}


def panel_a(declaration, products):
    return draw.collect(declaration, products)["a"].to_dataset()


def test_schema__is_a_valid_json_schema_with_defaults_that_satisfy_it():
    jsonschema.Draft202012Validator.check_schema(draw.schema())
    for kind in kinds.KINDS.values():
        for option in kind.options.values():
            assert option["description"]
            jsonschema.validate(option["default"], option)


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


def test_image__is_the_raw_image_when_print_resolves_it():
    raw, particles = image()
    data = panel_a(one_panel("image"), [raw, particles])
    np.testing.assert_array_equal(data["intensity"], raw["intensity"])
    assert data["pixel_height"].item() == data["pixel_width"].item() == 0.5


@pytest.mark.parametrize("step", [(0.5, 0.5), (1.0, 0.25)])
def test_image__keeps_mean_and_extent_when_reduced(step):
    rng = np.random.default_rng(4)
    raw, particles = image(step=step)
    big = xr.DataArray(
        rng.poisson(50, (3200, 3200)).astype("u2"),
        {"y": np.arange(3200) * step[0], "x": np.arange(3200) * step[1]},
        ("y", "x"),
        attrs={"units": "1"},
    )
    raw = xr.Dataset({"intensity": big}, attrs=raw.attrs)
    data = panel_a(one_panel("image") | {"width": "single"}, [raw, particles])
    printed = style.printed_pixels(85.0)
    assert max(data.sizes.values()) <= 2 * printed
    for dim, size in (("y", "pixel_height"), ("x", "pixel_width")):
        pixel = data[size].item()
        np.testing.assert_allclose(np.diff(data[dim]), pixel)
        lost = 3200 * raw[dim].diff(dim)[0].item() - data.sizes[dim] * pixel
        assert -1e-9 <= lost < pixel
    assert data["intensity"].mean().item() == pytest.approx(big.mean().item(), rel=1e-3)


def test_image__outlines_enclose_the_labelled_area():
    raw, particles = image(step=(1.0, 0.25))
    data = panel_a(one_panel("image", outlines=True), [raw, particles])
    y, x = data["outline_y"].values, data["outline_x"].values
    areas = []
    for part in np.split(np.arange(y.size), np.flatnonzero(np.isnan(y))):
        part = part[np.isfinite(y[part])]
        assert y[part[0]] == y[part[-1]]
        assert x[part[0]] == x[part[-1]]
        cross = x[part][:-1] * y[part][1:] - x[part][1:] * y[part][:-1]
        areas.append(abs(cross.sum()) / 2)
    # An outline cuts the four corner pixels of a 16 by 16 square by at most half a pixel each.
    np.testing.assert_allclose(areas, 16 * 16 * 0.25, rtol=4 * 0.5 / 256)


def test_image__constant_or_empty_has_usable_contrast():
    raw, particles = image()
    for value in (7.0, np.nan):
        flat = raw.assign(intensity=xr.full_like(raw["intensity"], value, dtype="f8"))
        low, high = panel_a(one_panel("image"), [flat, particles])["contrast"].values
        assert low < high


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, 1.0), (1.99, 1.0), (2.0, 2.0), (4.999, 2.0), (730.0, 500.0), (0.003, 0.002)],
)
def test_round_number__is_the_largest_of_1_2_5_below(value, expected):
    assert style.round_number(value) == expected


@pytest.mark.parametrize("exponent", range(-3, 6))
def test_round_number__bounds_hold_over_decades(exponent):
    values = np.geomspace(1, 9.99, 50) * 10.0**exponent
    for value in values:
        assert value / 2.5 <= style.round_number(value) <= value
        assert (
            np.sqrt(2.5) * value >= style.nearest_round(value) >= value / np.sqrt(2.5) / 1.0000001
        )


def test_length_label__changes_unit_at_a_micrometre():
    assert [length_label(v) for v in (0.5, 500.0, 1000.0, 2000.0)] == [
        "0.5 nm",
        "500 nm",
        "1 µm",
        "2 µm",
    ]


def test_spectra__do_not_depend_on_gain_and_average_to_one_where_normalised():
    weak, strong = spectrum("weak"), spectrum("strong", gain=1000.0)
    data = panel_a(one_panel("spectra"), [*weak, *strong])
    np.testing.assert_allclose(data["intensity"][0], data["intensity"][1])
    np.testing.assert_allclose(data["derivative"][0], data["derivative"][1])
    at_end = data["energy"] >= 4.0 - 0.2 * 2.5 - 1e-9
    np.testing.assert_allclose(data["intensity"].where(at_end).mean("channel"), 1.0)


def test_spectra__derivative_is_that_of_the_drawn_curve():
    data = panel_a(one_panel("spectra", energy_window_ev=[2.6, 4.0]), spectrum()).isel(
        acquisition=0
    )
    drawn = np.gradient(data["intensity"].values, data["energy"].values)
    np.testing.assert_allclose(drawn[1:-1], data["derivative"].values[1:-1], rtol=1e-6)


def test_spectra__relative_uncertainty_falls_with_the_root_of_the_spectra_added_up():
    one, many = spectrum("one"), spectrum("many", spectra=16)
    data = panel_a(one_panel("spectra"), [*one, *many])
    np.testing.assert_allclose(data["intensity"][0], data["intensity"][1])
    ratio = data["intensity_uncertainty"][0] / data["intensity_uncertainty"][1]
    np.testing.assert_allclose(ratio, 4.0)


def test_spectra__name_what_they_leave_out_and_why():
    bad = spectrum("lost", reasons={"no zero-loss peak": "bad"})
    short = [p.isel(energy=slice(0, 300)) for p in spectrum("short")]
    data = panel_a(one_panel("spectra"), [*spectrum("kept"), *bad, *short])
    assert list(data["acquisition"].values) == ["kept"]
    assert "not drawn (no zero-loss peak): lost" in data.attrs["notes"]
    assert "no signal between 3.5 and 4 eV to normalise by): short" in data.attrs["notes"]


def test_spectra__zero_loss_width_is_stated_in_mev():
    data = panel_a(one_panel("spectra"), spectrum())
    np.testing.assert_allclose(data["zlp_fwhm"], 1000 * FWHM_EV)


def test_band_gap__is_the_product_with_its_interval():
    data = panel_a(one_panel("band_gap"), spectrum(gap=2.39)).sel(estimator="onset_fit")
    values = [data[f"band_gap{end}"].item() for end in ("", "_lower", "_upper")]
    np.testing.assert_allclose(values, [2.39, 2.37, 2.42])
    assert data["status"].item() == 0


def test_regions__have_colours_and_gaps_of_their_own():
    products = [*spectrum("s1", regions=("all", "left")), *spectrum("s2", "merged")]
    for kind in ("spectra", "band_gap"):
        data = panel_a(one_panel(kind, regions=["all", "left"]), products)
        drawn = list(data["acquisition"].values)
        if kind == "spectra":
            assert drawn == ["s1", "s1 left", "s2"]
            assert "not drawn (no region left, only all): s2 left" in data.attrs["notes"]
            gaps = data["band_gap"].values
        else:
            assert drawn == ["s1", "s1 left", "s2", "s2 left"]
            assert "refused (no region left, only all): s2 left" in data.attrs["notes"]
            gaps = data["band_gap"].sel(estimator="onset_fit").values[:3]
        np.testing.assert_allclose(gaps, [2.45, 2.55, 2.45])
        assert len(set(data["condition_rank"].values)) == len(drawn)
        labels = ["Fresh, all", "Fresh, left", "Merged, all"]
        assert list(data["condition_label"].values)[:3] == labels


def test_band_gap__lists_what_is_refused_with_its_reason():
    bad = spectrum("lost", reasons={"no zero-loss peak": "bad"})
    doubtful = spectrum("poor", reasons={"tail too high": "doubtful"})
    data = panel_a(one_panel("band_gap"), [*spectrum("kept"), *bad, *doubtful])
    assert data["status"].values.tolist() == [[0, 2, 2], [2, 2, 2], [1, 2, 2]]
    assert np.isnan(data["band_gap"].where(data["status"] == 2)).all()
    lines = data.attrs["notes"].splitlines()
    both = "derivative, linear"
    assert f"refused (no onset): kept {both}; poor {both}" in lines
    assert "refused (no zero-loss peak): lost" in lines
    assert "doubtful (tail too high): poor onset fit" in lines


def test_band_gap__an_estimator_that_the_product_lacks_is_refused():
    *others, gaps = spectrum()
    gaps = gaps.sel(estimator=["onset_fit"])
    data = panel_a(one_panel("band_gap", estimators=["derivative", "onset_fit"]), [*others, gaps])
    assert data["status"].values.tolist() == [[2, 0]]
    assert data.attrs["notes"] == "refused (not measured): spectrum_1 derivative"


def test_band_gap__offers_only_estimators_that_are_measured():
    measured = set(spectrum()[2]["estimator"].values)
    offered = kinds.KINDS["band_gap"].options["estimators"]["items"]["enum"]
    assert set(offered) == measured == set(kinds.KINDS["spectra"].options["estimator"]["enum"])


def test_size_histogram__shares_add_up_and_bins_hold_every_particle():
    rng = np.random.default_rng(1)
    products = image("i1", edges=rng.normal(8.1, 1.2, 300)) + image(
        "i2", "merged", edges=rng.normal(14, 2, 80)
    )
    data = panel_a(one_panel("size_histogram"), products)
    np.testing.assert_allclose(data["share"].sum("bin"), 100.0)
    assert data["particles"].values.tolist() == [300, 80]
    np.testing.assert_allclose(np.diff(data["bin_edge"]), 0.5)


def test_size_histogram__states_the_moments_of_one_image_as_its_product_does():
    product = image(edges=np.linspace(6, 10, 40))[1]
    data = panel_a(one_panel("size_histogram"), [product]).isel(group=0)
    for name in ("size_mean", "size_mean_lower", "size_mean_upper", "size_sd"):
        assert data[name].item() == pytest.approx(product[name].item())


def test_size_histogram__pools_images_into_the_moments_of_all_particles():
    rng = np.random.default_rng(2)
    edges = [rng.normal(8, 1, 500), rng.normal(9, 1, 200)]
    products = [p for n, e in enumerate(edges) for p in image(f"i{n}", edges=e)]
    data = panel_a(one_panel("size_histogram"), products).isel(group=0)
    pooled = np.concatenate(edges)
    assert data["size_mean"].item() == pytest.approx(pooled.mean())
    assert data["size_sd"].item() == pytest.approx(pooled.std(), rel=3e-3)


@pytest.mark.slow
def test_size_histogram__interval_covers_the_mean_of_all_images():
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(200):
        products = []
        for number in range(4):
            edges = rng.normal(8.1 + rng.normal(0, 0.3), 1.2, rng.integers(40, 80))
            products.append(image(f"i{number}", edges=edges)[1])
        data = panel_a(one_panel("size_histogram"), products).isel(group=0)
        hits += data["size_mean_lower"].item() <= 8.1 <= data["size_mean_upper"].item()
    # At 95 % coverage 200 draws give at least 180 hits in 99.8 % of all runs.
    assert hits >= 180


def test_size_histogram__leaves_out_cut_particles_and_names_bad_images():
    raw, particles = image("i1", edges=[7.0, 8.0, 9.0, 50.0])
    particles["touches_border"][3] = 1
    bad = image("i2", "merged", edges=[8.0])[1]
    bad["verdict"] = quality.verdict({"flat image": "bad"})
    empty = image("i3", "merged", edges=[8.0])[1].isel(particle=slice(0))
    data = panel_a(one_panel("size_histogram"), [raw, particles, bad, empty])
    assert data["particles"].values.tolist() == [3]
    assert data["bin_edge"].values[-1] < 50
    assert data.attrs["notes"].splitlines() == [
        "left out (flat image): i2",
        "left out (no whole particle): i3",
    ]


def test_size_histogram__without_any_usable_image_is_empty_but_says_why():
    bad = image("i1")[1]
    bad["verdict"] = quality.verdict({"flat image": "bad"})
    tree = draw.collect(one_panel("size_histogram"), [bad])
    assert tree["a"].sizes["group"] == 0
    said = [
        text.get_text()
        for text in draw.figure(tree).findobj(match=lambda a: hasattr(a, "get_text"))
    ]
    assert {"no whole particle", "a: left out (flat image): i1"} <= set(said)


def test_size_histogram__is_of_the_particles_that_the_statistics_are_of():
    kept = image("i1", edges=[7.0, 8.0, 9.0])[1]
    product = image("i1", edges=[7.0, 8.0, 9.0, 1.0, 2.0])[1]
    for name in ("size_mean", "size_mean_lower", "size_mean_upper", "size_sd"):
        product[name] = kept[name]  # the statistics leave out what is too small
    with_specks, without = (panel_a(one_panel("size_histogram"), [one]) for one in (product, kept))
    xr.testing.assert_equal(with_specks, without)


def test_size_histogram__specks_do_not_weigh_in_the_pooled_mean():
    few, many = image("i1", edges=[7.0, 7.0])[1], image("i2", edges=[9.0, 9.0, *[1.0] * 50])[1]
    many["size_mean"] = many["size_mean"] * 0 + 9.0
    data = panel_a(one_panel("size_histogram"), [few, many]).isel(group=0)
    assert data["size_mean"].item() == pytest.approx(8.0)
    assert data["particles"].item() == 4


def unknown(product, *names):
    return product.assign({name: product[name] * np.nan for name in names})


BOUNDS = ("size_mean_lower", "size_mean_upper")


def test_size_histogram__one_image_without_spread_does_not_undo_its_condition():
    rng = np.random.default_rng(4)
    edges = [rng.normal(8, 1, 300), rng.normal(8, 1, 300), np.array([8.0])]
    products = [image(f"i{n}", edges=e)[1] for n, e in enumerate(edges)]
    products[2] = unknown(products[2], "size_sd", *BOUNDS)
    data = panel_a(one_panel("size_histogram"), products).isel(group=0)
    pooled = np.concatenate(edges)
    assert data["size_mean"].item() == pytest.approx(pooled.mean())
    assert data["size_sd"].item() == pytest.approx(pooled.std(), rel=5e-3)
    assert data["size_mean_lower"] < data["size_mean"] < data["size_mean_upper"]


def test_size_histogram__an_image_of_unknown_mean_is_named_and_left_out():
    known = image("i1", edges=[7.0, 8.0, 9.0])[1]
    lost = unknown(image("i2", edges=[20.0, 21.0])[1], "size_mean", "size_sd", *BOUNDS)
    both, alone = (panel_a(one_panel("size_histogram"), p) for p in ([known, lost], [known]))
    xr.testing.assert_equal(both, alone)
    assert both.attrs["notes"] == "left out (mean size not known): i2"


def test_size_histogram__says_in_words_what_is_not_known():
    one = unknown(image(edges=[7.9])[1], "size_sd", *BOUNDS)
    figure = draw.figure(draw.collect(one_panel("size_histogram"), [one]))
    said = " ".join(t.get_text() for t in figure.findobj(match=lambda a: hasattr(a, "get_text")))
    words = said.split()
    assert "interval not known" in " ".join(words)
    assert "SD not known" in " ".join(words)
    assert "nan" not in said
