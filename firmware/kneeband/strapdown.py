# ruff: noqa: F821  (ptr16 and ptr32 are words of viper's own)
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# (A filter's `strapdown` is fusion.Strapdown by its annotation; here it is the class below.)
"""The fast part of the orientation filter in fixed point, and the pair of filters built on it.

Per sample, on the raw counts of the IMU and without touching the heap: turn the quaternion by the
gyroscope, turn the acceleration by the quaternion and sum it, and watch for rest and for the ends
of the range. `kneecore.correction` does the rest, in floats, every tenth sample.
`kneecore.fusion.Strapdown` is the same in floats; a test holds this one to it.

Quaternions and half angles are Q30 (`kneeband.q30`, where the ways of viper are told, too).
"""

from array import array
from math import sqrt

import micropython
from micropython import const

from kneeband import q30
from kneecore import fusion, quaternion

# The words of one IMU; the first four are a quaternion to `q30`.
_W = const(0)  # sensor to the strapdown's frame, Q30
_X = const(1)
_Y = const(2)
_Z = const(3)
_BIAS_X = const(4)  # half the angle the bias turns in one sample, Q30
_BIAS_Y = const(5)
_BIAS_Z = const(6)
_GYR_LOW_X = const(7)  # low-passes of the rest detection, counts << 12
_GYR_LOW_Y = const(8)
_GYR_LOW_Z = const(9)
_ACC_LOW_X = const(10)
_ACC_LOW_Y = const(11)
_ACC_LOW_Z = const(12)
_STILL_SAMPLES = const(13)
_STARTED = const(14)
_SATURATED = const(15)
_SCALE = const(16)  # Q30 half angle of one count, whole part
_SCALE_FRACTION = const(17)  # and its fraction, Q15
_STILL_GYR = const(18)  # square of the largest distance from the low-pass that is still, counts^2
_STILL_ACC = const(19)
_SHIFT = const(20)  # the low-passes' gain is 2**-shift
_SUM_X = const(21)  # of the turned acceleration, counts
_SUM_Y = const(22)
_SUM_Z = const(23)
_TURN_X = const(24)  # half the angle of the last sample, bias taken off, Q30
_TURN_Y = const(25)
_TURN_Z = const(26)
_WORDS = const(27)

_LOW_PASS_ONE = 4096.0  # 1 << 12
_LARGEST_HALF_TURN = 0.36  # rad; from 0.4 on, the last step of `_turn` can leave 32 bits


@micropython.viper
def _watch(state, rows, at: int):
    """Rest and saturation: six counts from `rows[at]` on."""
    s = ptr32(state)
    r = ptr16(rows)
    top = 1
    top <<= 31
    shift = s[_SHIFT]
    half = 1 << (shift - 1)
    started = s[_STARTED]
    s[_STARTED] = 1
    still = s[_STILL_SAMPLES] + 1
    off = 0
    i = 0
    while i < 6:
        word = r[at + i] ^ 0x8000
        if ((word + 1) & 0xFFFF) < 3:  # 32767, -32768 or -32767
            s[_SATURATED] = 1
        x = word - 0x8000
        if started:
            low = (s[_GYR_LOW_X + i] ^ top) - top
            low += ((x << 12) - low + half) >> shift
        else:
            low = x << 12
        s[_GYR_LOW_X + i] = low
        x -= low >> 12
        if x > 2047 or x < -2047:  # not still anyway, and its square is kept small
            x = 2047
            still = 0
        off += x * x
        if i == 2:
            if off >= s[_STILL_GYR]:
                still = 0
            off = 0
        i += 1
    if off >= s[_STILL_ACC]:
        still = 0
    s[_STILL_SAMPLES] = still


