"""The moving leg with its two IMUs, and recorded movement in its place.

Both are sources: `imu(mount, t_s)` -> (gx, gy, gz rad/s, ax, ay, az m/s^2) in the sensor's axes,
`still(mount, t_s)` -> the same for a leg held as it stands at t_s, `duration_s`, and for the model
`truth(t_s)` -> the bones' (flexion, valgus, rotation) in deg, which no sensor sees.

From the bones to the sensors
    World: x forward, y up, z to the person's right, which are the segments' axes in quiet stance;
    the earth frame (z up) differs by a fixed quarter turn, and only gravity tells them apart here.
    shank   = inward lean about x, forward lean about z, turn about y, above a resting ankle
    thigh   = shank turned by the inverse of R_rel(flexion, valgus, rotation), above the knee
    sensor  = segment turned by the soft tissue's motion and by the mounting
    Orientation and position of both sensors are worked out on knots, 5 ms apart; rate and specific
    force there come from central differences, and between the knots from straight lines. So the
    integral of the rates is the orientation again, to some 0.01 deg over a set.

Soft tissue (biomechanics.md D): what a sensor on the skin turns against the bone. In proportion to
flexion, about the long axis, the anterior and the lateral one, with normally distributed sizes at
90 deg; 15 % hysteresis, a fresh gain for each rep, wobble of 5 % while moving; the shank 0.4 of it.

On the table both sensors lie still; strapping on carries them to the leg along a smooth path.
"""

import json
import math
import struct
from array import array

from kneecore import joint
from kneecore import quaternion as qt
from sim.chip_errors import Random
from sim.leg import Leg, eased

GRAVITY = 9.80665
_DEG = math.pi / 180.0

KNOT_RATE_HZ = 200
_RING = 512  # knots kept: longer than an IMU's FIFO

THIGH_LENGTH_M = 0.42
SHANK_LENGTH_M = 0.40
_THIGH_SENSOR = (0.02, 0.20, 0.08)  # above the knee; z outward
_SHANK_SENSOR = (0.03, 0.28, 0.05)  # above the ankle

_HYSTERESIS = 0.15
_HYSTERESIS_RATE = 2.0  # rad/s of flexion at which it is fully there
_WOBBLE = 0.05
_WOBBLE_HZ = 8.0
_SHANK_PART = 0.4
_TABLE_TURN = 1.6  # rad from the pose on the table to the one on the leg


class _Knots:
    """Rates and specific forces of both sensors on a uniform grid, with straight lines between.

    A subclass says what a knot is: `_knot(i)` -> twelve numbers, thigh gyr acc, shank gyr acc.
    """

    def _make_ring(self):
        self._values = array("d", bytes(8 * 12 * _RING))
        self._held = array("i", [-1] * _RING)

    def _fetch(self, i: int) -> int:
        """Offset of knot i in the ring."""
        place = i % _RING
        if self._held[place] != i:
            at = place * 12
            for value in self._knot(i):
                self._values[at] = value
                at += 1
            self._held[place] = i
        return place * 12

    def imu(self, mount: str, t_s: float) -> tuple:
        x = t_s * self._rate_hz
        if x < 0.0:
            x = 0.0
        i = int(x)
        f = x - i
        side = 6 if mount == "shank" else 0
        a = self._fetch(i) + side
        b = self._fetch(i + 1) + side
        v = self._values
        g = 1.0 - f
        return (
            g * v[a] + f * v[b],
            g * v[a + 1] + f * v[b + 1],
            g * v[a + 2] + f * v[b + 2],
            g * v[a + 3] + f * v[b + 3],
            g * v[a + 4] + f * v[b + 4],
            g * v[a + 5] + f * v[b + 5],
        )


