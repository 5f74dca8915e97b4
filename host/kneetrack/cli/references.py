"""`kneetrack references`: what is kept of people's reference squats; and how commands use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kneetrack.cli.options import JSON_HELP, side_of
from kneetrack.errors import CalibrationError, InputError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.calibration import CalibrationFile
    from kneetrack.calibration.references import Athlete, KeptReference, References
    from kneetrack.detection import Reference
    from kneetrack.detection.reliability import Between

ALL = "all"


def references(
    athlete: Annotated[
        str | None, typer.Option(metavar="ALIAS", help="Only those of this person.")
    ] = None,
    side: Annotated[
        str | None, typer.Option(metavar="SIDE", help="Only those of this leg.")
    ] = None,
    delete: Annotated[
        str | None,
        typer.Option(
            metavar="DATE|all", help="Delete those whose date begins so; needs --athlete."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """List the reference squats kept of each person, and how alike they are from day to day.

    \b
    Examples:
      kneetrack references
      kneetrack references --athlete A --json
      kneetrack references --athlete A --delete 2026-08-01

    kneetrack calibrate --athlete A keeps them and compares. They never leave this computer.
    """
    from kneetrack.calibration.references import load_all
    from kneetrack.cli import console

    leg = side_of(side)
    if delete is not None and athlete is None:
        raise UsageError("--delete needs --athlete: whose references shall go?")
    found = [one for one in load_all(athlete) if leg in (None, one.athlete.side)]
    if delete is not None:
        found = _delete(found, delete)
    if json:
        console.print_json({"references": [_json(one) for one in found]})
        return
    output = console.results()
    if not found:
        output.print("No references are kept. Begin with: kneetrack calibrate --athlete ALIAS")
    for one in found:
        output.print(_title(one.athlete), markup=False)
        for line in _lines(one):
            output.print(f"  {line}", markup=False, soft_wrap=True)


def _delete(found: list[References], date: str) -> list[References]:
    """Without those of that date. InputError where there are none."""
    left = [one.without("" if date == ALL else date) for one in found]
    gone = sum(len(a.kept) - len(b.kept) for a, b in zip(found, left, strict=True))
    if not gone:
        raise InputError(
            f'No reference kept has a date that begins with "{date}". See them with: '
            "kneetrack references."
        )
    for one in left:
        one.save()
    return [one for one in left if one.kept]


def _title(athlete: Athlete) -> str:
    what = athlete.exercise.replace("_", " ")
    simulated = " (simulated)" if athlete.simulated else ""
    return f"{athlete.alias}{simulated}, {athlete.side.word} leg, {what}"


def _lines(one: References) -> list[str]:
    from kneetrack.detection.reliability import LEAST_SESSIONS

    known = [(kept, _reference(kept)) for kept in one.kept]
    lines = [
        f"{kept.utc[:16].replace('T', ' ')} UTC, grade {kept.grade}: "
        + (
            "can't be read"
            if reference is None
            else f"{reference.reps} reps, to {reference.deepest_deg:.0f}° of flexion, one rep's "
            f"standard error {reference.sem_deg:.1f}°"
        )
        for kept, reference in known
    ]
    between = _between(one)
    learned = (
        f"from {between.sessions} sessions"
        if between.learned
        else f"assumed, it takes {LEAST_SESSIONS} sessions to tell"
    )
    lines.append(
        f"from session to session: standard error {between.sem_deg:.1f}°, "
        f"{between.mdc95_deg:.1f}° or more is told apart ({learned})"
    )
    return lines


def _json(one: References) -> dict[str, Any]:
    between = _between(one)
    return {
        "athlete": one.athlete.alias,
        "side": one.athlete.side.word,
        "exercise": one.athlete.exercise,
        "simulated": one.athlete.simulated,
        "sessions": len(one.kept),
        "sem_between_deg": round(between.sem_deg, 4) if between.learned else None,
        "mdc95_deg": round(between.mdc95_deg, 4) if between.learned else None,
        "references": [
            {
                "utc": kept.utc,
                "grade": kept.grade,
                "calibration_id": kept.calibration_id,
                "reference": kept.reference,
            }
            for kept in one.kept
        ],
    }


def _between(one: References) -> Between:
    from kneetrack.detection.reliability import as_found, between_sessions

    return between_sessions(
        [
            as_found(reference, kept.crosstalk_deg, int(one.athlete.side))
            for kept in one.kept
            if (reference := _reference(kept)) is not None
        ]
    )


def _reference(kept: KeptReference) -> Reference | None:
    from kneetrack.detection import Reference

    try:
        return Reference.from_json(kept.reference)
    except ValueError:
        return None


# --- for calibrate and record --------------------------------------------------------------------


def keep(made: CalibrationFile, alias: str, *, simulated: bool, hints: Console) -> CalibrationFile:
    """Compare a new, dated calibration's squats with those kept of `alias`, and keep them too.

    Returns it with the reference to use and what there is to warn of. What can't be read or written
    costs a sentence, not the calibration.
    """
    from dataclasses import replace

    from kneetrack.analysis.kept_reference import choose
    from kneetrack.calibration.references import Athlete, KeptReference, load

    try:
        known = load(Athlete(alias, made.side, simulated=simulated))
        chosen = choose(made, known.kept)
        if made.reference is not None:
            known.with_one(KeptReference.of(chosen.made)).save()
    except InputError as error:
        hints.print(f"! {error}", markup=False)
        return made
    for sentence in chosen.remarks:
        hints.print(sentence, markup=False, soft_wrap=True)
    return replace(chosen.made, warnings=(*made.warnings, *chosen.warnings))


def lend(made: CalibrationFile, alias: str, *, simulated: bool, hints: Console) -> CalibrationFile:
    """A calibration without reference, with the one kept of `alias` if that still holds."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from kneetrack.analysis.kept_reference import choose
    from kneetrack.calibration.references import Athlete, load

    if made.athlete not in (None, alias):
        hints.print(
            f"! This calibration is of {made.athlete}'s leg, and {alias} is recorded with it. Is "
            f"that so? Else: kneetrack calibrate --athlete {alias}",
            markup=False,
        )
        return made
    if made.reference is not None:
        return made
    now = datetime.now(UTC).isoformat(timespec="seconds")
    dated = replace(made, created_utc=made.created_utc or now)
    try:
        chosen = choose(dated, load(Athlete(alias, made.side, simulated=simulated)).kept)
    except CalibrationError as error:
        hints.print(f"! {error}", markup=False)
        return made
    for sentence in chosen.remarks:
        hints.print(sentence, markup=False, soft_wrap=True)
    return replace(made, reference=chosen.made.reference)
