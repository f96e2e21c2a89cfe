"""Pixel spectra in blocks: the same whatever the blocks, moved by whole channels only."""

import numpy as np
import pytest
import xarray as xr

from nanostitch import schema
from nanostitch.eels import blocks, zero_loss
from nanostitch.eels.sums import Sums

SETTINGS = schema.with_defaults({}, schema.load("eels"))["zero_loss"]
ENERGY = -0.5 + 0.01 * np.arange(400)
CENTRES = np.random.default_rng(1).uniform(-0.05, 0.05, (5, 7))


def gaussian(centres: np.ndarray, electrons: float = 1e6, fwhm: float = 0.05) -> np.ndarray:
    away = ENERGY - np.asarray(centres)[..., None]
    height = electrons * 0.01 * np.sqrt(4 * np.log(2) / np.pi) / fwhm
    return height * np.exp(-4 * np.log(2) * (away / fwhm) ** 2)


def raw(counts: np.ndarray) -> xr.Dataset:
    dims = ("y", "x")[3 - counts.ndim :] if counts.ndim > 1 else ()
    axis = ("energy", ENERGY, {"units": "eV"})
    return xr.Dataset({"counts": ((*dims, "energy"), counts, {"units": "1"})}, {"energy": axis})


@pytest.fixture(scope="module")
def spectra() -> xr.Dataset:
    counts = np.random.default_rng(2).poisson(gaussian(CENTRES) + 5.0)
    counts[2, 3, 200] += 2000
    counts[4, 4] = 1
    return raw(counts)


@pytest.fixture(scope="module")
def aligned(spectra: xr.Dataset) -> xr.Dataset:
    return zero_loss.align(spectra, **SETTINGS)


def joined(spectra: xr.Dataset, aligned: xr.Dataset, pixels: int) -> blocks.Block:
    found = list(blocks.pixel_blocks(spectra, aligned, (-0.2, 1.0), pixels=pixels))
    assert [b.first for b in found] == np.cumsum([0, *(len(b.counts) for b in found)])[:-1].tolist()
    return blocks.Block(
        0,
        np.concatenate([b.counts for b in found]),
        found[0].energy,
        np.concatenate([b.shift_ev for b in found]),
    )


def test_sums__are_those_of_the_blocks(spectra, aligned):
    """Spike replaced; a pixel without a peak has none; read in ranges, whatever the blocks."""
    (block,) = blocks.pixel_blocks(spectra, aligned, (-np.inf, np.inf), pixels=1000)
    np.testing.assert_array_equal(blocks.axis_of(spectra, aligned), block.energy)
    assert aligned.sizes["spike"] > 0
    assert not np.isfinite(block.shift_ev).all()
    everything = slice(0, block.energy.size)
    for ranges in ([everything], [slice(20, 90), slice(150, 300)], [slice(150, 250), slice(0, 0)]):
        for pixels in (7, 1000):
            found = blocks.sums(spectra, aligned, ranges, pixels=pixels)
            wanted = [block.counts[:, part].sum(axis=1) for part in ranges]
            known = np.isfinite(block.shift_ev)
            np.testing.assert_allclose(found[:, known], np.array(wanted)[:, known], rtol=1e-14)
            assert np.isnan(found[:, ~known]).all()


def test_blocks__of_which_no_pixel_is_wanted_are_left_out(spectra, aligned):
    wanted = np.zeros(aligned["zlp_offset"].size, bool)
    wanted[[8, 30]] = True  # of the second and the last line of seven
    every = list(blocks.pixel_blocks(spectra, aligned, (-0.2, 1.0), pixels=7))
    some = list(blocks.pixel_blocks(spectra, aligned, (-0.2, 1.0), pixels=7, wanted=wanted))
    assert [block.first for block in some] == [7, 28]
    for block, same in zip(some, (every[1], every[4]), strict=True):
        np.testing.assert_array_equal(block.counts, same.counts)


def test_blocks__do_not_depend_on_their_size(spectra, aligned):
    whole = joined(spectra, aligned, 1000)
    for pixels in (1, 7, 14, 20):
        part = joined(spectra, aligned, pixels)
        np.testing.assert_array_equal(part.counts, whole.counts)
        np.testing.assert_array_equal(part.shift_ev, whole.shift_ev)
        np.testing.assert_array_equal(part.energy, whole.energy)


