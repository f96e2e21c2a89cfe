"""A finished run of a small measured batch with its records, made without running anything.

``make`` writes into an empty folder what a run of two spectra leaves: the batch, raw files with
awkward names, products that carry their derivation, a figure of two panels, a claim, the plan,
one record a job, pointers, the run and the ledger. Values are arbitrary; digests are true.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from recorded import derived, leave, state

from nanostitch import code, store
from nanostitch.plan_files import SCRIPTS
from nanostitch.provenance import identity, ledger, records

RUN = "5d1a2b3c-0000-4000-8000-000000000001"
HOST = "secret-host"
BEGAN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
BATCH = """\
title: Two spectra of stored crystals
creator:
  name: Ada Nanocrystal
  orcid: 0000-0002-1825-0097
  affiliation: Institute of Crystals
  ror: 03yrm5c26
licence: CC-BY-4.0
raw_dir: ../measured
figures:
  figure_1:
    title: Spectra and gaps
    panels:
      - {kind: spectra, select: {acquisition: spectrum_1}}
      - {kind: band_gap, select: {acquisition: [spectrum_1, spectrum_2]}}
claims:
  gap:
    says: The gap is 2.4 eV.
    source: text
    measure:
      product: band_gap
      variable: band_gap
      where: {estimator: onset_fit}
      select: {acquisition: spectrum_1}
    expected: {value: 2.4, tolerance: 0.1}
"""
SETTINGS = {
    "gap_range_ev": [2.1, 3.0],
    "max_misfit": 3,
    "sub_gap_clearance_fwhm": 1.5,
    "tail_models": ["power_law", "vacuum"],
    "onset_shapes": {"square_root": 0.6},
}

CLAIM = {
    "claim": "gap",
    "source": "text",
    "says": "The gap is 2.4 eV.",
    "outcome": "reproduced",
    "why": "the interval lies within what is claimed",
    "figure": "figure_1",
    "panel": "b",
    "unit": "eV",
    "answer": "",
    "note": "",
    "value": "2.41",
    "value_lower": "2.39",
    "value_upper": "2.43",
    "expected": "2.4",
    "samples": "1",
    "acquisitions": "1",
    "objects": "1",
}


class Run:
    """Writes jobs one after the other, each with its record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        self._makers: dict[str, str] = {}

    def plan(self, name: str, content: Mapping[str, Any]) -> str:
        """Write a plan file; returns its path."""
        path = f"results/series/plan/{name}.json"
        records.write(self.folder / path, dict(content))
        return path

    def job(
        self,
        rule: str,
        wildcards: dict[str, str],
        inputs: list[tuple[str, str]],
        plans: dict[str, str],
        outputs: dict[str, bytes | dict[str, Any]],
    ) -> None:
        """Write the outputs of a job, bytes as they are and attributes as a netCDF product."""
        self.number += 1
        given = [self._given(role, path) for role, path in inputs]
        derivation = {
            "format": 1,
            "rule": rule,
            "wildcards": {"batch": "series", **wildcards},
            "plan": {role: records.load(self.folder / path) for role, path in plans.items()},
            "inputs": [derived(self.folder, role, path) for role, path in inputs],
        }
        for path, content in outputs.items():
            self._write(self.folder / path, content, derivation)
        uuid = f"00000000-0000-4000-8000-{self.number:012d}"
        started = BEGAN + timedelta(seconds=10 * self.number)
        leave(
            self.folder,
            derivation,
            uuid=uuid,
            run=RUN,
            inputs=given,
            outputs=[self._made(path) for path in outputs],
            started=started.isoformat(timespec="milliseconds"),
            ended=(started + timedelta(seconds=6)).isoformat(timespec="milliseconds"),
            overhead_s=0.03,
            execution=_execution(),
        )
        self._makers |= dict.fromkeys(outputs, uuid)

    def _given(self, role: str, path: str) -> dict[str, Any]:
        file = self.folder / path
        return {
            "role": role,
            "path": file.name if path.startswith("batches/measured/") else path,
            **state(file),
            "record": self._makers.get(path),
        }

    def _made(self, path: str) -> dict[str, Any]:
        file = self.folder / path
        is_product = path.endswith(".nc")
        return {
            "role": file.suffix[1:],
            "path": path,
            **state(file),
            "data_sha256": store.data_sha256(str(file)) if is_product else None,
        }

    def _write(self, path: Path, content: bytes | dict[str, Any], derivation: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
            return
        with netCDF4.Dataset(path, "w") as file:
            file.createDimension("energy", 4)
            for name, unit in (("energy", "eV"), ("counts", "1")):
                variable = file.createVariable(name, "f8", ("energy",))
                variable.units, variable[:] = unit, np.arange(1.0, 5.0)
            file.setncatts({"id": identity.identity(derivation), **content})
            group = file.createGroup("provenance")
            group.setncattr_string("derivation_id", identity.identity(derivation))
            group.setncattr_string("derivation", identity.canonical(derivation))
        with netCDF4.Dataset(path, "a") as file:
            file["provenance"].setncattr_string("data_sha256", store.data_sha256(str(path)))


def make(folder: Path, operator: dict[str, str] | None = None) -> Path:
    """Write batch ``folder/batches/series`` and ``folder/results/series``; returns the batch."""
    batch = _write_batch(folder)
    run = Run(folder)
    records.write(folder / f"results/series/provenance/runs/{RUN}.json", _run(folder, operator))
    names = ("ingest", "band_gap", "figure_data", "figure", "claims")
    steps = {name: run.plan(name, _step(name)) for name in names}
    for number in (1, 2):
        _spectrum(run, steps, number)
    _figure(run, steps)
    _claims(run, steps)
    ledger.close(folder / "results/series", "completed", RUN)
    return batch


def raw_names() -> Iterator[str]:
    """Names of the raw files: with spaces and letters beyond ASCII, one beside a namesake."""
    yield from ("Spectrum 1 [µ].msa", "again/Spectrum 2 #b.msa")


def _write_batch(folder: Path) -> Path:
    batch = folder / "batches" / "series"
    batch.mkdir(parents=True)
    (batch / "batch.yaml").write_text(BATCH, "utf-8")
    (batch / "conditions.tsv").write_text("condition\tlabel\nfresh\tfresh\n")
    (batch / "samples.tsv").write_text("sample\tmaterial\tsubstrate\ngrid1\tCsPbBr3\tcarbon\n")
    first, second = raw_names()
    rows = ["# as measured", "acquisition\tsample\tcondition\ttechnique\tfile"]
    rows.append(f"spectrum_1\tgrid1\tfresh\teels\t{first}")
    rows.append(f"spectrum_2\tgrid1\tfresh\teels\t../measured/{second}")
    (batch / "acquisitions.tsv").write_text("\n".join(rows) + "\n", "utf-8")
    for number, name in enumerate(raw_names()):
        # raw_dir is ../measured, seen from the batch folder
        path = folder / "batches" / "measured" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"#FORMAT: EMSA/MAS\n" + bytes([48 + number]))
    return batch


