"""How each IMU sits on its segment: standing gives the long axis, bending the knee the other one.

Standing still, the accelerometer shows the vertical, which is the segment's long axis y (the stance
is where all angles are zero by definition). In slow squats the knee bends about one axis nearly,
the medio-lateral one, z: it is the principal axis of the angular rate (PCA). What of z lies along y
is taken off, and x = y x z. The sign of z follows from the descent: the thigh turns about +z (the
hip bends), the shank about -z, and gravity tells it, by where "up" moves in the sensor.

A `Stillness` per IMU (kneecore.stillness) while standing, one `Movement` for the reps, then
`aligned`: sample by sample, in memory that does not grow. Afterwards `Crosstalk` takes the angles
of the calibration reps and says how far the thigh's axis should still turn about the long axis so
that valgus no longer goes along with flexion. Only calibration reps may feed it: in graded reps
that very thing may be the wearer's movement.

What makes a calibration good is data: `Gate` rows, limits from biomechanics B4 (table) and B6
(standing, axis, crosstalk). Whether a failed gate refuses or lowers the grade is the caller's
decision.
"""

from math import atan2, cos, pi, sin, sqrt

from kneecore import eigen, quaternion, vector
from kneecore.stillness import Blocks, Stillness, angle, summed

_DEG = 180.0 / pi
_RAD = pi / 180.0


class Gate:
    """One check, units in its name; `value` must not exceed `limit`, or where `at_least`, reach it.

    `remedy` is a sentence for the wearer, for when it has not `passed`.
    """

    def __init__(self, name: str, value: float, limit: float, remedy: str, at_least: bool = False):
        self.name = name
        self.value = value
        self.limit = limit
        self.remedy = remedy
        self.passed = value >= limit if at_least else value <= limit


class Alignment:
    """Sensor -> segment rotations (w, x, y, z), how sure the thigh's axis is, and the gates."""

    def __init__(
        self,
        q_thigh_sensor: tuple[float, float, float, float],
        q_shank_sensor: tuple[float, float, float, float],
        axis_sigma_rad: float,
        gates: tuple[Gate, ...],
    ):
        self.q_thigh_sensor = q_thigh_sensor
        self.q_shank_sensor = q_shank_sensor
        self.axis_sigma_rad = axis_sigma_rad
        self.gates = gates


STAND_TILT_DEG = 0.7
AXIS_SIGMA_FLOOR = 2.0 * _RAD
AXIS_SIGMA_UNKNOWN = 4.0 * _RAD
CROSSTALK_MOST = 10.0 * _RAD
"""A thigh axis farther off than this is measured again, not refined."""

MOVING = 20.0 * _RAD
"""Slower samples (rad/s) say nothing of the axis."""
_BENT = 20.0 * _RAD
_STRAIGHT = 10.0 * _RAD
_TILT_FILTER_S = 0.15
_MOSTLY_LEVEL = 0.5
_SWAP_RATIO = 1.2
_SWAP_LEAN = 25.0 * _RAD
_TURN_AT = (15.0 * _RAD, 45.0 * _RAD)
_TURN_MIRRORED = -4.0 * _RAD


def table_gates(segment: str, still: Stillness) -> tuple[Gate, ...]:
    """Whether the mean rate of an IMU lying still may serve as its zero."""
    remedy = "Lay both IMUs on a table that nobody touches for 5 s."
    return (
        Gate(segment + "_table_gyr_sd_deg_s", still.gyr_sd * _DEG, 0.15, remedy),
        Gate(segment + "_table_gyr_change_deg_s", still.gyr_change * _DEG, 0.03, remedy),
        Gate(segment + "_table_acc_sd_m_s2", still.acc_sd, 0.03, remedy),
    )


def stand_gates(segment: str, still: Stillness) -> tuple[Gate, ...]:
    """Whether somebody stood still enough for the long axes. Give it rates with the zero off."""
    remedy = "Stand still with straight knees, feet as for the squats, for 4 s."
    return (
        Gate(segment + "_stand_gyr_rms_deg_s", still.gyr_rms * _DEG, 3.0, remedy),
        Gate(segment + "_stand_tilt_deg", still.tilt_rad * _DEG, STAND_TILT_DEG, remedy),
    )


