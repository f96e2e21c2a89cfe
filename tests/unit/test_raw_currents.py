"""Readers of sweeps and impedance: files of known content, real ones, and what cannot be read."""

import struct
from pathlib import Path

import numpy as np
import pytest

from nanostitch import raw
from nanostitch.errors import FormatError, NanostitchError

FREQUENCY = np.geomspace(1e5, 1.0, 12)
Z = 100 + 1 / (1 / 1e4 + 2j * np.pi * FREQUENCY * 1e-8)


def impedance(dataset):
    """Impedance from high to low frequency."""
    order = np.argsort(-dataset["frequency"].values)
    return (dataset["impedance_real"].values + 1j * dataset["impedance_imag"].values)[order]


def dfr(points=FREQUENCY.size, stated=None):
    rows = [f"VERSION8.0\n{stated or points}\n0"]
    for at, (f, z) in enumerate(zip(FREQUENCY[:points], Z[:points], strict=True)):
        numbers = (f, z.real, -z.imag, 0.0, 1e-9, 2.0 * at, 1, 2, 3)
        rows.append("\n".join(f"{one:.12g}" for one in numbers))
    return "\n".join(rows) + "\n"


def test_dfr__has_nine_lines_a_point_and_minus_the_imaginary_part(tmp_path):
    path = tmp_path / "film.dfr"
    path.write_text(dfr())
    assert np.allclose(impedance(raw.read(path, "eis", {}, None)), Z)


def test_dfr__that_ends_too_soon_is_refused(tmp_path):
    path = tmp_path / "film.dfr"
    path.write_text(dfr(points=8, stated=12))
    with pytest.raises(FormatError, match=r"says that it has 12 points, but 8.*truncated"):
        raw.read(path, "eis", {}, None)


def test_dfr__with_a_word_among_its_numbers_is_refused(tmp_path):
    path = tmp_path / "film.dfr"
    path.write_text(dfr().replace("100000\n", "overload\n", 1))
    with pytest.raises(FormatError, match=r"overload.*no number"):
        raw.read(path, "eis", {}, None)


@pytest.mark.parametrize("mark", [".", ","])
def test_fra_ascii__is_read_by_its_headings(tmp_path, mark):
    head = "Frequency/Hz\tZ'/Ohm\t-Z''/Ohm\tZ/Ohm\t-phase/deg\tTime/s\n"
    rows = [
        (f, z.real, -z.imag, abs(z), -np.degrees(np.angle(z)), 3.0 * at)
        for at, (f, z) in enumerate(zip(FREQUENCY, Z, strict=True))
    ]
    body = "\n".join("\t".join(f"{one:.9g}" for one in row) for row in rows)
    path = tmp_path / "film.txt"
    path.write_text(head + body.replace(".", mark) + "\n")
    assert np.allclose(impedance(raw.read(path, "eis", {}, None)), Z, rtol=1e-6)


PAR = """<Application>
Name=VersaStudio
</Application>

<Segment1>
Type=2
Definition=Segment #, Point #, E(V), I(A), Elapsed Time(s), Frequency(Hz), Z Real, Z Imag, 0
{rows}
</Segment1>
"""


def test_versastudio__is_read_by_the_definition_of_its_segment(tmp_path):
    rows = [
        f"0,{i},0,1E-6,{i},{f},{z.real},{z.imag}"
        for i, (f, z) in enumerate(zip(FREQUENCY, Z, strict=True))
    ]
    path = tmp_path / "film.par"
    path.write_text(PAR.format(rows="\n".join(rows)))
    assert np.allclose(impedance(raw.read(path, "eis", {}, None)), Z)
    path.write_text(PAR.format(rows="\n".join([*rows[:5], "0,5,0,1E-6"])))
    with pytest.raises(FormatError, match="8 columns, but a row of 4"):
        raw.read(path, "eis", {}, None)
    path.write_text(PAR.format(rows="\n".join(rows)).replace("</Segment1>", ""))
    with pytest.raises(FormatError, match="0 whole segments"):
        raw.read(path, "eis", {}, None)


@pytest.mark.parametrize(
    ("name", "head", "says"),
    [
        ("film.nox", b"\x00\x01NOVA", "Export ASCII data"),
        ("film.mpr", b"BIO-LOGIC MODULAR FILE\x1a", "Export as text"),
    ],
)
def test_closed_formats__are_refused_with_the_way_to_export(tmp_path, name, head, says):
    path = tmp_path / name
    path.write_bytes(head + bytes(100))
    with pytest.raises(FormatError, match=says):
        raw.read(path, "eis", {}, None)


def text(value):
    return struct.pack("<I", len(value)) + value.encode()


