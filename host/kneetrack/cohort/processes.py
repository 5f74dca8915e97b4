"""Tasks done by processes of this computer, each started fresh (spawn), as they become ready.

A worker that dies (killed for want of memory, a crash in a library) takes the whole pool of
concurrent.futures with it. Then all that was under way is suspect: each suspect is tried again by
itself, and one that ends its worker again is told as failed; the rest goes on.

Ctrl-C reaches the workers as well, and ends them at once; where only this process is told to stop,
it ends them. Should this process be gone without a word, they notice and leave.
"""

from __future__ import annotations

import concurrent.futures as futures
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection

from kneetrack.cohort.task import Failed, Outcome, Task, read

AHEAD = 1
"""Tasks handed to the pool beyond those being worked on."""
TASKS_A_WORKER = 50
"""Then a worker makes place for a fresh one: what a library leaks does not add up."""


def usable_cpus() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def over_processes(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Outcome]]:
    """Each task with its outcome, in the order in which they become ready."""
    waiting, suspects = deque(tasks), deque[Task]()
    while waiting or suspects:
        alone = bool(suspects)
        todo = deque([suspects.popleft()]) if alone else waiting
        lost = yield from _pool(todo, 1 if alone else min(jobs, len(todo)))
        if alone:
            for task in lost:
                yield (
                    task,
                    Failed(
                        f"The process that read {task.path} was ended twice from outside; perhaps "
                        "there is not enough memory. Use fewer --jobs."
                    ),
                )
        else:
            suspects.extend(lost)


def _pool(todo: deque[Task], jobs: int) -> Generator[tuple[Task, Outcome], None, list[Task]]:
    """One pool's life; returns the tasks that were under way when it broke, if it did."""
    before = set(multiprocessing.active_children())
    pool = futures.ProcessPoolExecutor(
        jobs,
        multiprocessing.get_context("spawn"),
        initializer=_begin,
        max_tasks_per_child=TASKS_A_WORKER,
    )
    running: dict[futures.Future[Outcome], Task] = {}
    try:
        try:
            while todo or running:
                while todo and len(running) < jobs + AHEAD:
                    running[pool.submit(read, todo[0])] = todo[0]
                    todo.popleft()
                done, _ = futures.wait(running, return_when=futures.FIRST_COMPLETED)
                for future in sorted(done, key=lambda each: running[each].source):
                    outcome = future.result()
                    yield running.pop(future), outcome
        except BrokenProcessPool:
            return list(running.values())
        pool.shutdown()
        return []
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if running:
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()


def _begin() -> None:
    """In a new worker: what tells it to leave."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_with, args=(parent.sentinel,), daemon=True).start()


def _leave_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