class Body(_Knots):
    """A modelled leg.

    leg             a sim.leg.Leg: the bones
    duration_s      end of the movement
    table_s         the sensors lie still until then ...
    strapped_s      ... and are on the leg from then (0: on the leg from the start)
    soft_tissue_deg spread of the soft tissue's motion at 90 deg of flexion
    load_gain       soft tissue moves so much more in a rep of kind "set"
    aligned         sensors' axes along the segments' instead of anyhow
    slips           (time_s, angle_deg): the thigh's sensor turns about the long axis, in 0.3 s
    tilts           (start_s, end_s, angle_deg): the whole leg leans back (a machine)
    drift_deg_s     zero error of the thigh's gyroscope about the vertical, from table_s on
    """

    def __init__(
        self,
        leg: Leg,
        duration_s,
        seed=0,
        table_s=0.0,
        strapped_s=0.0,
        soft_tissue_deg=0.0,
        load_gain=1.0,
        aligned=False,
        slips=(),
        tilts=(),
        drift_deg_s=0.0,
    ):
        self.duration_s = duration_s
        self._leg = leg
        self._table_s = table_s
        self._strapped_s = strapped_s
        self._load_gain = load_gain
        self._slips = slips
        self._tilts = tilts
        self._rate_hz = KNOT_RATE_HZ
        random = Random(seed + 202)
        self.mountings = [
            qt.IDENTITY if aligned else _any_rotation(random) for _ in ("thigh", "shank")
        ]
        """Sensor to segment of thigh and shank."""
        spread = soft_tissue_deg * _DEG
        self._thigh_tissue = _tissue_sizes(random, spread, leg.side)
        self._shank_tissue = _tissue_sizes(random, _SHANK_PART * spread, leg.side)
        self._on_table = [
            qt.multiply(qt.from_axis_angle(random.vector(1.0), _TABLE_TURN), mounting)
            for mounting in self.mountings
        ]
        self._drift = (0.0, 0.0, 0.0)
        if drift_deg_s:
            up = (0.0, drift_deg_s * _DEG, 0.0)
            self._drift = qt.rotate(qt.conjugate(self.mountings[0]), up)
        self._make_ring()
        self._poses = {}

    # --- truth ---------------------------------------------------------------------------------

    def truth(self, t_s: float) -> tuple:
        """(flexion, valgus, rotation) of the bones, deg."""
        flexion, valgus, rotation = self._leg.state(t_s)[:3]
        return flexion / _DEG, valgus / _DEG, rotation / _DEG

    def bones(self, t_s: float) -> tuple:
        """World orientations (thigh, shank) of the segments and the state of the leg."""
        state = self._leg.state(t_s)
        flexion, valgus, rotation, lean, inward, turn = state[:6]
        side = self._leg.side
        for start, end, angle in self._tilts:
            lean -= angle * _DEG * eased((t_s - start) / (end - start))
        shank = qt.multiply(_about_x(-side * inward), _about_z(-lean))
        if turn:
            shank = qt.multiply(shank, _about_y(side * turn))
        relative = joint.compose(flexion, valgus, rotation, side)
        return qt.multiply(shank, qt.conjugate(relative)), shank, state

    def orientations(self, t_s: float) -> tuple:
        """World orientations of the two sensors (sensor to world)."""
        return self._pose(t_s)[:2]

    # --- the sensors ---------------------------------------------------------------------------

    def _tissue(self, sizes, state, t: float) -> tuple:
        bent, rate, rep = state[6:]
        if rep is None:
            return qt.IDENTITY
        u = rate / _HYSTERESIS_RATE
        part = bent / (0.5 * math.pi)
        shift = part * (1.0 + _HYSTERESIS * u / math.sqrt(1.0 + u * u))
        shift += part * _WOBBLE * u * math.sin(2.0 * math.pi * _WOBBLE_HZ * t)
        shift *= rep.gain * (self._load_gain if rep.kind == "set" else 1.0)
        return _small((sizes[0] * shift, sizes[1] * shift, sizes[2] * shift))

    def _pose(self, t: float) -> tuple:
        """(thigh q, shank q, thigh position, shank position) of the sensors in the world."""
        thigh, shank, state = self.bones(t)
        side = self._leg.side
        knee = qt.rotate(shank, (0.0, SHANK_LENGTH_M, 0.0))
        px, py, pz = qt.rotate(thigh, (_THIGH_SENSOR[0], _THIGH_SENSOR[1], side * _THIGH_SENSOR[2]))
        thigh_at = (knee[0] + px, knee[1] + py, knee[2] + pz)
        shank_at = qt.rotate(shank, (_SHANK_SENSOR[0], _SHANK_SENSOR[1], side * _SHANK_SENSOR[2]))
        if self._thigh_tissue[0]:
            thigh = qt.multiply(thigh, self._tissue(self._thigh_tissue, state, t))
            shank = qt.multiply(shank, self._tissue(self._shank_tissue, state, t))
        for time_s, angle in self._slips:
            if t > time_s:
                turned = _about_y(side * angle * _DEG * eased((t - time_s) / 0.3))
                thigh = qt.multiply(thigh, turned)
        thigh = qt.multiply(thigh, self.mountings[0])
        shank = qt.multiply(shank, self.mountings[1])
        if self._strapped_s and t < self._strapped_s:
            worn = eased((t - self._table_s) / (self._strapped_s - self._table_s))
            thigh = _between(self._on_table[0], thigh, worn)
            shank = _between(self._on_table[1], shank, worn)
            thigh_at = tuple([worn * v for v in thigh_at])
            shank_at = tuple([worn * v for v in shank_at])
        return thigh, shank, thigh_at, shank_at

    def _pose_of_knot(self, i: int) -> tuple:
        pose = self._poses.get(i)
        if pose is None:
            if len(self._poses) > 8:
                self._poses.clear()
            pose = self._poses[i] = self._pose(i / KNOT_RATE_HZ)
        return pose

    def _knot(self, i: int) -> tuple:
        before = self._pose_of_knot(i - 1)
        here = self._pose_of_knot(i)
        after = self._pose_of_knot(i + 1)
        thigh = _felt(before[0], here[0], after[0], before[2], here[2], after[2])
        if i / KNOT_RATE_HZ >= self._table_s:
            dx, dy, dz = self._drift
            thigh = (thigh[0] + dx, thigh[1] + dy, thigh[2] + dz) + thigh[3:]
        return thigh + _felt(before[1], here[1], after[1], before[3], here[3], after[3])

    def still(self, mount: str, t_s: float) -> tuple:
        q = self._pose(t_s)[1 if mount == "shank" else 0]
        drift = (0.0, 0.0, 0.0)
        if mount == "thigh" and t_s >= self._table_s:
            drift = self._drift
        return drift + qt.rotate(qt.conjugate(q), (0.0, GRAVITY, 0.0))


