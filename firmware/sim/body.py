"""The moving leg with its two IMUs.

A source, as is a recording (sim.knots.TraceBody): `imu(mount, t_s)` -> (gx, gy, gz rad/s, ax, ay,
az m/s^2) in the sensor's axes, `still(mount, t_s)` -> the same for a leg held as it stands at t_s,
`duration_s`, and for the model `truth(t_s)` -> the bones' (flexion, valgus, rotation) in deg, which
no sensor sees.

From the bones to the sensors
    World: x forward, y up, z to the person's right, which are the segments' axes in quiet stance;
    the earth frame (z up) differs by a fixed quarter turn, and only gravity tells them apart here.
    shank   = yaw about y, inward lean about x, forward lean about z, turn about y, above the ankle
    thigh   = shank turned by the inverse of R_rel(flexion, valgus, rotation), above the knee
    sensor  = segment turned by the soft tissue's motion, slips, shocks and by the mounting
    A leg in the air is the same, moved so that the hip stays where it is in standing.
    Orientation and position of both sensors are worked out on knots, 5 ms apart; rate and specific
    force there come from central differences, and between the knots from straight lines. So the
    integral of the rates is the orientation again, to some 0.01 deg over a set.

On the table both sensors lie still; strapping on carries them to the leg along a smooth path, and
taking them off back again.
"""

import math

from kneecore import joint
from kneecore import quaternion as qt
from sim import rotations
from sim.chip_errors import Random
from sim.compiled import micropython
from sim.events import Shocks
from sim.knots import Knots
from sim.leg import Leg, eased
from sim.tissue import SoftTissue

GRAVITY = 9.80665
_DEG = math.pi / 180.0

KNOT_RATE_HZ = 200

THIGH_LENGTH_M = 0.42
SHANK_LENGTH_M = 0.40
_THIGH_SENSOR = (0.02, 0.20, 0.08)  # above the knee; z outward
_SHANK_SENSOR = (0.03, 0.28, 0.05)  # above the ankle

_TABLE_TURN = 1.6  # rad from the pose on the table to the one on the leg


