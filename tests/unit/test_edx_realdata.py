"""Composition from real X-ray spectra of known specimens: glass, oxide, alloy."""

from pathlib import Path

import pytest
import xarray as xr

from nanostitch import contracts, quality, raw, schema
from nanostitch.contracts.edx import COMPOSITION
from nanostitch.edx import composition

CERTIFIED = {"Mg": 11.6567, "Al": 4.9061, "Si": 21.1982, "Ca": 10.899, "Fe": 7.7742, "O": 42.758}
"""Mass percents of NIST SRM 470, glass K412, from the header of its spectra."""
OXIDES = ["MgO", "Al2O3", "SiO2", "CaO", "FeO"]
GLASS = {
    "elements": ["Mg", "Al", "Si", "Ca", "Fe"],
    "artefacts": ["Mn"],
    "oxides": OXIDES,
    "specimen": "bulk",
    "background_degree": 6,
    "fit_window_kev": [1.0, 19.0],
    "phases": [],
}


def measured(one: xr.Dataset, standards=(), **changed) -> xr.Dataset:
    settings = schema.with_defaults({}, schema.load("edx"))["composition"] | {"draws": 4000}
    found = composition.measure(one, list(standards), None, **(settings | changed))
    return contracts.check(found, COMPOSITION, "test")


@pytest.fixture(scope="module")
def glass(realdata: Path) -> list[xr.Dataset]:
    folder = realdata / "edx" / "K412_SRM470"
    standards = []
    for name in ("Al2O3", "CaF2", "Fe", "MgO", "SiO2"):
        one = raw.read(folder / f"{name} std.msa", "edx", {}, None)
        standards.append(one.assign_attrs(acquisition=name, known_composition=name))
    spectra = [raw.read(folder / f"III-E K412[{n}][4].msa", "edx", {}, None) for n in (0, 1, 4)]
    return [measured(one, standards, **GLASS) for one in spectra]


def test_k412__every_certified_element_above_5_percent_is_within_5_percent(glass):
    for found in glass:
        assert quality.level(found) == "good"
        assert 95 < float(found["analytical_total"]) < 105
        for symbol, percent in CERTIFIED.items():
            one = found.sel(element=symbol)
            assert float(one["mass_percent"]) == pytest.approx(percent, rel=0.05), symbol
            assert float(one["mass_percent_lower"]) < percent < float(one["mass_percent_upper"])


def test_k412__without_standards_there_is_no_number(realdata: Path):
    path = realdata / "edx" / "K412_SRM470" / "III-E K412[0][4].msa"
    none = measured(raw.read(path, "edx", {}, None), **GLASS)
    assert quality.level(none) == "bad"
    assert "needs standards" in none["verdict"].attrs["reasons"]
    assert none["mass_percent"].isnull().all()


def test_fept__agrees_with_the_published_composition(realdata: Path):
    """The user guide of eXSpy has Fe 15.41, Pt 84.59 at.% by these factors, with other areas."""
    path = realdata / "edx" / "fept" / "EDS_TEM_FePt_nanoparticles.hspy"
    one = raw.read(path, "edx", {}, None)
    names = {"elements": ["Fe", "Pt"], "artefacts": ["C", "Si", "Cu", "Co"], "phases": []}
    k = {"Fe_Ka": 1.450226, "Pt_La": 5.075602}
    of_guide = {line: {"value": v, "uncertainty": 0.0, "source": "eXSpy"} for line, v in k.items()}
    for changed in ({}, {"k_factors": of_guide}):
        iron = measured(one, **names, **changed).sel(element="Fe")
        assert float(iron["atomic_percent_lower"]) < 15.41 < float(iron["atomic_percent_upper"])


def test_strontium_titanate__has_as_much_strontium_as_titanium(realdata: Path):
    one = raw.read(realdata / "edx" / "velox_sto" / "EDS-STO.emd", "edx", {}, "4")
    found = measured(one, elements=["Sr", "Ti"], phases=[])
    assert quality.level(found) == "good"
    sr = found.sel(element="Sr")
    assert float(sr["atomic_percent_lower"]) < 50 < float(sr["atomic_percent_upper"])
    assert float(sr["atomic_percent_upper"] - sr["atomic_percent_lower"]) < 20


@pytest.mark.parametrize("name", ["met03.EDS", "test_TEM.bcf"])
def test_what_is_no_perovskite__is_not_taken_for_one(realdata: Path, name: str):
    """Iron (6.40 keV), and titanium, whose K lines lie beside Cs L: by the default settings."""
    none = measured(raw.read(realdata / "edx" / "rsciio" / name, "edx", {}, None))
    assert quality.level(none) == "bad"
    assert none["atomic_percent"].isnull().all()
