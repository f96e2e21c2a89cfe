"""Which of many independent events happens next, while their rates change."""

import heapq
from collections.abc import Iterator

import numpy as np

Pair = tuple[int, int]

_BLOCK = 4096


class Clocks:
    """One exponential clock for each pair; the pair whose clock runs out first is next.

    A clock is drawn anew when the rate of its pair changes, which its lack of memory allows: the
    statistics are those of Gillespie, J. Phys. Chem. 81 (1977) 2340, doi:10.1021/j100540a008.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._waits = self._draws(rng)
        self._rates: dict[Pair, float] = {}
        self._ends: dict[Pair, float] = {}
        self._queue: list[tuple[float, Pair]] = []

    @staticmethod
    def _draws(rng: np.random.Generator) -> Iterator[float]:
        while True:
            yield from rng.exponential(size=_BLOCK).tolist()

    def set(self, pair: Pair, rate: float, now: float) -> None:
        """Give a pair its rate from now on; 0 stops its clock."""
        if self._rates.get(pair, 0.0) == rate:
            return
        self._rates.pop(pair, None)
        self._ends.pop(pair, None)
        if rate > 0:
            end = now + next(self._waits) / rate
            self._rates[pair], self._ends[pair] = rate, end
            heapq.heappush(self._queue, (end, pair))

    def pop(self, until: float) -> tuple[float, Pair] | None:
        """The next event and when it happens, or None if none does before ``until``."""
        while self._queue and self._queue[0][0] <= until:
            end, pair = heapq.heappop(self._queue)
            if self._ends.get(pair) == end:
                del self._ends[pair], self._rates[pair]
                return end, pair
        return None
