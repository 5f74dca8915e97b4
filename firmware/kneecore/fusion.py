"""Orientation of an IMU from gyroscope and accelerometer: VQF 6D in a fast and a slow part.

The method is the six-axis part of VQF (Laidig & Seel, "VQF: Highly accurate IMU orientation
estimation with bias estimation and magnetic disturbance rejection", Information Fusion 91, 2023),
arranged so that a microcontroller keeps up:

- the strapdown, every sample: integrates the gyroscope, turns the acceleration into the strapdown's
  own frame and sums it there, and watches for rest. `Strapdown` is its float form, which the host
  runs; the device has it in fixed point (`kneeband.strapdown`), and a test holds that to this;
- `Correction` (kneecore.correction), every `divider`-th sample, here and on the device: low-passes
  the summed acceleration, which is gravity once motion has averaged out, turns the strapdown's
  frame until that points up, and learns the gyroscope's bias.

q_earth_sensor = inclination * strapdown. The earth frame is level, z up; its heading starts at the
sensor's own, and nothing here ever corrects it.
"""

import struct
from math import cos, sin, sqrt

from kneecore import quaternion, vector
from kneecore.correction import Coefficients, Correction, Params, State

__all__ = ("Coefficients", "Correction", "Filter", "PairFilter", "Params", "State", "Strapdown")

_QUATERNION_COUNTS = 32767  # wire.QUATERNION_LSB is its inverse


class Strapdown:
    """The fast part in floats; writes into `state` what `Correction` reads there."""

    def __init__(self, coefficients: Coefficients, state: State):
        self.coefficients = coefficients
        self.state = state
        self.zero = (0.0, 0.0, 0.0)
        """What the gyroscope showed lying still, rad/s; taken off every sample."""
        self.reset()

    def reset(self) -> None:
        """As before the first sample; the table zero stays. `state` is reset by its owner."""
        self.rate = (0.0, 0.0, 0.0)
        self._sum = (0.0, 0.0, 0.0)
        self._gyr_low_pass = None
        self._acc_low_pass = (0.0, 0.0, 0.0)
        self.take_bias()

    def step(self, gyr: tuple[float, float, float], acc: tuple[float, float, float]) -> None:
        """One sample: rad/s and m/s^2 (specific force), sensor frame."""
        self._watch_rest(gyr, acc)
        rx = gyr[0] - self._bias[0]
        ry = gyr[1] - self._bias[1]
        rz = gyr[2] - self._bias[2]
        self.rate = (rx, ry, rz)
        rate = sqrt(rx * rx + ry * ry + rz * rz)
        q = self.quaternion()
        if rate > 0.0:
            half = 0.5 * rate * self.coefficients.period_s
            scale = sin(half) / rate
            turn = (cos(half), rx * scale, ry * scale, rz * scale)
            q = quaternion.normalised(quaternion.multiply(q, turn))
            s = self.state.strapdown
            s[0], s[1], s[2], s[3] = q
        self._sum = vector.added(self._sum, quaternion.rotate(q, acc))

    def quaternion(self) -> tuple[float, float, float, float]:
        """Sensor to the strapdown's frame (w, x, y, z)."""
        w, x, y, z = self.state.strapdown
        return (w, x, y, z)

    def close_interval(self) -> None:
        """Hand the mean acceleration and the low-passed gyr to the correction; start a new sum."""
        s = self.state
        s.acc_mean[0], s.acc_mean[1], s.acc_mean[2] = vector.scaled(
            self._sum, self.coefficients.acc_mean
        )
        self._sum = (0.0, 0.0, 0.0)
        if self._gyr_low_pass is not None:
            s.gyr_low_pass[0], s.gyr_low_pass[1], s.gyr_low_pass[2] = vector.subtracted(
                self._gyr_low_pass, self.zero
            )

    def take_bias(self) -> None:
        """Use the bias that stands in `state`, and the table zero, from the next sample on."""
        x, y, z = self.state.bias
        self._bias = vector.added(self.zero, (x, y, z))

    def _watch_rest(self, gyr: tuple[float, float, float], acc: tuple[float, float, float]) -> None:
        c = self.coefficients
        if self._gyr_low_pass is None:
            self._gyr_low_pass = gyr
            self._acc_low_pass = acc
        self._gyr_low_pass, gyr_off = _followed(self._gyr_low_pass, gyr, c.rest_gain)
        self._acc_low_pass, acc_off = _followed(self._acc_low_pass, acc, c.rest_gain)
        if gyr_off >= c.rest_gyr * c.rest_gyr or acc_off >= c.rest_acc * c.rest_acc:
            self.state.still_samples = 0
        else:
            self.state.still_samples += 1


