"""`kneetrack compare`: one condition against another, two sessions, or right against left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli.options import JSON_HELP, side_of
from kneetrack.errors import InputError, UsageError

if TYPE_CHECKING:
    from kneetrack.catalogue import Catalogue, Session
    from kneetrack.catalogue.entry import Wanted

HEADLINES = (
    "valgus_excursion_deg", "own_excursion_deg", "share_in_range_percent", "peak_flexion_deg",
    "duration_s", "knee_in_percent", "thigh_rotation_excursion_deg", "tremor_deg_s",
)  # fmt: skip
_MOST = 12


def compare(
    one: Annotated[
        str | None,
        typer.Argument(metavar="SESSION", help="A log, or the day of a session (2026-08-01)."),
    ] = None,
    other: Annotated[
        str | None, typer.Argument(metavar="OTHER", help="The session it is compared with.")
    ] = None,
    tag: Annotated[
        str | None, typer.Option(metavar="KEY=VALUE", help="Sessions with this tag ...")
    ] = None,
    load: Annotated[
        str | None, typer.Option(metavar="KG", help="Sessions at this load ... (60, or 135lb)")
    ] = None,
    versus: Annotated[
        str | None,
        typer.Option(
            metavar="THAT", help="... against those with that tag (KEY=: without it), or load."
        ),
    ] = None,
    sides: Annotated[bool, typer.Option("--sides", help="Right against left.")] = False,
    measure: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this measure; may be repeated."),
    ] = None,
    athlete: Annotated[
        str | None, typer.Option(metavar="ALIAS", help="Whose sessions, if not all are of one.")
    ] = None,
    exercise: Annotated[
        str | None, typer.Option(help="Which exercise, if not all are of one.")
    ] = None,
    side: Annotated[str | None, typer.Option(metavar="SIDE", help="Only this leg.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only from this day on, like 2026-08-01.")
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Simulated legs instead of real ones.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Compare one condition with another: what differs by more than chance makes.

    \b
    Examples:
      kneetrack compare --tag shoes=flat --versus shoes=lifting --athlete A --exercise squat
      kneetrack compare --tag "cue=spread the floor" --versus cue=     with and without a cue
      kneetrack compare --load 60 --versus 80 --athlete A --exercise squat
      kneetrack compare 2026-08-01 2026-08-20       two sessions
      kneetrack compare --sides --athlete A         right and left, in degrees
      kneetrack compare --sides session.mcap

    Sessions of one day are compared in pairs: train both conditions on the same days, and in
    changing order. Three days tell little, ten tell a good deal.

    A session counts by its middle rep (median). Two single sessions, and right and left within
    one, are compared by the means of their reps, in which every rep counts.
    """
    from kneetrack.catalogue.entry import Wanted
    from kneetrack.cli import console
    from kneetrack.cli.catalogue_bar import day_of, up_to_date
    from kneetrack.cli.compare_table import conditions, right_and_left
    from kneetrack.cli.session import check_exercise
    from kneetrack.cli.trend import check_measure, one_kind
    from kneetrack.insight.values import NAMES

    _check(one, other, tag=tag, load=load, versus=versus, sides=sides)
    check_exercise(exercise)
    for name in measure or ():
        check_measure(name)
    wanted = Wanted(athlete=athlete, exercise=exercise, since=day_of(since), simulated=simulated)
    output = console.results()
    catalogue = up_to_date(console.hints())
    names = tuple(measure or NAMES)
    if sides:
        meant = (_session(catalogue, one, wanted),) if one else one_kind(catalogue, wanted)
        meant = _with_figures(catalogue, meant, names)
        right_and_left(catalogue, meant, measure, output, json=json)
        return
    if tag is not None or load is not None:
        titles, wanteds = _conditions(wanted, tag, load, versus)
        every = one_kind(catalogue, wanted)
        groups = [tuple(s for s in every if each.takes(s)) for each in wanteds]
        for title, group in zip(titles, groups, strict=True):
            if not group:
                raise InputError(f"There is no session with {title}. {_known(every, tag)}")
    else:
        asked = (str(one), str(other))
        groups = [(_session(catalogue, each, wanted),) for each in asked]
        _check_alike(*(group[0] for group in groups))
        names_only = tuple(Path(each).name for each in asked)
        titles = asked if len(set(names_only)) == 1 else names_only
    groups = [_with_figures(catalogue, group, names) for group in groups]
    chosen = measure or _told(groups)
    conditions(
        catalogue,
        (titles[0], titles[1]),
        (groups[0], groups[1]),
        chosen,
        side_of(side),
        output,
        by_load=load is not None,
        json=json,
    )


