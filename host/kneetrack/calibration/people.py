"""Whose calibration of a leg is kept, and which one a recording of somebody should use.

    calibration_right.json       the newest of that leg, whoever's; the one that a band may hold
    calibrations/ALIAS_...json   the newest of each person and leg

A band holds one calibration. Where several people wear it in turn, each has their own here, found
by alias, and the band's own by its id. But a calibration says how the straps sat: who puts the band
on again sits it a little otherwise, so one that is older than somebody else's is used with a
warning, not in silence; of one that is merely old, the checks before a recording tell
(`maintenance.worn`). What is compared at equal flexion suffers little from it, absolute valgus
by as much as the strap is turned.

Real and simulated legs are kept apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kneetrack.calibration.kept import kept_in
from kneetrack.calibration.references import Athlete
from kneetrack.calibration.store import CalibrationFile
from kneetrack.errors import InputError
from kneetrack.samples import Side
from kneetrack.sessionlog import user_data_dir

FOLDER = "calibrations"
_ANY = "calibration"  # in place of an exercise: a calibration serves for all


@dataclass(frozen=True, slots=True)
class Choice:
    """The calibration to record with (None: nothing is known), and what is to be said of it."""

    made: CalibrationFile | None
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def newest_path(side: Side) -> Path:
    """Where the newest calibration of that leg is kept, whoever's it is."""
    return user_data_dir() / f"calibration_{side.word}.json"


def path_of(alias: str, side: Side, *, simulated: bool = False) -> Path:
    """Where that person's own is kept."""
    return kept_in(FOLDER) / Athlete(alias, side, _ANY, simulated).file_name


def keep(made: CalibrationFile, *, simulated: bool) -> Path:
    """Keep a new one, of its athlete too where it names one. Raises InputError."""
    if made.athlete is not None:
        made.save(path_of(made.athlete, made.side, simulated=simulated))
    path = newest_path(made.side)
    made.save(path)
    return path


def of_person(alias: str, side: Side, *, simulated: bool = False) -> CalibrationFile | None:
    """That person's own of that leg; None where there is none that can be read."""
    return _loaded(path_of(alias, side, simulated=simulated))


def held(calibration_id: int, side: Side) -> CalibrationFile | None:
    """The file of the calibration that a band holds, if it was made on this computer."""
    if not calibration_id:
        return None
    others = sorted(kept_in(FOLDER).glob(f"*_{side.word}_{_ANY}.json"))
    for path in (newest_path(side), *others):
        made = _loaded(path)
        if made is not None and made.calibration.calibration_id == calibration_id:
            return made if made.side is side else None
    return None


def choose(
    calibration_id: int, side: Side, alias: str | None, now: datetime | None = None
) -> Choice:
    """The calibration for a recording of `alias` with a band that holds the one of that id.

    Of somebody else's calibration the reference is left out: it is somebody else's movement.
    """
    now = now or datetime.now(UTC)
    on_band = held(calibration_id, side)
    if alias is None:
        if on_band is None:
            return Choice(None)
        return Choice(on_band, (f"The band holds {described(on_band, now)}.",))
    own = of_person(alias, side)
    anew = f"kneetrack calibrate --side {side.word} --athlete {alias}"
    if on_band is not None and on_band.athlete in (alias, None):
        return Choice(on_band, (f"The band holds {described(on_band, now)}.",))
    if own is not None:
        holds = "a calibration that was not made on this computer" if calibration_id else "none"
        if on_band is not None:
            holds = described(on_band, now)
        return Choice(
            own,
            (f"Recording with {described(own, now)}.",),
            (
                f"The band holds {holds}. It gets {alias}'s now, but a strap that was taken off "
                f"sits otherwise. Better: {anew}",
            ),
        )
    if on_band is not None:
        return Choice(
            replace(on_band, reference=None, athlete=None),
            (),
            (
                f"The band holds {described(on_band, now)}, and none of {alias}'s is kept. The "
                f"angles are off by as much as the straps sit otherwise, and {on_band.athlete}'s "
                f"reference squats are left out. Better: {anew}",
            ),
        )
    return Choice(None)


def described(made: CalibrationFile, now: datetime | None = None) -> str:
    """Whose it is, of which leg, how good and how old: "A's calibration of the right leg (...)"."""
    whose = f"{made.athlete}'s calibration" if made.athlete else "a calibration"
    old = age(made, now)
    when = f", {old} old" if old else ""
    return f"{whose} of the {made.side.word} leg (grade {made.grade}{when})"


def age(made: CalibrationFile, now: datetime | None = None) -> str:
    """How old it is, in words; empty where that can't be told."""
    passed = age_of(made, now or datetime.now(UTC))
    return "" if passed is None else in_words(passed)


def in_words(passed: timedelta) -> str:
    """A time that has passed: minutes, hours or days."""
    minutes = int(passed.total_seconds() // 60)
    if minutes < 90:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def age_of(made: CalibrationFile, now: datetime) -> timedelta | None:
    """How old it is; None where it does not say when it was made."""
    try:
        created = datetime.fromisoformat(made.created_utc or "")
    except ValueError:
        return None
    if created.tzinfo is None:
        created = created.replace(tzinfo=UTC)
    return max(timedelta(0), now - created)


def _loaded(path: Path) -> CalibrationFile | None:
    try:
        return CalibrationFile.load(path)
    except InputError:
        return None
