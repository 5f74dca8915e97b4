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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from kneetrack.catalogue.copies import OnDisk, once
from kneetrack.catalogue.entry import (
    Figure,
    Leg,
    LegReps,
    Session,
    SetEntry,
    Wanted,
)
from kneetrack.catalogue.folders import Found, added_folders, logs_in
from kneetrack.catalogue.reading import analysis_mark, read_entry
from kneetrack.catalogue.rows import (
    LEG,
    SESSION,
    SET,
    leave_out,
    leg_of,
    put,
    reps_of,
    session_of,
    set_of,
)
from kneetrack.catalogue.store import NAME, Row, Store
from kneetrack.samples import Side
from kneetrack.sessionlog.writer import sessions_dir, user_data_dir

Result = TypeVar("Result")
Told = Callable[[int, int, Path], None]
"""Of how many logs to read so many are, and which is next."""

_LOOKS = "size, mtime_ns, edits_size, edits_mtime_ns, analysis"


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
    def is_there(cls) -> bool:
        """Whether there is a catalogue in the user's data folder."""
        return (user_data_dir() / NAME).is_file()

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
            self._store.write(lambda database: leave_out(database, gone))
        mark = analysis_mark()
        stale = [one for path, one in found.items() if not _same(known.get(path), one, mark)]
        for done, one in enumerate(stale):
            told(done, len(stale), one.path)
            entry = read_entry(one.path, one.mtime_ns)
            self._store.write(lambda database, e=entry, o=one: put(database, e, o, mark))
        return Brought(len(stale), len(gone), away)

    def forget(self, athlete: str, paths: Iterable[Path] = ()) -> None:
        """Leave out that person's sessions and these logs, leaving nothing of them in the file."""
        gone = [str(path) for path in paths]
        rows = self._store.all("SELECT path FROM sessions WHERE athlete = ?", (athlete,))
        self._store.write(lambda database: leave_out(database, [*gone, *(row[0] for row in rows)]))

    # --- asking ----------------------------------------------------------------------------------

    def sessions(
        self, wanted: Wanted | None = None, figures: Sequence[str] = ()
    ) -> tuple[Session, ...]:
        """The readable sessions, the oldest first, each with its legs and these figures of them.

        A recording that lies in several places is listed once, by the rule of
        `catalogue.copies`; its `copies` are the other places.
        """
        return self._surely(lambda: self._sessions(wanted or Wanted(), figures))

    def _sessions(self, wanted: Wanted, figures: Sequence[str]) -> tuple[Session, ...]:
        looks: dict[Path, OnDisk] = {}
        rows: dict[int, Row] = {}
        for key, mtime_ns, ctime_ns, edits_size, *row in self._store.all(
            "SELECT id, mtime_ns, ctime_ns, edits_size, "
            f"{SESSION} FROM sessions WHERE reason IS NULL"
        ):
            rows[key] = tuple(row)
            looks[Path(row[0])] = OnDisk(mtime_ns, ctime_ns, edits_size)
        legs = self._legs(figures)
        every = (session_of(row, tuple(legs.get(key, ()))) for key, row in rows.items())
        listed = once(every, looks, self.folders[0])
        return tuple(sorted(filter(wanted.takes, listed), key=_when))

    def refused(self) -> tuple[Session, ...]:
        """The logs that could not be read, by path; `reason` says why."""
        statement = f"SELECT {SESSION} FROM sessions WHERE reason IS NOT NULL ORDER BY path"
        return self._surely(
            lambda: tuple(session_of(row, ()) for row in self._store.all(statement))
        )

    def reps(self, session: Session) -> tuple[LegReps, ...]:
        """The repetitions of a session that was listed, right leg first."""
        return self._surely(lambda: self._reps(session))

    def _reps(self, session: Session) -> tuple[LegReps, ...]:
        rows = self._store.all(
            "SELECT side, reference, reps.reps FROM reps JOIN legs ON legs.id = leg "
            "JOIN sessions ON sessions.id = session WHERE path = ? ORDER BY side DESC",
            (str(session.path),),
        )
        return tuple(
            LegReps(Side(side), reps_of(reps), reference and json.loads(reference))
            for side, reference, reps in rows
        )

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
        for row in self._store.all(f"SELECT leg, {SET} FROM sets ORDER BY leg, number"):
            sets.setdefault(row[0], []).append(set_of(row[1:]))
        found: dict[int, list[Leg]] = {}
        for key, session, *row in self._store.all(
            f"SELECT id, session, {LEG} FROM legs ORDER BY session, side DESC"
        ):
            leg = leg_of(tuple(row), tuple(sets.get(key, ())), named.get(key, {}))
            found.setdefault(session, []).append(leg)
        return found


def _same(known: Row | None, found: Found, mark: str) -> bool:
    """Whether the log would be read as it was; a refused one is tried again once it is allowed."""
    if known is None:
        return False
    reason, ctime_ns, *looked = known
    looks = [found.size, found.mtime_ns, found.edits_size, found.edits_mtime_ns, mark]
    return looked == looks and (reason is None or ctime_ns == found.ctime_ns)


def _when(session: Session) -> datetime:
    return session.started or datetime.min.replace(tzinfo=UTC)


def _below(path: str, folders: Sequence[Path]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)
