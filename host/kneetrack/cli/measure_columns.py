"""`--measures`: what else is measured in every rep, as tables as wide as the terminal.

One may name groups (`tempo`, `knee`), measures by their names in the JSON, or `all`. What a
terminal has no room for goes on in a second table, under the same rep numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from kneetrack.cli.plain_table import plain_table
from kneetrack.cli.table import style
from kneetrack.detection.measure_table import MEASURES, Measure
from kneetrack.errors import UsageError
from kneetrack.insight.values import NAMES, described, value_of
from kneetrack.report import words
from kneetrack.samples import Rep

ALL = "all"
GROUPS = {
    "excursion": (
        "peak_valgus_deg",
        "peak_valgus_sigma_deg",
        "time_over_threshold_s",
        "area_over_threshold_deg_times_s",
        "clean_depth_deg",
        "valgus_consistency_deg",
        "rotation_consistency_deg",
    ),
    "tempo": ("descent_s", "bottom_s", "ascent_s", "descent_rate_deg_s", "ascent_rate_deg_s"),
    "smoothness": ("smoothness_down", "smoothness_up"),
    "shaking": ("tremor_deg_s", "tremor_ratio"),
    "knee": (
        "knee_in_at_15pct_cm",
        "knee_in_at_30deg_cm",
        "knee_in_at_60deg_cm",
        "knee_in_at_bottom_cm",
        "medial_displacement_cm",
        "knee_in_percent",
    ),
    "shank": ("shank_lean_deg", "shank_rotation_deg", "rotation_excursion_deg"),
    "thigh": (
        "thigh_tilt_deg",
        "tilt_ratio",
        "thigh_rotation_deg",
        "thigh_rotation_excursion_deg",
    ),
}
_WITH_ALL = {
    "tempo": ("start_flexion_deg", "peak_flexion_rate_deg_s"),
    "knee": (
        "knee_in_at_15pct_percent",
        "knee_in_at_30deg_percent",
        "knee_in_at_60deg_percent",
        "knee_in_at_bottom_percent",
    ),
}
"""What `all` shows behind a group, so that what belongs together stands together."""
_OTHER_NAMES = {"sparc": "smoothness", "tremor": "shaking", "displacement": "knee"}
_REP = 5  # the width of its column, with the edges
_MOST_EXPLAINED = 10


def measures_asked(text: str | None) -> tuple[str, ...] | None:
    """The names that `--measures` asks for: none for None; empty for `all`. Raises UsageError."""
    if text is None:
        return None
    names: list[str] = []
    for word in (part.strip().lower() for part in text.split(",")):
        if word == ALL:
            return ()
        group = _OTHER_NAMES.get(word, word)
        if group not in GROUPS and word not in MEASURES and word not in NAMES:
            raise UsageError(
                f'There is no measure "{word}". Choose {", ".join(GROUPS)}, {ALL}, or a name from: '
                "kneetrack movements --measures."
            )
        names += GROUPS.get(group, (word,))
    return tuple(dict.fromkeys(names))


def print_measures(console: Console, reps: Sequence[Rep], asked: tuple[str, ...]) -> None:
    """The tables, and what their columns mean; a sentence where nothing of it is known."""
    grouped = [n for key, names in GROUPS.items() for n in (*names, *_WITH_ALL.get(key, ()))]
    every = dict.fromkeys([*grouped, *(name for rep in reps for name in rep.measures)])
    names = asked or tuple(every)
    known = [name for name in names if any(value_of(rep, name) is not None for rep in reps)]
    rows = [described(name) for name in known]
    if reps and not rows:
        console.print("None of these measures is known of any rep: single segments need an aligned")
        console.print("band, the knee's way in cm the shank's length as well.")
    at = 0
    while at < len(rows):
        taken = _fitting(reps, rows[at:], console.width)
        console.print(_table(reps, taken), highlight=False)
        at += len(taken)
    if len(rows) > _MOST_EXPLAINED:
        console.print("kneetrack movements --measures tells what each is.", style="dim")
        return
    for row in rows:
        console.print(f"{row.words}: {row.meaning}", style="dim", highlight=False, markup=False)


def _cells(reps: Sequence[Rep], row: Measure) -> list[str]:
    is_signed = any((value_of(rep, row.name) or 0.0) < 0.0 for rep in reps)
    told = words.signed if is_signed else words.plain
    return [told(value_of(rep, row.name), row.decimals) for rep in reps]


def _head(row: Measure) -> tuple[str, str]:
    """Its words on two lines, evenly."""
    parts = row.words.split()
    cuts = [(" ".join(parts[:n]), " ".join(parts[n:])) for n in range(len(parts) + 1)]
    return min(cuts, key=lambda cut: (max(map(len, cut)), -len(cut[1])))


def _fitting(reps: Sequence[Rep], rows: Sequence[Measure], width: int) -> Sequence[Measure]:
    """As many of the first rows as are not wider than the terminal; one at least."""
    used = _REP
    for count, row in enumerate(rows):
        longest = max(map(len, (*_head(row), row.unit, *_cells(reps, row))))
        used += longest + 2
        if used > width and count:
            return rows[:count]
    return rows


def _table(reps: Sequence[Rep], rows: Sequence[Measure]) -> Table:
    table = plain_table(apart=True)
    table.add_column("\nrep\n", justify="right", no_wrap=True)
    for row in rows:
        first, second = _head(row)
        table.add_column(f"{first}\n{second}\n{row.unit}", justify="right", no_wrap=True)
    columns = [_cells(reps, row) for row in rows]
    for number, rep in enumerate(reps):
        cells = [column[number] for column in columns]
        table.add_row(words.number(rep), *cells, style=style(rep))
    return table
