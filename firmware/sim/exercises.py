"""The squat's relatives: what else a set may be made of. Each is a `sim.moves.Rep`, bent otherwise.

    Seat      down onto a seat and up again: the shank hardly leans, one stays seated for a while
    Forward   a lunge: the foot swings forward, the knee bends over it, the foot swings back
    StepUp    the foot is lifted onto a box, the knee straightens under load; then back down: it
              bends under load and straightens in the air

Angles and times of the swings are choices, of the size that people show; the leg's own part of a
step-down or a single-leg squat is a shallow `Rep`.
"""

import math

from sim.leg import eased, minimum_jerk
from sim.moves import Rep

_DEG = math.pi / 180.0


class Seat(Rep):
    """A sit-to-stand, from standing."""

    LEAN = 0.07
    STAYS = 4.0  # times a squat's pause

    def __init__(self, kind, start_s, down_s, pause_s, up_s, depth_deg, valgus_deg=0.0):
        super().__init__(kind, start_s, down_s, self.STAYS * pause_s, up_s, depth_deg, valgus_deg)

    def shape(self, t: float, p, lean_per_flexion: float) -> None:
        super().shape(t, p, self.LEAN)


class Forward(Rep):
    """A forward lunge and back."""

    LEAN = 0.1
    lead_s = 0.8
    tail_s = 0.8
    AHEAD_M = 0.7

    def __init__(self, kind, start_s, down_s, pause_s, up_s, depth_deg, valgus_deg=0.0):
        super().__init__(kind, start_s, down_s, pause_s, up_s, depth_deg, valgus_deg)
        self.end_s += self.lead_s + self.tail_s

    def shape(self, t: float, p, lean_per_flexion: float) -> None:
        super().shape(t, p, self.LEAN)
        there = (t - self.start_s) / self.lead_s
        back = (t - self.end_s) / self.tail_s + 1.0
        p.foot_x += self.AHEAD_M * (eased(there) - eased(back))
        _swing(p, there if there < 1.0 else back, 50.0, self.lead_s)


class StepUp(Rep):
    """Onto the box and back, always with this leg."""

    LEAN = 0.12
    LIFT = 0.4  # of a squat's way down: without load
    STANDS_S, LOWERS_S, RETURNS_S = 0.8, 1.1, 0.45
    LOWERED = 0.75  # of the depth, on the way back down
    HEIGHT_M = 0.25
    tail_s = STANDS_S + LOWERS_S + RETURNS_S

    def __init__(self, kind, start_s, down_s, pause_s, up_s, depth_deg, valgus_deg=0.0):
        super().__init__(kind, start_s, self.LIFT * down_s, pause_s, up_s, depth_deg, valgus_deg)
        self.end_s += self.tail_s

    def flexion(self, t: float) -> tuple:
        u = t - (self.end_s - self.tail_s + self.STANDS_S)
        if u <= 0.0 or t >= self.end_s:
            return super().flexion(t)
        depth = self.LOWERED * self.depth_deg * _DEG
        if u < self.LOWERS_S:
            part, rate = minimum_jerk(u / self.LOWERS_S)
            return depth * part, depth * rate / self.LOWERS_S
        part, rate = minimum_jerk((u - self.LOWERS_S) / self.RETURNS_S)
        return depth * (1.0 - part), -depth * rate / self.RETURNS_S

    def shape(self, t: float, p, lean_per_flexion: float) -> None:
        super().shape(t, p, self.LEAN)
        on = eased((t - self.start_s) / self.down_s)
        off = eased((t - self.end_s) / self.RETURNS_S + 1.0)
        p.foot_x += 0.3 * (on - off)
        p.foot_y += self.HEIGHT_M * (on - off)


KINDS = {"sit_to_stand": Seat, "lunge": Forward, "step_up": StepUp, "step_down": Rep}


def _swing(p, u: float, bend_deg: float, takes_s: float) -> None:
    """The foot in the air, u from 0 to 1."""
    if not 0.0 < u < 1.0:
        return
    up = 4.0 * u * (1.0 - u)
    bend = bend_deg * _DEG
    p.bent += bend * up * up * up
    p.rate += 12.0 * bend * up * up * (1.0 - 2.0 * u) / takes_s
    p.flexion += bend * up * up * up
    p.lean += 0.5 * bend * up * up * up
    p.foot_y += 0.1 * up * up * up
