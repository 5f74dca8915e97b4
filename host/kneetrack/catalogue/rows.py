"""An entry as rows of the tables of schema.sql, and rows as values again."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from kneetrack.catalogue.entry import Figure, Leg, Session, SetEntry, rep_of
from kneetrack.catalogue.folders import Found
from kneetrack.catalogue.reading import Entry
from kneetrack.catalogue.store import Row
from kneetrack.samples import Rep, RepSet, Side, Verdict

SESSION = (
    "path, started_utc, dated_by, athlete, exercise, load_kg, rpe, note, selftest, tags, pain,"
    " simulated, versions, warnings, reason, identity"
)
"""What `session_of` takes."""
LEG = "side, exercise, grade, calibration_id, reps, judged, in_range, streak"
"""What `leg_of` takes."""
SET = "number, start_s, end_s, shift_deg, shift_sigma_deg, verdict, reps"
"""What `set_of` takes."""


def leave_out(database: sqlite3.Connection, paths: Iterable[str]) -> None:
    """Forget these logs."""
    database.executemany("DELETE FROM sessions WHERE path = ?", [(path,) for path in paths])


def put(database: sqlite3.Connection, entry: Entry, found: Found, mark: str) -> None:
    """The entry in the place of what was known of that log."""
    from kneetrack.detection.events import rep_json

    one = entry.session
    database.execute("DELETE FROM sessions WHERE path = ?", (str(found.path),))
    values: dict[str, Any] = {
        "path": str(found.path),
        "size": found.size,
        "mtime_ns": found.mtime_ns,
        "ctime_ns": found.ctime_ns,
        "edits_size": found.edits_size,
        "edits_mtime_ns": found.edits_mtime_ns,
        "analysis": mark,
        "reason": one.reason,
        "identity": one.identity,
        "started_utc": None if one.started is None else one.started.isoformat(),
        "dated_by": one.dated_by,
        "athlete": one.athlete,
        "exercise": one.exercise,
        "load_kg": one.load_kg,
        "rpe": one.rpe,
        "note": one.note,
        "selftest": one.selftest,
        "tags": json.dumps(dict(one.tags), ensure_ascii=False),
        "pain": int(one.pain),
        "simulated": int(one.simulated),
        "versions": json.dumps(dict(one.versions), ensure_ascii=False),
        "warnings": json.dumps(one.warnings, ensure_ascii=False),
    }
    session = _insert(database, "sessions", values)
    for leg, kept in zip(one.legs, entry.reps, strict=True):
        reference = None if kept.reference is None else json.dumps(kept.reference)
        key = _insert(
            database,
            "legs",
            {
                "session": session,
                "side": int(leg.side),
                "exercise": leg.exercise,
                "grade": leg.grade,
                "calibration_id": leg.calibration_id,
                "reps": leg.reps,
                "judged": leg.judged,
                "in_range": leg.in_range,
                "streak": leg.streak,
            },
        )
        database.executemany(
            "INSERT INTO sets VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (key, of.index, each.reps, of.start_s, of.end_s, of.shift_deg, of.shift_sigma_deg,
                 of.verdict)
                for each in leg.sets
                for of in (each.set,)
            ],
        )  # fmt: skip
        reps = json.dumps([rep_json(rep) for rep in kept.reps], separators=(",", ":"))
        database.execute(
            "INSERT INTO reps VALUES (?, ?, ?)", (key, reference, zlib.compress(reps.encode()))
        )
        database.executemany(
            "INSERT INTO figures VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (key, each.name, each.reps, each.median, each.low, each.high, each.sd)
                for each in leg.figures.values()
            ],
        )


def _insert(database: sqlite3.Connection, table: str, values: dict[str, Any]) -> int:
    """One row more; its key."""
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    done = database.execute(
        f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())
    )
    return int(done.lastrowid or 0)


def session_of(row: Row, legs: tuple[Leg, ...]) -> Session:
    """The session of a row of SESSION."""
    (path, started, dated_by, athlete, exercise, load_kg, rpe, note, selftest, tags, pain,
     simulated, versions, warnings, reason, identity) = row  # fmt: skip
    return Session(
        path=Path(path),
        started=None if started is None else datetime.fromisoformat(started),
        dated_by=dated_by,
        athlete=athlete,
        exercise=exercise,
        load_kg=load_kg,
        rpe=rpe,
        note=note,
        selftest=selftest,
        tags=json.loads(tags),
        pain=bool(pain),
        simulated=bool(simulated),
        versions=json.loads(versions),
        warnings=tuple(json.loads(warnings)),
        legs=legs,
        reason=reason,
        identity=identity,
    )


def leg_of(row: Row, sets: tuple[SetEntry, ...], figures: Mapping[str, Figure]) -> Leg:
    """The leg of a row of LEG."""
    side, exercise, grade, calibration_id, reps, judged, in_range, streak = row
    return Leg(
        side=Side(side),
        exercise=exercise,
        grade=grade,
        calibration_id=calibration_id,
        reps=reps,
        judged=judged,
        in_range=in_range,
        streak=streak,
        sets=sets,
        figures=figures,
    )


def reps_of(reps: bytes) -> tuple[Rep, ...]:
    """The repetitions of a row of `reps`. ValueError where it is damaged."""
    try:
        return tuple(rep_of(value) for value in json.loads(zlib.decompress(reps)))
    except (zlib.error, TypeError, KeyError) as error:
        raise ValueError(str(error)) from error


def set_of(row: Row) -> SetEntry:
    """The set of a row of SET."""
    number, start_s, end_s, shift_deg, shift_sigma_deg, verdict, reps = row
    judged = None if verdict is None else Verdict(verdict)
    return SetEntry(RepSet(number, start_s, end_s, shift_deg, shift_sigma_deg, judged), reps)
