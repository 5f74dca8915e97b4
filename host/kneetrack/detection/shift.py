"""What all reps of a set share, and what is each rep's own.

Between reference and set something may change that every rep then carries alike: soft tissue moves
more under load, the strap has crept, or the person now does all of them differently. The angles
alone can't tell these apart; so the common part is estimated, reported for the set with its own
verdict, and each rep is judged on what is left.

The form
    All of these turn the thigh's frame by something that depends on flexion only. A turn about the
    long axis appears as valgus with sin(flexion), one about the forward axis with 1 - cos(flexion)
    (biomechanics B3); a strap that crept turns it by a constant, soft tissue by more the deeper:

        shift(a) = s1 sin a + s2 (a / 90 deg) sin a + s3 (a / 90 deg) (1 - cos a)

The estimate
    What stands out must not move what is common. So s is where most (rep, flexion) cells agree: a
    redescending M-estimator (Welsch's weights), and three things that are known beforehand:
    - an inward movement comes around the bottom and in the early ascent, and even a clean rep has
      up to 3 deg of it (biomechanics D): cells near that instant say less about what is common;
    - a rep that is far off anywhere is a rep that stands out: all of it counts less;
    - large shifts are rare: a prior of Student's form, which a clear majority easily overrules.
    It starts from no shift and from the median over the reps. With all cells heard almost alike the
    better end is chosen; from there it goes on without those where inward movements come. Its
    uncertainty comes from the scatter between reps (a sandwich, with reps as clusters).

    Two reps can't show what is common: their shift is zero, and its sigma the prior's. From five on
    it is taken in full, in thirds before; what is left out of it is in its sigma.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kneetrack.detection.measures import GRID_DEG, Floats, Measured
from kneetrack.detection.reference import Reference

_LEAST_REPS, _FULL_REPS = 3, 5
_SCALE_DEG = 0.6  # at least: what clean reps differ by within a set
_PRIOR_DEG = np.array([1.5, 1.5, 0.6])  # of s1, s2, s3
_PRIOR_FREEDOM = 3.0
_CELLS_PER_FACT = 10.0  # neighbours say the same: valgus changes over some 20 deg of flexion
_BUMP_AT_S, _BUMP_S = 0.15, 0.5  # where around the deepest point, and how wide
_BUMPS = (1.0, 10.0)  # how large, in units of the scatter: to choose the end, and to refine it
_REP_OFF_DEG = 4.0  # what makes a rep one that stands out
_STEPS, _CLOSE_DEG = 15, 0.02
_LINALG: Any = np.linalg  # its stubs leave the element type open


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """The common part: `s` (3,) in deg and its covariance (3, 3)."""

    s: Floats
    covariance: Floats

    def at(self, flexion_deg: Floats) -> Floats:
        """The shift (deg) at these flexions."""
        return _design(flexion_deg) @ self.s

    def sigma_at(self, flexion_deg: float) -> float:
        """Its standard uncertainty (deg) at one flexion."""
        row = _design(np.array([flexion_deg]))[0]
        return math.sqrt(max(0.0, float(row @ self.covariance @ row)))

    def largest(self, depth_deg: float) -> tuple[float, float]:
        """(shift, sigma) where the shift is largest, from 20 deg of flexion to `depth_deg`."""
        flexion = GRID_DEG[max(depth_deg, GRID_DEG[0]) >= GRID_DEG]
        shift = self.at(flexion)
        at = int(np.abs(shift).argmax()) if np.any(shift) else len(flexion) - 1
        return float(shift[at]), self.sigma_at(float(flexion[at]))


def _design(flexion_deg: Floats) -> Floats:
    angle = np.radians(flexion_deg)
    part = flexion_deg / 90.0
    return np.stack([np.sin(angle), part * np.sin(angle), part * (1.0 - np.cos(angle))], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Excursions by rep, down/up and flexion, and how much each says; deg."""

    off: Floats  # (reps, 2, bins), 0 where unknown
    known: Floats  # the same, 0 or 1
    trust: Floats  # the same, 0..1: less near the instant where inward movements come
    design: Floats  # (bins, 3)
    scale: float

    def weights(self, s: Floats) -> Floats:
        """How much each cell agrees with the shift `s`, 0..1."""
        miss: Floats = self.off - self.design @ s
        off_at_most = np.abs(miss * self.known).max(axis=(1, 2), keepdims=True)
        close: Floats = (miss / self.scale) ** 2 + (off_at_most / _REP_OFF_DEG) ** 2
        return self.trust * np.exp(close / -2.0)

    def normal(self, weights: Floats, s: Floats) -> Floats:
        """The information matrix: data and prior."""
        per_bin = weights.sum(axis=(0, 1)) / (_CELLS_PER_FACT * self.scale**2)
        prior = (_PRIOR_FREEDOM + 1.0) / (_PRIOR_FREEDOM * _PRIOR_DEG**2 + s**2)
        return (self.design * per_bin[:, None]).T @ self.design + np.diag(prior)

    def descend(self, s: Floats) -> tuple[Floats, Floats, float]:
        """(s, weights, loss) after iterated re-weighting from `s`."""
        weights = self.weights(s)
        for _ in range(_STEPS):
            towards = (weights * self.off).sum(axis=(0, 1)) / (_CELLS_PER_FACT * self.scale**2)
            new: Floats = _LINALG.solve(self.normal(weights, s), self.design.T @ towards)
            done = float(np.abs(new - s).max()) < _CLOSE_DEG
            s = new
            weights = self.weights(s)
            if done:
                break
        surprise = np.log1p(s**2 / (_PRIOR_FREEDOM * _PRIOR_DEG**2)).sum()
        loss = (self.trust - weights).sum() / _CELLS_PER_FACT
        return s, weights, float(loss + (_PRIOR_FREEDOM + 1.0) / 2.0 * surprise)


