"""A simulated population of people who squat, on the level of knee angles, with its truth.

The population works on the level of knee angles (biomechanics D): squat kinematics, inward bumps
around the bottom, valgus that goes with depth, and everything that a strap adds: thigh soft tissue
of 4 deg at 90 deg of flexion with hysteresis, rep noise and wobble, which grows by 1.3 under load;
an axis error, remounting between reference and set, heading drift between rests, and movements that
are no reps. Loaded squats are 3 deg less deep than the free ones before them. It knows nothing of
the detector, and the detector nothing of it: the seed picks the people.

Nobody's reps are all alike: clean reps of a set move inward by 0 to 3 deg, the coached reference
reps before it (biomechanics B6) by 0 to 1, and up to 60 % of a set by anything from 0 to 14.
The truth of a rep is its inward movement minus the mean of the reference reps at the same flexion
and on the same way, where it is largest (no strap, no noise, no code of the detector in it); an
event is 5 deg or more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kneecore import wire
from kneetrack.samples import Window

Floats = NDArray[np.float64]
PERIOD_S = wire.KNEE_PERIOD_US / 1e6


@dataclass
class GivenRep:
    start_s: float
    bottom_s: float
    end_s: float
    in_set: bool
    flexion: Floats
    inward: Floats
    bottom: int  # where in these two the way up begins
    excursion_deg: float = 0.0


@dataclass
class Recording:
    angles: Floats  # (n, 3) flexion, valgus, rotation in deg
    reps: list[GivenRep]
    windows: list[Window]
    shift_deg: float  # what the set shares beyond the reference, at the set's depth


@dataclass
class Person:
    """What stays the same through a person's recording."""

    random: np.random.Generator
    forward_deg: float = 0.0  # spread of the soft tissue's turn about the forward axis
    soft_tissue_deg: float = 0.0
    soft_tissue_ap_deg: float = 0.0
    axis_error_deg: float = 0.0
    habit_deg: float = 0.0  # valgus that goes with depth, in every rep
    depth_deg: float = 0.0
    stand_deg: float = 0.0
    rotation_deg: float = 0.0
    proportional_events: bool = False
    event_share: float = 0.0
    load_gain: float = 1.3
    remount_deg: float = 0.0

    def __post_init__(self) -> None:
        r = self.random
        self.soft_tissue_deg = r.normal(0.0, 4.0)
        self.soft_tissue_ap_deg = self.forward_deg * r.normal()
        self.axis_error_deg = r.normal(0.0, 4.0)
        self.habit_deg = r.uniform(5.0, 12.0) if r.random() < 0.2 else r.normal(0.0, 2.0)
        self.depth_deg = r.uniform(70.0, 122.0)
        self.stand_deg = r.uniform(-3.0, 12.0)
        self.rotation_deg = r.uniform(8.0, 12.0)
        self.proportional_events = r.random() < 0.25
        self.event_share = r.choice(
            [0.0, 0.2, 0.4] if self.proportional_events else [0.0, 0.2, 0.4, 0.6]
        )
        self.remount_deg = r.normal(0.0, 2.0) if r.random() < 0.25 else 0.0


def smooth(x: Floats) -> Floats:
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


