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
    `reach_s`: how long a repetition may last, to when its end is known. `without_axes`,
    `feet_move`: as in `ByBouts`."""

    excursion_deg: float | None
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
        self.excursion_deg: float | None = None
        self._how = how
        self._windows, self._labels = windows, labels
        self._sets = Sets(windows, reference, labels)
        self._detector = how.finder()
        self._tracker: ExcursionTracker | None = None
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
    def span_s(self) -> tuple[float, float]:
        return self._detector.start_s, self._detector.end_s

    def take(self, sample: KneeSample) -> bool:
        detector = self._detector
        boundary = detector.update(sample[1], sample[2])
        if boundary == STARTED:
            self._begin_tracking()
        if detector.state == STANDING:
            self.excursion_deg = None
        elif self._tracker is not None:
            self.excursion_deg = self._tracker.update(
                detector.flexion_deg, detector.rate_deg_s, sample[3]
            )
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
        self._tracker = self._tracked = self.excursion_deg = None
        self._turning = leaving.Turning()
        return events

    def copy(self) -> _Reps:
        other = copy.copy(self)
        other._sets = self._sets.copy()
        other._detector = copy.deepcopy(self._detector)
        other._rejected = self._rejected.copy()
        other._turning = copy.copy(self._turning)
        tracker = self._tracker
        if tracker is not None:  # the reference curve is shared
            other._tracker = copy.deepcopy(tracker, {id(tracker.curve): tracker.curve})
        return other

    def _begin_tracking(self) -> None:
        reference = self._sets.current()
        if reference is not self._tracked:
            self._tracked = reference
            self._tracker = None
        if reference is not None:
            self._tracker = ExcursionTracker(reference.curve(), reference.sem_deg, PERIOD_S)


class _Bouts:
    excursion_deg: float | None = None
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
