"""Where logs are looked for: the user's own folder, and those that were added.

The added ones stand in `folders.json` beside the catalogue, not in it: they can't be derived from
anything.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from kneetrack.edits import SUFFIX, journal_of
from kneetrack.errors import InputError
from kneetrack.whole_file import whole_file

NAME = "folders.json"
KIND = "kneetrack-folders"
LOG_SUFFIX = ".mcap"


@dataclass(frozen=True, slots=True)
class Found:
    """A log's file as it stands on the disk, and the journal of edits beside it (0: none)."""

    path: Path
    size: int
    mtime_ns: int
    ctime_ns: int
    edits_size: int
    edits_mtime_ns: int


def added_folders(data: Path) -> tuple[Path, ...]:
    """The folders that were added; none where the list can't be read."""
    try:
        value: object = json.loads((data / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    items = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    listed = items.get("folders")
    folders = cast("list[object]", listed) if isinstance(listed, list) else []
    return tuple(Path(each) for each in folders if isinstance(each, str))


def add_folder(data: Path, folder: Path) -> Path:
    """Look in `folder` from now on, too; where it is. Raises InputError where there is none."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder. Name one that holds logs (.mcap).")
    place = folder.resolve()
    known = added_folders(data)
    if place not in known:
        _save(data, [*known, place])
    return place


def drop_folder(data: Path, folder: Path) -> None:
    """Look there no more. Raises InputError where it was never added."""
    known = added_folders(data)
    places = {folder, folder.absolute(), folder.resolve()}
    if not places.intersection(known):
        listed = ", ".join(map(str, known)) or "none"
        raise InputError(f"{folder} was not added. Added folders: {listed}.")
    _save(data, [each for each in known if each not in places])


def logs_in(folders: Iterable[Path]) -> dict[str, Found]:
    """Every log in these folders and below, by its path."""
    found: dict[str, Found] = {}
    for folder in folders:
        for entry in _files(os.fspath(folder)):
            if entry.path not in found:
                with contextlib.suppress(OSError):  # gone in between
                    found[entry.path] = _found(entry)
    return found


def _found(entry: os.DirEntry[str]) -> Found:
    state, path = entry.stat(), Path(entry.path)
    journal = journal_of(path) if entry.is_symlink() else Path(entry.path + SUFFIX)
    try:
        edits = journal.stat()
    except OSError:
        size = changed_ns = 0
    else:
        size, changed_ns = edits.st_size, edits.st_mtime_ns
    return Found(path, state.st_size, state.st_mtime_ns, state.st_ctime_ns, size, changed_ns)


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    """The logs below; a folder that can't be looked into is passed over."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda each: each.name)
    except OSError:
        return
    for entry in listed:
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            elif entry.name.lower().endswith(LOG_SUFFIX) and entry.is_file():
                yield entry
        except OSError:
            continue


def _save(data: Path, folders: list[Path]) -> None:
    value = {"kind": KIND, "format": 1, "folders": [str(each) for each in folders]}
    with whole_file(data / NAME) as file:
        file.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
