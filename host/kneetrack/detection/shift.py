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

The model, for rep r and a cell c of flexion and way (down, up); B are bumps in time around the
deepest point, where inward movements come (biomechanics D):

        excursion_rc = D_c (s + g_r) + B_rc (m + b_r) + noise

    s    what all share                     Student: large shifts are rare, a majority overrules
    m    an inward movement in all of them  normal; it is no fixed function of flexion, so no shift
    g_r  how the tissue differs by rep      Student, its spread known from the reference reps
    b_r  this rep's own inward movement     Student: mostly small, at times large

    A mixed model with heavy tails (Pinheiro, Liu & Wu, J Comput Graph Stat 10:249, 2001), solved by
    expectation and maximisation: given all scales, s and m follow by generalised least squares;
    given these, each rep's scales from how far it is off. What stands out is so told from what is
    common by its size and by its course in time, and counts little. More than one end may be
    stable: the search starts from no shift and from each rep alone, and the likeliest end is taken.

Two reps can't show what is common: their shift is zero, and its sigma the prior's. From five on it
is taken in full, in thirds before; what is left out of it is in its sigma.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from kneetrack.detection.measures import GRID_DEG, Floats, Measured
from kneetrack.detection.reference import Reference, deep

_LEAST_REPS, _FULL_REPS = 3, 5
_NOISE_DEG = 0.45  # of a cell
_CELLS_PER_FACT = 10.0  # neighbours say the same: valgus changes over some 20 deg of flexion
_PRIOR_DEG = np.array([1.5, 1.5, 0.6])  # of s1, s2, s3
_PRIOR_FREEDOM = 3.0
_LOAD = 1.3  # soft tissue moves by 1.0 to 1.6 as much under load (biomechanics D)
_USUAL_SPREAD_DEG, _USUAL_REPS = 0.4, 2.0  # of g before any rep was seen, and what that counts for
_SPREAD_REPS = 5.0  # what the reference's spread counts for against the set's own
_SPREAD = np.diag([0.6**2, 1.0, 0.3**2])  # of g1, g2, g3, relative
_BUMPS_S, _BUMP_WIDTH_S = np.array([-0.25, 0.1, 0.45]), 0.3  # where after the deepest point
_BUMP_REACH_S = 0.35  # within which bumps rise and fall together
_BUMP_DEG = 1.0  # a clean rep's
_COMMON_BUMP_DEG = 2.0
_FREEDOM = 2.0  # of g and b: how heavy their tails are
_STEPS, _CLOSE_DEG = 25, 0.01
_START_SPREAD = 3.0  # a rep alone may lie so many priors away
_LINALG: Any = np.linalg  # its stubs leave the element type open

_SHIFTS = len(_PRIOR_DEG)
_APART: Floats = _BUMPS_S[:, None] - _BUMPS_S
_BUMP_INVERSE: Floats = _LINALG.inv(
    np.exp(-((_APART / _BUMP_REACH_S) ** 2) / 2.0) + 1e-3 * np.eye(len(_BUMPS_S))
)
_SPREAD_INVERSE: Floats = _LINALG.inv(_SPREAD)
_COMMON_INVERSE: Floats = _BUMP_INVERSE / _COMMON_BUMP_DEG**2


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """The common part: `s` (3,) in deg, its covariance (3, 3), and the spread of single reps.

    `spread_deg` is the standard deviation of what soft tissue adds to one rep, at 90 deg.
    """

    s: Floats
    covariance: Floats
    spread_deg: float

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
    forward = flexion_deg / 90.0 * (1.0 - np.cos(angle))
    return np.stack([np.sin(angle), deep(flexion_deg), forward], axis=1)


def spread_before(reference: Reference) -> float:
    """What soft tissue is expected to add to one loaded rep (deg at 90 deg, standard deviation)."""
    freedom = reference.reps - 1
    seen = freedom * (_LOAD * reference.spread_deg) ** 2
    usual = _USUAL_REPS * _USUAL_SPREAD_DEG**2
    return math.sqrt((usual + seen) / (_USUAL_REPS + freedom))


