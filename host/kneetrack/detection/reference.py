"""The user's own reference: how valgus and rotation go with flexion in reps that looked good.

Comparing at equal flexion (biomechanics B10) takes out every error that is a fixed function of
flexion: a tilted thigh axis, soft tissue, a standing offset. What it gives is relative to this
person's own reps, not to an ideal knee.

The curves are weighted means over at least three reps at every flexion they cover, on the way down
and on the way up apart. The weights (detection.standouts) are 1 for clean reps, so that these count
as in any mean; a rep that stands out from the others counts little, and is told. Reps with a hole
are left out as long as three whole ones remain. Two reps don't make a reference: should they
differ, nobody can tell which is the odd one, and a single 10 deg cave-in would move their mean by
the 5 deg that verdicts are about.

`sem_deg` is the scatter of single reps about the curve (pooled over flexion): the standard error of
measurement, person and strap together. `spread_deg` is what of it grows with the depth, at 90 deg
of flexion, as soft tissue has it that never moves twice alike. `sem_between_deg` is how far such
curves lie from one session to another (detection.reliability), where that is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kneecore.excursion import (
    BEYOND_DEG,
    FROM_DEG,
    HOLD_S,
    STEP_DEG,
    ExcursionTracker,
    ReferenceCurve,
)
from kneecore.wire import ANGLE_LSB_DEG
from kneetrack.detection.cut import Floats
from kneetrack.detection.measures import GRID_DEG, Measured
from kneetrack.detection.standouts import LEAST_REPS, weights

COUNTS_LITTLE = 0.5
REP_WORDS = {
    "reference": "reference rep",
    "functional": "calibration squat",
    "first_three": "rep",
}
_OF_NORMAL = 1.96  # 95 % of a normal distribution
_DEEPEST_REPS = 2  # so many carry the curve on beyond what three reach
_LEAST_BINS = 5
CURVES = ("valgus_down_deg", "valgus_up_deg", "rotation_down_deg", "rotation_up_deg")


@dataclass(frozen=True, slots=True)
class Reference:
    """Element i of a curve (deg) is at flexion FROM_DEG + i * STEP_DEG of kneecore.excursion."""

    valgus_down_deg: tuple[float, ...]
    valgus_up_deg: tuple[float, ...]
    rotation_down_deg: tuple[float, ...]
    rotation_up_deg: tuple[float, ...]
    source: str  # "given", "reference", "functional" or "first_three"
    reps: int
    sem_deg: float
    spread_deg: float
    counted: float = 0.0  # the sum of the reps' weights; 0: as many as there are
    standouts: tuple[tuple[int, float], ...] = ()
    """Reps that count little: their number among the reference's, from 1, and how far off (deg)."""
    sem_between_deg: float | None = None
    carried_deg: float = 0.0
    """What carrying it over from another calibration adds to its standard uncertainty."""
    values: tuple[tuple[str, float], ...] = ()
    """The medians of its reps' own measures, by their names in `measure_table`."""

    @property
    def weight(self) -> float:
        """How many clean reps the curve is worth."""
        return self.counted or float(self.reps)

    @property
    def sigma_deg(self) -> float:
        """The standard uncertainty of the curve."""
        return math.hypot(self.sem_deg / math.sqrt(self.weight), self.carried_deg)

    @property
    def remarks(self) -> list[str]:
        """What a person should know of it, as sentences."""
        rep = REP_WORDS.get(self.source, "reference rep").capitalize()
        return [
            f"{rep} {number} stands out by {off_deg:.0f}° from the others and counts little."
            for number, off_deg in self.standouts
        ]

    @property
    def mdc95_deg(self) -> float | None:
        """The least difference between two sessions' references that is told apart (C3)."""
        between = self.sem_between_deg
        return None if between is None else _OF_NORMAL * math.sqrt(2.0) * between

    @property
    def deepest_deg(self) -> float:
        """The flexion up to which excursions are compared."""
        return FROM_DEG + STEP_DEG * (len(self.valgus_down_deg) - 1) + BEYOND_DEG

    def tracker(self, period_s: float) -> ExcursionTracker:
        """The streaming comparison, by the numbers that a band gets (`wire.REFERENCE`).

        So both find the criterion of `kneecore.watch` at the same sample.
        """
        down = [_as_sent(valgus_deg) for valgus_deg in self.valgus_down_deg]
        up = [_as_sent(valgus_deg) for valgus_deg in self.valgus_up_deg]
        return ExcursionTracker(ReferenceCurve(down, up), _as_sent(self.sem_deg), period_s)

    def valgus_at(self, flexion_deg: Floats, share_of_descent: Floats) -> Floats:
        """The reference's valgus at these flexions, held beyond its ends."""
        return _blend(self.valgus_down_deg, self.valgus_up_deg, flexion_deg, share_of_descent)

    def rotation_at(self, flexion_deg: Floats, share_of_descent: Floats) -> Floats:
        """The reference's internal rotation, likewise."""
        return _blend(self.rotation_down_deg, self.rotation_up_deg, flexion_deg, share_of_descent)

    def to_json(self) -> dict[str, Any]:
        """The reference as JSON types; `from_json` reads it back."""
        curves = {name: [round(value, 4) for value in getattr(self, name)] for name in CURVES}
        return {**curves, "source": self.source, "reps": self.reps} | {
            "sem_deg": self.sem_deg,
            "spread_deg": self.spread_deg,
            "counted": self.weight,
            "standouts": [list(one) for one in self.standouts],
            "sem_between_deg": self.sem_between_deg,
            "carried_deg": self.carried_deg,
            "values": {name: round(value, 4) for name, value in self.values},
        }

    @classmethod
    def from_json(cls, data: Any) -> Reference:
        """Read what `to_json` wrote. ValueError, with what is wrong, otherwise."""
        try:
            between = data.get("sem_between_deg")
            curves = {name: tuple(float(value) for value in data[name]) for name in CURVES}
            reference = cls(
                **curves,
                source=str(data["source"]),
                reps=int(data["reps"]),
                sem_deg=float(data["sem_deg"]),
                spread_deg=float(data.get("spread_deg", data["sem_deg"])),  # older files lack it
                counted=float(data.get("counted", 0.0)),
                standouts=tuple((int(rep), float(off)) for rep, off in data.get("standouts", ())),
                sem_between_deg=None if between is None else float(between),
                carried_deg=float(data.get("carried_deg", 0.0)),
                values=tuple((str(n), float(v)) for n, v in data.get("values", {}).items()),
            )
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a reference: {error!r}") from None
        numbers = [value for curve in curves.values() for value in curve]
        if len({len(curve) for curve in curves.values()}) != 1 or not numbers:
            raise ValueError("not a reference: its curves differ in length, or are empty")
        numbers += [reference.sem_deg, reference.spread_deg, reference.counted]
        numbers += [reference.carried_deg]
        numbers += [off for _, off in (*reference.standouts, *reference.values)]
        if not all(math.isfinite(value) for value in (*numbers, between or 0.0)):
            raise ValueError("not a reference: a number in it is not finite")
        return reference


