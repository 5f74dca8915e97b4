"""The fold of one leg's samples, strictly in order: reps, sets, what a live view shows meanwhile.

    sample -> the movement's seeker -> a repetition has ended: cut out, measured, told

Samples that came late or twice are passed over, and so are samples flagged UNALIGNED (their angles
mean nothing) and samples whose numbers make no sense. Memory is flat in the length: the samples of
the last quarter of a minute, and the measured reps of the set under way. `copy` gives a second fold
that goes on from here by itself; what never changes is shared.
"""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from kneecore import wire
from kneetrack import faults
from kneetrack.detection.bouts import Bouts
from kneetrack.detection.cut import PAD_S, PERIOD_S, Geometry, cut_out
from kneetrack.detection.realigning import Angles, Realignment
from kneetrack.detection.reference import Reference
from kneetrack.detection.seekers import seeker_of
from kneetrack.detection.sets import Sets
from kneetrack.samples import (
    Event,
    Gap,
    KneeSample,
    Label,
    Phase,
    Quaternion,
    Rejected,
    Status,
    Warned,
    Window,
)

_BEYOND_S = 4.0
"""Of samples that are kept beyond the longest repetition."""
_GAPS_KEPT = 64
_SHOWN = 32  # samples: more than a packet that comes live holds
_NOTABLE_FLAGS = wire.FLAG_UNALIGNED | wire.FLAG_SLIP | wire.FLAG_IMU_FAULT | wire.FLAG_CUED
RESTARTED = "band restarted"
"""Why samples are missing where the orientations begin anew; see protocol.decoder."""
UNALIGNED_S = 3.0
"""So long a band may be without a heading (its filters have just started) before it is told."""
_LIMIT_DEG = 1000.0  # beyond any three angles; NaN is not below it either
_LIMIT_S = 1e9

_SLIPPED = (
    "The heading jumped at a standing rest: the strap slipped or a foot moved. The reps around it "
    "are doubtful; stand still and do three reference reps again."
)


def is_slip(event: Event) -> bool:
    """Whether it tells of a strap that slipped."""
    return isinstance(event, Warned) and event.text.endswith(_SLIPPED)


def makes_sense(sample: KneeSample) -> bool:
    """Whether a sample's numbers are any that a knee can have; NaN are not."""
    _, time_s, flexion, valgus, rotation, _, _, _, _ = sample
    return (
        -_LIMIT_S < time_s < _LIMIT_S
        and -_LIMIT_DEG < flexion < _LIMIT_DEG
        and -_LIMIT_DEG < valgus < _LIMIT_DEG
        and -_LIMIT_DEG < rotation < _LIMIT_DEG
    )


