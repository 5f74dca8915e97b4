#!/usr/bin/env python3
"""A figure of many people's reps, from a table that `kneetrack analyze DIR --out` made.

    pip install -e ".[tables,export]"
    kneetrack analyze recordings/ --out reps.parquet
    python host/examples/population_figure.py reps.parquet --out population.png

Above, the own part of the excursion (how much further inward than the person's own reference reps,
without what all reps of a set share), a box a load. Below, each person's share of judged reps in
range, with a 95 % interval.

Reps of one session are alike, so a person's reps are worth fewer than they are: as many as leave
the share as uncertain as its differences from session to session make it (a design effect, never
below one). With so many the interval is Wilson's, which does not shrink to nothing where all were
in range. A person with a single session gets none.

The table is read column by column and only where a rep was judged: reference reps, doubtful ones
and those of which the person said something else ("not a squat") do not count.
"""

from __future__ import annotations

import argparse
import json
import textwrap
from collections import defaultdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pyarrow.parquet as parquet

mpl.use("Agg")
import matplotlib.pyplot as plt

LIMIT_DEG = 5.0
"""The least excursion that is told; that of a rep is larger where its uncertainty is."""
Z = 1.96
_CAPTION = 124
"""Letters of the caption's size that a line has room for."""
COLUMNS = ("source", "athlete", "side", "exercise", "load_kg", "own_excursion_deg", "verdict",
           "simulated")  # fmt: skip
MOST_PEOPLE = 30
DARK, LIGHT = "#1f4e5f", "#9cc5d3"

Rows = list[dict[str, Any]]


def judged_reps(table: Path, exercise: str) -> Rows:
    """The rows of `exercise` that have a verdict which holds."""
    wanted = [("is_judged", "==", True), ("exercise", "==", exercise)]
    return parquet.read_table(str(table), columns=list(COLUMNS), filters=wanted).to_pylist()


def by_load(rows: Rows) -> dict[str, list[float]]:
    """The own parts (deg) at each load, lightest first; without a load last."""
    found: dict[float, list[float]] = defaultdict(list)
    for row in rows:
        if row["own_excursion_deg"] is not None:
            load_kg = np.inf if row["load_kg"] is None else round(row["load_kg"], 1)
            found[float(load_kg)].append(row["own_excursion_deg"])
    return {
        "no load told" if np.isinf(load_kg) else f"{round(load_kg, 1):g} kg": found[load_kg]
        for load_kg in sorted(found)
    }


def sessions_of(rows: Rows) -> dict[str, list[tuple[int, int]]]:
    """Of each person, session by session, (reps in range, judged reps)."""
    counts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for row in rows:
        count = counts[row["athlete"] or "not told"][row["source"]]
        count[0] += row["verdict"] == "in_range"
        count[1] += 1
    return {who: [(good, all_) for good, all_ in found.values()] for who, found in counts.items()}


def share_with_interval(
    sessions: list[tuple[int, int]],
) -> tuple[float, tuple[float, float] | None]:
    """The share in range (percent) and its 95 % interval; None of a single session."""
    good, reps = np.array(sessions, dtype=float).T
    share = good.sum() / reps.sum()
    count = len(sessions)
    if count < 2:
        return 100.0 * share, None
    between = count / (count - 1) * np.sum((good - share * reps) ** 2) / reps.sum() ** 2
    alone = share * (1.0 - share) / reps.sum()
    worth = reps.sum() / max(1.0, between / alone if alone > 0.0 else 1.0)
    middle = (share + Z**2 / (2.0 * worth)) / (1.0 + Z**2 / worth)
    half = Z / (1.0 + Z**2 / worth) * np.sqrt(
        share * (1.0 - share) / worth + Z**2 / (4.0 * worth**2)
    )  # fmt: skip
    return 100.0 * share, (100.0 * max(0.0, middle - half), 100.0 * min(1.0, middle + half))


