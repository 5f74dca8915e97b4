"""Comparisons as tables: a row a value, the difference, its interval, and whether it is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from kneetrack.cli import console
from kneetrack.cli.plain_table import plain_table
from kneetrack.cli.sessions import when
from kneetrack.cli.table import OUT_OF_RANGE_STYLE, UNSURE_STYLE
from kneetrack.cli.trend_table import SAME
from kneetrack.errors import InputError
from kneetrack.report import words
from kneetrack.report.trend_words import about, value_text
from kneetrack.samples import Side

if TYPE_CHECKING:
    from kneetrack.catalogue import Catalogue, Session
    from kneetrack.catalogue.compare import Effect, Groups
    from kneetrack.catalogue.told_apart import ToldApart
    from kneetrack.insight.sides import SideDifference

_SIDES = (Side.RIGHT, Side.LEFT)
_RANKS = ("first", "second")
_TITLE = 12
"""The widest title that a column of 80 has room for."""


def conditions(
    catalogue: Catalogue,
    titles: tuple[str, str],
    sessions: tuple[Sequence[Session], Sequence[Session]],
    names: Sequence[str],
    side: Side | None,
    output: Console,
    *,
    by_load: bool,
    json: bool,
) -> None:
    """Two conditions, leg by leg."""
    from kneetrack.catalogue.compare import compare, groups, unlike

    found = groups(*sessions, by_load=by_load)
    first = sessions[0][0]
    other = sessions[1][0]
    warnings = unlike(first, other) if len(sessions[0]) == len(sessions[1]) == 1 else ()
    of_each = _of_each(catalogue, (first, other), names)
    legs: list[tuple[Side, list[Effect]]] = []
    for one in _SIDES if side is None else (side,):
        effects = [
            effect
            for name in names
            if (
                effect := compare(
                    found,
                    name,
                    one,
                    apart=_least_sure([_apart(every, name, one) for every in of_each]),
                    reps_of=catalogue.reps,
                    by_load=by_load,
                )
            )
            is not None
        ]
        if effects:
            legs.append((one, effects))
    if not legs:
        raise InputError(
            " ".join(["No leg has a value that both sides of the comparison have.", *warnings])
        )
    if json:
        console.print_json(
            {
                "format": 1,
                "athlete": first.athlete if first.athlete == other.athlete else None,
                "exercise": first.exercise,
                "one": _side_json(titles[0], found.one),
                "other": _side_json(titles[1], found.other),
                "warnings": list(warnings),
                "loads_differ": found.loads_differ,
                "left_out": found.left_out,
                "legs": [
                    {"side": one.word, "effects": [_effect_json(each) for each in effects]}
                    for one, effects in legs
                ],
            }
        )
        return
    columns = _columns(titles)
    named = titles if columns == _RANKS else ()
    titles = _RANKS if named else titles
    output.print(_heading(first, other, titles), style="bold", markup=False)
    for rank, title in zip(_RANKS, named, strict=False):
        output.print(f"  {rank:<7} {title}", markup=False, soft_wrap=True)
    if warnings:
        output.print(f"! {' '.join(warnings)}", style=UNSURE_STYLE, markup=False)
    for one, effects in legs:
        output.print(f"\n{one.word} leg, {_basis(effects[0])}")
        output.print(_table(columns, effects))
    output.print()
    for sentence in _remarks(found, titles, [each for _, effects in legs for each in effects]):
        output.print(sentence, markup=False)


def _columns(titles: tuple[str, str]) -> tuple[str, str]:
    """Titles that a column has room for: of one tag its values alone, else first and second."""
    (one_key, _, one), (key, _, other) = (title.partition("=") for title in titles)
    if one and other and one_key == key:
        titles = (one, other)
    return titles if max(map(len, titles)) <= _TITLE else _RANKS


def _heading(one: Session, other: Session, titles: tuple[str, str]) -> str:
    """Whose sessions, what they did, and what is compared."""
    exercise = words.exercise(one.exercise)
    if one.athlete == other.athlete:
        whose = one.athlete or "Nobody named"
        return f"{whose}, {exercise}: {titles[0]} against {titles[1]}"
    names = [each.athlete or "nobody named" for each in (one, other)]
    return (
        f"{names[0]} against {names[1]}, {exercise}: {titles[0]} ({names[0]}) against "
        f"{titles[1]} ({names[1]})"
    )


def _of_each(
    catalogue: Catalogue, firsts: Sequence[Session], names: Sequence[str]
) -> list[tuple[Session, ...]]:
    """All sessions of each person, for what chance makes of theirs."""
    from kneetrack.catalogue.entry import Wanted

    kinds = {(one.athlete, one.exercise, one.simulated) for one in firsts}
    return [
        tuple(
            one
            for one in catalogue.sessions(
                Wanted(athlete=athlete, exercise=exercise, simulated=simulated), names
            )
            if one.athlete == athlete
        )
        for athlete, exercise, simulated in kinds
    ]


def _least_sure(known: Sequence[ToldApart | None]) -> ToldApart | None:
    """Of two people, what is known of the one whose sessions differ more; None if not of both."""
    sure = [one for one in known if one is not None]
    return max(sure, key=lambda one: one.mdc) if sure and len(sure) == len(known) else None


def _apart(every: Sequence[Session], name: str, side: Side) -> ToldApart | None:
    """What is told apart between two sessions of this person, from all of them."""
    from kneetrack.calibration.references import Athlete
    from kneetrack.catalogue.told_apart import references_of
    from kneetrack.catalogue.trend import trend

    first = every[0]
    kept = None
    if first.athlete is not None:
        kept = references_of(
            Athlete(first.athlete, side, first.exercise, simulated=first.simulated)
        )
    course = trend(every, name, side, kept)
    return None if course is None else course.apart


def _table(titles: tuple[str, str], effects: Sequence[Effect]) -> Table:
    table = plain_table(gap=2)
    table.add_column("", overflow="fold")
    table.add_column(titles[0], justify="right", overflow="fold", max_width=_TITLE)
    table.add_column(titles[1], justify="right", overflow="fold", max_width=_TITLE)
    table.add_column("difference", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for each in effects:
        measure = about(each.name)
        span = each.difference
        table.add_row(
            _named(each.name),
            value_text(each.one, measure),
            value_text(each.other, measure),
            words.signed(span.value, _digits(each.name)),
            _span(span.low, span.high, _digits(each.name)),
            _verdict(each.told_apart),
            style=OUT_OF_RANGE_STYLE if each.told_apart else "",
        )
    return table


def _verdict(told: bool | None) -> str:
    return "can't tell" if told is None else "differ" if told else SAME


def _named(name: str) -> str:
    measure = about(name)
    return f"{measure.words}{f', {measure.unit}' if measure.unit else ''}"


def _digits(name: str) -> int:
    """One decimal at least: a difference of medians is finer than one value."""
    measure = about(name)
    return measure.decimals if measure.unit == "%" else max(1, measure.decimals)


def _span(low: float | None, high: float | None, digits: int) -> str:
    if low is None or high is None:
        return "–"
    return f"{words.signed(low, digits)} … {words.signed(high, digits)}"


def _basis(effect: Effect) -> str:
    from kneetrack.catalogue.compare import Basis

    a, b = effect.counts
    return {
        Basis.PAIRS: f"means of {a} pairs of sessions on the same days",
        Basis.SESSIONS: f"means of {a} sessions against {b}, not paired",
        Basis.ONE_SESSION: f"{a} session{'s' if a > 1 else ''} against {b}",
        Basis.REPETITIONS: f"means of {a} reps of one session and {b} of another",
    }[effect.basis]


def _remarks(found: Groups, titles: tuple[str, str], effects: Sequence[Effect]) -> list[str]:
    from kneetrack.catalogue.compare import Basis

    bases = {each.basis for each in effects}
    told = [
        f"The difference is {titles[0]} minus {titles[1]}. differ: by more than chance makes "
        f"(95 %); {SAME} not distinguishable, which is not the same as equal."
    ]
    if Basis.REPETITIONS in bases:
        told.append(
            "Means of the reps, in which every rep counts; sessions and analyze show the middle "
            "rep (median), which a few that went far don't move."
        )
    if bases - {Basis.REPETITIONS}:
        told.append(
            "Of each session the middle rep (median) counts; of several sessions, the mean."
        )
    if any(each.told_apart is None for each in effects):
        told.append("can't tell: too few, or how much sessions differ by chance is not known.")
    if bases <= {Basis.PAIRS, Basis.SESSIONS}:
        count = min(min(each.counts) for each in effects)
        if count < 5:
            told.append(f"So few ({count}) tell only large differences.")
    if Basis.REPETITIONS in bases:
        strap = all(each.same_strap for each in effects if each.basis is Basis.REPETITIONS)
        told.append(
            "One calibration served both: the strap was not touched between them."
            if strap
            else "Two sessions differ by the strap and the day alone, so the difference has to "
            "exceed that as well; the interval is of their reps only."
        )
    if found.loads_differ:
        told.append("They have no load in common: what the load does is in the difference.")
    if found.left_out:
        told.append(f"Left out for a load that the other side does not have: {found.left_out}.")
    if len({each.name for each in effects}) > 3:
        told.append("Of twenty values compared, one differs by chance alone.")
    return told


def right_and_left(
    catalogue: Catalogue,
    sessions: Sequence[Session],
    names: Sequence[str] | None,
    output: Console,
    *,
    json: bool,
) -> None:
    """Right against left: the latest session of both legs, and all of them in pairs."""
    from kneetrack.catalogue.compare import between_sides, sides_of
    from kneetrack.insight.as_json import side_json

    both = [one for one in sessions if len(one.legs) == 2]
    if not both:
        raise InputError(
            "None of these sessions has both legs. Record them together, or see "
            "kneetrack trend --selftest for tests of one leg after the other."
        )
    last = both[-1]
    found = [one for one in sides_of(last, catalogue.reps) if _shown(one.name, names)]
    over = {one.name: between_sides(both, one.name) for one in found}
    if json:
        console.print_json(
            {
                "format": 1,
                "athlete": last.athlete,
                "exercise": last.exercise,
                "path": str(last.path),
                "session": [side_json(one) for one in found],
                "over_sessions": [
                    _effect_json(effect) for effect in over.values() if effect is not None
                ],
            }
        )
        return
    output.print(
        f"{last.athlete or 'Nobody named'}, {words.exercise(last.exercise)}: right against left, "
        f"session of {when(last)}",
        style="bold",
        markup=False,
    )
    output.print(_sides_table(found))
    many = [effect for effect in over.values() if effect is not None]
    if many:
        output.print(f"\nover {many[0].counts[0]} sessions with both legs")
        output.print(_table(("right", "left"), many))
    output.print(
        "\nRight minus left, in one session of the means of its reps, over several of their "
        "middle reps (medians). differ: by more than the reps' scatter, the reference and the "
        f"mounting make (95 %; of this session: told apart from). {SAME} not distinguishable."
    )


def _shown(name: str, names: Sequence[str] | None) -> bool:
    from kneetrack.cli.compare import HEADLINES

    return name in (HEADLINES if names is None else names)


def _sides_table(found: Sequence[SideDifference]) -> Table:
    table = plain_table(gap=2)
    table.add_column("", overflow="fold")
    for head in ("right", "left", "difference", "told apart from"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for each in found:
        measure, digits = about(each.name), _digits(each.name)
        table.add_row(
            _named(each.name),
            value_text(each.right, measure),
            value_text(each.left, measure),
            words.signed(each.difference, digits),
            words.plain(each.mdc, digits),
            _verdict(each.told_apart),
            style=OUT_OF_RANGE_STYLE if each.told_apart else "",
        )
    return table


def _side_json(title: str, sessions: Sequence[Session]) -> dict[str, Any]:
    return {"what": title, "sessions": [str(one.path) for one in sessions]}


def _effect_json(effect: Effect) -> dict[str, Any]:
    span = effect.difference
    return {
        "measure": effect.name,
        "unit": about(effect.name).unit,
        "one": round(effect.one, 4),
        "other": round(effect.other, 4),
        "difference": round(span.value, 4),
        "low": None if span.low is None else round(span.low, 4),
        "high": None if span.high is None else round(span.high, 4),
        "basis": effect.basis.value,
        "counts": list(effect.counts),
        "same_strap": effect.same_strap,
        "least": None if effect.least is None else round(effect.least, 4),
        "verdict": {True: "differ", False: "not_distinguishable", None: None}[effect.told_apart],
    }
