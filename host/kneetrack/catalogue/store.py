"""The catalogue's SQLite file: opening it, writing it alone, and starting over where it is damaged.

Nothing in it is the only copy of anything. So a file that is no database, has a damaged page, or
was made by another version is not mended: an empty one takes its place, and `told` says why.

Any number of processes may use it. SQLite's own lock keeps single changes whole, but not a file
that takes another's place: the journal of one who still writes the old one would be taken for the
new one's. So whoever writes or replaces it holds `catalogue.lock` meanwhile, an empty database of
which SQLite's lock is used. Readers only ever see whole changes.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Generator, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from kneetrack.errors import InputError

NAME = "catalogue.sqlite"
LOCK_NAME = "catalogue.lock"
_SCHEMA = files("kneetrack.catalogue").joinpath("schema.sql").read_text("utf-8")
FORMAT = zlib.crc32(_SCHEMA.encode()) >> 1
"""Of schema.sql. A file of another one is another version's."""
APPLICATION = 0x4B4E4545  # "KNEE"
_WAIT_S = 60.0
_OURS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
    }
)
"""Primary codes of errors that a fresh file would meet just the same."""

Result = TypeVar("Result")
Row: TypeAlias = tuple[Any, ...]


class Store:
    """The open file. Raises InputError where it can't be made, read or written."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.told: list[str] = []
        """What a user should know: sentences, each once."""
        self._lock_path = folder / LOCK_NAME
        self._database = self._opened()

    def close(self) -> None:
        self._database.close()

    def all(self, statement: str, values: Iterable[Any] = ()) -> list[Row]:
        """The rows that a SELECT gives; of an empty catalogue where the file was damaged."""
        given = tuple(values)
        return self._surely(lambda: self._database.execute(statement, given).fetchall())

    def write(self, change: Callable[[sqlite3.Connection], Result]) -> Result:
        """All that `change` does, or nothing of it, and nobody else meanwhile."""

        def changed() -> Result:
            with self._alone():
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    result = change(self._database)
                except BaseException:
                    if self._database.in_transaction:
                        self._database.execute("ROLLBACK")
                    raise
                self._database.execute("COMMIT")
                return result

        return self._surely(changed)

    def empty(self) -> None:
        """Forget everything."""

        def emptied(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM sessions")

        self.write(emptied)

    def _surely(self, work: Callable[[], Result]) -> Result:
        """`work`, once more with a fresh file where this one turns out to be damaged."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            self._refuse_ours(error)
        self._database.close()
        self._replace("damaged")
        self._database = self._connected()
        try:
            return work()
        except sqlite3.DatabaseError as error:
            raise self._refusal(error) from error

    def _opened(self) -> sqlite3.Connection:
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise InputError(
                f"The catalogue {self.path} can't be opened: {error.strerror}. Make room or allow "
                "it; the sessions themselves are in their logs."
            ) from error
        why = self._why_not()
        if why is not None:
            self._replace(why)
        return self._connected()

    def _connected(self) -> sqlite3.Connection:
        database = self._plain()
        try:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
            # A crash of the computer may cost the last sessions read, not the file.
            database.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.DatabaseError as error:
            database.close()
            raise self._refusal(error) from error
        return database

    def _plain(self) -> sqlite3.Connection:
        try:
            return sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None)
        except sqlite3.DatabaseError as error:
            raise self._refusal(error) from error

    def _why_not(self) -> str | None:
        """What is wrong with the file that stands there: new, damaged, another; None: nothing."""
        with contextlib.closing(self._plain()) as database:
            try:
                (made_by,) = database.execute("PRAGMA application_id").fetchone()
                (version,) = database.execute("PRAGMA user_version").fetchone()
                (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.DatabaseError as error:
                self._refuse_ours(error)
                return "damaged"
        if (made_by, version) == (APPLICATION, FORMAT) and tables:
            return None
        if not tables and not version:
            return "new"
        return "another version's" if made_by == APPLICATION else "damaged"

    def _replace(self, why: str) -> None:
        """An empty catalogue in the place of the one that stands there, unless another did it."""
        with self._alone():
            if not self._is_damaged():
                return
            part = self.path.with_name(f".{NAME}.{os.getpid()}")
            part.unlink(missing_ok=True)
            try:
                os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
                with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as fresh:
                    fresh.executescript(_SCHEMA)
                    fresh.execute(f"PRAGMA application_id = {APPLICATION}")
                    fresh.execute(f"PRAGMA user_version = {FORMAT}")
                self.path.with_name(f"{NAME}-journal").unlink(missing_ok=True)
                part.replace(self.path)
            except sqlite3.DatabaseError as error:
                raise self._refusal(error) from error
            except OSError as error:
                raise InputError(
                    f"The catalogue {self.path} can't be made: {error.strerror}. Make room or "
                    "allow it; the sessions themselves are in their logs."
                ) from error
            finally:
                part.unlink(missing_ok=True)
        if why != "new":
            self.told.append(
                f"The catalogue was {why}; it is made anew from the logs, which are untouched."
            )

    def _is_damaged(self) -> bool:
        if self._why_not() is not None:
            return True
        with contextlib.closing(self._plain()) as database:
            try:
                found = database.execute("PRAGMA quick_check(1)").fetchone()
                expected = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
            except sqlite3.DatabaseError as error:
                self._refuse_ours(error)
                return True
        tables = {"sessions", "legs", "sets", "reps", "figures"}
        return found != ("ok",) or not tables <= expected

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        """Nobody else writes or replaces the catalogue meanwhile."""
        try:
            os.close(os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise InputError(
                f"{self._lock_path} can't be opened: {error.strerror}. Make room or allow it."
            ) from error
        lock = sqlite3.connect(self._lock_path, timeout=_WAIT_S, isolation_level=None)
        with contextlib.closing(lock):
            try:
                if self._lock_path.stat().st_size == 0:  # whose it is, for those who find it
                    lock.execute(f"PRAGMA application_id = {APPLICATION}")
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.DatabaseError as error:
                raise InputError(
                    f"{self._lock_path} can't be locked ({error}): another kneetrack is busy with "
                    "the catalogue. Try again, or delete that file if none is running."
                ) from error
            yield

    def _refuse_ours(self, error: sqlite3.DatabaseError) -> None:
        """Raise InputError where a fresh file would not help."""
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _OURS:
            raise self._refusal(error) from error

    def _refusal(self, error: sqlite3.DatabaseError) -> InputError:
        return InputError(
            f"The catalogue {self.path} can't be used: {error}. Make room or allow it, or delete "
            "it: it is made anew from the logs."
        )
