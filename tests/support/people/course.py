"""What the leg does over a session, as channels over time: joint angles, shank, foot, load.

A session: the IMUs on a table, strapped on, standing, functional squats, a rest; then the bar is
unracked (a dip), walked out (steps), the set, and racked again (steps, a shock). What moves adds
itself to the channels; sway runs under all of it. The foot comes down a little differently after
steps and creeps in the set; of a turn of the foot the knee takes a share.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage, signal

from kneetrack.samples import Window

from .person import Person
from .turns import Floats

RATE_HZ = 208.0
FINE_HZ = 2.0 * RATE_HZ
SMOOTH_S = 0.018
SWAY_HZ = 0.35
ANGLES = ("flexion", "lean", "valgus", "rotation", "medial", "yaw")
FOOT_SHARE = 0.5
"""Of a turn of the foot, how much the knee takes; the rest turns the thigh too."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the session goes; the defaults are a good one. Angles in deg."""

    reps: int = 10
    functional: int = 5
    functional_depth: float | None = None  # None: as deep as the set
    functional_speed: float = 1.0
    functional_valgus: float = 0.0
    walk_out: bool = True
    table_at_end: bool = False
    stand_s: float = 4.5


@dataclass(frozen=True, slots=True)
class Squat:
    """One rep as it is done. `kind` is functional or set."""

    kind: str
    start_s: float
    bottom_s: float
    end_s: float
    inward_deg: float


@dataclass
class Course:
    """Channels on the fine grid `time_s` (m,): ANGLES in deg, ankle (m, 3) in m, load, shock."""

    time_s: Floats
    angles: dict[str, Floats]
    ankle: Floats
    loaded: Floats  # 0 free, 1 under the bar
    shock: Floats  # extra vertical acceleration, m/s^2
    rep_number: Floats  # steps up halfway between reps
    worn_s: tuple[float, float]  # from strapping's end to unstrapping's start
    strapping_s: float
    windows: list[Window] = field(default_factory=list[Window])
    squats: list[Squat] = field(default_factory=list[Squat])


def bell(count: int, a: float, b: float, dip: tuple[float, float, float]) -> Floats:
    """Progress 0..1, (count,): its speed goes as u**a (1-u)**b, less in the dip."""
    u = (np.arange(count) + 0.5) / max(1, count)
    deep, where, wide = dip
    speed = u**a * (1.0 - u) ** b * (1.0 - deep * np.exp(-(((u - where) / wide) ** 2)))
    total = np.cumsum(speed)
    return total / total[-1]


def hill(time_s: Floats, start_s: float, rise_s: float, hold_s: float, fall_s: float) -> Floats:
    """0 to 1 and back, by half cosines."""
    up = np.clip((time_s - start_s) / rise_s, 0.0, 1.0)
    down = np.clip((time_s - start_s - rise_s - hold_s) / fall_s, 0.0, 1.0)
    return 0.5 * (np.cos(np.pi * down) - np.cos(np.pi * up))


def glide(time_s: Floats, start_s: float, last_s: float) -> Floats:
    """0 before, 1 after, smooth between."""
    u = np.clip((time_s - start_s) / last_s, 0.0, 1.0)
    return u**3 * (10.0 - 15.0 * u + 6.0 * u**2)


def coloured(random: np.random.Generator, count: int, cut_hz: float) -> Floats:
    """Noise of rms 1 below `cut_hz`."""
    sos = signal.butter(2, cut_hz, fs=FINE_HZ, output="sos")
    noise = signal.sosfiltfilt(sos, random.normal(size=count))
    return noise / np.sqrt(np.mean(noise**2))


