"""Panels of raw spectra and sweeps: what is drawn is what was recorded, in units that say so."""

import numpy as np
import pytest
import xarray as xr
from curve_panels import (
    BR_K,
    MAKE,
    axes_of,
    curve,
    emitted,
    film,
    one_panel,
    panel_a,
    xray,
)
from figure_trees import LONG, texts
from matplotlib.colors import to_hex

from nanostitch import contracts, draw, photon
from nanostitch.contracts.raw import RAW
from nanostitch.draw import kinds, label_places, style
from nanostitch.draw.curve_kinds import CURVE_KINDS
from nanostitch.errors import BatchError


@pytest.mark.parametrize("kind", MAKE)
def test_made_here__holds_to_the_contract_of_raw_products(kind):
    product = MAKE[kind]("a", "fresh")
    contracts.check(product, RAW[product.attrs["technique"]], kind)


def test_kinds__are_all_made_here_and_recovery_is_none_of_them():
    assert set(MAKE) == set(CURVE_KINDS)
    assert "recovery" not in kinds.KINDS


@pytest.mark.parametrize("kind", MAKE)
def test_needs__the_raw_product_alone(kind):
    technique = MAKE[kind]("a", "fresh").attrs["technique"]
    assert draw.needs({"kind": kind, "select": {}}) == (technique, ("raw",))


@pytest.mark.parametrize("kind", MAKE)
def test_collect__gives_every_number_a_unit_and_survives_the_file(kind, tmp_path):
    products = [MAKE[kind]("one", "fresh"), MAKE[kind]("two", "merged")]
    options = {"lines": [BR_K]} if kind == "xray_spectrum" else {}
    tree = draw.collect(one_panel(kind, **options), products)
    for name, variable in tree["a"].to_dataset().variables.items():
        assert variable.attrs["long_name"], name
        assert variable.dtype.kind != "f" or variable.attrs["units"], name
    tree.to_netcdf(tmp_path / "figure.nc")
    with xr.open_datatree(tmp_path / "figure.nc", decode_times=False) as file:
        read = file.load()
    xr.testing.assert_equal(read, tree)
    draw.figure(read)


LABELS = [
    ("xray_spectrum", {}, "Photon energy (keV)", "X-ray counts"),
    ("absorption", {}, "Wavelength (nm)", "Absorbance"),
    ("absorption", {"axis": "energy"}, "Photon energy (eV)", "Absorbance"),
    ("absorption", {"normalise": True}, "Wavelength (nm)", "Normalised absorbance"),
    ("emission", {}, "Wavelength (nm)", "Normalised PL intensity"),
    ("emission", {"axis": "energy"}, "Photon energy (eV)", "Normalised PL per energy"),
    (
        "emission",
        {"axis": "energy", "normalise": False},
        "Photon energy (eV)",
        "PL counts × λ²/hc (nm eV⁻¹)",
    ),
    ("sphere", {}, "Wavelength (nm)", "Counts"),
    ("current_voltage", {}, "Voltage (V)", "Current (nA)"),
    ("current_voltage", {"scale": "log"}, "Voltage (V)", "|Current| (nA)"),
    ("nyquist", {}, "Re Z (MΩ)", "−Im Z (MΩ)"),
]


@pytest.mark.parametrize(("kind", "options", "right", "up"), LABELS)
def test_axes__say_what_they_show_in_which_unit(kind, options, right, up):
    axes = axes_of(kind, MAKE[kind]("a", "fresh"), **options)
    assert (axes.get_xlabel(), axes.get_ylabel()) == (right, up)


# Photon energy and Jacobian


def test_photon_energy__is_its_own_inverse():
    wavelength = np.linspace(200, 2000, 50)
    np.testing.assert_allclose(photon.energy(photon.energy(wavelength)), wavelength)
    assert photon.energy(np.array([1239.8419843320026])) == pytest.approx(1.0, rel=1e-15)


def test_per_energy__keeps_the_integral():
    product = emitted()
    wavelength, intensity = (product[name].values for name in ("wavelength", "intensity"))
    converted = photon.per_energy(intensity, wavelength)
    area = -np.trapezoid(converted, photon.energy(wavelength))
    assert area == pytest.approx(np.trapezoid(intensity, wavelength), rel=1e-5)


def test_emission__keeps_its_integral_on_the_energy_axis():
    by_axis = {
        axis: curve(axes_of("emission", emitted(), axis=axis, normalise=False))
        for axis in ("wavelength", "energy")
    }
    areas = [np.trapezoid(y, x) for x, y in by_axis.values()]
    assert areas[0] == pytest.approx(areas[1], rel=1e-5)
    assert all((np.diff(x) > 0).all() for x, _ in by_axis.values())


def test_emission__constant_per_wavelength_falls_with_the_square_of_energy():
    flat = emitted()
    flat["intensity"][:] = 7.0
    energy, height = curve(axes_of("emission", flat, axis="energy"))
    np.testing.assert_allclose(height * energy**2, energy[0] ** 2)


