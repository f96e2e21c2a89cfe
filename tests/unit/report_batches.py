"""A finished batch with few pixels, written through the store without running any analysis.

Two images with three square particles each, a line scan and a map with a gap in each place, a
figure, a claim and two tables. One particle is 12 nm wide, the others 6 nm, so that tests know
what a bar of the histogram holds. Variables that the page does not read are zero.
"""

import contextlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import xarray as xr
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nanostitch import quality, store
from nanostitch.contracts import Contract
from nanostitch.contracts.adf import PARTICLES
from nanostitch.contracts.claims import CLAIMS
from nanostitch.contracts.eels import ALIGNED, BAND_GAP, LOSS
from nanostitch.contracts.raw import RAW_EELS, RAW_IMAGE
from nanostitch.planned import read_plan

TITLE = "Crystals & <b>more</b>"
RAW_BYTES = b"bytes of the microscope"
PIXELS, STEP_NM = 60, 0.5
SMALL_NM, LARGE_NM = 6.0, 12.0
SCANS: Mapping[str, dict[str, int]] = {"line_1": {"x": 5}, "map_1": {"y": 3, "x": 4}}
ENERGY_EV = np.round(np.arange(-0.5, 4.0, 0.02), 3)
GAP_EV = 2.4
PREFIX = "results/series/"


def make(root: Path, title: str = TITLE, note: str = "") -> Path:
    """Write the batch below ``root``; returns its folder of results."""
    read_plan.cache_clear()  # the same paths, below another root
    with contextlib.chdir(root):
        images = ["image_1", "image_2"]
        _plan("batch", {"title": title, "simulated": False, "versions": {"nanostitch": "0.1.0"}})
        for name in images:
            _image(name, title, note)
        for name, scan in SCANS.items():
            _scan(name, scan, title)
        gaps = [f"{PREFIX}eels/{name}/band_gap.nc" for name in SCANS]
        sizes = [f"{PREFIX}adf/{name}/particles.nc" for name in images]
        _plan("tables/particles", {"products": sizes})
        _plan("tables/band_gap", {"products": gaps})
        _table(
            "particles", images, "size_mean_nm", ("size_mean_nm_lower_95", "size_mean_nm_upper_95")
        )
        _table("band_gap", list(SCANS), "band_gap_ev", ("lower_95_ev", "upper_95_ev"))
        _figure(sizes, title)
        _claims(gaps)
        return Path(root, PREFIX)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write one document of a plan or of the provenance."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")


def failed_job(folder: Path, rule: str, acquisition: str, error: str) -> None:
    """Leave the record of a job that failed."""
    execution = {"host": "h", "wall_s": 3.0, "user_s": 2.0, "system_s": 0.5, "max_rss_kib": 1024}
    content = {
        "uuid": f"{rule}-{acquisition}",
        "status": "failed",
        "error": error,
        "rule": rule,
        "wildcards": {"batch": "series", "acquisition": acquisition},
        "derivation": None,
        "derivation_id": None,
        "inputs": [],
        "outputs": [],
        "ended": "2026-11-24T20:00:06.000+00:00",
        "execution": {**execution, "scheduler": None},
    }
    write_json(folder / f"provenance/records/{content['uuid']}.json", content)


def _plan(name: str, content: Mapping[str, Any]) -> str:
    path = Path(f"{PREFIX}plan/{name}.json")
    write_json(path, content)
    return path.as_posix()


def _job(rule: str, output: str, inputs: Mapping[str, Any], **wildcards: str) -> SimpleNamespace:
    return SimpleNamespace(
        rule=rule,
        input=dict(inputs),
        output=SimpleNamespace(nc=output),
        wildcards={"batch": "series", **wildcards},
    )


def _about(name: str, technique: str, title: str, note: str = "") -> dict[str, Any]:
    return {
        "batch": "series",
        "technique": technique,
        "acquisition": name,
        "sample": "grid1",
        "material": "CsPbBr3",
        "substrate": "carbon",
        "condition": "fresh",
        "condition_label": "fresh",
        "simulated": 0,
        "use": "no" if note else "yes",
        "note": note,
        "batch_title": title,
        "creator_name": "Ada Nanocrystal",
        "license": "CC-BY-4.0",
    }


