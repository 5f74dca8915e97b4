"""`kneetrack replay`: a recording again, on the same screen, through the same analyzer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from kneetrack.cli.options import LSL_HELP, speed_of

if TYPE_CHECKING:
    from kneetrack.calibration import CalibrationFile
    from kneetrack.cli.session import Leg
    from kneetrack.cli.view import View
    from kneetrack.detection import Analyzer
    from kneetrack.live import Cues
    from kneetrack.lsl import Outlet
    from kneetrack.samples import Side
    from kneetrack.sessionlog import SessionLog


def replay(
    log: Annotated[Path, typer.Argument(metavar="FILE.mcap", help="A log from kneetrack record.")],
    speed: Annotated[str, typer.Option(metavar="N", help="Times real time, or max.")] = "1",
    lsl: Annotated[bool, typer.Option("--lsl", help=LSL_HELP)] = False,
) -> None:
    """Show a recording again: the same screen and the same events as live.

    \b
    Examples:
      kneetrack replay session.mcap
      kneetrack replay session.mcap --speed 8
      kneetrack replay session.mcap --speed max

    What was said of it later (kneetrack edit) is in it. q or Ctrl-C ends it. At its end it says
    whether the events are those of the recording, as that was.
    """
    import asyncio

    raise typer.Exit(asyncio.run(_replay(log, speed_of(speed), lsl=lsl)))


async def _replay(path: Path, speed: float, *, lsl: bool) -> int:
    from kneecore import __version__
    from kneetrack.analysis.source import TRACE_SUFFIX
    from kneetrack.cli import console
    from kneetrack.cli import lsl as publishing
    from kneetrack.cli.insight_lines import edits_line, print_session
    from kneetrack.cli.marking import told
    from kneetrack.cli.table import last_with_reps, print_summary
    from kneetrack.cli.view import open_view
    from kneetrack.edits import read
    from kneetrack.errors import InputError
    from kneetrack.sessionlog import read_log
    from kneetrack.sessionlog.markers import markers_in

    output, hints = console.results(), console.hints()
    if path.suffix.lower() == TRACE_SUFFIX:
        raise InputError(
            f"{path} is a trace, and only logs can be replayed. See it with: kneetrack analyze, or "
            f'play it to a band: kneetrack record --link "trace:{path}".'
        )
    log = read_log(path)
    if log.torn is not None:
        hints.print(log.torn, markup=False)
    view = open_view(output, hint="q or Ctrl-C ends the replay.")
    outlets = publishing.outlets_of(log, speed) if lsl else {}
    stopped, analyzers, events = await fold(log, view, speed, outlets=outlets)
    for side, outlet in outlets.items():
        hints.print(publishing.summary(side.word, outlet), markup=False)
        outlet.close()
    results = [analyzer.result() for analyzer in analyzers.values()]
    explained = last_with_reps(results)
    for place, (side, result) in enumerate(zip(analyzers, results, strict=True)):
        print_summary(
            output,
            result.reps,
            result.sets,
            title=f"{side.word} leg, {result.exercise.replace('_', ' ')}",
            gaps=result.gaps,
            legend=place == explained,
        )
        for sentence in recorded_link(log, side):
            hints.print(sentence, markup=False)
    edits = read(log.path)
    print_session(output, results, edits.over(log.session))
    if marks := told(markers_in(log.events)):
        output.print(marks, markup=False)
    for sentence in (edits_line(edits), *edits.remarks):
        if sentence:
            hints.print(sentence, markup=False)
    if not stopped:
        same, count = compared(log, events)
        told = f"Events as recorded: {same} of {count}."
        if same < count:
            told += (
                " The others came out otherwise, for another state of the program recorded them "
                f"({_version(log)}; this one is {__version__}). What the band measured is the same."
            )
        hints.print(told, markup=False)
    return 0


def recorded_link(log: SessionLog, side: Side) -> list[str]:
    """What was noted of a leg's link while it was recorded: breaks, and what the log lacks."""
    from kneetrack.cli.link_line import all_unfetched
    from kneetrack.live import LinkState, Unfetched
    from kneetrack.sessionlog.streams import LINK_STATE, UNFETCHED

    noted = [event for event in log.events if event.get("side") == side.word]
    lost = [e for e in noted if e["event"] == LINK_STATE and e.get("state") == LinkState.LOST]
    told: list[str] = []
    if lost:
        times = "once" if len(lost) == 1 else f"{len(lost)} times"
        told.append(f"The {side.word} leg's connection broke {times} while it was recorded.")
    spans = [
        Unfetched(**{key: value for key, value in event.items() if key not in ("event", "side")})
        for event in noted
        if event["event"] == UNFETCHED
    ]
    return told + [f"! {side.word} leg: {sentence}" for sentence in all_unfetched(spans)]


def _version(log: SessionLog) -> str:
    """Of the program that recorded the log."""
    versions: object = log.session.get("versions")
    known = cast("dict[str, object]", versions) if isinstance(versions, dict) else {}
    return str(known.get("kneetrack", "unknown"))


