"""Samples that come after their turn, put where they belong.

Behind a gap two folds go on: the one that everybody sees takes what comes, gap and all; the other,
`base`, stands before the first sample that is missing. It takes the missing ones as they come. When
they are all there, or it is known that the rest never will be, it takes what came since as well,
up to the next hole. Then it is the better one: what is seen is folded again from there.

So that both memory and time are bounded: no more than LIMIT samples wait behind a hole (the oldest
holes are then left as they are), and what is seen is folded again only once for a good share of
new samples.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kneetrack.detection.backlog import Backlog
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.fold import Fold
from kneetrack.samples import Gap, GapSettled, KneeSample
from kneetrack.spans import Spans

WAIT_S = 600.0
"""So much of a recording may wait behind a hole."""
LIMIT = int(WAIT_S / PERIOD_S)
_GIVEN_UP = LIMIT // 10  # so many make room at once
MOST_GONE = 1000
"""So many spans that are known to be gone are remembered."""
_ON_THE_AIR = "lost on the air"


def reason_for_good(reason: str) -> str:
    """Why samples are missing that the band was asked for; `reason` is why they did not come."""
    return f"{reason}, and the band no longer had them" if reason == _ON_THE_AIR else reason


@dataclass(slots=True)
class _Hole:
    first: int
    end: int
    gap: Gap | None  # as it was told; None where it was not
    left: list[Gap] = field(default_factory=list[Gap])


class CatchUp:
    """From the first gap on until nothing is missing; `due` is the first missing number."""

    def __init__(self, base: Fold, due: int) -> None:
        self.base = base
        self.due = due
        self.settled: list[GapSettled] = []  # not told yet
        self._backlog = Backlog()
        self._holes: list[_Hole] = []
        self._gone = Spans(MOST_GONE)
        self._unseen = 0  # samples taken since what is seen was folded again
        self._late = False  # whether one of those came late

    @property
    def over(self) -> bool:
        """Whether nothing is missing any more."""
        return self._backlog.first() is None

    @property
    def better(self) -> bool:
        """Whether it is worth while to fold again what is seen."""
        return bool(self.settled) and (self.over or self._unseen * 4 >= self._backlog.count)

    @property
    def unchanged(self) -> bool:
        """Whether folding again would change nothing: nothing came late, no reason is new."""
        return not self._late

    def hole(self, first: int, end: int, gap: Gap | None) -> None:
        """Numbers first to end - 1 have not come; without a `gap` they are not waited for."""
        if end > first:
            self._holes.append(_Hole(first, end, gap))
            if gap is None:
                self.gone(first, end)

    def gone(self, first: int, end: int) -> None:
        """What has not come of these numbers never will."""
        self._gone.add(max(first, self.due), end)

    def take(self, sample: KneeSample, *, late: bool) -> bool:
        """A new sample, or a late one; False where it is there already, or not waited for."""
        number = sample[0]
        if number < self.due:
            return False
        if number == self.due:
            self.base.sample(sample)
            self.due += 1
        elif not self._backlog.add(sample):
            return False
        self._unseen += 1
        self._late = self._late or late
        return True

    def advance(self) -> None:
        """Have `base` go on as far as nothing is missing."""
        if self._backlog.count > LIMIT:
            self._go_on(LIMIT - _GIVEN_UP)
        else:
            self._go_on(LIMIT)

    def seen(self) -> Fold:
        """What came so far, folded: `base`, and behind its end with the holes there are."""
        self._unseen = 0
        self._late = False
        fold = self.base.copy()
        due = self.due
        for first, samples in self._backlog.runs():
            for sample in samples:
                if sample[0] == first:
                    self._leave_out(fold, due, first, sample[1])
                fold.sample(sample)
                due = sample[0] + 1
        return fold

    # --- inside ----------------------------------------------------------------------------------

    def _go_on(self, most: int) -> None:
        sample_of = self.base.sample
        while (first := self._backlog.first()) is not None:
            if first > self.due:
                is_gone = self._gone.covers(self.due, first)
                if not is_gone and self._backlog.count <= most:
                    break
                gap = self._leave_out(self.base, self.due, first, self._backlog.first_s(), is_gone)
                hole = self._hole_of(self.due)
                if gap is not None and hole is not None:
                    hole.left.append(gap)
                    self._late = self._late or gap.reason != (hole.gap or gap).reason
            for sample in self._backlog.take_run():
                sample_of(sample)
                self.due = sample[0] + 1
        self._gone.forget(self.due)
        while self._holes and self._holes[0].end <= self.due:
            hole = self._holes.pop(0)
            if hole.gap is not None:
                self.settled.append(GapSettled(hole.gap, tuple(hole.left)))

    def _leave_out(
        self, fold: Fold, first: int, end: int, end_s: float, is_gone: bool = False
    ) -> Gap | None:
        """Tell `fold` that numbers first to end - 1 are missing, before a sample at `end_s`."""
        hole = self._hole_of(first)
        if hole is None or hole.gap is None:
            return None
        told = hole.gap
        gap = Gap(
            told.channel,
            told.start_s if first == hole.first else fold.last_s,
            end_s,
            end - first if told.count else 0,
            reason_for_good(told.reason) if is_gone else told.reason,
        )
        fold.gap(gap)
        return gap

    def _hole_of(self, number: int) -> _Hole | None:
        return next((hole for hole in self._holes if hole.first <= number < hole.end), None)