def fit(reps: list[Measured], reference: Reference, before: Shift | None = None) -> Shift:
    """The shift common to these reps against the reference; zero, with its sigma, for too few.

    `before`, the shift when there was one rep less, is where the search starts then.
    """
    spread = spread_before(reference)
    if len(reps) < _LEAST_REPS:
        return Shift(np.zeros(_SHIFTS), np.diag(_PRIOR_DEG**2), spread)
    cells = _Cells.of(reps, reference)
    starts = cells.alone() if before is None else before.s[None]
    s, covariance, spread = cells.search(np.concatenate([np.zeros((1, _SHIFTS)), starts]), spread)
    taken = min(1.0, (len(reps) - _LEAST_REPS + 1) / (_FULL_REPS - _LEAST_REPS + 1))
    left_out = (1.0 - taken) * s
    return Shift(taken * s, covariance + np.outer(left_out, left_out), spread)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """What the cells of each rep say of (shift 3, bumps 3): normal equations, noise divided out."""

    normal: Floats  # (reps, 6, 6)
    right: Floats  # (reps, 6)
    square: Floats  # (reps,)

    @classmethod
    def of(cls, reps: list[Measured], reference: Reference) -> _Cells:
        bins = len(reference.valgus_down_deg)
        curves = np.array([[rep.down[:, :bins], rep.up[:, :bins]] for rep in reps])
        off = curves[:, :, 0] - np.array([reference.valgus_down_deg, reference.valgus_up_deg])
        known = np.isfinite(off)
        since_s = np.nan_to_num(curves[:, :, 2])
        y = np.where(known, off, 0.0).reshape(len(reps), -1)
        bumps = np.exp(-(((since_s[..., None] - _BUMPS_S) / _BUMP_WIDTH_S) ** 2) / 2.0)
        design = np.broadcast_to(_design(GRID_DEG[:bins]), (*off.shape, _SHIFTS))
        x = np.concatenate([design, bumps], axis=-1) * known[..., None]
        x = x.reshape(len(reps), y.shape[1], -1)
        weight = 1.0 / (_CELLS_PER_FACT * _NOISE_DEG**2)
        turned = x.transpose(0, 2, 1)
        return cls(
            weight * turned @ x, weight * (turned @ y[..., None])[..., 0], weight * (y**2).sum(1)
        )

    def alone(self) -> Floats:
        """(reps, 3): the shift that each rep alone would tell."""
        ridge = np.diag((_START_SPREAD * _PRIOR_DEG) ** -2.0)
        alone = self.normal[:, :_SHIFTS, :_SHIFTS] + ridge
        return _LINALG.solve(alone, self.right[:, :_SHIFTS, None])[..., 0]

    def search(self, starts: Floats, spread_deg: float) -> tuple[Floats, Floats, float]:
        """(s, its covariance, the spread of single reps) at the likeliest end from any start."""
        count, bumps = len(starts), len(_BUMPS_S)
        common = np.concatenate([starts, np.zeros((count, bumps))], axis=1)
        expected = spread_deg**2
        spread = np.full(count, expected)  # of g, over all reps
        tissue = np.full((count, len(self.square)), expected)  # of g, by rep
        moved = np.full_like(tissue, _BUMP_DEG**2)  # of b, by rep
        precision = self._prior(common)
        for step in range(_STEPS):
            own = self._own(tissue, moved)
            tell = self.normal - self.normal @ own @ self.normal
            told = self.right - (self.normal @ own @ self.right[..., None])[..., 0]
            precision = tell.sum(axis=1) + self._prior(common)
            if step:
                new = _LINALG.solve(precision, told.sum(axis=1)[..., None])[..., 0]
                done = float(np.abs(new - common).max()) < _CLOSE_DEG
                common = new
                if done:
                    break
            _, size_g, size_b = self._sizes(common, own)
            heard = (_FREEDOM + _SHIFTS) / (_FREEDOM + size_g / spread[:, None])
            pooled = _SPREAD_REPS * expected + (heard * size_g / _SHIFTS).sum(axis=1)
            spread = pooled / (_SPREAD_REPS + len(self.square))
            tissue = (_FREEDOM * spread[:, None] + size_g) / (_FREEDOM + _SHIFTS)
            moved = (_FREEDOM * _BUMP_DEG**2 + size_b) / (_FREEDOM + bumps)
        cost = self._cost(common, tissue, moved, spread)
        best = int(cost.argmin())
        covariance = _LINALG.inv(precision[best])[:_SHIFTS, :_SHIFTS]
        return common[best, :_SHIFTS], covariance, math.sqrt(float(spread[best]))

    def _own(self, tissue: Floats, moved: Floats) -> Floats:
        """Covariance of each rep's (g, b), given their scales: (starts, reps, 6, 6)."""
        precision = np.broadcast_to(self.normal, (*tissue.shape, *self.normal.shape[1:])).copy()
        precision[..., :_SHIFTS, :_SHIFTS] += _SPREAD_INVERSE / tissue[..., None, None]
        precision[..., _SHIFTS:, _SHIFTS:] += _BUMP_INVERSE / moved[..., None, None]
        return _LINALG.inv(precision)

    def _prior(self, common: Floats) -> Floats:
        """Precision of (s, m) before any rep: (starts, 6, 6)."""
        s = common[:, :_SHIFTS]
        prior = np.zeros((len(s), *self.normal.shape[1:]))
        at = np.arange(_SHIFTS)
        prior[:, at, at] = (_PRIOR_FREEDOM + 1.0) / (_PRIOR_FREEDOM * _PRIOR_DEG**2 + s**2)
        prior[:, _SHIFTS:, _SHIFTS:] = _COMMON_INVERSE
        return prior

    def _sizes(self, common: Floats, own: Floats) -> tuple[Floats, Floats, Floats]:
        """What the common part leaves, and the expected squares of g and b in their own units."""
        left = self.right - np.einsum("rij,kj->kri", self.normal, common)
        mean = np.einsum("krij,krj->kri", own, left)
        square = mean[..., :, None] * mean[..., None, :] + own
        g = np.einsum("krij,ij->kr", square[..., :_SHIFTS, :_SHIFTS], _SPREAD_INVERSE)
        b = np.einsum("krij,ij->kr", square[..., _SHIFTS:, _SHIFTS:], _BUMP_INVERSE)
        return left, g, b

    def _cost(self, common: Floats, tissue: Floats, moved: Floats, spread: Floats) -> Floats:
        """Minus the logarithm of the posterior at the ends found, but for a constant."""
        own = self._own(tissue, moved)
        left, *_ = self._sizes(common, own)
        square = self.square - 2.0 * common @ self.right.T
        square = square + np.einsum("ki,rij,kj->kr", common, self.normal, common)
        square = square - np.einsum("kri,krij,krj->kr", left, own, left)
        size = -_LINALG.slogdet(own)[1] + _SHIFTS * np.log(tissue)
        size = size + len(_BUMPS_S) * np.log(moved)
        scales = _scale_cost(tissue, spread[:, None]) + _scale_cost(moved, np.array(_BUMP_DEG**2))
        s, m = common[:, :_SHIFTS], common[:, _SHIFTS:]
        rare = np.log1p(s**2 / (_PRIOR_FREEDOM * _PRIOR_DEG**2)).sum(axis=1)
        rare = (_PRIOR_FREEDOM + 1.0) * rare + np.einsum("ki,ij,kj->k", m, _COMMON_INVERSE, m)
        return ((square + size) / 2.0 + scales).sum(axis=1) + rare / 2.0


def _scale_cost(scale: Floats, usual: Floats) -> Floats:
    """Minus the logarithm of the inverse gamma density of a rep's scale, but for a constant."""
    return (_FREEDOM / 2.0 + 1.0) * np.log(scale) + _FREEDOM * usual / (2.0 * scale)