def _as_sent(value_deg: float) -> float:
    return round(value_deg / ANGLE_LSB_DEG) * ANGLE_LSB_DEG


def _blend(
    down: tuple[float, ...], up: tuple[float, ...], flexion_deg: Floats, share_of_descent: Floats
) -> Floats:
    grid = GRID_DEG[: len(down)]
    descent = np.interp(flexion_deg, grid, down)
    ascent = np.interp(flexion_deg, grid, up)
    return ascent + share_of_descent * (descent - ascent)


def build(reps: Sequence[Measured], source: str) -> Reference | None:
    """The reference of these reps, or None where fewer than three go deep enough together."""
    whole = [at for at, rep in enumerate(reps) if rep.gap_s < HOLD_S and not rep.saturated]
    used = whole if len(whole) >= LEAST_REPS else list(range(len(reps)))
    if len(used) < LEAST_REPS:
        return None
    # rep, down/up, valgus/rotation, grid
    curves = np.array([[reps[at].down[:2], reps[at].up[:2]] for at in used])
    known = np.isfinite(curves[:, :, 0])
    weight, off_deg = weights(curves[:, :, 0])
    heard = (known & (weight > 0.0)[:, None, None]).sum(axis=0).min(axis=0) >= _DEEPEST_REPS
    first, full = _span(heard & (known.sum(axis=0).min(axis=0) >= LEAST_REPS))
    if full - first < _LEAST_BINS:
        return None
    _, end = _span(heard)
    mean = _weighted(curves[..., first:full], weight)
    off = curves[..., first:full] - mean
    # Beyond the depth of three: go on from the mean as those go on that do.
    beyond = _weighted(curves[..., full:end] - off[..., -1:], weight)
    mean = np.concatenate([mean, beyond], axis=-1)
    mean = np.pad(mean, ((0, 0), (0, 0), (first, 0)), mode="edge")
    scatter = off[:, :, 0]
    heavy = np.isfinite(scatter) * weight[:, None, None]
    total = heavy.sum(axis=0)
    spare = (total - (heavy**2).sum(axis=0) / total).sum()
    return Reference(
        valgus_down_deg=tuple(mean[0, 0].tolist()),
        valgus_up_deg=tuple(mean[1, 0].tolist()),
        rotation_down_deg=tuple(mean[0, 1].tolist()),
        rotation_up_deg=tuple(mean[1, 1].tolist()),
        source=source,
        reps=len(used),
        sem_deg=math.sqrt(float(np.nansum(heavy * scatter**2)) / float(spare)),
        spread_deg=_spread(scatter, weight, GRID_DEG[first:full]),
        counted=float(weight.sum()),
        standouts=tuple(
            (used[i] + 1, float(off_deg[i])) for i in np.flatnonzero(weight < COUNTS_LITTLE)
        ),
        values=_medians([reps[at].values for at in used]),
    )


