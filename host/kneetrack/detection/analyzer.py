"""Samples in, events out: the one analyzer that live, replay and analysis share.

It does no I/O, reads no clock (time comes from the samples) and is total: whatever is fed, it
answers with a list of events and never raises. It is fed one item after the other, so how they were
batched can't matter.

    items in order              -> Fold -> events
    behind a gap, until filled  -> CatchUp -> Fold again -> what is otherwise than it was told

What is lost on the air comes later. Then the reps, sets and warnings are those of the samples in
order, and the events tell whoever keeps reps and sets by their index what has changed: RepRevised
and RepEnded, SetEnded, and Withdrawn where there are fewer than before. Duplicates change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kneetrack.detection.catch_up import CatchUp
from kneetrack.detection.cut import Geometry
from kneetrack.detection.fold import Fold, makes_sense
from kneetrack.detection.realigning import Realignment
from kneetrack.detection.reference import Reference
from kneetrack.samples import (
    Channel,
    Decoded,
    Event,
    Gap,
    GapSeen,
    KneeSample,
    Label,
    Phase,
    Quaternion,
    Rejected,
    Rep,
    RepEnded,
    RepRevised,
    RepSet,
    SetEnded,
    Side,
    Status,
    TransferDone,
    Warned,
    Window,
    Withdrawn,
)


@dataclass(frozen=True, slots=True)
class LegResult:
    """All that is known about one leg, so far."""

    side: Side
    exercise: str
    reps: tuple[Rep, ...]
    sets: tuple[RepSet, ...]
    reference: Reference | None
    gaps: tuple[Gap, ...]
    warnings: tuple[str, ...]
    rejected: tuple[Rejected, ...] = ()
    """What looked like a rep, in a set or where one could be, and was not counted."""
    band_cues_s: tuple[float, ...] = ()
    """When the band gave a cue by itself."""
    last_s: float = math.inf
    """The time of the newest sample; a set's window may last longer."""


