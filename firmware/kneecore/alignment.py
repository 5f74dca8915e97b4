"""How each IMU sits on its segment: standing gives the long axis, bending the knee the other one.

Standing still, the accelerometer shows the vertical, which is the segment's long axis y (the stance
is where all angles are zero by definition). In slow squats the knee bends about one axis nearly,
the medio-lateral one, z: it is the principal axis of the angular rate (PCA). What of z lies along y
is taken off, and x = y x z. The sign of z follows from the descent: the thigh turns about +z (the
hip bends), the shank about -z, and gravity tells it, by where "up" moves in the sensor.

A `Stillness` per IMU (kneecore.stillness) while standing, one `Movement` for the reps, then
`aligned`: sample by sample, in memory that does not grow. Afterwards the angles of the very same
reps say more, see kneecore.calibration_angles.
"""

from math import atan2, cos, pi, sin, sqrt

from kneecore import eigen, gates, quaternion, vector
from kneecore.gates import Gate
from kneecore.stillness import Blocks, angle, summed

_DEG = 180.0 / pi
_RAD = pi / 180.0


class Alignment:
    """Sensor -> segment rotations (w, x, y, z), how sure both axes are, and the gates."""

    def __init__(
        self,
        q_thigh_sensor: tuple[float, float, float, float],
        q_shank_sensor: tuple[float, float, float, float],
        axis_sigma_rad: float,
        shank_sigma_rad: float,
        gates: tuple[Gate, ...],
    ):
        self.q_thigh_sensor = q_thigh_sensor
        self.q_shank_sensor = q_shank_sensor
        self.axis_sigma_rad = axis_sigma_rad
        self.shank_sigma_rad = shank_sigma_rad
        self.gates = gates


AXIS_SIGMA_FLOOR = 2.0 * _RAD
AXIS_SIGMA_UNKNOWN = 4.0 * _RAD
MOVING = 20.0 * _RAD
"""Slower samples (rad/s) say nothing of the axis."""
_BENT = 20.0 * _RAD
_STRAIGHT = 10.0 * _RAD
_WAY_BACK = 0.4  # of the deepest: a strap that has turned never lets the tilt come back to nothing
_TILT_FILTER_S = 0.15
_MOSTLY_LEVEL = 0.5
_SWAP_LEAN = 25.0 * _RAD


class Wobble:
    """The share of an angular rate that changes faster than people move: an IMU that hangs loose.

    Means of SPAN samples; what each differs from the mean of its neighbours, against the whole.
    At 208 Hz that passes little of a squat (3 % at 0.5 Hz) and most of 2 to 8 Hz.
    """

    SPAN = 16

    def __init__(self):
        self._sum = (0.0, 0.0, 0.0)
        self._count = 0
        self._last: list[tuple[float, float, float]] = []
        self._fast = self._all = 0.0

    def add(self, gyr: tuple[float, float, float]) -> None:
        """One sample, rad/s."""
        self._sum = vector.added(self._sum, gyr)
        self._count += 1
        if self._count < self.SPAN:
            return
        last = self._last + [vector.scaled(self._sum, 1.0 / self.SPAN)]
        self._sum, self._count, self._last = (0.0, 0.0, 0.0), 0, last[-2:]
        if len(last) == 3:
            off = vector.subtracted(last[1], vector.scaled(vector.added(last[0], last[2]), 0.5))
            self._fast += vector.dot(off, off)
            self._all += vector.dot(last[1], last[1])

    def share(self) -> float:
        """Root mean square of the fast part over that of all."""
        return sqrt(self._fast / max(1e-9, self._all))