def _medians(rows: Sequence[Mapping[str, float | None]]) -> tuple[tuple[str, float], ...]:
    """Of each value that all rows know."""
    known = {name: [row.get(name) for row in rows] for name in rows[0]}
    whole = {n: [v for v in values if v is not None] for n, values in known.items()}
    return tuple((n, median(v)) for n, v in whole.items() if len(v) == len(rows))


def _weighted(curves: Floats, weight: Floats) -> Floats:
    """The mean over reps (the first axis) of what is known."""
    heavy = np.isfinite(curves) * weight[:, None, None, None]
    return (heavy * np.nan_to_num(curves)).sum(axis=0) / heavy.sum(axis=0)


def deep(flexion_deg: Floats) -> Floats:
    """How soft tissue's turn of the thigh shows in valgus: 1 at 90 deg (biomechanics B3, B9)."""
    return flexion_deg / 90.0 * np.sin(np.radians(flexion_deg))


def _spread(scatter: Floats, weight: Floats, flexion_deg: Floats) -> float:
    """How much of each rep's scatter (reps, 2, bins) goes with `deep`: standard deviation, deg."""
    shape = np.tile(deep(flexion_deg), 2)
    total = 0.0
    for off, heavy in zip(scatter.reshape(len(scatter), -1), weight.tolist(), strict=True):
        known = np.isfinite(off)
        if known.sum() > 2:
            slope, _ = np.polyfit(shape[known], off[known], 1)
            total += heavy * float(slope) ** 2
    return math.sqrt(total / max(1.0, float(weight.sum()) - 1.0))


def _span(enough: NDArray[np.bool_]) -> tuple[int, int]:
    """The first run of True, as [first, end)."""
    first = int(enough.argmax())
    missing = np.flatnonzero(~enough[first:])
    return first, first + int(missing[0]) if len(missing) else len(enough)