@micropython.viper
def _turn(state, rows, at: int):
    """Turn the quaternion by one sample of the gyroscope, whose counts start at `rows[at]`."""
    s = ptr32(state)
    r = ptr16(rows)
    top = 1
    top <<= 31
    scale = s[_SCALE]
    fraction = s[_SCALE_FRACTION]

    x = (r[at] ^ 0x8000) - 0x8000
    y = (r[at + 1] ^ 0x8000) - 0x8000
    z = (r[at + 2] ^ 0x8000) - 0x8000
    x = x * scale + ((x * fraction) >> 15) - ((s[_BIAS_X] ^ top) - top)
    y = y * scale + ((y * fraction) >> 15) - ((s[_BIAS_Y] ^ top) - top)
    z = z * scale + ((z * fraction) >> 15) - ((s[_BIAS_Z] ^ top) - top)
    s[_TURN_X] = x
    s[_TURN_Y] = y
    s[_TURN_Z] = z

    # h = (x, y, z) is half the angle. Its sine is h (1 - h^2 / 6); 5461 is 2**15 / 6.
    xh = x >> 15
    yh = y >> 15
    zh = z >> 15
    square = xh * xh + yh * yh + zh * zh
    cubic = ((square >> 15) * 5461) >> 15
    x -= xh * cubic
    y -= yh * cubic
    z -= zh * cubic
    # 1 - cosine = h^2 / 2 - h^4 / 24; 1365 is 2**15 / 24.
    low = square >> 15
    versine = (square >> 1) - ((((low * low) >> 5) * 1365) >> 10)

    xh = x >> 15
    xl = x & 0x7FFF
    yh = y >> 15
    yl = y & 0x7FFF
    zh = z >> 15
    zl = z & 0x7FFF
    vh = versine >> 15
    vl = versine & 0x7FFF
    a = (s[_W] ^ top) - top
    b = (s[_X] ^ top) - top
    c = (s[_Y] ^ top) - top
    d = (s[_Z] ^ top) - top
    ah = a >> 15
    al = a & 0x7FFF
    bh = b >> 15
    bl = b & 0x7FFF
    ch = c >> 15
    cl = c & 0x7FFF
    dh = d >> 15
    dl = d & 0x7FFF

    # q (1 - versine, x, y, z): each bracket is one product of two Q30 numbers.
    a -= ah * vh + ((ah * vl) >> 15) + ((al * vh) >> 15)
    a -= bh * xh + ((bh * xl) >> 15) + ((bl * xh) >> 15)
    a -= ch * yh + ((ch * yl) >> 15) + ((cl * yh) >> 15)
    a -= dh * zh + ((dh * zl) >> 15) + ((dl * zh) >> 15)
    b -= bh * vh + ((bh * vl) >> 15) + ((bl * vh) >> 15)
    b += ah * xh + ((ah * xl) >> 15) + ((al * xh) >> 15)
    b += ch * zh + ((ch * zl) >> 15) + ((cl * zh) >> 15)
    b -= dh * yh + ((dh * yl) >> 15) + ((dl * yh) >> 15)
    c -= ch * vh + ((ch * vl) >> 15) + ((cl * vh) >> 15)
    c += ah * yh + ((ah * yl) >> 15) + ((al * yh) >> 15)
    c -= bh * zh + ((bh * zl) >> 15) + ((bl * zh) >> 15)
    c += dh * xh + ((dh * xl) >> 15) + ((dl * xh) >> 15)
    d -= dh * vh + ((dh * vl) >> 15) + ((dl * vh) >> 15)
    d += ah * zh + ((ah * zl) >> 15) + ((al * zh) >> 15)
    d += bh * yh + ((bh * yl) >> 15) + ((bl * yh) >> 15)
    d -= ch * xh + ((ch * xl) >> 15) + ((cl * xh) >> 15)

    # Back to length one, to first order. Measured on 16-bit values: the length wanders by 3e-5,
    # which is a scale of no consequence; the direction keeps its 30 bits.
    ah = (a + 16384) >> 15
    bh = (b + 16384) >> 15
    ch = (c + 16384) >> 15
    dh = (d + 16384) >> 15
    short = (0x3FFFFFFF - ah * ah - bh * bh - ch * ch - dh * dh) >> 1
    s[_W] = a + ((ah * short) >> 15)
    s[_X] = b + ((bh * short) >> 15)
    s[_Y] = c + ((ch * short) >> 15)
    s[_Z] = d + ((dh * short) >> 15)


@micropython.viper
def _lift(state, rows, at: int):
    """Turn the acceleration, whose counts start at `rows[at]`, by the quaternion, and sum it."""
    s = ptr32(state)
    r = ptr16(rows)
    top = 1
    top <<= 31
    ax = (r[at] ^ 0x8000) - 0x8000
    ay = (r[at + 1] ^ 0x8000) - 0x8000
    az = (r[at + 2] ^ 0x8000) - 0x8000
    w = ((s[_W] ^ top) - top + 16384) >> 15
    x = ((s[_X] ^ top) - top + 16384) >> 15
    y = ((s[_Y] ^ top) - top + 16384) >> 15
    z = ((s[_Z] ^ top) - top + 16384) >> 15
    # a + 2 (w u x a + u x (u x a)), u = (x, y, z)
    cx = (y * az - z * ay + 16384) >> 15
    cy = (z * ax - x * az + 16384) >> 15
    cz = (x * ay - y * ax + 16384) >> 15
    # A sum may stay without its sign: only the low 32 bits are stored again.
    s[_SUM_X] = s[_SUM_X] + ax + ((w * cx + y * cz - z * cy + 8192) >> 14)
    s[_SUM_Y] = s[_SUM_Y] + ay + ((w * cy + z * cx - x * cz + 8192) >> 14)
    s[_SUM_Z] = s[_SUM_Z] + az + ((w * cz + x * cy - y * cx + 8192) >> 14)