def _check(
    one: str | None,
    other: str | None,
    *,
    tag: str | None,
    load: str | None,
    versus: str | None,
    sides: bool,
) -> None:
    """Refuse what makes no comparison."""
    ways = [sides, tag is not None, load is not None, other is not None]
    if sum(ways) != 1 or (one is not None and (tag is not None or load is not None)):
        raise UsageError(
            "Compare two sessions (SESSION OTHER), two tags (--tag and --versus), two loads "
            "(--load and --versus), or right with left (--sides): one of these."
        )
    if (versus is not None) != (tag is not None or load is not None):
        raise UsageError("--versus goes with --tag or --load: what is compared with what?")


def _conditions(
    wanted: Wanted, tag: str | None, load: str | None, versus: str | None
) -> tuple[tuple[str, str], tuple[Wanted, Wanted]]:
    """Both conditions: what they are called, and which sessions they are."""
    from dataclasses import replace

    from kneetrack.cli.catalogue_bar import tags_of
    from kneetrack.edits.fields import load_kg

    if load is not None:
        loads = (load_kg(load), load_kg(versus or ""))
        made = tuple(replace(wanted, load_kg=each) for each in loads)
        titles = tuple(f"{each:g} kg" for each in loads)
    else:
        tags = (tags_of([tag or ""]), tags_of([versus or ""]))
        if tags[0] == tags[1]:
            raise UsageError("--tag and --versus are the same.")
        made = tuple(replace(wanted, tags=each) for each in tags)
        titles = tuple(
            f"{key}={value}" if value else f"{key} not tagged"
            for each in tags
            for key, value in each.items()
        )
    return (titles[0], titles[1]), (made[0], made[1])


def _known(sessions: Sequence[Session], tag: str | None) -> str:
    """What there is instead."""
    if tag is None:
        loads = sorted({one.load_kg for one in sessions if one.load_kg is not None})
        return f"Loads there are: {', '.join(f'{load:g} kg' for load in loads) or 'none'}."
    tags = sorted({f"{key}={value}" for one in sessions for key, value in one.tags.items()})
    return f"Tags there are: {', '.join(tags) or 'none; add some with kneetrack edit'}."


def _session(catalogue: Catalogue, word: str, wanted: Wanted) -> Session:
    """The session that is meant: a log's path or name, or a day when there was one."""
    from dataclasses import replace

    every = catalogue.sessions(replace(wanted, simulated=None))
    path = Path(word).resolve()
    found = [one for one in every if path in (one.path, one.path.resolve())]
    if not found:
        found = [one for one in every if path in (each.resolve() for each in one.copies)]
    if not found:
        found = [one for one in every if word in (one.path.name, one.path.stem)]
    if not found:
        dated = catalogue.sessions(wanted)
        found = [one for one in dated if one.day is not None and one.day.isoformat() == word]
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(str(one.path) for one in found)
        raise UsageError(f"{word} may be any of {len(found)} sessions; name its log: {paths}.")
    refused = [one for one in catalogue.refused() if path in (one.path, one.path.resolve())]
    if refused:
        raise InputError(str(refused[0].reason))
    more = " Add its folder with: kneetrack sessions DIR." if Path(word).is_file() else ""
    raise InputError(f'No session is "{word}": neither a log that is known nor its day.{more}')


def _check_alike(one: Session, other: Session) -> None:
    """Two sessions of different movements have nothing to compare."""
    if one.path == other.path:
        raise UsageError("That is one and the same session.")
    if one.exercise != other.exercise:
        raise InputError(
            f"{one.path.name} is {one.exercise.replace('_', ' ')}, {other.path.name} is "
            f"{other.exercise.replace('_', ' ')}: only sessions of one exercise are compared."
        )


def _with_figures(
    catalogue: Catalogue, sessions: Sequence[Session], names: Sequence[str]
) -> tuple[Session, ...]:
    paths = {one.path for one in sessions}
    return tuple(one for one in catalogue.sessions(figures=names) if one.path in paths)


def _told(groups: Sequence[Sequence[Session]]) -> list[str]:
    """The values that both have: the main ones, or whatever a movement is described by."""
    from kneetrack.catalogue.entry import SHARE

    known = [
        {name for one in group for leg in one.legs for name in leg.figures}
        | {SHARE for one in group for leg in one.legs if leg.judged}
        for group in groups
    ]
    both = known[0].intersection(*known[1:])
    main = [name for name in HEADLINES if name in both]
    return main if SHARE in both else sorted(both)[:_MOST]