def draw(rows: Rows, title: str, made_by: str) -> Any:
    """The figure."""
    loads, people = by_load(rows), sessions_of(rows)
    shares = {who: share_with_interval(found) for who, found in people.items()}
    shown = sorted(shares, key=lambda who: (-shares[who][0], who))[:MOST_PEOPLE]
    height = 4.2 + 0.28 * len(shown)
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.0, height + 1.4), height_ratios=[3.2, 0.8 + 0.28 * len(shown)],
        layout="constrained",
    )  # fmt: skip

    above.axhspan(-LIMIT_DEG, LIMIT_DEG, color="0.94", zorder=0)
    above.axhline(0.0, color="0.6", lw=0.8)
    above.boxplot(
        list(loads.values()), whis=(5, 95), widths=0.5, showfliers=False, patch_artist=True,
        boxprops={"facecolor": LIGHT, "edgecolor": DARK}, medianprops={"color": DARK, "lw": 2},
        whiskerprops={"color": DARK}, capprops={"color": DARK},
    )  # fmt: skip
    labels = [f"{load}\n{len(found)} reps" for load, found in loads.items()]
    above.set_xticks(range(1, len(loads) + 1), labels)
    above.set_ylabel("own part of the excursion (°)\noutward  ←  → inward")
    above.set_title("Each rep against the person's own reference reps, by load", loc="left")

    for place, who in enumerate(reversed(shown)):
        share, interval = shares[who]
        if interval is not None:
            below.plot(interval, [place, place], color=LIGHT, lw=6, solid_capstyle="butt")
        below.plot([share], [place], "o" if interval else "D", color=DARK, ms=6,
                   mfc=DARK if interval else "white")  # fmt: skip
    below.set_yticks(
        range(len(shown)),
        [f"{who} ({_many(len(people[who]), 'session')})" for who in reversed(shown)],
    )
    below.set_ylim(-0.7, len(shown) - 0.3)
    below.set_xlim(-2.0, 104.0)
    below.grid(axis="x", color="0.9")
    below.set_xlabel("judged reps in range (%)")
    below.set_title("Share in range, each person against themselves", loc="left")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    figure.supxlabel(caption(rows, len(people), made_by), x=0.01, ha="left", fontsize=7.5)
    return figure


def caption(rows: Rows, people: int, made_by: str) -> str:
    """What the figure rests on, and what it does not say."""
    recordings = len({row["source"] for row in rows})
    simulated = len({row["source"] for row in rows if row["simulated"]})
    of_them = f" ({simulated} of them simulated)" if simulated else ""
    hidden = f" The {MOST_PEOPLE} highest shares are shown." if people > MOST_PEOPLE else ""
    text = (
        f"{len(rows)} judged reps of {_many(recordings, 'recording')}{of_them}, "
        f"{_many(people, 'person', 'people')}; {made_by}. Reference, doubtful and left out reps "
        "do not count. "
        f"Boxes: quartiles and median, whiskers 5 to 95 %; grey: ±{LIMIT_DEG:g}°, below which "
        "nothing is told. People who lift a load differ from those who do not: "
        "boxes side by side do not show what a load does to one person. Bars: 95 % interval, wider "
        "where sessions differ (rough with few); "
        "hollow: a single session, no interval. What all reps of a set share is not in the own "
        "part; the table has it as set_shift_deg." + hidden
    )
    return textwrap.fill(text, _CAPTION)


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or one + 's'}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, help="what `kneetrack analyze DIR --out` wrote")
    parser.add_argument("--out", type=Path, default=Path("population.png"), help="PNG, SVG or PDF")
    parser.add_argument(
        "--exercise", default="squat", help="whose reps: squat [default], lunge, ..."
    )
    options = parser.parse_args()

    told = json.loads(parquet.read_schema(str(options.table)).metadata[b"kneetrack"])
    rows = judged_reps(options.table, options.exercise)
    if not rows:
        parser.exit(1, f"{options.table} has no judged reps of {options.exercise}.\n")
    whole = "" if told["complete"] else " (not of all recordings of the folder)"
    made_by = f"kneetrack {told['versions']['kneetrack']}{whole}"
    name = options.exercise.replace("_", " ").capitalize()
    figure = draw(rows, f"{name}s of {_many(len(sessions_of(rows)), 'person', 'people')}", made_by)
    figure.savefig(options.out, dpi=150)
    print(f"{options.out}: {len(rows)} reps")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
