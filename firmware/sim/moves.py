"""Movements of a leg: squats, swings of the free leg, steps, a walk.

Each has `start_s`, `end_s` and `shape(t, posture, lean_per_flexion)`, which adds to a
`sim.leg.Posture` what the movement does at that time. One with `placed` leaves the foot elsewhere:
from its end on the foot is `ahead_m` further and `aside_m` to the right, the leg turned by `yaw`,
the knee by `knee_turn`.
"""

import math

from sim.leg import eased, minimum_jerk

_DEG = math.pi / 180.0
_BUMP_REACH = 5.0  # sigmas
_SKIN_UNTIL = 25.0 * _DEG


class Rep:
    """One squat (biomechanics D): down and up along minimum-jerk curves, a pause between.

    The shank leans forward with the flexion.

    valgus_deg    its excursion: as a "bump" of width 2.35 bump_sigma_s at half height, with its top
                  at bump_s, or as a "hold": there at the bottom, kept, and given back on the way up
    by_depth_deg  valgus in proportion to sin(flexion) besides
    gain          scales its soft tissue
    skin_deg      the skin under the thigh's strap turns so much over the first 25 deg of flexion
    tremor_deg_s  root mean square of the knee's shaking at full depth, at tremor_hz

    What comes before the bend takes lead_s, what comes after it is the subclass's.
    """

    placed = False
    lead_s = 0.0

    def __init__(self, kind, start_s, down_s, pause_s, up_s, depth_deg, valgus_deg=0.0):
        self.kind = kind
        self.start_s = start_s
        self.down_s = down_s
        self.pause_s = pause_s
        self.up_s = up_s
        self.end_s = start_s + down_s + pause_s + up_s
        self.depth_deg = depth_deg
        self.valgus_deg = valgus_deg
        self.by_depth_deg = 0.0
        self.held = False
        self.bump_s = start_s + self.lead_s + down_s + 0.5 * pause_s + 0.08
        self.bump_sigma_s = 0.18
        self.gain = 1.0
        self.skin_deg = 0.0
        self.tremor_deg_s = 0.0
        self.tremor_hz = 8.0
        self.set = None  # index of the set it belongs to

    def flexion(self, t: float) -> tuple:
        """(flexion, its rate) in rad and rad/s; zero outside the rep."""
        depth = self.depth_deg * _DEG
        u = t - self.start_s - self.lead_s
        if u <= 0.0 or u >= self.down_s + self.pause_s + self.up_s:
            return 0.0, 0.0
        if u < self.down_s:
            part, rate = minimum_jerk(u / self.down_s)
            return depth * part, depth * rate / self.down_s
        u -= self.down_s + self.pause_s
        if u <= 0.0:
            return depth, 0.0
        part, rate = minimum_jerk(u / self.up_s)
        return depth * (1.0 - part), -depth * rate / self.up_s

    def valgus(self, t: float) -> float:
        """Its excursion at this time, without what goes with depth; rad."""
        if self.held:
            bottom_s = self.start_s + self.lead_s + self.down_s
            came = eased((t - bottom_s) / (0.4 * self.down_s) + 1.0)
            return (
                self.valgus_deg
                * _DEG
                * came
                * (1.0 - eased((t - bottom_s - self.pause_s) / (0.5 * self.up_s)))
            )
        u = (t - self.bump_s) / self.bump_sigma_s
        if -_BUMP_REACH < u < _BUMP_REACH:
            return self.valgus_deg * _DEG * math.exp(-0.5 * u * u)
        return 0.0

    def shape(self, t: float, p, lean_per_flexion: float) -> None:
        p.bent, p.rate = self.flexion(t)
        p.flexion += p.bent
        p.lean += lean_per_flexion * p.bent
        p.valgus += self.by_depth_deg * _DEG * math.sin(p.bent)
        if self.valgus_deg:
            p.valgus += self.valgus(t)
        p.tissue = self.gain
        if self.skin_deg:
            p.skin = self.skin_deg * _DEG * eased(p.bent / _SKIN_UNTIL)
        if self.tremor_deg_s:
            self._shake(t, p)

    def _shake(self, t: float, p) -> None:
        """Two sines, as a tremor's peak is broad; the harder the leg works the more of it."""
        load = p.bent / (self.depth_deg * _DEG)
        omega = 2.0 * math.pi * self.tremor_hz
        size = self.tremor_deg_s * _DEG / omega * load * load
        x = size * (math.sin(omega * t) + math.sin(1.21 * omega * t + 1.0))
        p.flexion += x
        p.lean += 0.3 * x
        p.inward += 0.4 * size * math.sin(1.09 * omega * t)


