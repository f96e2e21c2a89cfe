"""One image summed up: its population, network, order, wires and regions."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.adf import (
    network,
    order,
    pair_correlation,
    population,
    region_statistics,
    wires,
)
from nanostitch.adf.region_statistics import Part
from nanostitch.intervals import Number
from nanostitch.quality import Level

Mask = NDArray[np.bool_]

_ENDS = ("", "_lower", "_upper")
_OF_LATTICE = ("superlattice_spacing", "ligand_gap")


class Scales(NamedTuple):
    """Settings of :func:`nanostitch.adf.particles.measure` by the same names."""

    smallest_edge_nm: float
    unit_edge_nm: float
    layer_gap_nm: float
    least_wire_aspect_ratio: float
    least_lattice_order: float


class Summary(NamedTuple):
    """Variables of the image, without units, and what speaks against them."""

    numbers: xr.Dataset
    reasons: dict[str, Level]


def sum_up(
    table: xr.Dataset, seen: xr.DataArray, facts: Mapping[str, object], scales: Scales
) -> Summary:
    """Everything that one image says of its particles together.

    Parameters
    ----------
    table
        Particles, in the order of their numbers, with ``particle_label`` (y, x); columns as in
        ``contracts.adf.PARTICLES``, and squares where they were fitted, see
        :func:`nanostitch.adf.order.sites`.
    seen
        Whether a pixel was seen at all, dims ``(y, x)``; nowhere in an image without contrast.
    facts
        What the sheet tells, see :func:`nanostitch.adf.region_statistics.told`.
    scales
        Settings.

    Raises
    ------
    CalibrationError
        If what is told does not fit the image.
    """
    label = table["particle_label"].transpose("y", "x").assign_coords(y=seen["y"], x=seen["x"])
    field = region_statistics.whole_field(label)
    parts = region_statistics.told(label, facts)
    numbers, sample = _of_parts(table, label, seen, {"": field}, scales)[""]
    long = wires.find(
        label,
        table,
        least_aspect_ratio=scales.least_wire_aspect_ratio,
        unit_edge_nm=scales.unit_edge_nm,
    )
    net = network.measure(
        network.Plane(label.to_numpy(), seen.to_numpy(), _steps(field, label)),
        of=sample.waves,
        layer_gap_nm=scales.layer_gap_nm,
        unit_edge_nm=scales.unit_edge_nm,
        wires=long["wire"].to_numpy(),
    )
    sites = order.sites(table)
    least = scales.least_lattice_order
    ordered, unknown = order.measure(sites, field.box, least_lattice_order=least)
    found = xr.merge(
        [
            _scalars(numbers | net.numbers | ordered),
            xr.Dataset({name: np.int8(answer) for name, answer in net.answers.items()}),
            pair_correlation.measure(sites, field.box, unit_edge_nm=scales.unit_edge_nm),
            long,
            _of_regions(_of_parts(table, label, seen, parts, scales), parts),
        ]
    )
    _explain(found, unknown)
    return Summary(found, _reasons(sample))


def _of_parts(
    table: xr.Dataset,
    label: xr.DataArray,
    seen: xr.DataArray,
    parts: Mapping[str, Part],
    scales: Scales,
) -> dict[str, tuple[dict[str, Number], population.Sample]]:
    """Numbers of each part, and the particles they are of."""
    if not parts:
        return {}
    count = population.counted(table)
    boxed = _with_boxes(table, label)
    return {
        name: region_statistics.statistics(
            boxed,
            count,
            label.to_numpy() > 0,
            seen.to_numpy(),
            field=region_statistics.whole_field(label).box,
            part=part,
            crystal_area_nm2=_crystal_area(table, count, scales.unit_edge_nm),
            smallest_edge_nm=scales.smallest_edge_nm,
        )
        for name, part in parts.items()
    }


def _with_boxes(table: xr.Dataset, label: xr.DataArray) -> xr.Dataset:
    """Particles with the middles and sides of their bounding boxes [nm]."""
    boxes = ndimage.find_objects(label.to_numpy(), max_label=table.sizes["particle"])
    ends = np.array(
        [[(s.start, s.stop) for s in box] if box else [(0, 0)] * 2 for box in boxes]
    ).reshape(table.sizes["particle"], 2, 2)
    row = ("particle",)
    new = {}
    for axis, (name, side) in enumerate((("y", "height"), ("x", "width"))):
        along = label[name].to_numpy()
        step = float(along[-1] - along[0]) / (along.size - 1)
        new[f"middle_{name}"] = (row, along[0] + (ends[:, axis].mean(-1) - 0.5) * step)
        new[side] = (row, (ends[:, axis, 1] - ends[:, axis, 0]) * step)
    return table[["edge_length", "units", "touches_border"]].assign(new)


def _crystal_area(table: xr.Dataset, count: Mask, unit_edge_nm: float) -> float:
    """Mean area of one original crystal, of the particles that are counted [nm²]."""
    units = float(table["units"].to_numpy()[count].sum())
    return float(table["area"].to_numpy()[count].sum()) / units if units else unit_edge_nm**2


def _steps(field: Part, label: xr.DataArray) -> tuple[float, float]:
    return field.box.height / label.sizes["y"], field.box.width / label.sizes["x"]


def _scalars(numbers: Mapping[str, Number]) -> xr.Dataset:
    return xr.Dataset(
        {
            f"{name}{end}": value
            for name, number in numbers.items()
            for end, value in zip(_ENDS, number, strict=True)
        }
    )


def _of_regions(
    summed: Mapping[str, tuple[dict[str, Number], population.Sample]], parts: Mapping[str, Part]
) -> xr.Dataset:
    """Numbers of each region, dim ``region``, which may be empty."""
    row = ("region",)
    found = xr.Dataset(
        {
            "region_area": (row, np.array([part.box.area for part in parts.values()], float)),
            "region_count": (row, np.array([one.size.size for _, one in summed.values()], "i4")),
        },
        coords={"region": (row, np.array(list(parts), "U"))},
    )
    for name in region_statistics.NAMES:
        columns = np.array([numbers[name] for numbers, _ in summed.values()], float).reshape(-1, 3)
        for end, column in zip(_ENDS, columns.T, strict=True):
            found[f"region_{name}{end}"] = (row, column)
    return found


def _explain(found: xr.Dataset, unknown: Mapping[str, str]) -> None:
    """Say beside a number that is not known why it is not."""
    for group, reason in unknown.items():
        names = _OF_LATTICE if group == "lattice" else ("psi4", "psi4_global", *_OF_LATTICE)
        for name in names:
            found[name].attrs["comment"] = f"Not known: {reason}."


def _reasons(sample: population.Sample) -> dict[str, Level]:
    number = sample.reaching.size
    if not population.lacks_large_bodies(sample):
        return {}
    bodies = f"{number} bod{'y' if number == 1 else 'ies'}"
    return {
        f"{bodies} that the border cuts reach across more than half of the image: sizes are at "
        "least those of the smaller ones, number and merged fraction lie within wide bounds; "
        "take a larger field": "doubtful"
    }
