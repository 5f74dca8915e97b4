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


def summarise(result: LegResult, *, slopes: Iterable[str] = NAMES) -> LegSummary:
    """What that leg did. Reps outside every set (reference reps before them) are not counted.

    `slopes` as in `summarise_set`.
    """
    of_set = {one.index for one in result.sets}
    reps = [rep for rep in result.reps if rep.set in of_set]
    wanted = tuple(slopes)
    sets = tuple(summarise_set(reps, one, slopes=wanted) for one in result.sets)
    whole = replace(tally(reps), streak=max((one.tally.streak for one in sets), default=0))
    found = {name: [value for _, value in values_of(reps, name)] for name in NAMES}
    sds = {name: _pooled(sets, reps, name) for name in NAMES}
    return LegSummary(
        side=result.side,
        exercise=result.exercise,
        sets=sets,
        tally=whole,
        medians={name: median(values) for name, values in found.items() if values},
        sds={name: sd for name, sd in sds.items() if sd is not None},
        counts={name: len(values) for name, values in found.items() if values},
    )


def _pooled(sets: Iterable[SetSummary], reps: Sequence[Rep], name: str) -> float | None:
    """The rep-to-rep deviation of the sets, averaged in squares by what each can tell."""
    squares, freedom = 0.0, 0
    for one in sets:
        values = [v for _, v in values_of([r for r in reps if r.set == one.index], name)]
        if len(values) >= 2:
            squares += float(np.var(values)) * len(values)
            freedom += len(values) - 1
    return math.sqrt(squares / freedom) if freedom >= LEAST_FOR_SD - 1 else None
