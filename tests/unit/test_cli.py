"""The command line: exit codes, drafts that validate, looks at files."""

from pathlib import Path

import numpy as np
import pytest
import rawfiles
from matplotlib.image import imread

from nanostitch import batch, cli


@pytest.fixture
def raw_dir(tmp_path: Path) -> Path:
    """A microscopist's folder: an image, a spectrum, a text of numbers, notes, rubbish."""
    folder = tmp_path / "Messung Mai [1] µ"
    (folder / "sub").mkdir(parents=True)
    rawfiles.write(folder / "Image 1.dm4", "overview", pixel_size_nm=0.4, pixels=64)
    rawfiles.write(folder / "sub/Spectrum (fresh).dm4", "spectrum", channels=256)
    (folder / "scan.txt").write_text("\n".join(f"{x / 100}\t{x}" for x in range(100)))
    (folder / "notes.txt").write_text("The grid was bent, 3 squares broken.\n")
    (folder / "broken.dm4").write_bytes(b"\x00\x00\x00\x04rubbish")
    return folder


def test_new_batch__drafts_sheets_that_check_accepts(raw_dir, tmp_path, capsys):
    assert cli.main(["new-batch", str(raw_dir), "--output", str(tmp_path / "may")]) == 0
    printed = capsys.readouterr()
    assert "broken.dm4" in printed.err
    drafted = batch.load(tmp_path / "may")
    found = {(a.path.name, a.technique) for a in drafted.acquisitions.values()}
    assert {("Image 1.dm4", "adf"), ("Spectrum (fresh).dm4", "eels")} <= found
    assert "notes.txt" not in {name for name, _ in found}
    assert "notes.txt" not in printed.err
    assert cli.main(["check", str(tmp_path / "may"), "--sheets-only"]) == 0


def test_check__names_what_a_raw_file_lacks(raw_dir, tmp_path, capsys):
    cli.main(["new-batch", str(raw_dir), "--output", str(tmp_path / "may")])
    capsys.readouterr()
    assert cli.main(["check", str(tmp_path / "may")]) == 1
    error = capsys.readouterr().err
    assert "scan.txt" in error
    assert "acquisitions.tsv" in error


def test_new_batch__never_overwrites_and_leaves_nothing_on_failure(raw_dir, tmp_path):
    target = tmp_path / "may"
    target.mkdir()
    assert cli.main(["new-batch", str(raw_dir), "--output", str(target)]) == 1
    assert list(target.iterdir()) == []
    assert cli.main(["new-batch", str(raw_dir), "--output", str(tmp_path / "Not An Id")]) == 1
    empty = tmp_path / "empty"
    empty.mkdir()
    assert cli.main(["new-batch", str(empty), "--output", str(tmp_path / "none")]) == 1
    assert not (tmp_path / "none").exists()


def test_show__prints_shape_axes_units_and_metadata(raw_dir, tmp_path, capsys):
    picture = tmp_path / "look.png"
    assert cli.main(["show", str(raw_dir / "Image 1.dm4"), "--png", str(picture)]) == 0
    printed = capsys.readouterr().out
    for word in ("(64, 64)", "0.4 nm", "beam_energy_kev: 60", "adf"):
        assert word in printed
    assert np.ptp(imread(picture)) > 0.5


def test_show__refuses_what_it_cannot_read_in_one_line(raw_dir, capsys):
    for name in ("broken.dm4", "absent.dm4", "notes.txt"):
        assert cli.main(["show", str(raw_dir / name)]) == 1
        error = capsys.readouterr().err
        assert name in error
        assert "Traceback" not in error


def test_show__refuses_a_broken_product_in_one_line(tmp_path, capsys):
    path = tmp_path / "a.nc"
    path.write_bytes(b"not netCDF")
    assert cli.main(["show", str(path)]) == 1
    assert "a.nc" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["fly"], ["show"], ["check", "--fast", "x"]])
def test_misuse__exits_with_2(arguments):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2


def test_show__never_draws_over_the_file_that_it_shows(raw_dir):
    for name in ("Image 1.dm4", "picture.png"):
        path = raw_dir / name
        if not path.exists():
            path.write_bytes(b"a picture of the user")
        before = path.read_bytes()
        assert cli.main(["show", str(path), "--png", str(path)]) == 1
        assert path.read_bytes() == before


def test_defect__is_one_line_that_says_how_to_see_more(monkeypatch, capsys):
    def broken(path):
        raise ValueError("7 is not\n8")

    monkeypatch.setattr("nanostitch.show.describe", broken)
    assert cli.main(["show", "a.dm4"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "a defect of nanostitch" in line
    assert "ValueError: 7 is not 8" in line
    assert "--debug" in line
    with pytest.raises(ValueError, match="7 is not"):
        cli.main(["--debug", "show", "a.dm4"])
