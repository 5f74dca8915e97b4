"""The journal beside a recording: `session.mcap` has `session.mcap.edits.jsonl`.

It is only ever appended to, a line a change, each with its time (UTC); taking a change back is a
line as well, so that nothing that was said is lost. Readable for its owner only. Log and journal
are moved together, as the two files they are; nothing in the journal names a path.

A line is one `write` to a file opened for appending, and writers wait for each other (flock, where
there is one): two of them at once do not mix. What was cut off in the midst of a line (the power
went) costs that line; the next one begins on its own. Lines that can't be read, also those of a
later version, are passed over and counted.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from kneetrack.edits.change import Change, Edits, from_json, to_json, together
from kneetrack.errors import InputError

SUFFIX = ".edits.jsonl"
KIND = "kneetrack-edit"
FORMAT = 1
UNDO = "undo"
MARK = f'{{"kind": "{KIND}"'.encode()
"""The first bytes of a journal."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change as it was made; `undone` by a later line."""

    utc: str
    change: Change
    undone: bool = False


def journal_of(log: Path) -> Path:
    """Where the changes to that recording are kept (a link's beside what it points to)."""
    whole = log.resolve()
    return whole.with_name(whole.name + SUFFIX)


def log_of(journal: Path) -> Path:
    """The recording whose changes are kept in that journal."""
    return journal.with_name(journal.name.removesuffix(SUFFIX))


def read(log: Path) -> Edits:
    """What stands of all changes to that recording; empty where there are none.

    Raises InputError where the journal is there but can't be read.
    """
    entries, unread = _entries(_bytes(journal_of(log)))
    return together((one.change for one in entries if not one.undone), unread)


def history(log: Path) -> tuple[Entry, ...]:
    """Every change in the order in which they were made. Raises as `read`."""
    return tuple(_entries(_bytes(journal_of(log)))[0])


def append(log: Path, change: Change) -> None:
    """Add a change. Raises InputError where there is no such recording or it can't be written."""
    _check(log)
    with _open(journal_of(log)) as descriptor:
        _write(descriptor, to_json(change))


def undo(log: Path) -> Change:
    """Take the latest change back that still stands, and give it. InputError where none does."""
    _check(log)
    path = journal_of(log)
    if path.exists():
        with _open(path) as descriptor:
            entries, _ = _entries(_bytes(path))
            standing = [one.change for one in entries if not one.undone]
            if standing:
                _write(descriptor, {"change": UNDO})
                return standing[-1]
    raise InputError(f"Nothing was changed in {log} that could be taken back.")


def _check(log: Path) -> None:
    if not log.is_file():
        raise InputError(f"{log} does not exist. Check the name, or record first.")


def _entries(data: bytes) -> tuple[list[Entry], int]:
    """The changes in a journal, and how many of its lines can't be read."""
    entries: list[Entry] = []
    unread = 0
    for line in data.splitlines():
        if not line.strip():
            continue
        try:
            utc, change = _line(line)
        except ValueError:
            unread += 1
            continue
        if change is not None:
            entries.append(Entry(utc, change))
            continue
        at = next((k for k in reversed(range(len(entries))) if not entries[k].undone), None)
        if at is not None:
            entries[at] = Entry(entries[at].utc, entries[at].change, undone=True)
    return entries, unread


def _line(line: bytes) -> tuple[str, Change | None]:
    """When, and what; None: the latest change is taken back. ValueError for no line of ours."""
    try:
        value: object = json.loads(line)
    except RecursionError:
        raise ValueError("nested without end") from None
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    items = cast("dict[str, Any]", value)
    if items.get("kind") != KIND or items.get("format") != FORMAT:
        raise ValueError("not a change, or of another version")
    utc = str(items.get("utc", ""))
    return utc, None if items.get("change") == UNDO else from_json(items)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror or error}.") from error


@contextlib.contextmanager
def _open(path: Path) -> Generator[int]:
    """The journal, for appending, while no one else does."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags, 0o600)
        try:
            _lock(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(
            f"{path} can't be written: {error.strerror or error}. What is said of a recording is "
            "kept beside it; make room, or move the recording where you may write."
        ) from error


def _write(descriptor: int, items: dict[str, Any]) -> None:
    """One line, on the disk when this returns."""
    utc = datetime.now(UTC).isoformat(timespec="seconds")
    whole = {"kind": KIND, "format": FORMAT, "utc": utc, **items}
    text = json.dumps(whole, ensure_ascii=False, allow_nan=False) + "\n"
    end = os.lseek(descriptor, 0, os.SEEK_END)
    if end and os.lseek(descriptor, end - 1, os.SEEK_SET) >= 0 and os.read(descriptor, 1) != b"\n":
        text = "\n" + text  # the last line was cut off
    data = text.encode()
    if os.write(descriptor, data) < len(data):
        raise OSError("the disk is full")
    os.fsync(descriptor)


def _lock(descriptor: int) -> None:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except (ImportError, OSError):
        return  # a single write to a file opened for appending does not mix with another
