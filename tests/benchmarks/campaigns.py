"""Campaigns of small raw files: as many acquisitions as wanted, of every technique that is quick.

Ten conditions, ten grids; acquisitions go through the techniques in turn. One raw file a technique
is simulated and copied, so that a thousand acquisitions are written in seconds. They are many
files to the workflow and little work to the science.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "unit"), str(TESTS / "workflow")]
import rawfiles  # noqa: E402  (beside the unit tests)
from projects import clone as clone  # noqa: E402  (beside those of the workflow)

CONDITIONS, SAMPLES = 10, 10
TECHNIQUES = {
    "eels": ("spectrum", "msa", {"channels": 512}),
    "adf": ("overview", "dm4", {"pixel_size_nm": 0.4, "pixels": 128}),
    "edx": ("xray", "msa", {}),
    "absorption": ("spectrophotometer", "asc", {}),
    "pl": ("fluorometer", "dat", {}),
    "iv": ("source_meter", "lvm", {}),
    "eis": ("impedance", "txt", {}),
}
"""Instrument, suffix and settings of the raw file of each technique."""
TOLD = {
    "iv": {"electrode_gap_um": "10", "electrode_length_mm": "10", "electrode_pairs": "20"},
}
_COLUMNS = ("acquisition", "sample", "condition", "technique", "file")
_GEOMETRY = ("electrode_gap_um", "electrode_length_mm", "electrode_pairs")
_BATCH = """\
title: A campaign of {count} acquisitions
creator: {{name: N. N.}}
licence: CC0-1.0
comparisons:
  gap_c1:
    title: Gap of two conditions
    measure: {{product: band_gap, variable: band_gap, where: {{estimator: onset_fit}}}}
    question: difference
    groups:
      first: {{select: {{condition: c0}}}}
      second: {{select: {{condition: c1}}}}
figures:
  figure_1:
    title: Spectra of one condition
    panels:
      - {{kind: spectra, select: {{condition: c0}}}}
"""


def write(folder: Path, count: int, techniques: tuple[str, ...] = tuple(TECHNIQUES)) -> None:
    """Write a batch of ``count`` acquisitions with their raw files."""
    raw = folder / "raw"
    raw.mkdir(parents=True)
    for technique in techniques:
        instrument, suffix, settings = TECHNIQUES[technique]
        rawfiles.write(raw / f"{technique}.{suffix}", instrument, technique, **settings)
    rows = ["\t".join((*_COLUMNS, *_GEOMETRY))]
    for number in range(count):
        technique = techniques[number % len(techniques)]
        name = f"{technique}_{number}"
        path = raw / f"{name}.{TECHNIQUES[technique][1]}"
        shutil.copyfile(raw / f"{technique}{path.suffix}", path)
        place = (number // len(techniques)) % (SAMPLES * CONDITIONS)
        row = (name, f"grid{place // CONDITIONS}", f"c{place % CONDITIONS}", technique, path.name)
        told = TOLD.get(technique, {})
        rows.append("\t".join((*row, *(told.get(column, "") for column in _GEOMETRY))))
    samples = [f"grid{n}\tCsPbBr3\tcarbon film" for n in range(SAMPLES)]
    conditions = [f"c{n}\tstored {n} h\t{n}" for n in range(CONDITIONS)]
    _table(folder / "acquisitions.tsv", rows)
    _table(folder / "samples.tsv", ["sample\tmaterial\tsubstrate", *samples])
    _table(folder / "conditions.tsv", ["condition\tlabel\tstorage_time_h", *conditions])
    (folder / "batch.yaml").write_text(_BATCH.format(count=count), "utf-8")


def _table(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", "utf-8")


def environment(folder: Path) -> dict[str, str]:
    """Environment in which the package of a clone is found."""
    return os.environ | {"PYTHONPATH": str(folder / "workflow" / "scripts")}


def snakemake(
    folder: Path, batch: str, *arguments: str, warm: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run the workflow of a clone on one batch, as ``make figures`` would, on one core."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    command += ["--workflow-profile", "workflow/profiles/default"]
    return subprocess.run(
        [*command, "--config", f"batches={batch}", *arguments],
        cwd=folder,
        env=environment(folder) | {"NANOSTITCH_WARM": str(int(warm))},
        capture_output=True,
        text=True,
        check=False,
    )
