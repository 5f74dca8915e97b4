"""Which rep belongs to which set, what it is compared with, and when it is final.

Rules
    1. A rep belongs to the window that holds its deepest point. With `set` windows, only reps in
       them count; without, all do that lie in no other window, and a set is over when the person
       has gone, or 20 s after its last rep (`leaving`).
    2. The reference is, in this order: the reps in `reference` windows; the one given; those in
       `functional` windows (outside the sets); the first three of a set of six or more, for that
       set alone, flagged (but one that stands out from the other two is judged by them). Each takes
       three; where fewer were done, that and what serves instead is said. A set that has none of
       these is described, not judged.
    3. Reps in `reference` windows are listed, with no verdict; outside a set they carry set -1.
       Functional reps are not listed.
    4. While a set runs, a rep's verdict is provisional: what the set shares is not known yet. When
       the set is over, and every window that may still give a reference, all its reps are judged
       again and told as revised. The last that is told of a rep is final.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

from kneecore.excursion import threshold_deg
from kneetrack.detection import criteria, verdicts
from kneetrack.detection.compared_with import ComparedWith
from kneetrack.detection.judgement import describe
from kneetrack.detection.labels import label_of
from kneetrack.detection.leaving import over_s
from kneetrack.detection.measures import Measured
from kneetrack.detection.open_set import Member, OpenSet
from kneetrack.detection.reference import LEAST_REPS, Reference, build
from kneetrack.detection.shift import Shift, fit
from kneetrack.samples import (
    Event,
    Label,
    Rep,
    RepEnded,
    RepRevised,
    RepSet,
    SetEnded,
    Verdict,
    Warned,
    Window,
)

_OUTSIDE = -1  # the set index of reference reps outside any set
_RECENT_REPS = 8  # what a provisional shift is made of
_LATEST_S = 12.0  # a movement that is still under way so long after a window does not hold it open


class Sets:
    """Measured reps in, in order of time; events out. `reps` and `sets` hold the latest word."""

    def __init__(
        self,
        windows: Sequence[Window],
        given: Reference | None,
        labels: Sequence[Label] = (),
        *,
        after: Sets | None = None,
    ) -> None:
        """`after` are closed ones whose reps and sets these follow."""
        self.reps: dict[int, Rep] = {} if after is None else after.reps
        self.sets: list[RepSet] = [] if after is None else after.sets
        self.next_s = math.inf  # `pass_time` has nothing to say before
        self._windows = [window for window in windows if window.start_s <= window.end_s]
        self._labels = labels
        self._compared = ComparedWith(self._windows, given)
        self._first_own: Reference | None = None
        self._windowed = any(window.kind == "set" for window in self._windows)
        self._outside = OpenSet(_OUTSIDE, None)
        self._open: list[OpenSet] = [
            OpenSet(index, window)
            for index, window in enumerate(
                sorted(
                    (window for window in self._windows if window.kind == "set"),
                    key=lambda window: (window.start_s, window.end_s),
                ),
                len(self.sets),
            )
        ]
        self._set_count = len(self.sets) + len(self._open)
        self._slips_s: list[float] = []
        self._steps_s: list[float] = []  # since the last rep
        self._turned_s = -math.inf
        self._told_no_reference = False
        self._plan()

    def copy(self) -> Sets:
        """Another one in the same state; what was measured is shared, for it never changes."""
        other = copy.copy(self)
        other.reps = self.reps.copy()
        other.sets = self.sets.copy()
        other._compared = self._compared.copy()
        other._outside = self._outside.copy()
        other._open = [one.copy() for one in self._open]
        other._slips_s = self._slips_s.copy()
        other._steps_s = self._steps_s.copy()
        return other

    @property
    def reference(self) -> Reference | None:
        """What reps are compared with: the shared reference, else the first set's own."""
        return self._compared.shared or self._first_own

    def current(self) -> Reference | None:
        """The reference for the set under way, as far as it is known."""
        if self._compared.shared is None and self._open:
            return self._open[0].own_reference
        return self._compared.shared

    def note_slip(self, time_s: float) -> None:
        """The heading jumped here: the rep before it and the rest of the set are in doubt.

        What has slipped stays so. A new set has a new stance, and what it shares is taken off.
        """
        self._slips_s.append(time_s)

    def note_step(self, time_s: float) -> None:
        """The leg took a step here."""
        if len(self._steps_s) < criteria.STEPS_GONE:
            self._steps_s.append(time_s)
            self._plan()

    def note_turn(self, time_s: float) -> None:
        """The person has turned away from where the last rep was done."""
        self._turned_s = time_s
        self._plan()

    def add(self, rep: Measured) -> list[Event]:
        """A rep that has just ended."""
        label = label_of(self._labels, rep.start_s, rep.end_s)
        kinds = {
            window.kind
            for window in self._windows
            if window.start_s <= rep.bottom_s <= window.end_s
        }
        home = self._home(rep, kinds)
        self._steps_s = []
        if label is None and "reference" in kinds:
            self._compared.learn("reference", rep)
        elif "functional" in kinds and (home is None or home.window is None):
            if label is None:
                self._compared.learn("functional", rep)
            return []
        if home is None:
            return []
        member = Member(len(self.reps), rep, "reference" in kinds, label)
        home.members.append(member)
        events: list[Event] = []
        if rep.end_s > self._compared.until_s and self._serves_itself(home):
            events += self._take_first_reps(home)
        home.shift = self._shift(home, home.shift)
        told = self._describe(home, member, home.shift, provisional=True)
        self.reps[member.index] = told
        self._plan()
        return [RepEnded(told), *events]

    def counts(self, start_s: float, end_s: float) -> bool:
        """Whether a rep there would be one of a set's."""
        middle_s = 0.5 * (start_s + end_s)
        held = {w.kind for w in self._windows if w.start_s <= middle_s <= w.end_s}
        return "set" in held if self._windowed else not held

    def pass_time(self, time_s: float, standing: bool) -> list[Event]:
        """The sets that are over at this instant."""
        events: list[Event] = []

        def over(end_s: float) -> bool:
            return time_s > end_s and (standing or time_s > end_s + _LATEST_S)

        if not self._compared.is_told and over(self._compared.until_s):
            events += self._compared.told()
        if self._outside.members and over(self._compared.until_s):
            events += self._finish(self._outside)
        while self._open and over(max(self._ends_s(self._open[0]), self._compared.until_s)):
            events += self._finish(self._open.pop(0))
        self._plan()
        return events

    def close(self, at_s: float = math.inf) -> list[Event]:
        """The end of the data, or of an alignment: then sets begun by then end."""
        events = self._compared.told()
        events += self._finish(self._outside) if self._outside.members else []
        while self._open and (self._open[0].window is None or self._open[0].window.start_s < at_s):
            events += self._finish(self._open.pop(0))
        self._plan()
        return events

    # --- where a rep belongs ---------------------------------------------------------------------

    def _home(self, rep: Measured, kinds: set[str]) -> OpenSet | None:
        if self._windowed:
            for one in self._open:
                window = one.window
                if window is not None and window.start_s <= rep.bottom_s <= window.end_s:
                    return one
        if "reference" in kinds:
            return self._outside
        if self._windowed or kinds - {"set"}:
            return None
        if not self._open or rep.start_s > self._ends_s(self._open[-1]):
            self._open.append(OpenSet(self._set_count, None))
            self._set_count += 1
        return self._open[-1]

    def _ends_s(self, one: OpenSet) -> float:
        """After this instant the set takes no more reps."""
        if one.window is not None or not one.members:
            return one.window.end_s if one.window is not None else math.inf
        if one is not self._open[-1]:
            return -math.inf  # another one has begun
        return over_s(one.members[-1].measured.end_s, self._steps_s, self._turned_s)

    def _plan(self) -> None:
        self.next_s = math.inf
        if self._outside.members or not self._compared.is_told:
            self.next_s = self._compared.until_s
        if self._open:
            ends_s = max(self._ends_s(self._open[0]), self._compared.until_s)
            self.next_s = min(self.next_s, ends_s)

    # --- judging ---------------------------------------------------------------------------------

    def _serves_itself(self, one: OpenSet) -> bool:
        """Whether the set's own first reps are what is left to compare with."""
        return (
            self._compared.shared is None
            and one.own_reference is None
            and one.index != _OUTSIDE
            and len(one.unlabelled) >= criteria.FIRST_REPS_OF
        )

    def _take_first_reps(self, one: OpenSet) -> list[Event]:
        first = one.unlabelled[: criteria.FIRST_REPS]
        one.own_reference = build([member.measured for member in first], "first_three")
        if one.own_reference is None:
            return []
        self._first_own = self._first_own or one.own_reference
        odd = {number for number, _ in one.own_reference.standouts}
        for number, member in enumerate(first, 1):
            member.is_reference = number not in odd
        shift = one.shift = self._shift(one)
        events: list[Event] = [
            Warned(
                f"{self._compared.lacking()}: the first three of set {one.index + 1} serve as the "
                "reference for the rest of it."
            ),
            *(Warned(text) for text in one.own_reference.remarks),
        ]
        for member in one.members[:-1]:
            told = self._describe(one, member, shift, provisional=True)
            self.reps[member.index] = told
            events.append(RepRevised(told))
        return events

    def _shift(self, one: OpenSet, before: Shift | None = None) -> Shift | None:
        reference = self._compared.shared or one.own_reference
        if reference is None or one.index == _OUTSIDE:
            return None
        judged = [member.measured for member in one.members if member.is_judged]
        slip_s = self._slip_s(one)
        steady = [rep for rep in judged if rep.bottom_s < slip_s]
        judged = steady if len(steady) >= LEAST_REPS else judged
        return fit(judged if before is None else judged[-_RECENT_REPS:], reference, before)

    def _slip_s(self, one: OpenSet) -> float:
        """When something first slipped in this set; inf if nothing did."""
        first_s = one.members[0].measured.start_s - _LATEST_S if one.members else math.inf
        return min((slip_s for slip_s in self._slips_s if slip_s > first_s), default=math.inf)

    def _describe(
        self, one: OpenSet, member: Member, shift: Shift | None, *, provisional: bool
    ) -> Rep:
        at = one.members.index(member)
        later = one.members[at + 1 : at + 2]
        after_s = later[0].measured.start_s if later else member.measured.end_s + _LATEST_S
        return describe(
            member.measured,
            index=member.index,
            set_index=one.index,
            is_reference=member.is_reference,
            reference=self._compared.shared or one.own_reference,
            shift=None if member.is_reference else shift,
            slipped=self._slip_s(one) < after_s,
            provisional=provisional,
            label=member.label,
        )

    def _finish(self, one: OpenSet) -> list[Event]:
        """The last word on a set and its reps."""
        events: list[Event] = []
        if self._serves_itself(one):
            events += [event for event in self._take_first_reps(one) if isinstance(event, Warned)]
        shift = self._shift(one)
        for member in one.members:
            told = self._describe(one, member, shift, provisional=False)
            if told != self.reps.get(member.index):
                self.reps[member.index] = told
                events.append(RepRevised(told))
        if one.index == _OUTSIDE:
            one.members = []
            return events
        reference = self._compared.shared or one.own_reference
        if reference is None and one.members and not self._told_no_reference:
            self._told_no_reference = True
            events.append(self._compared.nothing_for(one.index + 1))
        ended = self._ended(one, reference, shift)
        self.sets.append(ended)
        events.append(SetEnded(ended))
        return events

    def _ended(self, one: OpenSet, reference: Reference | None, shift: Shift | None) -> RepSet:
        measured = [member.measured for member in one.members]
        judged = [member.measured for member in one.members if member.is_judged]
        start_s = measured[0].start_s if measured else 0.0
        end_s = measured[-1].end_s if measured else 0.0
        if one.window is not None:
            start_s, end_s = one.window.start_s, one.window.end_s
        if reference is None or shift is None or not judged:
            verdict = Verdict.DOUBTFUL if judged else None
            return RepSet(one.index, start_s, end_s, None, None, verdict)
        depths = sorted(min(rep.peak_flexion_deg, reference.deepest_deg) for rep in judged)
        shift_deg, sigma_deg = shift.largest(depths[len(depths) // 2])
        verdict = verdicts.of_shift(shift_deg, sigma_deg, reference.sem_deg)
        if (
            len(judged) < LEAST_REPS
            or self._slip_s(one) < end_s
            or self._most_inward(one, reference)
        ):
            verdict = Verdict.DOUBTFUL if verdict is Verdict.IN_RANGE else verdict
        return RepSet(one.index, start_s, end_s, shift_deg, sigma_deg, verdict)

    def _most_inward(self, one: OpenSet, reference: Reference) -> bool:
        """Whether most reps lie beyond the limit in all: then they are not in range together."""
        told = [self.reps[member.index] for member in one.members if member.is_judged]
        totals = sorted(rep.valgus_excursion_deg or 0.0 for rep in told)
        return totals[len(totals) // 2] >= threshold_deg(reference.sem_deg)
