"""The rep table and the lines under it, for a terminal of any width.

The narrow form fits 80 columns; a terminal of 110 or more gets every measure, a narrower one
loses what can be spared most, so that the verdict stays readable down to 40. Colour repeats what
the mark says and never carries anything alone: blue is in range, orange is out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from kneecore.reps import Params
from kneetrack.cli.plain_table import plain_table
from kneetrack.cli.strides_table import stride_summary
from kneetrack.detection import LegResult
from kneetrack.detection.gait import WALKING
from kneetrack.insight.sets import summarise_set
from kneetrack.insight.strides import are_strides
from kneetrack.insight.words import SLOPES, set_sentences
from kneetrack.report import words
from kneetrack.samples import Gap, Rep, RepSet, Verdict

IN_RANGE_STYLE = "bright_blue"
OUT_OF_RANGE_STYLE = "bold dark_orange"
UNSURE_STYLE = "dim"
WIDE = 110
LEAST_VERDICT = 16

_STYLES = {
    Verdict.IN_RANGE: IN_RANGE_STYLE,
    Verdict.MOVED_INWARD: OUT_OF_RANGE_STYLE,
    Verdict.MOVED_INWARD_LARGE: OUT_OF_RANGE_STYLE,
    Verdict.MOVED_OUTWARD: OUT_OF_RANGE_STYLE,
    Verdict.DOUBTFUL: UNSURE_STYLE,
}


def style(rep: Rep) -> str:
    """The colour that goes with the rep's mark."""
    return UNSURE_STYLE if rep.verdict is None else _STYLES[rep.verdict]


class _Column(NamedTuple):
    head: str
    unit: str
    wide_only: bool = False


_SET = _Column("set", "")
_GIVEN = _Column("given", "°")
_AT_FLEXION = _Column("at", "flex.°")
_START = _Column("start", "s")
_TEMPO = _Column("down/up", "s")
_DEPTH = _Column("depth", "°")
_INWARD = _Column("inward", "°")
_SPARED = (_AT_FLEXION, _TEMPO, _START, _DEPTH, _INWARD)  # the first of them goes first
_COLUMNS = (
    _Column("rep", ""),
    _SET,
    _START,
    _DEPTH,
    _GIVEN,
    _INWARD,
    _Column("own part", "°"),
    _AT_FLEXION,
    _Column("phase", "", wide_only=True),
    _Column("valgus", "°", wide_only=True),
    _Column("rot.", "°", wide_only=True),
    _Column("knee in", "cm", wide_only=True),
    _TEMPO,
)


def _cells(rep: Rep, given_deg: float | None) -> tuple[str, ...]:
    """What a rep has to say to each of _COLUMNS."""
    return (
        words.number(rep),
        str(rep.set + 1) if rep.set >= 0 else "–",
        words.plain(rep.start_s),
        words.plain(rep.peak_flexion_deg, 0),
        words.signed(given_deg),
        words.signed(rep.valgus_excursion_deg),
        words.with_sigma(rep.own_excursion_deg, rep.own_excursion_sigma_deg),
        words.plain(rep.flexion_at_peak_deg, 0),
        "–" if rep.phase_at_peak is None else words.PHASES[rep.phase_at_peak],
        words.signed(rep.peak_valgus_deg),
        words.signed(rep.rotation_excursion_deg),
        words.signed(rep.medial_displacement_cm),
        f"{words.plain(rep.descent_s)}/{words.plain(rep.ascent_s)}",
    )