def _tissue_sizes(random, spread: float, side: int) -> tuple:
    """Turns at 90 deg of flexion about x (anterior), y (long) and z (lateral), mirrored by side."""
    axial, anterior, lateral = random.normal(), random.normal(), random.normal()
    return (side * 0.5 * spread * anterior, side * spread * axial, 0.75 * spread * lateral)


def _felt(q0, q1, q2, p0, p1, p2) -> tuple:
    """Rate and specific force of a sensor from three neighbouring poses."""
    _, x, y, z = qt.multiply(qt.conjugate(q0), q2)
    sign = 1.0 if q0[0] * q2[0] + q0[1] * q2[1] + q0[2] * q2[2] + q0[3] * q2[3] > 0 else -1.0
    # Twice the vector part is the angle, but for its cube's 24th part: none at 5 ms.
    k = sign * KNOT_RATE_HZ
    h = float(KNOT_RATE_HZ * KNOT_RATE_HZ)
    force = (
        (p0[0] - 2.0 * p1[0] + p2[0]) * h,
        (p0[1] - 2.0 * p1[1] + p2[1]) * h + GRAVITY,
        (p0[2] - 2.0 * p1[2] + p2[2]) * h,
    )
    return (x * k, y * k, z * k) + qt.rotate(qt.conjugate(q1), force)


