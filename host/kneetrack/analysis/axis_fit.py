"""Errors of knee angles in three ways, for two measurements may define their axes differently.

raw         as both tell them
minus_mean  each angle's mean over the set taken off both: what an unknown zero can't hide
same_axes   after the best constant turn of the thigh's and of the shank's frame (least squares over
            both): what is left when both would define the axes alike (REFRAME's idea, Sagasser,
            Sensors 24:3324, 2024)

Two measurements that define the thigh's axis 5 deg apart about its long axis differ by 5 deg times
sin(flexion) in valgus without either being wrong, so the second and third say more than the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import scipy

from kneetrack.samples import Side
from kneetrack.traces.reader import FloatArray

ANGLES = ("flexion", "valgus", "rotation")
Three: TypeAlias = tuple[float | None, float | None, float | None]

_FITTED = 600  # samples that the frames are fitted to; all are scored
_FIT_EVALUATIONS = 50  # the fit takes ten; angles that nothing fits would go on for minutes
_LEAST_FITTED = 12  # samples for six unknowns

_SCIPY: Any = scipy  # its parts are imported when they are asked for: signal takes a second


@dataclass(frozen=True, slots=True)
class Errors:
    """Root mean square errors (deg) of flexion, valgus and rotation; None where not known."""

    raw: Three
    minus_mean: Three
    same_axes: Three
    samples: int

    def to_json(self) -> dict[str, Any]:
        rows = {"raw": self.raw, "minus_mean": self.minus_mean, "same_axes": self.same_axes}
        return {
            name: {
                f"{angle}_deg": None if x is None else round(x, 4)
                for angle, x in zip(ANGLES, row, strict=True)
            }
            for name, row in rows.items()
        } | {"samples": self.samples}


def errors(mine: FloatArray, theirs: FloatArray, side: Side) -> Errors:
    """The three kinds of errors between two tables of angles, (n, 3) in deg, NaN where unknown.

    The axes can be fitted only where all three angles are known, so without a rotation there is no
    `same_axes`.
    """
    difference = mine - theirs
    whole = np.isfinite(difference).all(axis=1)
    fitted = (
        _with_same_axes(mine[whole], theirs[whole], side) - theirs[whole]
        if whole.sum() >= _LEAST_FITTED
        else np.empty((0, 3))
    )
    centred = difference.copy()
    for k in range(3):
        known = np.isfinite(difference[:, k])
        if known.any():
            centred[:, k] -= difference[known, k].mean()
    return Errors(
        raw=_rms(difference),
        minus_mean=_rms(centred),
        same_axes=_rms(fitted),
        samples=int(np.isfinite(difference[:, 0]).sum()),
    )


def _with_same_axes(mine: FloatArray, theirs: FloatArray, side: Side) -> FloatArray:
    """`mine` with both frames turned as fits `theirs` best."""
    step = max(1, len(mine) // _FITTED)
    rotation = _SCIPY.spatial.transform.Rotation
    measured, wanted = _rotations(mine, side), _rotations(theirs, side)
    few, target = measured[::step], wanted[::step].inv()

    def residuals(turns: FloatArray) -> FloatArray:
        thigh, shank = rotation.from_rotvec(turns[:3]), rotation.from_rotvec(turns[3:])
        return (target * thigh * few * shank).as_rotvec().ravel()

    fit = _SCIPY.optimize.least_squares(residuals, np.zeros(6), max_nfev=_FIT_EVALUATIONS)
    turns: FloatArray = fit.x
    turned = rotation.from_rotvec(turns[:3]) * measured * rotation.from_rotvec(turns[3:])
    return turned.as_euler("ZXY", degrees=True) * _signs(side)


def _rotations(angles: FloatArray, side: Side) -> Any:
    """Shank to thigh: Rz(-flexion) Rx(-s valgus) Ry(s rotation), see kneecore.joint."""
    turned = angles * _signs(side)
    return _SCIPY.spatial.transform.Rotation.from_euler("ZXY", turned, degrees=True)


def _signs(side: Side) -> FloatArray:
    return np.array([-1.0, -float(side), float(side)])


def _rms(table: FloatArray) -> Three:
    flexion, valgus, rotation = (_root_mean_square(column) for column in table.T)
    return (flexion, valgus, rotation)


def _root_mean_square(values: FloatArray) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.sqrt((known**2).mean())) if len(known) else None


def median_of(several: Sequence[Errors], kind: str) -> Three:
    """The median of one kind of errors over `several`, each angle by itself."""
    rows: list[Three] = [getattr(one, kind) for one in several]
    found: list[float | None] = []
    for column in zip(*rows, strict=True):
        known = [value for value in column if value is not None]
        found.append(float(np.median(known)) if known else None)
    return (found[0], found[1], found[2])
