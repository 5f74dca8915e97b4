"""When an excursion counts, and what makes a verdict doubtful. All numbers of judgement are here.

    inward    own excursion >= max(5 deg, 2 SEM) for at least 0.1 s, above 20 deg of flexion
    large     the same, reaching 10 deg
    outward   the same on the other side

(biomechanics C2.) No threshold predicts an injury and none is meant to: 5 deg is the usual limit of
acceptable difference, 2 SEM keeps a person's own scatter from counting.

A doubt is always listed. It makes the verdict `doubtful` only where it could change it: what was
seen in spite of a gap was seen, but a gap can hide what was not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kneecore.excursion import HOLD_S, LARGE_DEG, threshold_deg
from kneetrack.samples import Doubt, Verdict

SHALLOW_DEG = (
    60.0  # peak flexion under which a squat says little (biomechanics B6: 60-90 deg asked)
)
FIRST_REPS = 3  # of a set, that may serve as the reference
FIRST_REPS_OF = 6  # in a set of at least so many
SET_REST_S = 20.0  # without a rep: the set is over

_ALWAYS_DOUBTFUL = frozenset({Doubt.NO_REFERENCE, Doubt.SLIP, Doubt.SATURATION})
_MAY_HIDE = frozenset({Doubt.OUTSIDE_REFERENCE})


@dataclass(frozen=True, slots=True)
class Finding:
    """What one side of an excursion amounts to: its verdict and the time over the threshold."""

    verdict: Verdict
    time_over_threshold_s: float


def longest_run(mask: NDArray[np.bool_]) -> int:
    """The length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False]))))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0


def find(own_deg: NDArray[np.float64], sem_deg: float, period_s: float) -> Finding:
    """Judge a rep's own excursion at its comparable samples (deg, evenly spaced; NaN elsewhere).

    The time over the threshold is that of the side which the verdict is about (else inward).
    """
    limit_deg = threshold_deg(sem_deg)
    inward = own_deg >= limit_deg
    outward = own_deg <= -limit_deg
    went_inward = longest_run(inward) * period_s >= HOLD_S
    went_outward = longest_run(outward) * period_s >= HOLD_S
    if went_outward and (not went_inward or -np.nanmin(own_deg) > np.nanmax(own_deg)):
        return Finding(Verdict.MOVED_OUTWARD, float(outward.sum()) * period_s)
    over_s = float(inward.sum()) * period_s
    if not went_inward:
        return Finding(Verdict.IN_RANGE, over_s)
    large = bool(np.nanmax(own_deg) >= LARGE_DEG)
    return Finding(Verdict.MOVED_INWARD_LARGE if large else Verdict.MOVED_INWARD, over_s)


def with_doubts(verdict: Verdict, doubts: frozenset[Doubt], gap_s: float) -> Verdict:
    """The verdict that is left when the doubts have been heard."""
    if doubts & _ALWAYS_DOUBTFUL:
        return Verdict.DOUBTFUL
    hidden = doubts & _MAY_HIDE or (Doubt.GAP in doubts and gap_s >= HOLD_S)
    return Verdict.DOUBTFUL if hidden and verdict is Verdict.IN_RANGE else verdict


def of_shift(shift_deg: float, sigma_deg: float, sem_deg: float) -> Verdict:
    """The verdict on what all reps of a set share, by the same limits.

    Doubtful where the shift is within them and could well be beyond (two standard uncertainties).
    """
    limit_deg = threshold_deg(sem_deg)
    if shift_deg >= max(limit_deg, LARGE_DEG):
        return Verdict.MOVED_INWARD_LARGE
    if shift_deg >= limit_deg:
        return Verdict.MOVED_INWARD
    if shift_deg <= -limit_deg:
        return Verdict.MOVED_OUTWARD
    return Verdict.DOUBTFUL if abs(shift_deg) + 2.0 * sigma_deg >= limit_deg else Verdict.IN_RANGE
