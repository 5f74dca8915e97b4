"""What one leg did in one session: what its sets did, together.

Medians are of all reps that have a say, whichever set they were in, with the reference reps in
those values in which they count (`values.has_a_say`). `sds` are from rep to rep: the sets' own,
averaged in squares, so that a heavier set is not taken for an uneven one. The streak is the longest
within a set.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import median

import numpy as np

from kneetrack.detection import LegResult
from kneetrack.insight.sets import LEAST_FOR_SD, SetSummary, Tally, summarise_set, tally
from kneetrack.insight.values import NAMES, values_of
from kneetrack.samples import Rep, Side


@dataclass(frozen=True, slots=True)
class LegSummary:
    """One leg of one session. Values by their name in `values.NAMES`, where there are any."""

    side: Side
    exercise: str
    sets: tuple[SetSummary, ...]
    tally: Tally
    medians: Mapping[str, float]
    sds: Mapping[str, float]
    counts: Mapping[str, int]
    """How many reps a median is of."""

    @property
    def share(self) -> float | None:
        """Of the judged reps, those in range; None where nothing was judged."""
        return self.tally.share

    @property
    def streak(self) -> int:
        return self.tally.streak


def summarise(
    result: LegResult, *, names: Iterable[str] = NAMES, slopes: Iterable[str] = NAMES
) -> LegSummary:
    """What that leg did. Reps outside every set (reference reps before them) are not counted.

    `names` and `slopes` as in `summarise_set`.
    """
    names, slopes = tuple(names), tuple(slopes)
    of_set: dict[int, list[Rep]] = {one.index: [] for one in result.sets}
    for rep in result.reps:
        if rep.set in of_set:
            of_set[rep.set].append(rep)
    sets = tuple(
        summarise_set(of_set[one.index], one, names=names, slopes=slopes) for one in result.sets
    )
    reps = [rep for rep in result.reps if rep.set in of_set]
    whole = replace(tally(reps), streak=max((one.tally.streak for one in sets), default=0))
    by_set = {
        name: [[value for _, value in values_of(own, name)] for own in of_set.values()]
        for name in names
    }
    found = {name: list(chain.from_iterable(parts)) for name, parts in by_set.items()}
    sds = {name: _pooled(parts) for name, parts in by_set.items()}
    return LegSummary(
        side=result.side,
        exercise=result.exercise,
        sets=sets,
        tally=whole,
        medians={name: median(values) for name, values in found.items() if values},
        sds={name: sd for name, sd in sds.items() if sd is not None},
        counts={name: len(values) for name, values in found.items() if values},
    )


def _pooled(parts: Iterable[Sequence[float]]) -> float | None:
    """The rep-to-rep deviation of the sets, averaged in squares by what each can tell."""
    told = [values for values in parts if len(values) > 1]
    freedom = sum(len(values) - 1 for values in told)
    if freedom < LEAST_FOR_SD - 1:
        return None
    return math.sqrt(sum(float(np.var(values)) * len(values) for values in told) / freedom)
