"""What happened in a recording, as rows in order of time, on the session's clock.

    rep, set           what analysis found; text: the verdict
    gap                samples that never came; text: why
    cue, realigned, window, ...   what the log noted itself, under its own name

A log's events that name a leg are in that leg's time (`time_s`, or `start_s` and `end_s`, or
`from_s` and `until_s`), those that name none in the session's; both are told in the latter. What
the log holds of live analysis (rep_ended, ...) is left out: the reps here are the final ones. So
is what concerns the recorder alone (link, clock, disk).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kneetrack.export.recording import Leg, Recording
from kneetrack.sessionlog import streams

_OF_ANALYSIS = frozenset(
    {"rep_ended", "rep_revised", "set_ended", "gap", "gap_settled", "withdrawn", "warning"}
)
_OF_THE_RECORDER = frozenset(
    {
        streams.ORIGIN, streams.TAKEN_OFF, streams.DISK_FULL, streams.CLOCK, streams.REPAIRED,
        streams.LINK, streams.LINK_STATE, streams.UNFETCHED, streams.SAID,
    }
)  # fmt: skip
_FROM_TO = (("start_s", "end_s"), ("from_s", "until_s"), ("time_s", None))
_WORDS = ("text", "label", "word", "name", "kind", "way")


@dataclass(frozen=True, slots=True)
class Happening:
    """One row of `columns.EVENTS`."""

    onset_s: float
    duration_s: float
    side: str
    event: str
    set: int | None = None
    rep: int | None = None
    text: str = ""

    @property
    def end_s(self) -> float:
        return self.onset_s + self.duration_s


def happenings(recording: Recording) -> tuple[Happening, ...]:
    """All of them, by their beginning."""
    found = [row for leg in recording.legs for row in _of_leg(leg)]
    legs = {leg.side.word: leg for leg in recording.legs}
    for event in recording.log_events:
        kind = str(event.get("event"))
        if kind not in _OF_ANALYSIS and kind not in _OF_THE_RECORDER:
            row = _noted(event, kind, legs)
            if row is not None:
                found.append(row)
    return tuple(sorted(found, key=lambda row: (row.onset_s, row.event, row.side)))


def _of_leg(leg: Leg) -> list[Happening]:
    result, side = leg.session.result, leg.side.word

    def row(start_s: float, end_s: float, event: str, **more: Any) -> Happening:
        onset_s = leg.at(start_s)
        return Happening(onset_s, leg.at(end_s) - onset_s, side, event, **more)

    rows = [
        row(
            rep.start_s,
            rep.end_s,
            "rep",
            set=rep.set,
            rep=rep.index,
            text="reference" if rep.is_reference else rep.label or rep.verdict or "",
        )
        for rep in result.reps
    ]
    rows += [
        row(one.start_s, one.end_s, "set", set=one.index, text=one.verdict or "")
        for one in result.sets
    ]
    rows += [row(gap.start_s, gap.end_s, "gap", text=gap.reason) for gap in result.gaps]
    return rows


def _noted(event: Mapping[str, Any], kind: str, legs: Mapping[str, Leg]) -> Happening | None:
    side = event.get("side")
    leg = legs.get(str(side)) if side is not None else None
    if side is not None and leg is None:
        return None  # of a leg that is not exported
    for start, end in _FROM_TO:
        start_s = _number(event.get(start))
        if start_s is None:
            continue
        end_s = None if end is None else _number(event.get(end))
        if leg is not None:
            start_s = leg.at(start_s)
            end_s = None if end_s is None else leg.at(end_s)
        words = [str(event[key]) for key in _WORDS if event.get(key)]
        return Happening(
            start_s,
            0.0 if end_s is None else end_s - start_s,
            "" if leg is None else leg.side.word,
            kind,
            _count(event.get("set")),
            _count(event.get("rep")),
            " ".join(words),
        )
    return None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
