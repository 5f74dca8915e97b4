"""The catalogue: brought up to date with the logs, and asked.

    catalogue = Catalogue.open()
    brought = catalogue.bring_up_to_date()
    for session in catalogue.sessions(Wanted(athlete="A")): ...

A log is read again where it, or the journal of edits beside it, has another size or time than when
it was read, or where the analysis is another one. Each is written as soon as it is read: what was
done before Ctrl-C need not be done again, and two processes that read the same log write the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from kneetrack.catalogue.entry import (
    Figure,
    Leg,
    LegReps,
    Session,
    SetEntry,
    Wanted,
    rep_of,
)
from kneetrack.catalogue.folders import Found, added_folders, logs_in
from kneetrack.catalogue.reading import Entry, analysis_mark, read_entry
from kneetrack.catalogue.store import Row, Store
from kneetrack.samples import RepSet, Side, Verdict
from kneetrack.sessionlog.writer import sessions_dir, user_data_dir

Result = TypeVar("Result")
Told = Callable[[int, int, Path], None]
"""Of how many logs to read so many are, and which is next."""

_LOOKS = "size, mtime_ns, edits_size, edits_mtime_ns, analysis"
_SESSION = (
    "path, started_utc, dated_by, athlete, exercise, load_kg, rpe, note, selftest, tags, pain,"
    " simulated, versions, warnings, reason, identity"
)
_LEG = "id, session, side, exercise, grade, calibration_id, reps, judged, in_range, streak"


@dataclass(frozen=True, slots=True)
class Brought:
    """What bringing it up to date came to, in logs."""

    read: int
    gone: int
    away: tuple[Path, ...]
    """Folders that are not there at the moment: their sessions are listed as they were."""


class Catalogue:
    """The user's sessions. Raises InputError where its file can't be used."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._store = Store(data)

    @classmethod
    def open(cls, data: Path | None = None) -> Catalogue:
        """The catalogue in the user's data folder, or in `data`."""
        return cls(user_data_dir() if data is None else data)

    def close(self) -> None:
        self._store.close()

    @property
    def told(self) -> tuple[str, ...]:
        """What the user should know of the catalogue itself, as sentences."""
        return tuple(self._store.told)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where logs are looked for."""
        own = self._data / "sessions"
        return (own if own.is_dir() else sessions_dir(), *added_folders(self._data))

    # --- bringing it up to date ------------------------------------------------------------------

    def rebuild(self) -> None:
        """Forget everything; the next `bring_up_to_date` reads every log."""
        self._store.empty()

    def bring_up_to_date(self, told: Told = lambda done, of, path: None) -> Brought:
        """Read what is new or changed, and leave out what is gone."""
        folders = self.folders
        away = tuple(folder for folder in folders if not folder.is_dir())
        found = logs_in(folders)
        rows = self._store.all(f"SELECT path, reason, ctime_ns, {_LOOKS} FROM sessions")
        known = {row[0]: row[1:] for row in rows}
        gone = [path for path in known if path not in found and not _below(path, away)]
        if gone:
            self._store.write(lambda database: _leave_out(database, gone))
        mark = analysis_mark()
        stale = [one for path, one in found.items() if not _same(known.get(path), one, mark)]
        for done, one in enumerate(stale):
            told(done, len(stale), one.path)
            entry = read_entry(one.path, one.mtime_ns)
            self._store.write(lambda database, e=entry, o=one: _put(database, e, o, mark))
        return Brought(len(stale), len(gone), away)

    def forget(self, athlete: str) -> None:
        """Leave out that person's sessions, leaving nothing of them in the file."""
        self._store.write(
            lambda database: database.execute("DELETE FROM sessions WHERE athlete = ?", (athlete,))
        )

    # --- asking ----------------------------------------------------------------------------------

    def sessions(
        self, wanted: Wanted | None = None, figures: Sequence[str] = ()
    ) -> tuple[Session, ...]:
        """The readable sessions, the oldest first, each with its legs and these figures of them.

        A recording that lies in several places is listed once: as the most complete of them.
        """
        return self._surely(lambda: self._sessions(wanted or Wanted(), figures))

    def _sessions(self, wanted: Wanted, figures: Sequence[str]) -> tuple[Session, ...]:
        statement = f"SELECT id, {_SESSION} FROM sessions WHERE reason IS NULL"
        rows = {row[0]: row[1:] for row in self._store.all(statement)}
        legs = self._legs(figures)
        every = (_session(row, tuple(legs.get(key, ()))) for key, row in rows.items())
        return tuple(sorted(filter(wanted.takes, _once(every)), key=_when))

    def refused(self) -> tuple[Session, ...]:
        """The logs that could not be read, by path; `reason` says why."""
        statement = f"SELECT {_SESSION} FROM sessions WHERE reason IS NOT NULL ORDER BY path"
        return self._surely(lambda: tuple(_session(row, ()) for row in self._store.all(statement)))

    def reps(self, session: Session) -> tuple[LegReps, ...]:
        """The repetitions of a session that was listed, right leg first."""
        return self._surely(lambda: self._reps(session))

    def _reps(self, session: Session) -> tuple[LegReps, ...]:
        path = (str(session.path),)
        legs = self._store.all(
            "SELECT legs.id, side, reference FROM legs JOIN sessions ON sessions.id = session "
            "WHERE path = ? ORDER BY side DESC",
            path,
        )
        found: list[LegReps] = []
        for leg, side, reference in legs:
            rows = self._store.all("SELECT rep FROM reps WHERE leg = ? ORDER BY number", (leg,))
            reps = tuple(rep_of(json.loads(text)) for (text,) in rows)
            found.append(LegReps(Side(side), reps, reference and json.loads(reference)))
        return tuple(found)

    def _surely(self, question: Callable[[], Result]) -> Result:
        """The answer, from logs read again where the file turns out to be damaged meanwhile."""
        before = len(self._store.told)
        answer = question()
        if len(self._store.told) == before:
            return answer
        self.bring_up_to_date()
        return question()

    def _legs(self, figures: Sequence[str]) -> dict[int, list[Leg]]:
        """All legs by their session's key, the right one first."""
        marks = ", ".join("?" * len(figures))
        named: dict[int, dict[str, Figure]] = {}
        for leg, *figure in self._store.all(
            f"SELECT leg, name, reps, median, low, high, sd FROM figures WHERE name IN ({marks})",
            figures,
        ):
            one = Figure(*figure)
            named.setdefault(leg, {})[one.name] = one
        sets: dict[int, list[SetEntry]] = {}
        for row in self._store.all(
            "SELECT leg, number, start_s, end_s, shift_deg, shift_sigma_deg, verdict, reps "
            "FROM sets ORDER BY leg, number"
        ):
            sets.setdefault(row[0], []).append(_set(row[1:]))
        found: dict[int, list[Leg]] = {}
        for key, session, *row in self._store.all(
            f"SELECT {_LEG} FROM legs ORDER BY session, side DESC"
        ):
            leg = _leg(tuple(row), tuple(sets.get(key, ())), named.get(key, {}))
            found.setdefault(session, []).append(leg)
        return found


