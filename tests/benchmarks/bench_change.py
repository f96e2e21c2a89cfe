"""How often a mechanism is decided, and how often wrongly: a table over many populations.

Run: ``python tests/benchmarks/bench_change.py [--seeds SEEDS]``. Coalescence joins random bodies,
ripening has a rate of its own for each particle, and all edges scatter by 2 %: none is drawn from
the model that decides.
"""

import argparse
import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from nanostitch.adf import mechanism

HISTORIES: dict[str, Any] = runpy.run_path(
    str(Path(__file__).parents[1] / "unit" / "test_adf_mechanism.py")
)
NAMES = {"coalesced": "coalescence", "ripened": "ripening", "lost": "loss"}


def decided(history: str, count: int, share: float, spread: float, seed: int) -> str:
    rng = np.random.default_rng([seed, count, round(100 * share)])
    before, unseen = (HISTORIES["fresh"](rng, count, spread) for _ in range(2))
    after = HISTORIES[history](rng, unseen, share)
    return mechanism.decide(before, after, **HISTORIES["CHOICE"]).mechanism


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    wrong = total = 0
    print(
        f"{seeds} populations each; spread of edges in nm\nhistory      n  share  spread  decided"
    )
    for history, name in NAMES.items():
        for count in (15, 40, 150):
            for share in (0.2, 0.5):
                for spread in (0.5, 1.2):
                    found = Counter(
                        decided(history, count, share, spread, seed) for seed in range(seeds)
                    )
                    wrong += sum(n for one, n in found.items() if one not in (name, "undecided"))
                    total += seeds
                    print(f"{history:9} {count:4} {share:6} {spread:7}  {dict(found)}")
    print(f"false decisions: {wrong} of {total} ({wrong / total:.1%})")


if __name__ == "__main__":
    main()