class Strapdown:
    """The twin of `kneecore.fusion.Strapdown` for counts of `gyr_lsb` rad/s and `acc_lsb` m/s^2.

    Raises ValueError where one sample can turn further than the arithmetic holds (0.7 rad: a period
    of 10 ms at +-2000 dps).
    """

    def __init__(self, coefficients, state, gyr_lsb, acc_lsb):
        half_turn = 0.5 * coefficients.period_s * gyr_lsb
        if half_turn * 32768.0 * sqrt(3.0) > _LARGEST_HALF_TURN:
            raise ValueError("the sample period is too long for this range of the gyroscope")
        self.coefficients = coefficients
        self.state = state
        self.words = array("i", bytes(4 * _WORDS))
        self.zero = (0.0, 0.0, 0.0)
        self._q29 = q30.make()
        self._q30_per_rate = 0.5 * coefficients.period_s * q30.Q30
        self._acc_scale = acc_lsb * coefficients.acc_mean
        self._low_pass_scale = gyr_lsb / _LOW_PASS_ONE

        words = self.words
        scale = half_turn * q30.Q30
        words[_SCALE] = int(scale)
        words[_SCALE_FRACTION] = int((scale - int(scale)) * 32768.0)
        words[_STILL_GYR] = int((coefficients.rest_gyr / gyr_lsb) ** 2)
        words[_STILL_ACC] = int((coefficients.rest_acc / acc_lsb) ** 2)
        words[_SHIFT] = coefficients.rest_shift
        self.reset()

    def reset(self):
        """As before the first sample; the table zero stays. `state` is reset by its owner."""
        words = self.words
        for i in range(_SCALE):
            words[i] = 0
        for i in range(_SUM_X, _WORDS):
            words[i] = 0
        q30.assign(words, (1.0, 0.0, 0.0, 0.0))
        self.take_bias()

    @micropython.native
    def step(self, rows, at):
        """One sample: the six counts from `rows[at]` on, gyr xyz and acc xyz."""
        words = self.words
        _watch(words, rows, at)
        _turn(words, rows, at)
        _lift(words, rows, at + 3)

    @micropython.native
    def close_interval(self):
        """Hand over to the correction; start a new sum."""
        s = self.state
        words = self.words
        self._read_quaternion(s.strapdown)
        scale = self._acc_scale
        low_pass_scale = self._low_pass_scale
        for i in range(3):
            s.acc_mean[i] = words[_SUM_X + i] * scale
            words[_SUM_X + i] = 0
            s.gyr_low_pass[i] = words[_GYR_LOW_X + i] * low_pass_scale - self.zero[i]
        s.still_samples = words[_STILL_SAMPLES]

    @micropython.native
    def take_bias(self):
        """Use the bias that stands in `state`, and the table zero, from the next sample on."""
        for i in range(3):
            bias = self.zero[i] + self.state.bias[i]
            self.words[_BIAS_X + i] = int(bias * self._q30_per_rate)

    def quaternion(self):
        """Sensor to the strapdown's frame (w, x, y, z), floats."""
        q = [0.0, 0.0, 0.0, 0.0]
        self._read_quaternion(q)
        return tuple(q)

    def rate(self):
        """|gyr| of the last sample, rad/s, bias taken off."""
        x = self.words[_TURN_X] / self._q30_per_rate
        y = self.words[_TURN_Y] / self._q30_per_rate
        z = self.words[_TURN_Z] / self._q30_per_rate
        return sqrt(x * x + y * y + z * z)

    def saturated(self):
        """Whether a count stood at the end of its range since this was last asked."""
        was = self.words[_SATURATED]
        self.words[_SATURATED] = 0
        return was == 1

    @micropython.native
    def _read_quaternion(self, out):
        q29 = self._q29
        q30.halve(q29, self.words)
        for i in range(4):
            out[i] = q29[i] / q30.Q29