def _ingest(name: str, about: dict[str, Any], raw: xr.Dataset, contract: Contract) -> str:
    """Write ``raw.nc``; returns the folder of the acquisition's products."""
    folder = f"{PREFIX}{about['technique']}/{name}"
    Path("measured").mkdir(exist_ok=True)
    Path(f"measured/{name}.dm4").write_bytes(RAW_BYTES + name.encode())
    plan = _plan(f"acquisitions/{name}", {"about": about, "technique": about["technique"]})
    job = _job(
        "ingest",
        f"{folder}/raw.nc",
        {"raw": f"measured/{name}.dm4", "acquisition": plan},
        acquisition=name,
    )
    store.write(raw.assign_attrs(beam_energy_kev=60.0), contract, job, about)
    return folder


def _product(
    contract: Contract, sizes: Mapping[str, int], scan: tuple[str, ...], **values: Any
) -> xr.Dataset:
    """A product that keeps a contract: what is not given is zero, text is empty."""
    product = {}
    for name, var in contract.items():
        dims = tuple(d for dim in var.dims for d in (scan if dim == "..." else (dim,)))
        if var.optional and name not in values:
            continue
        dtype = "U40" if var.dtype == "U" else "f8" if var.dtype == "any" else var.dtype
        shape = tuple(sizes.get(dim, 0) for dim in dims)
        data = np.broadcast_to(np.asarray(values.get(name, np.zeros(shape, dtype))), shape)
        product[name] = (dims, data.astype(dtype), {"units": var.units})
    return xr.Dataset(product)


def _image(name: str, title: str, note: str) -> None:
    about = _about(name, "adf", title, note if name == "image_2" else "")
    labels = np.zeros((PIXELS, PIXELS), "i4")
    labels[6:18, 6:18], labels[6:18, 36:48], labels[30:54, 20:44] = 1, 2, 3
    axes = {dim: np.arange(PIXELS) * STEP_NM for dim in ("y", "x")}
    raw = _product(
        RAW_IMAGE, dict.fromkeys(axes, PIXELS), (), **axes, intensity=10.0 + 90 * (labels > 0)
    )
    folder = _ingest(name, about, raw, RAW_IMAGE)
    product = _product(
        PARTICLES,
        {"y": PIXELS, "x": PIXELS, "particle": 3},
        (),
        **axes,
        particle=[1, 2, 3],
        particle_label=labels,
        edge_length=[SMALL_NM, SMALL_NM, LARGE_NM],
        edge_length_uncertainty=0.2,
        aspect_ratio=[1.0, 1.1, 1.3],
        units=[1, 1, 4],
    )
    product["verdict"] = quality.verdict({"few particles": "doubtful"}).assign_attrs(units="1")
    field = quality.flags({"merged_shape": xr.DataArray([False, False, True], dims="particle")})
    product["quality"] = field.assign_attrs(units="1")
    given = {"raw": f"{folder}/raw.nc", "step": _plan("particles", {"settings": {"min_nm": 3}})}
    job = _job("particles", f"{folder}/particles.nc", given, acquisition=name)
    store.write(product, PARTICLES, job, about)