def _cells(reps: list[Measured], reference: Reference) -> tuple[_Cells, _Cells]:
    """The cells with little and with much care about inward movements."""
    bins = len(reference.valgus_down_deg)
    curves = np.array([[rep.down[0, :bins], rep.up[0, :bins]] for rep in reps])
    since = np.array([[rep.down[2, :bins], rep.up[2, :bins]] for rep in reps])
    off = curves - np.array([reference.valgus_down_deg, reference.valgus_up_deg])
    known: Floats = np.isfinite(off).astype(np.float64)
    near = np.exp(-(((np.nan_to_num(since) - _BUMP_AT_S) / _BUMP_S) ** 2) / 2.0)
    cells = _Cells(
        off=np.nan_to_num(off),
        known=known,
        trust=known / (1.0 + (_BUMPS[0] * near) ** 2),
        design=_design(GRID_DEG[:bins]),
        scale=max(_SCALE_DEG, reference.sem_deg),
    )
    return cells, replace(cells, trust=known / (1.0 + (_BUMPS[1] * near) ** 2))


def fit(reps: list[Measured], reference: Reference, before: Shift | None = None) -> Shift:
    """The shift common to these reps against the reference; zero, with its sigma, for too few.

    `before`, the shift when there was one rep less, is where one of the descents starts then.
    """
    if len(reps) < _LEAST_REPS:
        return Shift(np.zeros(3), np.diag(_PRIOR_DEG**2))
    rough, cells = _cells(reps, reference)
    starts: list[Floats] = [np.zeros(3)]
    if before is not None:
        starts.append(before.s)
    else:
        starts.append(_LINALG.pinv(cells.design) @ np.median(cells.off, axis=(0, 1)))
    end, *_ = min((rough.descend(start) for start in starts), key=lambda end: end[2])
    s, weights, _ = cells.descend(end)
    bread: Floats = _LINALG.inv(cells.normal(weights, s))
    miss = (weights * (cells.off - cells.design @ s)).sum(axis=1)
    scores = miss @ cells.design / (_CELLS_PER_FACT * cells.scale**2)  # rep, s
    covariance = (
        bread @ (scores.T @ scores) @ bread + bread * (reference.sem_deg / cells.scale) ** 2
    )
    taken = min(1.0, (len(reps) - _LEAST_REPS + 1) / (_FULL_REPS - _LEAST_REPS + 1))
    left_out = (1.0 - taken) * s
    return Shift(taken * s, covariance + np.outer(left_out, left_out))
