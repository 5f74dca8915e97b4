"""What the statistics say, as sentences: what was measured, with its interval, and no judgement.

"Told apart" is said of what the interval or the least difference bears out; else "not
distinguishable". Tempo, depth and shake are told as they are, better or worse is nothing here
(biomechanics E).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kneetrack.insight.advice import percent
from kneetrack.insight.sets import SetSummary, Tally
from kneetrack.insight.sides import SideDifference
from kneetrack.insight.slopes import Slope
from kneetrack.insight.values import COMPARED, DEPTH, OWN, TEMPO, TOTAL, TREMOR, described
from kneetrack.samples import Side

HEADLINES = (TOTAL, DEPTH, TEMPO)
SLOPES = (OWN, DEPTH, TEMPO, TREMOR)
"""What changes over a set as one tires (biomechanics A, row 22)."""
MOST_VALUES = 6  # of a movement's own, in a line


def figure(name: str, value: float, *, signed: bool = False) -> str:
    """A value with its unit: `95°`, `+0.4°`, `2.1 s`."""
    return _number(name, value, signed=signed) + unit_after(described(name).unit)


def _number(name: str, value: float, *, signed: bool = False) -> str:
    digits = described(name).decimals
    return f"{round(value, digits) + 0.0:{'+' if signed else ''}.{digits}f}"


def unit_after(unit: str) -> str:
    """The unit as it stands behind a number."""
    return unit if unit.startswith("°") or not unit else f" {unit}"


def counted(found: Tally, one: str = "rep") -> str:
    """`6 of 8 reps in range (75 %), 3 of them in a row; 1 more doubtful; 2 left out by you`."""
    parts: list[str] = []
    if found.judged:
        share = percent(found.share or 0.0)
        many = many_of(found.judged, one)
        parts.append(f"{found.in_range} of {many} in range ({share})")
        if found.streak > 1:
            parts[-1] += f", {found.streak} of them in a row"
        if found.doubtful:
            parts.append(f"{found.doubtful} more doubtful")
    elif found.reps:
        doubtful = ", all doubtful" if found.doubtful == found.reps else ", not judged"
        parts.append(f"{many_of(found.reps, one)}{doubtful}")
    else:
        parts.append(f"no {one} to judge")
    if found.references:
        parts.append(f"{found.references} for reference")
    if found.left_out:
        parts.append(f"{found.left_out} left out by you")
    return "; ".join(parts)


def many_of(count: int, one: str) -> str:
    """`1 rep`, `8 reps`."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def middles(summary: SetSummary, names: Sequence[str] = HEADLINES) -> str:
    """Medians with the deviation from rep to rep: `depth 95 ± 2°`."""
    told: list[str] = []
    for name in names:
        if name in summary.medians:
            sd = summary.sds.get(name)
            middle = _number(name, summary.medians[name], signed=name in COMPARED)
            spread = "" if sd is None else f" ± {_number(name, sd)}"
            about = described(name)
            told.append(f"{about.words} {middle}{spread}{unit_after(about.unit)}")
    return ", ".join(told)


def headlines(summary: SetSummary) -> Sequence[str]:
    """What is told of a set: of all movements, or its own values where nothing was judged."""
    if summary.tally.judged:
        return HEADLINES
    return tuple(n for n in summary.medians if n not in COMPARED)[:MOST_VALUES]


def set_sentences(summary: SetSummary, one: str = "rep") -> list[str]:
    """What a set amounts to: its counts, its medians, and what changed over it."""
    found = summary.tally
    if not (found.reps or found.left_out or found.references):
        return []
    told = [f"Set {summary.index + 1}: {counted(found, one)}."]
    if values := middles(summary, headlines(summary)):
        told.append(f"  Median ± scatter: {values}.")
    if changed := changes(summary, one):
        told.append(f"  {changed}")
    return told


def changes(summary: SetSummary, one: str = "rep") -> str:
    """What went up or down over the set, and what did not; empty for fewer than five reps."""
    names = [n for n in SLOPES if n in summary.slopes]
    apart = [n for n in names if summary.slopes[n].told_apart]
    others = _list([described(n).words for n in names if n not in apart])
    told = [f"{described(n).words} {_slope(n, summary.slopes[n])}" for n in apart]
    if told:
        rest = f"; no change told apart in {others}" if others else ""
        return f"Over the set, a {one} (95 %): {', '.join(told)}{rest}."
    return f"Over the set: no change told apart in {others}." if others else ""


def _slope(name: str, slope: Slope) -> str:
    about = described(name)
    digits = about.decimals + 1
    low, high = (f"{round(value, digits) + 0.0:+.{digits}f}" for value in (slope.low, slope.high))
    per_rep = f"{round(slope.per_rep, digits) + 0.0:+.{digits}f}{unit_after(about.unit)}"
    return f"{per_rep} ({low} to {high})"


def side_sentence(found: SideDifference) -> str:
    """`Depth: left 8° more than right (7° or more is told apart)`."""
    words = described(found.name).words
    least = f"{figure(found.name, found.mdc)} or more is told apart"
    more = found.more
    if more is None:
        signed = f"means, right minus left {figure(found.name, found.difference, signed=True)}"
        return f"{words}: left and right not distinguishable ({signed}, {least})."
    other = "left" if more is Side.RIGHT else "right"
    size = figure(found.name, abs(found.difference))
    share = "" if found.percent is None else f", {abs(found.percent):.0f} %"
    return f"{words}: {more.word} {size} more than {other} ({least}{share})."


def side_sentences(found: Iterable[SideDifference]) -> list[str]:
    """Those of the main values, one each, and of shaking where it is told apart; of what is
    described and not judged, those of its own measures."""
    known = {one.name: one for one in found}
    names = [n for n in HEADLINES if n in known]
    if TREMOR in known and known[TREMOR].told_apart:
        names.append(TREMOR)
    if TOTAL not in known:
        names = [n for n in known if n not in (DEPTH, TEMPO)][:MOST_VALUES]
    told = [side_sentence(known[name]) for name in names]
    return [f"{sentence[:1].upper()}{sentence[1:]}" for sentence in told]


def _list(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