class _Director:
    """Writes the channels from front to back; `now` is how far it has come."""

    def __init__(self, person: Person, plan: Plan) -> None:
        self.person, self.plan = person, plan
        self.random = np.random.default_rng([person.seed, 12])
        longest = 40.0 + 8.0 * (plan.functional + plan.reps) + plan.stand_s
        count = 2 * int(longest * RATE_HZ) + 1
        self.time_s = (np.arange(count) - 1) / FINE_HZ
        self.angles = {name: np.zeros(count) for name in ANGLES}
        self.ankle = np.zeros((count, 3))
        self.loaded, self.shock, self.rep_number = (np.zeros(count) for _ in range(3))
        self.windows: list[Window] = []
        self.squats: list[Squat] = []
        self.now = 0.0

    def between(self, low: float, high: float) -> float:
        return float(self.random.uniform(low, high))

    def window(self, kind: str, start_s: float, end_s: float) -> None:
        self.windows.append(Window(kind, round(start_s, 3), round(end_s, 3)))

    def squat(self, kind: str, depth: float, speed: float, inward: float) -> None:
        """One rep from `now` on, then a breath."""
        p, t = self.person, self.time_s
        vary = self.random.normal(1.0, [0.06, 0.06, 0.15])
        down_s = (p.descent_s if kind == "set" else max(1.8, p.descent_s)) * vary[0] / speed
        up_s = (p.ascent_s if kind == "set" else max(1.7, p.ascent_s)) * vary[1] / speed
        pause_s = max(0.0, p.pause_s * vary[2]) / speed + (0.35 if p.bounce else 0.0)
        first = int(np.searchsorted(t, self.now))
        n_down, n_pause, n_up = (round(s * FINE_HZ) for s in (down_s, pause_s, up_s))
        stick = p.sticking if kind == "set" else (0.5 * p.sticking[0], *p.sticking[1:])
        done = np.concatenate(
            [
                bell(n_down, *p.descent_bell, (0.0, 0.5, 0.1)),
                np.ones(n_pause),
                1.0 - bell(n_up, *p.ascent_bell, stick),
            ]
        )
        here = slice(first, first + len(done))
        way_up = np.arange(len(done)) > n_down + n_pause // 2
        lean = np.where(way_up, *(self._leant(done, e) for e in p.knees_first[::-1]))
        flexion = depth * done
        if p.bounce:
            after = t[here] - t[here][n_down - 1]
            flexion -= p.bounce * hill(after, -0.08, 0.2, 0.0, 0.25) * (done > 0.9)
        lean = p.ankle_limit * np.tanh(p.lean * depth / 100.0 * lean / p.ankle_limit)
        home, over = p.screw_home
        lag = np.where(way_up, 1.0, 1.0 + 0.08 * np.sin(np.pi * done))
        turned_in = home * lag * (1.0 - np.exp(-flexion.clip(0.0) / over))
        turned_in += 0.15 * (flexion - 110.0).clip(0.0)
        own = self._own_valgus(done, flexion)
        bottom_s = float(t[here][int(np.argmax(flexion))])
        onset, rise, hold, fall = (x * self.between(0.85, 1.15) for x in p.bump)
        cave = inward * hill(t[here], bottom_s - onset, rise, hold, fall)
        cave *= np.minimum(1.0, 2.5 * done)
        if kind == "functional":
            own = own + self.plan.functional_valgus * done**1.2
        dynamic = own + cave
        for name, value in (
            ("flexion", flexion),
            ("lean", lean),
            ("valgus", dynamic),
            ("rotation", turned_in - 0.3 * dynamic),
            ("medial", p.medial * dynamic),
        ):
            self.angles[name][here] += value
        end_s = float(t[here][-1])
        self.squats.append(Squat(kind, self.now, bottom_s, end_s, inward))
        self.now = end_s + self.between(0.7, 1.6)
        self.rep_number[t > 0.5 * (end_s + self.now)] += 1.0

    @staticmethod
    def _leant(done: Floats, exponent: float) -> Floats:
        return 1.0 - (1.0 - done) ** exponent if exponent > 0.0 else done**-exponent

    def _own_valgus(self, done: Floats, flexion: Floats) -> Floats:
        """The person's curve over flexion, the habit in every rep, this rep's own wandering."""
        p = self.person
        x = np.pi * flexion / 110.0
        curve = p.curve[0] * np.sin(x) + p.curve[1] * np.sin(2.0 * x)
        wander = self.random.normal(0.0, p.variation, 3) / [1.0, 2.0, 3.0]
        u = np.linspace(0.0, np.pi, len(done))
        own = sum(w * np.sin((k + 1) * u) for k, w in enumerate(wander))
        return curve + p.valgus_at_depth * done**1.3 + own

    def inward(self) -> list[float]:
        """By how much each rep of the set caves in, deg."""
        p, count = self.person, self.plan.reps
        if p.habit == "none":
            return [0.0] * count
        if p.habit == "tiring":
            most = self.between(5.0, 10.0)
            return [most * ((k + 1) / count) ** 2 for k in range(count)]
        amounts: list[float] = []
        for _ in range(count):
            moved = self.random.random() < p.share
            mild = self.random.random() < 0.6
            size = self.between(5.0, 8.0) if mild else self.between(9.0, 14.0)
            rest = self.between(0.0, 2.5)
            sign = -1.0 if p.habit == "outward" else 1.0
            amounts.append(sign * (size if moved else rest))
        return amounts

    def step(self, forward_m: float) -> None:
        """The leg swings and stands elsewhere, the foot turned a little otherwise."""
        t, last_s = self.time_s, self.between(0.65, 0.9)
        bent = self.between(35.0, 55.0)
        self.angles["flexion"] += bent * hill(t, self.now, 0.4 * last_s, 0.0, 0.55 * last_s)
        self.angles["lean"] += 0.7 * bent * hill(t, self.now, 0.35 * last_s, 0.0, 0.4 * last_s)
        ahead = hill(t, self.now + 0.5 * last_s, 0.3 * last_s, 0.0, 0.25 * last_s)
        self.angles["lean"] -= self.between(5.0, 15.0) * np.sign(forward_m) * ahead
        moved = glide(t, self.now, last_s)
        self.ankle[:, 0] += forward_m * moved
        self.ankle[:, 2] += 0.07 * hill(t, self.now, 0.45 * last_s, 0.0, 0.45 * last_s)
        self.place_foot(moved, 1.2)
        self.now += last_s + self.between(0.3, 0.7)

    def place_foot(self, moved: Floats, spread_deg: float) -> None:
        """After `moved` (0..1) the foot is turned by a normal angle, and the stance with it."""
        turn = self.random.normal(0.0, spread_deg)
        self.angles["yaw"] += (1.0 - FOOT_SHARE) * turn * moved
        self.angles["rotation"] += FOOT_SHARE * turn * moved
        self.angles["valgus"] += self.random.normal(0.0, 0.15 * spread_deg) * moved
        self.angles["flexion"] += self.random.normal(0.0, 0.3 * spread_deg) * moved
        self.angles["lean"] += self.random.normal(0.0, 0.3 * spread_deg) * moved

    def jolt(self, peak_g: float) -> None:
        """The bar meets the hooks."""
        since = np.maximum(0.0, self.time_s - self.now)
        rang = np.exp(-since / 0.04) * np.sin(2.0 * np.pi * 15.0 * since)
        self.shock += 9.81 * peak_g * rang


