"""The fold of one leg's samples, strictly in order: reps, sets, what a live view shows meanwhile.

    sample -> RepDetector (kneecore) -> boundaries -> measures -> Sets -> RepEnded, RepRevised, ...
           -> ExcursionTracker (kneecore) -> what a live view shows while the rep is under way

Samples that came late or twice are passed over, and so are samples flagged UNALIGNED (their angles
mean nothing) and samples whose numbers make no sense. Memory is flat in the length: the samples of
the last quarter of a minute, and the measured reps of the set under way. `copy` gives a second fold
that goes on from here by itself; what never changes is shared.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterable

from kneecore import wire
from kneecore.excursion import ExcursionTracker
from kneecore.reps import ASCENDING, DESCENDING, ENDED, STANDING, STARTED, Params, RepDetector
from kneetrack.detection import criteria
from kneetrack.detection.measures import PAD_S, PERIOD_S, ShankView, measure
from kneetrack.detection.reference import Reference
from kneetrack.detection.sets import Sets
from kneetrack.samples import (
    Event,
    Gap,
    KneeSample,
    Phase,
    Side,
    Status,
    Warned,
    Window,
)

_KEPT_S = Params().longest_s + 4.0
_GAPS_KEPT = 64
_NOTABLE_FLAGS = wire.FLAG_UNALIGNED | wire.FLAG_SLIP | wire.FLAG_IMU_FAULT
UNALIGNED_S = 3.0
"""So long a band may be without a heading (its filters have just started) before it is told."""
_LIMIT_DEG = 1000.0  # beyond any three angles; NaN is not below it either
_LIMIT_S = 1e9

_PHASES = {
    STANDING: Phase.STANDING,
    DESCENDING: Phase.DESCENDING,
    ASCENDING: Phase.ASCENDING,
}

_FAULTS = (
    (wire.FAULT_THIGH_IMU, "The IMU on the thigh does not answer: check its cable."),
    (wire.FAULT_SHANK_IMU, "The IMU on the shank does not answer: check its cable."),
    (wire.FAULT_STORE, "The band cannot store its settings."),
)


def makes_sense(sample: KneeSample) -> bool:
    """Whether a sample's numbers are any that a knee can have; NaN are not."""
    _, time_s, flexion, valgus, rotation, _, _, _, _ = sample
    return (
        -_LIMIT_S < time_s < _LIMIT_S
        and -_LIMIT_DEG < flexion < _LIMIT_DEG
        and -_LIMIT_DEG < valgus < _LIMIT_DEG
        and -_LIMIT_DEG < rotation < _LIMIT_DEG
    )


def _copied(tracker: ExcursionTracker | None) -> ExcursionTracker | None:
    """The same tracker, with a life of its own; the reference curve is shared."""
    return copy.deepcopy(tracker, {} if tracker is None else {id(tracker.curve): tracker.curve})


