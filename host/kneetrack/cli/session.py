"""One recording, from opened links to what was found: what `record` and `demo` share.

Every leg has a link, an analyzer and perhaps a calibration; all legs share one log and one view.
Each looks for the way back to its band by itself, and one that is lost for good does not end the
other. Whatever happens, a lost link or q, the log is closed well and what was found is returned.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from kneecore import __version__, wire
from kneetrack import live
from kneetrack.analysis.trace import alignment_of, calibrate, reference_of
from kneetrack.calibration import CalibrationFile, runner
from kneetrack.calibration.closing import TableZero
from kneetrack.calibration.sensors import band_name, curves
from kneetrack.cli import lsl, realign
from kneetrack.cli.desk import Desk
from kneetrack.cli.keys import ending
from kneetrack.cli.marking import Marks
from kneetrack.cli.view import LegView, View
from kneetrack.cue import Plan
from kneetrack.detection import Analyzer
from kneetrack.detection.realigning import Realignment
from kneetrack.errors import CalibrationError, KneeTrackError, LinkLost, LogError, UsageError
from kneetrack.link import Link
from kneetrack.lsl import Outlet
from kneetrack.samples import Label, Side, Vector, Warned
from kneetrack.sessionlog import SessionWriter, clock_watch, new_log_path
from kneetrack.sessionlog.room import check_room
from kneetrack.traces import EXERCISES

PROGRESS_PERIOD_S = 0.1
COMPUTES_FROM_S = 0.5
"""So shortly before the end all movements are seen, and what is left is computing."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One band of a recording, ready to be recorded."""

    link: Link
    analyzer: Analyzer
    calibration: CalibrationFile | None

    @property
    def title(self) -> str:
        side, exercise = self.analyzer.side.word, self.analyzer.exercise.replace("_", " ")
        return f"{side.capitalize()} leg, {exercise}, {self.link.info.label}"


@dataclass(frozen=True, slots=True)
class Told:
    """What the person says of the session beforehand."""

    athlete: str | None = None
    load_kg: float | None = None
    rpe: float | None = None
    note: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    before: Mapping[str, str] | None = None
    """Answers to the question before a session, by `report.notice.QUESTIONS`."""
    cue: Plan | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that ended: its log, the legs' figures in order, and what ended it badly."""

    path: Path
    figures: tuple[live.Figures, ...]
    error: KneeTrackError | None
    zeros: tuple[tuple[Vector, Vector] | None, ...] = ()
    """What the gyroscopes showed on a table after the set, leg by leg, where that was asked for."""
    said: tuple[str, ...] = ()
    """What there is to say of legs that were re-aligned."""


def leg_for(
    link: Link,
    side: Side,
    exercise: str | None,
    calibration: CalibrationFile | None,
    labels: Sequence[Label] = (),
    realignments: Sequence[Realignment] = (),
) -> Leg:
    """The leg as the link, the options and the calibration describe it."""
    scenario = link.scenario
    if exercise is None:
        exercise = "squat" if scenario is None else scenario.exercise
    analyzer = Analyzer(
        side,
        exercise,
        () if scenario is None else scenario.windows,
        reference_of(calibration),
        shank_length_m=None if scenario is None else scenario.shank_length_m,
        alignment=alignment_of(calibration),
        labels=labels,
        realignments=realignments,
    )
    return Leg(link, analyzer, calibration)


async def calibrate_with_progress(link: Link, console: Console) -> CalibrationFile:
    """Have a simulated leg do its calibration movements, and calibrate the band with them."""
    total = max((window.end_s for window in runner.movements(link.scenario)), default=0.0)
    work = asyncio.create_task(runner.of_simulated(link, calibrate))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(30),
        TextColumn("{task.completed:.0f} of {task.total:.0f} s"),
    )
    shown = console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        bar = progress.add_task("Calibrating", total=total)
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=PROGRESS_PERIOD_S)
                moved_s = link.source_s(link.now_s())
                if moved_s is not None:
                    progress.update(bar, completed=min(total, moved_s))
                if moved_s is not None and moved_s > total - COMPUTES_FROM_S:
                    progress.update(bar, description="Computing the calibration ...")
        finally:  # Ctrl-C ends the waiting, not by itself the work
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
    return work.result()


