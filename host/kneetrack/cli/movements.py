"""`kneetrack movements`: what is known of movements, measures and thresholds, as tables."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kneetrack.cli.options import JSON_HELP

MEASURES_HELP = "What is measured in a repetition: names as in --json, units, meaning, source."
CRITERIA_HELP = "Every threshold that decides something: value, unit, source, meaning."


def movements(
    measures: Annotated[bool, typer.Option("--measures", help=MEASURES_HELP)] = False,
    criteria: Annotated[bool, typer.Option("--criteria", help=CRITERIA_HELP)] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """List the movements that are known, and how far each can be believed.

    \b
    Examples:
      kneetrack movements                the names for record --exercise, with their confidence
      kneetrack movements --measures     what is measured, for analyze --measures
      kneetrack movements --criteria     what decides about reps and verdicts, and where it is from
    """
    from kneetrack.cli import console

    title, heads, rows = _measures() if measures else _criteria() if criteria else _movements()
    if json:
        document = {"format": 1, title: [dict(zip(heads, r, strict=True)) for r in rows]}
        console.print_json(document)
        return
    if title == "criteria":
        _, heads, rows = _for_reading(heads, rows)
    if title == "measures":
        heads, rows = ("measure", *heads[2:]), [(f"{w}\n{n}", *rest) for n, w, *rest in rows]
    _print(heads, rows)
    if title == "measures":
        console.results().print(_WHERE, highlight=False, style="dim")
    if title == "criteria":
        from kneetrack.detection.criteria import SOURCES

        for key, text in SOURCES.items():
            console.results().print(f"{key}: {text}", highlight=False, style="dim")


_WHERE = "In brackets, where it comes from: a row of host/FEATURES.md, a section of host/METHOD.md."
_Found = tuple[str, tuple[str, ...], list[tuple[Any, ...]]]


def _movements() -> _Found:
    from kneetrack.detection.movements import MOVEMENTS

    heads = ("name", "compared with", "confidence", "because")
    rows: list[tuple[Any, ...]] = [
        (each.name, each.comparison.value, each.confidence.value, each.because)
        for each in MOVEMENTS.values()
    ]
    return "movements", heads, rows


def _measures() -> _Found:
    from kneetrack.detection.measure_table import MEASURES
    from kneetrack.insight.values import NAMES, described

    heads = ("name", "words", "unit", "meaning")
    every = [described(name) for name in dict.fromkeys((*NAMES, *MEASURES))]
    rows: list[tuple[Any, ...]] = [
        (each.name, each.words, each.unit, each.meaning) for each in every
    ]
    return "measures", heads, rows


def _criteria() -> _Found:
    from kneetrack.detection.criteria import all_criteria

    heads = ("name", "value", "unit", "source", "movement", "meaning")
    rows: list[tuple[Any, ...]] = [
        (each.name, each.value, each.unit, each.source, each.movement, each.meaning)
        for each in all_criteria()
    ]
    return "criteria", heads, rows


def _for_reading(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> _Found:
    """The criteria with the movement told in the meaning, for a terminal of 80 columns."""
    shown = [
        (name, value, unit, source, f"{movement.replace('_', ' ')}: {why}" if movement else why)
        for name, value, unit, source, movement, why in rows
    ]
    return "criteria", (*heads[:4], heads[5]), shown


def _print(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """A table; a column that is all empty is left out, and what is long folds."""
    from kneetrack.cli import console
    from kneetrack.cli.plain_table import plain_table

    table = plain_table(apart=True)
    shown = [n for n in range(len(heads)) if any(row[n] != "" for row in rows)]
    for n in shown:
        number = heads[n] == "value"
        wide = heads[n] in ("meaning", "because", "source", "compared with")
        table.add_column(heads[n], justify="right" if number else "left", no_wrap=not wide)
    for row in rows:
        table.add_row(*[f"{row[n]:g}" if heads[n] == "value" else str(row[n]) for n in shown])
    console.results().print(table, highlight=False)
