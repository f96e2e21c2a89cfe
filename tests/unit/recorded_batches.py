"""A small batch whose jobs left products, records and a ledger, made by hand."""

import json
import uuid
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from recorded import derived, leave, state

from nanostitch import store
from nanostitch.draw import files
from nanostitch.provenance import identity, ledger, records

FOLDER = Path("results/demo")


class Batch:
    """Writes what jobs write, into the working folder; ``settings`` are those of band_gap."""

    def __init__(self) -> None:
        self.clock = 0
        self.window = 2.0
        self.claim = (2.40, 2.30, 2.50)
        self.code = "c" * 64

    def job(self, rule, inputs, outputs, plan, wildcards):
        """Record a job; ``outputs`` maps path to what writes the file, given the derivation."""
        given = [(role, path) for role, paths in inputs.items() for path in paths]
        derivation = {
            "format": 1,
            "rule": rule,
            "wildcards": wildcards,
            "plan": {"step": {"settings": {}, "code_sha256": self.code}} | plan,
            "inputs": [derived(Path(), role, path) for role, path in given],
        }
        self.clock += 1
        name = str(uuid.UUID(int=self.clock))
        written = [write(Path(path), derivation) for path, write in outputs.items()]
        found = [
            {"role": "nc", "path": path, "data_sha256": digest, **state(Path(path))}
            for path, digest in zip(outputs, written, strict=True)
        ]
        leave(
            Path(),
            derivation,
            uuid=name,
            run="r",
            inputs=[
                {"role": role, "path": path, "record": self._maker(path), **state(Path(path))}
                for role, path in given
            ],
            outputs=found,
            started=f"2026-01-01T00:00:{self.clock:02d}.000+00:00",
            ended=f"2026-01-01T00:00:{self.clock:02d}.500+00:00",
            execution={"host": "here"},
        )

    def measure(self, acquisition):
        """From a raw file to a band gap."""
        place = f"{FOLDER}/eels/{acquisition}"
        wildcards = {"acquisition": acquisition, "batch": "demo"}
        about = {"acquisition": acquisition, "sample": f"grid_{acquisition}", "condition": "fresh"}
        plan = {"about": about, "technique": "eels", "told": {"pixel_size_nm": 0.5}, "raw": {}}
        raw, aligned, gap = (f"{place}/{name}.nc" for name in ("raw", "aligned", "band_gap"))
        told = {"beam_energy_kev": 60.0, "instrument": "Nion", "pixel_size_nm": 0.5}
        out = {raw: product([1.0, 2.0, 3.0], **told)}
        asked = {"acquisition": plan}
        self.job("ingest", {"raw": [f"raw/{acquisition}.dm4"]}, out, asked, wildcards)
        self.job("align", {"raw": [raw]}, {aligned: product([1.0, 2.0])}, {}, wildcards)
        asked = {"step": {"settings": {"window_ev": self.window}, "code_sha256": self.code}}
        out = {gap: product([self.window])}
        self.job("band_gap", {"raw": [raw], "aligned": [aligned]}, out, asked, wildcards)

    def answer(self):
        """A table, a comparison, claims and a figure of both acquisitions."""
        gaps = [f"{FOLDER}/eels/{name}/band_gap.nc" for name in ("a", "b")]
        out = {f"{FOLDER}/tables/band_gap.tsv": text("acquisition\na\nb\n")}
        whole = {"batch": "demo"}
        self.job("table", {"products": gaps}, out, {}, {**whole, "table": "band_gap"})
        shift = f"{FOLDER}/comparisons/shift.nc"
        out = {shift: product([self.claim[0]])}
        self.job("comparison", {"products": gaps}, out, {}, {**whole, "comparison": "shift"})
        asked = [
            {"id": "shift", "says": "It shifts.", "inputs": [0]},
            {"id": "gap", "says": "It is 2 eV.", "inputs": [1]},
        ]
        heads = ("claim", "says", "outcome", "unit", "value", "value_lower", "value_upper")
        rows = [
            ("shift", "It shifts.", "compatible", "eV", *map(str, self.claim)),
            ("gap", "It is 2 eV.", "compatible", "eV", "2.0", "1.9", "2.1"),
        ]
        table = "".join("\t".join(row) + "\n" for row in (heads, *rows))
        out = {
            f"{FOLDER}/claims.nc": product([1.0]),
            f"{FOLDER}/tables/claims.tsv": text(table),
        }
        self.job(
            "claims", {"products": [shift, gaps[0]]}, out, {"claims": {"claims": asked}}, whole
        )
        self.figure(gaps)

    def figure(self, gaps):
        shown = [f"{FOLDER}/eels/a/aligned.nc", *gaps]
        panels = {"a": [0], "b": [1, 2]}
        declared = {
            "title": "Two panels",
            "panels": [{"kind": "spectra", "select": {}}, {"kind": "band_gap", "select": {}}],
        }
        plan = {"figure": {"figure": declared, "products": shown, "panels": panels}}
        sources = {key: [shown[number] for number in numbers] for key, numbers in panels.items()}
        whole = {"batch": "demo", "figure": "figure_1"}
        data = f"{FOLDER}/figures/figure_1.nc"
        out = {data: product([1.0], sources)}
        self.job("figure_data", {"products": shown}, out, plan, whole)
        path = f"{FOLDER}/figures/figure_1"
        drawn = {f"{path}.{end}": drawing(store.identity_of(data)) for end in ("pdf", "svg", "png")}
        self.job("figure", {"nc": [data]}, drawn, {}, whole)

    def close(self, run):
        assert ledger.close(FOLDER, "completed", run)

    def _maker(self, path):
        kept = records.pointer(path)
        return kept["record"] if kept else None


def make() -> Batch:
    """Run a batch of two acquisitions once, in the working folder."""
    (FOLDER / "plan").mkdir(parents=True)
    Path("raw").mkdir()
    for name in ("a", "b"):
        Path(f"raw/{name}.dm4").write_bytes(name.encode() * 100)
    batch = Batch()
    for name in ("a", "b"):
        batch.measure(name)
    batch.answer()
    batch.close("11111111-run")
    return batch


def product(values, sources=None, **attributes):
    """Writes a product that carries its derivation; ``sources`` make it plotted data."""

    def write(path, derivation):
        path.parent.mkdir(parents=True, exist_ok=True)
        attributes["id"] = identity.identity(derivation)
        data = xr.Dataset({"value": ("x", np.array(values), {"units": "eV"})}, attrs=attributes)
        data.to_netcdf(path, engine="netcdf4")
        with netCDF4.Dataset(path, "a") as file:
            group = file.createGroup("provenance")
            group.setncattr_string("derivation", json.dumps(derivation))
            for letter, paths in (sources or {}).items():
                panel = file.createGroup(letter)
                panel.setncatts({"sources": " ".join(paths), "caption": f"panel {letter}"})
        return store.data_sha256(str(path))

    return write


def text(content):
    def write(path, _):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")

    return write


def drawing(identifier):
    def write(path, _):
        figure = Figure(figsize=(1, 1))
        files.save(figure, {path.suffix[1:]: path}, identifier)

    return write
