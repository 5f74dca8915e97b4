"""Single-leg balance: a hold on one leg, and how much the leg moved in it (biomechanics A, row 27).

    sway     how far shank and thigh leaned to the side about their average, as a root mean square:
             the lean of the long axis towards the leg's own right, averaged over the hold
    valgus   the same of the knee's abduction
    path     how far the shank's tilt travelled, in any direction, a second: needs no axes
    tremor   both segments' shaking at 4 to 15 Hz (C7), as in a rep

Angles are smoothed to 6 Hz (B8) for all but the tremor.
"""

from __future__ import annotations

import math

import numpy as np

from kneecore.excursion import CORNER_HZ
from kneetrack.detection.butterworth import both_ways
from kneetrack.detection.criteria import (
    HOLD_LONGEST_S,
    LEAN_DEG,
    LEANS,
    TREMOR_FROM_HZ,
    TREMOR_TO_HZ,
)
from kneetrack.detection.cut import PERIOD_S, Cut, Floats, zero_phase
from kneetrack.detection.movements.hold_finder import HoldFinder
from kneetrack.detection.movements.movement import ByBouts, Confidence, Movement, Values

REST_S = 60.0
TREMOR_HZ = (TREMOR_FROM_HZ, TREMOR_TO_HZ)
_SECOND = round(1.0 / PERIOD_S)

_CONTINUED = 15  # samples at either end, turned about it
_UP, _RIGHT = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def measure(cut: Cut, key_s: float) -> Values:
    """One hold."""
    del key_s
    inside = _on_one_leg(cut)
    return {
        "hold_s": (inside.stop - inside.start) * PERIOD_S,
        "shank_sway_deg": _sway(cut.shank_axis(_UP), cut.shank_axis(_RIGHT), inside),
        "thigh_sway_deg": _sway(cut.thigh_axis(_UP), cut.thigh_axis(_RIGHT), inside),
        "valgus_sway_deg": float(cut.smooth[1, inside].std()),
        "sway_path_deg_s": _path(cut, inside),
        "tremor_deg_s": _tremor(cut.shank_rate_deg_s, cut.thigh_rate_deg_s, inside),
    }


def _sway(long_axis: Floats | None, right: Floats | None, inside: slice) -> float | None:
    """The root mean square of a segment's lean to its own side (deg)."""
    if long_axis is None or right is None:
        return None
    sideways = right[inside, :2].mean(axis=0)
    level = math.hypot(*sideways.tolist())
    if not level > 1e-6:
        return None
    leans = zero_phase((long_axis[:, :2] @ (sideways / level))[None], CORNER_HZ)[0, inside]
    return float(np.degrees(np.arcsin(np.clip(leans, -1.0, 1.0))).std())


def _vertical(q: Floats) -> Floats:
    """(3, n): the vertical in the sensor's axes, as `tilt.up`, smoothed."""
    w, x, y, z = q.T
    up = np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])
    return zero_phase(up, CORNER_HZ)


def _on_one_leg(cut: Cut) -> slice:
    """The hold without its ends where the weight was on both feet still, or again: the shank then
    leans otherwise than in the middle, by more than its sway lets it."""
    inside, q = cut.inside, cut.q_shank
    count = inside.stop - inside.start
    if q is None or count < 4 * _SECOND:
        return inside
    vertical = _vertical(q)[:, inside]
    sums = np.cumsum(np.pad(vertical, ((0, 0), (1, 0))), axis=1)
    means = (sums[:, _SECOND:] - sums[:, :-_SECOND]) / _SECOND  # over the second from here on
    off = means - np.median(means, axis=1, keepdims=True)
    off_deg = np.degrees(np.sqrt((off * off).sum(axis=0)))
    away = off_deg > max(LEAN_DEG, LEANS * float(np.median(off_deg)))
    third = len(away) // 3
    before = np.flatnonzero(away[:third])
    after = np.flatnonzero(away[-third:])
    first = int(before[-1]) + _SECOND // 2 if len(before) else 0
    last = len(away) - third + int(after[0]) + _SECOND // 2 if len(after) else count
    return slice(inside.start + first, inside.start + last)


def _path(cut: Cut, inside: slice) -> float | None:
    """How far the shank's tilt travels a second (deg/s)."""
    q = cut.q_shank
    if q is None:
        return None
    steps = np.diff(_vertical(q)[:, inside], axis=1)
    return float(np.degrees(np.sqrt((steps * steps).sum(axis=0))).mean() / PERIOD_S)


def _tremor(shank: Floats | None, thigh: Floats | None, inside: slice) -> float | None:
    """Both segments' angular velocity at 4 to 15 Hz, as a root mean square (deg/s)."""
    if shank is None or thigh is None:
        return None
    rates = np.concatenate([shank, thigh], axis=1).T
    heard = both_ways(rates, *TREMOR_HZ, 1.0 / PERIOD_S, _CONTINUED)[:, inside]
    return math.sqrt(float((heard * heard).sum(axis=0).mean()))


MOVEMENT = Movement(
    name="balance",
    words="single-leg balance",
    one="hold",
    how=ByBouts(finder=HoldFinder, measure=measure, rest_s=REST_S, reach_s=HOLD_LONGEST_S + 3.0),
    confidence=Confidence.FAIR,
    because="whether the other foot touches the ground is not seen from this leg, only that the "
    "leg is not as quiet as on two.",
    one_leg=True,
)
