"""The report's figures, as SVG to put into a page.

Colours are Okabe and Ito's (Color Universal Design, 2008), which people with any colour vision tell
apart; whatever a colour says, a mark, a dash or a label says too. Text stays text, so a figure can
be searched and read aloud, and the same report is the same bytes.
"""

# matplotlib's keyword arguments carry no types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kneetrack.report import words
from kneetrack.report.model import PERCENT, Floats, LegReport, MeanRep, Series
from kneetrack.samples import Rep, Verdict

BLUE, ORANGE, GREEN, GREY, BLACK = "#0072B2", "#D55E00", "#009E73", "#8A8A8A", "#222222"
MARGIN_S = 3.0  # shown before the first rep and after the last
LEGEND_ROOM = 0.3  # of the height of what is drawn
POINTS = 3000  # more do not show, and only make the page heavy

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "kneetrack",
    "font.family": ["sans-serif"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "grid.color": "#E4E4E4",
    "axes.axisbelow": True,
}
_WIDTH_IN = 9.0


def over_time(leg: LegReport) -> str:
    """Flexion and valgus over the recording; reps shaded, gaps hatched."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_IN, 4.2), layout="constrained")
        flexion, valgus = figure.subplots(2, 1, sharex=True)
        series = thinned(about_the_reps(leg))
        flexion.plot(series.time_s, series.flexion_deg, color=BLACK, linewidth=1)
        flexion.set_ylabel("flexion, °")
        low = series.valgus_deg - series.valgus_sigma_deg
        high = series.valgus_deg + series.valgus_sigma_deg
        valgus.fill_between(series.time_s, low, high, color=BLUE, alpha=0.2, linewidth=0)
        valgus.plot(series.time_s, series.valgus_deg, color=BLUE, linewidth=1)
        valgus.set_ylabel("valgus, ° (inward +)")
        valgus.set_xlabel("time, s")
        for axes in (flexion, valgus):
            for rep in leg.reps:
                shade = GREEN if rep.is_reference else _colour(rep)
                axes.axvspan(rep.start_s, rep.end_s, color=shade, alpha=0.10, linewidth=0)
            for gap in leg.gaps:
                axes.axvspan(gap.start_s, gap.end_s, facecolor="none", edgecolor=GREY, hatch="///")
        top = float(np.max(series.flexion_deg, initial=90.0))
        for rep in leg.reps:
            flexion.annotate(
                words.mark(rep),
                ((rep.start_s + rep.end_s) / 2, top * 1.04),
                ha="center",
                va="bottom",
                color=_colour(rep),
                annotation_clip=False,
            )
        valgus.set_ylim(*_range_in_reps(leg))
        flexion.set_ylim(min(-5.0, float(np.min(series.flexion_deg, initial=0.0))), top * 1.14)
        return _svg(figure, "Flexion and valgus over time")


def mean_reps(mean: MeanRep, limit_deg: float) -> str:
    """Mean and scatter over 0 to 100 % of a rep, with the reference at the same flexion."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_IN, 3.0), layout="constrained")
        flexion, valgus = figure.subplots(1, 2)
        _band(flexion, mean.flexion_deg, mean.flexion_sd_deg, BLACK)
        flexion.set_ylabel("flexion, °")
        _band(valgus, mean.valgus_deg, mean.valgus_sd_deg, BLUE, label="these reps, mean ± SD")
        if mean.reference_deg is not None:
            low = mean.reference_deg - limit_deg
            high = mean.reference_deg + limit_deg
            valgus.fill_between(PERCENT, low, high, color=GREEN, alpha=0.13, linewidth=0)
            valgus.plot(
                PERCENT,
                mean.reference_deg,
                color=GREEN,
                linestyle="--",
                label=f"your reference at this flexion, ± {limit_deg:.1f}°",
            )
        valgus.set_ylabel("valgus, ° (inward +)")
        low, high = valgus.get_ylim()
        valgus.set_ylim(low, high + LEGEND_ROOM * (high - low))  # the bands stay below the legend
        valgus.legend(loc="upper left", fontsize=8, frameon=False)
        for axes in (flexion, valgus):
            axes.set_xlabel("% of rep")
            axes.set_xlim(0, 100)
        return _svg(figure, "Mean rep")


