"""Landings in knee samples: when the foot hit the ground, and when the knee was bent deepest.

In the air the knee turns evenly; the ground bends it all at once. That edge is what is looked for,
in flexion alone: the raw accelerometer, which shows a spike there, is best effort and not in every
log, while the angles always are.

    abrupt   flexion comes to ONSET_DEG_S, and gains ONSET_DEG_S2 on the way. A landing brings 500
             deg/s in 50 ms (10 000 deg/s2); the leg's swing in walking takes 0.2 s for its 350, a
             fast squat 0.3 s for 250. The limit is the geometric middle of the first two [memory].
    bends    at least RISE_DEG from contact to the deepest point, within LONGEST_S: the heel strike
             of walking is abrupt, too, but gives 15 to 18 deg.

The contact is where that edge begins: the rate of flexion where it grows fastest, continued as a
straight line back to the least rate before. Slopes over 38 ms widen the edge alike on both sides,
so its steepest part still points there. A spike of the shank's acceleration (biomechanics C9) has
its top later, when the heel is down. How exact that is: tools/bench_selftest.py.

The deepest point is the first from which flexion falls by FALL_DEG, or the deepest after LONGEST_S
where the knee then bends no faster than STAYS_DEG_S: somebody who lands and stays.
"""

from __future__ import annotations

from collections import deque

from kneecore.reps import ENDED
from kneetrack.detection.criteria import (
    LANDING_FALL_DEG as FALL_DEG,
)
from kneetrack.detection.criteria import (
    LANDING_LONGEST_S as LONGEST_S,
)
from kneetrack.detection.criteria import (
    LANDING_ONSET_DEG_S as ONSET_DEG_S,
)
from kneetrack.detection.criteria import (
    LANDING_ONSET_DEG_S2 as ONSET_DEG_S2,
)
from kneetrack.detection.criteria import (
    LANDING_RISE_DEG as RISE_DEG,
)
from kneetrack.detection.criteria import (
    LANDING_STAYS_DEG_S as STAYS_DEG_S,
)
from kneetrack.detection.cut import PERIOD_S
from kneetrack.samples import KneeSample, Phase, Side

_EDGE_S = 0.08  # from its onset to the largest rate
_BEFORE_S = 0.12  # where the least rate before it is looked for
_KEPT = int((LONGEST_S + 0.5) / PERIOD_S)
_SLOPE = 5  # samples of one slope
_APART = 5  # samples between the two slopes that tell the acceleration


class LandingFinder:
    """A `SampleFinder`; `start_s` and `key_s` are the contact, `end_s` the deepest point."""

    def __init__(self, side: Side) -> None:
        del side  # flexion has the same sign on both
        self.flexion_deg = 0.0
        self.start_s = self.key_s = self.end_s = 0.0
        self._recent: deque[tuple[float, float]] = deque(maxlen=_SLOPE)  # when, flexion
        self._slopes: deque[tuple[float, float, float]] = deque(maxlen=_KEPT)  # and rate, between
        self._onset_s: float | None = None  # of the edge under way
        self._deepest: tuple[float, float] = (0.0, 0.0)  # when, flexion

    @property
    def phase(self) -> Phase:
        return Phase.STANDING if self._onset_s is None else Phase.DESCENDING

    def take(self, sample: KneeSample) -> int | None:
        time_s, flexion = sample[1], sample[2]
        recent = self._recent
        if recent and time_s - recent[-1][0] > _SLOPE * PERIOD_S:
            recent.clear()  # what is behind a gap begins anew
            self._slopes.clear()
            self._onset_s = None
        recent.append((time_s, flexion))
        self.flexion_deg = flexion
        if len(recent) < _SLOPE:
            return None
        (t0, f0), (_, f1), (t2, f2), (_, f3), (t4, f4) = recent
        rate = (2.0 * (f4 - f0) + f3 - f1) / (2.5 * (t4 - t0))  # least squares
        self._slopes.append((t2, f2, rate))
        if self._onset_s is not None:
            return self._follow(time_s, flexion)
        if rate >= ONSET_DEG_S and len(self._slopes) > _APART:
            gained = rate - self._slopes[-1 - _APART][2]
            if gained >= ONSET_DEG_S2 * _APART * PERIOD_S:
                self._onset_s = t2
                self._deepest = (time_s, flexion)
        return None

    def finish(self) -> int | None:
        """A landing that the end of the data cuts off has no deepest point that is known."""
        return None

    def _follow(self, time_s: float, flexion: float) -> int | None:
        """Behind an edge: down to the deepest point."""
        onset_s = self._onset_s
        assert onset_s is not None
        if flexion > self._deepest[1]:
            self._deepest = (time_s, flexion)
        turned = flexion < self._deepest[1] - FALL_DEG
        if not turned and time_s - onset_s < LONGEST_S:
            return None
        self._onset_s = None
        stays = turned or self._slopes[-1][2] < STAYS_DEG_S
        contact_s, contact_deg = self._contact(onset_s)
        deepest_s, deepest_deg = self._deepest
        if not stays or deepest_deg - contact_deg < RISE_DEG or deepest_s <= contact_s:
            return None
        self.start_s = self.key_s = contact_s
        self.end_s = deepest_s
        return ENDED

    def _contact(self, onset_s: float) -> tuple[float, float]:
        """When the edge began, and the flexion there."""
        rows = [row for row in self._slopes if abs(row[0] - onset_s) <= _BEFORE_S]
        top = max(
            (at for at, row in enumerate(rows) if row[0] <= onset_s + _EDGE_S),
            key=lambda at: rows[at][2],
        )
        before = max(0.0, min(row[2] for row in rows[: top + 1]))  # not a leg being stretched
        grows, middle = max(
            ((_growth(rows[at - 1], rows[at + 1]), at) for at in range(1, top)),
            default=(0.0, top),
        )
        contact_s, _, rate = rows[middle]
        if grows > 0.0:
            contact_s -= max(0.0, rate - before) / grows
        return contact_s, _flexion_at(contact_s, rows)


def _growth(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """By how much the rate grows between two rows (deg/s^2)."""
    return (other[2] - one[2]) / (other[0] - one[0])


def _flexion_at(time_s: float, rows: list[tuple[float, float, float]]) -> float:
    """The flexion of the row next to that time."""
    return min(rows, key=lambda row: abs(row[0] - time_s))[1]
