"""Skin and muscle between bone and IMU: a rotation and a shift of the sensor in the bone's frame.

Two slow parts per axis, each saturating, each lagging behind (a first-order viscoelastic creep,
which gives the hysteresis): one follows the knee's flexion (skin drawn over the joint), one the
extensors' pull (the belly bulges): the load on the leg times the thigh's tilt times what the body's
acceleration adds. Load changes the second only, so the extra motion under the bar has another
shape over flexion than the motion in free squats; `load_gain` is what both make together at 90 deg
of flexion, relative to free squats there. Rep by rep the amount varies, and the strap settles a
little.

The fast part is inertial: sensor and tissue are a damped oscillator, driven by the bone's linear
acceleration, shocks included. The shank has the same in small.

Sizes: biomechanics D (thigh, at 90 deg: axial N(0, S), AP N(0, S/2), ML N(0, 3S/4), S = 4 to 8 deg;
shank 0.4 times that; 8 % from rep to rep; wobble at 5 to 12 Hz).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import signal

from .bones import G, Segment, second_difference
from .course import FINE_HZ, Course
from .turns import Floats, applied, transposed

RELATIVE = np.array([0.5, 1.0, 0.75])  # about x (AP), y (axial), z (ML)
SHANK = 0.4
REP_NOISE = 0.08
SETTLING_DEG = 0.12
_AT = np.radians(90.0)
_FULL = np.sin(np.radians(62.0))  # the thigh's tilt there, usual lean


@dataclass(frozen=True, slots=True)
class Tissue:
    """One segment's tissue; arrays (3,) are per axis of the bone's frame."""

    size_deg: Floats
    skin_reach: Floats  # rad of flexion over which the skin's part saturates
    muscle_share: Floats
    muscle_reach: Floats
    lag_s: Floats
    wobble_hz: float
    damping: float
    wobble_deg: Floats  # static, per m/s^2
    seed: int

    @classmethod
    def drawn(cls, seed: int, spread_deg: float, segment: int) -> Tissue:
        """`segment` 0 thigh, 1 shank."""
        random = np.random.default_rng([seed, 21, segment])
        scale = SHANK if segment else 1.0
        normal = random.normal(size=3)
        return cls(
            size_deg=scale * spread_deg * RELATIVE * normal,
            skin_reach=np.radians(random.uniform(45.0, 120.0, 3)),
            muscle_share=random.uniform(0.3, 0.65, 3),
            muscle_reach=random.uniform(0.8, 2.0, 3),
            lag_s=random.uniform(0.03, 0.12, 3),
            wobble_hz=random.uniform(5.0, 12.0),
            damping=random.uniform(0.15, 0.4),
            wobble_deg=scale * 0.05 * spread_deg / 4.0 * random.uniform(-1.0, 1.0, 3),
            seed=int(random.integers(1 << 31)),
        )

    def motion(
        self, bone: Segment, thigh: Segment, course: Course, load_gain: float, mirror: Floats
    ) -> tuple[Floats, Floats]:
        """(rotation vector (m, 3) in rad, shift (m, 3) in m) of the sensor in the bone's frame.

        `mirror` (3,) turns a right leg's rotation vector to this leg's.
        """
        flexion = np.radians(course.angles["flexion"])
        skin = np.tanh(flexion[:, None] / self.skin_reach) / np.tanh(_AT / self.skin_reach)
        pull = self._pull(thigh, course)
        muscle = np.tanh(pull / self.muscle_reach) / np.tanh(1.0 / self.muscle_reach)
        gain = 1.0 + course.loaded[:, None] * (load_gain - 1.0) / self.muscle_share
        slow = (1.0 - self.muscle_share) * skin + self.muscle_share * gain * muscle
        slow = self._lagged(slow) * self._each_rep(course)
        slow *= np.radians(self.size_deg)
        polar = np.array([1.0, 1.0, mirror[0]])
        felt = applied(transposed(bone.turn), self._felt(bone, course)) * polar
        wobble = self._oscillated(felt)
        fast = np.radians(self.wobble_deg) * wobble[:, [2, 0, 0]]
        shift = wobble / (2.0 * np.pi * self.wobble_hz) ** 2
        return (slow + fast + self._settled(course)) * mirror, shift * polar

    @staticmethod
    def _pull(thigh: Segment, course: Course) -> Floats:
        """The extensors' pull (m, 1), 1 at 90 deg of flexion at rest."""
        tilt = np.sqrt(np.maximum(0.0, 1.0 - thigh.turn[:, 2, 1] ** 2))
        inertia = 1.0 + second_difference(thigh.origin)[:, 2] / G
        return (tilt / _FULL * np.clip(inertia, 0.3, 2.0))[:, None]

    def _felt(self, bone: Segment, course: Course) -> Floats:
        moved = second_difference(bone.origin)
        moved[:, 2] += course.shock
        return moved

    def _lagged(self, values: Floats) -> Floats:
        out = np.empty_like(values)
        for axis in range(3):
            keep = np.exp(-1.0 / (FINE_HZ * self.lag_s[axis]))
            start = [keep * values[0, axis]]
            out[:, axis], _ = signal.lfilter([1.0 - keep], [1.0, -keep], values[:, axis], zi=start)
        return out

    def _oscillated(self, drive: Floats) -> Floats:
        w = 2.0 * np.pi * self.wobble_hz
        b, a = signal.bilinear([w * w], [1.0, 2.0 * self.damping * w, w * w], FINE_HZ)
        return -signal.lfilter(b, a, drive, axis=0)

    def _each_rep(self, course: Course) -> Floats:
        """How much of the usual amount each rep makes, (m, 3)."""
        random = np.random.default_rng([self.seed, 1])
        reps = int(course.rep_number.max()) + 1
        return random.normal(1.0, REP_NOISE, (reps, 3))[course.rep_number.astype(int)]

    def _settled(self, course: Course) -> Floats:
        random = np.random.default_rng([self.seed, 2])
        reps = int(course.rep_number.max()) + 1
        walk = np.cumsum(random.normal(0.0, np.radians(SETTLING_DEG), (reps, 3)), axis=0)
        return self._lagged(walk[course.rep_number.astype(int)] * RELATIVE)