async def fold(
    log: SessionLog,
    view: View | None,
    speed: float,
    *,
    takes_keys: bool = True,
    outlets: Mapping[Side, Outlet] | None = None,
) -> tuple[bool, dict[Side, Analyzer], list[dict[str, Any]]]:
    """All legs of a log through decoder and analyzer; whether it was stopped, and the events.

    `speed` 0 is as fast as it goes. q or Ctrl-C stops it, unless they are somebody else's
    (`takes_keys`). What was said of the log later is in what is shown and in the analyzers. The
    events are as JSON types, leg after leg, and those of the log alone, to be compared with what
    was recorded in it.
    """
    import asyncio
    from contextlib import nullcontext

    from kneetrack import live
    from kneetrack.calibration.realignment import later_of
    from kneetrack.cli import session
    from kneetrack.cli.keys import ending
    from kneetrack.detection.events import event_dict
    from kneetrack.edits import read
    from kneetrack.errors import LogError
    from kneetrack.link.base import LinkInfo
    from kneetrack.link.replay import ReplayLink
    from kneetrack.protocol import Decoder
    from kneetrack.samples import Decoded, Event

    if not log.sides:
        raise LogError(f"{log.path} holds no packets: nothing was recorded in it.")

    class Kept:
        """Keeps the events, as a sink; those of `other`, where it is that whose events count."""

        def __init__(self, other: Analyzer | None, worn_packets: int | None) -> None:
            self.events: list[dict[str, Any]] = []
            self._other = other
            self._left = -1 if worn_packets is None else worn_packets

        def packet(self) -> None:
            if self._left == 0 and self._other is not None:
                self._other.ends_here()
            self._left -= 1

        def item(self, item: Decoded) -> None:
            if self._other is not None:
                self.events += map(event_dict, self._other.feed(item))

        def event(self, event: Event) -> None:
            if self._other is None:
                self.events.append(event_dict(event))

        def end(self) -> list[dict[str, Any]]:
            rest = [] if self._other is None else self._other.flush()
            return self.events + [event_dict(event) for event in rest]

    stop = asyncio.Event()
    edits = read(log.path)
    analyzers: dict[Side, Analyzer] = {}
    kept: list[Kept] = []
    pumps: list[Any] = []
    for side in log.sides:
        info = LinkInfo(f"log:{log.path}", log.path.name, False, True)
        link = ReplayLink(info, log.path, speed, side)
        made = recorded_calibration(log, side)
        later = later_of(log.calibrations, side, f"The calibration in {log.path}")
        labels = edits.labels_of(side)
        leg = session.leg_for(link, side, edits.exercise, made, labels, later)
        analyzers[side] = leg.analyzer
        worn = log.worn_packets(side)
        other = None
        if labels or edits.exercise:
            other = session.leg_for(link, side, None, made, realignments=later).analyzer
        kept.append(Kept(other, worn))
        sinks: list[live.Sink] = [kept[-1]]
        if view is not None:
            sinks.append(view.leg(leg.title))
        if outlets:
            sinks.append(outlets[side])
        decoder = Decoder(link.feature, link.origin_us, raw=False)
        pumps.append(
            live.pump(
                link,
                decoder,
                leg.analyzer,
                sinks=sinks,
                stop=stop,
                worn_packets=worn,
                cues=_cues_again(log, leg),
            )
        )
    with ending(stop.set) if takes_keys else nullcontext(), view or nullcontext():
        await asyncio.gather(*pumps)
    return stop.is_set(), analyzers, [event for each in kept for event in each.end()]


def _cues_again(log: SessionLog, leg: Leg) -> Cues:
    """The cues of the recording's plan: decided anew, shown, and not heard."""
    from kneetrack.cue import Coach, Plan
    from kneetrack.live import Cues

    scenario = leg.link.scenario
    windows = () if scenario is None else scenario.windows
    return Cues(Coach(Plan.from_json(log.session.get("cue")), windows), lambda _: None)


def recorded_calibration(log: SessionLog, side: Side) -> CalibrationFile | None:
    """The calibration that the leg was recorded with from the beginning."""
    from kneetrack.calibration import CalibrationFile
    from kneetrack.calibration.realignment import first_of

    value = first_of(log.calibrations, side)
    if value is None:
        return None
    return CalibrationFile.from_json(value, f"The calibration in {log.path}")


def compared(log: SessionLog, events: list[dict[str, Any]]) -> tuple[int, int]:
    """How many of the recorded events came again, the same in text; and how many there were."""
    import json
    from collections import Counter

    from kneetrack.sessionlog.streams import RECORDED_EVENTS

    def text(event: dict[str, Any]) -> str:
        return json.dumps(event, sort_keys=True)

    recorded = Counter(text(e) for e in log.events if e.get("event") not in RECORDED_EVENTS)
    again = Counter(map(text, events))
    count = max(recorded.total(), again.total()) if log.torn is None else recorded.total()
    return (recorded & again).total(), count
