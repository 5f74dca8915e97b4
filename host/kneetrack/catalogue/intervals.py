"""A middle, and a difference of two, with what they are good for: 95 % intervals.

    median of n values   n >= 6: between order statistics, which hold it whatever the distribution,
                         interpolated to 95 % (Hettmansperger and Sheather, Stat Probab Lett 4:75,
                         1986). n < 6: no two of them hold it; then t(n-1) 1.253 s / sqrt(n),
                         the median's error where values are normal
    mean of n pairs      t(n-1) * s / sqrt(n)
    difference of means  Welch's t
    difference of shares Newcombe's hybrid of two Wilson intervals (Stat Med 17:873, 1998)

Values that do not scatter at all tell nothing of how they would: then there is no interval. (Two
days at 8 of 8 against 7 of 8 are no proof of one in eight.)

Student's t and no bootstrap: a handful of sessions holds too little to draw from anew. Bootstrap
intervals of 5 values hold the truth in 84 % of cases where 95 are meant, of 10 in 89 % (percentile
method, normal values; tests/host/test_catalogue_intervals.py simulates both); t's hold in 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev, variance
from typing import Any

import scipy

_SCIPY: Any = scipy  # its parts are imported when they are asked for: special takes a while
_TAIL = 0.025
_LEAST_ORDERED = 6  # of five, smallest and largest hold it in 94 % of cases only
_MEDIAN_FACTOR = math.sqrt(math.pi / 2.0)


@dataclass(frozen=True, slots=True)
class Middle:
    """A middle and its 95 % interval (None where there is none to give), from `count` values."""

    value: float
    low: float | None
    high: float | None
    count: int

    @property
    def told_from_zero(self) -> bool:
        return self.low is not None and self.high is not None and not self.low <= 0.0 <= self.high


def t_quantile(freedom: float) -> float:
    """Student's t that is exceeded, on either side, in one of twenty cases."""
    return float(_SCIPY.special.stdtrit(freedom, 1.0 - _TAIL))


def middle(values: Sequence[float]) -> Middle:
    """The median of `values` with its interval. ValueError for none."""
    ordered = sorted(values)
    count, centre = len(ordered), median(ordered)
    if count < 2:
        return Middle(centre, None, None, count)
    if count < _LEAST_ORDERED:
        wide = t_quantile(count - 1) * _MEDIAN_FACTOR * stdev(ordered) / math.sqrt(count)
        return Middle(centre, centre - wide, centre + wide, count)
    low, high = _ordered(ordered)
    return Middle(centre, low, high, count)


def _ordered(ordered: Sequence[float]) -> tuple[float, float]:
    """The interval between order statistics k and k + 1 from either end, where 95 % lies."""
    count, k = len(ordered), 1
    while _holds(k + 1, count) >= 1.0 - 2 * _TAIL:
        k += 1
    wider, narrower = _holds(k, count), _holds(k + 1, count)
    beyond = (wider - (1.0 - 2 * _TAIL)) / (wider - narrower)
    part = (count - k) * beyond / (k + (count - 2 * k) * beyond)
    low = (1.0 - part) * ordered[k - 1] + part * ordered[k]
    high = (1.0 - part) * ordered[count - k] + part * ordered[count - k - 1]
    return low, high


def _holds(k: int, count: int) -> float:
    """How surely the median lies between the k-th smallest and the k-th largest."""
    return 1.0 - 2.0 * float(_SCIPY.special.bdtr(k - 1, count, 0.5))


def of_pairs(differences: Sequence[float]) -> Middle:
    """The mean of differences within pairs. ValueError for none."""
    count, centre = len(differences), mean(differences)
    spread = stdev(differences) if count > 1 else 0.0
    if spread == 0.0:
        return Middle(centre, None, None, count)
    wide = t_quantile(count - 1) * spread / math.sqrt(count)
    return Middle(centre, centre - wide, centre + wide, count)


def of_groups(one: Sequence[float], other: Sequence[float]) -> Middle:
    """The mean of `one` minus that of `other`, by Welch. ValueError for none."""
    centre = mean(one) - mean(other)
    count = len(one) + len(other)
    if min(len(one), len(other)) < 2:
        return Middle(centre, None, None, count)
    parts = [(variance(values) / len(values), len(values) - 1) for values in (one, other)]
    total = sum(part for part, _ in parts)
    if total == 0.0:
        return Middle(centre, None, None, count)
    freedom = total**2 / sum(part**2 / degrees for part, degrees in parts)
    wide = t_quantile(freedom) * math.sqrt(total)
    return Middle(centre, centre - wide, centre + wide, count)


def share(in_range: int, judged: int) -> Middle:
    """A share in percent with Wilson's interval. ValueError for none judged."""
    if judged <= 0:
        raise ValueError("a share of nothing")
    z = 1.959964
    p = in_range / judged
    scale = 1.0 + z**2 / judged
    centre = (p + z**2 / (2 * judged)) / scale
    wide = z * math.sqrt(p * (1 - p) / judged + z**2 / (4 * judged**2)) / scale
    low, high = max(0.0, centre - wide), min(1.0, centre + wide)
    return Middle(100.0 * p, 100.0 * low, 100.0 * high, judged)


def of_shares(one: tuple[int, int], other: tuple[int, int]) -> Middle:
    """One share minus another in percent, each given as (in range, judged). ValueError for none."""
    a, b = share(*one), share(*other)
    centre = a.value - b.value
    below = math.hypot(a.value - (a.low or 0.0), (b.high or 0.0) - b.value)
    above = math.hypot((a.high or 0.0) - a.value, b.value - (b.low or 0.0))
    return Middle(centre, centre - below, centre + above, a.count + b.count)
