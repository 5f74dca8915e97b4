"""The sessions that a page can list and open.

Folding a log takes the processor, which a recording may need: it is done elsewhere (`load`; a
process that gives way, in `kneetrack dashboard`), one at a time. A few are kept, for other tabs and
for a return, as long as their files are what they were.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from kneetrack.catalogue import Session
from kneetrack.dashboard.timeline import Timeline
from kneetrack.detection.movements import movement_of
from kneetrack.errors import LogError
from kneetrack.insight.words import many_of
from kneetrack.report import words

KEPT = 3
MOST = 200

Load = Callable[[Path], Awaitable[Timeline]]
Find = Callable[[], Sequence[Session]]
Look = Callable[[Path], object]


class History:
    """`find` gives the sessions, the oldest first, and what can't be read; `load` folds a log.

    What `look` gives for a log is another thing once its files are otherwise.
    """

    def __init__(self, find: Find, load: Load, look: Look = lambda path: None) -> None:
        self._find = find
        self._load = load
        self._look = look
        self._paths: dict[str, Path] = {}
        self._kept: OrderedDict[str, tuple[object, Timeline]] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    def listed(self) -> list[dict[str, Any]]:
        """The latest first, as the page lists them."""
        found = list(reversed(self._find()))[:MOST]
        self._paths = {_id(one.path): one.path for one in found}
        return [_row(one) for one in found]

    async def opened(self, name: str) -> Timeline:
        """The session with that id. LogError where it isn't listed; what `load` raises."""
        if name not in self._paths:  # a page that was there before this program was
            await asyncio.to_thread(self.listed)
        path = self._paths.get(name)
        if path is None:
            raise LogError("That session is not in the list any more; look at the list again.")
        async with self._one_at_a_time:
            look = self._look(path)
            kept = self._kept.get(name)
            if kept is None or kept[0] != look:
                kept = look, await self._load(path)
                kept[1].path = path
            self._kept[name] = kept
            self._kept.move_to_end(name)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return kept[1]

    def changed(self, timeline: Timeline) -> None:
        """What was said of it has been changed, and the timeline holds that already."""
        for name, (_, kept) in self._kept.items():
            if kept is timeline:
                self._kept[name] = self._look(self._paths[name]), timeline


def _id(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:16]


def _row(one: Session) -> dict[str, Any]:
    started = "" if one.started is None else f"{one.started.astimezone():%Y-%m-%d %H:%M}"
    return {
        "id": _id(one.path),
        "file": one.path.name,
        "reason": one.reason,
        "started": started,
        "athlete": one.athlete,
        "exercise": words.exercise(one.exercise),
        "load": one.load_kg,
        "effort": one.rpe,
        "note": one.note,
        "simulated": one.simulated,
        "legs": [
            {
                "side": leg.side.word,
                "sets": many_of(len(leg.sets), "set"),
                "reps": many_of(leg.reps, movement_of(one.exercise).one),
                "judged": leg.judged,
                "in_range": leg.in_range,
            }
            for leg in one.legs
        ],
    }
