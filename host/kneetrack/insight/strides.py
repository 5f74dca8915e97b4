"""What many strides tell together: a summary in which each stride has a say, and none alone.

    counted     strides of a steady walk; starts, turns, another pace, missing samples, a sensor at
                its limit and what a person left out are told apart, by their number
    median, mean, sd
                from stride to stride
    sem         how well the mean is known from these strides: sd / sqrt(n), and more where
                neighbours are alike: times sqrt((1 + r) / (1 - r)), r their correlation

An average is told from LEAST_STRIDES on; with fewer nothing is claimed (biomechanics C9). What the
sem leaves out is what is the same in all strides: how the straps sit that day, and soft tissue. It
is several times larger, so that two days are compared by the least change that is told apart
(`trend`), never by sems.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

from kneetrack.detection.criteria import IMPLAUSIBLE_DEG, LEAST_STRIDES
from kneetrack.insight.values import value_of
from kneetrack.samples import Doubt, Rep

TIMING = ("cadence_per_min", "stride_s", "stance_s", "stance_percent", "flight_s")
ANGLES = (
    "contact_valgus_deg",
    "peak_valgus_deg",
    "valgus_excursion_deg",
    "contact_flexion_deg",
    "loading_flexion_deg",
    "swing_flexion_deg",
    "rotation_range_deg",
    "contact_lean_deg",
    "medial_displacement_cm",
)
SIGMA = "peak_valgus_sigma_deg"
"""What is the same in all strides may be off by so much (biomechanics B3)."""
_MOST_ALIKE = 0.9


@dataclass(frozen=True, slots=True)
class Spread:
    """One value over all strides that count; `sd` and `sem` None with fewer than three."""

    name: str
    count: int
    median: float
    mean: float
    sd: float | None
    sem: float | None


@dataclass(frozen=True, slots=True)
class Strides:
    """`apart` is by what was said of a stride: its first doubt, or the person's own word."""

    found: int
    counted: int
    apart: tuple[tuple[Doubt | str, int], ...]
    spreads: tuple[Spread, ...]

    @property
    def is_enough(self) -> bool:
        """Whether an average may be told."""
        return self.counted >= LEAST_STRIDES

    @property
    def is_implausible(self) -> bool:
        """Whether the valgus is beyond any knee's: the axes are not those of this leg."""
        return any(
            one.name == "peak_valgus_deg" and abs(one.median) >= IMPLAUSIBLE_DEG
            for one in self.spreads
        )

    def of(self, name: str) -> Spread | None:
        return next((one for one in self.spreads if one.name == name), None)


def are_strides(reps: Sequence[Rep]) -> bool:
    """Whether these are strides, and not reps of another kind."""
    return bool(reps) and "stride_s" in reps[0].measures


def summarise_strides(reps: Iterable[Rep]) -> Strides:
    """What these strides tell together."""
    all_of_them = list(reps)
    counted = [rep for rep in all_of_them if rep.label is None and not rep.doubt]
    apart: Counter[Doubt | str] = Counter()
    for rep in all_of_them:
        if rep.label is not None:
            apart[rep.label] += 1
        elif rep.doubt:
            apart[rep.doubt[0]] += 1
    spreads = (_spread(counted, name) for name in (*TIMING, *ANGLES, SIGMA))
    return Strides(
        found=len(all_of_them),
        counted=len(counted),
        apart=tuple(apart.most_common()),
        spreads=tuple(one for one in spreads if one is not None),
    )


def _spread(reps: Sequence[Rep], name: str) -> Spread | None:
    found = [(rep.index, value_of(rep, name)) for rep in reps]
    known = [(index, value) for index, value in found if value is not None]
    if not known:
        return None
    values = [value for _, value in known]
    mean, sd, sem = fmean(values), None, None
    if len(values) >= 3:
        sd = stdev(values)
        alike = _alike(known, mean)
        sem = sd / math.sqrt(len(values)) * math.sqrt((1.0 + alike) / (1.0 - alike))
    return Spread(name, len(values), median(values), mean, sd, sem)


def _alike(known: Sequence[tuple[int, float]], mean: float) -> float:
    """The correlation of strides that follow each other, 0 to _MOST_ALIKE."""
    pairs = [
        ((a - mean), (b - mean))
        for (before, a), (after, b) in itertools.pairwise(known)
        if after == before + 1
    ]
    around = sum((value - mean) ** 2 for _, value in known) / len(known)
    if len(pairs) < 2 or not around > 0.0:
        return 0.0
    together = sum(a * b for a, b in pairs) / len(pairs)
    return min(max(together / around, 0.0), _MOST_ALIKE)
