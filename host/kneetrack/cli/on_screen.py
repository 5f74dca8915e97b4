"""What stays on the screen and is drawn anew: a `with` block around rich's Live."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live

REFRESH_HZ = 8
LEAST_APART_S = 0.05
"""Between two times that it is drawn out of turn: reps of a fast replay come by the dozen."""


class OnScreen(ABC):
    """Drawn while its `with` block runs, REFRESH_HZ times a second, and gone afterwards.

    It is drawn once when it is made, so a subclass has all that it draws before it calls __init__.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._drawn_s = 0.0
        self._live = Live(
            get_renderable=self.draw,
            console=console,
            refresh_per_second=REFRESH_HZ,
            transient=True,
        )

    @abstractmethod
    def draw(self) -> RenderableType:
        """What the screen shows now."""

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def at_once(self) -> None:
        """Draw now what is worth not waiting for, unless it was drawn a moment ago."""
        now_s = time.monotonic()
        if self._live.is_started and now_s - self._drawn_s >= LEAST_APART_S:
            self._drawn_s = now_s
            self._live.refresh()


def can_draw(console: Console) -> bool:
    """Whether it shows lines and blocks, not letters only."""
    return console.encoding.startswith("utf")
