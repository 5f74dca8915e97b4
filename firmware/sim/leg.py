"""The leg as a mechanism: what it does over time, as a pure function of time.

A `Leg` is made of stretches of a programme (see sim.scenarios): reps with a start, durations and a
depth, and a few slow changes. `state(t)` gives the true angles of the bones and
what is needed besides to stand the leg up in the world: the lean of the shank.

A rep (biomechanics.md D): flexion goes down and up along minimum-jerk curves, with a pause between;
the shank leans forward with it, by LEAN_PER_FLEXION. Internal rotation comes in over the first
30 deg of flexion (screw home) and is flat after that; the foot lets the shank do some of it, the
thigh does the rest. Inward movement takes 0.3 of its size off it.
Valgus is a bump, centred between the bottom and the early ascent and there only (type "bump"), or
goes with depth (type "depth", as sin(flexion)). Of each valgus a part comes from the
shank that leans inward over the foot, the rest from the thigh.

Nobody stands still: sway is a handful of slow sines below 0.5 Hz, up to 0.4 deg in the lean, less
in the frontal plane and about the long axis. At rest that is all there is.
"""

import math

from sim.chip_errors import Random

_DEG = math.pi / 180.0

LEAN_PER_FLEXION = 0.30
SHANK_SHARE = 0.5  # of a valgus: the shank's lean inward
ROTATION_DEG = 10.0
ROTATION_UNTIL_DEG = 30.0
ROTATION_SHARE = 0.3  # of the screw home: the shank's turn inward
ROTATION_PER_VALGUS = -0.3
BUMP_SIGMA_S = 0.18  # 0.42 s wide at half height
BUMP_AFTER_BOTTOM_S = 0.08
_BUMP_REACH = 5.0  # sigmas


class Rep:
    """One repetition.

    valgus_deg    height of its bump
    gain          scales its soft tissue
    by_depth_deg  valgus of the "depth" type, times sin(flexion)
    """

    def __init__(
        self, kind, start_s, down_s, pause_s, up_s, depth_deg, valgus_deg, gain, by_depth_deg=0.0
    ):
        self.kind = kind
        self.start_s = start_s
        self.down_s = down_s
        self.pause_s = pause_s
        self.up_s = up_s
        self.depth_deg = depth_deg
        self.valgus_deg = valgus_deg
        self.gain = gain
        self.by_depth_deg = by_depth_deg
        self.end_s = start_s + down_s + pause_s + up_s
        self.bump_s = start_s + down_s + 0.5 * pause_s + BUMP_AFTER_BOTTOM_S

    def flexion(self, t: float) -> tuple:
        """(flexion, its rate) in rad and rad/s; zero outside the rep."""
        depth = self.depth_deg * _DEG
        u = t - self.start_s
        if u <= 0.0 or t >= self.end_s:
            return 0.0, 0.0
        if u < self.down_s:
            part, rate = minimum_jerk(u / self.down_s)
            return depth * part, depth * rate / self.down_s
        u -= self.down_s + self.pause_s
        if u <= 0.0:
            return depth, 0.0
        part, rate = minimum_jerk(u / self.up_s)
        return depth * (1.0 - part), -depth * rate / self.up_s


def minimum_jerk(x: float) -> tuple:
    """(position, velocity) from 0 to 1 over x = 0..1, still at both ends (Flash and Hogan 1985)."""
    xx = x * x
    rest = 1.0 - x
    return xx * x * (10.0 - 15.0 * x + 6.0 * xx), 30.0 * xx * rest * rest


def eased(x: float) -> float:
    """minimum_jerk's position, held at the ends: a smooth step."""
    return 0.0 if x <= 0.0 else 1.0 if x >= 1.0 else minimum_jerk(x)[0]


class Sway:
    """A slow, small, endless movement: three sines below 0.5 Hz with `rms` altogether."""

    def __init__(self, random, rms: float):
        size = rms * math.sqrt(2.0 / 3.0)
        self._sines = [
            (size, 2.0 * math.pi * random.between(low, low + 0.14), random.between(0.0, 6.28))
            for low in (0.06, 0.2, 0.34)
        ]

    def at(self, t: float) -> float:
        (a, f, p), (b, g, q), (c, h, r) = self._sines
        return a * math.sin(f * t + p) + b * math.sin(g * t + q) + c * math.sin(h * t + r)


class Leg:
    """side +1 right, -1 left; `reps` in order of time; `sway` scales all sway (1 = usual)."""

    def __init__(self, side, reps, seed=0, sway=1.0):
        self.side = side
        self.reps = reps
        random = Random(seed + 101)
        self._lean = Sway(random, 0.17 * _DEG * sway)
        self._frontal = Sway(random, 0.12 * _DEG * sway)
        self._valgus = Sway(random, 0.1 * _DEG * sway)
        self._axial = Sway(random, 0.1 * _DEG * sway)
        self._near = 0  # index of the rep last asked about

    def rep_at(self, t: float):
        """The rep under way, or None."""
        reps = self.reps
        if not reps:
            return None
        i = self._near
        while i > 0 and t < reps[i].start_s:
            i -= 1
        while i + 1 < len(reps) and t >= reps[i + 1].start_s:
            i += 1
        self._near = i
        rep = reps[i]
        return rep if rep.start_s <= t < rep.end_s else None

    def state(self, t: float) -> tuple:
        """(flexion, valgus, rotation, lean forward, lean inward, turn, bent, rate, rep), rad.

        Leans and turn (about the long axis) are the shank's, inward positive on both legs. `bent`
        is flexion without sway, `rate` its rate.
        """
        sway_lean = self._lean.at(t)
        valgus = self._valgus.at(t)
        rotation = self._axial.at(t)
        inward = self._frontal.at(t)
        rep = self.rep_at(t)
        if rep is None:
            # Standing sway comes from the ankle: the knee flexes a little with the lean.
            return 0.5 * sway_lean, valgus, rotation, sway_lean, inward, 0.0, 0.0, 0.0, None
        flexion, rate = rep.flexion(t)
        given = rep.by_depth_deg * _DEG * math.sin(flexion)
        if rep.valgus_deg:
            u = (t - rep.bump_s) / BUMP_SIGMA_S
            if -_BUMP_REACH < u < _BUMP_REACH:
                given += rep.valgus_deg * _DEG * math.exp(-0.5 * u * u)
        screw_home = ROTATION_DEG * _DEG * eased(flexion / (ROTATION_UNTIL_DEG * _DEG))
        return (
            flexion + 0.5 * sway_lean,
            valgus + given,
            rotation + screw_home + ROTATION_PER_VALGUS * given,
            sway_lean + LEAN_PER_FLEXION * flexion,
            inward + SHANK_SHARE * given,
            ROTATION_SHARE * screw_home,
            flexion,
            rate,
            rep,
        )
