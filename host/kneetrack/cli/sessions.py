"""`kneetrack sessions`: all sessions at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kneetrack.cli.options import JSON_HELP

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.catalogue import Leg, Session

LEGEND = (
    "In range: of the reps that could be judged. Own part: the middle rep's excursion from your "
    "reference, without what all reps of a set share, inward +; ± is the scatter from rep to rep."
)
MOST = 40
_WIDE = 100
_NOTES = 10
"""So many letters of notes a table of 80 columns has room for."""


def sessions(
    folder: Annotated[
        Path | None, typer.Argument(help="Look for logs in this folder, too, from now on.")
    ] = None,
    athlete: Annotated[
        str | None, typer.Option(metavar="ALIAS", help="Only this person's.")
    ] = None,
    exercise: Annotated[str | None, typer.Option(help="Only this exercise.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only from this day on, like 2026-08-01.")
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Only those with this tag; may be repeated."),
    ] = None,
    most: Annotated[int, typer.Option(min=0, help="List so many, the latest; 0: all.")] = MOST,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Read every log again, whatever is known of it.")
    ] = False,
    drop: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Look in this folder no more.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """List the sessions that are kept, the latest first.

    \b
    Examples:
      kneetrack sessions
      kneetrack sessions --athlete A --exercise squat --since 2026-08-01
      kneetrack sessions ~/recordings           and look there from now on
      kneetrack sessions --json --most 0

    What is listed is read from the logs, and read again where one, or what was said of it with
    kneetrack edit, has changed. How a person's sessions go on: kneetrack trend.
    """
    from kneetrack.catalogue.entry import OWN, Wanted
    from kneetrack.catalogue.folders import add_folder, drop_folder
    from kneetrack.cli import console
    from kneetrack.cli.catalogue_bar import day_of, tags_of, up_to_date
    from kneetrack.sessionlog import user_data_dir

    if exercise is not None:  # what knows exercises takes long to load
        from kneetrack.cli.session import check_exercise

        check_exercise(exercise)
    wanted = Wanted(athlete=athlete, exercise=exercise, since=day_of(since), tags=tags_of(tag))
    output, hints = console.results(), console.hints()
    if drop is not None:
        drop_folder(user_data_dir(), drop)
    if folder is not None:
        add_folder(user_data_dir(), folder)
    catalogue = up_to_date(hints, rebuild=rebuild)
    found = list(reversed(catalogue.sessions(wanted, [OWN])))
    refused = catalogue.refused()
    shown = found[:most] if most else found
    if json:
        console.print_json(
            {
                "format": 1,
                "sessions": [session_json(one) for one in shown],
                "left_off": len(found) - len(shown),
                "refused": [{"path": str(one.path), "reason": one.reason} for one in refused],
                "folders": [str(one) for one in catalogue.folders],
            }
        )
        return
    _print(shown, output)
    if not found:
        output.print(
            "No sessions"
            + (" of that kind." if wanted != Wanted() else " yet. Begin with: kneetrack record")
        )
        hints.print(
            "Recordings elsewhere are listed once you name their folder: kneetrack sessions ."
        )
    if len(found) > len(shown):
        hints.print(f"{len(found) - len(shown)} earlier ones are not listed; all: --most 0")
    for one in shown:
        for copy in one.copies:
            hints.print(_of_copy(one, copy), markup=False, soft_wrap=True)
    if refused:
        hints.print(f"Could not be read: {_logs(len(refused))}.")
        for one in refused:
            hints.print(f"! {one.reason}", markup=False, soft_wrap=True)


def session_json(one: Session) -> dict[str, Any]:
    """A session as `--json` shows it."""
    return {
        "path": str(one.path),
        "copies": [str(copy) for copy in one.copies],
        "started_utc": None if one.started is None else one.started.isoformat(),
        "dated_by": one.dated_by,
        "athlete": one.athlete,
        "exercise": one.exercise,
        "load_kg": one.load_kg,
        "rpe": one.rpe,
        "note": one.note,
        "selftest": one.selftest,
        "tags": dict(one.tags),
        "pain": one.pain,
        "simulated": one.simulated,
        "versions": dict(one.versions),
        "warnings": list(one.warnings),
        "legs": [_leg_json(leg) for leg in one.legs],
    }


def _of_copy(one: Session, copy: Path) -> str:
    """That a log is the same recording as the one that is listed, and what that hides."""
    from kneetrack.catalogue.copies import edited_at

    hidden = " What was said of the copy is not shown." if edited_at(copy) else ""
    return f"! {copy} is a copy of {one.path}, which is the one that is listed.{hidden}"


def _leg_json(leg: Leg) -> dict[str, Any]:
    return {
        "side": leg.side.word,
        "exercise": leg.exercise,
        "grade": leg.grade,
        "sets": [
            {
                "index": each.set.index,
                "start_s": round(each.set.start_s, 4),
                "end_s": round(each.set.end_s, 4),
                "shift_deg": _rounded(each.set.shift_deg),
                "shift_sigma_deg": _rounded(each.set.shift_sigma_deg),
                "verdict": each.set.verdict,
                "reps": each.reps,
            }
            for each in leg.sets
        ],
        "reps": leg.reps,
        "judged": leg.judged,
        "in_range": leg.in_range,
        "streak": leg.streak,
        "figures": {
            name: {
                "reps": figure.reps,
                "median": round(figure.median, 4),
                "low": _rounded(figure.low),
                "high": _rounded(figure.high),
                "sd": _rounded(figure.sd),
            }
            for name, figure in leg.figures.items()
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _print(shown: Sequence[Session], output: Console) -> None:
    """Real sessions, then simulated ones, each as a table."""
    real = [one for one in shown if not one.simulated]
    simulated = [one for one in shown if one.simulated]
    if real:
        _print_table(real, output)
    if simulated:
        output.print("\nSimulated legs" if real else "Simulated legs")
        _print_table(simulated, output)
    if shown:
        output.print(f"\n{LEGEND}")


def _print_table(listed: Sequence[Session], output: Console) -> None:
    output.print(_table(listed, output.width))
    if _notes_aside(listed, output.width):
        output.print("\nnotes")
        output.print(_noted(listed))


def _table(listed: Sequence[Session], width: int) -> Any:
    from kneetrack.cli.plain_table import plain_table

    aside = _notes_aside(listed, width)
    table = plain_table()
    table.add_column("\ndate", no_wrap=True)
    table.add_column("\nathlete", max_width=12, overflow="fold")
    table.add_column("\nexercise", overflow="fold", min_width=8)
    table.add_column("\nleg", no_wrap=True)
    table.add_column("sets ×\nreps", no_wrap=True)
    table.add_column("load\nkg", justify="right", no_wrap=True)
    table.add_column("in\nrange", justify="right", no_wrap=True)
    table.add_column("own part\n°", justify="right", no_wrap=True)
    if not aside:
        table.add_column("\nnotes", overflow="fold", min_width=9)
    form = "%Y-%m-%d %H:%M" if aside or width >= _WIDE else "%Y-%m-%d"
    for one in listed:
        legs = one.legs or (None,)
        for place, leg in enumerate(legs):
            whose = _whose(one, form) if place == 0 else ("", "", "")
            load = "–" if one.load_kg is None else f"{round(one.load_kg, 1):g}"
            table.add_row(
                *whose,
                *_leg_cells(leg)[:2],
                load if place == 0 else "",
                *_leg_cells(leg)[2:],
                *([] if aside else [notes(one) if place == 0 else ""]),
            )
    return table


def _notes_aside(listed: Sequence[Session], width: int) -> bool:
    """Whether the notes are listed under the table: a narrow column would break their words."""
    return width < _WIDE and any(len(notes(one)) > _NOTES for one in listed)


def _noted(listed: Sequence[Session]) -> Any:
    """The notes of those that have some, as wide as there is room."""
    from kneetrack.cli.plain_table import plain_table

    table = plain_table()
    table.show_header = False
    table.add_column("date", no_wrap=True)
    table.add_column("notes", overflow="fold")
    for one in listed:
        if text := notes(one):
            table.add_row(when(one, "%Y-%m-%d %H:%M"), text)
    return table


def _whose(one: Session, form: str) -> tuple[str, str, str]:
    from kneetrack.report import words

    return when(one, form), one.athlete or "–", words.exercise(one.exercise)


def _leg_cells(leg: Leg | None) -> tuple[str, str, str, str]:
    """Leg, sets × reps, in range, own part."""
    from kneetrack.catalogue.entry import OWN
    from kneetrack.report import words

    if leg is None:
        return ("–", "–", "–", "–")
    own = leg.figures.get(OWN)
    return (
        leg.side.word[0].upper(),
        sets_by_reps(leg),
        "–" if leg.share is None else f"{100 * leg.share:.0f} %",
        "–" if own is None else words.with_sigma(own.median, own.sd),
    )


def sets_by_reps(leg: Leg) -> str:
    """`3 × 5`, or `5+5+4` where the sets differ."""
    reps = [each.reps for each in leg.sets]
    if not reps:
        return "none"
    if len(set(reps)) == 1:
        return f"{len(reps)} × {reps[0]}"
    return "+".join(map(str, reps)) if len(reps) <= 4 else f"{len(reps)}, {sum(reps)} reps"


def when(one: Session, form: str = "%Y-%m-%d") -> str:
    """When it began, where the person is; marked where only its file has a date."""
    if one.started is None:
        return "–"
    told = one.started.astimezone().strftime(form)
    return told if one.dated_by == "log" else f"({told})"


def notes(one: Session) -> str:
    """Tags, effort and what else was said of it."""
    said = [f"{key}={value}" for key, value in one.tags.items()]
    if one.selftest:
        said.insert(0, f"self-test {one.selftest.replace('_', ' ')}")
    if one.rpe is not None:
        said.append(f"effort {one.rpe:g}")
    if one.note:
        said.append(one.note)
    return ", ".join(said)


def _logs(count: int) -> str:
    return "1 log" if count == 1 else f"{count} logs"
