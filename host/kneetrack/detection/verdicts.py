"""When an excursion counts, and what makes a verdict doubtful; the numbers are in `criteria`.

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

_ALWAYS_DOUBTFUL = frozenset({Doubt.NO_REFERENCE, Doubt.SLIP, Doubt.SATURATION})
_MAY_HIDE = frozenset({Doubt.OUTSIDE_REFERENCE})


@dataclass(frozen=True, slots=True)
class Finding:
    """What one side of an excursion amounts to: its verdict, and what was over the threshold: for
    how long, with what area under the curve (deg s), and where an inward run began (sample)."""

    verdict: Verdict
    time_over_threshold_s: float
    area_deg_s: float
    began_inward: int | None


def longest_run(mask: NDArray[np.bool_]) -> int:
    """The length of the longest run of True."""
    _, lengths = _runs(mask)
    return int(lengths.max()) if len(lengths) else 0


def find(own_deg: NDArray[np.float64], sem_deg: float, period_s: float) -> Finding:
    """Judge a rep's own excursion at its comparable samples (deg, evenly spaced; NaN elsewhere).

    Time and area over the threshold are those of the side which the verdict is about (else inward).
    """
    limit_deg = threshold_deg(sem_deg)
    inward = own_deg >= limit_deg
    outward = own_deg <= -limit_deg
    began, lengths = _runs(inward)
    held = began[lengths * period_s >= HOLD_S]
    began_inward = int(held[0]) if len(held) else None
    went_outward = longest_run(outward) * period_s >= HOLD_S
    if went_outward and (began_inward is None or -np.nanmin(own_deg) > np.nanmax(own_deg)):
        verdict, over = Verdict.MOVED_OUTWARD, outward
    elif began_inward is None:
        verdict, over = Verdict.IN_RANGE, inward
    else:
        large = bool(np.nanmax(own_deg) >= LARGE_DEG)
        verdict, over = Verdict.MOVED_INWARD_LARGE if large else Verdict.MOVED_INWARD, inward
    area_deg_s = float(np.abs(own_deg[over]).sum()) * period_s
    return Finding(verdict, float(over.sum()) * period_s, area_deg_s, began_inward)


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the runs of True begin, and how long they are."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False]))))
    return edges[::2], edges[1::2] - edges[::2]


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
