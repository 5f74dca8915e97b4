"""Figures of a whole session: over time, rep by rep, right against left, and session by session."""

# matplotlib's keyword arguments carry no types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from kneetrack.catalogue.trend import Point, Trend
from kneetrack.insight.sides import SideDifference
from kneetrack.insight.values import described
from kneetrack.insight.words import many_of
from kneetrack.report import words
from kneetrack.report.curves import Floats
from kneetrack.report.drawing import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PAIR_IN,
    WIDE_IN,
    Drawn,
    colour_of,
    drawn,
    envelope,
    hatch_of,
    legend_above,
    panel,
    rows,
    thinned,
)
from kneetrack.report.model import LegReport
from kneetrack.report.trend_words import about, value_text
from kneetrack.samples import Rep

LEAST_S = 2.0
"""Less of a recording is no figure over time."""
LEAST_FLEXION_DEG = 30.0
"""The axis shows no less, so that a quiet leg looks quiet."""
FEWEST_BARS = 6
"""So many have room: one bar is no wider than that."""
MARGIN_S = 3.0  # shown before the first rep and after the last
MOST_MARKED = 40  # reps whose marks have room over the time, or on bars
_MARKERS = "osD^v"
_MINUTES_FROM_S = 300.0


def over_time(leg: LegReport) -> Drawn:
    """Flexion and valgus over the recording; reps or sets shaded, gaps hatched and left empty."""
    start_s, end_s = span_of_reps(leg)
    part = leg.series.part(start_s, end_s)
    sigma, hole_s = part.valgus_sigma_deg, leg.series.hole_s
    long = end_s - start_s > _MINUTES_FROM_S
    per = 60.0 if long else 1.0
    with rows(2, 4.2) as (figure, (flexion, valgus)):
        times, values = thinned(part.time_s, part.flexion_deg, hole_s)
        flexion.plot(times / per, values, color=BLACK, linewidth=0.9)
        flexion.set_ylabel("flexion, °")
        times, low, high = envelope(
            part.time_s, part.valgus_deg - sigma, part.valgus_deg + sigma, hole_s
        )
        valgus.fill_between(times / per, low, high, color=BLUE, alpha=0.2, linewidth=0)
        times, values = thinned(part.time_s, part.valgus_deg, hole_s)
        valgus.plot(times / per, values, color=BLUE, linewidth=0.9)
        valgus.set_ylabel("valgus, ° (inward +)")
        valgus.set_xlabel("time, min" if long else "time, s")
        top = float(np.max(part.flexion_deg, initial=LEAST_FLEXION_DEG))
        marked = _marks_reps(leg)
        for axes in (flexion, valgus):
            for each in leg.reps if marked else leg.sets:
                colour = GREY
                if isinstance(each, Rep):
                    colour = GREEN if each.is_reference else colour_of(each)
                axes.axvspan(
                    each.start_s / per, each.end_s / per, color=colour, alpha=0.1, linewidth=0
                )
            for gap in leg.gaps:
                axes.axvspan(
                    gap.start_s / per, gap.end_s / per, facecolor="none", edgecolor=GREY,
                    hatch="////", linewidth=0,
                )  # fmt: skip
        for each in leg.reps if marked else leg.sets:
            middle = (each.start_s + each.end_s) / 2.0 / per
            if isinstance(each, Rep) and leg.is_compared:
                _over(flexion, middle, top, words.mark(each), colour_of(each))
            else:
                _over(flexion, middle, top, words.number(each), BLACK)
        valgus.set_ylim(*_range_in_reps(leg))
        flexion.set_ylim(min(-5.0, float(np.min(part.flexion_deg, initial=0.0))), top * 1.14)
        valgus.set_xlim(start_s / per, end_s / per)
        places = "1 place" if len(leg.gaps) == 1 else f"{len(leg.gaps)} places"
        missing = f" Samples are missing in {places}." if leg.gaps else ""
        deepest = float(np.max(part.flexion_deg, initial=0.0))
        return drawn(
            figure,
            f"Flexion and valgus of the {leg.side.word} leg over {end_s - start_s:.0f} s, with "
            f"{many_of(len(leg.reps), leg.movement.one)} in {many_of(len(leg.sets), 'set')}. "
            f"Flexion reaches {deepest:.0f}°.{missing}",
            wide=True,
        )