def quality(calibration: CalibrationFile) -> str:
    """One line on how good a calibration is."""
    sigma = calibration.calibration.axis_sigma_rad * 57.29578
    passed = sum(gate.passed for gate in calibration.gates)
    return (
        f"Calibration: grade {calibration.grade}, {passed} of {len(calibration.gates)} checks "
        f"passed, knee axis known to ±{sigma:.1f}°."
    )


def facts(legs: Sequence[Leg], told: Told) -> dict[str, Any]:
    """What the log's metadata say of the session."""
    first = legs[0]
    scenario = first.link.scenario
    return {
        "athlete": told.athlete,
        "exercise": first.analyzer.exercise,
        "load_kg": told.load_kg,
        "rpe": told.rpe,
        "note": told.note,
        "tags": dict(told.tags),
        "before": told.before and dict(told.before),
        "cue": told.cue and told.cue.to_json(),
        "started_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "sides": [leg.analyzer.side.word for leg in legs],
        "links": [leg.link.info.address for leg in legs],
        "bands": {leg.analyzer.side.word: band_name(leg.link) for leg in legs},
        "zero_curves": {leg.analyzer.side.word: _curves(leg.link) for leg in legs},
        "simulated": any(leg.link.info.is_simulated for leg in legs),
        "shank_length_m": None if scenario is None else scenario.shank_length_m,
        "windows": [
            {"kind": window.kind, "start_s": window.start_s, "end_s": window.end_s}
            for window in (() if scenario is None else scenario.windows)
        ],
        "versions": {
            "kneetrack": __version__,
            "protocol": ".".join(map(str, wire.PROTOCOL_VERSION)),
        },
    }


def _curves(link: Link) -> dict[str, Any]:
    """The learned zeros of the band's gyroscopes over temperature, by mount, for re-analysis.

    They go into the log, for they may be another's by the time that it is analysed.
    """
    try:
        found = curves(band_name(link))
    except CalibrationError:  # told when the sensors are looked at; a recording is not held up
        return {}
    return {mount: curve and asdict(curve) for mount, curve in found.items()}


async def run(
    legs: Sequence[Leg],
    view: View,
    *,
    session: dict[str, Any],
    path: Path | None,
    folder: Path | None = None,
    raw: bool = True,
    duration_s: float | None = None,
    table_zero: bool = False,
    waits: live.Waits | None = None,
    desk: Desk | None = None,
    cues: Sequence[live.Cues | live.BandCues] = (),
    over: asyncio.Event | None = None,
    outlets: Sequence[Outlet] = (),
) -> Recorded:
    """Record until the sources end, q, Ctrl-C, `duration_s`, or all links are lost for good.

    With `table_zero` each of these but a lost link ends the set only; then the sensors' zero is
    recorded once more (`calibration.closing`), or another q ends it without. What is missing then
    is fetched from the bands; a further q leaves it there. `desk` takes what is typed meanwhile;
    `cues` and `outlets` are the legs', in order, where there are any. Whoever sets `over` ends the
    recording as the first q does.
    """
    if path is None:
        exercise = str(session["exercise"])
        side = legs[0].analyzer.side
        path = new_log_path(exercise, side, folder=folder)
    stop, skip, leave = over or asyncio.Event(), asyncio.Event(), asyncio.Event()
    steps = (stop, skip, leave) if table_zero else (stop, leave)
    closings = [TableZero() if table_zero else None for _ in legs]
    figures = [live.Figures() for _ in legs]

    def end() -> None:
        """One step nearer to the end."""
        next((step for step in steps if not step.is_set()), leave).set()

    with SessionWriter(path, session) as writer:
        for leg in legs:
            if leg.calibration is not None:
                writer.calibration(leg.calibration.to_json())
        sinks = [view.leg(leg.title) for leg in legs]
        write = _heeding(writer.event, cues, desk)
        athlete: object = session.get("athlete")
        alias = athlete if isinstance(athlete, str) else None
        realigning = [realign.ready(leg, alias, raw=raw) for leg in legs] if desk else []
        if desk:
            realign.offer(desk, realigning)
        typists = [desk.leg(leg.analyzer.side, write) for leg in legs] if desk else []
        marks = Marks(write, lambda marker: lsl.publish(outlets, marker))
        markers = [marks.leg(leg.analyzer.side) for leg in legs] if desk else []
        if desk:
            marks.offer(desk)
        with ending(end, len(steps), desk and desk.take), _shown(view):
            tasks = [
                asyncio.create_task(
                    live.record(
                        leg.link,
                        leg.analyzer,
                        writer=writer,
                        sinks=[
                            sink,
                            *typists[at : at + 1],
                            *markers[at : at + 1],
                            *outlets[at : at + 1],
                        ],
                        calibration=None
                        if leg.calibration is None
                        else leg.calibration.calibration,
                        raw=raw,
                        stop=stop,
                        duration_s=duration_s,
                        closing=closing,
                        skip=skip if table_zero else None,
                        leave=leave,
                        waits=waits,
                        figures=each,
                        cues=cues[at] if cues else None,
                        realigning=realigning[at] if realigning else None,
                    )
                )
                for at, (leg, sink, closing, each) in enumerate(
                    zip(legs, sinks, closings, figures, strict=True)
                )
            ]
            clocks = asyncio.create_task(_watch_clocks(writer, sinks))
            try:
                await _all_legs(tasks, [leg.title for leg in legs], sinks, steps)
            finally:
                clocks.cancel()
                await asyncio.wait({clocks})
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    lost: KneeTrackError | None = None
    for outcome in outcomes:
        if isinstance(outcome, KneeTrackError):
            lost = lost or outcome
        elif isinstance(outcome, BaseException):
            raise outcome
    said = await realign.keep(legs, realigning) if realigning else []
    zeros = tuple(closing.zeros for closing in closings if closing is not None)
    return Recorded(path, tuple(figures), lost, zeros, tuple(said))


