"""A source that is not spoken to, through the same fold: a log again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine, Sequence
from typing import Any

from kneetrack.detection import Analyzer
from kneetrack.errors import LinkLost
from kneetrack.link.base import Link
from kneetrack.live.figures import Figures, Sink
from kneetrack.live.fold import Cues, Leg
from kneetrack.protocol import Decoder
from kneetrack.sessionlog import SessionWriter


async def pump(
    link: Link,
    decoder: Decoder,
    analyzer: Analyzer,
    *,
    writer: SessionWriter | None = None,
    sinks: Sequence[Sink] = (),
    stop: asyncio.Event | None = None,
    duration_s: float | None = None,
    worn_packets: int | None = None,
    cues: Cues | None = None,
) -> Figures:
    """Take every packet to the writer, the decoder, the analyzer and the sinks, in this order.

    Ends with the source, when `stop` is set, or when packets of `duration_s` (in the link's clock)
    have come. A sink that raises is told nothing more. Behind `worn_packets` packets, where that is
    known, only what is missing before is taken into the analysis.

    Raises LogError when the log can't be written; all packets until then are in it.
    """
    leg = Leg(link, decoder, analyzer, writer, sinks, None, cues=cues)
    try:
        async with beside(_finish_on(link, stop) if stop is not None else None):
            async for packet in link.packets():
                leg.take(packet)
                if leg.taken == worn_packets:
                    analyzer.ends_here()
                if duration_s is not None and leg.figures.duration_s >= duration_s:
                    await link.finish()
    except LinkLost:
        leg.end()
        raise
    leg.end()
    return leg.figures


async def _finish_on(link: Link, stop: asyncio.Event) -> None:
    await stop.wait()
    await link.finish()


@contextlib.asynccontextmanager
async def beside(
    work: Coroutine[Any, Any, None] | None,
) -> AsyncGenerator[asyncio.Task[None] | None]:
    """Have `work` done in a task as long as the context lasts."""
    if work is None:
        yield None
        return
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
