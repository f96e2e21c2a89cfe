"""Tables that could be misread, are told wrongly or are damaged end in one clear error."""

import contextlib
import random
import time
from pathlib import Path

import numpy as np
import pytest
from curve_tables import (
    COLUMNS,
    FREQUENCY,
    PL,
    TRUTH,
    Z,
    headless,
    lvm,
    nova,
    perkin_elmer,
    read,
    same,
    save,
    table,
)

from nanostitch import contracts, raw
from nanostitch.contracts.raw import RAW
from nanostitch.errors import FormatError, NanostitchError


@pytest.mark.parametrize(
    ("technique", "told", "says"),
    [
        ("pl", {"headings": "wavelength (nm)"}, "names no pl"),
        ("pl", {"headings": "wavelength (nm); intensity; -"}, "no row of numbers for 3 columns"),
        ("pl", {"headings": "wavelength (furlong); intensity"}, "'furlong'"),
        ("pl", {"beam_energy_kev": 60.0}, "beam_energy_kev.*clear the cell"),
        ("iv", {"energy_unit": "eV"}, "energy_unit.*clear the cell"),
        ("eels", {"headings": "energy (eV); counts"}, "headings.*clear the cell"),
    ],
)
def test_told__that_cannot_hold_is_refused(
    tmp_path: Path, technique: str, told: dict, says: str
) -> None:
    with pytest.raises(NanostitchError, match=f"curve.txt.*{says}"):
        raw.read(save(tmp_path, headless("pl")), technique, told, None)


SWEEPS = table({"Frequency (Hz)": FREQUENCY, "Z' (ohm)": Z.real, "Z'' (ohm)": Z.imag})


@pytest.mark.parametrize("headings_again", [False, True])
def test_several_sweeps__are_refused_unless_one_is_named(
    tmp_path: Path, headings_again: bool
) -> None:
    second = table({"Frequency (Hz)": FREQUENCY, "Z' (ohm)": 2 * Z.real, "Z'' (ohm)": 2 * Z.imag})
    path = save(tmp_path, SWEEPS + (second if headings_again else second.partition("\n")[2]))

    with pytest.raises(FormatError, match="2 datasets could be eis; name one in column dataset"):
        raw.read(path, "eis", {}, None)
    for index, factor in enumerate((1, 2)):
        dataset = raw.read(path, "eis", {}, str(index))
        np.testing.assert_allclose(dataset["impedance_real"], factor * Z.real, rtol=1e-9)
    titles = [content.title for content in raw.contents(path)]
    assert len(set(titles)) == 2
    assert raw.read(path, "eis", {}, titles[1]).attrs["title"] == titles[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (PL + "700,5;3\n", "line 33"),
        (PL.replace("5.200000000000e+02", "x"), "line 14"),
        (PL.replace("5.200000000000e+02\t", "5.200000000000e+02\t\t"), "line 14"),
        (PL.replace("5.200000000000e+02", "5.100000000000e+02"), "neither rises nor falls|sweep"),
        (PL.replace("4.000000000000e+02", "0.000000000000e+00"), "must be positive"),
        (PL.replace("4.000000000000e+02", "nan"), "must be positive"),
        ("\n".join(PL.split("\n")[:3]), "3 points or more"),
        (PL.split("\n")[0] + "\n", "no row of numbers"),
        (PL + "\n\n" + PL.split("\n")[0], "no row of numbers"),
        (table(COLUMNS["pl"], ";", ",").replace(";", ","), "both decimal marks and delimiters"),
        ("Wavelength (nm);Counts\n400;1,500\n410;2,500\n420;3,500\n", "thousands"),
        ("Wavelength (nm);Counts\n400;1,5\n410;2.5\n420;3,5\n", "line 3.*one decimal mark"),
        ("Wavelength (nm);Counts\n400;1_0\n410;2_5\n420;3_5\n", "no row of numbers"),
        ('{"Wavelength (nm)": [1, 2, 3], "Counts": [1, 2, 3]}', "JSON"),
        ("<a>\nWavelength (nm);Counts\n400;1\n410;2\n420;3\n", "XML"),
    ],
)
def test_table__that_could_be_misread_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(NanostitchError, match=f"(?s)curve.txt.*({says})"):
        read(tmp_path, text, "pl")


def test_words__around_a_table_lose_nothing(tmp_path: Path) -> None:
    lines = PL.strip().split("\n")
    text = "\n".join(["Wavelength scan", *lines[:9], "# paused", "", *lines[9:], "end of data"])
    same(read(tmp_path, text, "pl"), TRUTH["pl"])


def test_hostile_sizes__end_soon_and_clearly(tmp_path: Path, monkeypatch) -> None:
    many = "Wavelength (nm)\tCounts\n" + "400\t1\n" * 20_001
    wide = "\t".join(["Wavelength (nm)", "Counts"] * 200_000) + "\n" + PL
    deep = "(" * 100_000 + "Wavelength (nm)\tCounts\n" + PL
    lines = "x\n" * 1_000_001
    monkeypatch.setattr("nanostitch.raw.rows.MAX_ROWS", 20_000)
    for text, says in ((many, "20000 rows"), (wide, None), (deep, None), (lines, "lines")):
        start = time.monotonic()
        if says is None:
            same(read(tmp_path, text, "pl"), TRUTH["pl"])
        else:
            with pytest.raises(FormatError, match=f"curve.txt.*{says}"):
                read(tmp_path, text, "pl")
        assert time.monotonic() - start < 5
    monkeypatch.setattr("nanostitch.raw.tables._MAX_BYTES", 100)
    with pytest.raises(FormatError, match="curve.txt.*100"):
        read(tmp_path, PL, "pl")


@pytest.mark.parametrize("seed", range(8))
def test_mutation__ends_in_an_error_or_a_dataset(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    texts = [*map(table, COLUMNS.values()), perkin_elmer(), lvm("Multi"), nova("\t", ",", "Ω")]
    for text in texts:
        content = bytearray(text.encode())
        for _ in range(rng.randrange(1, 12)):
            content[rng.randrange(len(content))] = rng.choice(b"\t;,.-\n\x000e9xZ\xff")
        path = tmp_path / "a.txt"
        path.write_bytes(bytes(content[: rng.randrange(len(content))]) if seed % 2 else content)
        for technique in raw.TECHNIQUES:
            with contextlib.suppress(NanostitchError):
                dataset = raw.read(path, technique, {}, None)
                contracts.check(dataset, RAW[technique], technique)
