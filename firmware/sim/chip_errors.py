"""What an IMU adds to the truth: zero, scale, noise, temperature, the end of the scale, counts.

Presets after the data sheets (LSM6DSOX DS12814 with LSM6DSO32 where it is silent, ICM-42688-P
DS-000347, MPU-6050 PS-MPU-6000A-00 r3.4). Tolerances are limits there; here every chip draws its
own values evenly between them, by seed.

Noise is white with the density of the data sheet up to half the output data rate. Its normal
deviates come from two tables of coprime lengths read round and round: an addition each, no heap,
the same on every run, and no repetition within five hours.

Where a preset has no noise the lowest bit of acc z turns over in every 32nd row that repeats the
one before: no chip's counts stand still to the last bit, and the band gives up one whose do.
"""

import math
from array import array

from sim.compiled import micropython

try:
    from sim.normals import sums_of_twelve
except ImportError:  # CPython, where tools and tests use this file
    sums_of_twelve = None

_DPS = math.pi / 180.0
_MG = 9.80665e-3

# Units: dps and mg, densities per sqrt(Hz), tolerances +-. zero_k: per kelvin from 25 degC.
# g: dps per g. scale, cross, oscillator: parts.
PRESETS = {
    "lsm6dsox": {
        "gyr_noise": 0.0038,
        "gyr_zero": 1.0,
        "gyr_zero_k": 0.01,
        "gyr_scale": 0.01,
        "gyr_g": 0.0,
        "acc_noise": 0.110,
        "acc_zero": 20.0,
        "acc_zero_k": 0.1,
        "acc_scale": 0.01,
        "cross": 0.0,
        "oscillator": 0.015,
    },
    "icm42688p": {
        "gyr_noise": 0.0028,
        "gyr_zero": 0.5,
        "gyr_zero_k": 0.005,
        "gyr_scale": 0.005,
        "gyr_g": 0.0,
        "acc_noise": 0.070,
        "acc_zero": 30.0,
        "acc_zero_k": 0.15,
        "acc_scale": 0.005,
        "cross": 0.0125,
        "oscillator": 0.01,
    },
    "mpu6050": {
        "gyr_noise": 0.005,
        "gyr_zero": 20.0,
        "gyr_zero_k": 0.16,
        "gyr_scale": 0.03,
        "gyr_g": 0.1,
        "acc_noise": 0.400,
        "acc_zero": 50.0,
        "acc_zero_k": 0.5,
        "acc_scale": 0.03,
        "cross": 0.02,
        "oscillator": 0.01,
    },
    "none": {
        "gyr_noise": 0.0,
        "gyr_zero": 0.0,
        "gyr_zero_k": 0.0,
        "gyr_scale": 0.0,
        "gyr_g": 0.0,
        "acc_noise": 0.0,
        "acc_zero": 0.0,
        "acc_zero_k": 0.0,
        "acc_scale": 0.0,
        "cross": 0.0,
        "oscillator": 0.015,
    },
}

_STILL_ROWS = 32
_TEMPERATURE_START_C = 24.0
_WARM_UP_S = 300.0  # biomechanics: 3..8 K within some minutes on the skin
_WARM_STEP_S = 1.0


