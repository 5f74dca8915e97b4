"""One leg's decoded items and events as steps of the page's state (`board`).

Samples are gathered until `take` is called: one step holds as many as came. The curve has every
EVERYth of them (26 Hz), the pose only the newest. Words are made here, by `report.words` and what
the command line says of links, so that page, terminal and report say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kneecore import wire
from kneecore.excursion import threshold_deg
from kneetrack.cue import Cue
from kneetrack.dashboard.board import SAMPLES, Step
from kneetrack.dashboard.pose import pose
from kneetrack.detection.measure_table import MEASURES
from kneetrack.insight.sets import summarise_set, tally
from kneetrack.insight.values import value_of
from kneetrack.insight.words import headlines, many_of, middles
from kneetrack.live import LinkNews
from kneetrack.report import words
from kneetrack.samples import (
    Channel,
    Decoded,
    Event,
    Gap,
    GapSeen,
    GapSettled,
    KneeSample,
    Quaternion,
    Rep,
    RepEnded,
    RepRevised,
    RepSet,
    SetEnded,
    Side,
    Status,
    Warned,
    Withdrawn,
)

EVERY = 4
LIMIT_DEG = threshold_deg(0.0)
CADENCE = "cadence_per_min"


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a leg beforehand."""

    title: str
    side: Side
    q_shank_sensor: Callable[[float], Quaternion | None] = lambda time_s: None
    """The shank sensor's alignment in force at a device time: a leg may be re-aligned."""
    measure: str | None = None
    """What tells most of a rep that is described, not compared; without one its depth."""
    one: str = "rep"
    """What one of them is called."""

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "side": self.side.word,
            "leans": self.q_shank_sensor(0.0) is not None,
            "limit": LIMIT_DEG,
        }


@dataclass(frozen=True, slots=True)
class Phrases:
    """How the command line says what a link and a band say of themselves."""

    link: Callable[[LinkNews], str]
    faults: Callable[[int], Sequence[str]]


@dataclass(slots=True)
class LegFeed:
    """The fold of one leg; `index` is its place on the page."""

    index: int
    about: About
    phrases: Phrases
    _steps: list[Step] = field(default_factory=list[Step])
    _points: list[list[float]] = field(default_factory=list[list[float]])
    _newest: KneeSample | None = None
    _told_s: float = -1.0
    _faults: int = 0
    _keeps: bool = False
    _reps: dict[int, Rep] = field(default_factory=dict[int, Rep])
    _sets: dict[int, RepSet] = field(default_factory=dict[int, RepSet])

    @property
    def time_s(self) -> float:
        """Device time of the newest sample."""
        return 0.0 if self._newest is None else self._newest.time_s

    def item(self, item: Decoded) -> None:
        if isinstance(item, KneeSample):
            if self._newest is None or item.time_s >= self._newest.time_s:
                self._newest = item
            if item.number % EVERY == 0 and not item.flags & wire.FLAG_UNALIGNED:
                self._points.append(
                    [round(item.time_s, 3), round(item.flexion_deg, 1), round(item.valgus_deg, 1)]
                )
        elif isinstance(item, Status) and item.faults != self._faults:
            self._faults = item.faults
            self._say("sensors", texts=list(self.phrases.faults(item.faults)))

    def event(self, event: Event) -> None:
        match event:
            case RepEnded(rep) | RepRevised(rep):
                before = self._reps.get(rep.index, rep)
                self._reps[rep.index] = rep
                self._say("rep", row=rep_row(rep, self.about.measure))
                for index in sorted({before.set, rep.set}):
                    self._tell_set(index)
            case SetEnded(ended):
                self._sets[ended.index] = ended
                self._tell_set(ended.index)
            case Withdrawn(reps, sets):
                self._reps = {key: rep for key, rep in self._reps.items() if key < reps}
                self._sets = {key: one for key, one in self._sets.items() if key < sets}
                self._say("withdrawn", reps=reps, sets=sets)
                for index in sorted({rep.set for rep in self._reps.values()}):
                    self._tell_set(index)
            case GapSeen(gap):
                if gap.channel is Channel.MEASUREMENT:
                    self._say("gap", row=gap_row(gap))
                    if not self._keeps:
                        self._say("hint", text=words.gap(gap))
            case GapSettled(gap, left):
                if gap.channel is Channel.MEASUREMENT:
                    self._say("settled", gap=gap_row(gap), left=[gap_row(one) for one in left])
                    for one in left:
                        self._say("hint", text=words.gap(one))
            case Warned(text):
                self._say("hint", text=text)

    def link(self, news: LinkNews) -> None:
        self._keeps = news.keeps
        self._say(
            "link",
            row={
                "state": news.state.value,
                "text": self.phrases.link(news),
                "silent_s": round(news.silent_s, 1),
                "missing": news.missing,
                "lost": news.lost,
                "battery": news.battery_percent,
            },
        )

    def cue(self, cue: Cue, said: str) -> None:
        self._say("cue", row={"t": round(cue.time_s, 3), "text": said})

    def marker(self, number: int, time_s: float) -> None:
        self._say("marker", row={"n": number, "t": round(time_s, 3)})

    def said(self, set_index: int, texts: Mapping[str, str]) -> None:
        """What the person said of a set, as words, by what it is."""
        self._say("said", set=set_index, texts=dict(texts))

    def take(self) -> list[Step]:
        """What came since the last time."""
        newest = self._newest
        if self._points or (newest is not None and newest.time_s > self._told_s):
            now = None if newest is None else self._now(newest)
            self._say(SAMPLES, points=self._points, now=now)
            self._points = []
            self._told_s = self.time_s
        steps, self._steps = self._steps, []
        return steps

    def _say(self, kind: str, **what: Any) -> None:
        self._steps.append({"kind": kind, "leg": self.index, **what})

    def _tell_set(self, index: int) -> None:
        if index < 0:
            return  # reference reps outside of any
        reps = [rep for rep in self._reps.values() if rep.set == index]
        self._say("set", row=set_row(index, reps, self._sets.get(index), self.about.one))

    def _now(self, sample: KneeSample) -> dict[str, Any]:
        thigh, shank = pose(sample, self.about.side, self.about.q_shank_sensor(sample.time_s))
        return {
            "t": round(sample.time_s, 3),
            "flexion": round(sample.flexion_deg, 1),
            "valgus": round(sample.valgus_deg, 1),
            "rotation": round(sample.rotation_deg, 1),
            "sigma": round(sample.valgus_sigma_deg, 1),
            "unaligned": bool(sample.flags & wire.FLAG_UNALIGNED),
            "rest": bool(sample.flags & wire.FLAG_REST),
            "thigh": [round(each, 4) for each in thigh],
            "shank": [round(each, 4) for each in shank],
        }