def test_emission__normalised_curves_do_not_depend_on_gain():
    data = panel_a("emission", emitted("weak"), emitted("strong", height=1e6))
    np.testing.assert_allclose(data["intensity"][0], data["intensity"][1])
    assert data["intensity"].max() == 1


# Absorption


def test_absorption__of_a_transmittance_is_that_of_the_absorbance():
    data = panel_a("absorption", film("a"), film("t", as_transmittance=True))
    np.testing.assert_allclose(data["absorbance"][0], data["absorbance"][1])


@pytest.mark.parametrize(
    ("converted", "label"),
    [((False, False), "Absorbance"), ((True, True), "Absorbance, −log₁₀ T")]
    + [((False, True), "Absorbance, partly −log₁₀ T")],
)
def test_absorption__label_tells_what_was_converted(converted, label):
    products = [film(f"a{n}", as_transmittance=t) for n, t in enumerate(converted)]
    assert axes_of("absorption", *products).get_ylabel() == label


def test_absorption__has_no_jacobian_on_the_energy_axis():
    wavelength, height = curve(axes_of("absorption", film()))
    energy, same = curve(axes_of("absorption", film(), axis="energy"))
    np.testing.assert_allclose(energy[::-1], photon.energy(wavelength))
    np.testing.assert_array_equal(same[::-1], height)


def test_absorption__draws_the_window_in_ascending_order():
    wavelength, _ = curve(axes_of("absorption", film(), wavelength_window_nm=[400, 600]))
    np.testing.assert_array_equal(wavelength, np.arange(400, 601))


def test_absorption__counts_the_points_where_no_light_came_through():
    dark = film("dark", as_transmittance=True)
    dark["transmittance"][{"wavelength": slice(250, 253)}] = [0.0, -1e-4, 0.0]
    data = panel_a("absorption", dark)
    assert np.isnan(data["absorbance"]).sum() == 3
    assert data.attrs["notes"] == "points without absorbance, T not above 0: dark (3)"


# X-rays


def test_xray_spectrum__sums_pixels_and_loses_no_count():
    product = xray(pixels=(2, 3))
    data = panel_a("xray_spectrum", product, energy_window_kev=[0, 21])
    assert data["counts"].sum() == product["counts"].sum()


def test_xray_spectrum__names_lines_at_their_energies():
    lines = [BR_K, {"label": "Br Lα", "energy_kev": 1.48}, {"label": "Pb Mα", "energy_kev": 2.35}]
    axes = axes_of("xray_spectrum", xray(), lines=lines)
    named = {text.get_text(): text for text in axes.texts}
    assert set(named) == {"Br Lα", "Pb Mα", "Br Kα"}
    ticks = sorted(line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 3)
    assert ticks == [1.48, 2.35, 11.92]
    at = [named[name].get_position()[0] for name in ("Br Lα", "Pb Mα", "Br Kα")]
    assert at == sorted(at)
    highest = axes.transData.transform([(0, axes.lines[0].get_ydata().max())])[0, 1]
    assert highest < min(text.get_window_extent().y0 for text in named.values())


@pytest.mark.parametrize(
    ("lines", "panels"), [([{"label": "U Lα", "energy_kev": 16.0}], 1), ([BR_K] * 13, 3)]
)
def test_xray_spectrum__refuses_lines_that_it_cannot_show(lines, panels):
    panel = {"kind": "xray_spectrum", "select": {}, "lines": lines}
    with pytest.raises(BatchError, match=r"panel a \(xray_spectrum\): lines: found"):
        draw.collect({"title": "Test", "panels": [panel] * panels}, [xray()])


def test_xray_spectrum__log_scale_shows_a_single_count():
    axes = axes_of("xray_spectrum", xray(), scale="log")
    assert axes.get_yscale() == "log"
    assert 0 < axes.get_ylim()[0] < 1


@pytest.mark.parametrize("wanted", [[5.0, 5.1, 5.2], [0.0, 0.1, 40.0], [1.0, 20.0, 39.9, 40.0]])
def test_side_by_side__keeps_labels_apart_inside_and_in_order(wanted):
    places = np.array(label_places.side_by_side(wanted, 40.0))
    assert (np.diff(places) >= style.LINE_MM - 1e-9).all()
    assert places[0] >= 0.5 * style.LINE_MM - 1e-9
    assert places[-1] <= 40 - 0.5 * style.LINE_MM + 1e-9


def test_side_by_side__moves_nothing_that_has_room_and_keeps_the_mean_of_what_it_moves():
    wanted = [5.0, 15.0, 25.0]
    assert label_places.side_by_side(wanted, 40.0) == pytest.approx(wanted)
    crowded = label_places.side_by_side([19.0, 20.0, 21.0], 40.0)
    assert np.mean(crowded) == pytest.approx(20.0)


# Integrating sphere


