"""How the report's figures look and become SVG: style, colours, marks, and few bytes.

Colours are Okabe and Ito's (Color Universal Design, 2008), which people with any colour vision tell
apart; whatever a colour says, a mark, a dash, a hatch or a label says too, for those who print in
grey. Text stays text, so a figure can be searched and read aloud. The same report is the same
bytes.

A long recording is drawn with a few points for each column of pixels: the lowest and the highest,
so that no extreme is lost, however short (`thinned`).
"""

# matplotlib's keyword arguments carry no types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kneetrack.report.curves import Floats
from kneetrack.samples import Rep, Verdict

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#AA4499"
GREY, BLACK = "#8A8A8A", "#222222"
WIDE_IN, PAIR_IN, PANEL_IN = 10.5, 5.4, 4.0
"""Inches; a page shows one, two or three side by side, so that text comes out alike."""
LEAST_RANGE_DEG = 12.0
"""An axis of angles shows no less, so that tenths of a degree don't look like much."""
COLUMNS = 800
"""Of pixels, to which a curve over a long time is thinned."""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "kneetrack",
    "path.simplify": False,
    "font.family": ["sans-serif"],
    "font.size": 10,
    "hatch.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "grid.color": "#E4E4E4",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9,
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure: its SVG element, what it shows in words (read aloud), and whether it is wide."""

    svg: str
    alt: str
    wide: bool = False

    def __html__(self) -> str:
        """What a page shows of it as it is: its SVG, whose texts are escaped already."""
        return self.svg


@contextmanager
def panel(
    width_in: float = PANEL_IN,
    height_in: float = 3.1,
    *,
    left_in: float = 0.62,
    top_in: float = 0.3,
) -> Generator[tuple[Figure, Axes]]:
    """A figure of one pair of axes, in our style. The margins are given and not found out, which
    takes half of the time; `top_in` is a line of the legend, 0.5 two."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width_in, height_in))
        axes = figure.subplots()
        _margins(figure, left_in, top_in)
        yield figure, axes


@contextmanager
def rows(count: int, height_in: float) -> Generator[tuple[Figure, list[Axes]]]:
    """A wide figure of so many pairs of axes, one below the other, over the same x."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDE_IN, height_in))
        grid = figure.subplots(count, 1, sharex=True, squeeze=False)
        _margins(figure, 0.7, 0.1)
        yield figure, [grid[row, 0] for row in range(count)]


def _margins(figure: Figure, left_in: float, top_in: float) -> None:
    width, height = figure.get_size_inches().tolist()
    figure.subplots_adjust(
        left=left_in / width, right=1.0 - 0.12 / width, bottom=0.5 / height,
        top=1.0 - top_in / height, hspace=0.08,
    )  # fmt: skip


def drawn(figure: Figure, alt: str, *, wide: bool = False) -> Drawn:
    """The figure's <svg> element alone, scaling with the page, told in words to screen readers."""
    into = io.StringIO()
    figure.savefig(into, format="svg", metadata={"Date": None, "Creator": None})
    text = into.getvalue()
    return Drawn(_small(text[text.index("<svg") :], alt), alt, wide)


def _small(svg: str, alt: str) -> str:
    """Without what a page has no use for: metadata, names nobody refers to, and the fourth and
    further decimals of a point (1/72 inch)."""
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    used = set(re.findall(r"#([\w-]+)", svg))
    svg = re.sub(r' id="([\w-]+)"', lambda m: m[0] if m[1] in used else "", svg)
    svg = re.sub(r'(?<= d=")[^"]*', lambda m: _shorter(m[0]), svg)
    svg = re.sub(r"\n\s*", "\n", svg).strip()
    label = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def _shorter(path: str) -> str:
    return re.sub(r"(\.\d\d)\d+", r"\1", path).replace("\n", "")


def thinned(time_s: Floats, values: Floats, hole_s: float) -> tuple[Floats, Floats]:
    """A curve (n,) by two points for each of COLUMNS, and NaN where samples are missing.

    Of each column the lowest and the highest stay, where they are.
    """
    count = len(time_s)
    keep = np.arange(count)
    if count > 2 * COLUMNS:
        edges = np.linspace(0, count, COLUMNS + 1).astype(np.int64)
        places = {0, count - 1}
        for start, end in itertools.pairwise(edges.tolist()):
            places.add(start + int(np.argmin(values[start:end])))
            places.add(start + int(np.argmax(values[start:end])))
        holes = np.flatnonzero(np.diff(time_s) > hole_s)
        places.update(holes.tolist(), (holes + 1).tolist())
        keep = np.array(sorted(places))
    times, kept = time_s[keep], values[keep]
    breaks = np.flatnonzero((np.diff(keep) == 1) & (np.diff(times) > hole_s)) + 1
    return np.insert(times, breaks, np.nan), np.insert(kept, breaks, np.nan)


def envelope(
    time_s: Floats, low: Floats, high: Floats, hole_s: float
) -> tuple[Floats, Floats, Floats]:
    """What lies between two curves, by one point a column: the lowest low, the highest high.

    NaN where samples are missing, for a column or more.
    """
    if len(time_s) <= 2 * COLUMNS:
        breaks = np.flatnonzero(np.diff(time_s) > hole_s) + 1
        columns = (np.insert(row, breaks, np.nan) for row in (time_s, low, high))
        times, lows, highs = columns
        return times, lows, highs
    edges: Floats = np.linspace(float(time_s[0]), float(time_s[-1]), COLUMNS + 1)
    place = np.clip(np.searchsorted(edges, time_s, side="right") - 1, 0, COLUMNS - 1)
    lows, highs = np.full(COLUMNS, np.inf), np.full(COLUMNS, -np.inf)
    np.minimum.at(lows, place, low)
    np.maximum.at(highs, place, high)
    empty = ~np.isfinite(lows)
    lows[empty] = highs[empty] = np.nan
    return (edges[:-1] + edges[1:]) / 2.0, lows, highs


def band(axes: Axes, x: Floats, middle: Floats, half: Floats | float, colour: str) -> None:
    """A shaded band about a curve; no wider than where the curve is known."""
    axes.fill_between(x, middle - half, middle + half, color=colour, alpha=0.2, linewidth=0)


def colour_of(rep: Rep) -> str:
    """Blue in range, orange out of it, grey where nothing is judged or it is doubtful."""
    if rep.label is not None or rep.verdict is None or rep.verdict is Verdict.DOUBTFUL:
        return GREY
    return BLUE if rep.verdict is Verdict.IN_RANGE else ORANGE


def dash_of(rep: Rep) -> Any:
    """The same without colour: solid in range, dashed out of it, dotted where it is doubtful."""
    colour = colour_of(rep)
    return "-" if colour == BLUE else "--" if colour == ORANGE else ":"


def hatch_of(rep: Rep) -> str:
    """The same for bars: plain in range, hatched out of it, dotted where it is doubtful."""
    colour = colour_of(rep)
    return "" if colour == BLUE else "///" if colour == ORANGE else "..."


def at_least(axes: Axes, range_deg: float = LEAST_RANGE_DEG) -> None:
    """No smaller span of y than that, about its middle."""
    low, high = axes.get_ylim()
    short = range_deg - (high - low)
    if short > 0.0:
        axes.set_ylim(low - short / 2.0, high + short / 2.0)


def legend_above(axes: Axes, columns: int = 2) -> None:
    """The legend outside of the axes, where it hides nothing."""
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2,
        columnspacing=1.2, handlelength=1.8,
    )  # fmt: skip
