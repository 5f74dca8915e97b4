"""A folder of recordings to a table of reps: plan, read what is missing, put together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from kneetrack.cohort.arrow import pyarrow
from kneetrack.cohort.parts import Part, Parts
from kneetrack.cohort.plan import Asked, plan
from kneetrack.cohort.table import check_failed, check_table, write_failed, write_table
from kneetrack.cohort.task import Done, Outcome, Task

Workers = Callable[[Sequence[Task]], Iterator[tuple[Task, Outcome]]]
"""Who does the tasks: gives each with its outcome, in any order."""
Told = Callable[[int, int, int, str], None]
"""Called as work goes on: recordings done, of how many, of these failed, the latest one's name."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a run came to. `written` is false where the older table was left in its place."""

    out: Path
    reps: int
    recordings: int
    as_before: int
    failed: tuple[tuple[str, str], ...]
    failed_list: Path | None
    missing: int = 0
    written: bool = True


class CutShort(Exception):
    """The run was stopped; `built` is what it came to, `why` what stopped it."""

    def __init__(self, built: Built, why: BaseException) -> None:
        super().__init__("cut short")
        self.built = built
        self.why = why


def _untold(done: int, of: int, failed: int, name: str) -> None:
    """Where nobody wants to know."""


def build(asked: Asked, out: Path, workers: Workers, told: Told = _untold) -> Built:
    """Bring the table `out` up to date with what was asked.

    Raises InputError or UsageError before anything is read where that can't be. Where the work is
    stopped on the way (Ctrl-C, a cluster that is lost, a full disk), what is done is kept, put into
    the table where that holds no more already, and CutShort raised; where nothing was done yet, the
    error is raised as it is.
    """
    pyarrow()
    tasks = plan(asked)
    kept = check_table(out)
    check_failed(out)
    parts = Parts(out)
    with parts.alone():
        return _build(tasks, parts, out, kept, workers, told)


def _build(
    tasks: Sequence[Task], parts: Parts, out: Path, kept: int | None, workers: Workers, told: Told
) -> Built:
    found = {task.source: part for task in tasks if (part := parts.of(task)) is not None}
    todo = [task for task in tasks if task.source not in found]
    as_before = len(found)
    failed: dict[str, str] = {}

    def result(missing: int, written: bool, listed: Path | None) -> Built:
        reps = sum(part.reps for part in found.values())
        told_failed = tuple(sorted(failed.items()))
        return Built(out, reps, len(found), as_before, told_failed, listed, missing, written)

    try:
        _read(todo, workers, parts, found, failed, lambda name: told(
            len(found) + len(failed), len(tasks), len(failed), name,
        ))  # fmt: skip
    except BaseException as why:
        if len(found) == as_before and not failed:
            raise  # nothing was done
        missing = len(tasks) - len(found) - len(failed)
        written = kept is None or kept <= len(found)
        if written:
            with contextlib.suppress(Exception):  # the parts are there, whatever comes of the table
                write_table(out, _ordered(found), complete=False)
        raise CutShort(result(missing, written, None), why) from why
    write_table(out, _ordered(found), complete=not failed)
    parts.keep_only(tasks)
    return result(0, True, write_failed(out, sorted(failed.items())))


def _read(
    todo: Sequence[Task],
    workers: Workers,
    parts: Parts,
    found: dict[str, Part],
    failed: dict[str, str],
    told: Callable[[str], None],
) -> None:
    """Have all of `todo` read, into `found` or `failed`."""
    told("")
    if not todo:
        return
    work = cast("Generator[tuple[Task, Outcome]]", workers(todo))
    with contextlib.closing(work):
        for task, outcome in work:
            if isinstance(outcome, Done):
                found[task.source] = parts.put(task, outcome)
            else:
                failed[task.source] = outcome.reason
            told(task.source)


def _ordered(found: dict[str, Part]) -> list[Part]:
    return [found[source] for source in sorted(found)]