def _about_x(angle: float) -> tuple:
    return (math.cos(0.5 * angle), math.sin(0.5 * angle), 0.0, 0.0)


def _about_y(angle: float) -> tuple:
    return (math.cos(0.5 * angle), 0.0, math.sin(0.5 * angle), 0.0)


def _about_z(angle: float) -> tuple:
    return (math.cos(0.5 * angle), 0.0, 0.0, math.sin(0.5 * angle))


def _small(turn) -> tuple:
    """The rotation by a vector (rad) of moderate size."""
    x, y, z = turn
    angle = math.sqrt(x * x + y * y + z * z)
    k = math.sin(0.5 * angle) / angle if angle > 1e-9 else 0.5
    return (math.cos(0.5 * angle), x * k, y * k, z * k)


def _between(q0, q1, part: float) -> tuple:
    """The shorter way from q0 to q1, `part` of it (slerp, Shoemake 1985)."""
    turn = qt.multiply(qt.conjugate(q0), q1)
    if turn[0] < 0.0:
        turn = tuple([-v for v in turn])
    length = math.sqrt(turn[1] * turn[1] + turn[2] * turn[2] + turn[3] * turn[3])
    if length < 1e-9:
        return q1
    half = math.atan2(length, turn[0]) * part
    k = math.sin(half) / length
    return qt.multiply(q0, (math.cos(half), turn[1] * k, turn[2] * k, turn[3] * k))


def _any_rotation(random) -> tuple:
    """Evenly over all rotations: four normal deviates (Marsaglia 1972)."""
    return qt.normalised(tuple([random.normal() for _ in range(4)]))


class TraceBody(_Knots):
    """Recorded movement from a file, read as it is needed.

    The file: a line of JSON, {"rate_hz": .., "rows": .., ...}, then `rows` rows of twelve float32,
    little-endian: thigh gyr xyz (rad/s), thigh acc xyz (m/s^2), shank gyr, shank acc. Time 0 is the
    first row. Whatever else the header holds is kept in `header`.

    Before the first row and after the last the leg is held: no rate, and the mean specific force of
    the tenth of a second next to it.
    """

    _ROW = 48
    _CHUNK = 256

    def __init__(self, path: str):
        self._file = open(path, "rb")  # noqa: SIM115  (read as long as the process lives)
        line = self._file.readline()
        try:
            self.header = json.loads(line)
            self._rate_hz = float(self.header["rate_hz"])
            self._rows = int(self.header["rows"])
        except (ValueError, KeyError, TypeError):
            raise ValueError(path + " has no header line with rate_hz and rows")
        if self._rows < 2 or self._rate_hz <= 0.0:
            raise ValueError(path + " holds no movement")
        self._start = len(line)
        self._chunk = bytearray(self._ROW * self._CHUNK)
        self._chunk_first = -self._CHUNK
        self.duration_s = (self._rows - 1) / self._rate_hz
        self._make_ring()

    def _knot(self, i: int) -> tuple:
        i = min(i, self._rows - 1)
        if not self._chunk_first <= i < self._chunk_first + self._CHUNK:
            self._chunk_first = i
            self._file.seek(self._start + i * self._ROW)
            self._file.readinto(self._chunk)
        return struct.unpack_from("<12f", self._chunk, (i - self._chunk_first) * self._ROW)

    def still(self, mount: str, t_s: float) -> tuple:
        side = 9 if mount == "shank" else 3
        reach = max(1, int(0.1 * self._rate_hz))
        at = int(t_s * self._rate_hz)
        first = max(0, min(at - reach // 2, self._rows - 1 - reach))
        last = min(self._rows - 1, first + reach)
        total = [0.0, 0.0, 0.0]
        for i in range(first, last + 1):
            row = self._knot(i)
            for axis in range(3):
                total[axis] += row[side + axis]
        n = last + 1 - first
        return (0.0, 0.0, 0.0, total[0] / n, total[1] / n, total[2] / n)
