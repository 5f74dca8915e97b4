"""The folder of parts beside a table: `reps.parquet` has `reps.parquet.parts/`, a file a recording.

A part holds as long as its recording, what was said of it later and the analysis itself are what
they were when it was made: the `key` it carries tells. It is written under another name first, so
that a part which is there is whole. The folder may be thrown away at any time; the next run then
reads everything anew.

One run at a time makes a table: of two, each would throw away or write over what the other still
needs. The lock goes with the process, however that ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kneetrack.cohort.arrow import pyarrow, told_in
from kneetrack.cohort.task import Done, Task
from kneetrack.errors import InputError, UsageError
from kneetrack.whole_file import whole_binary_file

SUFFIX = ".parts"
PART_SUFFIX = ".arrow"


@dataclass(frozen=True, slots=True)
class Part:
    """What one recording gave, without the rows themselves."""

    path: Path
    source: str
    key: str
    reps: int
    tags: Mapping[str, str]


class Parts:
    """The parts of the table `out`. Raises InputError where their folder can't be made."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out.with_name(out.name + SUFFIX)
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"The folder {self.folder}, where what is done is kept, can't be made: "
                f"{error.strerror or error}."
            ) from error

    @contextlib.contextmanager
    def alone(self) -> Generator[None]:
        """No other run makes this table meanwhile. UsageError where one is at it."""
        try:
            descriptor = os.open(self.folder, os.O_RDONLY)
        except OSError:  # a system where folders can't be opened
            yield
            return
        try:
            if not _locked(descriptor):
                raise UsageError(
                    f"Another kneetrack is making {self.out} at the moment; wait for it, or choose "
                    "another --out."
                )
            yield
        finally:
            os.close(descriptor)

    def put(self, task: Task, done: Done) -> Part:
        """Keep what was found in a recording. Raises InputError where it can't be written."""
        path = self._path(task.source)
        with whole_binary_file(path) as file:
            file.write(done.part)
        part = _opened(path)
        assert part is not None
        return part

    def of(self, task: Task) -> Part | None:
        """What is known of that recording; None where there is nothing, or it holds no more."""
        part = _opened(self._path(task.source))
        return part if part is not None and part.key == task.key else None

    def keep_only(self, tasks: Iterable[Task]) -> None:
        """Throw away the parts of recordings that are no more, and what a crash left behind."""
        wanted = {self._path(task.source).name for task in tasks}
        for path in self.folder.iterdir():
            ours = path.name.endswith(PART_SUFFIX) or f"{PART_SUFFIX}." in path.name
            if ours and path.name not in wanted:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _path(self, source: str) -> Path:
        name = hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        return self.folder / f"{name}{PART_SUFFIX}"


def _locked(descriptor: int) -> bool:
    """Whether the lock is ours now; True where there are no locks."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return True
    return True


def rows_in(part: Part) -> Any:
    """The part's rows, as an Arrow table."""
    with pyarrow("ipc").open_file(str(part.path)) as file:
        return file.read_all()


def _opened(path: Path) -> Part | None:
    """The part in that file; None where there is none, or it can't be read."""
    pa = pyarrow()
    try:
        with pa.ipc.open_file(str(path)) as file:
            told = told_in(file.schema)
        return Part(path, told["source"], told["key"], told["reps"], told["tags"])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None
