"""Who squats: build, tempo, way of squatting, knee habits. All drawn from one seed.

Spans are those of biomechanics D, spread over the shapes the literature knows: a descent whose
speed peaks early or late, an ascent with a sticking region (van den Tillaar 2014: slowest 35 to
55 % of the way up), bouncing out of the bottom, knees first or hips first, an ankle that stops the
shank's lean. Habits of the knee: none, in proportion to depth in every rep, single reps that cave
in, caving in that grows over the set, knees pushed outward.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kneetrack.samples import Side

HABITS = ("isolated", "isolated", "isolated", "tiring", "outward", "none")


@dataclass(frozen=True, slots=True)
class Person:
    """Lengths in m, angles in deg, times in s. x forward, y up, z to the right; z here: outward."""

    seed: int
    side: Side
    shank_m: float
    thigh_sensor_m: tuple[float, float, float]  # from the knee, z outward
    shank_sensor_m: tuple[float, float, float]  # from the knee
    depth: float
    descent_s: float
    pause_s: float
    ascent_s: float
    descent_bell: tuple[float, float]  # speed goes as u**a (1-u)**b
    ascent_bell: tuple[float, float]
    sticking: tuple[float, float, float]  # depth of the dip in speed, where, how wide
    bounce: float
    lean: float  # of the shank at 100 deg of flexion
    ankle_limit: float
    knees_first: tuple[float, float]  # exponents of the lean over depth, down and up
    screw_home: tuple[float, float]  # internal rotation, and over how much flexion it comes
    curve: tuple[float, float]  # own bend of valgus over flexion
    valgus_at_depth: float  # in every rep, calibration too
    habit: str
    share: float  # of the reps of an isolated habit
    bump: tuple[float, float, float, float]  # inward: start before the bottom, rise, hold, fall
    medial: float  # shank's medial lean per deg of valgus
    variation: float  # of each rep's own valgus
    sway: tuple[float, float, float, float]  # sagittal, flexion, frontal, axial: rms
    stance: tuple[float, float, float, float, float]  # lean, frontal, flexion, valgus, rotation

    @classmethod
    def drawn(cls, seed: int, side: Side | None = None) -> Person:
        random = np.random.default_rng([seed, 11])
        u = random.uniform
        leg = Side.RIGHT if random.random() < 0.5 else Side.LEFT
        sticks = random.random() < 0.6
        knees_first = random.random() < 0.5
        return cls(
            seed=seed,
            side=leg if side is None else side,
            shank_m=u(0.36, 0.44),
            thigh_sensor_m=(u(-0.03, 0.04), u(0.08, 0.16), u(0.05, 0.08)),
            shank_sensor_m=(u(0.02, 0.05), -u(0.10, 0.20), -u(0.01, 0.04)),
            depth=float(np.clip(random.normal(98.0, 11.0), 76.0, 118.0)),
            descent_s=u(1.2, 2.4),
            pause_s=max(0.0, u(-0.2, 0.5)),
            ascent_s=u(1.0, 1.9),
            descent_bell=(u(1.3, 2.6), u(1.3, 2.6)),
            ascent_bell=(u(1.2, 2.2), u(1.4, 3.0)),
            sticking=(u(0.35, 0.75) if sticks else 0.0, u(0.35, 0.55), u(0.08, 0.15)),
            bounce=u(2.0, 7.0) if random.random() < 0.35 else 0.0,
            lean=u(22.0, 38.0),
            ankle_limit=u(30.0, 48.0),
            knees_first=(u(1.2, 2.0), u(1.0, 1.6)) if knees_first else (-u(1.0, 1.5), -u(1.0, 1.7)),
            screw_home=(u(6.0, 12.0), u(11.0, 20.0)),
            curve=(random.normal(0.0, 0.8), random.normal(0.0, 0.5)),
            valgus_at_depth=u(3.0, 10.0) if random.random() < 0.3 else 0.0,
            habit=HABITS[random.integers(len(HABITS))],
            share=u(0.2, 0.45),
            bump=(u(0.2, 0.6), u(0.25, 0.5), u(0.0, 0.5), u(0.3, 0.6)),
            medial=u(0.3, 0.7),
            variation=u(0.3, 0.7),
            sway=(u(0.3, 0.5), u(0.15, 0.35), u(0.1, 0.2), u(0.05, 0.5)),
            stance=(
                random.normal(1.0, 1.5),
                random.normal(0.0, 1.2),
                random.normal(2.0, 1.2),
                random.normal(0.0, 1.2),
                random.normal(0.0, 3.0),
            ),
        )
