"""Writes products.md from the contracts and settings.md from the schemas: 'make docs'."""

from pathlib import Path
from typing import Any

from nanostitch import products as ends
from nanostitch import schema
from nanostitch.contracts import Contract
from nanostitch.contracts.absorption import EDGE
from nanostitch.contracts.adf import PARTICLES
from nanostitch.contracts.adf_change import CHANGE
from nanostitch.contracts.adf_columns import COLUMNS
from nanostitch.contracts.adf_lattice import LATTICE
from nanostitch.contracts.adf_seams import SEAMS
from nanostitch.contracts.claims import CLAIMS
from nanostitch.contracts.comparison import COMPARISON
from nanostitch.contracts.edx import COMPOSITION
from nanostitch.contracts.eels import ALIGNED, BAND_GAP, BOUNDARY, DIELECTRIC, LOSS
from nanostitch.contracts.eis import CIRCUIT
from nanostitch.contracts.iv import CONDUCTANCE
from nanostitch.contracts.pl import EMISSION
from nanostitch.contracts.plqy import QUANTUM_YIELD
from nanostitch.contracts.raw import RAW
from nanostitch.contracts.score import SCORE
from nanostitch.contracts.specimen import SPECIMEN
from nanostitch.contracts.truth import TRUTH
from nanostitch.simulate.registry import INSTRUMENTS

DOCS = Path(__file__).parent
PRODUCTS = {
    **{f"{technique} `raw.nc`": contract for technique, contract in RAW.items()},
    "eels `aligned.nc`": ALIGNED,
    "eels `loss.nc`": LOSS,
    "eels `band_gap.nc`": BAND_GAP,
    "eels `boundary.nc`, of line scans with a told boundary": BOUNDARY,
    "eels `dielectric.nc`, where a figure needs it": DIELECTRIC,
    "adf `particles.nc`": PARTICLES,
    "adf `lattice.nc`": LATTICE,
    "adf `columns.nc`": COLUMNS,
    "adf `seams.nc`": SEAMS,
    "adf `change.nc`, where `before` names an earlier image": CHANGE,
    "edx `composition.nc`": COMPOSITION,
    "absorption `edge.nc`": EDGE,
    "pl `emission.nc`": EMISSION,
    "plqy `quantum_yield.nc`": QUANTUM_YIELD,
    "iv `conductance.nc`": CONDUCTANCE,
    "eis `circuit.nc`": CIRCUIT,
    "`comparisons/{comparison}.nc`": COMPARISON,
    "`claims.nc`": CLAIMS,
    "`score/score.nc` of a simulated batch": SCORE,
    "Specimen of a simulated batch": SPECIMEN,
    **{f"Truth behind files of the instrument {name}": TRUTH[name] for name in INSTRUMENTS},
}


def products() -> str:
    """Markdown of every product's variables."""
    text = (
        "# Products\n\nMade by `make docs` from the contracts that every product is held to when it"
        " is written and read. `…` stands\nfor the spatial dims that the acquisition has: none, `x`"
        " or `y, x`.\n"
    )
    for name, contract in PRODUCTS.items():
        text += f"\n## {name}\n\n| variable | dims | unit | meaning |\n|---|---|---|---|\n"
        text += "".join(_variables(contract))
    return text


def _variables(contract: Contract) -> list[str]:
    return [
        f"| `{name}` | {', '.join(var.dims).replace('...', '…')} | {var.units} | {var.meaning}"
        f"{' (optional)' if var.optional else ''} |\n"
        for name, var in contract.items()
    ]


def settings() -> str:
    """Markdown of every setting with its default and reason."""
    text = (
        "# Settings\n\nMade by `make docs` from `workflow/schemas`. Set them in"
        " `config/config.yaml` for every batch, or under\n`parameters:` of a `batch.yaml` for that"
        " batch.\n"
    )
    for technique in ends.MEASURED:
        for step, keys in schema.load(technique)["properties"].items():
            text += _table(f"{technique}.{step}", keys)
    text += (
        "\n# The virtual laboratory\n\nSet these under `simulate:` of a `batch.yaml`"
        " ([laboratory](laboratory.md)).\n"
    )
    text += _table("simulate.specimen", schema.load("specimen"))
    for name, device in INSTRUMENTS.items():
        title = f"simulate.instruments.{name} ({device.technique})"
        text += _table(title, schema.load(f"instruments/{name}"))
    return text


def _table(title: str, keys: dict[str, Any]) -> str:
    rows = "".join(_setting(key, sub) for key, sub in keys["properties"].items())
    return f"\n## {title}\n\n| key | default | meaning |\n|---|---|---|\n{rows}"


def _setting(key: str, sub: dict[str, Any]) -> str:
    return f"| `{key}` | `{sub.get('default')}` | {' '.join(sub['description'].split())} |\n"


PAGES = {"products.md": products, "settings.md": settings}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), "utf-8")
