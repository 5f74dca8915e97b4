"""From the foot up: ankle, shank, knee, thigh; where the bones are and how they are turned.

Earth: x forward, y to the left, z up. The shank leans and turns about the ankle, the knee moves
with it, the thigh hangs on at the knee by the joint's angles (hardware/FRAMES.md):

    Rs = Rz(yaw) U Rz(-lean) Rx(-s medial)      U: segment axes to earth in an upright stance
    Rt = Rs (Rz(-flexion) Rx(-s valgus) Ry(s rotation))^T
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .course import FINE_HZ, Course
from .person import Person
from .turns import Floats, about, applied, transposed

UPRIGHT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
G = 9.80665


@dataclass(frozen=True, slots=True)
class Segment:
    """A bone over time: `turn` (m, 3, 3) to earth, `origin` (m, 3) the knee's place in earth."""

    turn: Floats
    origin: Floats

    def place(self, offset_m: Floats) -> Floats:
        """Where a point fixed to the bone is, (m, 3)."""
        return self.origin + applied(self.turn, np.broadcast_to(offset_m, self.origin.shape))


def bones(person: Person, course: Course) -> tuple[Segment, Segment]:
    """Thigh and shank on the fine grid."""
    s = int(person.side)
    a = {name: np.radians(values) for name, values in course.angles.items()}
    shank = about(2, s * a["yaw"]) @ UPRIGHT @ about(2, -a["lean"]) @ about(0, -s * a["medial"])
    joint = about(2, -a["flexion"]) @ about(0, -s * a["valgus"]) @ about(1, s * a["rotation"])
    thigh = shank @ transposed(joint)
    ankle = course.ankle * [1.0, -s, 1.0]
    knee = ankle + person.shank_m * shank[:, :, 1]
    return Segment(thigh, knee), Segment(shank, knee)


def second_difference(places: Floats) -> Floats:
    """Acceleration (m, 3) from places (m, 3) on the fine grid."""
    out = np.zeros_like(places)
    out[1:-1] = (places[2:] - 2.0 * places[1:-1] + places[:-2]) * FINE_HZ**2
    return out
