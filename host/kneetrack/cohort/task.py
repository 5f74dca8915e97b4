"""One recording to be read, and what became of it: what passes between this process and workers.

`read` is all that a worker does. It never raises: a recording that can't be read is a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from kneetrack.errors import KneeTrackError
from kneetrack.samples import Side


@dataclass(frozen=True, slots=True)
class Task:
    """`source` is the recording's name in the table, `path` where it lies (for workers as well).

    `key` tells what the answer depends on: it is the same as long as the answer would be.
    """

    source: str
    path: Path
    key: str
    side: Side | None = None
    realign: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The recording's reps as an Arrow file, which says of itself what `parts.Part` holds."""

    part: bytes
    reps: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is nothing of that recording, as a sentence."""

    reason: str


Outcome: TypeAlias = Done | Failed


def read(task: Task) -> Outcome:
    """Analyse the recording as `kneetrack analyze` does."""
    from kneetrack.analysis import analyse
    from kneetrack.cohort.rows import rows_of

    try:
        result = analyse(task.path, side=task.side, realign=task.realign)
        cells, tags = rows_of(result, task.source)
        return _done(task, cells, tags)
    except KneeTrackError as error:
        return Failed(str(error))
    except OSError as error:
        return Failed(f"{task.path} can't be read: {error.strerror or error}.")
    except MemoryError:
        return Failed(f"There is not enough memory to read {task.path}. Use fewer --jobs.")
    except Exception as error:  # a fault of this program on one recording must not stop the rest
        return Failed(
            f"The analysis failed on {task.path} ({type(error).__name__}: {error}): a fault of "
            "this program. Please report it, with: kneetrack analyze."
        )


def _done(task: Task, cells: dict[str, list[Any]], tags: dict[str, str]) -> Done:
    from kneetrack.cohort.arrow import pyarrow, schema_of
    from kneetrack.cohort.columns import FIXED

    pa = pyarrow()
    reps = len(cells["source"])
    about = {"key": task.key, "source": task.source, "reps": reps, "tags": tags}
    schema = schema_of(FIXED, about=about)
    table = pa.Table.from_pydict(cells, schema=schema)
    out = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(out, schema, options=options) as writer:
        writer.write_table(table)
    return Done(out.getvalue().to_pybytes(), reps)
