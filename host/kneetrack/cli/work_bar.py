"""A bar for work that may take long, and says by itself how far it is."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_AFTER_S = 2.0


class WorkBar:
    """Shown once the work has taken a while, whatever it is doing then."""

    def __init__(self, hints: Console) -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        self._progress = Progress(
            BarColumn(24),
            TaskProgressColumn(),
            TextColumn("{task.description}", markup=False),
            console=hints,
            transient=True,
            disable=not hints.is_terminal,
        )
        self._task = self._progress.add_task("", total=None)
        self._timer = threading.Timer(SHOWN_AFTER_S, self._progress.start)
        self._timer.daemon = True

    def __enter__(self) -> WorkBar:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        self._progress.stop()

    def told(self, what: str, share: float) -> None:
        """`what` is being done, and so much of it is (less than nothing: not known)."""
        known = share >= 0.0
        self._progress.update(
            self._task,
            total=1.0 if known else None,
            completed=share if known else 0.0,
            description=what,
        )
