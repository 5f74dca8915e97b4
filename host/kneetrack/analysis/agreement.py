"""How far two measurements of the same movement agree: the statistics, with their sources.

Differences are ours minus the reference, in whatever unit the values have.

RMSE, bias, SD
    The root mean square, the mean and the standard deviation of the differences (n - 1). A constant
    that two measurements define differently, a zero, shows in the bias alone.

Limits of agreement, multiple observations per individual
    Bland & Altman, J Biopharm Stat 17:571-582, 2007, section 3, "true value varies": the
    differences form groups, a one-way analysis of variance splits them into a part within groups
    (mean square W) and one between (mean square B),

        between^2 = max(0, (B - W) / m0),    m0 = ((sum m)^2 - sum m^2) / ((g - 1) sum m)

    for g groups of m observations, and the limits are bias +- 1.96 sqrt(W + between^2). Taking all
    observations for independent would make them too narrow, for few groups differ.

    Here the groups are the reps of one person, and the observations the samples of the sets, each
    with the rep that it is nearest to: the same samples that bias and RMSE are of, so the bias is
    in the middle of its limits. They say where a sample of another rep of the *same* person,
    strapped on once, will lie. What differs between people and between strappings is not in them;
    that takes several recordings.

Coefficient of multiple correlation, inter-protocol
    Ferrari, Cutti & Cappello, Gait Posture 31:540-542, 2010: P measurements of the same cycle, of F
    frames each, are compared within the cycle,

        CMC^2 = 1 - A / T,   A = sum_pf (y_pf - mean_f)^2 / (F (P - 1)),
                             T = sum_pf (y_pf - mean)^2 / (P F - 1),

    so that differences between the person's reps do not count as disagreement. 1 is the same curve.
    An offset between the two counts as disagreement too, so callers may take each curve's mean off
    first, and say so. Where the disagreement is larger than the movement, the square is negative
    and the CMC undefined (None, not zero): that happens to angles that hardly move, with any bias.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kneetrack.traces.reader import FloatArray

LIMITS = 1.96
"""Standard deviations either way: 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Root mean square, mean and standard deviation of `samples` differences."""

    rmse: float
    bias: float
    sd: float
    samples: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of agreement, and what they are made of. `between_sd` is None for a single group."""

    bias: float
    lower: float
    upper: float
    within_sd: float
    between_sd: float | None
    groups: int
    samples: int


def difference(ours: FloatArray, theirs: FloatArray) -> Difference | None:
    """Of two series (n,); samples where either is NaN are left out. None for fewer than two."""
    apart = ours - theirs
    apart = apart[np.isfinite(apart)]
    if len(apart) < 2:
        return None
    return Difference(
        rmse=math.sqrt(float(np.mean(apart**2))),
        bias=float(apart.mean()),
        sd=float(apart.std(ddof=1)),
        samples=len(apart),
    )


def limits_of_agreement(groups: Sequence[FloatArray]) -> Limits | None:
    """Of differences in groups (m_i,) each, NaN left out; None without two differences in one."""
    known = [group[np.isfinite(group)] for group in groups]
    known = [group for group in known if len(group)]
    sizes = np.array([len(group) for group in known], dtype=np.float64)
    count = int(sizes.sum())
    if count - len(known) < 1:
        return None
    everything = np.concatenate(known)
    bias = float(everything.mean())
    means = np.array([float(group.mean()) for group in known])
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in known)
    within = squares / (count - len(known))
    between: float | None = None
    if len(known) > 1:
        mean_square = float((sizes * (means - bias) ** 2).sum()) / (len(known) - 1)
        divisor = (count**2 - float((sizes**2).sum())) / ((len(known) - 1) * count)
        between = max(0.0, (mean_square - within) / divisor)
    reach = LIMITS * math.sqrt(within + (between or 0.0))
    return Limits(
        bias=bias,
        lower=bias - reach,
        upper=bias + reach,
        within_sd=math.sqrt(within),
        between_sd=None if between is None else math.sqrt(between),
        groups=len(known),
        samples=count,
    )


def cmc(curves: FloatArray) -> float | None:
    """Of one cycle measured P times, `curves` (P, F); frames where any is NaN are left out.

    None where it is undefined: under two measurements or frames, no movement, or more disagreement
    than movement.
    """
    known = curves[:, np.isfinite(curves).all(axis=0)]
    measurements, frames = known.shape
    if measurements < 2 or frames < 2:
        return None
    apart = float(((known - known.mean(axis=0)) ** 2).sum()) / (frames * (measurements - 1))
    total = float(((known - known.mean()) ** 2).sum()) / (measurements * frames - 1)
    if total <= 0.0 or apart > total:
        return None
    return math.sqrt(1.0 - apart / total)