def test_blocks__hold_recorded_counts_around_the_peak(spectra, aligned):
    block = joined(spectra, aligned, 14)
    recorded = spectra["counts"].values.reshape(-1, ENERGY.size)
    offset = aligned["zlp_offset"].values.ravel()
    for pixel in (0, 10, 30):
        # Of the raw axis: the channel of the block's zero is the one nearest to the peak.
        start = np.abs(ENERGY - offset[pixel]).argmin() + round(block.energy[0] / 0.01)
        stop = start + block.energy.size
        np.testing.assert_array_equal(block.counts[pixel], recorded[pixel, start:stop])
        shifted = ENERGY[start:stop] - offset[pixel]
        np.testing.assert_allclose(block.energy - block.shift_ev[pixel], shifted, atol=1e-12)
    assert np.nanmax(np.abs(block.shift_ev)) <= 0.005 + 1e-12


def test_blocks__have_no_spikes_and_no_spectrum_without_a_peak(spectra, aligned):
    block = joined(spectra, aligned, 14)
    assert np.isnan(block.counts[32]).all()
    assert np.isnan(block.shift_ev[32])
    assert block.counts[2 * 7 + 3, block.energy > 0.5].max() < 100
    assert blocks.usable(aligned).sum() == 34


def test_blocks__of_one_spectrum_and_of_a_line():
    line = raw(gaussian(np.array([0.003, -0.012, 0.04])))
    found = list(
        blocks.pixel_blocks(line, zero_loss.align(line, **SETTINGS), (-0.1, 0.3), pixels=2)
    )
    assert [len(b.counts) for b in found] == [2, 1]
    one = raw(gaussian(np.array(0.013)))
    (block,) = blocks.pixel_blocks(one, zero_loss.align(one, **SETTINGS), (-0.1, 0.3))
    assert block.counts.shape == (1, 41)
    assert block.shift_ev[0] == pytest.approx(0.003, abs=1e-5)


def test_window__beyond_the_axis_is_cut_to_what_all_spectra_cover(spectra, aligned):
    (block,) = blocks.pixel_blocks(spectra, aligned, (-9.0, 99.0))
    assert block.energy[0] >= float(aligned["energy"][0]) - 1e-9
    assert block.energy[-1] <= float(aligned["energy"][-1]) + 1e-9
    assert np.isfinite(block.counts[blocks.usable(aligned)]).all()


def test_raw_blocks__are_the_file_in_order(spectra):
    found = np.concatenate([b.counts for b in blocks.raw_blocks(spectra, pixels=14)])
    np.testing.assert_array_equal(found, spectra["counts"].values.reshape(-1, ENERGY.size))


def test_failure_to_read__reaches_the_one_who_asked(spectra, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise OSError("disk gone")

    monkeypatch.setattr(xr.DataArray, "to_numpy", broken)
    with pytest.raises(OSError, match="disk gone"):
        list(blocks.raw_blocks(spectra))


@pytest.mark.parametrize("shift", [-0.5, -0.31, 0.0, 0.17, 0.5])
def test_moved_sum__keeps_counts_and_mean_energy_and_meets_the_shape(shift):
    at = np.array([50 + shift])
    spectrum = gaussian(np.array(-0.5 + 0.01 * at))
    sums = Sums(1, ENERGY.size)
    sums.add(spectrum, at, np.ones((1, 1), bool))
    (moved,), channel = sums.read(at)
    assert moved.sum() == pytest.approx(spectrum.sum(), rel=1e-12)
    assert (moved @ channel) / moved.sum() == pytest.approx(0, abs=1e-9)
    exact = gaussian(np.array(0.0)).max() * 2.0 ** (-4 * (channel / 5) ** 2)
    assert np.abs(moved - exact).max() < 1e-3 * exact.max()


def test_moved_sums__of_many_spectra_keep_the_noise_of_counts():
    random = np.random.default_rng(3)
    at = random.uniform(45, 55, 4000)
    sums = Sums(1, ENERGY.size)
    sums.add(random.poisson(100.0, (4000, ENERGY.size)).astype(float), at, np.ones((1, 4000), bool))
    (moved,), _ = sums.read(at)
    assert moved.mean() == pytest.approx(4e5, abs=4 * np.sqrt(4e5 / moved.size))
    # Sums over ten channels: as many electrons as there are.
    tens = moved[: moved.size // 10 * 10].reshape(-1, 10).sum(axis=1)
    assert tens.var() == pytest.approx(4e6, rel=0.75)  # 38 sums: three standard errors


def test_taking_spectra_away__undoes_adding_them():
    random = np.random.default_rng(4)
    at, both = np.array([50.2, 53.7]), np.ones((1, 2), bool)
    spectra = random.poisson(gaussian(-0.5 + 0.01 * at)).astype(float)
    one, two = Sums(1, ENERGY.size), Sums(1, ENERGY.size)
    one.add(spectra[:1], at[:1], both[:, :1])
    two.add(spectra, at, both)
    two.add(spectra, np.array([np.nan, at[1]]), both, weight=-1.0)
    np.testing.assert_allclose(two.read(at[:1])[0], one.read(at[:1])[0], atol=1e-6)