def tdms(channels, step=0.5, order="<", interleaved=False, chunks=1, unit=True):
    """Bytes of one segment with channels of float64."""
    meta = struct.pack(order + "I", len(channels))
    for name, (values, units) in channels.items():
        path = f"/'Sweep'/'{name}'"
        properties = [("wf_increment", step)] + ([("unit_string", units)] if unit else [])
        meta += struct.pack(order + "I", len(path)) + path.encode()
        meta += struct.pack(order + "IIIQ", 20, 10, 1, values.size // chunks)
        meta += struct.pack(order + "I", len(properties))
        for key, value in properties:
            meta += struct.pack(order + "I", len(key)) + key.encode()
            if isinstance(value, str):
                meta += struct.pack(order + "II", 0x20, len(value)) + value.encode()
            else:
                meta += struct.pack(order + "Id", 10, value)
    columns = [values.astype(order + "f8") for values, _ in channels.values()]
    if interleaved:
        body = np.stack(columns, axis=1).tobytes()
    else:
        parts = [np.split(one, chunks) for one in columns]
        body = b"".join(part[i].tobytes() for i in range(chunks) for part in parts)
    contents = 2 | 4 | 8 | (32 if interleaved else 0) | (64 if order == ">" else 0)
    head = b"TDSm" + struct.pack("<I", contents)
    head += struct.pack(order + "IQQ", 4713, len(meta) + len(body), len(meta))
    return head + meta + body


SWEEP = {
    "Voltage": (np.linspace(-1, 1, 24), "V"),
    "Current": (1e-9 * np.linspace(-1, 1, 24), "A"),
}


@pytest.mark.parametrize(
    "layout",
    [{}, {"order": ">"}, {"interleaved": True}, {"chunks": 3}],
    ids=["plain", "big endian", "interleaved", "in chunks"],
)
def test_tdms__gives_the_same_sweep_in_every_layout(tmp_path, layout):
    path = tmp_path / "sweep.tdms"
    path.write_bytes(tdms(SWEEP, **layout))
    found = raw.read(path, "iv", {}, None)
    assert np.array_equal(found["voltage"], SWEEP["Voltage"][0])
    assert np.array_equal(found["current"], SWEEP["Current"][0])
    assert np.allclose(found["time"], 0.5 * np.arange(24))


def test_tdms__of_several_segments_is_one_sweep(tmp_path):
    halves = [
        {k: (v[part], u) for k, (v, u) in SWEEP.items()} for part in (slice(0, 10), slice(10, 24))
    ]
    path = tmp_path / "sweep.tdms"
    path.write_bytes(b"".join(map(tdms, halves)))
    assert np.array_equal(raw.read(path, "iv", {}, None)["voltage"], SWEEP["Voltage"][0])


def test_tdms__without_units_is_read_as_told_or_refused(tmp_path):
    path = tmp_path / "sweep.tdms"
    path.write_bytes(tdms(SWEEP, unit=False))
    with pytest.raises(NanostitchError, match="states no unit"):
        raw.read(path, "iv", {}, None)
    told = {"headings": "voltage (V); current (nA)"}
    found = raw.read(path, "iv", told, None)
    assert np.allclose(found["current"], 1e-9 * SWEEP["Current"][0])


def test_tdms__cut_anywhere_ends_in_one_clear_error(tmp_path):
    path, whole = tmp_path / "sweep.tdms", tdms(SWEEP)
    for end in range(4, len(whole), 7):
        path.write_bytes(whole[:end])
        with pytest.raises(FormatError, match=r"sweep.tdms"):
            raw.read(path, "iv", {}, None)


def test_tdms__with_any_byte_changed_never_ends_in_a_traceback(tmp_path):
    path, whole = tmp_path / "sweep.tdms", tdms(SWEEP)
    for at in range(4, len(whole) - 384, 3):
        path.write_bytes(whole[:at] + b"\xff" + whole[at + 1 :])
        try:
            raw.read(path, "iv", {}, None)
        except NanostitchError:
            continue


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("raw1", "DAQmx"),
        ("Digital_Input", "no dataset is a voltage and a current"),
        ("big_endian", "Amplitude sweep; Phase sweep"),
        ("raw_timestamps", "no dataset is a voltage and a current"),
    ],
)
def test_tdms__of_other_measurements_is_opened_and_refused(realdata, name, says):
    with pytest.raises(FormatError, match=says):
        raw.read(realdata / f"iv/labview_tdms/{name}.tdms", "iv", {}, None)


def test_tdms__big_endian_has_its_known_length(realdata):
    (one,) = raw.contents(realdata / "iv/labview_tdms/big_endian.tdms")
    assert one.shape[0] == 3500


@pytest.mark.parametrize(
    ("name", "points", "first"),
    [
        ("exampleDataParstat.txt", 31, None),
        ("exampleDataVersaStudio.par", 61, 55.31571 + 4.575431j),
        ("exampleDataPowersuite.txt", 30, None),
        ("exampleDataCHInstruments.txt", 73, None),
        ("exampleDataZPlot_noComments.z", 31, None),
    ],
)
def test_vendors__have_their_known_points(realdata, name, points, first):
    found = raw.read(realdata / "eis/vendors" / name, "eis", {}, None)
    assert found.sizes["frequency"] == points
    if first is not None:
        assert impedance(found)[0] == pytest.approx(first)