def _followed(
    low_pass: tuple[float, float, float], x: tuple[float, float, float], gain: float
) -> tuple[tuple[float, float, float], float]:
    """The low-pass one sample on, and the square of x's distance from it."""
    lx = low_pass[0] + gain * (x[0] - low_pass[0])
    ly = low_pass[1] + gain * (x[1] - low_pass[1])
    lz = low_pass[2] + gain * (x[2] - low_pass[2])
    return (lx, ly, lz), (x[0] - lx) ** 2 + (x[1] - ly) ** 2 + (x[2] - lz) ** 2


class Filter:
    """One IMU's orientation.

    The first sample levels it, so no orientation is ever less than level. `phase` (samples) brings
    the corrections forward, so that two filters take turns.
    `make_strapdown(coefficients, state)` lets the device put in its own fast part.
    """

    def __init__(
        self,
        params: Params,
        period_s: float,
        phase: int = 0,
        make_strapdown: "type[Strapdown]" = Strapdown,
    ):
        self.coefficients = Coefficients(params, period_s)
        self.state = State(self.coefficients)
        self.strapdown = make_strapdown(self.coefficients, self.state)
        self.correction = Correction(self.coefficients, self.state)
        self._phase = phase
        self._until_correction = self.coefficients.divider - phase
        self._empty = True

    def reset(self) -> None:
        """As before the first sample; the table zero stays."""
        self.state.reset()
        self.strapdown.reset()
        self._until_correction = self.coefficients.divider - self._phase
        self._empty = True

    def update(self, gyr: tuple[float, float, float], acc: tuple[float, float, float]) -> bool:
        """One sample (rad/s, m/s^2, sensor frame); True where the correction ran."""
        self.strapdown.step(gyr, acc)
        return self.advance()

    def advance(self) -> bool:
        """Count one sample of the strapdown, and correct when it is time; True if so."""
        self._until_correction -= 1
        if self._until_correction:
            if not self._empty:
                return False
            self._empty = False
            self.strapdown.close_interval()
            self.correction.start()
            return True
        self._empty = False
        self._until_correction = self.coefficients.divider
        self.strapdown.close_interval()
        self.correction.update()
        self.strapdown.take_bias()
        return True

    def orientation(self) -> tuple[float, float, float, float]:
        """q_earth_sensor: (w, x, y, z), sensor to earth."""
        w, x, y, z = self.state.inclination
        return quaternion.multiply((w, x, y, z), self.strapdown.quaternion())

    def set_zero(self, zero: tuple[float, float, float]) -> None:
        """The table zero: what the gyroscope showed lying still (rad/s, sensor frame)."""
        self.strapdown.zero = zero
        self.strapdown.take_bias()

    @property
    def bias(self) -> tuple[float, float, float]:
        """What is taken off the gyroscope: table zero and what was learnt since (rad/s)."""
        x, y, z = self.state.bias
        return vector.added(self.strapdown.zero, (x, y, z))

    @property
    def at_rest(self) -> bool:
        """Whether the IMU has been still for `Params.rest_min_s`."""
        return self.correction.at_rest()


