"""Products are what their conventions say, by the checker of the IOOS programme."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKER = Path(sys.executable).with_name("compliance-checker")
PRODUCTS = [
    "eels/eels_1/raw.nc",
    "eels/eels_1/aligned.nc",
    "eels/eels_1/loss.nc",
    "eels/eels_1/band_gap.nc",
    "adf/adf_1/raw.nc",
    "adf/adf_1/particles.nc",
    "figures/figure_1.nc",
]


@pytest.mark.parametrize("name", PRODUCTS)
def test_products__keep_cf_1_11(finished, tmp_path, name):
    report = tmp_path / "report.json"
    path = str(finished.result(name))
    command = [str(CHECKER), "--test", "cf:1.11", "--format", "json", "--output", str(report), path]
    subprocess.run(command, check=False, capture_output=True)
    found = json.loads(report.read_text())["cf:1.11"]
    lacking = [
        (check["name"], check["msgs"])
        for check in found["all_priorities"]
        if check["value"][0] < check["value"][1]
    ]
    assert found["possible_points"] > 10
    assert lacking == []