@dataclass
class Motion:
    """Flexion (deg) and what is put on top, built piece by piece."""

    person: Person
    flexion: list[Floats] = field(default_factory=list)
    inward: list[Floats] = field(default_factory=list)
    noise: list[Floats] = field(default_factory=list)  # of the soft tissue, relative
    load: list[Floats] = field(default_factory=list)
    time_s: float = 0.0

    def piece(
        self, flexion: Floats, inward: Floats | None = None, noise: float = 0.0, load: float = 1.0
    ) -> None:
        n = len(flexion)
        self.flexion.append(flexion)
        self.inward.append(np.zeros(n) if inward is None else inward)
        self.noise.append(np.full(n, noise))
        self.load.append(np.full(n, load))
        self.time_s += n * PERIOD_S

    def move(self, goal_deg: float, duration_s: float) -> None:
        n = max(1, round(duration_s / PERIOD_S))
        last = self.flexion[-1][-1] if self.flexion else self.person.stand_deg
        self.piece(last + (goal_deg - last) * smooth(np.arange(1, n + 1) / n))

    def rep(self, *, in_set: bool, amplitude_deg: float, load: float) -> GivenRep:
        """One squat: D's tempo, and a bump of this size around the bottom or with the depth."""
        r, person = self.person.random, self.person
        stand = person.stand_deg + r.normal(0.0, 1.5)
        depth = max(62.0, person.depth_deg - (3.0 if in_set else 0.0) + r.normal(0.0, 3.0))
        down, pause, up = r.uniform(1.0, 2.5), r.uniform(0.0, 0.5), r.uniform(0.8, 2.0)
        n_down, n_pause, n_up = (round(x / PERIOD_S) for x in (down, pause, up))
        last = self.flexion[-1][-1] if self.flexion else stand
        flexion = np.concatenate(
            [
                last + (depth - last) * smooth(np.arange(1, n_down + 1) / n_down),
                np.full(n_pause, depth),
                depth + (stand - depth) * smooth(np.arange(1, n_up + 1) / n_up),
            ]
        )
        t = np.arange(1, len(flexion) + 1) * PERIOD_S
        if person.proportional_events:
            shape = np.clip((flexion - stand) / (depth - stand), 0.0, 1.0)
        else:
            centre = down + pause / 2 + r.uniform(0.0, 0.3)
            shape = np.exp(-(((t - centre) / r.uniform(0.3, 0.6)) ** 2) / 2)
            shape *= np.clip((flexion - stand) / 30.0, 0.0, 1.0)
        inward = amplitude_deg * shape
        given = GivenRep(
            start_s=self.time_s,
            bottom_s=self.time_s + down + pause / 2,
            end_s=self.time_s + down + pause + up,
            in_set=in_set,
            flexion=flexion,
            inward=inward,
            bottom=n_down + n_pause // 2,
        )
        self.piece(flexion, inward, noise=r.normal(0.0, 0.08), load=load)
        return given

    def rest(self, duration_s: float) -> None:
        """Standing; on the move a little."""
        n = max(1, round(duration_s / PERIOD_S))
        last = self.flexion[-1][-1] if self.flexion else self.person.stand_deg
        t = np.arange(n) * PERIOD_S
        self.piece(last + 0.4 * np.sin(2 * np.pi * 0.3 * t) * np.minimum(1.0, t))

    def walk(self, steps: int) -> None:
        for _ in range(steps):
            stand = self.person.stand_deg
            for goal, duration in ((16, 0.15), (6, 0.3), (62, 0.35), (3, 0.35)):
                self.move(stand + goal + self.person.random.normal(0, 2), duration)


def amplitudes(person: Person, count: int) -> list[float]:
    """Clean reps of 0-3 deg, and by the person's share others of anything up to 14 deg.

    Whoever moves inward with the depth does so in the reps that stand out only: what goes with the
    depth in most reps of a set is the set's shift, by definition, and no truth of a rep.
    """
    r = person.random
    usual = 1.0 if person.proportional_events else 3.0
    tops = np.full(count, usual)
    tops[r.permutation(count)[: int(person.event_share * count)]] = 14.0
    return r.uniform(0.0, tops).tolist()


def tell_truth(reps: list[GivenRep]) -> None:
    """Fill in what each rep of the set did beyond the reference reps."""
    reference = [rep for rep in reps if not rep.in_set]

    def mean_inward(flexion: Floats, up: bool) -> Floats:
        curves: list[Floats] = []
        for rep in reference:
            half = slice(rep.bottom, None, None) if up else slice(None, rep.bottom, None)
            order = np.argsort(rep.flexion[half], kind="stable")
            curves.append(np.interp(flexion, rep.flexion[half][order], rep.inward[half][order]))
        return np.mean(curves, axis=0)

    for rep in reps:
        way_up = np.arange(len(rep.flexion)) >= rep.bottom
        usual = np.where(way_up, mean_inward(rep.flexion, True), mean_inward(rep.flexion, False))
        beyond = (rep.inward - usual)[rep.flexion > 20.0]
        rep.excursion_deg = float(beyond[np.abs(beyond).argmax()])


