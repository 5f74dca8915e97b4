"""A leg's angles as the report draws them: over time, over the rep, and over flexion.

Over the rep, a rep is put on a common axis of 0 to 100 % of its time, so that reps of different
tempo can be averaged. The reference beside it is what it would have shown at the same flexion: its
curve, down to the deepest point and up after it, looked up along the mean flexion of the reps. So
it has a value from 20 deg of flexion on only.

Over flexion, way down and way up apart, valgus is compared as the method does it (biomechanics
B10): smoothed to 6 Hz without delay, in steps of 2 deg, minus the reference's valgus there.

Missing samples stay missing: a curve has NaN where a rep has a hole, and is never drawn across it.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kneecore import wire
from kneecore.excursion import CORNER_HZ, FROM_DEG, STEP_DEG
from kneetrack.detection import Reference
from kneetrack.detection.cut import zero_phase
from kneetrack.samples import Doubt, KneeSample, Rep

Floats: TypeAlias = NDArray[np.float64]

PERCENT: Floats = np.linspace(0.0, 100.0, 101)
FLEXION: Floats = np.arange(FROM_DEG, 151.0, STEP_DEG)
ANGLES = ("flexion", "valgus", "rotation")
_LEAST_SMOOTHED = 22  # samples, of zero_phase
_BRIDGED_BINS = 3  # a fast descent goes through several degrees from sample to sample
_DEEP_SHARE = 0.9
"""A mean goes no deeper than so many reps: else it would leap where a few reps end."""
_STEPS = 1.5  # sampling periods; from here on a sample is missing


@dataclass(frozen=True, slots=True)
class Series:
    """One leg's angles over time; all arrays are of shape (n,), time ascending."""

    time_s: Floats
    flexion_deg: Floats
    valgus_deg: Floats
    rotation_deg: Floats
    valgus_sigma_deg: Floats

    @property
    def angles(self) -> Floats:
        """Flexion, valgus and rotation, shape (3, n)."""
        return np.array([self.flexion_deg, self.valgus_deg, self.rotation_deg])

    @property
    def hole_s(self) -> float:
        """From this step in time on, samples are missing between two."""
        steps = np.diff(self.time_s)
        return _STEPS * float(np.median(steps)) if len(steps) else np.inf

    def part(self, start_s: float, end_s: float) -> Series:
        """What lies in that span."""
        a = int(np.searchsorted(self.time_s, start_s, side="left"))
        b = int(np.searchsorted(self.time_s, end_s, side="right"))
        return Series(
            self.time_s[a:b],
            self.flexion_deg[a:b],
            self.valgus_deg[a:b],
            self.rotation_deg[a:b],
            self.valgus_sigma_deg[a:b],
        )


@dataclass(frozen=True, slots=True)
class MeanCurves:
    """Mean and standard deviation of reps over PERCENT; rows are ANGLES, shape (3, 101).

    `reference` holds what the reference shows along the mean flexion, NaN where it has no value and
    throughout for flexion itself; None where there is no reference.
    """

    title: str
    count: int
    mean: Floats
    sd: Floats
    reference: Floats | None = None


@dataclass(frozen=True, slots=True)
class AtFlexion:
    """Valgus at FLEXION of one rep, or of several together: shape (2, bins), down and up."""

    valgus_deg: Floats
    excursion_deg: Floats


@dataclass(frozen=True, slots=True)
class Matched:
    """A leg's reps at equal flexion: each one's curves, and those of the reps with a say."""

    reps: tuple[tuple[Rep, AtFlexion], ...]
    mean: AtFlexion
    sd: AtFlexion
    count: int
    reference_deg: Floats  # (2, bins)


def series_of(samples: Iterable[KneeSample]) -> Series:
    """The samples' angles as arrays; those without an alignment are left out."""
    numbers = array("d")
    for sample in samples:
        if not sample.flags & wire.FLAG_UNALIGNED:
            numbers.extend(sample[1:6])
    rows: Floats = np.array(numbers, dtype=np.float64).reshape(-1, 5)
    return Series(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], rows[:, 4])


def mean_curves(
    reps: Sequence[Rep], series: Series, *, title: str, reference: Reference | None = None
) -> MeanCurves | None:
    """Mean and scatter of these reps over 0 to 100 % of each; None where none has samples."""
    hole_s = series.hole_s
    found = [on_percent(series.part(rep.start_s, rep.end_s), rep, hole_s) for rep in reps]
    known = [rows for rows in found if rows is not None]
    if not known:
        return None
    mean, sd = _mean_and_sd(np.array(known))
    along = None if reference is None else along_reference(mean[0], reference)
    return MeanCurves(title, len(known), mean, sd, along)


