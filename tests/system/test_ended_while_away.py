"""A recording that the band ended by itself while its host was out of reach.

After DETACHED_S (kneeband.config) without a host, or by a press of its button, the band ends what a
host has left. What it had measured until then belongs into that host's log all the same.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from kneetrack import live
from kneetrack.analysis import analyse, to_json
from kneetrack.detection import Analyzer
from kneetrack.link import open_link
from kneetrack.link.radio import virtual
from kneetrack.live import LinkNews
from kneetrack.maintenance.kept import Kept, recordings
from kneetrack.samples import KneeSample
from kneetrack.sessionlog import SessionWriter

SET = "sim:squats?reps=3&functional=0&table=0&stand=2&seed=5&speed=max"


class Clock:
    """A sink that knows what time it is in the set."""

    def __init__(self) -> None:
        self.newest_s = -1.0

    def packet(self) -> None: ...

    def item(self, item: object) -> None:
        if isinstance(item, KneeSample):
            self.newest_s = max(self.newest_s, item.time_s)

    def event(self, event: object) -> None: ...

    def link(self, news: LinkNews) -> None: ...

    async def at(self, time_s: float) -> None:
        while self.newest_s < time_s:
            await asyncio.sleep(0.02)


def test_what_it_measured_until_then_comes_into_the_same_log_and_the_rest_is_told(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.mcap"

    async def trouble(link: Any, clock: Clock) -> None:
        await clock.at(5.0)
        away = asyncio.ensure_future(link.outage(7.0))
        await asyncio.sleep(4.0)
        await link.press(0.2)
        await away

    async def run() -> tuple[live.Figures, list[Kept]]:
        clock = Clock()
        async with open_link(SET) as link:
            beside = asyncio.ensure_future(trouble(link, clock))
            known = link.scenario
            assert known is not None
            analyzer = Analyzer(known.side, known.exercise, known.windows)
            with SessionWriter(path, {"exercise": "squat"}) as writer:
                figures = await live.record(link, analyzer, writer=writer, sinks=[clock], raw=False)
            await beside
            return figures, await recordings(link)

    figures, on_the_band = virtual.run(run())
    assert on_the_band == [], "all of both recordings is in the log"
    (between,) = figures.unfetched
    assert between.count == figures.lost_samples and not between.fetchable
    assert 1.0 < between.end_s - between.start_s < 5.0
    (gap,) = to_json(analyse(path))["gaps"]
    assert gap["samples"] == between.count and "no longer had" in gap["reason"]
    assert gap["start_s"] > 8.0, "what was measured before the press is there"