def test_parstat__begins_where_its_direct_current_ends(realdata):
    """781 rows of a discharge at frequency 0 stand above the spectrum from 10 kHz to 10 Hz."""
    found = raw.read(realdata / "eis/vendors/exampleDataParstat.txt", "eis", {}, None)
    assert float(found["frequency"][0]) == pytest.approx(10.0)
    assert float(found["frequency"][-1]) == pytest.approx(1e4)


def test_missing_frequency__is_refused(realdata):
    path = realdata / "malformed/eis/exampleDataBioLogic_MissingFreq.mpt"
    with pytest.raises(FormatError, match="names columns that are known"):
        raw.read(path, "eis", {}, None)


def test_aborted_run__keeps_the_points_before_it(realdata):
    path = realdata / "malformed/eis/exampleDataGamryABORT.DTA"
    assert raw.read(path, "eis", {}, None).sizes["frequency"] == 72


VARIANTS = {
    "data-comma-decimal-separator": "f (Hz); Z' (ohm); Z'' (ohm)",
    "data-semicolon": "f (Hz); Z' (ohm); Z'' (ohm)",
    "data-space": "f (Hz); Z' (ohm); Z'' (ohm)",
    "data-tab": "f (Hz); Z' (ohm); Z'' (ohm)",
    "data-header-variant-1": "f (Hz); Z' (ohm); Z'' (ohm)",
    "data-header-variant-2": "f (Hz); Z' (ohm); -Z'' (ohm)",
    "data-header-variant-3": "f (Hz); Z' (ohm); Z'' (ohm)",
    "data-header-variant-4": "f (Hz); |Z| (ohm); -phase (degree)",
    "case-negative-real-imaginary": "f (Hz); -Z' (ohm); -Z'' (ohm)",
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants__are_one_spectrum_that_two_arcs_explain(realdata, name):
    """100 ohm, 200 ohm with 0.8 uF, 500 ohm with a Warburg element of 4e-4 S s^0.5."""
    path = realdata / f"malformed/eis_variants/{name}.csv"
    with pytest.raises(NanostitchError, match="states no unit of frequency"):
        raw.read(path, "eis", {}, None)
    found = raw.read(path, "eis", {"headings": VARIANTS[name]}, None)
    s = 2j * np.pi * np.sort(found["frequency"].values)[::-1]
    exact = 100 + 1 / (1 / 200 + s * 0.8e-6) + 1 / (1 / 500 + 4e-4 * np.sqrt(s))
    assert np.allclose(impedance(found), exact, rtol=1e-3)


def test_solar_simulator__gives_currents_of_every_curve(realdata):
    (path,) = (realdata / "iv/hzb_keithley").glob("HZB_MiGo*")
    with pytest.raises(FormatError, match="6 datasets could be iv.*\n.*b_rev"):
        raw.read(path, "iv", {}, None)
    found = raw.read(path, "iv", {}, "c_for")
    assert found.sizes["point"] == 73
    assert float(found["voltage"][0]) == 1.25
    assert float(found["current"][0]) == pytest.approx(15.63378e-3 * 0.16, rel=1e-5)
    assert found.attrs["active_area_cm2"] == 0.16
    assert found.attrs["irradiance_w_per_m2"] == 1000.0


def test_pixel_scanner__has_a_voltage_for_each_curve(realdata):
    (path,) = (realdata / "iv/hzb_keithley").glob("SE-ALM*")
    assert len(raw.contents(path)) == 24
    reverse = raw.read(path, "iv", {}, "a_Reverse_Dark")
    assert float(reverse["voltage"][0]) == pytest.approx(1.2)
    assert float(reverse["current"][0]) == pytest.approx(0.25762722916666664e-3 * 0.16)


SIMULATOR = """Keithley, SerialNo, Firmware:\tKEITHLEY
active area [cm2]:\t{areas}
Voltage\ta_rev\tb_rev
[V]\t[mA/cm2]\t[mA/cm2]
1.0\t2.0\t4.0
0.5\t1.0\t2.0
0.0\t0.1\t{last}
"""


def test_solar_simulator__uses_the_area_of_each_pixel(tmp_path: Path):
    path = tmp_path / "cells.txt"
    path.write_text(SIMULATOR.format(areas="0.5\t0.25", last="0.2"))
    currents = [raw.read(path, "iv", {}, name)["current"].values[0] for name in ("a_rev", "b_rev")]
    assert currents == pytest.approx([1e-3, 1e-3])


@pytest.mark.parametrize(
    ("areas", "last", "says"),
    [("0.5\t0.2\t0.1", "0.2", "areas"), ("", "0.2", "areas"), ("0.5", "over", "no row of numbers")],
)
def test_solar_simulator__without_areas_or_numbers_is_refused(tmp_path, areas, last, says):
    path = tmp_path / "cells.txt"
    path.write_text(SIMULATOR.format(areas=areas, last=last))
    with pytest.raises(FormatError, match=says):
        raw.read(path, "iv", {}, "a_rev")
