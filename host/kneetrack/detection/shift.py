"""What all reps of a set share, and what is each rep's own.

Between reference and set something may change that every rep then carries alike: soft tissue moves
more under load, the strap has crept, or the person now does all of them differently. The angles
alone can't tell these apart; so the common part is estimated, reported for the set with its own
verdict, and each rep is judged on what is left.

The form
    All of these turn the thigh sensor about the thigh's long axis by something that depends on
    flexion only, and that appears as valgus with the sine of flexion (biomechanics B3):

        shift(flexion) = sin(flexion) * (a + b * flexion / 90 deg)

    a: a constant turn (the strap); b: one that grows with flexion (soft tissue under load).

The estimate
    A rep that stands out must not move what is common, and neither must the part of a rep that
    does: inward bumps fill a third of a rep, and half of the reps may have one. So a and b are
    where most (rep, flexion) cells agree: a redescending M-estimator (Welsch's weights) with a weak
    prior around no shift, started from there and from the median over the reps; the better counts.
    Its uncertainty comes from the scatter between reps (a sandwich with reps as clusters).

    Two reps can't show what is common. The shift is taken in full from five reps on, in thirds
    before; what is left out of it is in its sigma.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from kneetrack.detection.measures import GRID_DEG, Floats, Measured
from kneetrack.detection.reference import Reference

_FULL_REPS = 5
_SCALE_DEG = 0.8  # at least: what clean reps differ by within a set
_PRIOR_DEG = 3.0  # of a and of b
_CELLS_PER_FACT = (
    10.0  # neighbouring cells say the same: valgus changes over some 20 deg of flexion
)
_BUMP_AT_S, _BUMP_S, _BUMP_DEG = 0.15, 0.5, 3.0
_STEPS = 12
_LINALG: Any = np.linalg  # its stubs leave the element type open

_SIN = np.sin(np.radians(GRID_DEG))
_DESIGN = np.stack([_SIN, _SIN * GRID_DEG / 90.0], axis=1)  # grid, (a, b)


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """The common part: `ab` (2,) in deg and its covariance (2, 2)."""

    ab: Floats
    covariance: Floats

    def at(self, flexion_deg: Floats) -> Floats:
        """The shift (deg) at these flexions."""
        return _design(flexion_deg) @ self.ab

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
    sine = np.sin(np.radians(flexion_deg))
    return np.stack([sine, sine * flexion_deg / 90.0], axis=1)


def fit(reps: list[Measured], reference: Reference) -> Shift:
    """The shift common to these reps against the reference; zero, with its sigma, for too few."""
    bins = len(reference.valgus_down_deg)
    share = min(1.0, max(0.0, (len(reps) - _FULL_REPS + 3) / 3))
    if not reps:
        return Shift(np.zeros(2), np.eye(2) * _PRIOR_DEG**2)
    curves = np.array([[rep.down[0, :bins], rep.up[0, :bins]] for rep in reps])
    cells = curves - np.array([reference.valgus_down_deg, reference.valgus_up_deg])
    known: Floats = np.isfinite(cells).astype(np.float64)
    cells = np.nan_to_num(cells)
    since = np.nan_to_num(np.array([[rep.down[2, :bins], rep.up[2, :bins]] for rep in reps]))
    near = np.exp(-(((since - _BUMP_AT_S) / _BUMP_S) ** 2) / 2.0)
    known = known / (1.0 + (_BUMP_DEG / _SCALE_DEG * near) ** 2)
    scale = max(_SCALE_DEG, reference.sem_deg)
    design = _DESIGN[:bins]
    starts: list[Floats] = [np.zeros(2)]
    if known.any():
        median = np.median(cells, axis=(0, 1))
        median_fit: Floats = _LINALG.pinv(design) @ median
        starts.append(median_fit)
    fits = [_descend(start, cells, known, design, scale) for start in starts]
    ab, weights, _ = min(fits, key=lambda one: one[2])

    normal = _normal(weights, design, scale)
    bread: Floats = _LINALG.inv(normal)
    residual = weights * (cells - design @ ab)
    scores = residual.sum(axis=1) @ design / (_CELLS_PER_FACT * scale**2)  # rep, (a, b)
    covariance = bread @ (scores.T @ scores) @ bread + bread * (reference.sem_deg / scale) ** 2
    left_out = (1.0 - share) * ab
    return Shift(share * ab, covariance + np.outer(left_out, left_out))


def _normal(weights: Floats, design: Floats, scale: float) -> Floats:
    per_bin = weights.sum(axis=(0, 1)) / (_CELLS_PER_FACT * scale**2)
    return (design * per_bin[:, None]).T @ design + np.eye(2) / _PRIOR_DEG**2


def _descend(
    ab: Floats, cells: Floats, known: Floats, design: Floats, scale: float
) -> tuple[Floats, Floats, float]:
    """(ab, weights, loss) after iterated re-weighting from `ab`."""
    weights = known
    for _ in range(_STEPS):
        miss: Floats = (cells - design @ ab) / scale
        weights = known * np.exp(miss * miss / -2.0)
        towards = (weights * cells).sum(axis=(0, 1)) / (_CELLS_PER_FACT * scale**2)
        new: Floats = _LINALG.solve(_normal(weights, design, scale), design.T @ towards)
        done = float(np.abs(new - ab).max()) < 0.005
        ab = new
        if done:
            break
    loss = (known.sum() - weights.sum()) / _CELLS_PER_FACT + float(ab @ ab) / _PRIOR_DEG**2 / 2.0
    return ab, weights, float(loss)