class Swing(Rep):
    """The free leg is lifted in front of the body, knee bent, and put down again.

    hip_deg   the thigh's lift; depth_deg is the knee's bend
    out_deg   how far the thigh strays to the side, turn_deg about the vertical: the plane of the
              swing is nobody's sagittal one
    """

    def __init__(self, kind, start_s, down_s, pause_s, up_s, depth_deg, hip_deg, out_deg, turn_deg):
        super().__init__(kind, start_s, down_s, pause_s, up_s, depth_deg)
        self.hip_deg = hip_deg
        self.out_deg = out_deg
        self.turn_deg = turn_deg

    def shape(self, t: float, p, lean_per_flexion: float) -> None:
        p.bent, p.rate = self.flexion(t)
        part = p.bent / (self.depth_deg * _DEG)
        p.flexion += p.bent
        p.lean += p.bent - self.hip_deg * _DEG * part
        p.inward -= self.out_deg * _DEG * part
        p.yaw += self.turn_deg * _DEG * part
        p.tissue = self.gain
        p.air = eased((t - self.start_s) / 0.3) * eased((self.end_s - t) / 0.3)


class Step:
    """The foot is lifted and put down elsewhere; then the other foot follows.

    ahead_m      how far forward (backward: negative)
    yaw          rad by which the whole leg is then turned, inward positive, ...
    knee_turn    ... and the knee's rotation with it
    """

    placed = True
    aside_m = 0.0
    SWING_S = 0.75

    def __init__(self, start_s, flexion_deg, ahead_m=0.0, yaw=0.0, knee_turn=0.0):
        self.start_s = start_s
        self.down_s = start_s + self.SWING_S  # when the foot touches the ground
        self.end_s = self.down_s + 0.6
        self._flexion = flexion_deg * _DEG
        self.ahead_m = ahead_m
        self.yaw = yaw
        self.knee_turn = knee_turn

    def shape(self, t: float, p, lean_per_flexion: float) -> None:
        u = (t - self.start_s) / self.SWING_S
        moved = eased((u - 0.15) / 0.85)
        p.foot_x += self.ahead_m * moved
        p.yaw += self.yaw * moved
        p.rotation += self.knee_turn * moved
        if u < 1.0:
            up = 4.0 * u * (1.0 - u)
            up = up * up * up
            p.bent = self._flexion * up
            p.rate = 12.0 * self._flexion * (4.0 * u * (1.0 - u)) ** 2 * (1.0 - 2.0 * u)
            p.rate /= self.SWING_S
            p.flexion += p.bent
            p.lean += 0.55 * p.bent  # the thigh lifts by the rest
            p.foot_y += 0.09 * up
        else:  # the body passes over the foot as the other one follows
            v = (t - self.down_s) / (self.end_s - self.down_s)
            over = 4.0 * _DEG if self.ahead_m >= 0.0 else -4.0 * _DEG
            p.lean += over * 64.0 * (v * (1.0 - v)) ** 3


class Walk:
    """Strides on the level from a stance to a stance.

    Knee flexion and lean of the shank over the gait cycle from minimum-jerk curves between their
    turning points, put where walking people have them (loading 15 deg, swing 60 deg at 0.73 of the
    cycle, shank from -20 deg at the heel's strike to 50 deg at toe-off). Heel strikes are at
    `strikes_s`.
    """

    placed = True
    aside_m = yaw = knee_turn = 0.0
    STRIDE_S = 1.15
    STRIDE_M = 1.3
    _FROM = 0.25  # the cycle begins in mid-stance
    _FLEXION = ((-0.03, 3.0), (0.14, 16.0), (0.4, 5.0), (0.73, 60.0), (0.97, 3.0), (1.14, 16.0))
    _LEAN = ((-0.03, -20.0), (0.66, 50.0), (0.97, -20.0), (1.66, 50.0))

    def __init__(self, start_s, strides):
        self.start_s = start_s
        self.end_s = start_s + strides * self.STRIDE_S
        self.ahead_m = strides * self.STRIDE_M
        self.strikes_s = [start_s + (k + 1.0 - self._FROM) * self.STRIDE_S for k in range(strides)]

    def shape(self, t: float, p, lean_per_flexion: float) -> None:
        x = (t - self.start_s) / self.STRIDE_S + self._FROM
        stride = int(x)
        phase = x - stride
        part = eased((t - self.start_s) / self.STRIDE_S)
        part *= eased((self.end_s - t) / self.STRIDE_S)
        bent, rate = _along(self._FLEXION, phase)
        p.bent = part * bent * _DEG
        p.rate = part * rate * _DEG / self.STRIDE_S
        p.flexion += p.bent
        p.lean += part * _along(self._LEAN, phase)[0] * _DEG
        p.foot_x += self.STRIDE_M * (stride + eased((phase - 0.52) / 0.47))
        lift = (phase - 0.45) / 0.55
        if lift > 0.0:
            p.foot_y += 0.1 * part * 64.0 * (lift * (1.0 - lift)) ** 3


def _along(keys, x: float) -> tuple:
    """(value, rate) at x on minimum-jerk curves through (x, value) pairs, the last beyond x."""
    i = 1
    while x >= keys[i][0]:
        i += 1
    (x0, y0), (x1, y1) = keys[i - 1], keys[i]
    part, rate = minimum_jerk((x - x0) / (x1 - x0))
    return y0 + (y1 - y0) * part, (y1 - y0) * rate / (x1 - x0)