def has_time(leg: LegReport) -> bool:
    """Whether there is anything to be drawn over time."""
    time_s = leg.series.time_s
    return len(time_s) > 1 and float(time_s[-1] - time_s[0]) >= LEAST_S


def shaded(leg: LegReport) -> str:
    """What the shading of `over_time` means; empty where nothing is shaded."""
    one = leg.movement.one
    if not leg.reps:
        return ""
    if _marks_reps(leg):
        above = "mark" if leg.is_compared else "number"
        green = ", reference reps in green" if any(rep.is_reference for rep in leg.reps) else ""
        return f"{one}s, with their {above} above{green}"
    return f"the {'bouts' if one == 'stride' else 'sets'}, with their number above"


def _marks_reps(leg: LegReport) -> bool:
    start_s, end_s = span_of_reps(leg)
    return len(leg.reps) <= MOST_MARKED and end_s - start_s <= _MINUTES_FROM_S


def span_of_reps(leg: LegReport) -> tuple[float, float]:
    """The part with the reps: before it a band may lie on a table, angles and all."""
    if leg.reps:
        return leg.reps[0].start_s - MARGIN_S, leg.reps[-1].end_s + MARGIN_S
    time_s = leg.series.time_s
    return (float(time_s[0]), float(time_s[-1])) if len(time_s) else (0.0, 1.0)


def _over(axes: Axes, x: float, top: float, text: str, colour: str) -> None:
    axes.annotate(
        text, (x, top * 1.04), ha="center", va="bottom", color=colour, annotation_clip=False
    )


def _range_in_reps(leg: LegReport) -> tuple[float | None, float | None]:
    """What the valgus axis must show: all that it was in reps, whatever it was elsewhere."""
    parts = [leg.series.part(rep.start_s, rep.end_s) for rep in leg.reps]
    lows = [float((p.valgus_deg - p.valgus_sigma_deg).min()) for p in parts if len(p.time_s)]
    highs = [float((p.valgus_deg + p.valgus_sigma_deg).max()) for p in parts if len(p.time_s)]
    return (min(lows) - 2.0, max(highs) + 2.0) if lows else (None, None)