def directed(person: Person, plan: Plan) -> Course:
    """The course of one session."""
    d = _Director(person, plan)
    table_s = 6.0
    d.window("table", 0.3, table_s)
    strapping_s = table_s + 0.3
    d.now = worn_s = strapping_s + 4.0
    d.now += 1.0
    d.window("stand", d.now, d.now + plan.stand_s)
    d.now += plan.stand_s + d.between(0.6, 1.2)
    started = d.now
    depth = plan.functional_depth or person.depth * d.between(0.97, 1.04)
    for _ in range(plan.functional):
        d.squat("functional", depth * d.random.normal(1.0, 0.025), plan.functional_speed, 0.0)
    d.window("functional", started - 0.3, d.now - 0.3)
    d.now += 3.0
    started = d.now
    if plan.walk_out:
        dip = hill(d.time_s, d.now, 0.45, 0.1, 0.4)
        d.angles["flexion"] += d.between(14.0, 30.0) * dip
        d.angles["lean"] += d.between(4.0, 10.0) * dip
        d.now += 1.4
        d.jolt(d.between(0.2, 0.4))
    d.loaded[d.time_s > d.now - 0.5] = 1.0
    if plan.walk_out:
        for _ in range(2):
            d.step(-d.between(0.15, 0.3))
        d.now += d.between(1.0, 2.0)
    for inward in d.inward():
        d.squat("set", person.depth * d.random.normal(0.99, 0.03), 1.0, inward)
        creep = glide(d.time_s, d.now - 0.6, 0.4)
        d.place_foot(creep, 0.25)
        d.ankle[:, 0] += d.random.normal(0.0, 0.002) * creep
    if plan.walk_out:
        d.step(d.between(0.3, 0.5))
        d.jolt(d.between(1.5, 4.0))
        d.now += 0.6
    d.loaded[d.time_s > d.now] = 0.0
    d.window("set", started, d.now)
    d.now += 1.5
    off_s = d.now
    if plan.table_at_end:
        d.window("table", off_s + 4.5, off_s + 10.0)
        d.now += 10.2
    return _finished(d, strapping_s, worn_s, off_s)


def _finished(d: _Director, strapping_s: float, worn_s: float, off_s: float) -> Course:
    """Cut to length (whole samples), sway and stance under all of it, corners rounded."""
    count = 2 * int(d.now * RATE_HZ) + 1
    person, random = d.person, np.random.default_rng([d.person.seed, 13])
    sagittal, flexion, frontal, axial = person.sway
    lean0, frontal0, flexion0, valgus0, rotation0 = person.stance
    sway = {name: coloured(random, count, SWAY_HZ) for name in ANGLES}
    below = {
        "lean": lean0 + sagittal * sway["lean"],
        "flexion": flexion0 + flexion * sway["flexion"],
        "medial": frontal0 + frontal * sway["medial"],
        "valgus": valgus0 + 0.5 * frontal * sway["valgus"],
        "rotation": rotation0 + axial * sway["rotation"],
        "yaw": 0.5 * axial * sway["yaw"],
    }
    angles = {name: below[name] + rounded(d.angles[name][:count]) for name in ANGLES}
    return Course(
        time_s=d.time_s[:count],
        angles=angles,
        ankle=rounded(d.ankle[:count]),
        loaded=ndimage.gaussian_filter1d(d.loaded[:count], 0.15 * FINE_HZ),
        shock=d.shock[:count],
        rep_number=d.rep_number[:count],
        worn_s=(worn_s, off_s),
        strapping_s=strapping_s,
        windows=d.windows,
        squats=d.squats,
    )


def rounded(values: Floats) -> Floats:
    return ndimage.gaussian_filter1d(values, SMOOTH_S * FINE_HZ, axis=0)
