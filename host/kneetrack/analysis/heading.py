"""The heading between thigh and shank over a whole recording, from the moments that tell it.

Each observation says what the heading was at one moment, and how surely: a standing rest (the
azimuths of both forward axes must differ as they did at the calibration, biomechanics B7), a
passing upright pose, or in gait a window of the joint-connection constraint. Between them the
heading moves as a gyroscope's zero makes it move: with a rate that stays nearly the same, and a
little at random.

    delta' = rate + noise (WANDER),   rate' = noise (RATE_WANDER),   rate(0) ~ zero +- what the
                                                                    gyroscope's zero rests on

A Kalman filter forward and a Rauch-Tung-Striebel smoother backward [AIAA J 3:1445, 1965] give the
most likely course and its uncertainty at every instant. Between two rests that is nearly the
straight line between them. It is better than that line where rests are many and standing varies
(no one stands twice the same way): there the line would follow every sway.

Slips, with hindsight
    A rest that differs from the one before by more than drift and standing explain is odd. If one
    of the next SLIPS_BELIEVED rests is as before, the odd one was a stance taken otherwise, and is
    left out. If not, the strap slipped or a foot moved in between: the stretches before and after
    know nothing of each other, and what lies between their rests is in doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from kneecore.pipeline import SLIPS_BELIEVED, SWAY
from kneetrack.traces.reader import BoolArray, FloatArray

WANDER = np.radians(0.03)
"""rad per sqrt(s): what moves the heading at random, noise of the rates and of the levelling."""
RATE_WANDER = np.radians(0.003)
"""rad/s per sqrt(s): a zero that warms up by 5 K in five minutes at 0.01 deg/s per kelvin."""
GRID_S = 0.25
_linalg: Any = np.linalg
FLOOR = np.radians(0.5)
"""No heading is surer than this (rad): the stance itself was seen no better."""


class Observation(NamedTuple):
    """The heading (rad) over a span, its middle taken, with its standard uncertainty (rad)."""

    start_s: float
    end_s: float
    heading: float
    sigma: float

    @property
    def at_s(self) -> float:
        return 0.5 * (self.start_s + self.end_s)


class Slip(NamedTuple):
    """Between these two instants the heading jumped by `jump` (rad)."""

    after_s: float
    before_s: float
    jump: float


@dataclass(frozen=True, slots=True)
class Course:
    """The heading and its standard uncertainty (rad), (n,) each; `known` where there is one."""

    heading: FloatArray
    sigma: FloatArray
    known: BoolArray
    slips: tuple[Slip, ...]


def course(
    times: FloatArray,
    observations: Sequence[Observation],
    rate_sigma: float,
    floor: float = FLOOR,
) -> Course:
    """The heading at `times` (n,), rising, without holes, from observations in order of time.

    `rate_sigma` (rad/s): how well the gyroscopes' zeros are known. Nothing is known without an
    observation. No heading is surer than `floor` (rad).
    """
    count = len(times)
    heading, sigma = np.zeros(count), np.full(count, np.pi)
    stretches, slips = in_stretches(observations, rate_sigma)
    if not stretches:
        return Course(heading, sigma, np.zeros(count, dtype=np.bool_), ())
    cuts = [float(times[0]), *(0.5 * (s.after_s + s.before_s) for s in slips), np.inf]
    for number, stretch in enumerate(stretches):
        inside = np.flatnonzero((times >= cuts[number]) & (times < cuts[number + 1]))
        if inside.size:
            heading[inside], sigma[inside] = smoothed(times[inside], stretch, rate_sigma)
    for slip in slips:
        between = (times > slip.after_s) & (times < slip.before_s)
        sigma[between] = np.hypot(sigma[between], 0.5 * slip.jump)
    return Course(heading, np.maximum(sigma, floor), np.ones(count, dtype=np.bool_), tuple(slips))


def in_stretches(
    observations: Sequence[Observation], rate_sigma: float
) -> tuple[list[list[Observation]], list[Slip]]:
    """The observations between slips, headings unwrapped, odd ones left out; and the slips."""
    if not observations:
        return [], []
    stretches = [[observations[0]]]
    slips: list[Slip] = []
    for number, one in enumerate(observations[1:], start=1):
        first, before = stretches[-1][0], stretches[-1][-1]
        here = one._replace(heading=before.heading + _step(before, one))
        # Small steps that add up are no drift either: a strap that creeps.
        if _agrees(before, one, rate_sigma) and _crept(first, here) <= _allowed(
            first, here, rate_sigma
        ):
            stretches[-1].append(here)
            continue
        later = observations[number + 1 : number + 1 + SLIPS_BELIEVED]
        if any(_agrees(before, other, rate_sigma) for other in later):
            continue
        slips.append(Slip(before.end_s, one.start_s, _step(before, one)))
        stretches.append([one])
    return stretches, slips


def smoothed(
    times: FloatArray, observations: Sequence[Observation], rate_sigma: float
) -> tuple[FloatArray, FloatArray]:
    """Heading and standard uncertainty (rad) at `times` from one stretch's observations."""
    seen = np.array([o.at_s for o in observations])
    first = min(float(times[0]), float(seen[0]))
    last = max(float(times[-1]), float(seen[-1]))
    grid = np.union1d(np.arange(first, last + GRID_S, GRID_S), seen)
    at = {int(k): o for k, o in zip(np.searchsorted(grid, seen), observations, strict=True)}
    states, covariances = _rauch_tung_striebel(grid, at, observations[0].heading, rate_sigma)
    sigma = np.sqrt(covariances[:, 0, 0])
    return np.interp(times, grid, states[:, 0]), np.interp(times, grid, sigma)


