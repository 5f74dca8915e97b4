"""`kneetrack demo`: the main job from end to end with no hardware.

The very firmware runs under MicroPython on a simulated board; two IMU models, register by register,
sit on a simulated leg; a Bluetooth stack in software carries what the band sends. From the radio
upwards nothing knows that it is not a real band. The leg's squats were made with known excursions,
so what was found can be held against what was given.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kneetrack.cli.options import JSON_HELP, speed_of
from kneetrack.errors import InputError, LinkError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.cli.session import Leg, Recorded
    from kneetrack.samples import Rep

SCENARIO = "squats"


def demo(
    scenario: Annotated[
        str, typer.Option(help='The simulated leg, like "squats?valgus=8&side=left&seed=3".')
    ] = SCENARIO,
    speed: Annotated[
        str, typer.Option(metavar="N", help="Of the set: times real time, or max.")
    ] = "1",
    out: Annotated[
        Path | None, typer.Option(help="Folder for log and report [default: in your data folder].")
    ] = None,
    save_trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Only write the leg's IMU signals as a trace."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Show the whole thing without hardware: a simulated band on a squatting leg, in a minute.

    \b
    Examples:
      kneetrack demo
      kneetrack demo --speed max
      kneetrack demo --scenario "squats?valgus=8&side=left"
      kneetrack demo --save-trace squats.csv      a recording to play with, then:
      kneetrack analyze squats.csv
      kneetrack record --link "trace:squats.csv?speed=max"
    """
    import asyncio

    if save_trace is not None:
        asyncio.run(_save_trace(scenario, save_trace))
        return
    raise typer.Exit(asyncio.run(_demo(scenario, speed_of(speed), out, json)))


async def _demo(scenario: str, speed: float, out: Path | None, json: bool) -> int:
    from kneetrack.cli import console, session
    from kneetrack.cli.keys import HINT
    from kneetrack.cli.view import open_view
    from kneetrack.link import open_link
    from kneetrack.sessionlog import user_data_dir

    output = console.hints() if json else console.results()
    folder = out if out is not None else user_data_dir() / "kneetrack-demo"
    address = f"sim:{scenario}{'&' if '?' in scenario else '?'}speed={speed or 'max'}"
    output.print("1. A band: the real firmware on a simulated board, found over Bluetooth.")
    with output.status("Switching it on and connecting ..."):
        link = open_link(address)
        await link.__aenter__()
    try:
        output.print(_band(link.feature))
        output.print("\n2. Calibration: still on a table, standing, five slow squats.")
        made = await session.calibrate_with_progress(link, output)
        output.print(session.quality(made))
        for warning in made.warnings:
            output.print(f"! {warning}", markup=False)
        known = link.scenario
        if known is None:
            raise LinkError("The simulated board did not say what it plays.")
        output.print("\n3. The set, as it happens." + (" (in real time)" if speed == 1 else ""))
        leg = session.leg_for(link, known.side, None, made)
        recorded = await session.run(
            [leg],
            open_view(output, hint=HINT),
            session=session.facts([leg], session.Told(athlete="demo")),
            path=None,
            folder=folder,
        )
    finally:
        await link.__aexit__(None, None, None)
    if recorded.error is not None:
        raise recorded.error
    shown = _show(output, leg, known.truth, recorded)
    report_path = _report(output, recorded.path)
    same, count = await _replayed(output, recorded.path)
    if json:
        result = leg.analyzer.result()
        console.print_json(
            {
                "format": 1,
                **shown,
                "sets": len(result.sets),
                "calibration_grade": made.grade,
                "lost_samples": sum(f.lost_samples for f in recorded.figures),
                "events": count,
                "events_equal": same,
                "log": str(recorded.path),
                "report": None if report_path is None else str(report_path),
            }
        )
    if same != count or count == 0:
        raise InputError(
            f"Live and replay differ: {same} of {count} events are the same. Please report this, "
            f"with {recorded.path}."
        )
    return 0


def _band(feature: Any) -> str:
    from kneetrack.faults import CHIPS

    chips = [
        CHIPS.get(chip, f"chip {chip:#x}") for chip in (feature.thigh_chip, feature.shank_chip)
    ]
    rate = 1e6 / feature.pair_period_us
    return (
        f"   Connected. Protocol {feature.protocol_major}.{feature.protocol_minor}, IMUs "
        f"{' and '.join(chips)}, {rate:.0f} sample pairs and {rate / feature.knee_divider:.0f} "
        "knee angles a second."
    )


