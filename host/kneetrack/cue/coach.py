"""When a cue is given: a fold over one leg's samples and events, with no clock and no I/O.

    Analyzer (excursion now, events) -> Coach -> Cue -> the log, the sound, the screen

The same samples in the same order give the same cues, live and in a replay. What was given can't be
taken back: where a gap is filled later the reps may come out otherwise, but the log keeps the cues
as they were.

Three kinds
    rep     A rep is over and its verdict is that it moved inward or outward: the words on the
            screen. It is about the rep's own part, without what all reps of the set share.
    during  The excursion has been beyond the threshold for long enough, by the criterion of
            `kneecore.watch`, which the band cues by as well: all of it, for what the set shares is
            known only when reps are over. One cue a rep.
    set     The set is over. What all its reps share is told with every policy, for the cues after
            its reps leave that out; how many of its reps moved, where no rep had its turn.

Too late is not at all: a rep that ended LATE_S ago (a gap was filled, and it was found then) gets
no cue, nor does one that is told again under another number. After a slip the excursion means
little, and there is no cue during reps until the set is over. Reps that are doubtful, the
reference's own, or outside of the windows of sets get none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kneecore import wire
from kneecore.watch import INWARD, NO_WAY
from kneetrack.cue.plan import AT_SET_END, Plan, Policy, When
from kneetrack.detection import Analyzer
from kneetrack.samples import (
    Decoded,
    Event,
    KneeSample,
    Rep,
    RepEnded,
    RepRevised,
    RepSet,
    SetEnded,
    Verdict,
    Window,
    Withdrawn,
)

LATE_S = 2.0
SET_LATE_S = 40.0
"""A set ends by a rest of 20 s; what is told of it much later than that is news of a gap."""

EVENT = "cue"


class Way(StrEnum):
    """Which way the knee moved, against the reference."""

    INWARD = "inward"
    OUTWARD = "outward"


class Kind(StrEnum):
    """What a cue is about: a rep that is over, one under way, a whole set."""

    REP = "rep"
    DURING = "during"
    SET = "set"


_WAYS = {
    Verdict.MOVED_INWARD: Way.INWARD,
    Verdict.MOVED_INWARD_LARGE: Way.INWARD,
    Verdict.MOVED_OUTWARD: Way.OUTWARD,
}


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue. `time_s` is that of the sample which decided it; `rep` and `set` are indices."""

    kind: Kind
    way: Way
    time_s: float
    set: int
    rep: int | None
    excursion_deg: float | None
    reps: int = 0
    """Of a set: how many reps moved that way, and of how many; 0 where it is what they share."""
    of: int = 0

    def to_json(self, policy: Policy) -> dict[str, object]:
        """As the log notes it."""
        return {
            "event": EVENT,
            "policy": policy.value,
            "kind": self.kind.value,
            "way": self.way.value,
            "time_s": round(self.time_s, 4),
            "set": self.set,
            "rep": self.rep,
            "excursion_deg": None if self.excursion_deg is None else round(self.excursion_deg, 2),
            "reps": self.reps,
            "of": self.of,
        }


def cued_reps(events: Iterable[Mapping[str, object]], side: str) -> dict[int, Way]:
    """Which reps of a leg had a cue by a log's events, and which way; by the rep's index."""
    found: dict[int, Way] = {}
    for event in events:
        rep = event.get("rep")
        if event.get("event") == EVENT and event.get("side") == side and isinstance(rep, int):
            found[rep] = Way(str(event.get("way")))
    return found


def words_of(cue: Cue, text: str = "") -> str:
    """What is said of it; `text` is the person's own, for inward."""
    if cue.kind is Kind.SET:
        if not cue.of:
            return f"Set over: all reps further {_short(cue.way)}."
        return f"Set over: {cue.reps} of {cue.of} {cue.way.value}."
    if cue.way is Way.INWARD and text:
        return text
    return cue.way.value


def _short(way: Way) -> str:
    return "in" if way is Way.INWARD else "out"


