"""A whole log as the steps that the page would have seen, each at its time; and a tab's player.

The log is folded once, as fast as it goes, by the very fold of `kneetrack replay`. A step's time is
that of the newest sample when it came. The state at any time is then a fold of few steps: all but
samples from the beginning, and samples of the last TRACE_S.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from kneetrack.cue import Cue
from kneetrack.dashboard.board import SAMPLES, TRACE_S, Board, State, Step, empty
from kneetrack.dashboard.feed import About, LegFeed, Phrases
from kneetrack.samples import Decoded, Event

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0)


class Timeline:
    """Steps by their time. Samples are kept as text: an hour of them as dicts would be large."""

    def __init__(
        self, title: str, legs: Sequence[About], told: Sequence[tuple[float, Step]]
    ) -> None:
        self.title = title
        self.legs = tuple(legs)
        ordered = sorted(told, key=lambda each: each[0])
        first_s = next((at for at, step in ordered if step["kind"] == SAMPLES), 0.0)
        self.start_s = first_s
        self.end_s = ordered[-1][0] if ordered else 0.0
        first_told: dict[tuple[int, int], float] = {}
        for at, step in ordered:
            if step["kind"] == "rep":
                first_told.setdefault((step["leg"], step["row"]["index"]), at)
        self.marks = sorted(first_told.values())
        self._events = [each for each in ordered if each[1]["kind"] != SAMPLES]
        self._event_times = [at for at, _ in self._events]
        samples = [each for each in ordered if each[1]["kind"] == SAMPLES]
        self._samples = [json.dumps(step, separators=(",", ":")) for _, step in samples]
        self._sample_times = [at for at, _ in samples]

    def state_at(self, time_s: float) -> State:
        """What the page showed then."""
        board = Board(empty([leg.to_json() for leg in self.legs], self.title))
        for step in self._between(time_s - TRACE_S - 1.0, time_s):
            board.apply(step)
        for _, step in self._events[: bisect_right(self._event_times, time_s)]:
            board.apply(step)
        if time_s >= self.end_s:
            board.apply({"kind": "over"})
        return board.state

    def steps(self, after_s: float, until_s: float) -> list[Step]:
        """What came in between, in order of time; `until_s` included."""
        first = bisect_right(self._event_times, after_s)
        last = bisect_right(self._event_times, until_s)
        steps = self._between(after_s, until_s) + [step for _, step in self._events[first:last]]
        return steps + ([{"kind": "over"}] if after_s < self.end_s <= until_s else [])

    def _between(self, after_s: float, until_s: float) -> list[Step]:
        first = bisect_right(self._sample_times, after_s)
        last = bisect_right(self._sample_times, until_s)
        return [json.loads(text) for text in self._samples[first:last]]


class Gathering:
    """The view of a fold that makes a timeline."""

    def __init__(self, title: str, legs: Sequence[About], phrases: Phrases) -> None:
        self._title = title
        self._legs = tuple(legs)
        self._phrases = phrases
        self._gathered: list[_GatheringLeg] = []

    def __enter__(self) -> Gathering:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def leg(self, title: str) -> _GatheringLeg:
        index = len(self._gathered)
        leg = _GatheringLeg(LegFeed(index, self._legs[index], self._phrases))
        self._gathered.append(leg)
        return leg

    def timeline(self) -> Timeline:
        """All of it, once the fold is over."""
        told = [each for leg in self._gathered for each in leg.told()]
        return Timeline(self._title, self._legs, told)


class _GatheringLeg:
    def __init__(self, feed: LegFeed) -> None:
        self._feed = feed
        self._told: list[tuple[float, Step]] = []

    def told(self) -> list[tuple[float, Step]]:
        self._drain()
        return self._told

    def packet(self) -> None:
        self._drain()

    def item(self, item: Decoded) -> None:
        self._feed.item(item)

    def event(self, event: Event) -> None:
        self._feed.event(event)

    def link(self, news: Any) -> None:
        self._feed.link(news)

    def cue(self, cue: Cue, said: str) -> None:
        self._feed.cue(cue, said)

    def _drain(self) -> None:
        at = self._feed.time_s
        self._told += [(at, step) for step in self._feed.take()]


class Player:
    """Where one tab is in a timeline."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.at_s = timeline.end_s
        self.playing = False
        self.speed = 1.0

    def state(self) -> State:
        return self.timeline.state_at(self.at_s)

    def seek(self, time_s: float) -> None:
        self.at_s = min(max(time_s, self.timeline.start_s), self.timeline.end_s)

    def play(self, wanted: bool) -> bool:
        """Go on or stop; whether that began anew, from the start."""
        again = wanted and self.at_s >= self.timeline.end_s
        if again:
            self.at_s = self.timeline.start_s
        self.playing = wanted
        return again

    def advance(self, duration_s: float) -> list[Step]:
        """What comes in so many seconds of real time."""
        if not self.playing:
            return []
        before_s = self.at_s
        self.seek(before_s + duration_s * self.speed)
        if self.at_s >= self.timeline.end_s:
            self.playing = False
        return self.timeline.steps(before_s, self.at_s)

    def to_json(self) -> dict[str, Any]:
        return {
            "at": round(self.at_s, 3),
            "start": round(self.timeline.start_s, 3),
            "end": round(self.timeline.end_s, 3),
            "playing": self.playing,
            "speed": self.speed,
        }
