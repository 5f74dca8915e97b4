"""The state of the page, and how one step changes it. `page/state.js` does the same.

A state is JSON: what a page shows, and no more. `Board.apply` folds one step; a step is a dict with
`kind`, the `leg` it is of, and:

    rep         row        a rep ended, or was measured again: by its index
    set         row        a set as far as it went: by its index
    withdrawn   reps, sets fewer than were told: those of a higher index are no more
    gap         row        samples that did not come
    settled     gap, left  the last word on a gap: what of it never came
    hint        text       a sentence, shown once
    sensors     texts      what the band says of its sensors, all of it
    link        row        how the link stands
    cue         row        the last one
    marker      row        an instant that the person marked
    said        set, texts load, effort or note of a set, as words; the latest word of each counts
    samples     points, now    [time_s, flexion_deg, valgus_deg] each, any order; and the newest
    over                   nothing more will come

`at` is the newest sample's device time. A curve keeps the last TRACE_S; points may come late, where
a gap is filled, and go where they belong.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Step: TypeAlias = dict[str, Any]
State: TypeAlias = dict[str, Any]

TRACE_S = 90.0
HINTS = 4
SAMPLES = "samples"


def empty(legs: Iterable[Mapping[str, Any]], title: str = "", *, is_live: bool = False) -> State:
    """The state before anything came; `legs` tell `title` and `side`."""
    return {
        "title": title,
        "live": is_live,
        "over": False,
        "at": None,
        "legs": [
            {
                **leg,
                "reps": {},
                "sets": {},
                "gaps": [],
                "hints": [],
                "sensors": [],
                "link": None,
                "cue": None,
                "markers": [],
                "said": {},
                "now": None,
                "trace": [],
            }
            for leg in legs
        ],
    }


class Board:
    """A state that steps are folded into."""

    def __init__(self, state: State) -> None:
        self.state = state

    def apply(self, step: Step) -> None:
        """Fold one step. One of a leg that there is not changes nothing."""
        kind = step["kind"]
        if kind == "over":
            self.state["over"] = True
            return
        legs = self.state["legs"]
        if step["leg"] >= len(legs):
            return
        leg = legs[step["leg"]]
        match kind:
            case "rep":
                leg["reps"][str(step["row"]["index"])] = step["row"]
            case "set":
                leg["sets"][str(step["row"]["index"])] = step["row"]
            case "withdrawn":
                for name in ("reps", "sets"):
                    leg[name] = {
                        key: row for key, row in leg[name].items() if int(key) < step[name]
                    }
            case "gap":
                leg["gaps"].append(step["row"])
            case "settled":
                leg["gaps"] = [gap for gap in leg["gaps"] if gap != step["gap"]] + step["left"]
                leg["hints"] = [hint for hint in leg["hints"] if hint != step["gap"]["text"]]
            case "hint":
                if step["text"] not in leg["hints"]:
                    leg["hints"] = [*leg["hints"], step["text"]][-HINTS:]
            case "sensors":
                leg["sensors"] = step["texts"]
            case "link" | "cue":
                leg[kind] = step["row"]
            case "marker":
                leg["markers"] = [*leg["markers"], step["row"]]
            case "said":
                told = leg["said"].get(str(step["set"]), {})
                leg["said"] = {**leg["said"], str(step["set"]): {**told, **step["texts"]}}
            case "samples":
                self._take(leg, step)
            case _:
                pass

    def _take(self, leg: dict[str, Any], step: Step) -> None:
        trace: list[list[float]] = leg["trace"]
        for point in step["points"]:
            _put(trace, point)
        if trace:
            first_s = trace[-1][0] - TRACE_S
            del trace[: bisect_left(trace, first_s, key=_time)]
        now = step["now"]
        if now is not None:
            leg["now"] = now
            at = self.state["at"]
            self.state["at"] = now["t"] if at is None else max(at, now["t"])


def _time(point: list[float]) -> float:
    return point[0]


def _put(trace: list[list[float]], point: list[float]) -> None:
    """Where it belongs by its time; one that is there already is replaced."""
    if not trace or point[0] > trace[-1][0]:
        trace.append(point)
        return
    at = bisect_left(trace, point[0], key=_time)
    if trace[at][0] == point[0]:
        trace[at] = point
    else:
        trace.insert(at, point)
