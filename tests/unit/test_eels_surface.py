"""Čerenkov light and surface losses: thresholds of known beams and a measured specimen."""

import numpy as np
import pytest
import yaml

from nanostitch import schema
from nanostitch.eels import surface
from nanostitch.eels.kramers_kronig import Beam

INDEX = schema.with_defaults({}, schema.load("eels"))["dielectric"]["gap_refractive_index"]
EV_NM = 1239.842


@pytest.mark.parametrize(("kev", "index"), [(30, 3.05), (60, 2.24), (80, 1.99), (200, 1.44)])
def test_threshold__is_the_speed_of_light_over_that_of_the_electron(kev, index):
    assert surface.cerenkov_threshold(kev) == pytest.approx(index, abs=0.005)


@pytest.mark.parametrize(
    ("kev", "surely", "possibly"),
    [(30, False, False), (60, False, True), (80, True, False), (200, True, False)],
)
def test_cspbbr3__is_marginal_at_60_kev_and_not_usable_above(kev, surely, possibly):
    found = surface.flags(float(kev), INDEX)
    assert (found["cerenkov"], found["cerenkov_possible"]) == (surely, possibly)
    levels = set(surface.reasons(found, float(kev)).values())
    assert levels == {"doubtful"} if surely else levels <= {"good"}


def test_unknown_beam_energy__leaves_it_open():
    found = surface.flags(None, INDEX)
    assert not found["cerenkov"]
    assert found["cerenkov_possible"]
    assert "doubtful" in surface.reasons(found, None).values()


def test_thin_pixels__are_marked_alone():
    found = surface.flags(30.0, INDEX, np.array([0.13, 0.8, np.nan]))
    assert found["surface_losses"].tolist() == [True, False, False]
    assert set(surface.reasons(found, 30.0).values()) == {"good"}


def test_surface_losses__weigh_more_the_thinner_and_the_lower_in_energy():
    eps, beam = (2.2 + 0.25j) ** 2, Beam(60.0, 30.0)
    share = {nm: surface.surface_share(2.4, eps, nm, beam) for nm in (8.0, 30.0, 60.0)}
    assert share[30.0] == pytest.approx(2 * share[60.0])
    assert 0.4 < share[30.0] < 0.6  # what THIN rests on: t/lambda 0.5 at 61 nm
    assert share[8.0] > 1.5
    assert surface.surface_share(5.0, eps, 8.0, beam) < share[8.0]


def test_default_indices__span_what_was_measured_just_below_the_gap(realdata):
    found = {}
    for name in ("Brennan", "Ermolaev-o", "Ermolaev-e"):
        path = realdata / "optical_reference" / "cspbbr3_nk" / f"{name}.yml"
        table = yaml.safe_load(path.read_text("utf-8"))["DATA"][0]["data"]
        wavelength, index, _ = np.loadtxt(table.splitlines()).T
        energy = EV_NM / (1e3 * wavelength)
        order = np.argsort(energy)
        found[name] = float(np.interp(2.3, energy[order], index[order]))
        far = float(np.interp(1.4, energy[order], index[order]))
        assert far == pytest.approx(2.0, abs=0.15)  # the default refractive_index, within 1.5 sd
    assert min(found.values()) == pytest.approx(INDEX[0], abs=0.005)
    assert max(found.values()) == pytest.approx(INDEX[1], abs=0.005)