class Body(Knots):
    """A modelled leg.

    leg             a sim.leg.Leg: the bones
    duration_s      end of the movement
    table_s         the sensors lie still until then ...
    strapped_s      ... and are on the leg from then (0: on the leg from the start)
    off_s           from then they are taken off (None: never), within as long as strapping took
    soft_tissue_deg spread of the soft tissue's motion at 90 deg of flexion
    aligned         sensors' axes along the segments' instead of anyhow
    swapped         the thigh's sensor sits on the shank, and the other way round
    slips, shocks   of sim.events
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
        off_s=None,
        soft_tissue_deg=0.0,
        aligned=False,
        swapped=False,
        slips=(),
        shocks=(),
        tilts=(),
        drift_deg_s=0.0,
    ):
        self.duration_s = duration_s
        self._leg = leg
        self._table_s = table_s
        self._strapped_s = strapped_s
        self._off_s = off_s
        self._strap_s = strapped_s - table_s or 3.0
        self._slips = slips
        self._shocks = Shocks(shocks)
        self._tilts = tilts
        self._rate_hz = KNOT_RATE_HZ
        self.swapped = swapped
        random = Random(seed + 202)
        self.mountings = [
            qt.IDENTITY if aligned else rotations.any_rotation(random) for _ in ("thigh", "shank")
        ]
        """Sensor to segment of thigh and shank."""
        self._tissue = SoftTissue(random, soft_tissue_deg, leg.side)
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
        p = self._leg.posture(t_s)
        return p.flexion / _DEG, p.valgus / _DEG, p.rotation / _DEG

    def tissue_deg(self) -> list:
        """What the thigh's soft tissue turns at 90 deg: anterior, long, lateral axis; deg."""
        return [round(angle / _DEG, 2) for angle in self._tissue.thigh]

    @micropython.native
    def bones(self, t_s: float) -> tuple:
        """World orientations (thigh, shank) of the segments, and the posture of the leg."""
        p = self._leg.posture(t_s)
        side = self._leg.side
        lean = p.lean
        for start, end, angle in self._tilts:
            lean -= angle * _DEG * eased((t_s - start) / (end - start))
        shank = qt.multiply(rotations.about_x(-side * p.inward), rotations.about_z(-lean))
        if p.yaw:
            shank = qt.multiply(rotations.about_y(side * p.yaw), shank)
        if p.turn:
            shank = qt.multiply(shank, rotations.about_y(side * p.turn))
        relative = joint.compose(p.flexion, p.valgus, p.rotation, side)
        return qt.multiply(shank, qt.conjugate(relative)), shank, p

    def orientations(self, t_s: float) -> tuple:
        """World orientations of the two sensors (sensor to world)."""
        return self._pose(t_s)[:2]

    # --- the sensors ---------------------------------------------------------------------------

    @micropython.native
    def _pose(self, t: float) -> tuple:
        """(thigh q, shank q, thigh position, shank position) of the sensors in the world."""
        thigh, shank, p = self.bones(t)
        side = self._leg.side
        knee = qt.rotate(shank, (0.0, SHANK_LENGTH_M, 0.0))
        x, y, z = p.foot_x, p.foot_y, p.foot_z
        if p.air:
            hip = qt.rotate(thigh, (0.0, THIGH_LENGTH_M, 0.0))
            x -= p.air * (knee[0] + hip[0])
            y -= p.air * (knee[1] + hip[1] - SHANK_LENGTH_M - THIGH_LENGTH_M)
            z -= p.air * (knee[2] + hip[2])
        px, py, pz = qt.rotate(thigh, (_THIGH_SENSOR[0], _THIGH_SENSOR[1], side * _THIGH_SENSOR[2]))
        thigh_at = (x + knee[0] + px, y + knee[1] + py, z + knee[2] + pz)
        px, py, pz = qt.rotate(shank, (_SHANK_SENSOR[0], _SHANK_SENSOR[1], side * _SHANK_SENSOR[2]))
        shank_at = (x + px, y + py, z + pz)
        turns = self._tissue.turns(p, t)
        if turns is not None:
            thigh = qt.multiply(thigh, turns[0])
            shank = qt.multiply(shank, turns[1])
        for slip in self._slips:
            if t > slip.time_s:
                thigh = qt.multiply(thigh, rotations.about_y(-side * slip.at(t)))
        thigh = qt.multiply(thigh, self.mountings[0])
        shank = qt.multiply(shank, self.mountings[1])
        worn = self._worn(t)
        if worn < 1.0:
            thigh = rotations.between(self._on_table[0], thigh, worn)
            shank = rotations.between(self._on_table[1], shank, worn)
            thigh_at = tuple([worn * v for v in thigh_at])
            shank_at = tuple([worn * v for v in shank_at])
        for shock in self._shocks.at(t):
            blow = shock.of(0, t)
            if blow is not None:
                thigh, thigh_at = _struck(thigh, thigh_at, blow)
                shank, shank_at = _struck(shank, shank_at, shock.of(1, t))
        return thigh, shank, thigh_at, shank_at

    @micropython.native
    def _worn(self, t: float) -> float:
        """0 on the table, 1 on the leg."""
        worn = 1.0
        if self._strapped_s and t < self._strapped_s:
            worn = eased((t - self._table_s) / self._strap_s)
        if self._off_s is not None and t > self._off_s:
            worn = 1.0 - eased((t - self._off_s) / self._strap_s)
        return worn

    @micropython.native
    def _pose_of_knot(self, i: int) -> tuple:
        pose = self._poses.get(i)
        if pose is None:
            if len(self._poses) > 8:
                self._poses.clear()
            pose = self._poses[i] = self._pose(i / KNOT_RATE_HZ)
        return pose

    @micropython.native
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
        shank = (mount == "shank") != self.swapped
        q = self._pose(t_s)[1 if shank else 0]
        drift = (0.0, 0.0, 0.0)
        if not shank and t_s >= self._table_s:
            drift = self._drift
        return drift + qt.rotate(qt.conjugate(q), (0.0, GRAVITY, 0.0))


def _struck(q, at, blow) -> tuple:
    (x, y, z), turn = blow
    return qt.multiply(q, rotations.by_vector(turn)), (at[0] + x, at[1] + y, at[2] + z)


@micropython.native
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