class Fold:
    """One leg of one session, in order of time; the arguments are those of `Analyzer`."""

    def __init__(
        self,
        side: Side,
        exercise: str,
        windows: Iterable[Window],
        reference: Reference | None,
        shank: ShankView | None,
    ) -> None:
        self.side = side
        self.exercise = exercise
        self._shank = shank
        self._detector = RepDetector(PERIOD_S)
        spans = tuple(windows)
        self._looked_at = tuple(w for w in spans if w.kind in ("set", "reference"))
        self._sets = Sets(spans, reference)
        self._tracker: ExcursionTracker | None = None
        self._tracked: Reference | None = None
        self._excursion_deg: float | None = None
        self._recent: deque[KneeSample] = deque(maxlen=int(_KEPT_S / PERIOD_S))
        self.last_number = -1  # of the newest sample that was taken, and when that was
        self.last_s = -_LIMIT_S
        self._noted_flags = 0  # those of _NOTABLE_FLAGS that stood in the last sample
        self._unaligned_s = 0.0  # since when, where that is one of them
        self._gaps: list[Gap] = []
        self._warnings: list[str] = []
        self._looks_for_reps = exercise in criteria.SQUAT_FAMILY

    def copy(self) -> Fold:
        """Another fold in the same state."""
        other = copy.copy(self)
        other._detector = copy.deepcopy(self._detector)
        other._sets = self._sets.copy()
        other._tracker = _copied(self._tracker)
        other._recent = self._recent.copy()
        other._gaps = self._gaps.copy()
        other._warnings = self._warnings.copy()
        return other

    # --- for a live view -------------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """Where in a rep the leg is now."""
        return _PHASES[self._detector.state]

    @property
    def flexion_deg(self) -> float:
        """The flexion now (low-passed)."""
        return self._detector.flexion_deg

    @property
    def excursion_deg(self) -> float | None:
        """The excursion now, while a rep is under way and there is a reference; else None."""
        return self._excursion_deg

    # --- feeding ---------------------------------------------------------------------------------

    def gap(self, gap: Gap) -> None:
        """Samples that are missing, before the next one that comes."""
        self._gaps.append(gap)

    def status(self, status: Status) -> list[Event]:
        """What the band says of itself."""
        return [event for bit, text in _FAULTS if status.faults & bit for event in self._warn(text)]

    def flush(self) -> list[Event]:
        """The end of the data: what is under way ends here."""
        events = self._rep_over() if self._detector.finish() == ENDED else []
        return events + self._noted(self._sets.close())

    @property
    def is_new(self) -> bool:
        """Whether no sample has been taken yet."""
        return self.last_s == -_LIMIT_S

    @property
    def sets(self) -> Sets:
        """The latest word on reps and sets."""
        return self._sets

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return tuple(self._gaps)

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self._warnings)

    def sample(self, sample: KneeSample) -> list[Event]:
        """One sample. One that is not later than those before is passed over."""
        number, time_s, flexion, valgus, rotation, _, _, _, flags = sample
        if not (
            self.last_s < time_s < _LIMIT_S
            and -_LIMIT_DEG < flexion < _LIMIT_DEG
            and -_LIMIT_DEG < valgus < _LIMIT_DEG
            and -_LIMIT_DEG < rotation < _LIMIT_DEG
        ):
            return []
        self.last_s = time_s
        self.last_number = number
        events: list[Event] = []
        if flags & _NOTABLE_FLAGS or self._noted_flags or not self._looks_for_reps:
            events = self._notable(time_s, flags)
            if flags & wire.FLAG_UNALIGNED or not self._looks_for_reps:
                return events
        self._recent.append(sample)
        detector = self._detector
        boundary = detector.update(time_s, flexion)
        if boundary is not None:
            if boundary == STARTED:
                self._begin_tracking()
            elif boundary == ENDED:
                events += self._rep_over()
        if detector.state == STANDING:
            self._excursion_deg = None
        elif self._tracker is not None:
            self._excursion_deg = self._tracker.update(
                detector.flexion_deg, detector.rate_deg_s, valgus
            )
        if time_s > self._sets.next_s:
            standing = detector.state == STANDING
            events += self._noted(self._sets.pass_time(time_s, standing))
        return events

    # --- inside ----------------------------------------------------------------------------------

    def _rep_over(self) -> list[Event]:
        detector = self._detector
        start_s, end_s = detector.start_s, detector.end_s
        rows: list[KneeSample] = []
        for sample in reversed(self._recent):
            if sample[1] < start_s - PAD_S:
                break
            rows.append(sample)
        rows.reverse()
        gap_s = sum(
            max(0.0, min(gap.end_s, end_s) - max(gap.start_s, start_s))
            for gap in self._gaps[-_GAPS_KEPT:]
        )
        measured = measure(rows, start_s, end_s, gap_s, self._shank)
        return [] if measured is None else self._noted(self._sets.add(measured))

    def _begin_tracking(self) -> None:
        reference = self._sets.current()
        if reference is not self._tracked:
            self._tracked = reference
            self._tracker = None
        if reference is not None:
            self._tracker = ExcursionTracker(reference.curve(), reference.sem_deg, PERIOD_S)

    def _notable(self, time_s: float, flags: int) -> list[Event]:
        """What flags ask to be said, and a slip's beginning."""
        events: list[Event] = []
        if not self._looks_for_reps:
            word = self.exercise.replace("_", " ")
            events += self._warn(
                f'No reps are looked for in "{word}": they are found in squats, '
                "lunges, step-downs and sit-to-stands."
            )
        began = flags & ~self._noted_flags
        if began & wire.FLAG_UNALIGNED:
            self._unaligned_s = time_s
        if (
            flags & wire.FLAG_UNALIGNED
            and time_s - self._unaligned_s > UNALIGNED_S
            and self._is_looked_at(time_s)
        ):
            events += self._warn(
                "The band had no alignment, or had not seen a standing rest yet, in part of the "
                "recording: that part is not analysed."
            )
        if flags & wire.FLAG_IMU_FAULT:
            events += self._warn("An IMU did not answer in part of the recording.")
        if began & wire.FLAG_SLIP:
            self._sets.note_slip(time_s)
            events += self._warn(
                "The heading jumped at a standing rest: the strap slipped or a foot moved. The "
                "reps around it are doubtful; stand still and do three reference reps again."
            )
        self._noted_flags = flags & _NOTABLE_FLAGS
        return events

    def _is_looked_at(self, time_s: float) -> bool:
        """Whether a set or reference reps are under way; always, where no window says when."""
        spans = self._looked_at
        return not spans or any(w.start_s <= time_s <= w.end_s for w in spans)

    def _warn(self, text: str) -> list[Event]:
        """A Warned, the first time that this is said."""
        if text in self._warnings:
            return []
        self._warnings.append(text)
        return [Warned(text)]

    def _noted(self, events: list[Event]) -> list[Event]:
        """What the sets said, with its warnings kept for the result."""
        self._warnings += [event.text for event in events if isinstance(event, Warned)]
        return events