class Random:
    """A seeded generator for set-up: PCG's multiplier, 32 bits taken from the top of 64.

    The seed is mixed by SplitMix64's finaliser (Steele, Lea & Flood, OOPSLA 2014): without it,
    neighbouring seeds give draws on a lattice, and a population of them is not a random one.
    """

    def __init__(self, seed: int):
        z = (seed * 0x9E3779B97F4A7C15 + 0x1234567) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        self._state = z ^ z >> 31
        self.unit()

    def unit(self) -> float:
        """Evenly in [0, 1)."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (self._state >> 32) / 4294967296.0

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.unit()

    def normal(self) -> float:
        """Standard normal: the sum of twelve uniform numbers."""
        total = -6.0
        for _ in range(12):
            total += self.unit()
        return total

    def normals(self, count: int):
        """`count` of them, one after the other; the generator is used up by it."""
        if sums_of_twelve is None:
            for _ in range(count):
                yield self.normal()
            return
        sums = sums_of_twelve(self._state, count)
        for i in range(0, 2 * count, 2):  # a sum has 36 bits: no order of adding rounds it
            yield sums[i + 1] - 6.0 + sums[i] / 4294967296.0

    def vector(self, limit: float) -> tuple:
        """Three numbers, each evenly within +-limit."""
        return tuple([self.between(-limit, limit) for _ in range(3)])


def _normal_table(length: int, seed: int):
    """Normal deviates of zero mean and variance one half, x 2048.

    Filled in place: floats kept in a list would lie scattered over the heap and break it up.
    """
    table = array("h", bytes(2 * length))
    for i, normal in enumerate(Random(seed).normals(length)):
        table[i] = int(normal * 2048.0 * 0.7071067811865476)
    mean = sum(table) // length
    for i in range(length):
        table[i] -= mean
    return table


_LONG = 2048
_SHORT = 2043
_TABLES = []  # made once, when a chip with noise first needs them


class ChipErrors:
    """Errors of one chip; `preset` is a name in PRESETS or a dict like its rows."""

    def __init__(self, preset, seed: int):
        if isinstance(preset, str):
            preset = PRESETS[preset]
        random = Random(seed)
        self._preset = preset
        self.oscillator_error = random.between(-1.0, 1.0) * preset["oscillator"]
        self._gyr_zero = _scaled(random.vector(preset["gyr_zero"]), _DPS)
        self._acc_zero = _scaled(random.vector(preset["acc_zero"]), _MG)
        self._gyr_zero_k = _scaled(random.vector(preset["gyr_zero_k"]), _DPS)
        self._acc_zero_k = _scaled(random.vector(preset["acc_zero_k"]), _MG)
        self._gyr_matrix = _near_identity(random, preset["gyr_scale"], preset["cross"])
        self._acc_matrix = _near_identity(random, preset["acc_scale"], preset["cross"])
        self._gyr_per_m_s2 = preset["gyr_g"] * _DPS / 9.80665
        self._last = None
        self._same = 0  # rows since the last that differed
        self._rise_c = random.between(3.0, 8.0)
        self._long = int(random.unit() * (_LONG - 6))
        self._short = int(random.unit() * (_SHORT - 6))
        if not _TABLES and (preset["gyr_noise"] or preset["acc_noise"]):
            _TABLES.append(_normal_table(_LONG, 1))
            _TABLES.append(_normal_table(_SHORT, 2))

    def temperature_c(self, t_s: float) -> float:
        """Die temperature so long after the start."""
        return _TEMPERATURE_START_C + self._rise_c * (1.0 - math.exp(-t_s / _WARM_UP_S))

    def gyr_zero(self, t_s: float) -> tuple:
        """The gyroscope's zero in rad/s, for those who must know the truth."""
        warm = self.temperature_c(t_s) - 25.0
        return tuple([z + k * warm for z, k in zip(self._gyr_zero, self._gyr_zero_k)])

    def set_up(self, gyr_lsb: float, acc_lsb: float, rate_hz: float) -> None:
        """The ranges (rad/s and m/s^2 a count) and the output data rate."""
        self._gyr_lsb = gyr_lsb
        self._acc_lsb = acc_lsb
        self._gyr_rows = [_scaled(row, 1.0 / gyr_lsb) for row in self._gyr_matrix]
        self._acc_rows = [_scaled(row, 1.0 / acc_lsb) for row in self._acc_matrix]
        half = math.sqrt(0.5 * rate_hz) / 2048.0
        self._gyr_sigma = self._preset["gyr_noise"] * _DPS * half / gyr_lsb
        self._acc_sigma = self._preset["acc_noise"] * _MG * half / acc_lsb
        self._warm_s = -1.0

    def _warm(self, t_s: float) -> None:
        """Zeros in counts, with the half that makes int() round, shifted to be positive."""
        self._warm_s = t_s + _WARM_STEP_S
        warm = self.temperature_c(t_s) - 25.0
        self._gyr_offset = [
            (z + k * warm) / self._gyr_lsb + 32768.5
            for z, k in zip(self._gyr_zero, self._gyr_zero_k)
        ]
        self._acc_offset = [
            (z + k * warm) / self._acc_lsb + 32768.5
            for z, k in zip(self._acc_zero, self._acc_zero_k)
        ]

    @micropython.native
    def counts(self, truth, t_s: float) -> tuple:
        """Six counts of (gyr xyz rad/s, acc xyz m/s^2): what the registers hold."""
        if t_s >= self._warm_s:
            self._warm(t_s)
        gx, gy, gz, ax, ay, az = truth
        if self._gyr_per_m_s2:
            gx += self._gyr_per_m_s2 * ax
            gy += self._gyr_per_m_s2 * ay
            gz += self._gyr_per_m_s2 * az
        a, b, c = self._gyr_rows
        o, p, q = self._gyr_offset
        x = a[0] * gx + a[1] * gy + a[2] * gz + o
        y = b[0] * gx + b[1] * gy + b[2] * gz + p
        z = c[0] * gx + c[1] * gy + c[2] * gz + q
        a, b, c = self._acc_rows
        o, p, q = self._acc_offset
        u = a[0] * ax + a[1] * ay + a[2] * az + o
        v = b[0] * ax + b[1] * ay + b[2] * az + p
        w = c[0] * ax + c[1] * ay + c[2] * az + q
        if self._gyr_sigma:
            long, short = _TABLES
            i = self._long
            j = self._short
            self._long = (i + 6) % (_LONG - 6)
            self._short = (j + 6) % (_SHORT - 6)
            sigma = self._gyr_sigma
            x += sigma * (long[i] + short[j])
            y += sigma * (long[i + 1] + short[j + 1])
            z += sigma * (long[i + 2] + short[j + 2])
            sigma = self._acc_sigma
            u += sigma * (long[i + 3] + short[j + 3])
            v += sigma * (long[i + 4] + short[j + 4])
            w += sigma * (long[i + 5] + short[j + 5])
            return (_count(x), _count(y), _count(z), _count(u), _count(v), _count(w))
        return self._alive((_count(x), _count(y), _count(z), _count(u), _count(v), _count(w)))

    def _alive(self, row: tuple) -> tuple:
        """Counts without noise, but for a bit now and then."""
        if row != self._last:
            self._last = row
            self._same = 0
        self._same += 1
        return row if self._same % _STILL_ROWS else row[:5] + (row[5] ^ 1,)


def _count(shifted: float) -> int:
    """The nearest count, held at the ends of the scale."""
    if shifted < 0.0:
        return -32768
    if shifted > 65535.0:
        return 32767
    return int(shifted) - 32768


def _scaled(vector, factor: float) -> tuple:
    return tuple([v * factor for v in vector])


def _near_identity(random, scale: float, cross: float) -> list:
    """Rows of a matrix with this much error on (scale) and off (cross) its diagonal."""
    return [
        tuple(
            [
                1.0 + random.between(-scale, scale) if i == j else random.between(-cross, cross)
                for j in range(3)
            ]
        )
        for i in range(3)
    ]