def on_percent(part: Series, rep: Rep, hole_s: float) -> Floats | None:
    """The rep's angles at PERCENT of its time, shape (3, 101), NaN in holes; None if too few."""
    if len(part.time_s) < 2:
        return None
    at = rep.start_s + PERCENT / 100.0 * (rep.end_s - rep.start_s)
    angles = (part.flexion_deg, part.valgus_deg, part.rotation_deg)
    rows: Floats = np.array([np.interp(at, part.time_s, row) for row in angles])
    behind = np.clip(np.searchsorted(part.time_s, at), 1, len(part.time_s) - 1)
    rows[:, np.diff(part.time_s)[behind - 1] > hole_s] = np.nan
    return rows


def along_reference(flexion_deg: Floats, reference: Reference) -> Floats:
    """The reference along one rep's flexion (n,): rows as ANGLES, NaN where it has no value."""
    known = np.nan_to_num(flexion_deg, nan=-1.0)
    descending = (np.arange(len(known)) <= int(np.argmax(known))).astype(np.float64)
    rows = np.array(
        [
            np.full(len(known), np.nan),
            reference.valgus_at(known, descending),
            reference.rotation_at(known, descending),
        ]
    )
    rows[:, (known < FROM_DEG) | (known > reference.deepest_deg)] = np.nan
    return rows


def matched(
    reps: Sequence[Rep], with_a_say: Sequence[Rep], series: Series, reference: Reference
) -> Matched | None:
    """`reps` at equal flexion with the reference; the mean is of those `with_a_say`."""
    down, up = (reference.valgus_at(FLEXION, np.full(len(FLEXION), share)) for share in (1.0, 0.0))
    expected = np.array([down, up])
    expected[:, reference.deepest_deg < FLEXION] = np.nan
    hole_s = series.hole_s
    curves: list[tuple[Rep, AtFlexion]] = []
    for rep in reps:
        valgus = at_flexion(series.part(rep.start_s, rep.end_s), hole_s)
        if valgus is not None:
            curves.append((rep, AtFlexion(valgus, valgus - expected)))
    heard = [one for rep, one in curves if rep in with_a_say and Doubt.SHALLOW not in rep.doubt]
    if not heard:
        return None
    valgus, valgus_sd = _mean_and_sd(np.array([one.valgus_deg for one in heard]), _DEEP_SHARE)
    excursion, excursion_sd = _mean_and_sd(
        np.array([one.excursion_deg for one in heard]), _DEEP_SHARE
    )
    return Matched(
        reps=tuple(curves),
        mean=AtFlexion(valgus, excursion),
        sd=AtFlexion(valgus_sd, excursion_sd),
        count=len(heard),
        reference_deg=expected,
    )


def at_flexion(part: Series, hole_s: float) -> Floats | None:
    """One rep's valgus at FLEXION, shape (2, bins): on the way down and on the way up."""
    if len(part.time_s) < 2:
        return None
    rows = part.angles[:2]
    whole = len(part.time_s) >= _LEAST_SMOOTHED and bool((np.diff(part.time_s) <= hole_s).all())
    if whole:
        rows = zero_phase(rows, CORNER_HZ)
    deepest = int(rows[0].argmax())
    ways = (rows[:, : deepest + 1], rows[:, deepest:])
    return np.array([_binned(flexion, valgus) for flexion, valgus in ways])


def _binned(flexion_deg: Floats, valgus_deg: Floats) -> Floats:
    """Means in the bins about FLEXION; a bin between two near ones is interpolated."""
    place = np.rint((flexion_deg - FROM_DEG) / STEP_DEG).astype(np.int64)
    inside = (place >= 0) & (place < len(FLEXION))
    count = np.bincount(place[inside], minlength=len(FLEXION))
    total = np.bincount(place[inside], weights=valgus_deg[inside], minlength=len(FLEXION))
    means = np.full(len(FLEXION), np.nan)
    known = np.flatnonzero(count)
    means[known] = total[known] / count[known]
    for first, last in itertools.pairwise(known.tolist()):
        if 1 < last - first <= _BRIDGED_BINS:
            between = np.arange(first + 1, last)
            means[between] = np.interp(between, [first, last], means[[first, last]])
    return means


def _mean_and_sd(stack: Floats, share: float = 0.5) -> tuple[Floats, Floats]:
    """Over the first axis, of what is known in at least that share of them; SD with n - 1."""
    known = np.isfinite(stack)
    count = known.sum(axis=0)
    enough = count >= share * len(stack)
    safe = np.maximum(count, 1)
    mean = np.where(enough, np.where(known, stack, 0.0).sum(axis=0) / safe, np.nan)
    off = np.where(known, stack - mean, 0.0)
    sd = np.where(enough, np.sqrt((off**2).sum(axis=0) / np.maximum(count - 1, 1)), np.nan)
    return mean, sd
