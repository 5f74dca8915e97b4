"""What each rep's bones did, against the person's own calibration reps.

A rep's true excursion: its valgus minus the mean of the functional squats' at equal flexion and on
the same way (down before the deepest point, up after it), where that is largest in size above
20 deg of flexion. Deeper than the functional squats went by 5 deg there is nothing to compare with;
within those 5 deg the curve's end is held (biomechanics B10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .course import Squat
from .turns import Floats

FROM_DEG = 20.0
BEYOND_DEG = 5.0
GRID = np.arange(FROM_DEG, 141.0, 1.0)


@dataclass(frozen=True, slots=True)
class TrueRep:
    """`excursion_deg` and `peak_valgus_deg` (largest valgus above 20 deg) are of the bones."""

    kind: str  # functional or set
    start_s: float
    bottom_s: float
    end_s: float
    excursion_deg: float
    peak_valgus_deg: float


def ways(time_s: Floats, angles_deg: Floats, start_s: float, end_s: float) -> tuple[Floats, Floats]:
    """(flexion, valgus) rows (k, 2) of the way down and of the way up, above FROM_DEG."""
    inside = (time_s >= start_s) & (time_s <= end_s)
    rows = angles_deg[inside][:, :2]
    deepest = int(np.argmax(rows[:, 0]))
    down, up = rows[: deepest + 1], rows[deepest:]
    return down[down[:, 0] > FROM_DEG], up[up[:, 0] > FROM_DEG]


def over_flexion(rows: Floats) -> Floats:
    """Valgus on GRID, nan deeper than the rows go."""
    order = np.argsort(rows[:, 0], kind="stable")
    return np.interp(GRID, rows[order, 0], rows[order, 1], right=np.nan)


def own_curves(
    time_s: Floats, angles_deg: Floats, spans: Sequence[tuple[float, float]]
) -> tuple[Floats, Floats]:
    """Mean valgus on GRID of the calibration reps, down and up; its end held for BEYOND_DEG."""
    both = [ways(time_s, angles_deg, *span) for span in spans]
    curves: list[Floats] = []
    for way in range(2):
        each = np.array([over_flexion(rows[way]) for rows in both])
        known = ~np.isnan(each).all(axis=0)
        mean = np.full(len(GRID), np.nan)
        mean[known] = np.nanmean(each[:, known], axis=0)
        last = int(np.flatnonzero(known)[-1])
        mean[last + 1 : last + 1 + int(BEYOND_DEG)] = mean[last]
        curves.append(mean)
    return curves[0], curves[1]


def excursion(
    time_s: Floats, angles_deg: Floats, span: tuple[float, float], curves: tuple[Floats, Floats]
) -> float:
    """The signed difference of largest size from the curves (deg); nan where there is none."""
    found = [
        rows[:, 1] - np.interp(rows[:, 0], GRID, curve, right=np.nan)
        for rows, curve in zip(ways(time_s, angles_deg, *span), curves, strict=True)
    ]
    off = np.concatenate(found)
    off = off[~np.isnan(off)]
    return float(off[np.argmax(np.abs(off))]) if len(off) else float("nan")


def peak_valgus(time_s: Floats, angles_deg: Floats, span: tuple[float, float]) -> float:
    return float(max(rows[:, 1].max() for rows in ways(time_s, angles_deg, *span) if len(rows)))


def true_reps(time_s: Floats, angles_deg: Floats, squats: Sequence[Squat]) -> tuple[TrueRep, ...]:
    """Every squat with what it truly was; without functional squats there is no excursion."""
    spans = [(q.start_s, q.end_s) for q in squats if q.kind == "functional"]
    curves = own_curves(time_s, angles_deg, spans) if spans else None
    reps: list[TrueRep] = []
    for q in squats:
        span = (q.start_s, q.end_s)
        off = float("nan") if curves is None else excursion(time_s, angles_deg, span, curves)
        peak = peak_valgus(time_s, angles_deg, span)
        reps.append(TrueRep(q.kind, *span[:1], q.bottom_s, span[1], off, peak))
    return tuple(reps)