def _spectrum(run: Run, steps: dict[str, str], number: int) -> None:
    name = f"spectrum_{number}"
    raw = f"batches/measured/{list(raw_names())[number - 1]}"
    about = {
        "acquisition": name,
        "technique": "eels",
        "sample": "grid1",
        "condition": "fresh",
        "condition_label": "fresh",
        "material": "CsPbBr3",
        "substrate": "carbon",
    }
    digest = {Path(raw).name: identity.sha256(run.folder / raw)}
    plan = run.plan(
        f"acquisitions/{name}", {"about": about, "technique": "eels", "raw": digest, "told": {}}
    )
    start = f"results/series/eels/{name}"
    facts = {
        "beam_energy_kev": 60.0,
        "convergence_mrad": 25.0,
        "instrument": "Nion HERMES",
        "acquisition_date": "2026-11-20T12:00:00",
        "title": name,
    }
    plans = {"acquisition": plan, "step": steps["ingest"]}
    found = {"acquisition": name, "technique": "eels"}
    run.job("ingest", found, [("raw", raw)], plans, {f"{start}/raw.nc": facts})
    run.job(
        "band_gap",
        {"acquisition": name},
        [("raw", f"{start}/raw.nc")],
        {"step": steps["band_gap"]},
        {f"{start}/band_gap.nc": {"title": f"gap of {name}"}},
    )


def _figure(run: Run, steps: dict[str, str]) -> None:
    shown = [f"results/series/eels/spectrum_{number}/band_gap.nc" for number in (1, 2)]
    plan = run.plan(
        "figures/figure_1",
        {
            "figure": {"title": "Spectra and gaps"},
            "products": shown,
            "panels": {"a": [0], "b": [0, 1]},
            "conditions": ["fresh"],
        },
    )
    start = "results/series/figures/figure_1"
    inputs = [("products", path) for path in shown]
    plans = {"figure": plan, "step": steps["figure_data"]}
    name = {"figure": "figure_1"}
    run.job("figure_data", name, inputs, plans, {f"{start}.nc": {"title": "figure_1"}})
    drawn: dict[str, bytes | dict[str, Any]] = {
        f"{start}.{end}": end.encode() for end in ("md", "pdf", "svg", "png")
    }
    run.job("figure", name, [("nc", f"{start}.nc")], {"step": steps["figure"]}, drawn)


def _claims(run: Run, steps: dict[str, str]) -> None:
    table = "\n".join(("\t".join(CLAIM), "\t".join(CLAIM.values()), ""))
    run.job(
        "claims",
        {},
        [("products", "results/series/eels/spectrum_1/band_gap.nc")],
        {"step": steps["claims"]},
        {
            "results/series/claims.nc": {"title": "claims"},
            "results/series/tables/claims.tsv": table.encode(),
        },
    )


def _step(name: str) -> dict[str, Any]:
    settings = SETTINGS if name == "band_gap" else {}
    digest = code.digest(SCRIPTS / f"{name}.py")
    return {"code_sha256": digest, "format": 1, "settings": settings}


def _execution() -> dict[str, Any]:
    return {
        "host": HOST,
        "os": "Linux",
        "machine": "x86_64",
        "cpus": 2,
        "python": "3.11.7",
        "threads": 1,
        "engine": "snakemake 9.27.1",
        "scheduler": None,
        "wall_s": 5.5,
        "user_s": 5.0,
        "system_s": 0.1,
        "max_rss_kib": 150000,
    }


def _run(folder: Path, operator: dict[str, str] | None) -> dict[str, Any]:
    return {
        "run": RUN,
        "batch": "series",
        "started": BEGAN.isoformat(timespec="milliseconds"),
        "arguments": ["snakemake", "--cores", "2", "--config", f"batches={folder}/batches/series"],
        "git": None,
        "environment": None,
        "operator": operator,
        "nanostitch": "0.1.0",
        "snakemake": "9.27.1",
    }
