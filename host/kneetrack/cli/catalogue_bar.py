"""The catalogue as the commands use it: brought up to date first, with a bar where that takes."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kneetrack.errors import UsageError

if TYPE_CHECKING:
    from kneetrack.catalogue import Catalogue

SHOWN_AFTER_S = 2.0


def up_to_date(hints: Console, *, rebuild: bool = False) -> Catalogue:
    """The catalogue, everything read that is new or changed; what is to be known of it is told."""
    from kneetrack.catalogue import Catalogue

    catalogue = Catalogue.open()
    if rebuild:
        catalogue.rebuild()
    with _Bar(hints) as bar:
        brought = catalogue.bring_up_to_date(bar.told)
    for sentence in catalogue.told:
        hints.print(sentence, markup=False, soft_wrap=True)
    for folder in brought.away:
        hints.print(
            f"! {folder} is not there at the moment; its sessions are listed as they were. If it "
            f"is gone for good: kneetrack sessions --drop {folder}",
            markup=False,
            soft_wrap=True,
        )
    return catalogue


def day_of(word: str | None, option: str = "--since") -> date | None:
    """A day as it was typed; UsageError where it is none."""
    if word is None:
        return None
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise UsageError(f'{option} is a day like 2026-08-01, not "{word}".') from None


def tags_of(words: list[str] | None) -> dict[str, str]:
    """`KEY=VALUE` each, as they are written when recording; `KEY=` alone: without that tag."""
    from kneetrack.edits.fields import tag

    found: dict[str, str] = {}
    for word in words or ():
        if word.endswith("=") and word.count("=") == 1 and word != "=":
            found[word[:-1].strip().lower().replace("-", "_")] = ""
        else:
            key, value = tag(word)
            found[key] = value
    return found


class _Bar:
    """Shown once the work has taken a while."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun_s = time.monotonic()
        self._progress: Progress | None = None

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def told(self, done: int, of: int, path: Path) -> None:
        if self._progress is None:
            if time.monotonic() - self._begun_s < SHOWN_AFTER_S:
                return
            self._progress = Progress(
                TextColumn("Reading logs"),
                BarColumn(24),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.description}", markup=False),
                console=self._console,
                transient=True,
                disable=not self._console.is_terminal,
            )
            self._progress.start()
            self._progress.add_task("", total=of)
        self._progress.update(self._progress.task_ids[0], completed=done, description=path.name)
