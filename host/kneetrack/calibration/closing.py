"""The second table zero of a session: when the set is over, both sensors lie still once more.

Nobody says when they do. Both IMUs are searched for a pose that they share (`stills`), long enough
for a zero and calm enough for the gates of a table (biomechanics B4). With a zero before and one
after, a re-analysis knows how it moved in between (`temperature.two_point_bias`).

A set is ended by somebody, and then the search begins. Where the source ends by itself instead, as
a recorded or simulated one does, what came behind the last rep is searched afterwards. Where no
reps are looked for, it is what came after WORN_S of movement. Never what came before: the table
there has given the first zero.
"""

from __future__ import annotations

import math
from collections import deque

from kneecore import wire
from kneecore.gates import table_gates
from kneecore.stillness import Stillness
from kneetrack.calibration.stills import FloatArray, StillFinder
from kneetrack.samples import ImuPair, Vector, Window

PERIOD_S = wire.PAIR_PERIOD_US / 1e6
ZERO_S = 5.0
PATIENCE_S = 90.0
"""So long after the set, and nobody will put it on a table any more."""
MOVES_RAD_S = math.radians(30.0)
WORN_S = 5.0
"""So long faster than that, and it was worn."""


class TableZero:
    """One leg's; give every raw pair to `worn` until the end of the set, then to `take`.

    `says` is what a person should do then.
    """

    says = (
        "The set is over. Take the band off and lay both sensors on a table for 6 s: they tell "
        "their zero once more. q ends without it."
    )

    def __init__(self) -> None:
        self.over = False
        self.zeros: tuple[Vector, Vector] | None = None
        """What the gyroscopes of thigh and shank showed in the window, rad/s."""
        self._thigh = StillFinder(1.0 / PERIOD_S)
        self._shank = StillFinder(1.0 / PERIOD_S)
        self._times: list[float] = []
        self._kept: deque[ImuPair] | None = None  # None: it was not worn yet
        self._moved_s = 0.0

    def worn(self, pair: ImuPair) -> None:
        """A pair of the set."""
        if self._kept is not None:
            self._kept.append(pair)
        elif math.hypot(*pair.thigh_gyr) > MOVES_RAD_S:
            self._moved_s += PERIOD_S
            if self._moved_s >= WORN_S:
                self.rep_ended()

    def rep_ended(self) -> None:
        """Whatever table there was came before."""
        self._kept = deque(maxlen=round(PATIENCE_S / PERIOD_S))

    def at_end_of_source(self) -> Window | None:
        """The window among the last pairs of a set that nobody ended."""
        for pair in self._kept or ():
            window = self.take(pair)
            if window is not None:
                return window
        return None

    def take(self, pair: ImuPair) -> Window | None:
        """The window in which both lay still, once there is one; then it is `over`."""
        if self.over:
            return None
        if self._times and pair.time_s - self._times[-1] > 1.5 * PERIOD_S:
            self._thigh, self._shank = StillFinder(1.0 / PERIOD_S), StillFinder(1.0 / PERIOD_S)
            self._times = []
        self._times.append(pair.time_s)
        ended = self._thigh.add((*pair.thigh_gyr, *pair.thigh_acc))
        if not self._shank.add((*pair.shank_gyr, *pair.shank_acc)) or not ended:
            return None
        window = self._shared()
        self.over = window is not None or self._times[-1] - self._times[0] > PATIENCE_S
        return window

    def _shared(self) -> Window | None:
        """The pose that lasts in both, if it is long enough and calm enough."""
        if not self._thigh.poses or not self._shank.poses:
            return None
        thigh, shank = self._thigh.poses[-1], self._shank.poses[-1]
        start, end = max(thigh.start, shank.start), min(thigh.end, shank.end)
        if (end - start) * PERIOD_S < ZERO_S:
            return None
        still = [_still(finder.rows[start:end]) for finder in (self._thigh, self._shank)]
        gates = (*table_gates("thigh", still[0]), *table_gates("shank", still[1]))
        if not all(gate.passed for gate in gates):
            return None
        self.zeros = still[0].gyr_mean, still[1].gyr_mean
        return Window("table", self._times[start], self._times[end - 1])


def _still(rows: FloatArray) -> Stillness:
    still = Stillness(PERIOD_S)
    for gx, gy, gz, ax, ay, az in rows.tolist():
        still.add((gx, gy, gz), (ax, ay, az))
    return still
