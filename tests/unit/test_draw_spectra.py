"""Panels of low-loss spectra and band gaps: the numbers that are plotted."""

import numpy as np
from scan_panels import FWHM_EV, one_panel, panel_a, spectrum

from nanostitch.draw import kinds


def test_spectra__do_not_depend_on_gain_and_average_to_one_where_normalised():
    weak, strong = spectrum("weak"), spectrum("strong", gain=1000.0)
    data = panel_a(one_panel("spectra"), [*weak, *strong])
    np.testing.assert_allclose(data["intensity"][0], data["intensity"][1])
    np.testing.assert_allclose(data["derivative"][0], data["derivative"][1])
    at_end = data["energy"] >= 4.0 - 0.2 * 2.5 - 1e-9
    np.testing.assert_allclose(data["intensity"].where(at_end).mean("channel"), 1.0)


def test_spectra__derivative_is_that_of_the_drawn_curve():
    data = panel_a(one_panel("spectra", energy_window_ev=[2.6, 4.0]), spectrum()).isel(
        acquisition=0
    )
    drawn = np.gradient(data["intensity"].values, data["energy"].values)
    np.testing.assert_allclose(drawn[1:-1], data["derivative"].values[1:-1], rtol=1e-6)


def test_spectra__relative_uncertainty_falls_with_the_root_of_the_spectra_added_up():
    one, many = spectrum("one"), spectrum("many", spectra=16)
    data = panel_a(one_panel("spectra"), [*one, *many])
    np.testing.assert_allclose(data["intensity"][0], data["intensity"][1])
    ratio = data["intensity_uncertainty"][0] / data["intensity_uncertainty"][1]
    np.testing.assert_allclose(ratio, 4.0)


def test_spectra__name_what_they_leave_out_and_why():
    bad = spectrum("lost", reasons={"no zero-loss peak": "bad"})
    short = [p.isel(energy=slice(0, 300)) for p in spectrum("short")]
    data = panel_a(one_panel("spectra"), [*spectrum("kept"), *bad, *short])
    assert list(data["acquisition"].values) == ["kept"]
    assert "not drawn (no zero-loss peak): lost" in data.attrs["notes"]
    assert "no signal between 3.5 and 4 eV to normalise by): short" in data.attrs["notes"]


def test_spectra__zero_loss_width_is_stated_in_mev():
    data = panel_a(one_panel("spectra"), spectrum())
    np.testing.assert_allclose(data["zlp_fwhm"], 1000 * FWHM_EV)


def test_band_gap__is_the_product_with_its_interval():
    data = panel_a(one_panel("band_gap"), spectrum(gap=2.39)).sel(estimator="onset_fit")
    values = [data[f"band_gap{end}"].item() for end in ("", "_lower", "_upper")]
    np.testing.assert_allclose(values, [2.39, 2.37, 2.42])
    assert data["status"].item() == 0


def test_regions__have_colours_and_gaps_of_their_own():
    products = [*spectrum("s1", regions=("all", "left")), *spectrum("s2", "merged")]
    for kind in ("spectra", "band_gap"):
        data = panel_a(one_panel(kind, regions=["all", "left"]), products)
        drawn = list(data["acquisition"].values)
        if kind == "spectra":
            assert drawn == ["s1", "s1 left", "s2"]
            assert "not drawn (no region left, only all): s2 left" in data.attrs["notes"]
            gaps = data["band_gap"].values
        else:
            assert drawn == ["s1", "s1 left", "s2", "s2 left"]
            assert "refused (no region left, only all): s2 left" in data.attrs["notes"]
            gaps = data["band_gap"].sel(estimator="onset_fit").values[:3]
        np.testing.assert_allclose(gaps, [2.45, 2.55, 2.45])
        assert len(set(data["condition_rank"].values)) == len(drawn)
        labels = ["Fresh, all", "Fresh, left", "Merged, all"]
        assert list(data["condition_label"].values)[:3] == labels


def test_band_gap__lists_what_is_refused_with_its_reason():
    bad = spectrum("lost", reasons={"no zero-loss peak": "bad"})
    doubtful = spectrum("poor", reasons={"tail too high": "doubtful"})
    data = panel_a(one_panel("band_gap"), [*spectrum("kept"), *bad, *doubtful])
    assert data["status"].values.tolist() == [[0, 2, 2], [2, 2, 2], [1, 2, 2]]
    assert np.isnan(data["band_gap"].where(data["status"] == 2)).all()
    lines = data.attrs["notes"].splitlines()
    both = "derivative, linear"
    assert f"refused (no onset): kept {both}; poor {both}" in lines
    assert "refused (no zero-loss peak): lost" in lines
    assert "doubtful (tail too high): poor onset fit" in lines


def test_band_gap__an_estimator_that_the_product_lacks_is_refused():
    *others, gaps = spectrum()
    gaps = gaps.sel(estimator=["onset_fit"])
    data = panel_a(one_panel("band_gap", estimators=["derivative", "onset_fit"]), [*others, gaps])
    assert data["status"].values.tolist() == [[2, 0]]
    assert data.attrs["notes"] == "refused (not measured): spectrum_1 derivative"


def test_band_gap__offers_only_estimators_that_are_measured():
    measured = set(spectrum()[2]["estimator"].values)
    offered = kinds.KINDS["band_gap"].options["estimators"]["items"]["enum"]
    assert set(offered) == measured == set(kinds.KINDS["spectra"].options["estimator"]["enum"])
