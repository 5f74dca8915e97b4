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
    g_r  how the tissue differs by rep      normal, its spread known from the reference reps; or,
                                            in some reps, wide: valgus that goes with depth
    b_r  this rep's own inward movement     normal and small, or, in some reps, wide

    A mixed model in which each rep is of one of four kinds (McLachlan & Peel, Finite Mixture
    Models, 2000), solved by expectation and maximisation: how likely each kind is for each rep,
    given s and m; then s and m by generalised least squares, every rep heard as its kinds allow.
    A rep that stands out is so told from what is common by its size and its course in time, and
    once it stands out, it doesn't matter by how much.

    More than one end may be stable. The search starts from no shift and from each rep alone (of
    very long sets: from some, of all sizes), with several spreads of g; ends are averaged by how
    likely they are, and where they disagree, the uncertainty says so.

The spreads, widths and shares below are choices. They were made on design seeds of both simulated
populations (tools/bench_population), whose figures are given for other seeds.

Two reps can't show what is common: their shift is zero, and its sigma the prior's. From five on it
is taken in full, in thirds before; what is left out of it is in its sigma.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from kneetrack.detection.cut import Floats
from kneetrack.detection.measures import GRID_DEG, Measured
from kneetrack.detection.reference import Reference, deep

_LEAST_REPS, _FULL_REPS = 3, 5
_NOISE_DEG = 0.45  # of a cell
_CELLS_PER_FACT = 10.0  # neighbours say the same: valgus changes over some 20 deg of flexion
_PRIOR_DEG = np.array([1.5, 1.5, 0.6])  # of s1, s2, s3
_PRIOR_FREEDOM = np.array([3.0, 3.0, 30.0])  # how large they may be nevertheless
_LOAD = 1.3  # soft tissue moves by 1.0 to 1.6 as much under load (biomechanics D)
_USUAL_SPREAD_DEG, _USUAL_REPS = 0.4, 2.0  # of g before any rep was seen, and what that counts for
_SPREADS: Floats = np.array([0.7, 1.2, 2.2, 4.0])  # times the spread expected, tried in turn
_SPREAD_SPREAD = 0.5  # of the logarithm of that factor
_SPREAD = np.diag([0.6**2, 1.0, 0.3**2])  # of g1, g2, g3, relative
_BUMPS_S, _BUMP_WIDTH_S = np.linspace(-0.6, 0.6, 7), 0.17  # where after the deepest point
_BUMP_REACH_S = 0.25  # within which bumps rise and fall together
_BUMP_DEG, _WIDE_DEG = 0.7, 8.0  # of a clean rep, and of one that stands out
_COMMON_BUMP_DEG = 1.5
_WIDE_SHARE, _BY_DEPTH_SHARE = 0.3, 0.1  # of reps that stand out, by a bump and with the depth
_UNSURE = 1.25  # the kinds of the reps are likely, not known
_NOT_FIXED = 0.2  # of a shift: tissue lags by some 15 % (biomechanics D), more under load
_STEPS, _CLOSE_DEG = 25, 0.02
_SAME_DEG = 0.3  # ends that differ less are one
_START_SPREAD = 3.0  # a rep alone may lie so many priors away
_MOST_STARTS = 40  # of reps alone: the search takes time as they times the reps
_LINALG: Any = np.linalg  # its stubs leave the element type open

