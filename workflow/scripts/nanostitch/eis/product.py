"""From ``raw.nc`` to a spectrum, and from its analysis to the Dataset of ``circuit.nc``."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.eis import elements, film
from nanostitch.eis.bounds import Bounded
from nanostitch.eis.fit import Fitted
from nanostitch.eis.kramers_kronig import Validity
from nanostitch.iv import electrodes
from nanostitch.iv.intervals import Interval, ratio, scaled

Values = NDArray[np.float64]
Complex = NDArray[np.complex128]

_TESTED = {
    "kk_p": "1",
    "kk_misfit": "1",
    "kk_mu": "1",
    "kk_elements": "1",
    "noise_share": "1",
    "noise_per_ohm": "ohm-1",
}
_UNITS = {
    "resistance": "ohm",
    "capacitance": "F",
    "inductance": "H",
    "coefficient": "ohm s^-1/2",
    "exponent": "1",
    "time": "s",
}


_CPE_UNIT = "S s^n"


class Spectrum(NamedTuple):
    """Points that are numbers: rising frequency [Hz], impedance [ohm], time [s] where known."""

    frequency: Values
    impedance: Complex
    time: Values | None


class Outcome(NamedTuple):
    """What was found of a spectrum; what was not reached or was refused is left at its default."""

    validity: Validity | None = None
    fits: Sequence[Fitted] = ()
    best: Bounded | None = None
    numbers: Mapping[str, Interval] = film.NONE
    agreement: Interval | None = None
    reasons: Mapping[str, quality.Level] = {}


def read(raw: xr.Dataset) -> Spectrum:
    """Points of a raw spectrum whose impedance is a number other than 0."""
    kept = _known(raw)
    z = raw["impedance_real"].values + 1j * raw["impedance_imag"].values
    time = raw["time"].values.astype("f8")[kept] if "time" in raw else None
    if time is not None and not (np.diff(np.sort(time)) > 0).all():
        time = None
    return Spectrum(raw["frequency"].values.astype("f8")[kept], z[kept], time)


def _known(raw: xr.Dataset) -> NDArray[np.bool_]:
    z = raw["impedance_real"].values + 1j * raw["impedance_imag"].values
    return np.asarray(np.isfinite(z) & (z != 0), bool)


def dataset(raw: xr.Dataset, outcome: Outcome) -> xr.Dataset:
    """Dataset that keeps ``contracts.eis.CIRCUIT``."""
    frequency = ("frequency", raw["frequency"].values, {"units": "Hz"})
    product = xr.Dataset(coords={"frequency": frequency})
    for name, interval in outcome.numbers.items():
        product = product.assign(_bounded(name, interval, film.UNITS[name]))
    product = product.assign(_validity(raw, outcome.validity))
    product = product.assign(_candidates(outcome.fits)).assign(_chosen(raw, outcome.best))
    if outcome.agreement is not None:
        product = product.assign(_bounded("conductance_ratio", outcome.agreement, "1"))
    told, _ = electrodes.told(raw.attrs)
    if told is not None:
        one = ratio((1.0, 1.0, 1.0), outcome.numbers["film_resistance"])
        constant = electrodes.cell_constant(told, electrodes.thickness(raw.attrs))
        product = product.assign(_bounded("sheet_conductance", scaled(one, 1 / constant), "S"))
        product["cell_constant"] = ((), constant, {"units": "1"})
    product["verdict"] = quality.verdict(outcome.reasons).assign_attrs(units="1")
    return product


def _bounded(name: str, interval: Interval, unit: str) -> dict[str, xr.DataArray]:
    ends = zip(("", "_lower", "_upper"), interval, strict=True)
    return {f"{name}{end}": xr.DataArray(float(x), attrs={"units": unit}) for end, x in ends}


def _validity(raw: xr.Dataset, validity: Validity | None) -> dict[str, xr.DataArray]:
    """Outcome of the Kramers-Kronig test."""
    residual = np.full(raw.sizes["frequency"], np.nan + 0j)
    values: tuple[float, ...] = (np.nan,) * len(_TESTED)
    if validity is not None:
        residual[_known(raw)] = validity.residual
        chain = validity.chain.mu, float(validity.chain.elements)
        values = (validity.p_value, validity.misfit, *chain, *validity.noise)
    found = {
        name: xr.DataArray(float(value), attrs={"units": unit})
        for (name, unit), value in zip(_TESTED.items(), values, strict=True)
    }
    return found | {f"kk_residual_{n}": one for n, one in _parts(residual, "1").items()}


def _parts(values: Complex, unit: str) -> dict[str, xr.DataArray]:
    """Real and imaginary part along frequency; both NaN where there is none."""
    real, imag = values.real, np.where(np.isnan(values.real), np.nan, values.imag)
    return {
        name: xr.DataArray(part, dims="frequency", attrs={"units": unit})
        for name, part in (("real", real), ("imag", imag))
    }


def _candidates(fits: Sequence[Fitted]) -> dict[str, xr.DataArray]:
    columns = {
        "candidate": np.array([one.circuit.text for one in fits], "U"),
        "candidate_aicc": np.array([one.aicc for one in fits], "f8"),
        "candidate_parameters": np.array([one.values.size for one in fits], "i4"),
    }
    return _table("candidate", columns)


def _chosen(raw: xr.Dataset, best: Bounded | None) -> dict[str, xr.DataArray]:
    """Parameters of the chosen circuit with bounds, and its impedance at every frequency."""
    model = np.full(raw.sizes["frequency"], np.nan + 0j)
    parameters: Sequence[tuple[str, str]] = ()
    rows, name = np.zeros((0, 3)), ""
    if best is not None:
        circuit, values = best.found.circuit, best.found.values
        frequency = raw["frequency"].values.astype("f8")
        model = elements.impedance(circuit, values[None], frequency)[0]
        parameters, rows, name = circuit.parameters, np.array(best.intervals), circuit.text
    columns = {
        "parameter": np.array([_label(*pair) for pair in parameters], "U"),
        "parameter_value": rows[:, 0],
        "parameter_value_lower": rows[:, 1],
        "parameter_value_upper": rows[:, 2],
    }
    found = {f"model_{n}": one for n, one in _parts(model, "ohm").items()}
    found["model_real"].attrs["circuit"] = name
    return found | _table("parameter", columns)


def _label(element: str, kind: str) -> str:
    """Element, parameter and unit, such as ``R1 resistance (ohm)``."""
    unit = _CPE_UNIT if element.startswith("CPE") and kind == "coefficient" else _UNITS[kind]
    return f"{element} {kind}" + (f" ({unit})" if unit != "1" else "")


def _table(dim: str, columns: Mapping[str, NDArray[np.generic]]) -> dict[str, xr.DataArray]:
    return {
        name: xr.DataArray(column, dims=dim, attrs={"units": "1"})
        for name, column in columns.items()
    }
