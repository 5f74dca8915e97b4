"""Strides: from one contact of the foot with the ground to its next.

Walking and running are read from one signal, the shank's angular velocity in the sagittal plane
(Catalfamo, Ghoussayni, Ewins, Sensors 10:5683, 2010; biomechanics C9), swinging forward positive:

              swing
               /\\                    it is above SWING_DEG_S: the leg swings
              /  \\                   back through zero, ...
    _        /    \\   _______        ... and its first minimum behind that is the contact
     \\      /      \\_/       \\
      \\____/     contact      \\__    the minimum before the swing: the foot leaves the ground
       foot-off

The rate comes from the orientations, 104 Hz, low-passed by a short symmetric window, so that
nothing is shifted in time; the turning points lie between samples, on a parabola. That paper finds
contacts within 25 ms of a force plate's and foot-offs within 75 ms.

Which way is sagittal
    The shank's mediolateral axis, where its alignment is known. Else the stream tells: over the
    last ten seconds, the mean of angular velocity times the rate of extension. Where the knee
    stretches the shank swings forward, so that mean points along the axis, with its sign; no
    other rotation goes with the knee's.

Nothing here grows: five rates, and what stands for the stride under way. What lies between two
contacts is measured in `gait_measures`.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from kneecore.reps import ENDED
from kneetrack.detection import criteria
from kneetrack.detection.cut import PERIOD_S, Geometry, in_sensor
from kneetrack.parabola import vertex
from kneetrack.samples import KneeSample, Phase, Quaternion, Side

WINDOW = (0.1, 0.24, 0.32, 0.24, 0.1)
"""Of the low-pass: half the power at 12 Hz, 19 ms late."""
_HALF = len(WINDOW) // 2
_BRIDGED = 14  # missing samples; more, and the stride is lost
_LEAST_SWING_S = 0.1
_LANDING_S = 0.25  # from the rate's zero to the contact, at most
_FORGETS_S = 10.0
_ABSURD = 1e9  # no leg turns like that; NaN is not below it either


@dataclass(frozen=True, slots=True)
class Gait:
    """What tells walking and running apart from each other, and from standing about."""

    swing_deg_s: float
    """The shank swings where it turns faster."""
    shortest_s: float
    longest_s: float
    """A stride; a longer way between contacts was a stop."""
    corner_hz: float
    """Of the angles (biomechanics B8)."""


WALKING = Gait(criteria.SWING_DEG_S, criteria.STRIDE_FROM_S, criteria.STRIDE_TO_S, 12.0)
RUNNING = Gait(criteria.RUN_SWING_DEG_S, criteria.RUN_FROM_S, criteria.RUN_TO_S, 18.0)


class StrideFinder:
    """A `SampleFinder`: strides of one leg, `start_s` and `key_s` at their first contact."""

    def __init__(self, gait: Gait, geometry: Geometry | None = None) -> None:
        self.flexion_deg = 0.0
        self.start_s = self.key_s = self.end_s = 0.0
        self._gait = gait
        self._axis = _Axis(None if geometry is None else geometry.q_shank_sensor)
        self._last: KneeSample | None = None
        self._rates: deque[float] = deque(maxlen=len(WINDOW))
        self._contact_s: float | None = None
        self._now_s = 0.0
        self._swing = _Swing(gait.swing_deg_s)

    @property
    def phase(self) -> Phase:
        if self._contact_s is None or self._now_s - self._contact_s > self._gait.longest_s:
            return Phase.STANDING
        return Phase.SWING if self._swing.is_on else Phase.STANCE

    def take(self, sample: KneeSample) -> int | None:
        last, self._last = self._last, sample
        self.flexion_deg = sample[2]
        self._now_s = sample[1]
        if last is None:
            return None
        passed_s = sample[1] - last[1]
        steps = round(passed_s / PERIOD_S)
        if not 1 <= steps <= _BRIDGED:
            self._begin_anew()
            return None
        turned = _turned(last[7], sample[7])
        rate = self._axis.along(turned, sample[2] - last[2], steps) / passed_s
        ended: int | None = None
        for step in range(steps):
            self._rates.append(rate)
            if len(self._rates) == len(WINDOW):
                middle_s = last[1] + (step + 0.5) * passed_s / steps - _HALF * PERIOD_S
                smooth = sum(w * r for w, r in zip(WINDOW, self._rates, strict=True))
                contact_s = self._swing.take(middle_s, smooth)
                if contact_s is not None:
                    ended = self._contact(contact_s) or ended
        return ended

    def finish(self) -> int | None:
        """A stride without its second contact is none."""
        return None

    def _begin_anew(self) -> None:
        """What is behind a gap belongs to no stride before it."""
        self._rates.clear()
        self._contact_s = None
        self._swing = _Swing(self._gait.swing_deg_s)

    def _contact(self, time_s: float) -> int | None:
        before_s = self._contact_s
        if before_s is not None and time_s - before_s < self._gait.shortest_s:
            return None
        self._contact_s = time_s
        if before_s is None or time_s - before_s > self._gait.longest_s:
            return None
        self.start_s = self.key_s = before_s
        self.end_s = time_s
        return ENDED


class _Swing:
    """Rates of the shank in, one after the other; out comes when the foot touched the ground."""

    def __init__(self, threshold_deg_s: float) -> None:
        self._threshold = threshold_deg_s
        self._began_s: float | None = None  # of the swing under way
        self._over_s: float | None = None  # when the rate went through zero behind it
        self._before = (0.0, 0.0)  # the last rate but one, and the last
        self._lowest: tuple[float, float, float] | None = None  # when; the rate there, and before

    @property
    def is_on(self) -> bool:
        """Whether the foot is in the air, as far as can be told so early."""
        return self._began_s is not None

    def take(self, time_s: float, rate: float) -> float | None:
        contact_s: float | None = None
        if self._began_s is None:
            if rate >= self._threshold:
                self._began_s = time_s
        elif self._over_s is None:
            if rate <= 0.0:
                if time_s - self._began_s >= _LEAST_SWING_S:
                    self._over_s = time_s
                else:
                    self._began_s = None
        else:
            contact_s = self._land(time_s, rate, self._over_s)
        self._before = (self._before[1], rate)
        return contact_s

    def _land(self, time_s: float, rate: float, over_s: float) -> float | None:
        """The first minimum; `_before[1]` is the candidate while the rate falls."""
        falls_no_more = rate > self._before[1] and self._before[1] <= self._before[0]
        if falls_no_more and (self._lowest is None or self._before[1] < self._lowest[1]):
            part = vertex(self._before[0], self._before[1], rate)
            self._lowest = (time_s + (part - 1.0) * PERIOD_S, self._before[1], self._before[0])
        lowest = self._lowest
        late = time_s - over_s > _LANDING_S
        if not late and (lowest is None or rate < lowest[1] + criteria.LANDED_DEG_S):
            return None
        self._began_s = self._over_s = self._lowest = None
        return over_s if lowest is None else lowest[0]


class _Axis:
    """The shank's mediolateral axis, to the right: from its alignment, or from the stream."""

    def __init__(self, q_shank_sensor: Quaternion | None) -> None:
        self._known: tuple[float, float, float] | None = None
        if q_shank_sensor is not None:
            x, y, z = in_sensor(q_shank_sensor, (0.0, 0.0, 1.0)).tolist()
            self._known = (x, y, z)
        self._sum = (0.0, 0.0, 0.0)

    def along(self, turned: tuple[float, float, float], flexed_deg: float, steps: int) -> float:
        """How far that turn (deg, in the sensor's axes) was about the axis."""
        a, b, c = turned
        if self._known is not None:
            x, y, z = self._known
            along = a * x + b * y + c * z
            return along if abs(along) < _ABSURD else 0.0
        keep = math.exp(-steps * PERIOD_S / _FORGETS_S)
        x, y, z = self._sum
        x, y, z = keep * x - flexed_deg * a, keep * y - flexed_deg * b, keep * z - flexed_deg * c
        self._sum = (x, y, z)
        length = math.sqrt(x * x + y * y + z * z)
        if not length < _ABSURD:
            self._sum = (0.0, 0.0, 0.0)
            return 0.0
        return (a * x + b * y + c * z) / length if length > 0.0 else 0.0


def finder_of(gait: Gait, side: Side) -> StrideFinder:
    """Where nothing is known but which leg it is (that is the same on both)."""
    del side
    return StrideFinder(gait)


def _turned(before: Quaternion, now: Quaternion) -> tuple[float, float, float]:
    """From one orientation to the next: deg, in the sensor's axes."""
    a, b, c, d = before
    w, x, y, z = now
    cosine = a * w + b * x + c * y + d * z
    scale = math.degrees(2.0 if cosine >= 0.0 else -2.0)
    return (
        scale * (a * x - b * w - c * z + d * y),
        scale * (a * y + b * z - c * w - d * x),
        scale * (a * z - b * y + c * x - d * w),
    )
