"""The hash of data stays when they are packed otherwise, and changes with anything in them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr

from nanostitch import store
from nanostitch.contracts import Var
from nanostitch.provenance import data_hash

MAP = {
    "counts": Var(("...", "energy"), "1", "Counts.", "any"),
    "energy": Var(("energy",), "eV", "Energy loss."),
}
ABOUT = dict.fromkeys(store.ABOUT, "x") | {"simulated": 0}


def product() -> xr.Dataset:
    rng = np.random.default_rng(2)
    sizes = rng.normal(size=(4, 30))
    sizes[1, 3] = np.nan
    return xr.Dataset(
        {
            "size": (("particle", "step"), sizes, {"units": "nm", "range": [0.5, 2.0], "n": 3}),
            "label": ("particle", np.array(["a", "µ", "", "long name"], object), {"units": ""}),
            "fixed": ("particle", np.array(["a", "b", "c", "d"])),
            "good": ("particle", np.array([True, False, True, True])),
            "flags": (
                "particle",
                np.array([0, 1, 2, 3], "u2"),
                {"flag_masks": np.array([1, 2], "u2")},
            ),
            "mean": ((), 2.5, {"one": np.float32(1.5), "names": ["p", "q"]}),
        },
        {
            "step": ("step", np.arange(30) * 0.5, {"units": "h"}),
            "middle": ("particle", np.arange(4.0), {"units": "nm"}),
        },
        {
            "title": "T",
            "history": "now",
            "source": "s",
            "id": "i",
            "date_created": "d",
            "simulated": 1,
        },
    )


FLOATS = ("size", "mean", "step", "middle")
PACKINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "zlib": {name: {"zlib": True, "complevel": 6, "shuffle": True} for name in ("size", "step")},
    "blosc": {"step": {"compression": "blosc_lz4", "blosc_shuffle": 1}},
    "chunks": {"size": {"chunksizes": (1, 7), "fletcher32": True}},
    "no fill value": {name: {"_FillValue": None} for name in FLOATS},
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_packing__does_not_change_the_hash(packing, tmp_path):
    path = tmp_path / "a.nc"
    product().to_netcdf(path, engine="netcdf4", encoding=PACKINGS[packing])
    assert store.data_sha256(str(path)) == data_hash.of_dataset(product())


@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf"])
def test_another_library__does_not_change_the_hash(engine, tmp_path):
    pytest.importorskip(engine.replace("netcdf4", "netCDF4"), reason="an optional writer")
    path = tmp_path / "a.nc"
    product().to_netcdf(path, engine=engine)
    assert store.data_sha256(str(path)) == data_hash.of_dataset(product())


def test_byte_order__does_not_change_the_hash():
    swapped = product()
    swapped["size"] = swapped["size"].astype(">f8").assign_attrs(product()["size"].attrs)
    assert data_hash.of_dataset(swapped) == data_hash.of_dataset(product())


@pytest.mark.parametrize("name", ["history", "source", "date_created", "id"])
def test_what_a_file_says_of_its_making__does_not_change_the_hash(name):
    assert data_hash.of_dataset(product().assign_attrs({name: "other"})) == data_hash.of_dataset(
        product()
    )


CHANGES: dict[str, Any] = {
    "one value": lambda ds: ds.assign(size=ds["size"].where(ds["step"] != 1.0, 7.0)),
    "last bit": lambda ds: ds.assign(
        mean=np.nextafter(ds["mean"], 3.0).assign_attrs(ds["mean"].attrs)
    ),
    "a text": lambda ds: ds.assign(label=ds["label"].copy(data=["a", "µ", " ", "long name"])),
    "a name": lambda ds: ds.rename(size="sizes"),
    "a dimension": lambda ds: ds.rename_dims(particle="grain"),
    "order of dimensions": lambda ds: ds.transpose("step", "particle"),
    "a type": lambda ds: ds.assign(size=ds["size"].astype("f4").assign_attrs(ds["size"].attrs)),
    "a unit": lambda ds: ds.assign(size=ds["size"].assign_attrs(units="pm")),
    "an attribute of the file": lambda ds: ds.assign_attrs(title="U"),
    "a variable less": lambda ds: ds.drop_vars("flags"),
    "texts that join alike": lambda ds: ds.assign(
        label=ds["label"].copy(data=["aµ", "", "", "long name"])
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_the_data__changes_the_hash(change):
    assert data_hash.of_dataset(CHANGES[change](product())) != data_hash.of_dataset(product())


def test_edit_in_a_file__changes_the_hash(tmp_path):
    path = tmp_path / "a.nc"
    product().to_netcdf(path)
    for edit in (
        lambda file: file["size"].__setitem__((0, 0), 9.0),
        lambda file: file["size"].setncattr("units", "pm"),
    ):
        before = store.data_sha256(str(path))
        with netCDF4.Dataset(path, "a") as file:
            edit(file)
        assert store.data_sha256(str(path)) != before


def test_groups__count_but_for_the_provenance(tmp_path):
    tree = xr.DataTree.from_dict({"/": product(), "/a": product(), "/a/deep": product()})
    path = tmp_path / "a.nc"
    tree.to_netcdf(path)
    before = data_hash.of_dataset(tree)
    assert store.data_sha256(str(path)) == before
    with netCDF4.Dataset(path, "a") as file:
        file.createGroup("provenance").derivation = "d"
    assert store.data_sha256(str(path)) == before
    tree["/a/deep"].attrs["title"] = "U"
    assert data_hash.of_dataset(tree) != before
    moved = xr.DataTree.from_dict({"/": product(), "/b": product(), "/b/deep": product()})
    assert data_hash.of_dataset(moved) != before


def test_values_that_no_product_holds__are_refused():
    with pytest.raises(TypeError, match="complex128"):
        data_hash.of_dataset(xr.Dataset({"a": ("x", np.array([1j]))}))


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.chdir(tmp_path)
    nothing: dict[str, str] = {}
    return SimpleNamespace(
        rule="ingest",
        input=SimpleNamespace(items=nothing.items),
        output=SimpleNamespace(nc="results/b/a.nc"),
        wildcards={"batch": "b"},
    )


def carried_hash(path: str) -> str:
    return str(store.attributes_of(path, "provenance")["data_sha256"])


@pytest.mark.parametrize(
    ("dtype", "unit"), [("f4", 1), ("i4", 1), ("u2", 1), ("u1", 1), ("i4", -1), ("f4", 0.5)]
)
def test_spectrum_image_and_its_portable_copy__have_the_hash_that_the_product_carries(
    job, dtype, unit
):
    counts = (np.random.default_rng(3).poisson(3.0, (64, 64, 1024)) * unit).astype(dtype)
    cube = xr.Dataset(
        {"counts": (("y", "x", "energy"), counts, {"units": "1"})},
        {"energy": ("energy", np.arange(1024) * 0.01, {"units": "eV"})},
    )
    store.write(cube, MAP, job, ABOUT)
    store.copy_portable(job.output.nc, "copy.nc")
    carried = carried_hash(job.output.nc)
    assert len(carried) == 64
    assert store.data_sha256(job.output.nc) == carried
    assert store.data_sha256("copy.nc") == carried
    assert carried_hash("copy.nc") == carried


def test_tree_of_a_figure__carries_its_hash(job):
    panel = xr.Dataset({"size": ("bin", [1.0, np.nan], {"units": "nm"})}, attrs={"kind": "k"})
    store.write_tree(xr.DataTree.from_dict({"/a": panel}), job)
    assert store.data_sha256(job.output.nc) == carried_hash(job.output.nc)
