"""Quality gates: what goes wrong at an instrument is caught, and good files pass.

Takes the raw products of a finished simulated batch, plants one fault at a time and runs the
steps on each. A fault is caught if the verdict of any step gets worse, or gives another reason
where it was not good before. It is harmless if every number that was given still lies within its
new interval. A good file is flagged wrongly if a verdict is not good.

    make figures && python tests/benchmarks/bench_faults.py
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy import ndimage

from nanostitch import products, quality, schema, storage
from nanostitch.absorption import edge
from nanostitch.adf import particles
from nanostitch.batch import Acquisition, load
from nanostitch.edx import composition
from nanostitch.eels import background, band_gap, zero_loss
from nanostitch.eis import circuit
from nanostitch.errors import NanostitchError
from nanostitch.iv import conductance
from nanostitch.pl import emission
from nanostitch.plqy import quantum_yield
from nanostitch.products import measured

PROJECT = Path(__file__).parents[2]
Fault = Callable[[xr.Dataset, np.random.Generator], xr.Dataset]


def changed(name: str, change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Fault:
    """Fault that changes one variable of a raw product."""

    def planted(raw: xr.Dataset, random: np.random.Generator) -> xr.Dataset:
        values = change(raw[name].to_numpy().astype(float), random)
        return raw.assign({name: raw[name].copy(data=values)})

    return planted


def cut(dim: str, low: float, high: float) -> Fault:
    """Fault that leaves only part of an axis."""
    return lambda raw, _: raw.sel({dim: slice(low, high)})


def moved(dim: str, factor: float, offset: float = 0.0) -> Fault:
    """Fault of a wrong axis."""

    def planted(raw: xr.Dataset, _: np.random.Generator) -> xr.Dataset:
        return raw.assign_coords({dim: (dim, raw[dim].values * factor + offset, raw[dim].attrs)})

    return planted


def clipped(share: float) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    return lambda values, _: np.minimum(values, values.min() + share * np.ptp(values))


def poisson(share: float) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    return lambda values, random: random.poisson(np.maximum(values, 0) * share).astype(float)


def contaminated(values: np.ndarray, _: np.random.Generator) -> np.ndarray:
    rows, columns = np.indices(values.shape) / np.array(values.shape)[:, None, None]
    blot = np.exp(-(((rows - 0.4) ** 2 + (columns - 0.5) ** 2) / 0.06))
    return values + 3 * np.ptp(values) * blot


def hot(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return np.where(random.random(values.shape) < 2e-3, 5 * values.max(), values)


def struck(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return values + (random.random(values.shape) < 0.05) * 0.1 * values.max()


def line(at: float, width: float, share: float, dim: str, name: str) -> Fault:
    """Fault of a line that nobody named."""

    def planted(raw: xr.Dataset, random: np.random.Generator) -> xr.Dataset:
        shape = np.exp(-(((raw[dim] - at) / width) ** 2) / 2).to_numpy()
        more = random.poisson(share * float(raw[name].max()) * shape)
        return raw.assign({name: raw[name].copy(data=raw[name].to_numpy() + more)})

    return planted


def turned_off(values: np.ndarray, _: np.random.Generator) -> np.ndarray:
    kept = np.arange(values.size) < values.size // 2
    return np.where(kept, values, 0.01 * values)


def open_contact(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return random.normal(0, 1e-13, values.shape)


def drifting(raw: xr.Dataset, _: np.random.Generator) -> xr.Dataset:
    share = 1 + 0.4 * np.linspace(0, 1, raw.sizes["frequency"])
    names = ("impedance_real", "impedance_imag")
    return raw.assign({n: raw[n].copy(data=raw[n].to_numpy() * share) for n in names})


def noisy(raw: xr.Dataset, random: np.random.Generator) -> xr.Dataset:
    size = np.hypot(raw["impedance_real"], raw["impedance_imag"])
    names = ("impedance_real", "impedance_imag")
    return raw.assign(
        {n: raw[n].copy(data=raw[n] + 0.2 * size * random.normal(size=size.size)) for n in names}
    )


FAULTS: dict[str, dict[str, Fault]] = {
    "adf": {
        "saturated": changed("intensity", clipped(0.4)),
        "out of focus": changed("intensity", lambda v, _: ndimage.gaussian_filter(v, 12)),
        "a hundredth of the dose": changed("intensity", poisson(0.01)),
        "contamination": changed("intensity", contaminated),
        "hot pixels": changed("intensity", hot),
        "no specimen": changed("intensity", lambda v, r: r.poisson(v.mean(), v.shape) * 1.0),
    },
    "eels": {
        "saturated": changed("counts", clipped(0.3)),
        "no zero-loss peak": cut("energy", 0.8, np.inf),
        "a millionth of the dose": changed("counts", poisson(1e-6)),
        "blurred to 0.6 eV": changed("counts", lambda v, _: ndimage.gaussian_filter1d(v, 25)),
        "spikes everywhere": changed("counts", struck),
        "ends below the gap": cut("energy", -np.inf, 2.2),
        "dispersion wrong by half": moved("energy", 0.5),
        "light leak": changed("counts", lambda v, _: v + 2e-3 * v.max()),
    },
    "edx": {
        "a hundred-thousandth of the counts": changed("counts", poisson(1e-5)),
        "axis stretched by 15 %": moved("energy", 1.15),
        "axis off by 0.3 keV": moved("energy", 1.0, 0.3),
        "an element not named": line(8.63, 0.06, 2.0, "energy", "counts"),
        "ends below the lines": cut("energy", 0, 6),
    },
    "absorption": {
        "saturated": changed("absorbance", clipped(0.3)),
        "no film": changed("absorbance", lambda v, r: r.normal(0, 1e-4, v.size)),
        "noise of a dead lamp": changed("absorbance", lambda v, r: v + r.normal(0, 0.3, v.size)),
        "ends above the edge": cut("wavelength", 540, np.inf),
    },
    "pl": {
        "saturated": changed("intensity", clipped(0.4)),
        "no emission": changed("intensity", lambda v, r: r.poisson(100, v.size) * 1.0),
        "ends at the peak": cut("wavelength", 0, 519),
        "second order beside it": line(532, 1.0, 3.0, "wavelength", "intensity"),
    },
    "plqy": {
        "saturated": changed("intensity", clipped(0.05)),
        "no emission": changed("intensity", poisson(1e-4)),
        "ends at the peak": cut("wavelength", 0, 518),
    },
    "iv": {
        "contact open": changed("current", open_contact),
        "limit of the current": changed(
            "current", lambda v, _: np.clip(v, 0.2 * v.min(), 0.2 * v.max())
        ),
        "contact lost in the sweep": changed("current", turned_off),
        "sign of the current turned": changed("current", lambda v, _: -v),
    },
    "eis": {
        "sign of the imaginary part turned": changed("impedance_imag", lambda v, _: -v),
        "film drifts by 40 %": drifting,
        "noise of 20 %": noisy,
        "real part wrong by a third": changed("impedance_real", lambda v, _: 1.33 * v),
    },
}


def settings(technique: str) -> dict[str, Any]:
    return schema.with_defaults({}, schema.load(technique))


def eels(raw: xr.Dataset, refs: dict[str, list[xr.Dataset]]) -> list[xr.Dataset]:
    chosen = settings("eels")
    aligned = zero_loss.align(raw, **chosen["zero_loss"])
    vacuum = [zero_loss.align(one, **chosen["zero_loss"]) for one in refs.get("vacuum", [])]
    reference = vacuum[0] if vacuum else None
    loss = background.remove_zero_loss(raw, aligned, reference, **chosen["background"])
    return [aligned, loss, band_gap.measure(raw, aligned, loss, **chosen["band_gap"])]


def plqy(raw: xr.Dataset, refs: dict[str, list[xr.Dataset]]) -> list[xr.Dataset]:
    parts = {role: refs.get(role, []) for role in ("blank", "indirect")}
    response = refs.get("response", [None])[0]
    return [
        quantum_yield.measure(raw, response=response, **parts, **settings("plqy")["quantum_yield"])
    ]


STEPS: dict[str, Callable[[xr.Dataset, dict[str, list[xr.Dataset]]], list[xr.Dataset]]] = {
    "adf": lambda raw, _: [particles.measure(raw["intensity"], **settings("adf")["particles"])],
    "eels": eels,
    "edx": lambda raw, _: [composition.measure(raw, [], None, **settings("edx")["composition"])],
    "absorption": lambda raw, refs: [
        edge.measure(raw, refs.get("solvent", [None])[0], **settings("absorption")["edge"])
    ],
    "pl": lambda raw, _: [emission.measure(raw, None, **settings("pl")["emission"])],
    "plqy": plqy,
    "iv": lambda raw, _: [conductance.measure(raw, None, **settings("iv")["conductance"])],
    "eis": lambda raw, _: [circuit.measure(raw, None, **settings("eis")["circuit"])],
}


Said = list[set[str]]
Numbers = dict[str, np.ndarray]


def said(
    technique: str, raw: xr.Dataset, refs: dict[str, list[xr.Dataset]]
) -> tuple[Said, Numbers]:
    """Levels of the steps with their reasons if not good; numbers of the last with bounds."""
    try:
        made = STEPS[technique](raw, refs)
    except NanostitchError as error:
        return [{"refused", "doubtful", "bad", type(error).__name__}], {}
    found = []
    for one in made:
        level = quality.LEVELS.index(quality.level(one))
        reasons = "".join(c for c in one["verdict"].attrs["reasons"] if not c.isdigit())
        found.append({*quality.LEVELS[1 : level + 1], *(reasons.split("; ") if level else ())})
    last = made[-1]
    names = [str(n) for n in last.data_vars if {f"{n}_lower", f"{n}_upper"} <= set(last.variables)]
    ends = ("", "_lower", "_upper")
    return found, {n: np.array([last[f"{n}{end}"].values for end in ends]) for n in names}


def is_worse(before: Said, after: Said) -> bool:
    return len(after) != len(before) or any(b - a for a, b in zip(before, after, strict=True))


def is_harmless(before: Numbers, after: Numbers) -> bool:
    """Whether what is still given holds what was given before."""
    for name, (value, _, _) in before.items():
        if name in after and after[name].shape[1:] == value.shape:
            _, low, high = after[name]
            if (np.isfinite(low) & ~((low <= value) & (value <= high))).any():
                return False
    return True


def main() -> None:
    """Print a line for each fault, then the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=Path, default=PROJECT / "config" / "batches" / "paper")
    parser.add_argument("--results", type=Path, default=PROJECT / "results")
    parser.add_argument("--files", type=int, default=2, help="raw files a fault")
    parser.add_argument("--only", choices=list(FAULTS))
    asked = parser.parse_args()
    batch = load(asked.batch, raw_files_exist=False)
    caught, flagged, planted, good = 0, 0, 0, 0

    def raw_of(a: Acquisition) -> xr.Dataset:
        path = asked.results / batch.id / a.technique / a.id / "raw.nc"
        return storage.unpacked(xr.load_dataset(path, decode_times=False))

    for technique, faults in FAULTS.items():
        if asked.only not in (None, technique):
            continue
        for a in measured(batch, products.MEASURED[technique][0])[: asked.files]:
            raw = raw_of(a)
            refs = {r: [raw_of(batch.acquisitions[o]) for o in v] for r, v in a.references.items()}
            before, numbers = said(technique, raw, refs)
            is_flagged = any(before)
            good, flagged = good + 1, flagged + is_flagged
            if is_flagged:
                print(f"{technique:12}{a.id:26}{'as it was':36}FLAGGED {before}", flush=True)
            for number, (name, fault) in enumerate(faults.items()):
                after, left = said(technique, fault(raw, np.random.default_rng(number)), refs)
                is_caught, is_mild = is_worse(before, after), is_harmless(numbers, left)
                planted, caught = planted + (is_caught or not is_mild), caught + is_caught
                mark = "caught" if is_caught else "harmless" if is_mild else "MISSED"
                print(f"{technique:12}{a.id:26}{name:36}{mark}", flush=True)
    print(f"caught {caught} of {planted} faults; {flagged} of {good} good files flagged")


if __name__ == "__main__":
    main()
