"""What the fold does that depends on how a movement's repetitions are found and held together.

    Reps    found by flexion, followed by the excursion tracker, measured and judged in `Sets`
    Bouts   found in whole samples, measured and described in `bouts.Bouts`

`take` is told every sample and answers whether a repetition has ended with it; the fold then cuts
it out of what it keeps and hands it to `measured`.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from kneecore.excursion import ExcursionTracker
from kneecore.reps import ASCENDING, DESCENDING, ENDED, REJECTED, STANDING, STARTED
from kneecore.watch import NO_WAY, RepWatch
from kneetrack.detection import bouts, leaving
from kneetrack.detection.cut import PERIOD_S, Cut, Geometry
from kneetrack.detection.measures import measure
from kneetrack.detection.movements import ByBouts, ByReps, movement_of
from kneetrack.detection.movements.movement import SampleFinder
from kneetrack.detection.realigning import Realignment, windows_after
from kneetrack.detection.reference import Reference
from kneetrack.detection.sets import Sets
from kneetrack.samples import Event, KneeSample, Label, Phase, Rejected, Window

_PHASES = {
    STANDING: Phase.STANDING,
    DESCENDING: Phase.DESCENDING,
    ASCENDING: Phase.ASCENDING,
}


_MOST_REJECTED = 1000
"""So many are kept: a walk that is taken for a set of squats has one a step."""


class Seeker(Protocol):
    """`excursion_deg`: the excursion now, while a rep is under way and there is a reference.
    `crossed`: which way (`kneecore.watch`), at the sample that completes the criterion.
    `reach_s`: how long a repetition may last, to when its end is known. `without_axes`,
    `feet_move`: as in `ByBouts`."""

    reach_s: float
    without_axes: bool
    feet_move: bool

    @property
    def sets(self) -> Sets | bouts.Bouts: ...
    @property
    def rejected(self) -> Sequence[Rejected]:
        """What looked like a repetition and was none."""
        ...

    @property
    def phase(self) -> Phase: ...
    @property
    def flexion_deg(self) -> float: ...
    @property
    def excursion_deg(self) -> float | None: ...
    @property
    def crossed(self) -> int: ...
    @property
    def span_s(self) -> tuple[float, float]:
        """When the repetition began and ended that has just ended."""
        ...

    def take(self, sample: KneeSample) -> bool: ...
    def finish(self) -> bool:
        """The end of the data: whether it ends a repetition."""
        ...

    def measured(self, cut: Cut) -> list[Event]: ...
    def realigned(self, what: Realignment, geometry: Geometry) -> list[Event]:
        """Angles, axes and reference are others from here on; nothing is under way."""
        ...

    def copy(self) -> Seeker: ...


def seeker_of(
    exercise: str,
    geometry: Geometry,
    windows: Sequence[Window],
    reference: Reference | None,
    labels: Sequence[Label],
) -> Seeker:
    """The seeker of a movement."""
    how = movement_of(exercise).how
    if isinstance(how, ByReps):
        return _Reps(how, windows, reference, labels)
    return _Bouts(how, geometry, bouts.Bouts(windows, how.rest_s, labels, how.doubts))


class _Reps:
    without_axes = feet_move = False

    def __init__(
        self,
        how: ByReps,
        windows: Sequence[Window],
        reference: Reference | None,
        labels: Sequence[Label],
    ) -> None:
        self.reach_s = how.reach_s
        self._how = how
        self._windows, self._labels = windows, labels
        self._sets = Sets(windows, reference, labels)
        self._detector = how.finder()
        self._watch = RepWatch(self._detector, PERIOD_S)
        self._tracked: Reference | None = None
        self._rejected: list[Rejected] = []
        self._turning = leaving.Turning()

    @property
    def sets(self) -> Sets:
        return self._sets

    @property
    def rejected(self) -> Sequence[Rejected]:
        return self._rejected

    @property
    def phase(self) -> Phase:
        return _PHASES[self._detector.state]

    @property
    def flexion_deg(self) -> float:
        return self._detector.flexion_deg

    @property
    def excursion_deg(self) -> float | None:
        return self._watch.excursion_deg

    @property
    def crossed(self) -> int:
        return self._watch.crossed

    @property
    def span_s(self) -> tuple[float, float]:
        return self._detector.start_s, self._detector.end_s

    def take(self, sample: KneeSample) -> bool:
        detector, watch = self._detector, self._watch
        boundary = watch.find(sample[1], sample[2])
        if boundary == STARTED:
            watch.begin(self._tracker())
        watch.compare(sample[3])
        if self._how.feet_stay:
            self._watch_feet(sample, boundary)
        if boundary == REJECTED:
            self._reject(detector.reason)
        return boundary == ENDED

    def _watch_feet(self, sample: KneeSample, boundary: int | None) -> None:
        """Tell the sets of steps, and of a turn."""
        detector = self._detector
        if boundary == ENDED:
            self._turning.begin(sample)
        elif boundary == REJECTED and leaving.is_step(
            detector.start_s, detector.end_s, detector.peak_deg, detector.reason
        ):
            self._sets.note_step(detector.end_s)
        elif self._turning.has_turned(sample):
            self._sets.note_turn(sample.time_s)

    def _reject(self, reason: str) -> None:
        detector = self._detector
        one = Rejected(detector.start_s, detector.end_s, detector.peak_deg, reason)
        if len(self._rejected) < _MOST_REJECTED and self._sets.counts(one.start_s, one.end_s):
            self._rejected.append(one)

    def finish(self) -> bool:
        boundary = self._detector.finish()
        if boundary == REJECTED:
            self._reject(self._detector.reason)
        return boundary == ENDED

    def measured(self, cut: Cut) -> list[Event]:
        measured = measure(cut, self._how.shallow_deg)
        values = self._how.measure(cut, measured)
        return self._sets.add(replace(measured, values=values))

    def realigned(self, what: Realignment, geometry: Geometry) -> list[Event]:
        events = self._sets.close(what.from_s)
        self._windows = windows_after(self._windows, what)
        self._sets = Sets(self._windows, what.reference, self._labels, after=self._sets)
        self._detector = self._how.finder()
        self._watch = RepWatch(self._detector, PERIOD_S)
        self._tracked = None
        self._turning = leaving.Turning()
        return events

    def copy(self) -> _Reps:
        other = copy.copy(self)
        other._sets = self._sets.copy()
        tracker = self._watch.tracker
        shared = {id(tracker.curve): tracker.curve} if tracker is not None else {}
        other._watch = copy.deepcopy(self._watch, shared)
        other._detector = other._watch.detector
        other._rejected = self._rejected.copy()
        other._turning = copy.copy(self._turning)
        return other

    def _tracker(self) -> ExcursionTracker | None:
        """By the reference as it is now."""
        reference, before = self._sets.current(), self._tracked
        self._tracked = reference
        if reference is None:
            return None
        if reference is before:
            return self._watch.tracker
        return reference.tracker(PERIOD_S)


class _Bouts:
    excursion_deg = None
    crossed = NO_WAY
    rejected: Sequence[Rejected] = ()

    def __init__(self, how: ByBouts, geometry: Geometry, sets: bouts.Bouts) -> None:
        self._how = how
        self._sets = sets
        self._finder = self._finder_of(geometry)
        self.reach_s = how.reach_s
        self.without_axes, self.feet_move = how.without_axes, how.feet_move

    @property
    def sets(self) -> bouts.Bouts:
        return self._sets

    @property
    def phase(self) -> Phase:
        return self._finder.phase

    @property
    def flexion_deg(self) -> float:
        return self._finder.flexion_deg

    @property
    def span_s(self) -> tuple[float, float]:
        return self._finder.start_s, self._finder.end_s

    def take(self, sample: KneeSample) -> bool:
        return self._finder.take(sample) == ENDED

    def finish(self) -> bool:
        return self._finder.finish() == ENDED

    def measured(self, cut: Cut) -> list[Event]:
        key_s = self._finder.key_s
        values = {**self._how.measure(cut, key_s), **self._how.seen(self._finder)}
        return self._sets.add(bouts.described(cut, key_s, values))

    def realigned(self, what: Realignment, geometry: Geometry) -> list[Event]:
        self._finder = self._finder_of(geometry)
        return []

    def _finder_of(self, geometry: Geometry) -> SampleFinder:
        how = self._how
        return how.aligned(geometry) if how.aligned else how.finder(geometry.side)

    def copy(self) -> _Bouts:
        other = copy.copy(self)
        other._sets = self._sets.copy()
        other._finder = copy.deepcopy(self._finder)
        return other
