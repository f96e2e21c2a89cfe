"""Are the paper's numbers recovered? Each claim against the laboratory's sealed truth, by seed.

Each results folder is one finished run of a simulated batch, of another seed:

    python tests/benchmarks/bench_claims.py --results results/paper other/results/paper

The truth of a claim is what its own measure gives of the truths behind the raw files in the place
of the products: the same samples, groups and means. A claim whose measure has no truth of its name
says so. "held" counts the runs whose 95 % interval holds it.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.comparison import cells, effect, product, trend

ENDS = ("value", "value_lower", "value_upper")
ROW = "{:24s} {:>34s} {:>12s} {:>6s}"


def opened(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, decode_times=False) as file:
        return file.load()


def truth_of(run: Path, acquisition: str, variable: str, where: Mapping[str, Any]) -> float:
    """Number of the truth behind one acquisition's raw file; NaN where it has none."""
    files = list((run / "simulated").glob(f"{acquisition}.*.truth.nc"))
    if not files:
        return np.nan
    with xr.open_dataset(files[0], decode_times=False) as truth:
        if variable not in truth:
            return np.nan
        found = truth[variable]
        for dim, label in where.items():
            if dim in found.dims:
                found = found.sel({dim: label})
        return float(found.mean())


def of_comparison(run: Path, measure: Mapping[str, Any]) -> float:
    """Effect, or mean of a group, of the truths behind the acquisitions that a comparison used."""
    name = measure["comparison"]
    plan = json.loads((run / "plan" / "comparisons" / f"{name}.json").read_text("utf-8"))
    settings, groups = plan["settings"], plan["groups"]
    used = product.used(opened(run / "comparisons" / f"{name}.nc"))
    group = used["seen_group"].values.astype(int)
    value = np.array(
        [
            truth_of(run, str(acquisition), settings["variable"], groups[number]["where"])
            for acquisition, number in zip(used["seen_acquisition"].values, group, strict=True)
        ]
    )
    in_ratio = settings["question"] == "ratio" or settings["scale"] == "ratio"
    if not np.isfinite(value).all() or (in_ratio and not (value > 0).all()):
        return np.nan
    scaled = np.log(value) if in_ratio else value
    sample = used["seen_sample"].values.tolist()
    means = cells.means(scaled, sample, group, len(groups))
    if "group" in measure:
        place = [one["label"] for one in groups].index(measure["group"])
        shown = float(np.nanmean(means.mean[:, place]))
    elif settings["question"] == "trend":
        shown = trend.slope(means.mean, np.array([one["at"] for one in groups], float)).value
    else:
        shown = effect.difference(means, 0, measure["contrast"] + 1).value
    return float(np.exp(shown)) if in_ratio else shown


def of_products(run: Path, measure: Mapping[str, Any]) -> float:
    """Mean over samples of the truths behind the products that a claim selects and can use."""
    if measure.get("objects", "mean") != "mean":
        return np.nan
    used = list(selected(run, measure))
    truth = (truth_of(run, a, measure["variable"], measure["where"]) for a, _ in used)
    value, sample = list(truth), [name for _, name in used]
    if not value or not np.isfinite(value).all():
        return np.nan
    each = cells.means(np.array(value), sample, np.zeros(len(value), dtype=int), 1)
    return float(np.nanmean(each.mean))


def claims_of(run: Path) -> Iterator[tuple[str, list[float], float]]:
    """Each claim with a measure: its id, our number with its interval, and the truth."""
    plan = json.loads((run / "plan" / "ledger.json").read_text("utf-8"))
    about = opened(run / "claims.nc")
    for claim in plan["claims"]:
        if "measure" not in claim:
            continue
        row = about.isel(claim=about["claim"].values.tolist().index(claim["id"]))
        measure = claim["measure"]
        truth = of_comparison if "comparison" in measure else of_products
        yield claim["id"], [float(row[end]) for end in ENDS], truth(run, measure)


def selected(run: Path, measure: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Acquisition and sample of each product that a claim selects and that is not bad."""
    listed = {
        key: one if isinstance(one, list) else [one] for key, one in measure["select"].items()
    }
    for path in sorted(run.glob(f"*/*/{measure['product']}.nc")):
        with xr.open_dataset(path, decode_times=False) as found:
            attrs, is_bad = found.attrs, quality.level(found) == "bad"
        if not is_bad and all(attrs.get(key) in values for key, values in listed.items()):
            yield str(attrs["acquisition"]), str(attrs["sample"])


def written(numbers: Sequence[float]) -> str:
    value, low, high = numbers
    ends = f" [{low:.4g}, {high:.4g}]" if np.isfinite(low) and np.isfinite(high) else ""
    return f"{value:.4g}{ends}" if np.isfinite(value) else "no number"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--results", nargs="*", type=Path, default=[], help="results/<batch> folders"
    )
    runs = parser.parse_args().results
    if not runs:
        print("Give the folders of finished runs of other seeds: --results results/paper …")
        return
    found = [{name: (ours, true) for name, ours, true in claims_of(run)} for run in runs]
    held: dict[str, list[bool]] = {}
    for number, (run, rows) in enumerate(zip(runs, found, strict=True), 1):
        print(f"\nrun {number}: {run}")
        print(ROW.format("claim", "recovered", "true", "held"))
        for name, (ours, true) in rows.items():
            known = bool(np.isfinite([*ours, true]).all())
            within = known and ours[1] <= true <= ours[2]
            if known:
                held.setdefault(name, []).append(within)
            said = f"{true:.4g}" if np.isfinite(true) else "none"
            answer = ("yes" if within else "no") if known else "-"
            print(ROW.format(name, written(ours), said, answer))
    times = sum(len(one) for one in held.values())
    print(f"\n{sum(map(sum, held.values()))} of {times} intervals hold the truth, {len(runs)} runs")
    missed = [name for name, one in held.items() if not all(one)]
    print("missed at least once:", ", ".join(missed) or "none")


if __name__ == "__main__":
    main()
