"""Particles on simulated images of known cubes, under symmetries, and on real micrographs."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import imageio.v3 as iio
import numpy as np
import pytest
import xarray as xr
from rsciio.digitalmicrograph import file_reader as read_dm
from rsciio.hspy import file_reader as read_hspy
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from nanostitch import contracts, quality, schema, tables
from nanostitch.adf import particles
from nanostitch.contracts.adf import PARTICLES
from nanostitch.errors import CalibrationError

SETTINGS = schema.with_defaults({}, schema.load("adf"))["particles"] | {"bootstrap_draws": 500}
FIELD = 120.0
LENGTHS = ("area", "edge_length", "equivalent_diameter", "aspect_ratio", "solidity")


class Cuboid(NamedTuple):
    """Centre, sides [nm] and direction of ``width`` [rad, counter-clockwise, y down]."""

    y: float
    x: float
    height: float
    width: float
    angle: float

    @property
    def edge(self):
        return np.sqrt(self.height * self.width)

    @property
    def axes(self):
        return np.array(
            [
                [-np.sin(self.angle), np.cos(self.angle)],
                [np.cos(self.angle), np.sin(self.angle)],
            ]
        )

    @property
    def corners(self):
        signs = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) / 2
        return (self.y, self.x) + signs * (self.width, self.height) @ self.axes

    def is_whole(self, field, margin=0.0):
        return self.corners.min() > margin and self.corners.max() < field - margin


def cube(y, x, edge, angle=0.0):
    return Cuboid(y, x, edge, edge, angle)


def gap(one, other):
    """Largest separation along a side of either (negative where they overlap)."""
    axes = np.concatenate([one.axes, other.axes])
    a, b = one.corners @ axes.T, other.corners @ axes.T
    return np.maximum(a.min(0) - b.max(0), b.min(0) - a.max(0)).max()


def scattered(rng, count, *, mean=8.1, sd=1.2, least_gap=1.0, field=FIELD):
    """Cubes at random places and angles, at least a gap apart, some cut by the border."""
    placed = []
    for edge in np.clip(rng.normal(mean, sd, count), 4.5, None):
        new = None  # sizes are drawn first, lest large cubes be rejected more often
        while new is None or any(gap(new, old) < least_gap for old in placed):
            new = cube(*rng.uniform(-4, field + 4, 2), edge, rng.uniform(0, np.pi / 2))
        placed.append(new)
    return placed


def lattice(along, field=FIELD):
    """Centres of a square lattice of sites that fills the field."""
    at = (np.arange(along) + 0.5) * field / along
    return [(y, x) for y in at for x in at]


def touching(rng, along, *, field=FIELD):
    """Cubes of which about half meet a partner: gap up to 0.5 nm, offset and turned."""
    placed = []
    for y, x in lattice(along, field):
        site = cube(*(rng.normal((y, x), 1.5)), 1.0, rng.uniform(0, np.pi / 2))
        edge, other = np.clip(rng.normal(8.1, 1.2, 2), 4.5, None)
        first = cube(site.y, site.x, edge, site.angle)
        placed.append(first)
        if rng.random() < 0.5:
            wanted, offset = rng.uniform(0, 0.5), rng.uniform(-0.3, 0.3) * edge
            turned = site.angle + rng.uniform(-0.35, 0.35)
            for distance in np.arange(0.9 * edge, 2 * edge, 0.02):
                y, x = (first.y, first.x) + np.array([distance, offset]) @ first.axes
                partner = cube(y, x, other, turned)
                if gap(first, partner) >= wanted:
                    break
            placed.append(partner)
    return placed


def micrograph(
    cuboids: Sequence[Cuboid],
    *,
    seed: int | None,
    pixel=(0.3, 0.3),
    field=FIELD,
    blur=0.5,
    dose=1000.0,
    gradient=0.3,
    finer=4,
):
    """Image of cuboids of one thickness on a support that slopes; Poisson noise where seeded."""
    shape = tuple(round(field / step) for step in pixel)
    image = np.zeros(shape)
    for one in cuboids:
        low, high = one.corners.min(0) - 1, one.corners.max(0) + 1
        start = [max(int(a / p), 0) for a, p in zip(low, pixel, strict=True)]
        stop = [min(int(b / p) + 1, n) for b, p, n in zip(high, pixel, shape, strict=True)]
        if any(b <= a for a, b in zip(start, stop, strict=True)):
            continue
        y, x = (
            (np.arange(a * finer, b * finer) + 0.5) / finer * p
            for a, b, p in zip(start, stop, pixel, strict=True)
        )
        at = np.stack(np.meshgrid(y - one.y, x - one.x, indexing="ij"), -1) @ one.axes.T
        inside = (np.abs(at) < np.array([one.width, one.height]) / 2).all(-1)
        share = inside.reshape(stop[0] - start[0], finer, stop[1] - start[1], finer).mean((1, 3))
        window = image[start[0] : stop[0], start[1] : stop[1]]
        np.maximum(window, share, out=window)
    image = ndimage.gaussian_filter(image, [blur / step for step in pixel])
    slope = np.linspace(0, 1, shape[1]) + 0.5 * np.linspace(1, 0, shape[0])[:, None] ** 2
    image = (image + 0.15 + gradient * slope) * dose * pixel[0] * pixel[1]
    if seed is not None:
        image = np.random.default_rng(seed).poisson(image).astype(float)
    return plane(image, pixel)


def plane(values, pixel):
    axes = zip(("y", "x"), values.shape, pixel, strict=True)
    coords = {
        dim: (dim, (np.arange(size) + 0.5) * step, {"units": "nm"}) for dim, size, step in axes
    }
    return xr.DataArray(values, dims=("y", "x"), coords=coords)


def measured(image, **changes):
    found = particles.measure(image, **(SETTINGS | changes))
    return contracts.check(found, PARTICLES, "test")


def matched(cuboids, found):
    """Index pairs of cuboids and particles whose centres agree, each used once."""
    true = np.array([(one.y, one.x) for one in cuboids])
    seen = np.stack([found["centroid_y"], found["centroid_x"]], axis=1)
    distance = np.linalg.norm(true[:, None] - seen[None], axis=-1)
    reach = 0.35 * np.array([min(one.height, one.width) for one in cuboids])[:, None]
    cost = np.where(distance < reach, distance, 1e3)
    rows, columns = linear_sum_assignment(cost)
    near = cost[rows, columns] < 1e3
    return rows[near], columns[near]


def f1_score(cuboids, found, field=FIELD):
    """Of cubes that lie wholly in the field; a cut one is neither asked for nor held against."""
    rows, columns = matched(cuboids, found)
    whole = np.array([one.is_whole(field) for one in cuboids])
    hits = int(whole[rows].sum())
    spurious = np.setdiff1d(np.flatnonzero(found["touches_border"] == 0), columns).size
    return 2 * hits / (hits + spurious + int(whole.sum()))


def errors(cuboids, found):
    """Error of edge_length and its stated uncertainty, for whole particles [nm]."""
    rows, columns = matched(cuboids, found)
    kept = found["touches_border"].to_numpy()[columns] == 0
    true = np.array([one.edge for one in cuboids])[rows[kept]]
    one = found.isel(particle=columns[kept])
    return one["edge_length"].to_numpy() - true, one["edge_length_uncertainty"].to_numpy()


@pytest.fixture(scope="module")
def cubes():
    return scattered(np.random.default_rng(1), 75)


@pytest.fixture(scope="module")
def image(cubes):
    return micrograph(cubes, seed=1)


@pytest.fixture(scope="module")
def found(image):
    return measured(image)


def test_measure__takes_exactly_the_settings_of_the_schema():
    wanted = set(inspect.signature(particles.measure).parameters) - {"intensity"}
    assert set(schema.load("adf")["properties"]["particles"]["properties"]) == wanted


def test_measure__counts_separated_cubes_exactly(cubes, found):
    # the blur carries the outline over the border where a corner is nearer than about 1 nm
    clear = sum(one.is_whole(FIELD, margin=1.0) for one in cubes)
    most = sum(one.is_whole(FIELD, margin=-1.0) for one in cubes)
    assert clear <= int((found["touches_border"] == 0).sum()) <= most
    assert f1_score(cubes, found) == 1.0
    assert quality.level(found) == "good"


def test_measure__mean_edge_is_true_within_two_percent(cubes, found):
    error, _ = errors(cubes, found)
    true = np.mean([one.edge for one in cubes])
    assert abs(error.mean()) < 0.02 * true


def test_measure__uncertainty_of_an_edge_is_that_of_repeated_images(cubes):
    ours = cubes[:30]
    pulls = []
    for seed in range(4):
        error, uncertainty = errors(ours, measured(micrograph(ours, seed=seed, dose=300.0)))
        pulls.append(error / uncertainty)
    assert 0.7 < np.concatenate(pulls).std() < 1.4


def test_measure__intervals_hold_the_sample(cubes, found):
    whole = np.array([one.edge for one in cubes if one.is_whole(FIELD)])
    assert found["size_mean_lower"] < whole.mean() < found["size_mean_upper"]
    assert found["size_sd_lower"] < whole.std(ddof=1) < found["size_sd_upper"]
    assert found["merged_fraction_lower"] == pytest.approx(0.0, abs=1e-12)


def test_measure__covered_area_is_kept(cubes):
    inside = [one for one in cubes if one.is_whole(FIELD)]
    total = sum(one.edge**2 for one in inside)
    found = measured(micrograph(inside, seed=3))
    assert float(found["area"].sum()) == pytest.approx(total, rel=0.02)
    assert float(found["coverage"]) == pytest.approx(total / FIELD**2, rel=0.02)


def test_measure__finds_touching_cubes():
    scores = []
    for seed in range(3):
        scene = touching(np.random.default_rng(seed), 5)
        scores.append(f1_score(scene, measured(micrograph(scene, seed=seed))))
    assert np.mean(scores) >= 0.95


def test_measure__tells_merged_pairs_from_large_crystals():
    rng = np.random.default_rng(5)
    places = lattice(5)
    pairs = [Cuboid(y, x, 8.1, 16.2, rng.uniform(0, np.pi)) for y, x in places[::3]]
    large = [cube(y, x, 11.5, rng.uniform(0, np.pi)) for y, x in places[1::3]]
    single = [cube(y, x, 8.1, rng.uniform(0, np.pi)) for y, x in places[2::3]]
    scene = pairs + large + single
    found = measured(micrograph(scene, seed=5))
    rows, columns = matched(scene, found)
    assert rows.size == len(scene) == found.sizes["particle"]
    np.testing.assert_array_equal(found["units"][columns], np.where(rows < len(pairs), 2, 1))
    share = len(pairs) / len(scene)
    assert found["merged_fraction_lower"] < share < found["merged_fraction_upper"]


def test_measure__orientation_is_that_of_the_long_side():
    angles = np.radians([0.5, 20, 70, 91, 130, 175])
    scene = [Cuboid(25 + 70 * (k % 2), 15 + 18 * k, 8, 18, a) for k, a in enumerate(angles)]
    found = measured(micrograph(scene, seed=0))
    rows, columns = matched(scene, found)
    turned = found["orientation"].to_numpy()[columns] - np.degrees(angles)[rows]
    assert rows.size == len(scene)
    np.testing.assert_allclose((turned + 90) % 180 - 90, 0, atol=1.5)


def test_measure__lengths_scale_with_the_pixel(image, found):
    lengths = {name: 2 * value for name, value in SETTINGS.items() if name.endswith("_nm")}
    twice = measured(plane(image.to_numpy(), (0.6, 0.6)), **lengths)
    for name, power in {"edge_length": 2, "area": 4, "solidity": 1, "size_mean_upper": 2}.items():
        np.testing.assert_allclose(twice[name], power * found[name])
    np.testing.assert_allclose(4 * twice["number_density"], found["number_density"])


@pytest.mark.parametrize("turn", [np.rot90, np.fliplr, np.flipud])
def test_measure__does_not_depend_on_the_scan_direction(image, found, turn):
    other = measured(plane(turn(image.to_numpy()).copy(), (0.3, 0.3)))
    assert other.sizes == found.sizes
    ours, theirs = (
        np.sort(one["edge_length"][one["touches_border"] == 0]) for one in (found, other)
    )
    np.testing.assert_allclose(theirs, ours, rtol=1e-2)
    np.testing.assert_allclose(other["size_mean"], found["size_mean"], rtol=1e-3)


def test_measure__does_not_depend_on_gain_offset_and_sign(image, found):
    bright = measured(3.7 * image - 500.0)
    dark = measured(500.0 - 3.7 * image, particles_are="dark")
    for name in LENGTHS:
        np.testing.assert_allclose(bright[name], found[name], rtol=1e-6)
        np.testing.assert_allclose(dark[name], found[name], rtol=1e-6)


def test_measure__does_not_depend_on_the_shape_of_the_pixel(cubes):
    square = measured(micrograph(cubes, seed=None))
    oblong = measured(micrograph(cubes, seed=None, pixel=(0.2, 0.4)))
    assert oblong.sizes["particle"] == square.sizes["particle"]
    np.testing.assert_allclose(oblong["size_mean"], square["size_mean"], rtol=0.005)
    np.testing.assert_allclose(oblong["coverage"], square["coverage"], rtol=0.01)


def test_measure__support_that_slopes_more_changes_nothing(cubes, found):
    steep = measured(micrograph(cubes, seed=1, gradient=1.0))
    assert steep.sizes == found.sizes
    np.testing.assert_allclose(steep["size_mean"], found["size_mean"], rtol=0.005)


def test_measure__number_of_the_label_is_that_of_the_particle(image, found):
    label = found["particle_label"]
    np.testing.assert_array_equal(np.unique(label), [0, *found["particle"].to_numpy()])
    rows, columns = np.nonzero(label.to_numpy() == 7)
    seventh = found.sel(particle=7)
    assert float(image["y"][rows].mean()) == pytest.approx(float(seventh["centroid_y"]), abs=0.1)
    assert float(image["x"][columns].mean()) == pytest.approx(float(seventh["centroid_x"]), abs=0.1)


def test_measure__same_seed_same_product(image, found):
    xr.testing.assert_identical(measured(image), found)


NOISE = np.random.default_rng(0)


@pytest.mark.parametrize("particles_are", ["bright", "dark"])
@pytest.mark.parametrize(
    "values",
    [
        np.zeros((200, 200), "u2"),
        np.full((200, 200), 7.5),
        np.full((200, 200), np.nan),
        np.full((200, 200), np.inf),
        NOISE.poisson(50, (300, 300)),
        NOISE.poisson(0.3, (300, 300)),
        NOISE.normal(0, 1, (300, 300)),
        NOISE.poisson(np.linspace(20, 200, 300) * np.ones((300, 1))),
        NOISE.poisson(5, (3, 5)),
    ],
    ids=["zero", "flat", "nan", "inf", "poisson", "faint", "normal", "slope", "tiny"],
)
def test_measure__invents_no_particles(values, particles_are):
    found = measured(plane(values, (0.3, 0.3)), particles_are=particles_are)
    assert found.sizes["particle"] == 0
    assert quality.level(found) == "bad"
    assert np.isnan(found["size_mean"])
    assert np.isnan(found["merged_fraction"])


def test_measure__lost_pixels_are_named_and_leave_the_rest_alone(cubes, image, found):
    holed = image.copy()
    holed[100:160, 100:160] = np.nan
    other = measured(holed)
    assert "3600 of 160000 pixels are not finite" in other["verdict"].attrs["reasons"]
    assert quality.level(other) == "doubtful"
    rows, columns = matched(cubes, other)
    lost = {
        index
        for index, one in enumerate(cubes)
        if (one.corners.max(0) > 29.5).all() and (one.corners.min(0) < 48.5).all()
    }
    assert set(rows) | lost >= set(matched(cubes, found)[0])
    assert int(other["particle_label"][110:150, 110:150].max()) == 0
    np.testing.assert_allclose(other["size_mean"], found["size_mean"], rtol=0.02)


def test_measure__saturated_image_is_doubtful(image):
    found = measured(image.clip(max=float(image.quantile(0.9))))
    assert "saturated" in found["verdict"].attrs["reasons"]
    assert quality.level(found) == "doubtful"


def test_measure__particles_at_the_border_are_flagged_and_not_sized(found):
    cut = quality.raised(found["quality"], "touches_border").to_numpy()
    box = found["particle_label"].to_numpy()
    rim = np.unique(np.concatenate([box[0], box[-1], box[:, 0], box[:, -1]]))
    np.testing.assert_array_equal(found["particle"][cut], rim[rim > 0])
    assert found["size_mean"] > found["edge_length"][cut].mean()


def reasons(found):
    return found["verdict"].attrs["reasons"]


def grid(pitch, edge=8.1):
    rng = np.random.default_rng(2)
    return [
        cube(*rng.normal(at, 0.2), rng.normal(edge, 0.3), rng.normal(0, 0.03))
        for at in lattice(int(FIELD / pitch))
    ]


def test_measure__counts_every_pixel_that_is_not_finite(image):
    holed = image.copy()
    holed[10, 20], holed[200, 300], holed[300, 100] = np.nan, np.inf, -np.inf
    found = measured(holed)
    assert quality.level(found) == "doubtful"
    assert f"3 of {image.size} pixels are not finite" in reasons(found)


def test_measure__a_mask_is_not_a_micrograph(image):
    mask = (image > float(image.mean())).astype(float)
    assert "only 2 grey levels" in reasons(measured(mask))


def test_measure__names_the_share_of_hot_pixels(image):
    rng = np.random.default_rng(3)
    hot = image.copy()
    number = round(5e-4 * image.size)
    at = rng.choice(image.size, number, replace=False)
    hot.values.ravel()[at] = 20 * float(image.max())
    found = measured(hot)
    assert quality.level(found) == "doubtful"
    assert "0.05% of the pixels are hot" in reasons(found)
    assert "hot" not in reasons(measured(hot, largest_outlier_fraction=1e-3))


@pytest.mark.parametrize("true", ["bright", "dark"])
@pytest.mark.parametrize("scene", ["scattered", "dense", "ordered"])
def test_measure__contrast_told_wrongly_is_never_good(scene, true):
    seed = np.random.default_rng(1)
    scenes = {
        "scattered": lambda: scattered(seed, 75),
        "dense": lambda: scattered(seed, 95, least_gap=0.7),
        "ordered": lambda: grid(14.0),
    }
    seen = micrograph(scenes[scene](), seed=1)
    seen = seen if true == "bright" else float(seen.max()) - seen
    other = {"bright": "dark", "dark": "bright"}[true]
    assert "particles_are right?" in reasons(measured(seen, particles_are=other))
    assert "particles_are" not in reasons(measured(seen, particles_are=true))


@pytest.mark.parametrize("pitch", [9.2, 10.5])
def test_measure__dense_layers_of_told_contrast_stay_good(pitch):
    found = measured(micrograph(grid(pitch), seed=1))
    assert found["coverage"] > 0.5
    assert quality.level(found) == "good"


def test_tables__particles_are_those_of_the_density(cubes):
    specks = [cube(y, x, 2.2) for y, x in lattice(12)]
    found = measured(micrograph([*cubes[:30], *specks], seed=6))
    found = found.assign_attrs(
        acquisition="a", sample="s", condition="c", simulated=1, use="yes", note=""
    )
    row = tables.particles([found]).iloc[0]
    small = quality.raised(found["quality"], "too_small").to_numpy()
    whole = xr.DataArray(~small, dims="particle") & (found["touches_border"] == 0)
    assert row["objects"] == found.sizes["particle"]
    assert row["particles"] == int(whole.sum()) < row["objects"] - 5
    area = FIELD**2
    assert 1 <= row["number_density_per_nm2"] * area / row["particles"] < 1.3


@pytest.mark.parametrize("coords", [{}, {"y": np.arange(50) ** 2.0, "x": np.arange(50.0)}])
def test_measure__needs_a_pixel_size(coords):
    bare = xr.DataArray(np.ones((50, 50)), dims=("y", "x"), coords=coords)
    with pytest.raises(CalibrationError, match="pixel_size_nm"):
        particles.measure(bare, **SETTINGS)


def labelled(folder: Path, name: str):
    """Image, boxes (x, y, width, height in pixels) and a told pixel size.

    The files have no scale. The told one makes the median box 8.1 nm, so that the defaults
    apply; it says nothing about the real size of these particles.
    """
    image = iio.imread(folder / f"segmentation/ardagen_stem/images/{name}.jpg").astype(float)
    image = image.mean(-1) if image.ndim == 3 else image
    boxes = np.loadtxt(folder / f"segmentation/ardagen_stem/labels/{name}.txt")[:, 1:]
    boxes *= np.tile(image.shape[::-1], 2)
    step = 8.1 / np.median(np.sqrt(boxes[:, 2] * boxes[:, 3]))
    return plane(image, (step, step)), boxes * step


def recall_and_precision(found, boxes):
    """Share of boxes that hold a centre, and of counted centres that lie in a box.

    Boxes overlap; one centre may serve several.
    """
    counted = found.isel(particle=~quality.raised(found["quality"], "too_small").to_numpy())
    centres = np.stack([counted["centroid_x"], counted["centroid_y"]], axis=1)
    apart = np.abs(centres[None] - boxes[:, None, :2]) < boxes[:, None, 2:] / 2
    inside = apart.all(-1)
    return inside.any(1).mean(), inside.any(0).mean()


def test_measure__finds_the_hand_labelled_particles(realdata):
    image, boxes = labelled(realdata, "PtCo")
    specimen = image[:-3]  # the last rows are a grey frame that the export drew
    recall, precision = recall_and_precision(measured(specimen), boxes)
    assert recall >= 0.9
    assert precision >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "particles_are"),
    [("PtC3", "bright"), ("Cu_silica3", "bright"), ("Pt_carbon2", "dark")],
)
def test_measure__rough_support_is_not_called_good(realdata, name, particles_are):
    image, _ = labelled(realdata, name)
    assert quality.level(measured(image, particles_are=particles_are)) != "good"


def scaled(unit_edge_nm):
    """Default lengths, for crystals of another size."""
    factor = unit_edge_nm / SETTINGS["unit_edge_nm"]
    return {key: factor * value for key, value in SETTINGS.items() if key.endswith("_nm")}


def from_file(read, path):
    data = read(str(path))[0]
    step = [
        axis["scale"] * {"nm": 1.0, "µm": 1e3, "um": 1e3}[axis["units"]] for axis in data["axes"]
    ]
    return plane(np.asarray(data["data"], float), step)


def test_measure__splits_what_otsu_leaves_together(realdata):
    folder = realdata / "segmentation/particlespy"
    spheres = measured(from_file(read_hspy, folder / "SiO2 HAADF Image.hspy"), **scaled(90.0))
    assert spheres.sizes["particle"] > 150
    few = measured(from_file(read_dm, folder / "JEOL HAADF Image.dm4"), **scaled(10.0))
    assert 15 <= few.sizes["particle"] <= 25


@pytest.mark.parametrize(
    "name", ["gb_CdTe_110_CdTe_110_tilt/HAADF149.dm3", "gb_Si_01-1_Si_0-11_tilt/HAADF85.dm3"]
)
def test_measure__atoms_are_not_particles(realdata, name):
    found = measured(from_file(read_dm, realdata / "stem_image" / name))
    assert quality.level(found) == "bad"
    assert np.isnan(found["size_mean"])
