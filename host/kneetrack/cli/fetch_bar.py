"""The bar of a fetch: samples, bytes a second, time left."""

from __future__ import annotations

import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from kneetrack.maintenance.fetching import Progress as Fetching

_LOST = "connection lost, looking for the band ..."


class FetchBar:
    """Shows on `console`, from the entry to the exit, what `told` is told."""

    def __init__(self, console: Console, title: str) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(24),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} samples"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bar = self._progress.add_task(title, total=None, rate="", visible=False)
        self._begun_s = time.monotonic()
        self._bytes = 0

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.__exit__(None, None, None)

    def told(self, now: Fetching) -> None:
        self._bytes += now.received_bytes
        elapsed_s = max(0.1, time.monotonic() - self._begun_s)
        rate = _LOST if now.lost_link else f"{self._bytes / elapsed_s / 1000:.1f} kB/s"
        self._progress.update(
            self._bar, total=now.total, completed=now.samples, rate=rate, visible=True
        )