# --- rows ----------------------------------------------------------------------------------------


def _same(known: Row | None, found: Found, mark: str) -> bool:
    """Whether the log would be read as it was; a refused one is tried again once it is allowed."""
    if known is None:
        return False
    reason, ctime_ns, *looked = known
    looks = [found.size, found.mtime_ns, found.edits_size, found.edits_mtime_ns, mark]
    return looked == looks and (reason is None or ctime_ns == found.ctime_ns)


def _leave_out(database: sqlite3.Connection, paths: Iterable[str]) -> None:
    database.executemany("DELETE FROM sessions WHERE path = ?", [(path,) for path in paths])


def _put(database: sqlite3.Connection, entry: Entry, found: Found, mark: str) -> None:
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
                "reference": reference,
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
        database.executemany(
            "INSERT INTO reps VALUES (?, ?, ?)",
            [
                (key, number, json.dumps(rep_json(rep), separators=(",", ":")))
                for number, rep in enumerate(kept.reps)
            ],
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


def _session(row: Row, legs: tuple[Leg, ...]) -> Session:
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


def _leg(row: Row, sets: tuple[SetEntry, ...], figures: Mapping[str, Figure]) -> Leg:
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


def _set(row: Row) -> SetEntry:
    number, start_s, end_s, shift_deg, shift_sigma_deg, verdict, reps = row
    judged = None if verdict is None else Verdict(verdict)
    return SetEntry(RepSet(number, start_s, end_s, shift_deg, shift_sigma_deg, judged), reps)


def _once(sessions: Iterable[Session]) -> list[Session]:
    """Each recording once: of several copies the one with the most repetitions, then by path."""
    best: dict[str, Session] = {}
    for one in sorted(sessions, key=lambda each: str(each.path)):
        key = one.identity or str(one.path)
        before = best.get(key)
        if before is None or _reps(one) > _reps(before):
            best[key] = one
    return list(best.values())


def _when(session: Session) -> datetime:
    return session.started or datetime.min.replace(tzinfo=UTC)


def _reps(session: Session) -> int:
    return sum(leg.reps for leg in session.legs)


def _below(path: str, folders: Sequence[Path]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)