def record(person: Person, *, common_deg: float = 0.0) -> Recording:
    """Walk in, five unloaded squats, walk, a loaded set of five to twelve, re-rack, sit down.

    `common_deg`: valgus that goes with depth in every rep of the set, but not in the reference.
    """
    r = person.random
    motion = Motion(person)
    reps: list[GivenRep] = []
    motion.rest(3.0)
    motion.walk(3)
    motion.rest(2.0)
    functional_s = motion.time_s
    for _ in range(5):
        reps.append(motion.rep(in_set=False, amplitude_deg=r.uniform(0.0, 1.0), load=1.0))
        motion.rest(r.uniform(0.5, 2.0))
    windows = [Window("functional", functional_s, motion.time_s)]
    motion.walk(3)
    motion.move(person.stand_deg + r.uniform(20.0, 32.0), 0.6)  # under the bar
    motion.move(person.stand_deg, 0.6)
    motion.walk(2)
    motion.rest(r.uniform(1.0, 3.0))
    set_sample = sum(len(piece) for piece in motion.flexion)
    for amplitude in amplitudes(person, int(r.integers(5, 13))):
        reps.append(motion.rep(in_set=True, amplitude_deg=amplitude, load=person.load_gain))
        motion.rest(r.uniform(0.3, 2.0))
    motion.walk(2)
    motion.rest(1.0)
    motion.move(90.0, 1.0)  # sits down
    motion.piece(np.full(round(12.0 / PERIOD_S), 90.0))
    motion.move(person.stand_deg, 1.0)
    motion.rest(2.0)
    if r.random() < 0.5:
        windows.append(Window("set", set_sample * PERIOD_S - 1.0, motion.time_s))
    tell_truth(reps)
    depth = person.depth_deg - 3.0
    carried = (person.load_gain - 1.0) * person.soft_tissue_deg * depth / 90.0
    shift_deg = common_deg * _depth_part(depth) - math.sin(math.radians(depth)) * (
        carried + person.remount_deg
    )
    return Recording(_angles(motion, set_sample, common_deg), reps, windows, shift_deg)


def _depth_part(flexion_deg: float) -> float:
    return math.sin(math.radians(min(90.0, flexion_deg)))


def _angles(motion: Motion, set_sample: int, common_deg: float) -> Floats:
    """What the band measures: the true angles and all that the strap adds (biomechanics B3, D)."""
    person = motion.person
    r = person.random
    flexion, inward, noise, load = (
        np.concatenate(part) for part in (motion.flexion, motion.inward, motion.noise, motion.load)
    )
    n = len(flexion)
    t = np.arange(n) * PERIOD_S
    alpha = np.radians(flexion)
    rate = np.gradient(flexion, PERIOD_S)
    in_set = np.arange(n) >= set_sample
    wobble = 0.05 * np.sin(2 * np.pi * r.uniform(5.0, 12.0) * t) * np.minimum(1, abs(rate) / 60)
    carried = flexion / 90.0 * (1.0 + noise - 0.15 * np.tanh(rate / 40.0) + wobble) * load
    thigh_turn = (
        person.axis_error_deg + person.remount_deg * in_set + (person.soft_tissue_deg * carried)
    )
    lean = np.radians(0.32 * flexion)
    bias = r.normal(0.0, 0.07 / 60.0)
    heading = bias * (t % 8.0) + np.interp(t, np.arange(0, t[-1] + 3, 3.0), _steps(r, t[-1], 0.5))
    inclination = np.interp(t, np.arange(0, t[-1] + 2, 2.0), _steps(r, t[-1], 0.25, 2.0))
    depth = np.sin(np.minimum(alpha, math.pi / 2))
    valgus = (
        inward
        + (person.habit_deg + common_deg * in_set) * depth
        - np.sin(alpha) * thigh_turn
        + (np.cos(alpha) - 1.0) * person.soft_tissue_ap_deg * carried
        + np.sin(lean) * heading
        + inclination
        + r.normal(0.0, 0.05, n)
    )
    rotation = person.rotation_deg * np.minimum(1.0, flexion / 30.0) - 0.3 * inward
    measured = np.stack([flexion + inclination + r.normal(0.0, 0.05, n), valgus, rotation], axis=1)
    return np.round(measured / wire.ANGLE_LSB_DEG) * wire.ANGLE_LSB_DEG


def _steps(r: np.random.Generator, length_s: float, sigma: float, every_s: float = 3.0) -> Floats:
    return r.normal(0.0, sigma, len(np.arange(0, length_s + every_s, every_s)))
