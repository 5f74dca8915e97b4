"""What one set amounts to.

judged      reps with a verdict that holds; doubtful ones are counted apart, neither in nor out
share       of the judged, those in range (biomechanics A, row 7)
streak      the longest run in range; a doubtful rep ends it, for it isn't known; a reference
            rep or one left out is passed over
large       of the judged, those whose excursion from the reference reached 10 deg inward, be it
            their own or the set's (row 36)
medians     of every value that is known
sds         from rep to rep, of three reps or more: consistency (row 5)
slopes      over the set, of five reps or more (row 22)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from kneecore.excursion import LARGE_DEG
from kneetrack.insight.slopes import Slope, slope_of
from kneetrack.insight.values import NAMES, TOTAL, value_of, values_of
from kneetrack.samples import Rep, RepSet, Verdict

LEAST_FOR_SD = 3


@dataclass(frozen=True, slots=True)
class Tally:
    """Reps counted by what was found of them; `reps` is neither reference nor left out."""

    reps: int
    judged: int
    in_range: int
    inward: int
    outward: int
    doubtful: int
    large: int
    references: int
    left_out: int
    streak: int

    @property
    def share(self) -> float | None:
        """Of the judged, those in range; None where nothing was judged."""
        return self.in_range / self.judged if self.judged else None

    @property
    def large_share(self) -> float | None:
        """Of the judged, those that reached 10 deg inward."""
        return self.large / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class SetSummary:
    """One set. Values by their name in `values.NAMES`, where there are any."""

    set: RepSet
    tally: Tally
    medians: Mapping[str, float]
    sds: Mapping[str, float]
    slopes: Mapping[str, Slope]

    @property
    def index(self) -> int:
        return self.set.index


def summarise_set(
    reps: Sequence[Rep],
    rep_set: RepSet,
    *,
    names: Iterable[str] = NAMES,
    slopes: Iterable[str] = NAMES,
) -> SetSummary:
    """What that set amounts to; `reps` may hold those of other sets.

    `names` are the values that are wanted, `slopes` those whose slopes are, which take most time.
    """
    own = [rep for rep in reps if rep.set == rep_set.index]
    found = {name: [value for _, value in values_of(own, name)] for name in names}
    changes = {name: slope_of(own, name) for name in slopes}
    return SetSummary(
        set=rep_set,
        tally=tally(own),
        medians={name: median(values) for name, values in found.items() if values},
        sds={
            name: float(np.std(values, ddof=1))
            for name, values in found.items()
            if len(values) >= LEAST_FOR_SD
        },
        slopes={name: each for name, each in changes.items() if each is not None},
    )


def tally(reps: Iterable[Rep]) -> Tally:
    """The reps counted, in their order."""
    told = list(reps)
    counted = [rep for rep in told if rep.label is None and not rep.is_reference]
    judged = [rep for rep in counted if rep.verdict not in (None, Verdict.DOUBTFUL)]
    inward = (Verdict.MOVED_INWARD, Verdict.MOVED_INWARD_LARGE)
    return Tally(
        reps=len(counted),
        judged=len(judged),
        in_range=sum(rep.verdict is Verdict.IN_RANGE for rep in judged),
        inward=sum(rep.verdict in inward for rep in judged),
        outward=sum(rep.verdict is Verdict.MOVED_OUTWARD for rep in judged),
        doubtful=sum(rep.verdict is Verdict.DOUBTFUL for rep in counted),
        large=sum((value_of(rep, TOTAL) or 0.0) >= LARGE_DEG for rep in judged),
        references=sum(rep.is_reference and rep.label is None for rep in told),
        left_out=sum(rep.label is not None for rep in told),
        streak=_streak(counted),
    )


def _streak(counted: Iterable[Rep]) -> int:
    longest = run = 0
    for rep in counted:
        run = run + 1 if rep.verdict is Verdict.IN_RANGE else 0
        longest = max(longest, run)
    return longest
