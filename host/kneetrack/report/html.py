"""A session report as one HTML file that needs nothing else: no network, no scripts."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from kneetrack.errors import UsageError, install
from kneetrack.insight.values import described
from kneetrack.insight.words import changes, many_of, set_sentences, side_sentences
from kneetrack.report import limits, stride_words, words
from kneetrack.report.curves import MeanCurves
from kneetrack.report.model import MOST_SETS_APART, LegReport, SessionReport
from kneetrack.whole_file import whole_file

MOST_SIDES = 10
MOST_SETS_TOLD = 12


def write(report: SessionReport, out: Path) -> None:
    """Write the page to `out`, in one step: never half a page.

    Raises UsageError as `render`, and InputError where `out` can't be written.
    """
    page = render(report)
    with whole_file(out) as file:
        file.write(page)


def render(report: SessionReport) -> str:
    """The page. Raises UsageError where the packages of the extra `export` are missing."""
    check_available()
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kneetrack.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("template.html").render(
        report=report,
        drawn=_drawn(report),
        words=words,
        limits=limits,
        recorded=dict(report.facts).get("Recorded", "not known"),
    )


def check_available() -> None:
    """Raises UsageError with the remedy where a report can't be made on this machine."""
    if any(importlib.util.find_spec(name) is None for name in ("jinja2", "matplotlib")):
        raise UsageError(f"Reports need jinja2 and matplotlib. {install('export')}")


def _drawn(report: SessionReport) -> dict[str, Any]:
    """Everything but the words: figures and tables, by where they stand in the page."""
    from kneetrack.report import figures, tables
    from kneetrack.report.both_figure import both
    from kneetrack.report.sign_figure import signs
    from kneetrack.report.trend_words import about, apart_sentence

    # The measures whose difference is largest against what is told apart, in their usual order.
    # One that is there in two units (cm, % of the shank) is shown once.
    once = {described(one.name).words: one for one in reversed(report.sides)}.values()
    ranked = sorted(once, key=lambda one: -abs(one.difference) / one.mdc if one.mdc > 0.0 else 0.0)[
        :MOST_SIDES
    ]
    chosen = [one for one in report.sides if one in ranked]
    trends = report.history.trends
    return {
        "legs": [_leg(leg) for leg in report.legs],
        "sides": figures.sides(chosen) if chosen else None,
        "side_table": tables.sides(chosen),
        "side_lines": side_sentences(report.sides),
        "both": both(report.legs),
        "trends": [figures.course(one) for one in trends],
        "trend_tables": [
            (
                f"{about(one.name).words.capitalize()}, {one.side.word} leg",
                apart_sentence(one.apart, about(one.name)),
                tables.course(one),
            )
            for one in trends
        ],
        "signs": signs(),
        "limits": tables.limits(limits.LIMITS),
    }


def _leg(leg: LegReport) -> dict[str, Any]:
    from kneetrack.report import curve_figures, figures, tables

    one, is_walk = leg.movement.one, leg.strides is not None
    found = leg.matched
    many = len(leg.curves) > MOST_SETS_APART or is_walk
    shown = [leg.together] if leg.together is not None and many else list(leg.curves)
    rep_table = tables.reps(leg) if leg.is_compared else tables.measures(leg)
    judged = any(rep.own_excursion_deg is not None for rep in leg.reps if not rep.is_reference)
    return {
        "sets": tables.sets(leg) if leg.is_compared and leg.sets else None,
        "set_lines": _set_lines(leg),
        "at_flexion": [] if found is None else curve_figures.at_flexion(found, leg.limit_deg),
        "lines": 0 if found is None else len(curve_figures.most_apart(found)),
        "judged": 0 if found is None else len(found.reps),
        "excursions": figures.excursions(leg) if judged else None,
        "marks": "Marks as in the table below." if len(leg.reps) <= figures.MOST_MARKED else "",
        "curves": [
            (
                _of(curve, one),
                curve_figures.over_rep(curve, leg.limit_deg, one),
            )
            for curve in shown
        ],
        "set_valgus": [
            curve_figures.valgus_of_set(curve, leg.limit_deg, one) for curve in leg.curves
        ]
        if many and len(leg.curves) > 1
        else [],
        "set_titles": ", ".join(curve.title.split()[-1] for curve in leg.curves),
        "strides": None if leg.strides is None else tables.strides(leg.strides),
        "stride_lines": [] if leg.strides is None else stride_words.sentences(leg.strides),
        "bouts": tables.bouts(leg.bouts) if leg.bouts else None,
        "reps": rep_table,
        "meanings": [] if leg.is_compared else tables.meanings(leg, rep_table),
        "over_time": figures.over_time(leg) if figures.has_time(leg) else None,
        "shaded": figures.shaded(leg),
        "gaps": words.gaps(leg.gaps),
    }


def _of(curve: MeanCurves, one: str) -> str:
    """`Set 1: 8 reps`, `All 64 strides`."""
    many = many_of(curve.count, one)
    return f"All {many}" if curve.title.startswith("All") else f"{curve.title}: {many}"


def _set_lines(leg: LegReport) -> list[str]:
    """What changed over the sets, with its interval, and what the reps of each share.

    Of many sets only those are told in which something is told apart.
    """
    one, sets = leg.movement.one, leg.summary.sets
    if leg.strides is not None:
        return []
    if not leg.is_compared:
        return [line.strip() for each in sets for line in set_sentences(each, one)]
    told: list[str] = []
    few = len(sets) <= MOST_SETS_TOLD
    for each in sets:
        apart = any(slope.told_apart for slope in each.slopes.values())
        if (few or apart) and (changed := changes(each, one)):
            told.append(f"Set {each.index + 1}. {changed}")
        if few and (shared := words.shared(each.set)):
            told.append(shared)
    if not few:
        told.append("In the sets that are not named here no change is told apart.")
    return told
