"""The door to disk: contracts, whole files, the same bytes, provenance."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr

from nanostitch import atomic, store
from nanostitch.contracts import Var
from nanostitch.errors import ContractError

CONTRACT = {
    "counts": Var(("...", "energy"), "1", "Counts.", ancillary=("quality",)),
    "quality": Var(("...",), "1", "Flags.", "u2"),
    "energy": Var(("energy",), "eV", "Energy loss."),
}
ABOUT = dict.fromkeys(store.ABOUT, "x") | {"simulated": 0}


@pytest.fixture
def spectrum() -> xr.Dataset:
    rng = np.random.default_rng(1)
    return xr.Dataset(
        {
            "counts": (("x", "energy"), rng.normal(size=(3, 50)), {"units": "1"}),
            "quality": ("x", np.array([0, 1, 2], "u2"), {"units": "1"}),
        },
        {"energy": ("energy", np.arange(50) * 0.01, {"units": "eV"})},
    )


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A job of one raw file and one plan, as scripts see it, run in ``tmp_path``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/b/plan").mkdir(parents=True)
    (tmp_path / "results/b/plan/align.json").write_text('{"settings": {"width_ev": 1.0}}')
    (tmp_path / "raw.dm4").write_bytes(b"raw bytes")
    inputs = {"raw": [str(tmp_path / "raw.dm4")], "step": "results/b/plan/align.json"}
    return SimpleNamespace(
        rule="align",
        input=SimpleNamespace(items=inputs.items),
        output=SimpleNamespace(nc="results/b/a.nc"),
        wildcards={"batch": "b", "acquisition": "a"},
    )


def test_write_read__returns_what_was_written(spectrum, job):
    spectrum["counts"][0, 3] = np.nan
    store.write(spectrum, CONTRACT, job, ABOUT)
    back = store.read(job.output.nc, CONTRACT)
    for name in spectrum.variables:
        np.testing.assert_array_equal(back[name], spectrum[name])
        assert back[name].dtype == spectrum[name].dtype
    assert back.attrs["condition"] == "x"
    shown = store.read_product(job.output.nc)
    assert shown["counts"].attrs["ancillary_variables"] == "quality"
    assert shown["counts"].attrs["comment"] == "Counts."


def test_write__gives_the_same_bytes_again(spectrum, job):
    store.write(spectrum, CONTRACT, job, ABOUT)
    first = Path(job.output.nc).read_bytes()
    time.sleep(1.1)
    store.write(spectrum, CONTRACT, job, ABOUT)
    assert Path(job.output.nc).read_bytes() == first


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        (lambda ds: ds.rename(counts="count"), "counts: is absent"),
        (lambda ds: ds.rename(counts="count"), "count: is not in the contract"),
        (lambda ds: ds.transpose("energy", "x"), "dims"),
        (lambda ds: ds.assign(quality=ds["quality"].assign_attrs(units="eV")), "units 'eV'"),
        (lambda ds: ds.assign(quality=ds["quality"] * 1.0), "dtype float64"),
        (lambda ds: ds.drop_attrs(), "units None"),
        (lambda ds: ds.drop_vars("energy"), "energy: is absent"),
    ],
)
def test_write__refuses_a_breach_and_writes_nothing(spectrum, job, change, breach):
    broken = change(spectrum)
    with pytest.raises(ContractError, match=breach):
        store.write(broken, CONTRACT, job, ABOUT)
    assert not list(Path("results/b").glob("*a*.nc"))


def test_read__refuses_a_product_that_breaks_its_contract(spectrum, job):
    store.write(spectrum, CONTRACT, job, ABOUT)
    other = CONTRACT | {"counts": Var(("energy",), "1", "One spectrum.")}
    with pytest.raises(ContractError, match=r"a\.nc.*dims"):
        store.read(job.output.nc, other)


def test_read__notices_a_flipped_bit(spectrum, job):
    store.write(spectrum, CONTRACT, job, ABOUT)
    path = Path(job.output.nc)
    with netCDF4.Dataset(path) as file:
        assert file["counts"].filters()["fletcher32"]
    content = bytearray(path.read_bytes())
    packed = content.find(b"\x78\x01")  # a deflate stream: the compressed values
    assert packed > 0
    content[packed + 60] ^= 1
    path.write_bytes(content)
    with pytest.raises(ContractError, match="delete it and run again"):
        store.read(job.output.nc, CONTRACT)


def test_provenance__names_raw_bytes_and_parameters_but_no_path_host_or_clock(spectrum, job):
    store.write(spectrum, CONTRACT, job, ABOUT)
    found = store.provenance_of(job.output.nc)
    assert found["rule"] == "align"
    assert found["plan"]["step"]["settings"] == {"width_ev": 1.0}
    assert found["inputs"][0]["name"] == "raw.dm4"
    assert len(found["inputs"][0]["sha256"]) == 64
    assert str(Path.cwd()) not in str(found)
    before = store.identity_of(job.output.nc)
    Path("raw.dm4").write_bytes(b"other bytes")
    store.write(spectrum, CONTRACT, job, ABOUT)
    assert store.identity_of(job.output.nc) != before


def test_provenance__does_not_leak_into_derived_products(spectrum, job):
    store.write(spectrum, CONTRACT, job, ABOUT)
    back = store.read(job.output.nc, CONTRACT)
    identity = back.attrs["id"]
    job.rule = "other"
    store.write(back, CONTRACT, job, back.attrs)
    assert store.identity_of(job.output.nc) != identity


def test_tree__returns_what_was_written_without_the_provenance(job):
    panel = xr.Dataset({"size": ("bin", [1.0, 2.0], {"units": "nm"})}, attrs={"kind": "k"})
    store.write_tree(xr.DataTree.from_dict({"/a": panel}), job)
    back = store.read_tree(job.output.nc)
    assert list(back.children) == ["a"]
    assert back["a"].attrs["kind"] == "k"
    np.testing.assert_array_equal(back["a"]["size"], panel["size"])


def test_verify__refuses_a_raw_file_that_changed_during_the_run(tmp_path):
    raw = tmp_path / "a.dm4"
    raw.write_bytes(b"1")
    with pytest.raises(ContractError, match=r"a\.dm4: sha256 is"):
        store.verify([str(raw)], {"a.dm4": "0" * 64})


def test_replacing__an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.nc"
    path.write_text("old")

    def interrupted() -> None:
        with atomic.replacing(path) as partial:
            partial.write_text("ne")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        interrupted()
    assert [p.name for p in tmp_path.iterdir()] == ["a.nc"]
    assert path.read_text() == "old"


def test_replacing__a_killed_process_leaves_no_half_file_under_the_name(tmp_path):
    path = tmp_path / "a.nc"
    program = (
        "import sys, time; from pathlib import Path; from nanostitch import atomic\n"
        "with atomic.replacing(Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half'); print('written', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not path.exists()


MAP = {
    "counts": Var(("...", "energy"), "1", "Counts.", "any"),
    "energy": Var(("energy",), "eV", "Energy loss."),
}


def spectrum_map(counts: np.ndarray) -> xr.Dataset:
    return xr.Dataset(
        {"counts": (("y", "x", "energy"), counts, {"units": "1"})},
        {"energy": ("energy", np.arange(counts.shape[-1]) * 0.01, {"units": "eV"})},
    )


def counted(dtype: str, highest: int = 60000, lowest: int = 0) -> np.ndarray:
    counts = np.random.default_rng(3).poisson(3.0, (64, 64, 1024)).astype(dtype)
    counts[0, 0, 0], counts[5, 5, 5] = highest, lowest
    return counts


@pytest.mark.parametrize(
    ("counts", "stored"),
    [
        (counted("f4"), "uint16"),
        (counted("i4"), "uint16"),
        (counted("f8", highest=70000), "uint32"),
        (counted("i4", lowest=-3, highest=9), "int16"),
        (counted("f4", highest=9), "uint8"),
        (counted("u2"), "uint16"),
        (counted("f4") + np.float32(0.5), "float32"),
        (np.where(counted("f4") == 60000, np.nan, counted("f4")), "float32"),
        (counted("f8") + 1e12, "float64"),
    ],
    ids=["f4", "i4", "large", "negative", "small", "u2", "halves", "nan", "huge"],
)
def test_spectrum_image__is_stored_small_and_read_back_as_it_was(job, counts, stored):
    store.write(spectrum_map(counts), MAP, job, ABOUT)
    with netCDF4.Dataset(job.output.nc) as file:
        assert file["counts"].dtype == stored
        assert file["counts"].filters()["fletcher32"]
        assert file["counts"].chunking() == [16, 8, 256]
    back = store.read(job.output.nc, MAP)
    np.testing.assert_array_equal(back["counts"], counts)
    assert back["counts"].dtype == counts.dtype
    assert back["counts"].attrs == {"units": "1"}


def test_small_products__are_compressed_as_every_reader_can(spectrum, job):
    store.write(spectrum, CONTRACT, job, ABOUT)
    with netCDF4.Dataset(job.output.nc) as file:
        assert file["counts"].filters()["zlib"]


def test_spectrum_image__has_the_same_bytes_again(job):
    store.write(spectrum_map(counted("f4")), MAP, job, ABOUT)
    first = Path(job.output.nc).read_bytes()
    store.write(spectrum_map(counted("f4")), MAP, job, ABOUT)
    assert Path(job.output.nc).read_bytes() == first


def test_open_lazily__reads_only_what_is_used(job):
    counts = counted("f4")
    store.write(spectrum_map(counts), MAP, job, ABOUT)
    with store.open_lazily(job.output.nc, MAP) as product:
        assert not product["counts"].variable._in_memory
        np.testing.assert_array_equal(product["counts"][3:5, :, 7], counts[3:5, :, 7])
        assert not product["counts"].variable._in_memory
        assert product["counts"].attrs == {"units": "1"}


def test_open_lazily__refuses_what_is_no_product(tmp_path, spectrum, job):
    (tmp_path / "b.nc").write_bytes(b"no netCDF")
    for path, says in ((str(tmp_path / "b.nc"), "delete it"), (job.output.nc, "counts: dims")):
        store.write(spectrum, CONTRACT, job, ABOUT)
        other = CONTRACT | {"counts": Var(("energy",), "1", "One spectrum.")}
        with pytest.raises(ContractError, match=says), store.open_lazily(path, other):
            pass


def test_open_lazily__notices_damage_while_it_reads(job):
    store.write(spectrum_map(counted("f4")), MAP, job, ABOUT)
    content = bytearray(Path(job.output.nc).read_bytes())
    content[len(content) // 2] ^= 1
    Path(job.output.nc).write_bytes(content)
    with store.open_lazily(job.output.nc, MAP) as product:
        product["counts"][:1].to_numpy()
    damaged = pytest.raises(ContractError, match="delete it and run again")
    with damaged, store.open_lazily(job.output.nc, MAP) as product:
        product["counts"].to_numpy()


def test_open_lazily__leaves_errors_of_the_reader_alone(job):
    store.write(spectrum_map(counted("f4")), MAP, job, ABOUT)
    with pytest.raises(RuntimeError, match="mine"), store.open_lazily(job.output.nc, MAP):
        raise RuntimeError("mine")


def test_portable_copy__is_read_without_the_filter_and_holds_the_same(job, tmp_path):
    counts = counted("f4")
    store.write(spectrum_map(counts), MAP, job, ABOUT)
    target = tmp_path / "copy.nc"
    store.copy_portable(job.output.nc, str(target))
    with h5py.File(target) as file:  # HDF5 of its own, which has zlib alone
        np.testing.assert_array_equal(file["counts"], counts)
        assert file["counts"].dtype == "float32"
        assert file["counts"].compression == "gzip"
    np.testing.assert_array_equal(store.read(str(target), MAP)["counts"], counts)
    assert store.provenance_of(str(target)) == store.provenance_of(job.output.nc)
    assert store.identity_of(str(target)) == store.identity_of(job.output.nc)
