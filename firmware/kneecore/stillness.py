"""What an IMU shows while nothing moves: the gyroscope's zero, and which way is up.

Means and spread are accumulated sample by sample. Change over time is seen in blocks of a quarter
of a second; when there are many, neighbours are joined, so that the memory stays the same however
long it lasts.
"""

from math import acos, pi, sqrt

from kneecore import vector

_DEG = 180.0 / pi


class Blocks:
    """Sums over consecutive stretches, at most LIMIT of them: rows of numbers, the count last."""

    LIMIT = 32

    def __init__(self) -> None:
        self.rows: list[tuple[float, ...]] = []

    def add(self, row: tuple[float, ...]) -> None:
        """One more stretch; joins neighbours where there would be too many."""
        rows = self.rows
        rows.append(row)
        if len(rows) == self.LIMIT:
            self.rows = [summed([rows[i], rows[i + 1]]) for i in range(0, self.LIMIT, 2)]

    def halves(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The sums over the first and the second half, by count; at least two rows needed."""
        rows = self.rows
        left = 0.5 * sum([row[-1] for row in rows])
        cut = 0
        while cut < len(rows) - 1 and (left > 0.5 * rows[cut][-1] or cut == 0):
            left -= rows[cut][-1]
            cut += 1
        return summed(rows[:cut]), summed(rows[cut:])


def summed(rows: list[tuple[float, ...]]) -> tuple[float, ...]:
    """The rows added up, column by column."""
    return tuple([sum([row[k] for row in rows]) for k in range(len(rows[0]))])


class Stillness:
    """One IMU that should lie, or stand, still. rad/s and m/s^2, sensor frame."""

    BLOCK_S = 0.25

    def __init__(self, period_s: float):
        self.count = 0
        self._block_length = max(1, int(self.BLOCK_S / period_s + 0.5))
        self._sums = [0.0] * 6
        self._offsets = [0.0] * 6  # the first sample: spread is summed about it, for float32
        self._squares = [0.0] * 6
        self._block = [0.0] * 6
        self._in_block = 0
        self._blocks = Blocks()

    def add(self, gyr: tuple[float, float, float], acc: tuple[float, float, float]) -> None:
        """One sample; the gyroscope's zero taken off where it is known."""
        row = (gyr[0], gyr[1], gyr[2], acc[0], acc[1], acc[2])
        if self.count == 0:
            self._offsets = list(row)
        self.count += 1
        for k in range(6):
            x = row[k] - self._offsets[k]
            self._sums[k] += x
            self._squares[k] += x * x
            self._block[k] += row[k]
        self._in_block += 1
        if self._in_block == self._block_length:
            self._end_block()

    def _end_block(self) -> None:
        self._blocks.add(tuple(self._block) + (self._in_block,))
        self._block = [0.0] * 6
        self._in_block = 0

    def _mean(self, first: int) -> tuple[float, float, float]:
        n = max(1, self.count)
        mean = [self._offsets[k] + self._sums[k] / n for k in range(first, first + 3)]
        return (mean[0], mean[1], mean[2])

    def _variance(self, first: int) -> float:
        n = max(1, self.count)
        parts = [self._squares[k] / n - (self._sums[k] / n) ** 2 for k in range(first, first + 3)]
        return max(0.0, sum(parts))

    @property
    def gyr_mean(self) -> tuple[float, float, float]:
        """The gyroscope's zero, if nothing moved (rad/s)."""
        return self._mean(0)

    @property
    def up(self) -> tuple[float, float, float]:
        """The direction of the mean specific force, length one: the vertical."""
        return vector.normalised(self._mean(3))

    @property
    def gyr_sd(self) -> float:
        """Standard deviation of the angular rate about its mean, all axes together (rad/s)."""
        return sqrt(self._variance(0))

    @property
    def gyr_rms(self) -> float:
        """Root mean square of the angular rate as given (rad/s)."""
        return sqrt(self._variance(0) + vector.norm(self.gyr_mean) ** 2)

    @property
    def acc_sd(self) -> float:
        """Standard deviation of the specific force about its mean, all axes together (m/s^2)."""
        return sqrt(self._variance(3))

    @property
    def gyr_change(self) -> float:
        """How much the mean angular rate differs between the two halves (rad/s); 0 if too short."""
        if len(self._blocks.rows) < 2:
            return 0.0
        a, b = self._blocks.halves()
        change = [a[k] / a[6] - b[k] / b[6] for k in range(3)]
        return vector.norm((change[0], change[1], change[2]))

    @property
    def tilt_rad(self) -> float:
        """The angle between the verticals of the two halves (rad); 0 if too short.

        Sway to and fro cancels in a half, and in the mean that is used; a lean that stays does not.
        """
        if len(self._blocks.rows) < 2:
            return 0.0
        a, b = self._blocks.halves()
        return angle(vector.normalised((a[3], a[4], a[5])), vector.normalised((b[3], b[4], b[5])))


def angle(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    """Between two vectors of length one (rad), 0 to pi."""
    return acos(max(-1.0, min(1.0, vector.dot(a, b))))
