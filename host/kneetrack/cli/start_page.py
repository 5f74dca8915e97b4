"""`kneetrack` alone: how things stand on this computer, and what to do next.

Three lines, band, calibration and last session, each with the command that goes with it, then the
one to type now. It is read from files only; no radio is asked and no log but the newest is read,
so that it comes at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from kneetrack.samples import Side

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from kneetrack.calibration import CalibrationFile
    from kneetrack.catalogue import Session

_HEAD = 16

ABOUT = (
    "KneeTrack measures what a knee does under load: 3D knee angles from two IMUs a leg, reps, "
    "and how far the knee moves inward against your own reference reps."
)
MOST_BYTES = 10e6
"""A newest log that nobody has listed yet is read here up to this size: a second's work."""
MOST_READ = 3
"""So many of the newest, where those can't be read: one that is torn must not hide the others."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What this computer knows. `bands` are the names of real ones, `unread` is a newest log that
    was not looked at."""

    bands: tuple[str, ...] = ()
    calibrations: tuple[CalibrationFile, ...] = ()
    last: Session | None = None
    unread: Path | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One of the three, and the command that goes with it, if any."""

    about: str
    text: str
    command: str = ""


def standing() -> Standing:
    """Of this computer, now."""
    from kneetrack.calibration import CalibrationFile, people
    from kneetrack.calibration.kept import kept_in
    from kneetrack.errors import InputError

    made: list[CalibrationFile] = []
    for side in (Side.RIGHT, Side.LEFT):
        try:
            made.append(CalibrationFile.load(people.newest_path(side)))
        except InputError:
            continue  # none, or none that can be read: then one is to be made
    names = {path.name.split("_")[0] for path in kept_in("sensors").glob("*.json")}
    bands = sorted(name for name in names if not name.startswith("Simulated"))
    last, unread = _last_session()
    return Standing(tuple(bands), tuple(made), last, unread)


def _last_session() -> tuple[Session | None, Path | None]:
    """The newest of a person, or else of a simulated leg."""
    from kneetrack.catalogue import Catalogue
    from kneetrack.catalogue.folders import logs_in
    from kneetrack.catalogue.reading import read_entry

    catalogue = Catalogue.open()
    found = logs_in(catalogue.folders)
    listed = catalogue.sessions() if Catalogue.is_there() else ()
    newest = sorted(found.values(), key=lambda one: -one.mtime_ns)[:MOST_READ]
    known = {path for one in listed for path in (one.path, *one.copies)}
    sessions = [one for one in listed if str(one.path) in found]
    for one in newest:
        if one.path in known:
            break
        if one.size > MOST_BYTES:
            return None, one.path
        session = read_entry(one.path, one.mtime_ns).session
        if session.reason is None:
            sessions.append(session)
            break
    real = [one for one in sessions if not one.simulated]
    return max(real or sessions, key=_begun, default=None), None


def _begun(session: Session) -> datetime:
    return session.started or datetime.min.replace(tzinfo=UTC)


def lines_of(now: Standing, at: datetime) -> list[Line]:
    """Band, calibration, last session."""
    return [_band(now), _calibration(now, at), _last(now)]


def _band(now: Standing) -> Line:
    if now.bands:
        return Line("band", f"{', '.join(now.bands)} was used here", "kneetrack doctor")
    if now.last is not None and not now.last.simulated:
        return Line("band", "one was used here", "kneetrack scan")
    return Line(
        "band",
        "none was used here yet. Switch it on and hold its button for 3 s, until its lamp blinks "
        "fast: then this computer may pair with it",
        "kneetrack scan",
    )


def _calibration(now: Standing, at: datetime) -> Line:
    from kneetrack.calibration import people
    from kneetrack.calibration.grounds import ZERO_KEEPS

    if not now.calibrations:
        return Line(
            "calibration",
            "none yet. 40 s on the leg, after every strapping on: five slow squats",
            "kneetrack calibrate --side right",
        )
    told = "; ".join(people.described(one, at) for one in now.calibrations)
    ages = [people.age_of(one, at) for one in now.calibrations]
    if all(age is None or age > ZERO_KEEPS for age in ages):
        side = now.calibrations[0].side.word
        return Line(
            "calibration",
            f"{told}: an old one; after strapping on, make a new one",
            f"kneetrack calibrate --side {side}",
        )
    return Line("calibration", f"{told}. It holds until a strap is moved")


def _last(now: Standing) -> Line:
    if now.unread is not None:
        return Line("last session", now.unread.name, "kneetrack sessions")
    if now.last is None:
        return Line("last session", "none yet", "kneetrack record")
    from kneetrack.cli.sessions import sets_by_reps, when
    from kneetrack.report import words

    one = now.last
    told = [when(one), words.exercise(one.exercise)]
    if one.athlete:
        told.append(one.athlete)
    for leg in one.legs:
        share = "" if leg.share is None else f", {100 * leg.share:.0f} % in range"
        told.append(f"{leg.side.word} {sets_by_reps(leg)}{share}")
    if one.simulated:
        told.append("simulated")
    return Line("last session", ", ".join(told), f"kneetrack analyze {_short(one.path)}")


def next_of(lines: Sequence[Line], now: Standing) -> str:
    """The command to type now."""
    band, calibration, _ = lines
    if (
        band.command == "kneetrack scan"
        and not now.bands
        and (now.last is None or now.last.simulated)
    ):
        return band.command
    if calibration.command:
        return calibration.command
    newest = max(now.calibrations, key=lambda one: one.created_utc or "", default=None)
    athlete = None if newest is None else newest.athlete
    return f"kneetrack record --athlete {athlete}" if athlete else "kneetrack record"


def show(output: Console) -> None:
    """Print it."""
    from rich.text import Text

    now = standing()
    lines = lines_of(now, datetime.now(UTC))
    output.print(f"{ABOUT}\n")
    for line in lines:
        head = f"{line.about:{_HEAD}}"
        for part in wrap(line.text, max(20, output.width - _HEAD - 1)):
            output.print(f"{head}{part}", markup=False, soft_wrap=True)
            head = " " * _HEAD
        if line.command:  # in one piece, however long: it is to be copied
            output.print(Text(f"{head}{line.command}", style="bold"), soft_wrap=True)
    output.print()
    for about, command in (
        ("next", next_of(lines, now)),
        ("without a band", "kneetrack demo"),
        ("everything", "kneetrack --help"),
    ):
        output.print(f"{about:{_HEAD}}", Text(command, style="bold"), sep="", soft_wrap=True)


def _short(path: Path) -> str:
    """As it is typed: without what the current folder has in common with it."""
    from pathlib import Path

    try:
        told = str(path.relative_to(Path.cwd()))
    except ValueError:
        told = str(path)
    return f'"{told}"' if " " in told else told