class Fold:
    """One leg of one session, in order of time; the arguments are those of `Analyzer`."""

    def __init__(
        self,
        exercise: str,
        windows: Iterable[Window],
        reference: Reference | None,
        geometry: Geometry,
        labels: Iterable[Label] = (),
    ) -> None:
        self._geometry = geometry
        spans = tuple(windows)
        self._looked_at = tuple(w for w in spans if w.kind in ("set", "reference"))
        self._seeker = seeker_of(exercise, geometry, spans, reference, tuple(labels))
        self._needs_axes = geometry.q_shank_sensor is not None or not self._seeker.without_axes
        kept_s = self._seeker.reach_s + _BEYOND_S
        self._recent: deque[KneeSample] = deque(maxlen=int(kept_s / PERIOD_S))
        self.last_number = -1  # of the newest sample that was taken, and when that was
        self.last_s = -_LIMIT_S
        self.band_cues_s: tuple[float, ...] = ()
        self._noted_flags = 0  # those of _NOTABLE_FLAGS that stood in the last sample
        self._unaligned_s = 0.0  # since when, where that is one of them
        self._gaps: list[Gap] = []
        self._warnings: list[str] = []
        self._realignments: tuple[Realignment, ...] = ()  # those to come
        self._realign_s = math.inf  # when the next one holds
        self._angles: Angles | None = None  # of the one in force
        self.realigned: deque[KneeSample] = deque(maxlen=_SHOWN)
        """The newest samples with the angles of the one in force; empty without one."""
        self._since = ""  # what slips after it are told with

    def copy(self) -> Fold:
        """Another fold in the same state."""
        other = copy.copy(self)
        other._seeker = self._seeker.copy()
        other._recent = self._recent.copy()
        other._gaps = self._gaps.copy()
        other._warnings = self._warnings.copy()
        other._angles = copy.deepcopy(self._angles)
        other.realigned = self.realigned.copy()
        return other

    # --- for a live view -------------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """Where in a rep the leg is now."""
        return self._seeker.phase

    @property
    def q_shank_sensor(self) -> Quaternion | None:
        """How the shank's sensor sits on its segment now, where that is known."""
        return self._geometry.q_shank_sensor

    @property
    def flexion_deg(self) -> float:
        """The flexion now (low-passed)."""
        return self._seeker.flexion_deg

    @property
    def excursion_deg(self) -> float | None:
        """The excursion now, while a rep is under way and there is a reference; else None."""
        return self._seeker.excursion_deg

    @property
    def crossed(self) -> int:
        """INWARD or OUTWARD (`kneecore.watch`) at the sample that completes its criterion."""
        return self._seeker.crossed

    # --- feeding ---------------------------------------------------------------------------------

    def realign(self, what: Realignment) -> None:
        """The leg has another alignment from an instant on that is still to come."""
        self._realignments = (*self._realignments, what)
        self._realign_s = self._realignments[0].from_s

    def gap(self, gap: Gap) -> None:
        """Samples that are missing, before the next one that comes."""
        self._gaps.append(gap)
        if self._angles is not None and gap.reason == RESTARTED:
            self._angles.restarted()

    def status(self, status: Status) -> list[Event]:
        """What the band says of itself."""
        return [event for text in faults.texts(status.faults) for event in self._warn(text)]

    def flush(self) -> list[Event]:
        """The end of the data: what is under way ends here."""
        events = self._rep_over() if self._seeker.finish() else []
        return events + self._noted(self.sets.close())

    @property
    def is_new(self) -> bool:
        """Whether no sample has been taken yet."""
        return self.last_s == -_LIMIT_S

    @property
    def sets(self) -> Sets | Bouts:
        """The latest word on reps and sets."""
        return self._seeker.sets

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return tuple(self._gaps)

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        return tuple(self._seeker.rejected)

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
        if time_s >= self._realign_s:
            events = self._realigned()
        if self._angles is not None:
            sample = self._angles.of(sample)
            self.realigned.append(sample)
            flags = sample[8]
        if flags & _NOTABLE_FLAGS or self._noted_flags:
            events += self._notable(time_s, flags)
            if flags & wire.FLAG_UNALIGNED and self._needs_axes:
                return events
        self._recent.append(sample)
        seeker = self._seeker
        if seeker.take(sample):
            events += self._rep_over()
        sets = seeker.sets
        if time_s > sets.next_s:
            events += self._noted(sets.pass_time(time_s, seeker.phase is Phase.STANDING))
        return events

    # --- inside ----------------------------------------------------------------------------------

    def _realigned(self) -> list[Event]:
        """From here on the next re-alignment holds; what is under way ends."""
        what, *rest = self._realignments
        self._realignments = tuple(rest)
        self._realign_s = rest[0].from_s if rest else math.inf
        events = self._rep_over() if self._seeker.finish() else []
        self._recent.clear()
        self._noted_flags = 0
        self._angles = Angles(what.calibration) if what.angles else None
        self._geometry = replace(
            self._geometry,
            q_thigh_sensor=what.calibration.q_thigh_sensor,
            q_shank_sensor=what.calibration.q_shank_sensor,
        )
        self._needs_axes = True
        self._since = f"After the re-alignment at {what.clock}: "
        events += self._noted(self._seeker.realigned(what, self._geometry))
        return events + self._warn(what.sentence)

    def _rep_over(self) -> list[Event]:
        start_s, end_s = self._seeker.span_s
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
        cut = cut_out(rows, start_s, end_s, gap_s, self._geometry)
        return [] if cut is None else self._noted(self._seeker.measured(cut))

    def _notable(self, time_s: float, flags: int) -> list[Event]:
        """What flags ask to be said, and a slip's beginning."""
        events: list[Event] = []
        began = flags & ~self._noted_flags
        if began & wire.FLAG_UNALIGNED:
            self._unaligned_s = time_s
        if (
            flags & wire.FLAG_UNALIGNED
            and self._needs_axes
            and time_s - self._unaligned_s > UNALIGNED_S
            and self._is_looked_at(time_s)
        ):
            events += self._warn(
                "The band had no alignment, or had not seen a standing rest yet, in part of the "
                "recording: that part is not analysed."
            )
        if flags & wire.FLAG_IMU_FAULT:
            events += self._warn("An IMU did not answer in part of the recording.")
        if began & wire.FLAG_CUED:
            self.band_cues_s += (time_s,)
        if began & wire.FLAG_SLIP and not self._seeker.feet_move:
            self.sets.note_slip(time_s)
            events += self._warn(self._since + _SLIPPED)
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