def excursions(leg: LegReport) -> Drawn:
    """Each rep's own excursion with its uncertainty, and the limits of the range."""
    reps = [rep for rep in leg.reps if not rep.is_reference and rep.label is None]
    values: Floats = np.array([rep.own_excursion_deg or 0.0 for rep in reps])
    sigmas: Floats = np.array([rep.own_excursion_sigma_deg or 0.0 for rep in reps])
    limit, few = leg.limit_deg, len(reps) <= MOST_MARKED
    with panel(WIDE_IN, 2.9, left_in=0.95, top_in=0.1) as (figure, axes):
        axes.axhspan(-limit, limit, color=GREEN, alpha=0.1, linewidth=0)
        axes.axhline(0, color=GREY, linewidth=0.8)
        for at in (-limit, limit):
            axes.axhline(at, color=GREEN, linestyle="--", linewidth=1)
        places = np.arange(len(reps))
        for colour in dict.fromkeys(map(colour_of, reps)):
            those = [at for at, rep in enumerate(reps) if colour_of(rep) == colour]
            axes.bar(
                places[those], values[those], width=0.65, color=colour, alpha=0.85,
                hatch=hatch_of(reps[those[0]]) if few else "", edgecolor="white", linewidth=0,
            )  # fmt: skip
        known = [at for at, rep in enumerate(reps) if rep.own_excursion_deg is not None]
        axes.errorbar(
            places[known], values[known], yerr=sigmas[known], fmt="none", ecolor=BLACK,
            capsize=3 if few else 0, elinewidth=1 if few else 0.5,
        )  # fmt: skip
        if few:
            for place, rep in enumerate(reps):
                _on_bar(axes, place, float(values[place]), float(sigmas[place]), words.mark(rep))
            axes.set_xticks(places, [_name(rep, reps) for rep in reps])
            axes.set_xlabel("set.rep" if len({rep.set for rep in reps}) > 1 else "rep")
        else:
            _set_borders(axes, reps)
        reach = float(np.max(np.abs(values) + sigmas, initial=6.0)) + 3.0
        low = float(np.min(values - sigmas, initial=-limit)) - 3.0
        axes.set_ylim(max(low, -reach), reach)
        spare = max(0.0, (FEWEST_BARS - len(reps)) / 2.0)
        axes.set_xlim(-0.8 - spare, max(1, len(reps)) - 0.2 + spare)
        axes.set_ylabel("own excursion, °\n(inward +)")
        axes.grid(visible=False, axis="x")
        beyond = sum(colour_of(rep) == ORANGE for rep in reps)
        return drawn(
            figure,
            f"Own excursion of {many_of(len(reps), 'rep')} with one standard uncertainty; {beyond} "
            f"beyond the dashed limits at ± {limit:.1f}°. The largest is "
            f"{words.signed(float(values[np.argmax(np.abs(values))])) if len(reps) else '–'}°.",
            wide=True,
        )


def _on_bar(axes: Axes, place: int, value: float, sigma: float, text: str) -> None:
    above = value >= 0
    axes.annotate(
        text, (place, value + (sigma if above else -sigma)), xytext=(0, 3 if above else -3),
        textcoords="offset points", ha="center", va="bottom" if above else "top",
    )  # fmt: skip


