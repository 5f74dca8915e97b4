"""Recorded sessions for the live page: a log as its timeline, and what is said of it there.

`load_apart` folds a log in a process of its own that gives way to all others (nice 19): a recording
beside it loses nothing, not even where a huge log takes all the memory, and whoever looks at
something else meanwhile, or ends the program, ends that process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kneetrack import faults
from kneetrack.analysis.trace import alignment_of
from kneetrack.calibration.realignment import later_of
from kneetrack.catalogue.persons import default_measure
from kneetrack.cli import link_line
from kneetrack.cli.replay import fold, recorded_calibration
from kneetrack.dashboard import entries
from kneetrack.dashboard.feed import About, Phrases
from kneetrack.dashboard.timeline import Gathering, Timeline
from kneetrack.detection.movements import movement_of
from kneetrack.edits import Set, append, fields, journal_of, read
from kneetrack.edits.words import facts
from kneetrack.errors import KneeTrackError, LogError, UsageError
from kneetrack.report import words
from kneetrack.samples import Channel, Quaternion, Side
from kneetrack.sessionlog import SessionLog, read_log
from kneetrack.sessionlog.markers import markers_in
from kneetrack.sessionlog.said import SETS

_SAID = ("load_kg", "rpe", "note")
_TOLD = ("athlete", *_SAID)
_READ = {
    entries.LOAD: ("load_kg", fields.load_kg),
    entries.EFFORT: ("rpe", fields.rpe),
    entries.NOTE: ("note", fields.text),
}


def load_timeline(path: Path) -> Timeline:
    """A log, folded as `kneetrack replay` does. Raises what reading it raises."""
    log = read_log(path)
    edits = read(log.path)
    exercise = str(edits.over(log.session).get("exercise") or "unknown")
    about = [
        About(
            f"{side.word.capitalize()} leg, {words.exercise(exercise)}",
            side,
            _leaning(log, side),
            default_measure(exercise),
            movement_of(exercise).one,
        )
        for side in log.sides
    ]
    view = Gathering(_title(log), about, phrases(), _begun_s(log))
    asyncio.run(fold(log, view, 0.0, takes_keys=False))
    for side, leg in zip(log.sides, view.gathered, strict=True):
        for marker in markers_in(log.events):
            if marker.side is side:
                leg.marker(marker.number, marker.time_s)
        for row in log.session.get(SETS, ()):
            if row["side"] == side.word:
                leg.said(row["set"], said_words(row))
    timeline = view.timeline()
    timeline.path = path
    return timeline


async def load_apart(path: Path) -> Timeline:
    """The same in a process of its own, which ends when this is cancelled."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, str(path)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        told, _ = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    if process.returncode == KneeTrackError.exit_code and told:
        raise LogError(told.decode())
    if process.returncode:
        raise LogError(
            f"{path.name} could not be read for the page (it ended with {process.returncode}). See "
            f"what is in it with: kneetrack analyze {path}"
        )
    timeline = await asyncio.to_thread(Timeline.from_text, told.decode())
    timeline.path = path
    return timeline


def look(path: Path) -> object:
    """What tells whether a log, or what was said of it, is another than before."""
    found: list[object] = []
    for file in (path, journal_of(path)):
        with contextlib.suppress(OSError):
            stat = file.stat()
            found.append((stat.st_mtime_ns, stat.st_size))
    return found


def edited(path: Path, what: str, text: str) -> tuple[str, str]:
    """Say something of a recorded session, as `kneetrack edit` does; see `entries.Entries`."""
    if what not in _READ:
        raise UsageError("A recorded session takes a load, an effort or a note, and no markers.")
    name, checked = _READ[what]
    change = {name: checked(text)}
    append(path, Set(change))
    told = f"✓ session: {facts(change)[0]}. Taken back by: kneetrack edit {path.name} --undo"
    return told, _title(read_log(path))


def said_words(row: Mapping[str, Any]) -> dict[str, str]:
    """What was said of a set, in words, by what it is."""
    return {name: facts({name: row[name]})[0] for name in _SAID if name in row}


def session_words(session: Mapping[str, Any]) -> list[str]:
    """Whose session it is and what is known of it as a whole."""
    return facts({key: session[key] for key in _TOLD if session.get(key) is not None})


def phrases() -> Phrases:
    """The terminal's own words for a link and for a band's sensors."""
    return Phrases(lambda news: link_line.line(news, 0.0, 200).plain, faults.texts)


def _title(log: SessionLog) -> str:
    return " · ".join([log.path.name, *session_words(read(log.path).over(log.session))])


def _leaning(log: SessionLog, side: Side) -> Any:
    """The shank's alignment by device time."""
    first = alignment_of(recorded_calibration(log, side))
    later = later_of(log.calibrations, side, f"The calibration in {log.path}")

    def at(time_s: float) -> Quaternion | None:
        held = [one for one in later if one.from_s <= time_s]
        return held[-1].calibration.q_shank_sensor if held else first and first[1]

    return at


def _begun_s(log: SessionLog) -> list[float]:
    """When each leg's first measurement came."""
    begun: dict[Side, float] = {}
    for side, packet in log:
        if packet.channel is Channel.MEASUREMENT:
            begun.setdefault(side, packet.received_at_s)
            if len(begun) == len(log.sides):
                return [begun[side] for side in log.sides]
    return []


def _main(arguments: Iterable[str]) -> int:
    """The process of its own: the timeline as text, or the sentence why there is none."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(19)
    (path,) = arguments
    code = 0
    try:
        told = load_timeline(Path(path)).to_text()
    except KneeTrackError as error:
        told, code = str(error), KneeTrackError.exit_code
    sys.stdout.buffer.write(told.encode())
    return code


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