def _show(output: Console, leg: Leg, truth: dict[str, Any], recorded: Recorded) -> dict[str, Any]:
    """The rep table beside what the leg was given; the comparison as JSON types."""
    from kneetrack.cli.table import print_summary

    result = leg.analyzer.result()
    given = [rep for rep in truth.get("reps", []) if rep.get("kind") == "set"]
    started_s = min((rep.start_s for rep in result.reps), default=0.0) - 1.0
    stopped_s = max((rep.end_s for rep in result.reps), default=0.0) + 1.0
    played = [rep for rep in given if rep["start_s"] >= started_s and rep["end_s"] <= stopped_s]
    beside = [_given(rep, given) for rep in result.reps]
    output.print("\n4. What was found, beside the excursion that each rep was given.")
    print_summary(output, result.reps, result.sets, given_deg=beside)
    errors = [
        rep.valgus_excursion_deg - made
        for rep, made in zip(result.reps, beside, strict=True)
        if rep.valgus_excursion_deg is not None and made is not None
    ]
    output.print(f"Reps: {len(result.reps)} found, {len(played)} given.")
    if errors:
        mean = sum(map(abs, errors)) / len(errors)
        output.print(
            f"Difference between found and given: {mean:.1f}° on average, "
            f"{max(map(abs, errors)):.1f}° at most."
        )
    return {
        "reps_given": len(played),
        "reps_found": len(result.reps),
        "reps": [
            {
                "index": rep.index,
                "given_deg": made,
                "found_deg": rep.valgus_excursion_deg,
                "own_deg": rep.own_excursion_deg,
                "verdict": None if rep.verdict is None else rep.verdict.value,
            }
            for rep, made in zip(result.reps, beside, strict=True)
        ],
    }


def _given(rep: Rep, given: Sequence[dict[str, Any]]) -> float | None:
    """The excursion of the given rep in whose time this one's middle lies."""
    middle_s = (rep.start_s + rep.end_s) / 2
    for one in given:
        if one["start_s"] <= middle_s <= one["end_s"]:
            return float(one["excursion_deg"])
    return None


def _report(output: Console, log: Path) -> Path | None:
    from kneetrack.report import html
    from kneetrack.report.model import session_report

    output.print("\n5. Kept for later.")
    output.print(f"   Log:    {log}", markup=False, soft_wrap=True)
    path = log.with_suffix(".html")
    try:
        with output.status("Writing the report ..."):
            html.check_available()
            html.write(session_report(log), path)
    except UsageError as missing:
        output.print(f"   Report: none. {missing}", markup=False)
        return None
    output.print(f"   Report: {path}", markup=False, soft_wrap=True)
    return path


async def _replayed(output: Console, path: Path) -> tuple[int, int]:
    from kneetrack.cli.replay import compared, fold
    from kneetrack.sessionlog import read_log

    log = read_log(path)
    _, _, events = await fold(log, None, 0.0)
    same, count = compared(log, events)
    output.print("\n6. The log, replayed through the same analyzer.")
    output.print(f"   Events as live: {same} of {count}.")
    return same, count


def _why(said: Sequence[str]) -> str:
    """The reason in the last line that the simulator said, in words where it is a number."""
    last = said[-1] if said else "the simulator ended without a word"
    number = last.removeprefix("OSError: ").strip("[]").replace("[Errno ", "").split("]")[0]
    if last.startswith("OSError") and number.isdecimal():
        return os.strerror(int(number))
    return last.rstrip(".")


async def _save_trace(scenario: str, path: Path) -> None:
    """Have the simulated leg's IMU signals written as a trace, by the simulator itself."""
    import asyncio

    from kneetrack.cli import console
    from kneetrack.firmware_files import firmware_dir, run_micropython

    if path.suffix != ".csv":
        raise UsageError(f"--save-trace names a trace, so it must end in .csv, not {path.name}.")
    files = [path, path.with_suffix(".json"), path.with_suffix(".ref.csv")]
    taken = [file for file in files if file.exists()]
    if taken:
        raise UsageError(f"{taken[0]} exists already; choose another name.")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"The folder {path.absolute().parent} does not exist; make it first.")
    script = firmware_dir() / "sim" / "export.py"
    stem = str(path.absolute().with_suffix(""))
    command = run_micropython([str(script), scenario, stem])
    process = await asyncio.create_subprocess_exec(
        *command.arguments,
        env=command.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,  # MicroPython tells on stdout why it ended
    )
    said: list[str] = []
    with console.hints().status("Simulating ...") as status:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode(errors="replace").strip()
            if text.startswith("progress "):
                status.update(f"Simulating ... {float(text.split()[1]):.0%}")
            elif text:
                said.append(text)
    code = await process.wait()
    if code:
        for file in files:
            file.unlink(missing_ok=True)
    if code == UsageError.exit_code and said:
        raise UsageError(f'--scenario "{scenario}": {said[-1]}.')
    if code:
        raise InputError(
            f"{path} was not written: {_why(said)}. Make room there, or choose another place."
        )
    output = console.results()
    for file, what in zip(files, ("the trace", "its sidecar", "the true angles"), strict=True):
        output.print(f"{file}   {what}", markup=False, soft_wrap=True)
    console.hints().print(f"Next: kneetrack analyze {path}", markup=False, soft_wrap=True)