def rep_row(rep: Rep, measure: str | None = None) -> dict[str, Any]:
    """A rep as the page shows it. `bar` is what its bar shows, `of` what that is."""
    own = rep.own_excursion_deg
    sigma = rep.own_excursion_sigma_deg
    deep = f", {rep.peak_flexion_deg:.0f}° deep"
    bar: float | None = own
    of, name = "", words.rep_name(rep)
    if own is not None:
        big, what = f"{words.signed(own)}°", words.short_verdict(rep)
    elif "stride_s" in rep.measures:
        bar, of, name = value_of(rep, CADENCE), "steps a minute", f"stride {words.number(rep)}"
        big, what, deep = words.plain(bar, 0), of, ""
    elif measure in MEASURES and value_of(rep, measure) is not None:
        bar, told = value_of(rep, measure), MEASURES[measure]
        unit = told.unit if told.unit == "°" else f" {told.unit}"
        big, what, of = f"{words.plain(bar, told.decimals)}{unit}", told.words, told.words
    else:
        bar, big, what, of, deep = (
            rep.peak_flexion_deg, f"{rep.peak_flexion_deg:.0f}°", "deep", "depth", "",
        )  # fmt: skip
    return {
        "index": rep.index,
        "set": rep.set,
        "kind": words.row_class(rep),
        "mark": words.mark(rep),
        "name": name,
        "big": big,
        "what": f"{what}{deep}",
        "bar": None if bar is None else round(bar, 3),
        "of": of,
        "told": words.verdict(rep),
        "own": None if own is None else round(own, 1),
        "sigma": None if sigma is None else round(sigma, 1),
        "depth": round(rep.peak_flexion_deg, 1),
        "start": round(rep.start_s, 3),
        "end": round(rep.end_s, 3),
    }


def set_row(
    index: int, reps: Sequence[Rep], ended: RepSet | None, one: str = "rep"
) -> dict[str, Any]:
    """A set as far as it went; once it has ended, the first of the medians that the terminal
    tells of it."""
    counted = tally(reps)
    middle = ""
    if ended is not None:
        summary = summarise_set(reps, ended, slopes=())
        middle = middles(summary, headlines(summary)[:1])
    return {
        "index": index,
        "reps": counted.reps,
        "references": counted.references,
        "judged": counted.judged,
        "in_range": counted.in_range,
        "doubtful": counted.doubtful,
        "counted": many_of(counted.reps, one),
        "median": f"median {middle}" if middle else "",
        "shared": "" if ended is None else words.shared(ended),
        "ended": ended is not None,
    }


def gap_row(gap: Gap) -> dict[str, Any]:
    return {"start": round(gap.start_s, 3), "end": round(gap.end_s, 3), "text": words.gap(gap)}
