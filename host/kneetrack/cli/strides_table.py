"""Strides for a terminal: a row each value, a column each bout, and all of them together.

Three hundred strides are no table; `--all` lists them nevertheless. Fits 60 columns.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from kneetrack.cli.plain_table import plain_table
from kneetrack.detection.criteria import IMPLAUSIBLE_DEG, LEAST_STRIDES
from kneetrack.insight.strides import ANGLES, TIMING, Spread, Strides, summarise_strides
from kneetrack.insight.values import described, value_of
from kneetrack.report import words
from kneetrack.samples import Doubt, Rep, RepSet

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
) -> RenderableType:
    """The bouts, and below what is to be said of them; every stride with `every`."""
    whole = summarise_strides(reps)
    told: list[RenderableType] = []
    if every:
        told.append(_every(reps, title, width))
        title = None
    told.append(_bouts(reps, sets, whole, width, title))
    told += [Text(line) for line in sentences(whole)]
    told.append(Text(_LEGEND, style="dim"))
    return Group(*told)


def sentences(whole: Strides) -> list[str]:
    """What may be said of these strides, and what not."""
    told: list[str] = []
    if whole.apart:
        kinds = ", ".join(f"{_reason(why)} {count}" for why, count in whole.apart)
        left = whole.found - whole.counted
        those = "1 stride is" if left == 1 else f"{left} strides are"
        told.append(f"{those} listed and not counted: {kinds}.")
    if whole.is_implausible:
        told.append(
            f"The valgus is {IMPLAUSIBLE_DEG:.0f}° or more throughout, beyond any knee's: the "
            "sensors' axes are not known. Calibrate with the straps as they are; times are right."
        )
    elif whole.is_enough:
        known = [_mean_of(whole.of(name)) for name in ("peak_valgus_deg", "valgus_excursion_deg")]
        sigma = whole.of("peak_valgus_sigma_deg")
        same = "some degrees" if sigma is None else f"± {sigma.median:.1f}°"
        told.append(
            f"Averages of {whole.counted} strides: valgus in stance {known[0]}, inward from "
            f"contact {known[1]} (± one standard error of the average). How the straps sit and "
            f"the skin moves is the same in all of them and adds {same}: less is not told apart in "
            "one person."
        )
    else:
        told.append(
            f"{whole.counted} steady strides: angles are told as averages of {LEAST_STRIDES} and "
            "more. Walk on to have them; the times above hold."
        )
    return told


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


def _mean_of(one: Spread | None) -> str:
    if one is None:
        return "not known"
    return f"{words.signed(one.mean)}°" + ("" if one.sem is None else f" ± {one.sem:.1f}°")


def _reason(why: Doubt | str) -> str:
    return words.SHORT_DOUBTS[why] if isinstance(why, Doubt) else why


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
