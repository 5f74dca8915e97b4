"""`kneetrack trend`: how one measure goes on through a person's sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli.options import JSON_HELP, side_of
from kneetrack.errors import InputError, UsageError

if TYPE_CHECKING:
    from kneetrack.catalogue import Catalogue, Session
    from kneetrack.catalogue.entry import Wanted
    from kneetrack.samples import Side

ATHLETE_HELP = "Whose sessions; may be left out where all are of one person."
EXERCISE_HELP = "Which exercise; may be left out where all are of one."
SIMULATED_HELP = "Simulated legs instead of real ones."


def trend(
    measure: Annotated[
        str | None,
        typer.Argument(help="What to follow, by its name; without one, what tells most. `list`."),
    ] = None,
    athlete: Annotated[str | None, typer.Option(metavar="ALIAS", help=ATHLETE_HELP)] = None,
    exercise: Annotated[str | None, typer.Option(help=EXERCISE_HELP)] = None,
    side: Annotated[str | None, typer.Option(metavar="SIDE", help="Only this leg.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only from this day on, like 2026-08-01.")
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Only sessions with this tag; may be repeated."),
    ] = None,
    load: Annotated[
        bool, typer.Option("--load", help="The share in range at each load instead.")
    ] = False,
    selftest: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this self-test, and left with right.")
    ] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help=SIMULATED_HELP)] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Follow one measure from session to session: what has changed, and what can't be told.

    \b
    Examples:
      kneetrack trend --athlete A --exercise squat
      kneetrack trend share_in_range_percent --athlete A --exercise squat --side right
      kneetrack trend list --athlete A           what can be followed
      kneetrack trend --load --athlete A --exercise squat
      kneetrack trend --selftest balance --athlete A

    A session counts as changed where it differs by more than sessions do by chance (95 %), at the
    same load. "Not distinguishable" does not say that nothing changed.
    """
    from kneetrack.catalogue.entry import Wanted
    from kneetrack.catalogue.persons import course_of, default_measure
    from kneetrack.cli import console
    from kneetrack.cli.catalogue_bar import day_of, tags_of, up_to_date
    from kneetrack.cli.load_table import loads
    from kneetrack.cli.selftest_table import selftests
    from kneetrack.cli.session import check_exercise
    from kneetrack.cli.trend_table import listed, trends

    check_exercise(exercise)
    if load and (measure is not None or selftest is not None):
        raise UsageError("--load shows the share in range; leave MEASURE and --selftest out.")
    output, hints = console.results(), console.hints()
    wanted = Wanted(
        athlete=athlete,
        exercise=exercise,
        since=day_of(since),
        selftest=selftest,
        simulated=simulated,
        tags=tags_of(tag),
    )
    catalogue = up_to_date(hints)
    found = one_kind(catalogue, wanted)
    if measure == "list":
        listed(catalogue, found, output, json=json)
        return
    if load:
        loads(catalogue, found, output, json=json)
        return
    name = measure or default_measure(found[0].exercise, selftest)
    check_measure(name)
    found = catalogue.sessions(wanted_like(wanted, found[0]), [name])
    courses = [course for one in _sides(side) if (course := course_of(found, name, one))]
    if not courses:
        raise InputError(
            f"None of these {len(found)} sessions has {name}. What can be followed: "
            "kneetrack trend list."
        )
    if selftest is not None:
        selftests(catalogue, found, courses, output, json=json)
    else:
        trends(found, courses, output, json=json)


def one_kind(catalogue: Catalogue, wanted: Wanted) -> tuple[Session, ...]:
    """The sessions that are meant, of one person and exercise. InputError, UsageError."""
    from kneetrack.catalogue.entry import Wanted

    found = catalogue.sessions(wanted)
    if not found:
        every = catalogue.sessions(Wanted(simulated=wanted.simulated))
        known = sorted({f"{one.athlete or 'nobody named'}, {one.exercise}" for one in every})
        hint = "; ".join(known[:8]) or "none"
        other = catalogue.sessions(Wanted(simulated=not wanted.simulated))
        more = " Simulated ones there are: add --simulated." if other and not known else ""
        raise InputError(f"There are no such sessions. Known are: {hint}.{more}")
    people = sorted({one.athlete or "" for one in found})
    if len(people) > 1:
        raise UsageError(
            f"Whose sessions? Add --athlete, one of: {', '.join(filter(None, people))}."
        )
    kinds = sorted({one.exercise for one in found})
    if len(kinds) > 1:
        raise UsageError(f"Of which exercise? Add --exercise, one of: {', '.join(kinds)}.")
    return found


def wanted_like(wanted: Wanted, one: Session) -> Wanted:
    """The same, of this session's person and exercise."""
    from dataclasses import replace

    return replace(wanted, exercise=one.exercise)


def check_measure(name: str) -> None:
    """Refuse a name that nothing is known of."""
    from kneetrack.catalogue.entry import SHARE
    from kneetrack.insight.values import NAMES

    if name not in (SHARE, *NAMES):
        near = [each for each in (SHARE, *NAMES) if name.lower() in each]
        hint = f" Did you mean {' or '.join(near[:4])}?" if near else ""
        raise UsageError(f'There is no measure "{name}".{hint} All: kneetrack trend list.')


def _sides(word: str | None) -> Sequence[Side]:
    from kneetrack.samples import Side

    one = side_of(word)
    return (Side.RIGHT, Side.LEFT) if one is None else (one,)
