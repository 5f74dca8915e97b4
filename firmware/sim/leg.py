"""The leg as a mechanism: what it does over time, as a pure function of time.

A `Leg` does one movement after another (sim.moves: squats, swings, steps) and sways between and
during them. `posture(t)` gives the true angles of the bones and what is needed besides to stand the
leg up in the world.

What every bent knee does, whatever the movement
    Internal rotation comes in over the first 30 deg of flexion (screw home), 8 to 12 deg of it, is
    flat until 120 deg and grows again beyond (biomechanics D; Qi et al. 2013). In standing the
    foot holds the shank, so the thigh does most of it: it turns outward on the shank as the knee
    unlocks (femoral-on-tibial rotation; Neumann, Kinesiology of the Musculoskeletal System, ch.
    13). Pronation of the foot lets the shank do `shank_turn` of it. With the foot in the air the
    shank does all of it.
    A valgus takes 0.3 of its size off the internal rotation (biomechanics D). Part of it, 0.3 to
    0.7, comes from the shank that leans inward over the foot, the rest from the thigh.

Nobody stands still: sway is a handful of slow sines below 0.5 Hz; biomechanics D: 0.3 to 0.5 deg in
the sagittal plane (here 0.35 rms), 0.05 to 0.5 deg of the segments against each other about the
long axis (0.15); in the frontal plane 0.2, in the knee's own 0.1 (choices). At rest that is all.
"""

import math

from sim.chip_errors import Random
from sim.compiled import micropython

_DEG = math.pi / 180.0

SWAY_LEAN_DEG = 0.35
SWAY_FRONTAL_DEG = 0.2
SWAY_VALGUS_DEG = 0.1
SWAY_AXIAL_DEG = 0.15

SCREW_HOME_UNTIL_DEG = 30.0
DEEP_FROM_DEG = 120.0
DEEP_PER_SQUARE_DEG = 0.04
ROTATION_PER_VALGUS = -0.3


@micropython.native
def minimum_jerk(x: float) -> tuple:
    """(position, velocity) from 0 to 1 over x = 0..1, still at both ends (Flash and Hogan 1985)."""
    xx = x * x
    rest = 1.0 - x
    return xx * x * (10.0 - 15.0 * x + 6.0 * xx), 30.0 * xx * rest * rest


@micropython.native
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

    @micropython.native
    def at(self, t: float) -> float:
        (a, f, p), (b, g, q), (c, h, r) = self._sines
        return a * math.sin(f * t + p) + b * math.sin(g * t + q) + c * math.sin(h * t + r)


class Posture:
    """The leg at an instant; rad and m, the same signs on both legs.

    flexion, valgus, rotation   the true knee angles
    lean, inward, turn, yaw     of the shank: forward, to the other leg, about its own long axis and
                                about the vertical, the last two inward positive
    foot_x, foot_y, foot_z      the ankle, forward, up and to the right
    air                         0: the foot stands, 1: the leg hangs from the hip
    bent, rate                  flexion of the movement alone, and its rate: what moves soft tissue
    tissue, skin                its gain, and a turn of the thigh's skin about the long axis
    """

    def __init__(self):
        self.flexion = self.valgus = self.rotation = 0.0
        self.lean = self.inward = self.turn = self.yaw = 0.0
        self.foot_x = self.foot_y = self.foot_z = self.air = 0.0
        self.bent = self.rate = self.skin = 0.0
        self.tissue = 1.0


class Leg:
    """side +1 right, -1 left; `moves` (sim.moves) in order of time.

    `sway` scales all sway (1 = usual) but for the axial one, which is `axial_sway_deg`.
    `shank_turn` is the shank's share of the screw home. `restless` (start_s, end_s, size): weight
    is shifted from foot to foot meanwhile; 1 is some 3 deg.
    """

    def __init__(
        self,
        side,
        moves,
        seed=0,
        sway=1.0,
        axial_sway_deg=SWAY_AXIAL_DEG,
        shank_turn=0.4,
        restless=None,
    ):
        self.side = side
        self.moves = moves
        random = Random(seed + 101)
        self._lean = Sway(random, SWAY_LEAN_DEG * _DEG * sway)
        self._frontal = Sway(random, SWAY_FRONTAL_DEG * _DEG * sway)
        self._valgus = Sway(random, SWAY_VALGUS_DEG * _DEG * sway)
        self._axial = Sway(random, axial_sway_deg * _DEG)
        self.lean_per_flexion = random.between(0.25, 0.36)
        self.screw_home_deg = random.between(8.0, 12.0)
        self._shank_turns = shank_turn
        self._shank_leans = random.between(0.3, 0.7)
        self._restless = restless
        self._placed = [move for move in moves if move.placed]
        self._near = 0  # index of the movement last asked about

    @micropython.native
    def move_at(self, t: float):
        """The movement under way, or None."""
        moves = self.moves
        if not moves:
            return None
        i = self._near
        while i > 0 and t < moves[i].start_s:
            i -= 1
        while i + 1 < len(moves) and t >= moves[i + 1].start_s:
            i += 1
        self._near = i
        move = moves[i]
        return move if move.start_s <= t < move.end_s else None

    @micropython.native
    def posture(self, t: float) -> Posture:
        p = Posture()
        move = self.move_at(t)
        for done in self._placed:  # where it put the foot
            if t >= done.end_s:
                p.foot_x += done.ahead_m
                p.foot_z += done.aside_m
                p.yaw += done.yaw
                p.rotation += done.knee_turn
        if move is not None:
            move.shape(t, p, self.lean_per_flexion)
            self._bend(p)
        lean = self._lean.at(t)
        p.lean += lean
        p.flexion += 0.5 * lean  # sway comes from the ankle; the knee gives a little
        p.valgus += self._valgus.at(t)
        p.rotation += self._axial.at(t)
        p.inward += self._frontal.at(t)
        if self._restless is not None:
            self._shift_weight(t, p)
        return p

    @micropython.native
    def _bend(self, p: Posture) -> None:
        """What comes with every flexion and every valgus."""
        turn = self.screw_home_deg * _DEG * eased(p.bent / (SCREW_HOME_UNTIL_DEG * _DEG))
        deep = p.bent / _DEG - DEEP_FROM_DEG
        if deep > 0.0:
            turn += DEEP_PER_SQUARE_DEG * deep * deep * _DEG
        p.rotation += turn + ROTATION_PER_VALGUS * p.valgus
        p.turn += turn * (self._shank_turns + (1.0 - self._shank_turns) * p.air)
        p.inward += self._shank_leans * p.valgus

    def _shift_weight(self, t: float, p: Posture) -> None:
        start_s, end_s, size = self._restless
        size *= eased((t - start_s) / 0.5) * eased((end_s - t) / 0.5) * _DEG
        if size:
            p.lean += 3.0 * size * math.sin(2.6 * t)
            p.flexion += 4.0 * size * math.sin(1.9 * t)
            p.inward += 2.0 * size * math.sin(1.7 * t)
