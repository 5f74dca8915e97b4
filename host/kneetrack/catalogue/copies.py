"""Of one recording that lies in several places: which log stands for it.

The first of them, by

    edits       of which something was said (kneetrack edit) and not all of it undone: a copy that
                came without its journal must not hide what the person said
    complete    where nothing was said of any: the one with the most repetitions; a torn or cut one
                has fewer (where something was said, reps may have been left out, and that is no
                lack)
    own folder  in the user's own folder of sessions, not in one that was added
    age         the file that was written first; then by path, so that it is always the same
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kneetrack.catalogue.entry import Session
from kneetrack.errors import InputError


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What a log's file, and the journal beside it, looked like when it was read."""

    mtime_ns: int
    ctime_ns: int
    edits_size: int


def once(
    sessions: Iterable[Session], looks: Mapping[Path, OnDisk], own_folder: Path
) -> list[Session]:
    """Each recording once; `copies` names the other places where it lies."""
    places: dict[str, list[Session]] = {}
    for one in sessions:
        places.setdefault(one.identity or str(one.path), []).append(one)
    return [
        same[0] if len(same) == 1 else _first(same, looks, own_folder) for same in places.values()
    ]


def _first(same: list[Session], looks: Mapping[Path, OnDisk], own_folder: Path) -> Session:
    edited = {one.path: edited_at(one.path, looks[one.path].edits_size) for one in same}

    def rank(one: Session) -> tuple[bool, int, bool, int, int, str]:
        look = looks[one.path]
        return (
            not edited[one.path],
            0 if edited[one.path] else -sum(leg.reps for leg in one.legs),
            not one.path.is_relative_to(own_folder),
            look.mtime_ns,
            look.ctime_ns,
            str(one.path),
        )

    first, *others = sorted(same, key=rank)
    return replace(first, copies=tuple(one.path for one in others))


def edited_at(log: Path, edits_size: int | None = None) -> bool:
    """Whether something that was said of that log stands.

    `edits_size` is what is known of the journal where it can't be read at the moment.
    """
    from kneetrack.edits import journal_of, read

    if edits_size == 0:
        return False
    try:
        if journal_of(log).is_file():
            return read(log).changes > 0
    except (InputError, OSError):
        pass
    return bool(edits_size)