class _Segment:
    """What one IMU's movement says of its medio-lateral axis."""

    def __init__(self, up: tuple[float, float, float], period_s: float):
        self.up = up
        self.peak_tilt = 0.0  # rad, of the low-passed specific force from `up`
        self.tilt = 0.0
        self._gain = period_s / (period_s + _TILT_FILTER_S)
        self._acc = vector.scaled(up, 9.81)
        self._swing = (0.0, 0.0, 0.0)  # sum of up x acc: against z where the segment turns about +z
        self._open = eigen.ZERO
        self._open_count = 0
        self.blocks = Blocks()

    def add(self, gyr: tuple[float, float, float], acc: tuple[float, float, float]) -> None:
        step = vector.scaled(vector.subtracted(acc, self._acc), self._gain)
        self._acc = vector.added(self._acc, step)
        self.tilt = angle(self.up, vector.normalised(self._acc))
        self.peak_tilt = max(self.peak_tilt, self.tilt)
        self._swing = vector.added(self._swing, vector.cross(self.up, acc))
        if vector.dot(gyr, gyr) > MOVING * MOVING:
            self._open = eigen.added(self._open, eigen.of_vector(gyr[0], gyr[1], gyr[2]))
            self._open_count += 1

    def end_block(self) -> None:
        """A rep is over: what was gathered becomes one row."""
        if self._open_count:
            self.blocks.add(self._open + (self._open_count,))
            self._open = eigen.ZERO
            self._open_count = 0

    def axis(self, turns: int, rows: list[tuple[float, ...]]) -> tuple[float, float, float]:
        """z in the sensor, at right angles to `up`; `turns` +1 thigh, -1 shank (in the descent).

        Where the segment turned about its long axis more than anything (mixed movements), that
        part is taken out before the axis is sought. Raises ValueError where nothing is left.
        """
        s = summed(rows)
        scatter = (s[0], s[1], s[2], s[3], s[4], s[5])
        z = self._level(eigen.principal(scatter)[0])
        if vector.norm(z) < _MOSTLY_LEVEL:
            a = vector.normalised(self._level(_far_from(self.up)))
            b = vector.cross(self.up, a)
            aa = eigen.form(scatter, a, a)
            ab = eigen.form(scatter, a, b)
            bb = eigen.form(scatter, b, b)
            turn = 0.5 * atan2(2.0 * ab, aa - bb)
            z = vector.added(vector.scaled(a, cos(turn)), vector.scaled(b, sin(turn)))
            if aa + bb <= 0.0:
                raise ValueError("thigh or shank turned about its long axis only")
        if vector.dot(z, self._swing) * turns > 0.0:
            z = vector.scaled(z, -1.0)
        return vector.normalised(z)

    def _level(self, z: tuple[float, float, float]) -> tuple[float, float, float]:
        """z without its part along `up`."""
        return vector.subtracted(z, vector.scaled(self.up, vector.dot(z, self.up)))

    def ratio(self) -> float:
        """First to second singular value of the angular rate: how much it was one axis."""
        s = summed(self.blocks.rows)
        _, values = eigen.principal((s[0], s[1], s[2], s[3], s[4], s[5]))
        return min(999.0, values[0] / max(values[1], 1e-9))

    def about_long_axis(
        self, z: tuple[float, float, float], other: tuple[float, float, float]
    ) -> float:
        """From z to `other`, both at right angles to `up`: a signed angle in rad."""
        return atan2(vector.dot(self.up, vector.cross(z, other)), vector.dot(z, other))


def _far_from(up: tuple[float, float, float]) -> tuple[float, float, float]:
    """The sensor axis that is most nearly at right angles to `up`."""
    x, y, z = abs(up[0]), abs(up[1]), abs(up[2])
    if x <= y and x <= z:
        return (1.0, 0.0, 0.0)
    return (0.0, 1.0, 0.0) if y <= z else (0.0, 0.0, 1.0)


class Movement:
    """The functional reps of a calibration, thigh and shank together."""

    def __init__(
        self,
        thigh_up: tuple[float, float, float],
        shank_up: tuple[float, float, float],
        period_s: float,
    ):
        self.thigh = _Segment(thigh_up, period_s)
        self.shank = _Segment(shank_up, period_s)
        self.reps = 0
        self._bent = False

    def add(
        self,
        thigh_gyr: tuple[float, float, float],
        thigh_acc: tuple[float, float, float],
        shank_gyr: tuple[float, float, float],
        shank_acc: tuple[float, float, float],
    ) -> None:
        """One sample pair (rad/s with the zero off, m/s^2, each in its sensor's axes)."""
        self.thigh.add(thigh_gyr, thigh_acc)
        self.shank.add(shank_gyr, shank_acc)
        if self._bent and self.thigh.tilt < _STRAIGHT:
            self._bent = False
            self.reps += 1
            self.thigh.end_block()
            self.shank.end_block()
        elif not self._bent and self.thigh.tilt > _BENT:
            self._bent = True

    def end(self) -> None:
        """No more samples: what was begun counts too."""
        self.thigh.end_block()
        self.shank.end_block()

    def looks_swapped(self) -> bool:
        """Whether the shank leaned so much more than the thigh that they were mixed up.

        Holds for squats and their like; in walking a shank does lean more.
        """
        shank = self.shank.peak_tilt
        return shank > _SWAP_LEAN and shank > _SWAP_RATIO * self.thigh.peak_tilt


