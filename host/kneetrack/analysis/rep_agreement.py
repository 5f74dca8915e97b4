"""Agreement rep by rep: peaks, excursions and waveforms of two measurements of the same reps.

Peaks and excursions of both go through the filter of the product (detection.measures), so that a
difference in filtering is none in the knee.

peak flexion
    The largest flexion of the rep.
valgus excursion
    From the valgus at the rep's start to its farthest point in the direction, inward (+) or outward
    (-), in which the *reference* went farthest. One direction for both: else two curves that reach
    +3.0 and -3.1 deg at their far ends would be 6 deg apart.
matched excursion
    What the product judges by (biomechanics B10), without its choice of a reference: the valgus
    minus the mean of the other reps' at equal flexion, down and up apart, at its farthest in the
    reference's direction. All that is a fixed function of flexion drops out, the definition of the
    axes above all, so this one tells whether a rep that stood out is seen to. It takes three reps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from kneetrack.analysis import agreement
from kneetrack.detection.cut import PAD_S, Geometry, cut_out
from kneetrack.detection.measures import Measured, measure
from kneetrack.samples import KneeSample, Rep, Side
from kneetrack.traces.reader import FloatArray
from kneetrack.traces.reference import ReferenceAngles

IntArray: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.intp]]

PERCENT: FloatArray = np.linspace(0.0, 100.0, 101)
LEAST_COVERED = 0.8
"""The share of a rep that both must tell for its waveform to be compared."""
LEAST_MATCHED = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure of one rep, by both: deg."""

    ours: float
    reference: float

    @property
    def error(self) -> float:
        return self.ours - self.reference


@dataclass(frozen=True, slots=True, eq=False)
class RepAgreement:
    """One rep. Figures of angles are in the order flexion, valgus, rotation; None where not known.

    `cmc_minus_mean` is the CMC of both curves with their means taken off. `ours` and `theirs` are
    the angles over 0 to 100 % of the rep's time, (101, 3) in deg. `covered` is the share of the
    rep's samples whose flexion the reference tells.
    """

    rep: Rep
    covered: float
    peak_flexion: Pair | None
    valgus_excursion: Pair | None
    matched_excursion: Pair | None
    rmse: tuple[float | None, ...]
    cmc: tuple[float | None, ...]
    cmc_minus_mean: tuple[float | None, ...]
    ours: FloatArray
    theirs: FloatArray


def compare_reps(
    reps: Sequence[Rep], samples: Sequence[KneeSample], reference: ReferenceAngles, lag_s: float
) -> tuple[RepAgreement, ...]:
    """Each of `reps` in `samples` (in order of time) against the reference at `time_s + lag_s`."""
    times = np.array([sample.time_s for sample in samples])
    angles = np.array([sample[2:5] for sample in samples], dtype=np.float64)
    theirs = reference.at(times + lag_s)
    both = [_measured(rep, samples, times, theirs) for rep in reps]
    matched = _matched_excursions(both)
    found: list[RepAgreement] = []
    for rep, measured, excursion in zip(reps, both, matched, strict=True):
        inside = (times >= rep.start_s) & (times <= rep.end_s)
        at = rep.start_s + 0.01 * PERCENT * (rep.end_s - rep.start_s)
        mine = np.column_stack([np.interp(at, times, angles[:, k]) for k in range(3)])
        wanted = reference.at(at + lag_s)
        differences = [agreement.difference(angles[inside, k], theirs[inside, k]) for k in range(3)]
        found.append(
            RepAgreement(
                rep=rep,
                covered=float(np.isfinite(theirs[inside, 0]).mean()) if inside.any() else 0.0,
                peak_flexion=_peak_flexion(measured),
                valgus_excursion=_valgus_excursion(measured),
                matched_excursion=excursion,
                rmse=tuple(one and one.rmse for one in differences),
                cmc=tuple(similarity(mine[:, k], wanted[:, k]) for k in range(3)),
                cmc_minus_mean=tuple(
                    similarity(mine[:, k], wanted[:, k], centred=True) for k in range(3)
                ),
                ours=mine,
                theirs=wanted,
            )
        )
    return tuple(found)


