"""A whole log as the steps that the page would have seen, each at its time; and a tab's player.

The log is folded once, as fast as it goes, by the very fold of `kneetrack replay`. A step's time is
that of the newest sample when it came, by the first leg's clock: bands count from when they were
started, so the other leg's times are moved by what lay between their first packets. The state at
any time is then a fold of few steps: all but samples from the beginning, and samples of the last
TRACE_S.

As text (`to_text`), it comes from the process that folded it.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from kneetrack.cue import Cue
from kneetrack.dashboard.board import SAMPLES, TRACE_S, Board, State, Step, empty
from kneetrack.dashboard.feed import About, LegFeed, Phrases
from kneetrack.samples import Decoded, Event, KneeSample, RepEnded

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0)


class Timeline:
    """Steps by their time. Samples are kept as text: an hour of them as dicts would be large.

    `legs` are the boards' (`About.to_json`); `told` has samples as text, all else as steps. `title`
    may be changed: what is said of a session is in it.
    """

    def __init__(
        self,
        title: str,
        legs: Sequence[Mapping[str, Any]],
        told: Sequence[tuple[float, Step | str]],
    ) -> None:
        self.title = title
        self.path: Path | None = None
        self.legs = tuple(legs)
        ordered = sorted(told, key=lambda each: each[0])
        self._events = [(at, step) for at, step in ordered if not isinstance(step, str)]
        self._event_times = [at for at, _ in self._events]
        samples = [(at, text) for at, text in ordered if isinstance(text, str)]
        self._samples = [text for _, text in samples]
        self._sample_times = [at for at, _ in samples]
        self.start_s = self._sample_times[0] if samples else 0.0
        self.end_s = ordered[-1][0] if ordered else 0.0
        first_told: dict[tuple[int, int], float] = {}
        for at, step in self._events:
            if step["kind"] == "rep":
                first_told.setdefault((step["leg"], step["row"]["index"]), at)
        self.marks = sorted(first_told.values())

    def to_text(self) -> str:
        """All of it, a line a step."""
        head = json.dumps({"title": self.title, "legs": self.legs})
        events = [f"{at!r}\t{json.dumps(step)}" for at, step in self._events]
        times = zip(self._sample_times, self._samples, strict=True)
        samples = [f"{at!r}\t{text}" for at, text in times]
        return "\n".join([head, str(len(events)), *events, *samples])

    @classmethod
    def from_text(cls, text: str) -> Timeline:
        """The inverse of `to_text`."""
        head, count, *lines = text.splitlines()
        told: list[tuple[float, Step | str]] = []
        for number, line in enumerate(lines):
            at, _, step = line.partition("\t")
            told.append((float(at), json.loads(step) if number < int(count) else step))
        return cls(**json.loads(head), told=told)

    def state_at(self, time_s: float) -> State:
        """What the page showed then."""
        board = Board(empty(self.legs, self.title))
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

    def __init__(
        self, title: str, legs: Sequence[About], phrases: Phrases, begun_s: Sequence[float] = ()
    ) -> None:
        """`begun_s`: when the legs' first measurements came, by one clock, where that is known."""
        self._title = title
        self._legs = tuple(legs)
        self._phrases = phrases
        self._begun_s = begun_s
        self.gathered: list[GatheringLeg] = []

    def __enter__(self) -> Gathering:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def leg(self, title: str) -> GatheringLeg:
        index = len(self.gathered)
        leg = GatheringLeg(LegFeed(index, self._legs[index], self._phrases))
        self.gathered.append(leg)
        return leg

    def timeline(self) -> Timeline:
        """All of it, once the fold is over."""
        starts_s = [
            begun_s - leg.first_s
            for begun_s, leg in zip(self._begun_s, self.gathered, strict=False)
        ]
        told: list[tuple[float, Step | str]] = []
        for index, leg in enumerate(self.gathered):
            apart_s = starts_s[index] - starts_s[0] if index < len(starts_s) else 0.0
            told += [(at + apart_s, step) for at, step in leg.told()]
        return Timeline(self._title, [leg.to_json() for leg in self._legs], told)


class GatheringLeg:
    """One leg's steps, by its own clock."""

    def __init__(self, feed: LegFeed) -> None:
        self.first_s = 0.0
        self._feed = feed
        self._told: list[tuple[float, Step | str]] = []
        self._any = False
        self._sets_s: dict[int, float] = {}

    def told(self) -> list[tuple[float, Step | str]]:
        self._drain()
        return self._told

    def marker(self, number: int, time_s: float) -> None:
        """One that is in the log."""
        self._drain()
        self._feed.marker(number, time_s)
        self._drain(time_s)

    def said(self, set_index: int, texts: Mapping[str, str]) -> None:
        """What the log holds of a set: shown from the set's last rep on, for when is not kept."""
        self._drain()
        self._feed.said(set_index, texts)
        self._drain(self._sets_s.get(set_index, self._feed.time_s))

    def packet(self) -> None:
        self._drain()

    def item(self, item: Decoded) -> None:
        if not self._any and isinstance(item, KneeSample):
            self._any, self.first_s = True, item.time_s
        self._feed.item(item)

    def event(self, event: Event) -> None:
        if isinstance(event, RepEnded):
            self._sets_s[event.rep.set] = self._feed.time_s
        self._feed.event(event)

    def link(self, news: Any) -> None:
        self._feed.link(news)

    def cue(self, cue: Cue, said: str) -> None:
        self._feed.cue(cue, said)

    def _drain(self, at: float | None = None) -> None:
        at = self._feed.time_s if at is None else at
        for step in self._feed.take():
            is_text = step["kind"] == SAMPLES
            self._told.append((at, json.dumps(step, separators=(",", ":")) if is_text else step))


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