class PairFilter:
    """Thigh and shank from rows of counts; the methods are those of `kneecore.fusion.PairFilter`.

    A knee sample needs fixed point only: four floats are all that it leaves on the heap."""

    def __init__(self, params, period_s, gyr_lsb_rad_s, acc_lsb_m_s2):
        def make_strapdown(coefficients, state):
            return Strapdown(coefficients, state, gyr_lsb_rad_s, acc_lsb_m_s2)

        self.thigh = fusion.Filter(params, period_s, 0, make_strapdown)
        self.shank = fusion.Filter(params, period_s, params.divider // 2, make_strapdown)
        # Q30 quaternions.
        self._thigh_inclination = q30.make()
        self._shank_inclination = q30.make()
        self._thigh_unalignment = q30.make()  # segment to sensor
        self._shank_unalignment = q30.make()
        self._heading = q30.make()
        self._link = q30.make()  # thigh's strapdown frame <- shank's, through earth and heading
        self._thigh = q30.make()  # what is being computed
        self._shank = q30.make()
        self._q29 = q30.make()
        self.set_alignment((1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0))
        self.set_heading(0.0)

    def reset(self):
        """As before the first sample; table zero, alignment and heading stay."""
        self.thigh.reset()
        self.shank.reset()
        self._connect()

    @micropython.native
    def step(self, rows, index):
        """Take sample pair `index` of `rows`, an array('h') of 12 counts a row."""
        at = 12 * index
        self.thigh.strapdown.step(rows, at)
        self.shank.strapdown.step(rows, at + 6)
        if self.thigh.advance():
            self._connect()
        if self.shank.advance():
            self._connect()

    def set_alignment(self, q_thigh_sensor, q_shank_sensor):
        """The mounting: v_segment = rotate(q, v_sensor)."""
        q30.assign(
            self._thigh_unalignment, quaternion.conjugate(quaternion.normalised(q_thigh_sensor))
        )
        q30.assign(
            self._shank_unalignment, quaternion.conjugate(quaternion.normalised(q_shank_sensor))
        )

    def set_heading(self, delta):
        """Turn the shank's earth frame by `delta` (rad) about z, to meet the thigh's."""
        q30.assign(self._heading, quaternion.from_axis_angle((0.0, 0.0, 1.0), delta))
        self._connect()

    def set_bias(self, thigh_gyr, shank_gyr):
        """The table zeros, rad/s, each in its sensor's frame."""
        self.thigh.set_zero(thigh_gyr)
        self.shank.set_zero(shank_gyr)

    def orientations(self):
        """(q_earth_thigh, q_earth_shank), sensor to earth, before alignment and heading."""
        return self.thigh.orientation(), self.shank.orientation()

    @micropython.native
    def relative(self):
        """Shank segment to thigh segment (w, x, y, z), alignment and heading included."""
        thigh = self._thigh
        shank = self._shank
        q29 = self._q29
        q30.multiply(shank, self.shank.strapdown.words, self._shank_unalignment, 1)
        q30.multiply(shank, self._link, shank, 1)
        q30.multiply(thigh, self.thigh.strapdown.words, self._thigh_unalignment, 1)
        q30.multiply(thigh, thigh, shank, -1)
        q30.halve(q29, thigh)
        return (q29[0] / q30.Q29, q29[1] / q30.Q29, q29[2] / q30.Q29, q29[3] / q30.Q29)

    @micropython.native
    def put_quaternions(self, buffer, offset):
        """Write both orientations at `offset` as eight int16 (wire.QUATERNION_LSB each)."""
        q30.multiply(self._thigh, self._thigh_inclination, self.thigh.strapdown.words, 1)
        q30.multiply(self._shank, self._shank_inclination, self.shank.strapdown.words, 1)
        q30.put(buffer, offset, self._thigh)
        q30.put(buffer, offset + 8, self._shank)

    def rates(self):
        """(thigh, shank): |gyr| of the last sample, rad/s, bias taken off."""
        return self.thigh.strapdown.rate(), self.shank.strapdown.rate()

    def saturated(self):
        """Whether a count stood at the end of its range since this was last asked."""
        thigh = self.thigh.strapdown.saturated()
        return self.shank.strapdown.saturated() or thigh

    def _connect(self):
        # After a correction or a new heading: what the strapdowns know nothing of.
        q30.assign(self._thigh_inclination, self.thigh.state.inclination)
        q30.assign(self._shank_inclination, self.shank.state.inclination)
        q30.multiply(self._link, self._heading, self._shank_inclination, 1)
        q30.multiply(self._link, self._thigh_inclination, self._link, -1)
