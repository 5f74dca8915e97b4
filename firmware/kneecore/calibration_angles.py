"""What the angles of a calibration's own reps tell of it: crosstalk, stance, side.

Crosstalk is valgus that goes along with flexion: so far should the thigh's axis still turn about
the long axis (`alignment.refined`). Only calibration reps may feed this: in graded reps that very
thing may be the wearer's movement (biomechanics B6.5).
"""

from math import pi, sin

from kneecore import gates
from kneecore.gates import Gate

_DEG = 180.0 / pi
_RAD = pi / 180.0

CROSSTALK_MOST = gates.CROSSTALK_DEG * _RAD
_TURN_AT = (15.0 * _RAD, 45.0 * _RAD)
_VISIT = 30  # samples of a visit to straight knees, 0.3 s at 104 Hz


class CalibrationAngles:
    """How far valgus goes along with flexion in calibration reps (biomechanics B6.5).

    A thigh axis that is off by eps about the long axis shows s * valgus = -eps * sin(flexion).
    """

    def __init__(self, side: int):
        self.side = side
        self._n = 0
        self._sums = [0.0] * 4  # sin flexion, its square, valgus, both
        self._turn = [[0.0, 0], [0.0, 0]]  # rotation: sum and count, straight and bent
        self._straightest = 0.0
        self._visit = [0.0, 0]  # rotation while straight: sum and count since the last rep
        self._twisted = 0.0

    def add(self, flexion: float, valgus: float, rotation: float) -> None:
        """One knee sample, rad."""
        x = sin(flexion)
        self._n += 1
        for k, value in enumerate((x, x * x, valgus, x * valgus)):
            self._sums[k] += value
        self._straightest = min(self._straightest, flexion)
        if flexion < _TURN_AT[0]:
            self._turn[0][0] += rotation
            self._turn[0][1] += 1
            self._visit[0] += rotation
            self._visit[1] += 1
            if self._visit[1] >= _VISIT:
                self._twisted = max(self._twisted, abs(self._visit[0] / self._visit[1]))
        elif flexion > _TURN_AT[1]:
            self._visit = [0.0, 0]
            self._turn[1][0] += rotation
            self._turn[1][1] += 1

    def epsilon(self) -> float:
        """The axis error (rad) that would explain it."""
        x, xx, v, xv = [total / max(1, self._n) for total in self._sums]
        return -self.side * (xv - x * v) / max(1e-12, xx - x * x)

    def crosstalk_gates(self) -> tuple[Gate, ...]:
        """Too much of it means that the axis is wrong, or that the reps were not neutral."""
        remedy = "Do the calibration squats anew, knees over the toes, the straps tight."
        return (Gate("crosstalk_deg", abs(self.epsilon()) * _DEG, gates.CROSSTALK_DEG, remedy),)

    def stance_gates(self) -> tuple[Gate, ...]:
        """Whether these reps begin and end in the stance that the calibration calls straight."""
        return (
            Gate(
                "stand_bent_deg",
                -self._straightest * _DEG,
                gates.STAND_BENT_DEG,
                gates.STAND,
            ),
            Gate(
                "strap_twisted_deg",
                self._twisted * _DEG,
                gates.STRAP_TWISTED_DEG,
                gates.STRAPS,
            ),
        )

    def side_gates(self) -> tuple[Gate, ...]:
        """Which leg it is: most knees turn the shank inward as it bends (biomechanics D).

        By some 3 to 12 deg over the first 60 deg; outward means that the other side was given.
        """
        (straight, n), (bent, m) = self._turn
        outward = straight / n - bent / m if n and m else 0.0
        remedy = "Say which leg wears the band: it looks like the other one."
        return (Gate("mirrored_turn_deg", outward * _DEG, gates.MIRRORED_DEG, remedy),)
