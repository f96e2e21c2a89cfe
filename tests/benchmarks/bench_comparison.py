"""Do comparisons keep their promise? False positives and coverage over many seeds.

Simulated campaigns of samples, acquisitions and objects, few and uneven as in a laboratory. Fresh
is compared with fresh: 5 ± 1.5 % must be called different. A change moves all three ways by as
much, so its 95 % interval holds it as often.
"""

import argparse

import numpy as np

from nanostitch.comparison import bootstrap, cells, effect, mixed

DESIGNS = {
    "3 against 3 samples": (3, 3, 0),
    "4 against 4, all paired": (0, 0, 4),
    "3 paired": (0, 0, 3),
    "6 against 3": (6, 3, 0),
    "4 paired, 2 and 3 alone": (2, 3, 4),
}
SPREADS = {"alike": (1.0, 1.0), "the second three times as wide": (1.0, 3.0)}
BETWEEN, WITHIN_SAMPLE, WITHIN_ACQUISITION, OBJECTS = 1.0, 0.5, 2.0, 50


def campaign(
    design: tuple[int, int, int], spread: tuple[float, float], random
) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Acquisition means, their samples and groups; one to four acquisitions each."""
    first, second, both = design
    value, sample, group = [], [], []
    for number in range(first + second + both):
        own = random.normal(0, BETWEEN)
        groups = (0, 1) if number >= first + second else (int(number >= first),)
        for one in groups:
            inner = own + random.normal(0, WITHIN_SAMPLE) * spread[one]
            for _ in range(random.integers(1, 5)):
                mean = inner + random.normal(0, WITHIN_SAMPLE) * spread[one]
                value.append(mean + random.normal(0, WITHIN_ACQUISITION / np.sqrt(OBJECTS)))
                sample.append(str(number))
                group.append(one)
    return np.array(value), sample, np.array(group)


def trial(design, spread, seed: int) -> list[bool]:
    """Whether each 95 % interval holds no change: sample means, mixed, bootstrap, naive."""
    random = np.random.default_rng(seed)
    value, sample, group = campaign(design, spread, random)
    means = cells.means(value, sample, group, 2)
    found = effect.difference(means, 0, 1)
    model = mixed.difference(value, sample, group == 1)
    drawn = bootstrap.error(means, 0, 1, draws=300, seed=seed)
    away = (found.interval()[1] - found.value) / found.error
    naive = np.sqrt(sum(value[group == one].var(ddof=1) / (group == one).sum() for one in (0, 1)))
    plain = value[group == 1].mean() - value[group == 0].mean()
    pairs = [(found.value, found.error * away), (model[0], model[1] * away)]
    pairs += [(found.value, drawn * away), (plain, 1.96 * naive)]
    return [bool(abs(at) <= half) for at, half in pairs]


def main() -> None:
    """Print false positives and coverage for each design."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=400)
    seeds = parser.parse_args().seeds
    print(f"{seeds} campaigns each; standard error of a share {50 / np.sqrt(seeds) * 0.44:.1f} %")
    print("share of intervals that hold the truth [%]; of fresh against fresh, 100 less it are")
    print("false positives. Naive: acquisitions taken for replicates.")
    print(f"{'design':28}{'scatter':32}{'samples':>9}{'mixed':>7}{'boot':>7}{'naive':>7}")
    for name, design in DESIGNS.items():
        for scatter, spread in SPREADS.items():
            held = np.mean([trial(design, spread, seed) for seed in range(seeds)], axis=0)
            row = f"{100 * held[0]:9.1f}" + "".join(f"{100 * one:7.1f}" for one in held[1:])
            print(f"{name:28}{scatter:32}{row}")


if __name__ == "__main__":
    main()
