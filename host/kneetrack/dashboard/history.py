"""The sessions that a page can list and open.

Listing asks the catalogue for what it knows; new logs are read into it only where nothing is being
recorded, for that takes the processor. So does folding a log, which is done in a thread; a few are
kept, for other tabs and for a return.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kneetrack.catalogue import Session
from kneetrack.dashboard.timeline import Timeline
from kneetrack.errors import LogError
from kneetrack.report import words

KEPT = 3
MOST = 200

Load = Callable[[Path], Timeline]
Find = Callable[[], Sequence[Session]]


class History:
    """`find` gives the sessions, the oldest first; `load` folds a log."""

    def __init__(self, find: Find, load: Load) -> None:
        self._find = find
        self._load = load
        self._paths: dict[str, Path] = {}
        self._kept: OrderedDict[str, Timeline] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    def listed(self) -> list[dict[str, Any]]:
        """The latest first, as the page lists them."""
        found = list(reversed(self._find()))[:MOST]
        self._paths = {_id(one.path): one.path for one in found}
        return [_row(one) for one in found]

    async def opened(self, name: str, *, is_live: bool | None = False) -> Timeline:
        """The session with that id. LogError where it isn't listed, or can't be opened now."""
        path = self._paths.get(name)
        if path is None:
            raise LogError("That session is not in the list any more; look at the list again.")
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        if is_live:
            raise LogError(
                "A session is being recorded, and the computer is kept free for it: others open "
                "when it is over."
            )
        async with self._one_at_a_time:
            timeline = await asyncio.to_thread(self._load, path)
        self._kept[name] = timeline
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return timeline


def _id(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:16]


def _row(one: Session) -> dict[str, Any]:
    started = "" if one.started is None else f"{one.started.astimezone():%Y-%m-%d %H:%M}"
    return {
        "id": _id(one.path),
        "started": started,
        "athlete": one.athlete,
        "exercise": words.exercise(one.exercise),
        "load": one.load_kg,
        "simulated": one.simulated,
        "legs": [
            {
                "side": leg.side.word,
                "sets": len(leg.sets),
                "reps": leg.reps,
                "judged": leg.judged,
                "in_range": leg.in_range,
            }
            for leg in one.legs
        ],
    }
