"""What stands under the tables of a session's legs: left and right, and what is suggested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from kneetrack.analysis.session import advice_after
from kneetrack.detection import LegResult
from kneetrack.edits import Edits
from kneetrack.insight.sides import sides
from kneetrack.insight.words import side_sentences

SUGGESTED = "Only a suggestion, from your own reps"


def print_session(output: Console, legs: Sequence[LegResult], session: Mapping[str, Any]) -> None:
    """Print what both legs, or the session as a whole, give; nothing where there is nothing."""
    lines = [line for leg in legs if (line := band_cues_line(leg, named=len(legs) > 1))]
    lines += side_sentences(sides({leg.side: leg for leg in legs}))
    lines += [f"{SUGGESTED}: {one.text}" for one in advice_after(legs, session)]
    for line in lines:
        output.print(line, markup=False, highlight=False)


def band_cues_line(leg: LegResult, *, named: bool) -> str:
    """In which reps the band gave cues by itself, or when; empty where it gave none."""
    if not leg.band_cues_s:
        return ""
    whose = f" ({leg.side.word} leg)" if named else ""
    places = ", ".join(_place(leg, at_s) for at_s in leg.band_cues_s)
    many = "a cue" if len(leg.band_cues_s) == 1 else f"{len(leg.band_cues_s)} cues"
    return f"The band gave {many}{whose}: {places}."


def _place(leg: LegResult, at_s: float) -> str:
    for rep in leg.reps:
        if rep.start_s < at_s <= rep.end_s:
            return f"in rep {rep.index + 1}"
    return f"at {at_s:.1f} s"


def edits_line(edits: Edits) -> str:
    """That what is shown has changes in it, in one line; empty where it has none."""
    if not edits.changes:
        return ""
    reps = sum(map(len, edits.labels.values()))
    left_out = f", {reps} {'rep' if reps == 1 else 'reps'} left out" if reps else ""
    many = "1 change" if edits.changes == 1 else f"{edits.changes} changes"
    return f"With what you said later ({many}{left_out}): see kneetrack edit FILE --history."
