"""`kneetrack analyze DIR --out reps.parquet`: many recordings to one table (`kneetrack.cohort`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kneetrack.cli.options import side_of
from kneetrack.errors import InputError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.cohort import Built
    from kneetrack.cohort.build import Workers
    from kneetrack.cohort.task import Outcome, Task

OUT_HELP = "Write the reps of all recordings into this Parquet table (extra: tables)."
JOBS_HELP = "With --out: how many at a time. Otherwise one a processor."
SCHEDULER_HELP = "With --out: a Dask cluster does the work (extra: cluster)."
LISTED = 10
"""So many failures are told; all are in failed.csv."""


def check_alone(jobs: int | None, scheduler: str | None) -> None:
    """UsageError where workers are asked for, but no table."""
    if jobs is not None or scheduler is not None:
        option = "--jobs" if scheduler is None else "--scheduler"
        raise UsageError(f"{option} is for a table of many recordings: add --out reps.parquet.")


def write_table(
    source: Path,
    out: Path,
    *,
    jobs: int | None,
    scheduler: str | None,
    side: str | None,
    realign: bool,
    json: bool,
    other: dict[str, bool],
) -> None:
    """Make or bring up to date the table `out`, and say what it came to.

    Raises InputError where a recording failed; `other` are options that a table can't have.
    """
    from kneetrack.cli import console
    from kneetrack.cohort import Asked, build
    from kneetrack.cohort.build import CutShort

    for option, given in other.items():
        if given:
            raise UsageError(f"{option} and --out don't go together: a table holds every measure.")
    hints = console.hints()
    workers = _workers(jobs, scheduler)
    with _Bar(hints) as bar:
        try:
            built = build(Asked(source, side_of(side), realign), out, workers, bar.told)
        except CutShort as cut:
            bar.stop()
            _tell_failed(hints, cut.built)
            hints.print(_kept(cut.built), markup=False, soft_wrap=True)
            raise cut.why from None
    if json:
        console.print_json(_json(built))
    else:
        console.results().print(_wrote(built), markup=False, soft_wrap=True)
    _tell_failed(hints, built)
    if built.failed:
        many = len(built.failed)
        raise InputError(
            f"{many} of {built.recordings + many} recordings could not be read and "
            f"{'is' if many == 1 else 'are'} not in {out}: see {built.failed_list}."
        )


def _workers(jobs: int | None, scheduler: str | None) -> Workers:
    if scheduler is not None:
        if jobs is not None:
            raise UsageError("Give either --jobs or --scheduler: a cluster has its own workers.")
        from kneetrack.cohort.cluster import check_installed, over_cluster

        check_installed()
        return partial(over_cluster, address=scheduler)
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs is a number of processes, 1 or more, not {jobs}.")

    def work(tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        from kneetrack.cohort.processes import over_processes, usable_cpus

        return over_processes(tasks, jobs or usable_cpus())

    return work


def _wrote(built: Built) -> str:
    before = f", {built.as_before} of them as before" if built.as_before else ""
    return (
        f"{built.out}: {_many(built.reps, 'rep')} of {_many(built.recordings, 'recording')}"
        f"{before}."
    )


def _kept(built: Built) -> str:
    done = built.recordings + len(built.failed)
    table = (
        f"{built.out} holds {_many(built.reps, 'rep')} of {built.recordings}"
        if built.written
        else f"{built.out} was left as it was"
    )
    return (
        f"{done} of {done + built.missing} recordings are done and kept; {table}. The same "
        "command goes on from there."
    )


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _tell_failed(hints: Console, built: Built) -> None:
    for _, reason in built.failed[:LISTED]:
        hints.print(f"! {reason}", markup=False, soft_wrap=True)
    if (more := len(built.failed) - LISTED) > 0:
        hints.print(f"! And {more} more.", markup=False)


def _json(built: Built) -> dict[str, Any]:
    return {
        "out": str(built.out),
        "reps": built.reps,
        "recordings": built.recordings,
        "as_before": built.as_before,
        "failed": [{"source": source, "reason": reason} for source, reason in built.failed],
    }


class _Bar:
    """Shown where there is anything to be read: starting a worker alone takes a second."""

    def __init__(self, hints: Console) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._progress = Progress(
            TextColumn("Analysing"),
            BarColumn(24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=hints,
            transient=True,
            disable=not hints.is_terminal,
        )
        self._task = self._progress.add_task("", total=None)
        self._shown = False

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take it away; what follows is printed below."""
        if self._shown:
            self._progress.stop()
            self._shown = False

    def told(self, done: int, of: int, failed: int, name: str) -> None:
        told = f"{failed} failed" if failed else Path(name).name
        self._progress.update(self._task, completed=done, total=of, description=told)
        if not self._shown and done < of:
            self._progress.start()
            self._shown = True
