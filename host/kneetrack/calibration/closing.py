"""The second table zero of a session: when the set is over, both sensors lie still once more.

Nobody says when they do. Both IMUs are searched for a pose that they share (`stills`), long enough
for a zero and calm enough for the gates of a table (biomechanics B4). With a zero before and one
after, a re-analysis knows how it moved in between (`temperature.two_point_bias`).
"""

from __future__ import annotations

from kneecore import wire
from kneecore.gates import table_gates
from kneecore.stillness import Stillness
from kneetrack.calibration.stills import FloatArray, StillFinder
from kneetrack.samples import ImuPair, Vector, Window

PERIOD_S = wire.PAIR_PERIOD_US / 1e6
ZERO_S = 5.0
PATIENCE_S = 90.0
"""So long after the set, and nobody will put it on a table any more."""


class TableZero:
    """One leg's; give it every raw pair after the end of the set. `says` is what to do then."""

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
