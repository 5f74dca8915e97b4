"""Strides for a terminal: a row each value, a column each bout, and all of them together.

Three hundred strides are no table; `--all` lists them nevertheless. Fits 60 columns.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from kneetrack.cli.plain_table import plain_table
from kneetrack.detection.criteria import LEAST_STRIDES
from kneetrack.insight.strides import ANGLES, TIMING, Spread, Strides, summarise_strides
from kneetrack.insight.values import described, value_of
from kneetrack.report import words
from kneetrack.report.stride_words import sentences
from kneetrack.samples import Rep, RepSet

_COLUMN = 16
_NAMES = 24
_LEGEND = (
    "Median ± standard deviation from stride to stride; in brackets of fewer than "
    f'{LEAST_STRIDES}. Valgus inward +, lean forward +; "inward" is from contact to the largest in '
    "stance."
)
_WIDE = 100
_FOLLOWS = ("stance_s", "cadence_per_min")
_ROWS = (
    ("stride_s", "stride"),
    ("stance_s", "stance"),
    ("stance_percent", "stance"),
    ("cadence_per_min", "cadence"),
    ("contact_valgus_deg", "valgus"),
    ("valgus_excursion_deg", "inward"),
    ("loading_flexion_deg", "loading"),
    ("swing_flexion_deg", "swing"),
)


def stride_summary(
    reps: Sequence[Rep],
    sets: Sequence[RepSet],
    *,
    width: int,
    title: str | None = None,
    every: bool = False,
    legend: bool = True,
) -> RenderableType:
    """The bouts, and below what is to be said of them; every stride with `every`."""
    whole = summarise_strides(reps)
    told: list[RenderableType] = []
    if every:
        told.append(_every(reps, title, width))
        title = None
    told.append(_bouts(reps, sets, whole, width, title))
    told += [Text(line) for line in sentences(whole)]
    if legend:
        told.append(Text(_LEGEND, style="dim"))
    return Group(*told)


def stride_comparison(online: Sequence[Rep], offline: Sequence[Rep], *, title: str) -> Table:
    """Each value as both ways of measuring have it."""
    ways = [("online", summarise_strides(online)), ("offline", summarise_strides(offline))]
    return _table(ways, title)


def _bouts(
    reps: Sequence[Rep], sets: Sequence[RepSet], whole: Strides, width: int, title: str | None
) -> Table:
    """Values in rows; as many bouts beside the whole as there is room for."""
    parts = [
        (f"bout {one.index + 1}", summarise_strides(r for r in reps if r.set == one.index))
        for one in sets
    ]
    parts = [part for part in parts if part[1].found]
    room = max(0, (width - _NAMES) // _COLUMN - 1)
    hidden = max(0, len(parts) - room) if len(parts) > 1 else len(parts)
    shown = parts[: len(parts) - hidden] if len(parts) > 1 else []
    columns = [*shown, ("together" if len(parts) > 1 else "strides", whole)]
    table = _table(columns, title)
    if hidden and len(parts) > 1:
        table.caption = f"{hidden} more bouts: a wider terminal shows them"
    return table


def _table(columns: Sequence[tuple[str, Strides]], title: str | None) -> Table:
    """A row each value, a column each of these; no angle where the axes are not known."""
    table = plain_table(title, apart=True)
    table.add_column("", no_wrap=True)
    for head, part in columns:
        table.add_column(f"{head}\n{part.counted} of {part.found}", justify="right", no_wrap=True)
    whole = columns[-1][1]
    for name in (*TIMING, *ANGLES):
        if name in ANGLES and whole.is_implausible:
            continue
        if all(part.of(name) is None for _, part in columns):
            continue
        about = described(name)
        told = [_cell(part.of(name), about.decimals, name, part) for _, part in columns]
        table.add_row(_label(name), *told)
    return table


def _label(name: str) -> str:
    about = described(name)
    words_of = {"peak_valgus_deg": "valgus in stance", "valgus_excursion_deg": "inward"}
    unit = f" ({about.unit})" if about.unit else ""
    return f"{words_of.get(name, about.words)}{unit}"


def _cell(one: Spread | None, decimals: int, name: str, part: Strides) -> str:
    """An angle of a few strides alone is told as no average: in brackets."""
    if one is None:
        return "–"
    text = words.plain(one.median, decimals)
    if one.sd is not None:
        text += f" ± {one.sd:.{max(decimals, 1)}f}"
    few = name in ANGLES and not part.is_enough
    return f"({text})" if few else f"{text} " if name in ANGLES else text


def _every(reps: Sequence[Rep], title: str | None, width: int) -> Table:
    """A row each stride; a narrow one without what follows from the rest."""
    rows = [row for row in _ROWS if width >= _WIDE or row[0] not in _FOLLOWS]
    table = plain_table(title, apart=True)
    for head, unit in (("no.", ""), ("bout", ""), ("at", "s")):
        table.add_column(f"{head}\n{unit}", justify="right", no_wrap=True)
    for name, head in rows:
        table.add_column(f"{head}\n{described(name).unit}", justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for rep in reps:
        values = [words.plain(value_of(rep, n), described(n).decimals) for n, _ in rows]
        said = rep.label or ", ".join(words.SHORT_DOUBTS[doubt] for doubt in rep.doubt)
        table.add_row(
            words.number(rep), str(rep.set + 1), words.plain(rep.start_s), *values, said,
            style="dim" if said else "",
        )  # fmt: skip
    return table
