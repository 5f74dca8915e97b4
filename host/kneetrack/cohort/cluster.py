"""Tasks done by a Dask cluster that runs already: `dask scheduler`, and `dask worker` elsewhere.

The workers read the recordings from the same place as this computer, so the folder must be one that
all share, and they must run the same kneetrack: both are looked at before anything is read. A
worker that dies has its task done by another; a task that ends several of them is told as failed.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from kneetrack.cohort.arrow import pyarrow
from kneetrack.cohort.plan import mark
from kneetrack.cohort.task import Failed, Outcome, Task, read
from kneetrack.errors import InputError, install

CONNECT_S = 10
AHEAD = 2
"""Tasks in the cluster's hands for each of its threads."""


def check_installed() -> None:
    """Raises InputError where Dask's part for clusters is not installed."""
    _distributed()


def over_cluster(tasks: Sequence[Task], address: str) -> Iterator[tuple[Task, Outcome]]:
    """Each task with its outcome, in the order in which they become ready.

    Raises InputError where the cluster can't be used, or is lost on the way.
    """
    dask = _distributed()
    for name in ("distributed", "distributed.client", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is told in sentences
    try:
        client = dask.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"No Dask scheduler answers at {address} ({_short(error)}). Start one with: dask "
            "scheduler, and name the address it tells, as in --scheduler tcp://10.0.0.5:8786."
        ) from None
    try:
        _check(client, address, tasks)
        yield from _work(dask, client, address, tasks)
    finally:
        client.close(timeout=CONNECT_S)


def _work(
    dask: Any, client: Any, address: str, tasks: Sequence[Task]
) -> Iterator[tuple[Task, Outcome]]:
    todo = deque(tasks)
    running: dict[Any, Task] = {}
    ready = dask.as_completed(loop=client.loop, raise_errors=False)
    try:
        while todo or running:
            room = AHEAD * max(1, sum(client.nthreads().values()))
            while todo and len(running) < room:
                task = todo.popleft()
                future = client.submit(read, task, pure=False)
                running[future] = task
                ready.add(future)
            future = next(ready)
            task = running.pop(future)
            yield task, _outcome(dask, future, task, address)
            future.release()
    except (OSError, StopIteration, TimeoutError) as error:
        raise InputError(
            f"The cluster at {address} was lost ({_short(error)}). What is done is kept: the same "
            "command goes on from there."
        ) from None
    finally:
        for future in running:
            future.release()


def _outcome(dask: Any, future: Any, task: Task, address: str) -> Outcome:
    if future.status == "finished":
        outcome: Outcome = future.result()
        return outcome
    if future.status in ("cancelled", "lost"):
        raise OSError("the scheduler is gone")
    error = future.exception()
    if isinstance(error, dask.KilledWorker):
        return Failed(
            f"Every worker of the cluster that read {task.path} was ended; perhaps there is not "
            "enough memory for it."
        )
    return Failed(f"The cluster at {address} failed on {task.path} ({_short(error)}).")


def _check(client: Any, address: str, tasks: Sequence[Task]) -> None:
    """That there are workers, of this version, which see the recordings."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except (OSError, TimeoutError):
        raise InputError(
            f"The cluster at {address} has no workers. Start some with: dask worker {address}"
        ) from None
    answers: dict[str, Any] = client.run(_look, str(tasks[0].path), on_error="return")
    for worker, answer in answers.items():
        if not isinstance(answer, tuple):
            raise InputError(
                f"The worker {worker} can't run kneetrack ({_short(answer)}). Install it there. "
                f"{install('cluster')}"
            )
        theirs, sees = cast("tuple[str, bool]", answer)
        if theirs != mark():
            raise InputError(
                f"The worker {worker} has another version of kneetrack than this computer; "
                "install the same on all, and start the workers anew."
            )
        if not sees:
            raise InputError(
                f"The worker {worker} does not see {tasks[0].path}. Put the recordings where all "
                "computers reach them under the same name."
            )


def _look(path: str) -> tuple[str, bool]:
    """In a worker: what it runs, and whether it sees the recordings."""
    pyarrow()  # it makes the parts
    return mark(), Path(path).is_file()


def _short(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise InputError(
            f"--scheduler needs Dask, which is not installed. {install('cluster')}"
        ) from None