def excursions(reps: Sequence[Rep], limit_deg: float) -> str:
    """Each rep's own excursion with its uncertainty, and the limits of the range."""
    measured = [rep for rep in reps if rep.own_excursion_deg is not None and not rep.is_reference]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_IN, 2.8), layout="constrained")
        axes = figure.subplots()
        axes.axhspan(-limit_deg, limit_deg, color=GREEN, alpha=0.10, linewidth=0)
        axes.axhline(0, color=GREY, linewidth=0.8)
        for limit in (-limit_deg, limit_deg):
            axes.axhline(limit, color=GREEN, linestyle="--", linewidth=1)
        for place, rep in enumerate(measured):
            value, sigma = rep.own_excursion_deg or 0.0, rep.own_excursion_sigma_deg or 0.0
            axes.bar(place, value, width=0.6, color=_colour(rep), alpha=0.85)
            axes.errorbar(place, value, yerr=sigma, color=BLACK, capsize=3, linewidth=1)
            above = value >= 0
            axes.annotate(
                words.mark(rep),
                (place, value + (sigma if above else -sigma)),
                xytext=(0, 3 if above else -3),
                textcoords="offset points",
                ha="center",
                va="bottom" if above else "top",
            )
        axes.set_xticks(range(len(measured)), [_name(rep, measured) for rep in measured])
        reach = max([9.0] + [abs(rep.own_excursion_deg or 0.0) + 3.0 for rep in measured])
        axes.set_ylim(-min(reach, max(9.0, reach * 0.6)), reach)
        axes.set_xlabel("rep")
        axes.set_ylabel("own excursion, ° (inward +)")
        axes.grid(visible=False, axis="x")
        return _svg(figure, "Own excursion of each rep")


def _range_in_reps(leg: LegReport) -> tuple[float | None, float | None]:
    """What the valgus axis must show: all that it was in reps, whatever it was elsewhere."""
    series = leg.series
    inside = np.zeros(series.time_s.shape, dtype=np.bool_)
    for rep in leg.reps:
        inside |= (series.time_s >= rep.start_s) & (series.time_s <= rep.end_s)
    if not inside.any():
        return (None, None)
    values, sigma = series.valgus_deg[inside], series.valgus_sigma_deg[inside]
    return (float(np.min(values - sigma)) - 2.0, float(np.max(values + sigma)) + 2.0)


def about_the_reps(leg: LegReport) -> Series:
    """The part of the series with the reps: before it a band may lie on a table, angles and all."""
    series = leg.series
    if not leg.reps:
        return series
    first, last = leg.reps[0].start_s - MARGIN_S, leg.reps[-1].end_s + MARGIN_S
    inside = (series.time_s >= first) & (series.time_s <= last)
    return Series(
        series.time_s[inside],
        series.flexion_deg[inside],
        series.valgus_deg[inside],
        series.valgus_sigma_deg[inside],
    )


def thinned(series: Series) -> Series:
    """At most POINTS of the series' samples, each stretch by its lowest and highest valgus."""
    count = len(series.time_s)
    if count <= POINTS:
        return series
    edges: list[int] = np.linspace(0, count, POINTS // 2 + 1).astype(int).tolist()
    keep = {0, count - 1}
    for start, end in itertools.pairwise(edges):
        stretch = series.valgus_deg[start:end]
        keep.add(int(start + np.argmin(stretch)))
        keep.add(int(start + np.argmax(stretch)))
    at = np.array(sorted(keep))
    return Series(
        series.time_s[at],
        series.flexion_deg[at],
        series.valgus_deg[at],
        series.valgus_sigma_deg[at],
    )


def _band(axes: Axes, mean: Floats, sd: Floats, colour: str, label: str | None = None) -> None:
    axes.fill_between(PERCENT, mean - sd, mean + sd, color=colour, alpha=0.2, linewidth=0)
    axes.plot(PERCENT, mean, color=colour, label=label)


def _colour(rep: Rep) -> str:
    if rep.verdict is None or rep.verdict is Verdict.DOUBTFUL:
        return GREY
    return BLUE if rep.verdict is Verdict.IN_RANGE else ORANGE


def _name(rep: Rep, among: Sequence[Rep]) -> str:
    several = len({r.set for r in among}) > 1
    return f"{rep.set + 1}.{words.number(rep)}" if several else words.number(rep)


def _svg(figure: Figure, title: str) -> str:
    """The figure's <svg> element alone, scaling with the page, named for screen readers."""
    into = io.StringIO()
    figure.savefig(into, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    text = into.getvalue()
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