def _heeding(
    write: Callable[[Mapping[str, Any]], None],
    cues: Sequence[live.Cues | live.BandCues],
    desk: Desk | None,
) -> Callable[[Mapping[str, Any]], None]:
    """`write`, and a load that was typed is heeded by who gives cues: the next set may have it.

    Whoever listens at the desk is told all of it.
    """

    def said(event: Mapping[str, Any]) -> None:
        write(event)
        if desk is not None:
            desk.heard(event)
        load_kg = event.get("load_kg")
        if isinstance(load_kg, int | float):
            for each in cues:
                each.loaded(float(load_kg))

    return said


async def _all_legs(
    tasks: Sequence[asyncio.Task[live.Figures]],
    titles: Sequence[str],
    sinks: Sequence[LegView],
    steps: Sequence[asyncio.Event],
) -> None:
    """Wait for all legs. One whose band is lost leaves the others; any other failure ends all."""
    waiting = set(tasks)
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            error = None if task.cancelled() else task.exception()
            if isinstance(error, LinkLost):
                text = f"{titles[tasks.index(task)]}: its band is lost. The other leg goes on."
                others = [s for t, s in zip(tasks, sinks, strict=True) if t in waiting]
                _say(others, text)
            elif error is not None or task.cancelled():
                for step in steps:
                    step.set()


async def _watch_clocks(writer: SessionWriter, sinks: Sequence[LegView]) -> None:
    """Note where the computer slept or its clock was set: it explains a gap."""
    watch = clock_watch.ClockWatch()
    while True:
        await asyncio.sleep(clock_watch.LOOK_S)
        for event in watch.look():
            writer.event(event.to_json())
            _say(sinks, event.sentence)


def _say(sinks: Sequence[LegView], text: str) -> None:
    """Show a sentence; a view that can't show it any more is told of elsewhere."""
    for sink in sinks:
        with contextlib.suppress(Exception, SystemExit):
            sink.event(Warned(text))


@contextlib.contextmanager
def _shown(view: View) -> Generator[None]:
    """The view, whose terminal may have gone when it is taken down."""
    view.__enter__()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            view.__exit__(None, None, None)


def check_new(path: Path | None) -> None:
    """Refuse a log's name that is taken, or a place that takes none, before anybody squats."""
    if path is None:
        check_room()
        return
    if path.exists():
        raise LogError(
            f"{path} exists already, and a log is never written over; choose another name."
        )
    if path.suffix != ".mcap":
        raise UsageError(f"--out names a session log, so it must end in .mcap, not {path.name}.")
    if not path.absolute().parent.is_dir():
        raise LogError(f"The folder {path.absolute().parent} does not exist; make it first.")
    check_room(path.absolute().parent)


def check_exercise(name: str | None) -> None:
    """Refuse an exercise that nothing is known of."""
    if name is not None and name not in EXERCISES:
        raise UsageError(f'--exercise is one of {", ".join(EXERCISES)}, not "{name}".')