def _set_borders(axes: Axes, reps: Sequence[Rep]) -> None:
    """Many reps: a line where a set ends, and as many set numbers as have room."""
    sets = list(dict.fromkeys(rep.set for rep in reps))
    firsts = [next(at for at, rep in enumerate(reps) if rep.set == each) for each in sets]
    for first in firsts[1:]:
        axes.axvline(first - 0.5, color=GREY, linewidth=0.4)
    step = -(-len(sets) // 30)
    axes.set_xticks(firsts[::step], [str(each + 1) for each in sets[::step]])
    axes.set_xlabel("first rep of set")


def _name(rep: Rep, among: Sequence[Rep]) -> str:
    several = len({r.set for r in among}) > 1
    return f"{rep.set + 1}.{words.number(rep)}" if several else words.number(rep)


def sides(found: Sequence[SideDifference]) -> Drawn:
    """Right minus left in units of the least difference that is told apart."""
    with panel(WIDE_IN, 0.75 + 0.3 * len(found), left_in=1.9, top_in=0.1) as (figure, axes):
        axes.axvspan(-1, 1, color=GREY, alpha=0.15, linewidth=0)
        for at in (-1, 1):
            axes.axvline(at, color=GREY, linestyle="--", linewidth=1)
        axes.axvline(0, color=GREY, linewidth=0.8)
        for row, one in enumerate(found):
            at = one.difference / one.mdc if one.mdc > 0.0 else 0.0
            apart = one.told_apart
            axes.plot(
                [0, at], [row, row], color=ORANGE if apart else BLUE, linewidth=1.5,
                linestyle="--" if apart else "-",
            )  # fmt: skip
            axes.plot(
                at, row, marker="D" if apart else "o", color=ORANGE if apart else BLUE, markersize=7
            )
        axes.set_yticks(range(len(found)), [described(one.name).words for one in found])
        axes.invert_yaxis()
        reach = max([1.6, *(abs(one.difference / one.mdc) * 1.15 for one in found if one.mdc > 0)])
        axes.set_xlim(-reach, reach)
        axes.set_xlabel("← left more   (1: least difference told apart)   right more →")
        axes.grid(visible=False, axis="y")
        apart = [described(one.name).words for one in found if one.told_apart]
        told = ", ".join(apart) or "none"
        return drawn(
            figure,
            f"Right minus left of {len(found)} measures, each by the least difference that is told "
            f"apart. Told apart: {told}.",
            wide=True,
        )


def course(one: Trend) -> Drawn:
    """A leg's middles through the sessions with their intervals; a line joins those at one load."""
    measure = about(one.name)
    points = one.points
    place = {id(point): at for at, point in enumerate(points)}
    with panel(PAIR_IN, 3.3, top_in=0.5) as (figure, axes):
        first = next((point for point in points if point.compared), None)
        alike = one.apart is not None and one.apart.mdc > 0.0 and len(one.loads) == 1
        if alike and one.apart is not None and first is not None:
            low, high = (first.figure.median + s * one.apart.mdc for s in (-1.0, 1.0))
            axes.axhspan(low, high, color=GREY, alpha=0.15, linewidth=0, label="like the first")
        for at, marker in zip(one.loads, _MARKERS * len(one.loads), strict=False):
            those = [point for point in points if point in at.points]
            x = [place[id(point)] for point in those]
            load = "no load given" if at.load_kg is None else f"{at.load_kg:g} kg"
            axes.plot(
                x, [point.figure.median for point in those], marker=marker, color=BLUE,
                linewidth=0.8, linestyle="--", markersize=5,
                label=load if len(one.loads) > 1 else "middle, 95 %",
            )  # fmt: skip
            for where, point in zip(x, those, strict=True):
                _interval(axes, where, point)
        axes.plot(
            len(points) - 1, points[-1].figure.median, marker="s", markersize=11, fillstyle="none",
            color=BLACK, linestyle="none", label="this session",
        )  # fmt: skip
        step = -(-len(points) // 5)
        ticks = list(range(0, len(points), step))
        days = words_of_days(points)
        axes.set_xticks(ticks, [days[at] for at in ticks])
        axes.set_xlim(-0.5, len(points) - 0.5)
        axes.set_ylabel(f"{measure.words}{f', {measure.unit}' if measure.unit else ''}")
        axes.yaxis.set_major_locator(MaxNLocator(6))
        band_room(axes)
        legend_above(axes, 3)
        ends = [value_text(point.figure.median, measure) for point in (points[0], points[-1])]
        changed = sum(bool(point.from_first and point.from_first.changed) for point in points)
        return drawn(
            figure,
            f"{measure.words} of the {one.side.word} leg through {len(points)} sessions: "
            f"{ends[0]} in the first, {ends[1]} in this one; {changed} changed from the first.",
        )


def _interval(axes: Axes, where: int, point: Point) -> None:
    low, high = point.figure.low, point.figure.high
    if low is not None and high is not None:
        axes.plot([where, where], [low, high], color=BLUE, linewidth=1.2)
    if point.from_first is not None and point.from_first.changed:
        axes.annotate(
            "changed", (where, point.figure.median), xytext=(0, 9), textcoords="offset points",
            ha="center", color=ORANGE, fontsize=8,
        )  # fmt: skip


def band_room(axes: Axes) -> None:
    """A little room above, for what is written over the highest point."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.1 * (high - low))


def words_of_days(points: Sequence[Point]) -> list[str]:
    """`22 Nov 2026` on two lines; with the time of day where sessions share one."""
    days = [point.session.day for point in points]
    several = len(set(days)) < len(days)
    told: list[str] = []
    for point, day in zip(points, days, strict=True):
        started = point.session.started
        if day is None or started is None:
            told.append("")
        elif several:
            told.append(f"{day:%d %b}\n{started.astimezone():%H:%M}")
        else:
            told.append(f"{day:%d %b}\n{day:%Y}")
    return told