def _rauch_tung_striebel(
    grid: FloatArray, observed: dict[int, Observation], start: float, rate_sigma: float
) -> tuple[FloatArray, FloatArray]:
    """States (m, 2), heading and its rate, and their covariances (m, 2, 2) on `grid`."""
    count = len(grid)
    x = np.array([start, 0.0])
    p = np.diag([np.pi**2, rate_sigma**2])
    predicted_x, predicted_p = np.empty((count, 2)), np.empty((count, 2, 2))
    filtered_x, filtered_p = np.empty((count, 2)), np.empty((count, 2, 2))
    moves = np.tile(np.eye(2), (count, 1, 1))
    moves[1:, 0, 1] = np.diff(grid)
    for k in range(count):
        if k:
            move, dt = moves[k], moves[k, 0, 1]
            x = move @ x
            p = move @ p @ move.T
            p[0, 0] += WANDER**2 * dt + RATE_WANDER**2 * dt**3 / 3.0
            p[0, 1] += RATE_WANDER**2 * dt**2 / 2.0
            p[1, 0] = p[0, 1]
            p[1, 1] += RATE_WANDER**2 * dt
        predicted_x[k], predicted_p[k] = x, p
        seen = observed.get(k)
        if seen is not None:
            gain = p[:, 0] / (p[0, 0] + seen.sigma**2)
            x = x + gain * (seen.heading - x[0])
            p = p - np.outer(gain, p[0])
        filtered_x[k], filtered_p[k] = x, p
    for k in range(count - 2, -1, -1):
        back: FloatArray = filtered_p[k] @ moves[k + 1].T @ _linalg.inv(predicted_p[k + 1])
        filtered_x[k] += back @ (filtered_x[k + 1] - predicted_x[k + 1])
        filtered_p[k] += back @ (filtered_p[k + 1] - predicted_p[k + 1]) @ back.T
    return filtered_x, filtered_p


def _step(one: Observation, other: Observation) -> float:
    """From one to the other the shorter way round (rad)."""
    return float((other.heading - one.heading + np.pi) % (2.0 * np.pi) - np.pi)


def _agrees(one: Observation, other: Observation, rate_sigma: float) -> bool:
    """Whether standing and drift explain the difference of two observations."""
    return abs(_step(one, other)) <= _allowed(one, other, rate_sigma)


def _allowed(one: Observation, other: Observation, rate_sigma: float) -> float:
    """The most (rad) that standing and drift explain between two observations."""
    drift = rate_sigma * (other.at_s - one.at_s)
    spread = max(SWAY**2, 0.5 * (one.sigma**2 + other.sigma**2))
    return 3.0 * float(np.sqrt(spread + drift**2))


def _crept(first: Observation, here: Observation) -> float:
    """How far (rad) the heading, unwrapped, has gone since the first of a stretch."""
    return abs(here.heading - first.heading)