def test_sphere__names_every_acquisition_and_gives_each_a_look_of_its_own():
    roles = ("blank", "indirect", "direct")
    products = [
        emitted(f"{condition}_{role}", condition, technique="plqy")
        for condition in ("fresh", "merged")
        for role in roles
    ]
    axes = axes_of("sphere", *products)
    named = [text.get_text() for text in axes.get_legend().get_texts()]
    assert named == [f"{c}_{r} ({c.capitalize()})" for c in ("fresh", "merged") for r in roles]
    looks = {(to_hex(line.get_color()), line.get_linestyle()) for line in axes.lines}
    assert len(looks) == 6
    assert axes.get_yscale() == "log"


def test_sphere__the_shades_of_a_triple_are_darker_and_lighter_than_its_condition():
    products = [emitted(str(n), technique="plqy") for n in range(3)]
    shades = [line.get_color() for line in axes_of("sphere", *products).lines]
    light = [sum(int(shade[n : n + 2], 16) for n in (1, 3, 5)) for shade in shades]
    assert light == sorted(light)
    assert to_hex(shades[1]) == style.colour(0).lower()


# The page


@pytest.mark.parametrize("kind", MAKE)
def test_conditions__have_the_colour_of_their_rank_in_every_kind(kind):
    products = [MAKE[kind](f"a{n}", condition) for n, condition in enumerate(("fresh", "merged"))]
    tree = draw.collect(one_panel(kind), products, ("merged", "fresh"))
    axes = draw.figure(tree).axes[0]
    shown = [to_hex(handle.get_color()) for handle in axes.get_legend().legend_handles[:2]]
    assert shown == [style.colour(n).lower() for n in (0, 1)]


@pytest.mark.parametrize("kind", MAKE)
def test_unusable__is_named_with_its_reason_and_leaves_empty_axes(kind):
    product = MAKE[kind]("lost", "fresh")
    nothing = product.map(lambda variable: variable * np.nan)
    data = panel_a(kind, nothing.assign_attrs(product.attrs))
    assert data.sizes["acquisition"] == 0
    assert data.attrs["notes"].startswith("not drawn (")
    assert data.attrs["notes"].endswith("): lost")
    figure = draw.figure(draw.collect(one_panel(kind), [nothing.assign_attrs(product.attrs)]))
    assert any(text.get_text().startswith("no usable") for text in texts(figure))


LINES = [
    {"label": f"{element} Lα", "energy_kev": energy}
    for element, energy in [("Br", 1.48), ("Pb", 2.35), ("Cs", 4.29), ("Xx", 4.4), ("Yy", 14.99)]
]


PAGES = {
    "one of each": (("fresh", "merged"), {}),
    "long labels": ((LONG, LONG + " twice"), {}),
    "many acquisitions": (tuple("abcdefgh"), {}),
    "other options": (("fresh", "merged"), {"scale": "log", "axis": "energy", "normalise": True}),
}


def page(name, width, columns=None):
    conditions, options = PAGES[name]
    products = []
    for kind, make in MAKE.items():
        for number, condition in enumerate(conditions):
            product = make(f"{kind}_{number}", "abcdefgh"[number])
            products.append(product.assign_attrs(condition_label=condition))
    panels = []
    for kind in MAKE:
        chosen = {key: value for key, value in options.items() if key in CURVE_KINDS[kind].options}
        named = {"lines": LINES} if kind == "xray_spectrum" else {}
        panels.append({"kind": kind, "select": {}, **named, **chosen})
    declared = {"title": "Test", "width": width, "columns": columns, "panels": panels}
    return draw.figure(draw.collect(declared, products))


@pytest.mark.parametrize(
    ("name", "width", "columns"),
    [
        ("one of each", "double", 2),
        ("long labels", "single", 1),
        ("long labels", "double", 3),
        ("many acquisitions", "double", 3),
        ("other options", "single", 1),
    ],
)
def test_page__keeps_every_text_inside_and_apart(name, width, columns):
    figure = page(name, width, columns)
    boxes = texts(figure)
    frame = figure.bbox.padded(1)
    items = list(boxes.items())
    for n, (text, box) in enumerate(items):
        assert frame.x0 <= box.x0, text.get_text()
        assert box.x1 <= frame.x1, text.get_text()
        assert frame.y0 <= box.y0, text.get_text()
        assert box.y1 <= frame.y1, text.get_text()
        for other, second in items[n + 1 :]:
            wide = min(box.x1, second.x1) - max(box.x0, second.x0)
            tall = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert min(wide, tall) <= 1.5, (text.get_text(), other.get_text())


def test_page__has_one_size_of_type_and_room_for_data():
    figure = page("one of each", "double", 3)
    assert {text.get_size() for text in texts(figure)} == {7.0, 8.0}
    for axes in figure.axes:
        box = axes.get_window_extent()
        assert box.width > 0.5 * figure.bbox.width / 3
        assert box.height > 0.2 * figure.bbox.width / 3