_SHIFTS, _BUMPS = len(_PRIOR_DEG), len(_BUMPS_S)
_APART: Floats = _BUMPS_S[:, None] - _BUMPS_S
_BUMP_INVERSE: Floats = _LINALG.inv(
    np.exp(-((_APART / _BUMP_REACH_S) ** 2) / 2.0) + 1e-3 * np.eye(_BUMPS)
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
        not_fixed = _NOT_FIXED * float(row @ self.s)
        known = max(0.0, float(row @ self.covariance @ row))
        return math.sqrt(_UNSURE**2 * known + not_fixed**2)

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
    freedom = max(1.0, reference.weight - 1.0)
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
    zero = np.zeros((1, _SHIFTS))
    if before is None:
        s, covariance, spread = cells.search(np.concatenate([zero, cells.alone()]), spread)
    else:
        starts = (
            before.s[None] if len(reps) > _FULL_REPS else np.concatenate([zero, before.s[None]])
        )
        s, covariance, spread = cells.search(starts, before.spread_deg, np.ones(1))
    taken = min(1.0, (len(reps) - _LEAST_REPS + 1) / (_FULL_REPS - _LEAST_REPS + 1))
    left_out = (1.0 - taken) * s
    return Shift(taken * s, covariance + np.outer(left_out, left_out), spread)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """What the cells of each rep say of (shift 3, bumps 7): normal equations, noise divided out."""

    normal: Floats  # (reps, 10, 10)
    right: Floats  # (reps, 10)
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
        """(starts, 3): the shift that each rep alone would tell, or some of them in all sizes."""
        ridge = np.diag((_START_SPREAD * _PRIOR_DEG) ** -2.0)
        alone = self.normal[:, :_SHIFTS, :_SHIFTS] + ridge
        told: Floats = _LINALG.solve(alone, self.right[:, :_SHIFTS, None])[..., 0]
        if len(told) <= _MOST_STARTS:
            return told
        by_size = np.argsort(told[:, :2].sum(axis=1), kind="stable")  # what it comes to at 90 deg
        return told[by_size[np.linspace(0, len(told) - 1, _MOST_STARTS).astype(int)]]

    def search(
        self, starts: Floats, spread_deg: float, factors: Floats = _SPREADS
    ) -> tuple[Floats, Floats, float]:
        """(s, its covariance, the spread of single reps) over all ends from any start.

        Each start is tried with `factors` times the spread.
        """
        kinds = _Kinds.of(self, spread_deg * factors)
        common = np.zeros((len(factors), len(starts), _SHIFTS + _BUMPS))
        common[..., :_SHIFTS] = starts
        precision = self._prior(common)
        for _ in range(_STEPS):
            share, _ = kinds.heard(self, common)
            precision = self._prior(common) + kinds.tell(share)
            new = _LINALG.solve(precision, kinds.told(share)[..., None])[..., 0]
            done = float(np.abs(new - common).max()) < _CLOSE_DEG
            common = new
            if done:
                break
        covariance = _LINALG.inv(precision)[..., :_SHIFTS, :_SHIFTS]
        if common[..., 0].size == 1:  # one end needs no weighing
            return common[0, 0, :_SHIFTS], covariance[0, 0], float(spread_deg * factors[0])
        _, likely = kinds.heard(self, common)
        cost = self._cost(common, factors) - likely + _LINALG.slogdet(precision)[1] / 2.0
        return _averaged(
            common[..., :_SHIFTS].reshape(-1, _SHIFTS),
            covariance.reshape(-1, _SHIFTS, _SHIFTS),
            cost.ravel(),
            np.repeat(spread_deg * factors, len(starts)),
        )

    def _prior(self, common: Floats) -> Floats:
        """Precision of (s, m) before any rep: (spreads, starts, 10, 10)."""
        s = common[..., :_SHIFTS]
        prior = np.zeros((*common.shape, _SHIFTS + _BUMPS))
        at = np.arange(_SHIFTS)
        prior[..., at, at] = (_PRIOR_FREEDOM + 1.0) / (_PRIOR_FREEDOM * _PRIOR_DEG**2 + s**2)
        prior[..., _SHIFTS:, _SHIFTS:] = _COMMON_INVERSE
        return prior

    def _cost(self, common: Floats, factors: Floats) -> Floats:
        """Minus the logarithm of the prior of (s, m) and of the spread, but for a constant."""
        s, m = common[..., :_SHIFTS], common[..., _SHIFTS:]
        rare = (_PRIOR_FREEDOM + 1.0) * np.log1p(s**2 / (_PRIOR_FREEDOM * _PRIOR_DEG**2))
        rare = rare.sum(axis=-1) + ((m @ _COMMON_INVERSE) * m).sum(axis=-1)
        return (rare + (np.log(factors[:, None]) / _SPREAD_SPREAD) ** 2) / 2.0


@dataclass(frozen=True, slots=True, eq=False)
class _Kinds:
    """The four kinds of reps, for each spread of g: arrays begin with (spreads, kinds, reps)."""

    own: Floats  # (.., 10, 10) covariance of (g, b), given the rep's cells
    tells: Floats  # (.., 10, 10) what a rep of that kind tells of (s, m)
    tolds: Floats  # (.., 10)
    size: Floats  # (..) log of the share, minus half the log of the determinant

    @classmethod
    def of(cls, cells: _Cells, spreads: Floats) -> _Kinds:
        prior = np.zeros((len(spreads), 4, _SHIFTS + _BUMPS, _SHIFTS + _BUMPS))
        share = np.zeros((len(spreads), 4))
        for kind in range(4):
            by_depth, wide = divmod(kind, 2)
            tissue = np.hypot(spreads, _WIDE_DEG / 2.0) if by_depth else spreads
            prior[:, kind, :_SHIFTS, :_SHIFTS] = _SPREAD_INVERSE / tissue[:, None, None] ** 2
            bump = _WIDE_DEG if wide else _BUMP_DEG
            prior[:, kind, _SHIFTS:, _SHIFTS:] = _BUMP_INVERSE / bump**2
            share[:, kind] = math.log(_BY_DEPTH_SHARE if by_depth else 1.0 - _BY_DEPTH_SHARE)
            share[:, kind] += math.log(_WIDE_SHARE if wide else 1.0 - _WIDE_SHARE)
        precision = prior[:, :, None] + cells.normal
        own: Floats = _LINALG.inv(precision)
        through = cells.normal @ own
        size = _LINALG.slogdet(prior)[1][..., None] - _LINALG.slogdet(precision)[1]
        return cls(
            own,
            cells.normal - through @ cells.normal,
            cells.right - (through @ cells.right[..., None])[..., 0],
            share[..., None] + size / 2.0,
        )

    def heard(self, cells: _Cells, common: Floats) -> tuple[Floats, Floats]:
        """How likely each kind is for each rep, and all of it together.

        (spreads, kinds, reps, starts) and (spreads, starts), for `common` (spreads, starts, 10).
        """
        each = common[:, None]  # (spreads, 1, starts, 10), beside reps
        left = cells.right[:, None] - each @ cells.normal  # (spreads, reps, starts, 10)
        square = cells.square[:, None] - ((cells.right[:, None] + left) * each).sum(axis=-1)
        left = left[:, None]
        fitted = ((left @ self.own) * left).sum(axis=-1)
        likely = self.size[..., None] - (square[:, None] - fitted) / 2.0
        most = likely.max(axis=1, keepdims=True)
        weight = np.exp(likely - most)
        total = weight.sum(axis=1, keepdims=True)
        return weight / total, (most + np.log(total)).sum(axis=(1, 2))

    def tell(self, share: Floats) -> Floats:
        """The information that all reps give on (s, m): (spreads, starts, 10, 10)."""
        return _summed(share, self.tells)

    def told(self, share: Floats) -> Floats:
        """The right side that goes with it: (spreads, starts, 10)."""
        return _summed(share, self.tolds)


def _summed(share: Floats, facts: Floats) -> Floats:
    """`facts` over kinds and reps, each as much as its `share`, summed: (spreads, starts, ..)."""
    spreads, kinds, reps, starts = share.shape
    weights = share.reshape(spreads, kinds * reps, starts).transpose(0, 2, 1)
    total = weights @ facts.reshape(spreads, kinds * reps, -1)
    return total.reshape(spreads, starts, *facts.shape[3:])


def _averaged(
    s: Floats, covariance: Floats, cost: Floats, spread: Floats
) -> tuple[Floats, Floats, float]:
    """One end of many (ends, 3), each counted once and by how likely it is."""
    ends: list[int] = []
    for at in np.argsort(cost).tolist():
        if all(float(np.abs(s[at] - s[end]).max()) > _SAME_DEG for end in ends):
            ends.append(at)
    weight = np.exp(cost[ends].min() - cost[ends])
    weight /= weight.sum()
    mean = weight @ s[ends]
    apart = s[ends] - mean
    total = np.einsum("k,kij->ij", weight, covariance[ends]) + (weight * apart.T) @ apart
    return mean, total, math.sqrt(float(weight @ spread[ends] ** 2))
