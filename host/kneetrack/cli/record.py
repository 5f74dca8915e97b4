"""`kneetrack record`: watch reps as they happen and keep everything that was received."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli import cue as cues
from kneetrack.cli import preflight
from kneetrack.cli import session_options as options
from kneetrack.cli.before import BEFORE_HELP, answers
from kneetrack.cli.options import LINK_VARIABLE, LSL_HELP, side_of
from kneetrack.errors import UsageError
from kneetrack.samples import Side

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.calibration import CalibrationFile
    from kneetrack.cli.desk import Desk
    from kneetrack.cli.session import Leg, Told
    from kneetrack.cli.view import View
    from kneetrack.cue.sounding import By
    from kneetrack.link import Link


def record(
    link: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LINK",
            envvar=LINK_VARIABLE,
            help="ble:auto, ble:NAME, serial:PORT, sim:SCENARIO, trace:FILE; twice for two legs.",
        ),
    ] = None,
    exercise: options.Exercise = None,
    athlete: options.Athlete = None,
    load: options.Load = None,
    rpe: Annotated[
        str | None, typer.Option(metavar="0-10", help="Your rating of effort, 10 is the most.")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Whatever you like.")] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="As often as you like: --tag shoes=flat. Known are: stance, toe_out, shoes, "
            "heel_plates, band, cue, footwear, pain.",
        ),
    ] = None,
    rest: options.Rest = None,
    cue: Annotated[str | None, typer.Option(metavar="POLICY", help=cues.CUE_HELP)] = None,
    cue_when: Annotated[str | None, typer.Option(metavar="WHEN", help=cues.WHEN_HELP)] = None,
    cue_by: Annotated[str | None, typer.Option(metavar="HOW", help=cues.BY_HELP)] = None,
    cue_text: Annotated[str, typer.Option(metavar="WORDS", help=cues.TEXT_HELP)] = "",
    cue_below: Annotated[str | None, typer.Option(metavar="LOAD", help=cues.BELOW_HELP)] = None,
    before: Annotated[list[str] | None, typer.Option(metavar="ANSWERS", help=BEFORE_HELP)] = None,
    no_questions: options.NoQuestions = False,
    calibration: options.Calibrations = None,
    out: options.Out = None,
    duration: options.Duration = None,
    no_raw: options.NoRaw = False,
    table_zero: Annotated[
        bool,
        typer.Option(
            "--table-zero",
            help="After the set (q, or --duration), wait until both sensors lie on a table for "
            "6 s: their zero, once more, for analyze --offline.",
        ),
    ] = False,
    lsl: Annotated[bool, typer.Option("--lsl", help=LSL_HELP)] = False,
    side: options.Leg = None,
    no_check: Annotated[bool, typer.Option("--no-check", help=preflight.NO_CHECK_HELP)] = False,
) -> None:
    """Record a band: reps live on the screen, everything received in a log.

    \b
    Examples:
      kneetrack record                                     the only band around
      kneetrack record --athlete A --load 135lb --tag shoes=flat --rest 120
      kneetrack record --cue faded --cue-text "knees over toes"
      kneetrack record --link "sim:squats?valgus=8"        a simulated band
      kneetrack record --link "trace:squats.csv?speed=max" a recorded IMU file

    Sets begin and end by themselves: walk back, turn away, or rest for 20 s.
    Meanwhile l, e and n take load, effort and a note of the set just done;
    m marks an instant, to find it again in another recording;
    a re-aligns a strap that slipped: stand still, three squats, go on.
    q or Ctrl-C ends the recording and keeps it.
    Before it begins, band, calibration and disk are looked at: one line when all
    is well, else what to do about it. More of that: kneetrack doctor
    A trace to play with comes from: kneetrack demo --save-trace squats.csv
    """
    import asyncio

    from kneetrack.cli import console, session
    from kneetrack.cli import lsl as publishing
    from kneetrack.edits import fields

    session.check_new(out)
    session.check_exercise(exercise)
    load_kg = None if load is None else fields.load_kg(load)
    plan = cues.plan_of(
        cue, cue_when, cue_text, load_kg, None if cue_below is None else fields.load_kg(cue_below)
    )
    told = session.Told(
        athlete=athlete,
        load_kg=load_kg,
        rpe=None if rpe is None else fields.rpe(rpe),
        note=None if note is None else fields.text(note),
        tags=cues.tagged(fields.tags(tag or []), plan),
        cue=plan,
    )
    how = cues.how_of(cue_by)
    cues.check_way(how, plan, cue_when)
    if table_zero and no_raw:
        raise UsageError("--table-zero is found in the raw data; leave --no-raw out.")
    links = link or ["ble:auto"]
    if lsl:
        publishing.check_available()
    said = answers(before or [], links, no_questions=no_questions, hints=console.hints())
    code = asyncio.run(
        recording(
            links,
            exercise=exercise,
            told=replace(told, before=said),
            cue_by=how,
            rest_s=rest,
            calibrations=calibration or [],
            out=out,
            duration_s=duration,
            raw=not no_raw,
            table_zero=table_zero,
            side=side_of(side),
            check=not no_check,
            lsl=lsl,
        )
    )
    raise typer.Exit(code)


async def recording(
    addresses: list[str],
    *,
    exercise: str | None,
    told: Told,
    cue_by: By,
    rest_s: float | None,
    calibrations: list[Path],
    out: Path | None,
    duration_s: float | None,
    raw: bool,
    table_zero: bool,
    side: Side | None,
    check: bool = True,
    lsl: bool = False,
    desk: Desk | None = None,
    around: Callable[[Sequence[Leg], View], View] = lambda legs, view: view,
) -> int:
    """The whole of it; `around` may put another view round the terminal's, and `desk` be shared
    with it. The exit code."""
    from kneetrack.calibration import CalibrationFile
    from kneetrack.cli import afterwards, console, session, which_calibration
    from kneetrack.cli import lsl as publishing
    from kneetrack.cli.desk import Desk
    from kneetrack.cli.insight_lines import print_session
    from kneetrack.cli.keys import HINT
    from kneetrack.cli.table import last_with_reps, print_summary
    from kneetrack.cli.view import open_view
    from kneetrack.link import open_links

    if len(addresses) > 2:
        raise UsageError("A person has two legs: give --link once or twice.")
    given = [CalibrationFile.load(path) for path in calibrations]
    output, hints = console.results(), console.hints()
    async with AsyncExitStack() as stack:
        legs: list[Leg] = []
        if any(address.startswith("log:") for address in addresses):
            raise UsageError("A log is recorded already; see it with: kneetrack replay.")
        for opened in open_links([_with_side(address, side) for address in addresses]):
            with hints.status(f"Connecting to {opened.info.address} ..."):
                link = await stack.enter_async_context(opened)
            if link.scenario is not None:
                _agree(link.scenario.side, side)
            made = await which_calibration.of(link, given, side, told.athlete, hints, quiet=check)
            which_calibration.check_sensors(link, made)
            if made is not None and told.athlete is not None and exercise in (None, "squat"):
                made = which_calibration.with_reference(link, made, told.athlete, hints)
            leg_side = _side(link, made, side)
            legs.append(session.leg_for(link, leg_side, exercise, made))
        if len({leg.analyzer.side for leg in legs}) < len(legs):
            raise UsageError("Both links say that they are on the same leg; one must be the other.")
        if check:
            await preflight.look(legs, told.athlete, out, hints)
        _hint_at_tags(told.tags, hints)
        facts = session.facts(legs, told)
        ready = stack.enter_context(cues.ready(told.cue, cue_by, legs, output, hints))
        if desk is None and output.is_terminal and not output.is_dumb_terminal:
            desk = Desk(HINT)
        outlets = stack.enter_context(publishing.published(legs, hints)) if lsl else []
        view = open_view(output, hint=desk.hint if desk else HINT, rest_s=rest_s)
        recorded = await session.run(
            legs,
            around(legs, view),
            session=facts,
            path=out,
            raw=raw,
            duration_s=duration_s,
            table_zero=table_zero,
            desk=desk,
            cues=ready,
            outlets=outlets,
        )
        if table_zero:
            await afterwards.remember_zeros(legs, recorded, hints)
    results = [leg.analyzer.result() for leg in legs]
    explained = last_with_reps(results)
    for place, (leg, result) in enumerate(zip(legs, results, strict=True)):
        shown = (output, result.reps, result.sets)
        print_summary(*shown, title=leg.title, gaps=result.gaps, legend=place == explained)
    print_session(output, results, facts)
    for leg, figures in zip(legs, recorded.figures, strict=True):
        afterwards.tell_figures(leg, figures, hints, several=len(legs) > 1)
    for sentence in recorded.said:
        hints.print(sentence, markup=False, soft_wrap=True)
    output.print(f"Recorded: {recorded.path}", markup=False, soft_wrap=True)
    hints.print(
        f"Next: kneetrack report {recorded.path} --out report.html", markup=False, soft_wrap=True
    )
    if recorded.error is not None:
        raise recorded.error
    return 0


def _hint_at_tags(tags: Iterable[str], hints: Console) -> None:
    """Ask about a tag that looks like a known one."""
    from kneetrack.edits.fields import close_to

    for key in tags:
        known = close_to(key)
        if known is not None:
            hints.print(
                f"! The tag {key} is kept as it is. Did you mean {known}? Then: kneetrack edit",
                markup=False,
            )


def _with_side(address: str, side: Side | None) -> str:
    """A trace without a sidecar takes its side from --side."""
    if side is None or not address.startswith("trace:") or "side=" in address:
        return address
    return f"{address}{'&' if '?' in address else '?'}side={side.word}"


def _side(link: Link, made: CalibrationFile | None, side: Side | None) -> Side:
    """The leg that is recorded. What says it must not contradict itself."""
    told: Side | None = None
    if made is not None:
        told = made.side
    elif link.scenario is not None:
        told = link.scenario.side
    if told is not None:
        _agree(told, side)
        return told
    return side if side is not None else Side(link.feature.side)


def _agree(told: Side, side: Side | None) -> None:
    """UsageError where --side (`side`) is another leg than is told elsewhere."""
    if side is not None and told is not side:
        raise UsageError(
            f"--side says {side.word}, but the source or calibration {told.word}. Leave --side "
            "out, or take the other source."
        )