class Analyzer:
    """One leg of one session. Feed it in the order of arrival, then `flush`.

    `windows` are spans of the samples' own time; `reference` comes before any that windows give.
    What is measured of single segments needs `alignment` (thigh and shank sensor to their
    segments), the medial displacement the `shank_length_m` (m) as well. `labels` are what the
    person said of single reps; `realignments` hold from their instants on, in order. What comes
    late is still put in its place after `flush`; not with `in_order`, where a gap is final.
    """

    def __init__(
        self,
        side: Side,
        exercise: str = "squat",
        windows: Iterable[Window] = (),
        reference: Reference | None = None,
        *,
        shank_length_m: float | None = None,
        alignment: tuple[Quaternion, Quaternion] | None = None,
        labels: Iterable[Label] = (),
        realignments: Iterable[Realignment] = (),
        in_order: bool = False,
    ) -> None:
        self.side = side
        self.exercise = exercise
        geometry = Geometry(side, shank_length_m, *(alignment or (None, None)))
        self._fold = Fold(exercise, windows, reference, geometry, labels)
        for one in realignments:
            self._fold.realign(one)
        self._sample: Callable[[KneeSample], list[Event]] = self._fold.sample
        self._catch_up: CatchUp | None = None
        self._newest = 0  # the highest number so far; kept while there is a catch-up
        self._gap: Gap | None = None  # told, and the sample behind it has not come yet
        self._in_order = in_order
        self._ended = False
        self._flushed = False

    # --- for a live view -------------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """Where in a rep the leg is now."""
        return self._fold.phase

    @property
    def q_shank_sensor(self) -> Quaternion | None:
        """How the shank's sensor sits on its segment now, where that is known."""
        return self._fold.q_shank_sensor

    def shown(self, sample: KneeSample) -> KneeSample:
        """One of the newest samples with the angles of the alignment in force."""
        for one in reversed(self._fold.realigned):
            if one.number == sample.number:
                return one
        return sample

    @property
    def flexion_deg(self) -> float:
        """The flexion now (low-passed)."""
        return self._fold.flexion_deg

    @property
    def excursion_deg(self) -> float | None:
        """The excursion now, while a rep is under way and there is a reference; else None."""
        return self._fold.excursion_deg

    @property
    def crossed(self) -> int:
        """INWARD or OUTWARD (`kneecore.watch`) at the sample that completes its criterion."""
        return self._fold.crossed

    # --- feeding ---------------------------------------------------------------------------------

    def feed(self, item: Decoded) -> list[Event]:
        """What this item brought. Never raises on data."""
        if isinstance(item, KneeSample):
            return self._sample(item)
        if isinstance(item, Gap):
            return (
                [] if self._ended or item.channel is not Channel.MEASUREMENT else self._seen(item)
            )
        if isinstance(item, Status):
            if self._catch_up is not None:
                self._catch_up.base.status(item)
            return self._fold.status(item)
        if isinstance(item, TransferDone) and self._catch_up is not None and item.gone is not None:
            self._catch_up.gone(*item.gone)
            return self._caught_up(self._catch_up)
        return []

    def realign(self, what: Realignment) -> None:
        """The leg has another alignment from an instant on that is later than all so far."""
        if self._catch_up is not None:
            self._catch_up.base.realign(what)
        self._fold.realign(what)

    def feed_all(self, items: Iterable[Decoded]) -> list[Event]:
        """`feed` for each, in one list."""
        events: list[Event] = []
        for item in items:
            said = self._sample(item) if isinstance(item, KneeSample) else self.feed(item)
            if said:
                events += said
        return events

    def ends_here(self) -> None:
        """Take nothing that was measured after the newest sample; what is missing still is."""
        self._ended = True
        if self._catch_up is None:
            self._sample = _passed_over

    def flush(self) -> list[Event]:
        """The end of the data: what is under way ends here."""
        events = [] if self._catch_up is None else self._caught_up(self._catch_up, at_once=True)
        self.ends_here()
        self._flushed = True
        return events + self._fold.flush()

    def result(self) -> LegResult:
        """The latest word on everything; final after `flush`."""
        fold = self._fold
        return LegResult(
            side=self.side,
            exercise=self.exercise,
            reps=tuple(fold.sets.reps.values()),
            sets=tuple(fold.sets.sets),
            reference=fold.sets.reference,
            gaps=fold.gaps,
            warnings=fold.warnings,
            rejected=fold.rejected,
            band_cues_s=fold.band_cues_s,
            last_s=fold.last_s,
        )

    # --- behind a gap ----------------------------------------------------------------------------

    def _seen(self, gap: Gap) -> list[Event]:
        fold = self._fold
        if self._catch_up is None and not self._in_order:
            self._newest = fold.last_number
            self._catch_up = CatchUp(fold.copy(), fold.last_number + 1)
            self._sample = self._behind_a_gap
        self._gap = gap
        fold.gap(gap)
        return [GapSeen(gap)]

    def _behind_a_gap(self, sample: KneeSample) -> list[Event]:
        catch_up = self._catch_up
        if catch_up is None or not makes_sense(sample):
            return []
        number = sample[0]
        events: list[Event] = []
        if number > self._newest:
            if self._ended:
                return []
            events = self._goes_on(catch_up, sample)
        elif not catch_up.take(sample, late=True):
            return []
        return events + self._caught_up(catch_up)

    def _goes_on(self, catch_up: CatchUp, sample: KneeSample) -> list[Event]:
        """A sample beyond all others: a live one."""
        number = sample[0]
        gap, self._gap = self._gap, None
        first = self._newest + 1
        if self._fold.is_new:  # the gap is before everything
            first = catch_up.due = number - (0 if gap is None else gap.count)
        catch_up.hole(first, number, gap)
        self._newest = number
        catch_up.take(sample, late=False)
        return self._fold.sample(sample)

    def _caught_up(self, catch_up: CatchUp, *, at_once: bool = False) -> list[Event]:
        """What is otherwise than it was told, where that is known by now."""
        catch_up.advance()
        if not catch_up.better and not (at_once and catch_up.settled):
            return []
        before = self._fold
        settled, catch_up.settled = catch_up.settled, []
        if catch_up.over and self._gap is None:
            self._fold = catch_up.base
            self._catch_up = None
            self._sample = _passed_over if self._ended else self._fold.sample
        elif not catch_up.unchanged:
            self._fold = catch_up.seen()
            if self._gap is not None:
                self._fold.gap(self._gap)
        if self._flushed and self._fold is not before:
            self._fold.flush()
        return [*settled, *_changes(before, self._fold)]


def _passed_over(_: KneeSample) -> list[Event]:
    return []


def _changes(before: Fold, now: Fold) -> list[Event]:
    """What is to be told of `now` to those who were told all of `before`."""
    events: list[Event] = []
    if now is before:
        return events
    reps, told = now.sets.reps, before.sets.reps
    sets, told_sets = now.sets.sets, before.sets.sets
    if len(reps) < len(told) or len(sets) < len(told_sets):
        events.append(Withdrawn(min(len(reps), len(told)), min(len(sets), len(told_sets))))
    for index, rep in reps.items():
        if index not in told:
            events.append(RepEnded(rep))
        elif rep != told[index]:
            events.append(RepRevised(rep))
    events += [
        SetEnded(one) for at, one in enumerate(sets) if at >= len(told_sets) or one != told_sets[at]
    ]
    events += [Warned(text) for text in now.warnings if text not in before.warnings]
    return events