def aligned(movement: Movement) -> Alignment:
    """The mounting of both IMUs from an ended `movement`, its uncertainty and its gates.

    Raises ValueError where there was no movement to tell an axis from.
    """
    thigh = movement.thigh
    shank = movement.shank
    if not thigh.blocks.rows or not shank.blocks.rows:
        raise ValueError("thigh or shank did not move")
    z_thigh = thigh.axis(1, thigh.blocks.rows)
    z_shank = shank.axis(-1, shank.blocks.rows)
    remedy = "Do five slow squats to about 90 deg of flexion, knees over the toes."
    gates = [
        Gate("reps", movement.reps, 3, remedy, True),
        Gate("thigh_axis_ratio", thigh.ratio(), 4.0, remedy, True),
        Gate("shank_axis_ratio", shank.ratio(), 4.0, remedy, True),
    ]
    if len(thigh.blocks.rows) > 1 and len(shank.blocks.rows) > 1:
        gates.append(Gate("thigh_halves_deg", _halves(thigh, 1) * _DEG, 3.0, remedy))
        gates.append(Gate("shank_halves_deg", _halves(shank, -1) * _DEG, 3.0, remedy))
    return Alignment(
        _sensor_to_segment(thigh.up, z_thigh),
        _sensor_to_segment(shank.up, z_shank),
        _axis_sigma(thigh, z_thigh, movement.reps),
        tuple(gates),
    )


def _sensor_to_segment(
    y: tuple[float, float, float], z: tuple[float, float, float]
) -> tuple[float, float, float, float]:
    return quaternion.conjugate(quaternion.from_columns(vector.cross(y, z), y, z))


def _halves(segment: _Segment, turns: int) -> float:
    """How far (rad) the axes of the first and second half of the reps are apart."""
    a, b = segment.blocks.halves()
    return angle(segment.axis(turns, [a]), segment.axis(turns, [b]))


def _axis_sigma(thigh: _Segment, z: tuple[float, float, float], reps: int) -> float:
    """Standard uncertainty of the axis about the long axis: the jackknife over reps."""
    rows = thigh.blocks.rows
    n = len(rows)
    if reps < 3 or n < 3:
        return AXIS_SIGMA_UNKNOWN
    off = [thigh.about_long_axis(z, thigh.axis(1, rows[:k] + rows[k + 1 :])) for k in range(n)]
    mean = sum(off) / n
    spread = sum([(x - mean) * (x - mean) for x in off])
    return max(AXIS_SIGMA_FLOOR, sqrt((n - 1) / n * spread))


class Crosstalk:
    """How far valgus goes along with flexion in calibration reps (biomechanics B6.5).

    A thigh axis that is off by eps about the long axis shows s * valgus = -eps * sin(flexion).
    """

    def __init__(self, side: int):
        self.side = side
        self._n = 0
        self._sums = [0.0] * 5  # sin flexion, its square, valgus, its square, both
        self._turn = [[0.0, 0], [0.0, 0]]  # rotation: sum and count, straight and bent

    def add(self, flexion: float, valgus: float, rotation: float) -> None:
        """One knee sample, rad."""
        x = sin(flexion)
        self._n += 1
        for k, value in enumerate((x, x * x, valgus, valgus * valgus, x * valgus)):
            self._sums[k] += value
        if flexion < _TURN_AT[0]:
            self._turn[0][0] += rotation
            self._turn[0][1] += 1
        elif flexion > _TURN_AT[1]:
            self._turn[1][0] += rotation
            self._turn[1][1] += 1

    def _moments(self) -> tuple[float, float, float]:
        n = max(1, self._n)
        x, xx, v, vv, xv = [s / n for s in self._sums]
        return max(1e-12, xx - x * x), max(1e-12, vv - v * v), xv - x * v

    def epsilon(self) -> float:
        """The axis error (rad) that would explain it."""
        variance, _, covariance = self._moments()
        return -self.side * covariance / variance

    def r2(self) -> float:
        """The share of the valgus' variance that goes along with sin(flexion)."""
        variance, valgus_variance, covariance = self._moments()
        return covariance * covariance / (variance * valgus_variance)

    def gates(self) -> tuple[Gate, ...]:
        """Too much of it means that the axis is wrong, or that the reps were not neutral."""
        remedy = "Do the calibration squats anew, knees over the toes, the straps tight."
        return (Gate("crosstalk_deg", abs(self.epsilon()) * _DEG, CROSSTALK_MOST * _DEG, remedy),)

    def looks_mirrored(self) -> bool:
        """Whether the shank turns outward as the knee bends: the other leg's side was given.

        Every knee turns inward by some 3 to 12 deg over the first 60 deg (biomechanics D).
        """
        (straight, n), (bent, m) = self._turn
        return bool(n and m) and bent / m - straight / n < _TURN_MIRRORED


def refined(alignment: Alignment, epsilon: float) -> Alignment:
    """The alignment with the thigh's axis turned back by `epsilon` about the long axis.

    The shank's frame turns along, which leaves its valgus as it was and keeps the heading between
    the two, and the stance a stance without rotation.
    """
    turn = quaternion.from_axis_angle((0.0, 1.0, 0.0), epsilon)
    return Alignment(
        quaternion.multiply(turn, alignment.q_thigh_sensor),
        quaternion.multiply(turn, alignment.q_shank_sensor),
        alignment.axis_sigma_rad,
        alignment.gates,
    )
