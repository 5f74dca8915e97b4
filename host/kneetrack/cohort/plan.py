"""Which recordings there are to read, and on what each answer depends."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from kneetrack.analysis import sources_in
from kneetrack.catalogue.reading import analysis_mark
from kneetrack.cohort.task import Task
from kneetrack.edits import journal_of
from kneetrack.errors import InputError
from kneetrack.samples import Side


@dataclass(frozen=True, slots=True)
class Asked:
    """What the table shall be of: `folder` (or one recording), and how it is analysed."""

    folder: Path
    side: Side | None = None
    realign: bool = False


def mark() -> str:
    """A short sum over all that has a say in a part, as it is installed here."""
    return analysis_mark("traces", "cohort")


def plan(asked: Asked) -> list[Task]:
    """A task for each recording, in order of source. Raises InputError where there are none."""
    if not asked.folder.exists():
        raise InputError(f"{asked.folder} does not exist. Name a folder of recordings.")
    root = asked.folder if asked.folder.is_dir() else asked.folder.parent
    tasks = [_task(path, root, asked) for path in sources_in(asked.folder)]
    return sorted(tasks, key=lambda task: task.source)


def _task(path: Path, root: Path, asked: Asked) -> Task:
    name = path.relative_to(root).as_posix()
    source = os.fsencode(name).decode("utf-8", "backslashreplace")
    beside = (path, journal_of(path), path.with_suffix(".json"))  # the last is a trace's sidecar
    key = json.dumps(
        [
            mark(),
            None if asked.side is None else asked.side.word,
            asked.realign,
            *(_state(file) for file in beside),
        ]
    )
    return Task(source, path.absolute(), key, asked.side, asked.realign)


def _state(file: Path) -> list[int] | None:
    """Size and change of a file; None where there is none."""
    try:
        state = file.stat()
    except OSError:
        return None
    return [state.st_size, state.st_mtime_ns]
