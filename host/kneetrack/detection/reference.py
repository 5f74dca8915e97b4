"""The user's own reference: how valgus and rotation go with flexion in reps that looked good.

Comparing at equal flexion (biomechanics B10) takes out every error that is a fixed function of
flexion: a tilted thigh axis, soft tissue, a standing offset. What it gives is relative to this
person's own reps, not to an ideal knee.

The curves are means over at least three reps at every flexion they cover, on the way down and on
the way up apart. `sem_deg` is the scatter of single reps about that mean (pooled over flexion): the
standard error of measurement, person and strap together. `spread_deg` is what of it grows with the
depth, at 90 deg of flexion, as soft tissue has it that never moves twice alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kneecore.excursion import BEYOND_DEG, FROM_DEG, STEP_DEG, ReferenceCurve
from kneetrack.detection.measures import GRID_DEG, Floats, Measured

LEAST_REPS = 3
_DEEPEST_REPS = 2  # so many carry the curve on beyond what three reach
_LEAST_BINS = 5
_CURVES = ("valgus_down_deg", "valgus_up_deg", "rotation_down_deg", "rotation_up_deg")


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

    @property
    def deepest_deg(self) -> float:
        """The flexion up to which excursions are compared."""
        return FROM_DEG + STEP_DEG * (len(self.valgus_down_deg) - 1) + BEYOND_DEG

    def curve(self) -> ReferenceCurve:
        """The valgus curve in the streaming form."""
        return ReferenceCurve(self.valgus_down_deg, self.valgus_up_deg)

    def valgus_at(self, flexion_deg: Floats, share_of_descent: Floats) -> Floats:
        """The reference's valgus at these flexions, held beyond its ends."""
        return _blend(self.valgus_down_deg, self.valgus_up_deg, flexion_deg, share_of_descent)

    def rotation_at(self, flexion_deg: Floats, share_of_descent: Floats) -> Floats:
        """The reference's internal rotation, likewise."""
        return _blend(self.rotation_down_deg, self.rotation_up_deg, flexion_deg, share_of_descent)

    def to_json(self) -> dict[str, Any]:
        """The reference as JSON types; `from_json` reads it back."""
        curves = {name: [round(value, 4) for value in getattr(self, name)] for name in _CURVES}
        return {**curves, "source": self.source, "reps": self.reps} | {
            "sem_deg": self.sem_deg,
            "spread_deg": self.spread_deg,
        }

    @classmethod
    def from_json(cls, data: Any) -> Reference:
        """Read what `to_json` wrote. ValueError, with what is wrong, otherwise."""
        try:
            curves = {name: tuple(float(value) for value in data[name]) for name in _CURVES}
            reference = cls(
                **curves,
                source=str(data["source"]),
                reps=int(data["reps"]),
                sem_deg=float(data["sem_deg"]),
                spread_deg=float(data.get("spread_deg", data["sem_deg"])),  # older files lack it
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a reference: {error!r}") from None
        numbers = [value for curve in curves.values() for value in curve]
        if len({len(curve) for curve in curves.values()}) != 1 or not numbers:
            raise ValueError("not a reference: its curves differ in length, or are empty")
        if not all(
            math.isfinite(value) for value in (*numbers, reference.sem_deg, reference.spread_deg)
        ):
            raise ValueError("not a reference: a number in it is not finite")
        return reference


def _blend(
    down: tuple[float, ...], up: tuple[float, ...], flexion_deg: Floats, share_of_descent: Floats
) -> Floats:
    grid = GRID_DEG[: len(down)]
    descent = np.interp(flexion_deg, grid, down)
    ascent = np.interp(flexion_deg, grid, up)
    return ascent + share_of_descent * (descent - ascent)


def build(reps: Sequence[Measured], source: str) -> Reference | None:
    """The reference of these reps, or None where fewer than three go deep enough together."""
    if len(reps) < LEAST_REPS:
        return None
    # rep, down/up, valgus/rotation, grid
    curves = np.array([[rep.down[:2], rep.up[:2]] for rep in reps])
    counts = np.isfinite(curves[:, :, 0, :]).sum(axis=0).min(axis=0)
    first, full = _span(counts >= LEAST_REPS)
    if full - first < _LEAST_BINS:
        return None
    _, end = _span(counts >= _DEEPEST_REPS)
    mean = np.nanmean(curves[..., first:full], axis=0)
    off = curves[..., first:full] - mean
    # Beyond the depth of three: go on from the mean as those go on that do.
    beyond = curves[..., full:end] - off[..., -1:]
    mean = np.concatenate([mean, np.nanmean(beyond, axis=0)], axis=-1)
    mean = np.pad(mean, ((0, 0), (0, 0), (first, 0)), mode="edge")
    scatter = off[:, :, 0]
    spare = (np.isfinite(scatter).sum(axis=0) - 1).sum()
    return Reference(
        valgus_down_deg=tuple(mean[0, 0].tolist()),
        valgus_up_deg=tuple(mean[1, 0].tolist()),
        rotation_down_deg=tuple(mean[0, 1].tolist()),
        rotation_up_deg=tuple(mean[1, 1].tolist()),
        source=source,
        reps=len(reps),
        sem_deg=math.sqrt(float(np.nansum(scatter**2)) / float(spare)),
        spread_deg=_spread(scatter, GRID_DEG[first:full]),
    )


def deep(flexion_deg: Floats) -> Floats:
    """How soft tissue's turn of the thigh shows in valgus: 1 at 90 deg (biomechanics B3, B9)."""
    return flexion_deg / 90.0 * np.sin(np.radians(flexion_deg))


def _spread(scatter: Floats, flexion_deg: Floats) -> float:
    """How much of each rep's scatter (reps, 2, bins) goes with `deep`: standard deviation, deg."""
    shape = np.tile(deep(flexion_deg), 2)
    sizes: list[float] = []
    for off in scatter.reshape(len(scatter), -1):
        known = np.isfinite(off)
        if known.sum() > 2:
            slope, _ = np.polyfit(shape[known], off[known], 1)
            sizes.append(float(slope))
    return math.sqrt(sum(size**2 for size in sizes) / max(1, len(scatter) - 1))


def _span(enough: NDArray[np.bool_]) -> tuple[int, int]:
    """The first run of True, as [first, end)."""
    first = int(enough.argmax())
    missing = np.flatnonzero(~enough[first:])
    return first, first + int(missing[0]) if len(missing) else len(enough)