def nearest_rep(times: FloatArray, reps: Sequence[RepAgreement]) -> IntArray:
    """(n,) the index in `reps`, in order of time, of the one nearest to each time."""
    between = [0.5 * (one.rep.end_s + other.rep.start_s) for one, other in pairwise(reps)]
    return np.searchsorted(np.array(between, dtype=np.float64), times)


_Both = tuple[Measured, Measured]


def _measured(
    rep: Rep, samples: Sequence[KneeSample], times: FloatArray, theirs: FloatArray
) -> _Both | None:
    """The rep as both see it, None where the reference has a hole in flexion or valgus."""
    first = int(np.searchsorted(times, rep.start_s - PAD_S))
    last = int(np.searchsorted(times, rep.end_s + PAD_S))
    known = np.isfinite(theirs[first:last, :2].sum(axis=1))
    taken = times[first:last]
    if not bool(known[(taken >= rep.start_s) & (taken <= rep.end_s)].all()):
        return None
    at: list[int] = np.flatnonzero(known).tolist()
    mine = [samples[first + index] for index in at]
    wanted = [
        sample._replace(flexion_deg=flexion, valgus_deg=valgus, rotation_deg=0.0)
        for sample, (flexion, valgus) in zip(
            mine, theirs[first:last, :2][known].tolist(), strict=True
        )
    ]
    anybody = Geometry(Side.RIGHT)
    ours = cut_out(mine, rep.start_s, rep.end_s, 0.0, anybody)
    reference = cut_out(wanted, rep.start_s, rep.end_s, 0.0, anybody)
    return None if ours is None or reference is None else (measure(ours), measure(reference))


def _peak_flexion(both: _Both | None) -> Pair | None:
    return None if both is None else Pair(both[0].peak_flexion_deg, both[1].peak_flexion_deg)


def _valgus_excursion(both: _Both | None) -> Pair | None:
    if both is None:
        return None
    ours, theirs = (one.valgus_deg - one.valgus_deg[0] for one in both)
    return farthest(ours, theirs)


def farthest(ours: FloatArray, theirs: FloatArray) -> Pair | None:
    """The extremes of both curves in the direction in which `theirs` goes farthest from zero."""
    known = np.isfinite(ours) & np.isfinite(theirs)
    if not known.any():
        return None
    ours, theirs = ours[known], theirs[known]
    inward = theirs.max() >= -theirs.min()
    return Pair(
        float(ours.max() if inward else ours.min()),
        float(theirs.max() if inward else theirs.min()),
    )


def _matched_excursions(reps: Sequence[_Both | None]) -> list[Pair | None]:
    """Each rep against the mean of the others at equal flexion, down and up apart."""
    told = [both for both in reps if both is not None]
    if len(told) < LEAST_MATCHED:
        return [None] * len(reps)
    curves = [
        np.array([np.concatenate([both[who].down[0], both[who].up[0]]) for both in told])
        for who in (0, 1)
    ]
    pairs = iter(
        [
            farthest(*(_against_others(curve, index) for curve in curves))
            for index in range(len(told))
        ]
    )
    return [None if both is None else next(pairs) for both in reps]


def _against_others(curves: FloatArray, index: int) -> FloatArray:
    """Row `index` minus the mean of the other rows, NaN where fewer than two of them came."""
    others = np.delete(curves, index, axis=0)
    count = np.isfinite(others).sum(axis=0)
    mean = np.nansum(others, axis=0) / np.maximum(count, 1)
    return np.where(count >= LEAST_MATCHED - 1, curves[index] - mean, np.nan)


def similarity(ours: FloatArray, theirs: FloatArray, *, centred: bool = False) -> float | None:
    """The CMC of two curves (n,), with their means taken off where `centred`.

    None where it is undefined, or the reference tells less than LEAST_COVERED of the curve.
    """
    known = np.isfinite(theirs)
    if known.mean() < LEAST_COVERED:
        return None
    curves = np.stack([ours[known], theirs[known]])
    if centred:
        curves -= curves.mean(axis=1, keepdims=True)
    return agreement.cmc(curves)