def _scan(name: str, scan: dict[str, int], title: str) -> None:
    about, dims = _about(name, "eels", title), tuple(scan)
    axes = {dim: np.arange(size) * 1.0 for dim, size in scan.items()}
    counts = np.broadcast_to(np.clip(ENERGY_EV - GAP_EV, 0, None), (*scan.values(), ENERGY_EV.size))
    sizes = {**scan, "energy": ENERGY_EV.size, "region": 1, "estimator": 1}
    shared = {**axes, "energy": ENERGY_EV, "region": ["all"], "estimator": ["onset_fit"]}
    raw = _product(RAW_EELS, sizes, dims, **axes, energy=ENERGY_EV, counts=counts)
    folder = _ingest(name, about, raw, RAW_EELS)
    gaps = GAP_EV + 0.01 * np.arange(np.prod(list(scan.values()))).reshape(tuple(scan.values()))
    found = {
        "band_gap": gaps,
        "band_gap_lower": gaps - 0.02,
        "band_gap_upper": gaps + 0.02,
        "region_band_gap": GAP_EV,
        "region_band_gap_lower": GAP_EV - 0.01,
        "region_band_gap_upper": GAP_EV + 0.01,
        "onset_model": np.clip(ENERGY_EV - GAP_EV, 0, None),
        "loss": np.clip(ENERGY_EV - GAP_EV, 0, None),
    }
    before = "raw"
    for end, contract in (("aligned", ALIGNED), ("loss", LOSS), ("band_gap", BAND_GAP)):
        values = {key: value for key, value in {**shared, **found}.items() if key in contract}
        product = _product(contract, sizes, dims, **values)
        for flags in set(product) & {"band_gap_quality", "region_quality", "zlp_quality"}:
            product[flags].attrs |= {"flag_masks": np.array([1], "u2"), "flag_meanings": "no_onset"}
        product["verdict"] = quality.verdict({}).assign_attrs(units="1")
        job = _job(end, f"{folder}/{end}.nc", {"of": f"{folder}/{before}.nc"}, acquisition=name)
        store.write(product, contract, job, about)
        before = end


def _table(name: str, acquisitions: list[str], column: str, ends: tuple[str, str]) -> None:
    columns = ["acquisition", "sample", "condition", column, *ends]
    lines = ["\t".join([*columns, "verdict", "reasons", "simulated", "use", "note"])]
    for one in acquisitions:
        cells = [one, "grid1", "fresh", "8.125", "8.0", "8.25", "doubtful", "few particles"]
        lines.append("\t".join([*cells, "False", "yes", ""]))
    path = Path(f"{PREFIX}tables/{name}.tsv")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _figure(products: list[str], title: str) -> None:
    panels = [{"kind": "size_histogram", "select": {}}]
    plan = _plan(
        "figures/figure_1",
        {
            "figure": {"title": title, "panels": panels},
            "products": products,
            "panels": {"a": list(range(len(products)))},
        },
    )
    path = f"{PREFIX}figures/figure_1"
    panel = xr.Dataset(attrs={"letter": "a", "caption": "edges.", "sources": " ".join(products)})
    tree = xr.DataTree.from_dict({"/": xr.Dataset(attrs={"title": title}), "/a": panel})
    job = _job("figure_data", f"{path}.nc", {"products": products, "figure": plan})
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    store.write_tree(tree, job)
    text = PngInfo()
    text.add_text("Identifier", store.identity_of(f"{path}.nc"))
    Image.new("RGB", (300, 200), "white").save(f"{path}.png", pnginfo=text)
    for suffix in ("pdf", "svg"):
        Path(f"{path}.{suffix}").write_text("drawn", "utf-8")
    caption = f"**{title}.** (a) Edges of <i>two</i> images. Intervals hold 95 %.\n"
    Path(f"{path}.md").write_text(html.escape(caption, quote=False), "utf-8")


def _claims(products: list[str]) -> None:
    claim = {"id": "gap", "inputs": [0]}
    plan = _plan("ledger", {"claims": [claim]})
    values: dict[str, Any] = {
        "claim": ["gap"],
        "says": ["The <gap> is 2.4 eV."],
        "unit": ["eV"],
        "value": GAP_EV,
        "value_lower": GAP_EV - 0.1,
        "value_upper": GAP_EV + 0.1,
        "expected": GAP_EV,
        "expected_lower": GAP_EV - 0.2,
        "expected_upper": GAP_EV + 0.2,
        "samples": 1,
    }
    found = _product(CLAIMS, {"claim": 1}, (), **values)
    found["outcome"].attrs |= {"flag_values": np.array([0], "i1"), "flag_meanings": "reproduced"}
    found["verdict"] = quality.verdict({}).assign_attrs(units="1")
    job = _job("claims", f"{PREFIX}claims.nc", {"products": products, "claims": plan})
    about = {"batch": "series", "batch_title": "t", "name": "claims", "simulated": 0}
    store.write_of_batch(found, CLAIMS, job, about)
    Path(f"{PREFIX}tables/claims.tsv").write_text("claim\ngap\n", "utf-8")