def rep_table(
    reps: Sequence[Rep],
    *,
    width: int,
    title: str | None = None,
    given_deg: Sequence[float | None] | None = None,
) -> RenderableType:
    """The reps as a table; `given_deg` (demo) is the excursion each was made with, beside."""
    wide = width >= WIDE
    hidden = {column for column in _COLUMNS if column.wide_only and not wide}
    if len({rep.set for rep in reps}) < 2:
        hidden.add(_SET)
    if given_deg is None:
        hidden.add(_GIVEN)
    elif not wide:
        hidden.add(_AT_FLEXION)
    rows: list[tuple[str, ...]] = []
    for number, rep in enumerate(reps):
        given = given_deg[number] if given_deg and number < len(given_deg) else None
        rows.append(_cells(rep, given))
    for column in _SPARED:
        if _width(rows, hidden) > width:
            hidden.add(column)
    table = plain_table(title, apart=True)
    for column in _COLUMNS:
        if column not in hidden:
            table.add_column(f"{column.head}\n{column.unit}", justify="right", no_wrap=True)
    table.add_column("against your\nreference", min_width=LEAST_VERDICT, overflow="fold")
    for rep, cells in zip(reps, rows, strict=True):
        table.add_row(
            *[cell for column, cell in zip(_COLUMNS, cells, strict=True) if column not in hidden],
            f"{words.mark(rep):>2} {words.short_verdict(rep)}",
            style=style(rep),
        )
    return table


def _width(rows: Sequence[tuple[str, ...]], hidden: set[_Column]) -> int:
    """How wide the table is without the columns of `hidden`, the verdict at its narrowest."""
    total = 1 + LEAST_VERDICT + 1
    for number, column in enumerate(_COLUMNS):
        if column not in hidden:
            cells = max((len(row[number]) for row in rows), default=0)
            total += max(cells, len(column.head), len(column.unit)) + 2
    return total


def set_lines(reps: Sequence[Rep], sets: Sequence[RepSet]) -> list[Padding]:
    """Set by set: what its reps amount to, and what they have in common against the reference.

    A line that is wrapped keeps its indent.
    """
    told: list[str] = []
    for each in sets:
        told += [*set_sentences(summarise_set(reps, each, slopes=SLOPES)), words.shared(each)]
    return [
        Padding(Text(line := sentence.lstrip()), (0, 0, 0, len(sentence) - len(line)), expand=False)
        for sentence in told
        if sentence
    ]


def summary(
    reps: Sequence[Rep],
    sets: Sequence[RepSet],
    *,
    width: int,
    title: str | None = None,
    given_deg: Sequence[float | None] | None = None,
    every: bool = False,
    legend: bool = True,
) -> RenderableType:
    """Table, sets and legend together; one sentence where there are no reps. Strides are summed up
    unless `every` one is asked for."""
    if not reps:
        return Text(
            f"No reps were found. A rep bends the knee by {Params().least_rom_deg:.0f}° or more "
            "and comes back up; a stride swings the shank faster than "
            f"{WALKING.swing_deg_s:.0f}°/s. Check that the recording holds the movement, and the "
            "band its calibration."
        )
    if are_strides(reps):
        return stride_summary(reps, sets, width=width, title=title, every=every, legend=legend)
    return Group(
        rep_table(reps, width=width, title=title, given_deg=given_deg),
        *set_lines(reps, sets),
        *([Text(words.legend(reps), style="dim")] if legend else []),
    )


def last_with_reps(legs: Sequence[LegResult]) -> int:
    """The place of the leg under whose table the legend of all belongs."""
    return max((place for place, leg in enumerate(legs) if leg.reps), default=0)


def print_summary(
    console: Console,
    reps: Sequence[Rep],
    sets: Sequence[RepSet],
    *,
    title: str | None = None,
    given_deg: Sequence[float | None] | None = None,
    gaps: Sequence[Gap] = (),
    every: bool = False,
    legend: bool = True,
) -> None:
    """Print `summary` as wide as the console is.

    `gaps` are the samples that are missing for good, told below. Of two legs one tells the legend.
    """
    whole = summary(
        reps,
        sets,
        width=console.width,
        title=title,
        given_deg=given_deg,
        every=every,
        legend=legend,
    )
    console.print(whole, highlight=False)
    for line in words.gaps(gaps):
        console.print(line, markup=False, highlight=False)
