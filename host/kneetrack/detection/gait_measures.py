"""What is measured in one stride, and what makes one doubtful.

    |contact            |foot-off        |contact
    |<----- stance ---->|<--- swing ---->|
     loading peak                swing peak

Of valgus what the stance shows is told: at contact, its largest, and the way between them; that
way repeats better than any absolute value (biomechanics C1, Ferber 2002). Bones turn 4 deg in a
stride in the frontal plane (C9, Gray), sensors on the skin are off by as much: a single stride says
nothing, and `strides` says how many do.

A stride counts for less where it is not one of a steady walk (`doubts_of`):

    START  none leads to it: the first of a bout
    TURN   the shank heads TURN_DEG elsewhere at its end than at its beginning
    PACE   its duration is off the median of the strides before it by more than PACE_SHARE, or than
           three times their usual spread
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

import numpy as np

from kneetrack.detection.criteria import BLOW_SIGMA_DEG, PACE_SHARE, TURN_DEG
from kneetrack.detection.cut import Cut, Floats, in_sensor
from kneetrack.detection.gait import WINDOW, Gait
from kneetrack.detection.measures import medial_track_cm
from kneetrack.detection.movements.movement import Values
from kneetrack.parabola import vertex
from kneetrack.samples import Doubt, Rep

_LEAST_STANCE = 0.2  # of a stride
_FEW = 5  # strides tell no usual pace
_SIGMAS = 3.0 * 1.4826  # of a median absolute deviation
_SAME_S = 0.005


def stride_measures(cut: Cut, gait: Gait) -> dict[str, float | None]:
    """Values by their name in `measure_table`; None where one can't be known."""
    stride_s = cut.end_s - cut.start_s
    values: dict[str, float | None] = {
        "stride_s": stride_s,
        "cadence_per_min": 120.0 / stride_s,
        "turn_deg": _turn_deg(cut),
    }
    off_s = foot_off_s(cut)
    if off_s is None:
        return values
    stance_s = off_s - cut.start_s
    values["stance_s"] = stance_s
    values["stance_percent"] = 100.0 * stance_s / stride_s
    flexion, valgus, rotation = cut.smooth_to(gait.corner_hz)[:, cut.inside]
    time_s = cut.time_s[cut.inside]
    stands = int(np.searchsorted(time_s, off_s))
    if not 2 <= stands < len(time_s):
        return values
    peak = int(valgus[:stands].argmax())
    track = medial_track_cm(cut)
    values |= {
        "peak_flexion_deg": float(flexion.max()),
        "contact_flexion_deg": float(flexion[0]),
        "loading_flexion_deg": float(flexion[: max(1, stands // 2)].max()),
        "swing_flexion_deg": float(flexion[stands:].max()),
        "contact_valgus_deg": float(valgus[0]),
        "peak_valgus_deg": float(valgus[peak]),
        "peak_valgus_sigma_deg": _sigma_deg(cut, float(time_s[peak])),
        "flexion_at_peak_deg": float(flexion[peak]),
        "valgus_excursion_deg": float(valgus[peak] - valgus[0]),
        "rotation_range_deg": float(np.ptp(rotation[:stands])),
        "contact_lean_deg": _lean_deg(cut),
        "medial_displacement_cm": _furthest(track, stands),
    }
    return values


def foot_off_s(cut: Cut) -> float | None:
    """When the foot left the ground: the least rate of the shank before it swings."""
    rate = sagittal_rate(cut)
    if rate is None:
        return None
    first, end = cut.inside.start, cut.inside.stop
    swing = first + int(rate[first:end].argmax())
    from_s = cut.start_s + _LEAST_STANCE * (cut.end_s - cut.start_s)
    begin = int(np.searchsorted(cut.time_s, from_s))
    if swing - begin < 3:
        return None
    least = begin + int(rate[begin:swing].argmin())
    if least == begin:  # it never turned round: not a stride's stance
        return None
    part = vertex(*rate[least - 1 : least + 2].tolist())
    step_s = float(cut.time_s[1] - cut.time_s[0])
    return float(cut.time_s[least]) + part * step_s


def sagittal_rate(cut: Cut) -> Floats | None:
    """The shank's rate in the sagittal plane (deg/s, forward swing positive), as `gait` has it."""
    rates = cut.shank_rate_deg_s
    if rates is None:
        return None
    q_sensor = cut.geometry.q_shank_sensor
    if q_sensor is not None:
        axis = in_sensor(q_sensor, (0.0, 0.0, 1.0))
    else:
        axis = -np.gradient(cut.smooth[0]) @ rates
        length = float(np.linalg.norm(axis))
        if not 0.0 < length < math.inf:
            return None
        axis = axis / length
    return np.convolve(rates @ axis, WINDOW, mode="same")


def doubts_of(start_s: float, values: Values, before: Sequence[Rep]) -> tuple[Doubt, ...]:
    """What speaks against a stride; `before` are the last ones before it, the newest last."""
    doubts: list[Doubt] = []
    if not before or abs(before[-1].end_s - start_s) > _SAME_S:
        doubts.append(Doubt.START)
    turn = values.get("turn_deg")
    if turn is not None and abs(turn) > TURN_DEG:
        doubts.append(Doubt.TURN)
    usual = [one.end_s - one.start_s for one in before if not _apart(one)]
    stride_s = values.get("stride_s")
    if stride_s is not None and len(usual) >= _FEW:
        middle = median(usual)
        spread = _SIGMAS * median(abs(one - middle) for one in usual)
        if abs(stride_s - middle) > max(PACE_SHARE * middle, spread):
            doubts.append(Doubt.PACE)
    return tuple(doubts)


def _apart(rep: Rep) -> bool:
    """Whether a stride tells nothing of the usual pace. One at another pace does: it may last."""
    return bool({Doubt.START, Doubt.TURN, Doubt.GAP}.intersection(rep.doubt))


def _turn_deg(cut: Cut) -> float | None:
    """How far the shank's mediolateral axis turned about the vertical, to the left positive."""
    right = cut.shank_axis((0.0, 0.0, 1.0))
    if right is None:
        return None
    (x0, y0, _), (x1, y1, _) = right[cut.inside.start].tolist(), right[cut.inside.stop - 1].tolist()
    if min(math.hypot(x0, y0), math.hypot(x1, y1)) < 0.5:
        return None  # it stands upright: no heading
    return math.degrees(math.atan2(x0 * y1 - y0 * x1, x0 * x1 + y0 * y1))


def _lean_deg(cut: Cut) -> float | None:
    """The shank's lean at contact, forward positive."""
    course = cut.shank_course
    if course is None:
        return None
    ahead, _, up = course[0].tolist()
    return math.degrees(math.atan2(ahead, up))


def _sigma_deg(cut: Cut, time_s: float) -> float:
    """What the band told of the valgus' uncertainty then, and what the steps' blows add."""
    nearest = min(cut.samples, key=lambda sample: abs(sample.time_s - time_s))
    return math.hypot(nearest.valgus_sigma_deg, BLOW_SIGMA_DEG)


def _furthest(track: Floats | None, stands: int) -> float | None:
    if track is None:
        return None
    stance = track[:stands]
    return float(stance[np.abs(stance).argmax()])