class _Segment:
    """What one IMU's movement says of its medio-lateral axis."""

    def __init__(self, up: tuple[float, float, float], period_s: float):
        self.up = up
        self.peak_tilt = 0.0  # rad, of the low-passed specific force from `up`
        self.tilt = 0.0
        self._wobble = Wobble()
        self.turned = 0.0  # rad, the largest tilt that stayed between two reps
        self.straightest = pi  # rad, the smallest tilt since the last rep
        self._calm = pi  # rad, the same while it hardly turned: passing through is no standing
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
        self.straightest = min(self.straightest, self.tilt)
        moving = vector.dot(gyr, gyr) > MOVING * MOVING
        if not moving:
            self._calm = min(self._calm, self.tilt)
        self._swing = vector.added(self._swing, vector.cross(self.up, acc))
        self._wobble.add(gyr)
        if moving:
            self._open = eigen.added(self._open, eigen.of_vector(gyr[0], gyr[1], gyr[2]))
            self._open_count += 1

    def begin_rep(self) -> None:
        """A rep begins: how straight the segment was since the last one."""
        if self._calm < pi:
            self.turned = max(self.turned, self._calm)
        self.straightest = self._calm = pi

    def end_block(self) -> None:
        """A rep is over: what was gathered becomes one row."""
        self.straightest = self._calm = pi
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

    def wobble(self) -> float:
        """How much of the angular rate is shaking rather than movement, see `Wobble`."""
        return self._wobble.share()

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
        self._deepest = 0.0

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
        tilt = self.thigh.tilt
        if self._bent:
            self._deepest = max(self._deepest, tilt)
            if tilt < max(_STRAIGHT, _WAY_BACK * self._deepest):
                self._bent = False
                self.reps += 1
                self.thigh.end_block()
                self.shank.end_block()
        elif tilt > _BENT + max(0.0, self.thigh.straightest - _STRAIGHT):
            self._bent = True
            self._deepest = tilt
            self.thigh.begin_rep()
            self.shank.begin_rep()

    def end(self) -> None:
        """No more samples: what was begun counts too."""
        if not self._bent and self.reps:
            self.thigh.begin_rep()
            self.shank.begin_rep()
        self.thigh.end_block()
        self.shank.end_block()

    def bending_gates(self) -> tuple[Gate, ...]:
        """What holds for squats and their like: depth, and the thigh leans more than the shank.

        In walking and in leg swings a shank does lean more.
        """
        thigh, shank = self.thigh.peak_tilt, self.shank.peak_tilt
        ratio = shank / max(thigh, 1e-6) if shank > _SWAP_LEAN else 0.0
        return (
            Gate(
                "swapped_lean_ratio",
                min(999.0, ratio),
                1.2,
                "Strap the sensor marked thigh above the knee and the one marked shank below it.",
            ),
            Gate("depth_deg", thigh * _DEG, 35.0, gates.SQUATS, True),
        )

    def strap_gates(self) -> tuple[Gate, ...]:
        """Whether both IMUs sat between the reps as they did while standing."""
        most = gates.STRAP_TURNED_DEG
        return (
            Gate("thigh_strap_turned_deg", self.thigh.turned * _DEG, most, gates.STRAPS),
            Gate("shank_strap_turned_deg", self.shank.turned * _DEG, most, gates.STRAPS),
        )

    def wobble_gates(self) -> tuple[Gate, ...]:
        """Whether both IMUs sat firm, in slow squats; swings are as quick as a loose sensor."""
        return (
            Gate("thigh_wobble_share", self.thigh.wobble(), gates.WOBBLE_SHARE, gates.STRAPS),
            Gate("shank_wobble_share", self.shank.wobble(), gates.WOBBLE_SHARE, gates.STRAPS),
        )


def aligned(movement: Movement) -> Alignment:
    """The mounting of both IMUs from an ended `movement`, its uncertainty and its gates.

    Raises ValueError where there was no movement to tell an axis from.
    """
    thigh = movement.thigh
    shank = movement.shank
    if not thigh.blocks.rows or not shank.blocks.rows:
        raise ValueError("thigh or shank moved too little, bend the knees to 60° or more")
    z_thigh = thigh.axis(1, thigh.blocks.rows)
    z_shank = shank.axis(-1, shank.blocks.rows)
    checks = [
        Gate("reps", movement.reps, 3, gates.SQUATS, True),
        Gate("thigh_axis_ratio", thigh.ratio(), gates.AXIS_RATIO, gates.SQUATS, True),
        Gate("shank_axis_ratio", shank.ratio(), gates.SHANK_RATIO, gates.SQUATS, True),
    ]
    if len(thigh.blocks.rows) > 1 and len(shank.blocks.rows) > 1:
        checks.append(Gate("thigh_halves_deg", _halves(thigh, 1) * _DEG, 3.0, gates.SQUATS))
        checks.append(Gate("shank_halves_deg", _halves(shank, -1) * _DEG, 3.0, gates.SQUATS))
    return Alignment(
        _sensor_to_segment(thigh.up, z_thigh),
        _sensor_to_segment(shank.up, z_shank),
        _axis_sigma(thigh, 1, z_thigh, movement.reps),
        _axis_sigma(shank, -1, z_shank, movement.reps),
        tuple(checks),
    )


def _sensor_to_segment(
    y: tuple[float, float, float], z: tuple[float, float, float]
) -> tuple[float, float, float, float]:
    return quaternion.conjugate(quaternion.from_columns(vector.cross(y, z), y, z))


def _halves(segment: _Segment, turns: int) -> float:
    """How far (rad) the axes of the first and second half of the reps are apart."""
    a, b = segment.blocks.halves()
    return angle(segment.axis(turns, [a]), segment.axis(turns, [b]))


def _axis_sigma(segment: _Segment, turns: int, z: tuple[float, float, float], reps: int) -> float:
    """Standard uncertainty of the axis about the long axis: the jackknife over reps."""
    rows = segment.blocks.rows
    n = len(rows)
    if reps < 3 or n < 3:
        return AXIS_SIGMA_UNKNOWN
    off = [
        segment.about_long_axis(z, segment.axis(turns, rows[:k] + rows[k + 1 :])) for k in range(n)
    ]
    mean = sum(off) / n
    spread = sum([(x - mean) * (x - mean) for x in off])
    return max(AXIS_SIGMA_FLOOR, sqrt((n - 1) / n * spread))


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
        alignment.shank_sigma_rad,
        alignment.gates,
    )


def with_opposite_shank(alignment: Alignment) -> Alignment:
    """The alignment with the shank's forward and lateral axes the other way round."""
    return Alignment(
        alignment.q_thigh_sensor,
        quaternion.multiply((0.0, 0.0, 1.0, 0.0), alignment.q_shank_sensor),
        alignment.axis_sigma_rad,
        alignment.shank_sigma_rad,
        alignment.gates,
    )