class PairFilter:
    """The orientations of thigh and shank, and of one to the other: an estimator for `pipeline`.

    The float form, rows in SI units; `kneeband.strapdown.PairFilter` has the same methods for rows
    of counts. A row is 12 numbers: thigh gyr xyz, thigh acc xyz, shank gyr xyz, shank acc xyz.
    `gyr_limit` (rad/s) and `acc_limit` (m/s^2) are the ends of the range where they are known.
    The shank's corrections run half an interval after the thigh's, so that the load is spread.
    """

    def __init__(
        self,
        params: Params,
        period_s: float,
        gyr_limit: float = float("inf"),
        acc_limit: float = float("inf"),
    ):
        self.thigh = Filter(params, period_s)
        self.shank = Filter(params, period_s, phase=params.divider // 2)
        self._limits = (gyr_limit, acc_limit, gyr_limit, acc_limit)
        self._saturated = False
        self._thigh_alignment = quaternion.IDENTITY
        self._shank_alignment = quaternion.IDENTITY
        self._heading = quaternion.IDENTITY

    def reset(self) -> None:
        """As before the first sample; table zero, alignment and heading stay."""
        self.thigh.reset()
        self.shank.reset()
        self._saturated = False

    def step(self, rows: "list[float]", index: int) -> None:
        """Take sample pair `index` of `rows`."""
        at = 12 * index
        for k in range(12):
            limit = self._limits[k // 3]
            if not -limit < rows[at + k] < limit:
                self._saturated = True
        self.thigh.update(
            (rows[at], rows[at + 1], rows[at + 2]), (rows[at + 3], rows[at + 4], rows[at + 5])
        )
        self.shank.update(
            (rows[at + 6], rows[at + 7], rows[at + 8]), (rows[at + 9], rows[at + 10], rows[at + 11])
        )

    def set_alignment(
        self,
        q_thigh_sensor: tuple[float, float, float, float],
        q_shank_sensor: tuple[float, float, float, float],
    ) -> None:
        """The mounting: v_segment = rotate(q, v_sensor)."""
        self._thigh_alignment = quaternion.normalised(q_thigh_sensor)
        self._shank_alignment = quaternion.normalised(q_shank_sensor)

    def set_heading(self, delta: float) -> None:
        """Turn the shank's earth frame by `delta` (rad) about z, to meet the thigh's."""
        self._heading = quaternion.from_axis_angle((0.0, 0.0, 1.0), delta)

    def set_bias(
        self, thigh_gyr: tuple[float, float, float], shank_gyr: tuple[float, float, float]
    ) -> None:
        """The table zeros, rad/s, each in its sensor's frame."""
        self.thigh.set_zero(thigh_gyr)
        self.shank.set_zero(shank_gyr)

    def orientations(
        self,
    ) -> tuple[tuple[float, float, float, float], tuple[float, float, float, float]]:
        """(q_earth_thigh, q_earth_shank), sensor to earth, before alignment and heading."""
        return self.thigh.orientation(), self.shank.orientation()

    def relative(self) -> tuple[float, float, float, float]:
        """Shank segment to thigh segment (w, x, y, z), alignment and heading included."""
        thigh = quaternion.multiply(
            self.thigh.orientation(), quaternion.conjugate(self._thigh_alignment)
        )
        shank = quaternion.multiply(
            self.shank.orientation(), quaternion.conjugate(self._shank_alignment)
        )
        return quaternion.multiply(
            quaternion.conjugate(thigh), quaternion.multiply(self._heading, shank)
        )

    def put_quaternions(self, buffer: bytearray, offset: int) -> None:
        """Write both orientations at `offset` as eight int16 (wire.QUATERNION_LSB each)."""
        counts: list[int] = []
        for q in self.orientations():
            for x in q:
                counts.append(int(round(x * _QUATERNION_COUNTS)))
        struct.pack_into("<8h", buffer, offset, *counts)

    def rates(self) -> tuple[float, float]:
        """(thigh, shank): |gyr| of the last sample, rad/s, bias taken off."""
        tx, ty, tz = self.thigh.strapdown.rate
        sx, sy, sz = self.shank.strapdown.rate
        return sqrt(tx * tx + ty * ty + tz * tz), sqrt(sx * sx + sy * sy + sz * sz)

    def saturated(self) -> bool:
        """Whether a number stood at the end of its range since this was last asked."""
        was = self._saturated
        self._saturated = False
        return was