class Coach:
    """One leg's cues. Feed it what the analyzer is fed, in its stead."""

    def __init__(self, plan: Plan, windows: Sequence[Window] = ()) -> None:
        self.plan = plan
        self._sets = [window for window in windows if window.kind == "set"]
        self._others = [window for window in windows if window.kind != "set"]
        self._now_s = 0.0
        self._told_s = -math.inf  # when the last rep ended that was told
        self._set_number = 0  # of those with reps that were judged
        self._verdicts: dict[int, Verdict] = {}  # of the set under way, by the rep's index
        self._told_sets: set[int] = set()
        self._next_rep = 0  # the index of the rep under way
        self._next_set = 0
        self._slipped = False
        self._crossed = NO_WAY  # as the analyzer said last: late samples leave it as it is

    def loaded(self, load_kg: float) -> None:
        """The person says what is lifted, while it goes on: the plan holds for it from here on."""
        self.plan = replace(self.plan, load_kg=load_kg)

    def feed_all(
        self, analyzer: Analyzer, items: Iterable[Decoded]
    ) -> tuple[list[Event], list[Cue]]:
        """Feed the analyzer these; what it said, and the cues."""
        events: list[Event] = []
        cues: list[Cue] = []
        follows = self.plan.when is When.DURING and self.plan.in_force is not Policy.OFF
        for item in items:
            said = analyzer.feed(item)
            if isinstance(item, KneeSample):
                self._now_s = max(self._now_s, item.time_s)
                if follows:
                    self._follow(analyzer, item, cues)
            if said:
                events += said
                cues += self.heard(said)
        return events, cues

    def heard(self, events: Iterable[Event]) -> list[Cue]:
        """The cues that the analyzer's events ask for."""
        cues: list[Cue] = []
        for event in events:
            match event:
                case RepEnded(rep):
                    cues += self._rep_over(rep)
                case RepRevised(rep):
                    self._learn(rep)
                case SetEnded(ended):
                    cues += self._set_over(ended)
                case Withdrawn(reps, _):
                    self._next_rep = min(self._next_rep, reps)
                    for index in [index for index in self._verdicts if index >= reps]:
                        del self._verdicts[index]
                case _:
                    pass
        return cues

    # --- when a rep is over ----------------------------------------------------------------------

    def _learn(self, rep: Rep) -> bool:
        """Enter a rep's verdict; whether it is one that was judged and counts."""
        self._next_rep = max(self._next_rep, rep.index + 1)
        if rep.verdict is None or rep.is_reference or rep.label is not None:
            self._verdicts.pop(rep.index, None)
            return False
        if rep.set in self._told_sets:
            return False
        self._next_set = rep.set
        self._verdicts[rep.index] = rep.verdict
        return True

    def _rep_over(self, rep: Rep) -> list[Cue]:
        counts = self._learn(rep)
        is_new = self._told_s < rep.end_s >= self._now_s - LATE_S
        self._told_s = max(self._told_s, rep.end_s)
        if not (counts and is_new and self.plan.when is When.AFTER):
            return []
        way = None if rep.verdict is None else _WAYS.get(rep.verdict)
        if way is None or not self._has_turn(len(self._verdicts)):
            return []
        return [Cue(Kind.REP, way, self._now_s, rep.set, rep.index, rep.own_excursion_deg)]

    def _has_turn(self, number: int) -> bool:
        """Whether the rep of that number in its set (the first is 1) has its turn."""
        every = self.plan.every(self._set_number)
        return every != AT_SET_END and (number - 1) % every == 0

    # --- when a set is over ----------------------------------------------------------------------

    def _set_over(self, one: RepSet) -> list[Cue]:
        """The last word on a set; the first one counts."""
        if one.index in self._told_sets:
            return []
        self._told_sets.add(one.index)
        verdicts, self._verdicts = list(self._verdicts.values()), {}
        self._next_set = one.index + 1
        self._slipped = False
        if not verdicts:
            return []
        at_set_end = self.plan.every(self._set_number) == AT_SET_END
        self._set_number += 1
        if self.plan.in_force is Policy.OFF or self._now_s - one.end_s > SET_LATE_S:
            return []
        shared = None if one.verdict is None else _WAYS.get(one.verdict)
        if shared is not None:
            return [Cue(Kind.SET, shared, self._now_s, one.index, None, one.shift_deg)]
        ways = [_WAYS[verdict] for verdict in verdicts if verdict in _WAYS]
        if not ways or not at_set_end:
            return []
        way = max((Way.INWARD, Way.OUTWARD), key=ways.count)
        return [
            Cue(Kind.SET, way, self._now_s, one.index, None, None, ways.count(way), len(verdicts))
        ]

    # --- during a rep ----------------------------------------------------------------------------

    def _follow(self, analyzer: Analyzer, sample: KneeSample, cues: list[Cue]) -> None:
        """One more sample of what is under way."""
        if sample.flags & wire.FLAG_SLIP:
            self._slipped = True
        crossed, before = analyzer.crossed, self._crossed
        self._crossed = crossed
        if crossed == NO_WAY or before != NO_WAY or self._slipped:
            return
        if not self._listens(sample.time_s):
            return
        if self._has_turn(len(self._verdicts) + 1):
            way = Way.INWARD if crossed == INWARD else Way.OUTWARD
            at, excursion = sample.time_s, analyzer.excursion_deg
            cues.append(Cue(Kind.DURING, way, at, self._next_set, self._next_rep, excursion))

    def _listens(self, time_s: float) -> bool:
        """Whether a rep at this time would be one of a set's."""

        def held(windows: Sequence[Window]) -> bool:
            return any(window.start_s <= time_s <= window.end_s for window in windows)

        return held(self._sets) if self._sets else not held(self._others)
