"""What is wrong with a reference, or doubtful, before its figures are believed.

Rows that are too far apart
    Between rows a reference is read in straight lines. Where they lie farther apart than a knee
    lets one guess (traces.reference.BRIDGED_S), the lines' error would count as KneeTrack's, so
    such a file is refused. Times in milliseconds look the same, and are told apart by their span.
Radians
    Flexion that goes together, at a slope of 180 / pi.
The other sign
    A person's valgus and rotation go along with flexion, the more so the more the axes of the two
    differ, and this can hide the sign. So what sine and cosine of flexion explain is taken off both
    first, as an error of the axes would add it; of what is left, which makes reps differ and the
    knee wobble, the correlation tells the sign. On nine optical recordings it was 0.59 to 1.00.
    Where hardly anything is left, the angles themselves must go against each other clearly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kneetrack.analysis.axis_fit import ANGLES
from kneetrack.analysis.lag import ALIKE, Lag
from kneetrack.errors import InputError
from kneetrack.traces.reader import FloatArray
from kneetrack.traces.reference import BRIDGED_S, ReferenceAngles

LEAST_SAMPLES = 50
_LONGER = 20.0  # times the recording: no laboratory goes on for so long
_RADIAN_DEG = math.degrees(1.0)
_RADIAN_OFF = 0.15  # of _RADIAN_DEG, by which a slope may miss it
_TURNED_AROUND = -0.5  # r of the rests below which the other sign is likely
_TURNED_WITH_FLEXION = -0.7  # the same of the angles themselves, where there is hardly a rest
_SIGN_SAMPLES = 300  # about a rep
_STILL_DEG = (
    0.3  # standard deviation below which a rest says nothing: an error of the axes bends it
)
_FEW_GROUPS = 3


def refuse_sparse(reference: ReferenceAngles, name: str, recorded_s: float) -> None:
    """InputError where the rows of the file `name` are too far apart to be compared with.

    `recorded_s` is how long the recording is.
    """
    if reference.is_dense:
        return
    span_s = float(reference.times[-1] - reference.times[0])
    if span_s > _LONGER * recorded_s:
        raise InputError(
            f"time_s of {name} goes over {span_s:.0f}, the recording over {recorded_s:.0f} s: is "
            "it in milliseconds, or a number of frames? Give it in seconds."
        )
    raise InputError(
        f"{name} tells flexion only every {reference.step_s:.2f} s, and what the knee did in "
        f"between can't be guessed; export at least {1.0 / BRIDGED_S:.0f} rows a second."
    )


def refuse_radians(ours: FloatArray, theirs: FloatArray, name: str) -> None:
    """InputError where the flexion `theirs` (n,) is that of `ours` (n,) in radians."""
    known = np.isfinite(ours) & np.isfinite(theirs)
    a, b = ours[known], theirs[known]
    if len(a) < LEAST_SAMPLES or a.std() < 1.0 or b.std() <= 0.0:
        return
    r = float(np.corrcoef(a, b)[0, 1])
    slope = r * float(a.std() / b.std())
    if r > ALIKE and abs(slope / _RADIAN_DEG - 1.0) < _RADIAN_OFF:
        raise InputError(
            f"The flexion in {name} goes along with the recording's, but is {slope:.0f} times "
            f"smaller: it seems to be in radians. Give degrees ({_RADIAN_DEG:.1f} times as much)."
        )


def doubts(
    lag: Lag | None, ours: FloatArray, theirs: FloatArray, reference: ReferenceAngles
) -> list[str]:
    """What a person should look at before believing the figures; `ours`, `theirs` (n, 3), deg."""
    told: list[str] = []
    if lag is not None and lag.others_s:
        others = ", ".join(f"{other:+.2f}" for other in lag.others_s[:3])
        told.append(
            f"The lag of {lag.lag_s:+.3f} s fits best, but {others} s fit nearly as well: the reps "
            "are alike. Make a movement at the start that stands out, or set both clocks."
        )
    if not reference.has_rotation:
        told.append("The reference has no rotation_deg: nothing is said of the rotation.")
    for k, other in ((1, "adduction"), (2, "external")):
        if _other_way(ours, theirs, k):
            told.append(
                f"The {ANGLES[k]} of the reference goes the other way: does it count {other} as "
                f"positive? Then add --reference-signs {other}."
            )
    return told


def few_reps(groups: Sequence[int], reps: int) -> list[str]:
    """A word where the limits of agreement, of so many `groups`, rest on fewer than three `reps`.

    Where there are no reps at all, as in walking, there is nothing to say.
    """
    least = min(groups, default=0)
    if not reps or not least or least >= _FEW_GROUPS:
        return []
    return [
        f"Limits of agreement are from {least} rep{'s' if least > 1 else ''} only: how far reps "
        "differ from each other is hardly in them."
    ]


def _other_way(ours: FloatArray, theirs: FloatArray, k: int) -> bool:
    """Whether angle `k` goes the other way, as the head of this file tells; False where unknown."""
    known = np.isfinite(ours[:, k]) & np.isfinite(theirs[:, [0, k]]).all(axis=1)
    if known.sum() < _SIGN_SAMPLES:
        return False
    flexion = np.radians(theirs[known, 0])
    explained = np.column_stack([np.ones_like(flexion), np.sin(flexion), np.cos(flexion)])
    values = np.column_stack([ours[known, k], theirs[known, k]])
    rest = values - explained @ np.linalg.lstsq(explained, values, rcond=None)[0]
    if min(float(column.std()) for column in rest.T) >= _STILL_DEG:
        return float(np.corrcoef(rest[:, 0], rest[:, 1])[0, 1]) < _TURNED_AROUND
    if min(float(column.std()) for column in values.T) < _STILL_DEG:
        return False
    return float(np.corrcoef(values[:, 0], values[:, 1])[0, 1]) < _TURNED_WITH_FLEXION
