"""Linear response of a film to a swept voltage: conductance, charging, slow relaxation, drift.

Within its ohmic range a film between electrodes answers a voltage V(t) with

    I = G V + C dV/dt + G1 u + I0 + d t,    du/dt = dV/dt - u / tau,    u(0) = 0,

where G is the conductance that lasts, C the capacitance that charges at once, G1 the conductance
of slow carriers (ions, dielectric absorption; one Debye relaxation), u the voltage that they have
not followed yet, I0 the offset of the meter and d its drift. All but tau are linear; tau, and
whether the offset drifts, are averaged out. The film rested at the first voltage.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from nanostitch.iv import beyond
from nanostitch.iv.sweep import Sweep

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

HUBER = 1.345
"""Residual, in standard deviations, from which Huber's weight falls: 95 % efficiency for normal
noise (Huber, Ann. Math. Statist. 35 (1964) 73)."""
MAD_TO_SD = 1.4826
"""Standard deviation of normal noise over its median absolute deviation."""
TIMES = 24
"""Relaxation times tried, equally spaced in their logarithm; rounds draw them closer."""
ROUNDS = 5
"""Rounds in which weights of outliers settle and the times draw closer about what is likely."""
LIKELY = 1e-4
"""Weight over the largest below which a relaxation time no longer matters to the average."""
FASTEST_STEPS = 2.0
"""Shortest relaxation time in steps of the sweep; a faster one is indistinguishable from C."""
LEVEL = 0.95
_LINEAR = ("conductance", "offset_current", "capacitance", "slow_conductance", "drift")
_BISECTIONS = 60
_FAR = 0.9999
_MOST_CORRELATED = 0.95
_ROUNDING = 1e-9
_TINY = float(np.finfo(float).tiny)


class Fit(NamedTuple):
    """Posterior of the response: a mixture over relaxation times, with drift and without.

    ``names`` of the linear terms; ``times`` [s] and ``weight`` (member); ``value`` and ``spread``
    (member, term) in SI units, with ``freedom`` degrees; ``stretch`` of the variance by
    autocorrelated noise, ``residual`` [A] of the most probable member, ``noise`` [A] its standard
    deviation, ``limit`` [A] from which a residual is an outlier, and ``unit`` [A2] by how much a
    term that means nothing lowers the :meth:`dispersion`.
    """

    names: tuple[str, ...]
    times: Values
    weight: Values
    value: Values
    spread: Values
    freedom: float
    stretch: float
    noise: float
    residual: Values
    limit: float
    unit: float

    def dispersion(self, limit: float) -> float:
        """Twice Huber's loss of the residuals [A2]: squares to the limit [A], then straight."""
        size = np.abs(self.residual)
        return float(np.where(size <= limit, size**2, (2 * size - limit) * limit).sum())

    def estimate(self, name: str) -> tuple[float, float, float]:
        """Mean, lower and upper bound (95 %) of one term; NaN where it was not fitted."""
        if name not in self.names:
            return np.nan, np.nan, np.nan
        at = self.names.index(name)
        mean = float(self.weight @ self.value[:, at])
        low, high = (self._quantile(at, p) for p in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
        return mean, low, high

    @property
    def relaxation_time(self) -> float:
        """Most probable relaxation time [s]; NaN where none was fitted."""
        return float(self.times[np.argmax(self.weight)])

    def _quantile(self, at: int, p: float) -> float:
        """Quantile of a mixture of Student distributions, by bisection."""
        centre, width = self.value[:, at], self.spread[:, at]
        reach = float(t.ppf(_FAR, self.freedom)) * width.max()
        low, high = float(centre.min() - reach), float(centre.max() + reach)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            below = self.weight @ t.cdf((middle - centre) / width, self.freedom) < p
            low, high = (middle, high) if below else (low, middle)
        return (low + high) / 2


class _Solution(NamedTuple):
    """One member: its time, whether it drifts, and its weighted least squares."""

    time: float
    value: Values
    unit_spread: Values
    residual: Values
    squares: float
    number: int


def relaxation_times(sweep: Sweep, slowest_share: float) -> Values:
    """Relaxation times to try [s]; one NaN where time or a second direction is not known.

    Parameters
    ----------
    sweep
        Usable points.
    slowest_share
        Longest time over the duration of a leg: a slower one looks like a lasting conductance.
    """
    if sweep.time is None or not sweep.both_ways:
        return np.array([np.nan])
    step = float(np.median(np.diff(sweep.time)))
    longest = max(float(np.ptp(sweep.time[sweep.leg == n])) for n in range(sweep.legs))
    fastest, slowest = FASTEST_STEPS * step, slowest_share * longest
    return np.geomspace(fastest, slowest, TIMES) if slowest > fastest else np.array([np.nan])


def lagging(voltage: Values, time: Values, tau: Values) -> Values:
    """Voltage that slow carriers have not followed yet [V], dims (point, tau).

    Exact for a voltage of straight pieces.

    Parameters
    ----------
    voltage, time
        Of each point [V], [s].
    tau
        Relaxation times [s].
    """
    u = np.zeros((voltage.size, tau.size))
    step = np.diff(time)
    slope = np.divide(np.diff(voltage), step, out=np.zeros(step.size), where=step > 0)
    forget = np.exp(-step[:, None] / tau)
    driven = slope[:, None] * tau * (1 - forget)
    for at in range(1, voltage.size):
        u[at] = forget[at - 1] * u[at - 1] + driven[at - 1]
    return u


def fit(
    sweep: Sweep, inside: Flags, times: Values, more: tuple[int, ...] = (), whole: bool = True
) -> Fit:
    """Fit the response to the points inside a window, averaged over relaxation times and drift.

    Parameters
    ----------
    sweep
        All usable points: slow carriers remember what lies outside the window, too.
    inside
        Which of them lie in the window.
    times
        Relaxation times [s], each as probable as the others beforehand; NaN for none.
    more
        Powers of the voltage to fit besides.
    whole
        Whether the others tell how both directions differ, on any static curve of their own (see
        :mod:`nanostitch.iv.beyond`): charging, slow carriers and drift show best where the sweep
        turns.

    Returns
    -------
    Fit
        Spreads include the autocorrelation of the noise: variance times (1 + rho) / (1 - rho),
        rho that of successive residuals. Members weigh as their likelihood with the penalty of
        Akaike's information criterion for drift (Burnham & Anderson 2002): that of the Bayesian
        one hides drifts that still move the conductance.
    """
    fitted, static = inside, np.zeros((int(inside.sum()), 0))
    if whole and sweep.time is not None and sweep.both_ways:
        fitted, static = beyond.static(sweep.voltage, inside)
    robust, digit = np.ones(int(fitted.sum())), _digit(sweep.current[inside])
    for _ in range(ROUNDS):
        members = _members(sweep, fitted, times, more, robust, static)
        weight = _likelihoods(members, static.shape[1], inside[fitted])
        best = members[int(np.argmax(weight))]
        limit = _limit(best.residual, digit)
        robust = limit / np.maximum(np.abs(best.residual), limit)
        near = [one.time for one, w in zip(members, weight, strict=True) if w >= LIKELY]
        low, high = np.searchsorted(times, [min(near), max(near)])
        ends = times[[max(low - 1, 0), min(high + 1, times.size - 1)]]
        times = np.geomspace(ends[0], ends[1], TIMES) if times.size > 1 else times
    stretch = _stretch(best, inside[fitted])
    freedom = max(best.residual.size - static.shape[1] - best.number, 1.0)
    # Huber's asymptotic variance: that of the influence over the square of its mean slope.
    influence, slope = robust * best.residual, max(float(np.mean(robust == 1.0)), 0.5)
    noise = float(np.sqrt(influence @ influence / freedom)) / slope
    spread = np.array([one.unit_spread for one in members]) * noise * np.sqrt(stretch)
    return Fit(
        (*_LINEAR, *(f"power_{power}" for power in more)),
        np.array([one.time for one in members]),
        weight / weight.sum(),
        np.array([one.value for one in members]),
        np.maximum(spread, _TINY),
        max(freedom / stretch, 1.0),
        stretch,
        noise,
        best.residual,
        limit,
        noise**2 * slope,
    )


def _members(
    sweep: Sweep,
    fitted: Flags,
    times: Values,
    more: tuple[int, ...],
    robust: Values,
    static: Values,
) -> list[_Solution]:
    """Weighted least squares at each time, without drift of the offset and with it."""
    timed = sweep.time is not None and sweep.both_ways
    nothing = np.zeros(sweep.voltage.size)
    clock = sweep.time if sweep.time is not None and timed else nothing
    rate = sweep.rate if timed else nothing
    slow = lagging(sweep.voltage, clock, times) if np.isfinite(times).all() else nothing[:, None]
    steady = [sweep.voltage, np.ones(nothing.size), rate, nothing, clock]
    steady += [sweep.voltage**power for power in more]
    columns = np.concatenate([np.stack(steady, axis=1), slow], axis=1)[fitted]
    root = np.sqrt(robust)
    # Frisch & Waugh, Econometrica 1 (1933) 387: as if the splines had been fitted along.
    plain = beyond.without(static, columns)
    weighted = beyond.without(static * root[:, None], columns * root[:, None])
    current = beyond.without(static * root[:, None], sweep.current[fitted] * root)
    found = []
    for drift in (3, 4) if timed else (3,):
        for at, time in enumerate(times):
            terms = [0, 1, 2, len(steady) + at, drift, *range(5, len(steady))]
            found.append(_solved(time, plain[:, terms], weighted[:, terms], current, root))
    return found


def _solved(
    time: float, plain: Values, weighted: Values, current: Values, root: Values
) -> _Solution:
    """Least squares of weighted columns, scaled to one for the solver; empty ones give 0."""
    scale = np.linalg.norm(plain, axis=0)
    used = scale > 0
    unit = plain[:, used] / scale[used]
    value, spread = np.zeros(scale.size), np.zeros(scale.size)
    value[used] = np.linalg.lstsq(weighted[:, used] / scale[used], current, rcond=None)[0]
    value[used] /= scale[used]
    left = current - weighted @ value
    spread[used] = np.sqrt(np.maximum(np.diag(np.linalg.pinv(unit.T @ unit)), 0.0)) / scale[used]
    return _Solution(time, value, spread, left / root, float(left @ left), int(used.sum()))


def _likelihoods(members: list[_Solution], splines: int, inside: Flags) -> Values:
    """Likelihood of each member over the largest, the noise's scale being unknown."""
    points = members[0].residual.size - splines  # restricted: splines took their share
    sums = np.maximum([one.squares for one in members], _TINY)
    stretch = _stretch(members[int(np.argmin(sums))], inside)
    numbers = np.array([one.number for one in members])
    score = points / stretch * np.log(sums / sums.min()) + 2 * numbers
    return np.asarray(np.exp(-0.5 * (score - score.min())))


def _digit(current: Values) -> float:
    """Smallest difference between readings beyond rounding of the computer [A]."""
    steps = np.diff(np.unique(current))
    steps = steps[steps > _ROUNDING * np.abs(current).max(initial=0.0)]
    return float(steps.min(initial=np.inf)) if steps.size else 0.0


def _limit(residual: Values, digit: float) -> float:
    """Residual from which Huber's weight falls [A].

    A residual within a digit of the meter is no outlier: where the current rises by whole digits
    from point to point, most residuals are the same and their median says nothing.
    """
    return max(HUBER * MAD_TO_SD * float(np.median(np.abs(residual))), digit, _TINY)


def _stretch(solution: _Solution, inside: Flags) -> float:
    """By how much autocorrelated noise widens a variance: (1 + rho) / (1 - rho), at least 1.

    Of neighbours in the window: beyond it the splines follow noise that lasts.
    """
    residual, pairs = solution.residual, inside[1:] & inside[:-1]
    number, power = int(inside.sum()), float(residual[inside] @ residual[inside])
    if number < 4 or power <= 0:
        return 1.0
    found = float((residual[1:] * residual[:-1])[pairs].sum() / power)
    # A short series looks less correlated than it is, and each smooth term adds to that
    # (Marriott & Pope, Biometrika 41 (1954) 390, for the mean alone).
    lost = solution.number + (solution.number + 2) * max(found, 0.0)
    rho = min(found + lost / number, _MOST_CORRELATED)
    return (1 + rho) / (1 - rho) if rho > 0 else 1.0
