"""How far knee angles are from a reference measurement, in three ways.

raw         as both tell them
minus_mean  each angle's mean over the set taken off both: what an unknown zero can't hide
same_axes   after the best constant turn of the thigh's and of the shank's frame (least squares over
            both): what is left when both would define the axes alike (REFRAME's idea, Sagasser,
            Sensors 24:3324, 2024)

Two measurements that define the thigh's axis 5 deg apart about its long axis differ by 5 deg times
sin(flexion) in valgus without either being wrong, so the second and third say more than the first.
For a trace all of it is given with the crosstalk refinement as the analysis has it, off and on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize
from scipy.spatial import transform

from kneecore import wire
from kneetrack.analysis.log import log_samples, only_side
from kneetrack.analysis.source import is_log
from kneetrack.analysis.trace import measure
from kneetrack.errors import InputError
from kneetrack.samples import KneeSample, Side, Window
from kneetrack.sessionlog import read_log
from kneetrack.traces import read_trace
from kneetrack.traces.reader import BoolArray, FloatArray
from kneetrack.traces.reference import read_reference

ANGLES = ("flexion", "valgus", "rotation")
LEAST_SAMPLES = 50
_FITTED = 600  # samples that the frames are fitted to; all are scored
_FIT_EVALUATIONS = 50  # the fit takes ten; angles that nothing fits would go on for minutes

_optimize: Any = optimize
_Rotation: Any = transform.Rotation


@dataclass(frozen=True, slots=True)
class Errors:
    """Root mean square errors (deg) of flexion, valgus and rotation."""

    raw: tuple[float, float, float]
    minus_mean: tuple[float, float, float]
    same_axes: tuple[float, float, float]
    samples: int

    def to_json(self) -> dict[str, Any]:
        rows = {"raw": self.raw, "minus_mean": self.minus_mean, "same_axes": self.same_axes}
        return {
            name: {f"{angle}_deg": round(x, 4) for angle, x in zip(ANGLES, row, strict=True)}
            for name, row in rows.items()
        } | {"samples": self.samples}


def validate(source: Path, reference: Path, *, side: Side | None = None) -> dict[str, Errors]:
    """The errors of `source` (log or trace) against the angles in `reference`.

    The keys: "as_analysed", and for a trace "crosstalk_off" and "crosstalk_on" (refined on the set
    itself where there are no calibration squats, which analysis never does). Raises InputError
    where the two don't overlap, or the source's own errors.
    """
    times, angles = read_reference(reference)
    if is_log(source):
        log = read_log(source)
        leg = only_side(log, side)
        samples = list(log_samples(source, side=leg))
        return {"as_analysed": _compared(samples, times, angles, leg, log.windows)}
    trace = read_trace(source, side)
    found: dict[str, Errors] = {}
    for name, refine in (("as_analysed", None), ("crosstalk_off", False), ("crosstalk_on", True)):
        measured = measure(trace, refine=refine)
        if measured.calibration is None:
            raise InputError(measured.warnings[0])
        found[name] = _compared(measured.samples, times, angles, trace.side, trace.windows)
    return found


def _compared(
    samples: Sequence[KneeSample],
    times: FloatArray,
    angles: FloatArray,
    side: Side,
    windows: tuple[Window, ...],
) -> Errors:
    usable = [sample for sample in samples if not sample.flags & wire.FLAG_UNALIGNED]
    at = np.array([sample.time_s for sample in usable], dtype=np.float64)
    inside = (at >= times[0]) & (at <= times[-1]) & in_sets(at, windows)
    if inside.sum() < LEAST_SAMPLES:
        raise InputError(
            "The recording and the reference hardly overlap in time; check that both have the "
            "same time_s."
        )
    mine = np.array([sample[2:5] for sample in usable], dtype=np.float64)[inside]
    theirs = np.column_stack([np.interp(at[inside], times, angles[:, k]) for k in range(3)])
    return errors(mine, theirs, side)


def in_sets(at: FloatArray, windows: tuple[Window, ...]) -> BoolArray:
    """(n,) bool: which times lie in a set; all of them where no set is known."""
    sets = [window for window in windows if window.kind == "set"]
    inside = np.full(len(at), not sets, dtype=np.bool_)
    for window in sets:
        inside |= (at >= window.start_s) & (at <= window.end_s)
    return inside


def errors(mine: FloatArray, theirs: FloatArray, side: Side) -> Errors:
    """The three kinds of errors between two tables of angles, (n, 3) in deg."""
    difference = mine - theirs
    return Errors(
        raw=_rms(difference),
        minus_mean=_rms(difference - difference.mean(axis=0)),
        same_axes=_rms(_with_same_axes(mine, theirs, side) - theirs),
        samples=len(mine),
    )


def _with_same_axes(mine: FloatArray, theirs: FloatArray, side: Side) -> FloatArray:
    """`mine` with both frames turned as fits `theirs` best."""
    step = max(1, len(mine) // _FITTED)
    measured, wanted = _rotations(mine, side), _rotations(theirs, side)
    few, target = measured[::step], wanted[::step].inv()

    def residuals(turns: FloatArray) -> FloatArray:
        thigh, shank = _Rotation.from_rotvec(turns[:3]), _Rotation.from_rotvec(turns[3:])
        return (target * thigh * few * shank).as_rotvec().ravel()

    turns: FloatArray = _optimize.least_squares(residuals, np.zeros(6), max_nfev=_FIT_EVALUATIONS).x
    turned = _Rotation.from_rotvec(turns[:3]) * measured * _Rotation.from_rotvec(turns[3:])
    return turned.as_euler("ZXY", degrees=True) * _signs(side)


def _rotations(angles: FloatArray, side: Side) -> Any:
    """Shank to thigh: Rz(-flexion) Rx(-s valgus) Ry(s rotation), see kneecore.joint."""
    return _Rotation.from_euler("ZXY", angles * _signs(side), degrees=True)


def _signs(side: Side) -> FloatArray:
    return np.array([-1.0, -float(side), float(side)])


def _rms(table: FloatArray) -> tuple[float, float, float]:
    flexion, valgus, rotation = np.sqrt((table**2).mean(axis=0)).tolist()
    return (flexion, valgus, rotation)
