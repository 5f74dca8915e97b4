"""Whether a value goes up or down from rep to rep: Theil and Sen's slope with its interval.

The median of the slopes between all pairs of reps, with Sen's interval of 95 % (J Am Stat Assoc
63:1379, 1968): one odd rep of five does not turn it, and nothing is
assumed of the scatter but that it is as likely up as down. From five reps on (LEAST_REPS): with
four no interval of 95 % exists. With few reps it covers more than that (98 % for five, by
simulation), so that what is told apart is told with care.

A rep that has no say keeps its place, for fatigue goes by the reps that were done. Of more than 200
(MOST), as strides are, medians of so many stretches of equal count stand for them: pairs grow with
the square.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from kneetrack.insight.values import values_of
from kneetrack.samples import Rep

LEAST_REPS = 5
MOST = 200
_QUANTILE = NormalDist().inv_cdf(0.975)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slope:
    """A change from one rep to the next, with its 95 % interval, in the value's own unit."""

    per_rep: float
    low: float
    high: float
    reps: int
    span: int
    """From the first rep that counts to the last: how many steps."""

    @property
    def told_apart(self) -> bool:
        """Whether it is told from no change at all."""
        return self.low > 0.0 or self.high < 0.0

    @property
    def in_all(self) -> float:
        """What it makes from the first rep to the last."""
        return self.per_rep * self.span


def slope_of(reps: Sequence[Rep], name: str) -> Slope | None:
    """The slope of that value over the reps of one set; None for fewer than five."""
    found = values_of(reps, name)
    return slope([place for place, _ in found], [value for _, value in found])


def slope(places: Sequence[int], values: Sequence[float]) -> Slope | None:
    """The slope of `values` over the reps' places, which go up."""
    if len(values) < LEAST_REPS:
        return None
    x, y = _thinned(np.array(places, dtype=float), np.array(values))
    per_rep, low, high = _theil_sen(x, y)
    if not all(map(math.isfinite, (per_rep, low, high))):
        return None
    return Slope(per_rep, low, high, len(values), places[-1] - places[0])


def _theil_sen(x: Floats, y: Floats) -> tuple[float, float, float]:
    """The median of the slopes between any two points (`x` goes up), and Sen's interval: as many
    slopes from either end as Kendall's tau leaves out. Equal values of `y` narrow it.

    scipy.stats.theilslopes computes the same, as a test holds; importing it takes a second.
    """
    first, second = np.triu_indices(len(x), 1)
    slopes = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    count = len(y)
    of_equals = sum(k * (k - 1) * (2 * k + 5) for k in np.unique(y, return_counts=True)[1].tolist())
    sigma = math.sqrt((count * (count - 1) * (2 * count + 5) - of_equals) / 18.0)
    low = round((len(slopes) - _QUANTILE * sigma) / 2.0) - 1
    high = round((len(slopes) + _QUANTILE * sigma) / 2.0)
    return (
        float(np.median(slopes)),
        float(slopes[max(low, 0)]),
        float(slopes[min(high, len(slopes) - 1)]),
    )


def _thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """MOST points at the most."""
    if len(x) <= MOST:
        return x, y
    parts = np.array_split(np.arange(len(x)), MOST)
    return (
        np.array([x[part].mean() for part in parts]),
        np.array([np.median(y[part]) for part in parts]),
    )
