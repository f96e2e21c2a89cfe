"""EMSA/MAS files of the laboratory: what is written is what libraries and the door read."""

import numpy as np
import pytest
import rsciio.msa
from specimens import square_layer

from nanostitch import laboratory, raw, schema
from nanostitch.simulate.files import emsa
from nanostitch.simulate.instruments import vacuum
from nanostitch.simulate.recording import Axis, Recording

COUNTS = np.random.default_rng(5).poisson(40, 300).astype(np.int32)
LOSS = Recording(
    COUNTS,
    (Axis("energy", -0.82, 0.01, "eV"),),
    "EELS spectrum",
    {
        "beam_energy_kev": 60.0,
        "convergence_mrad": 25.0,
        "collection_mrad": 30.0,
        "exposure_s": 3.2,
        "specimen": "grid1",
        "spectrometer": "made up",
    },
)
XRAY = Recording(
    COUNTS,
    (Axis("Energy", -0.2, 0.01, "keV"),),
    "EDS",
    {
        "beam_energy_kev": 200.0,
        "live_time_s": 60.0,
        "real_time_s": 66.0,
        "elevation_deg": 25.0,
        "microscope": "made up",
    },
)


@pytest.mark.parametrize(("recording", "kind"), [(LOSS, "EELS"), (XRAY, "EDS_TEM")])
def test_library__reads_counts_calibration_and_kind(tmp_path, recording, kind):
    emsa.write(tmp_path / "a.msa", recording)
    (found,) = rsciio.msa.file_reader(str(tmp_path / "a.msa"))
    axis, told = found["axes"][0], recording.axes[0]
    np.testing.assert_array_equal(found["data"], COUNTS)
    assert axis["scale"] == pytest.approx(told.step)
    assert axis["offset"] == pytest.approx(told.start)
    assert axis["units"] == told.units
    assert found["metadata"]["Signal"]["signal_type"] == kind
    microscope = found["metadata"]["Acquisition_instrument"]
    microscope = microscope.get("TEM") or microscope["SEM"]
    assert microscope["beam_energy"] == recording.metadata["beam_energy_kev"]


@pytest.mark.parametrize(
    ("recording", "technique", "told"),
    [
        (LOSS, "eels", {"convergence_mrad": 25, "collection_mrad": 30, "exposure_s": 3.2}),
        (XRAY, "edx", {"live_time_s": 60, "real_time_s": 66, "elevation_angle_degree": 25}),
    ],
)
def test_door__reads_counts_axis_and_settings(tmp_path, recording, technique, told):
    emsa.write(tmp_path / "a.msa", recording)
    found = raw.read(tmp_path / "a.msa", technique, {}, None)
    axis = recording.axes[0]
    np.testing.assert_array_equal(found["counts"], COUNTS)
    np.testing.assert_allclose(found["energy"], axis.start + axis.step * np.arange(COUNTS.size))
    assert found["energy"].attrs["units"] == axis.units
    for name, value in told.items():
        assert found.attrs[name] == pytest.approx(value)
    assert found.attrs["reader_warnings"] == ""


def test_vacuum_reference__passes_the_door_unchanged(tmp_path):
    settings = schema.with_defaults({}, laboratory.schema_of("vacuum"))
    made, _ = vacuum.record(square_layer(), np.random.default_rng(1), **settings)
    emsa.write(tmp_path / "vacuum.msa", made)
    found = raw.read(tmp_path / "vacuum.msa", "eels", {}, None)
    np.testing.assert_array_equal(found["counts"], made.data)


def test_bytes__repeat_and_know_no_path(tmp_path):
    for name in ("a.msa", "b.msa"):
        emsa.write(tmp_path / name, LOSS)
    first, second = ((tmp_path / name).read_bytes() for name in ("a.msa", "b.msa"))
    assert first == second
    assert str(tmp_path).encode() not in first
    assert first.startswith(b"#FORMAT      : EMSA/MAS Spectral Data File\r\n#VERSION     : 1.0\r\n")
    assert first.endswith(b"#ENDOFDATA   : \r\n")


@pytest.mark.parametrize(
    ("data", "axes", "signal"),
    [
        (np.zeros((2, 3)), (Axis("x", 0, 1, "nm"), Axis("e", 0, 1, "eV")), "EELS line scan"),
        (np.zeros(3), (Axis("x", 0, 1, "nm"),), "ADF"),
    ],
)
def test_what_is_no_spectrum__is_refused_and_leaves_no_file(tmp_path, data, axes, signal):
    with pytest.raises(ValueError, match=signal):
        emsa.write(tmp_path / "a.msa", Recording(data, axes, signal))
    assert list(tmp_path.iterdir()) == []
