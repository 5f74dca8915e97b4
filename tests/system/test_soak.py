"""Five virtual minutes of what `make soak` does for eight hours.

The limits are such that 64 bytes a second lost on the band, or a host that keeps every sample,
fail; memory is told by the first and by the last looks, since one look alone finds the band's heap
some kilobytes off, and the very last one a band that does nothing any more.
"""

import asyncio
from statistics import median

from rich.progress import Progress

import soak

HEAP_MOST = 0.007
HOST_MOST_MB = 3.0


def test_five_minutes_of_training_neither_grow_nor_drift_nor_lose() -> None:
    with Progress(disable=True) as progress:
        looks, figures, watcher = asyncio.run(soak.soaked(5 / 60, progress))
    early, late = looks[:4], looks[-4:]
    assert late[0].at_s - early[-1].at_s > 60.0
    assert late[-1].at_s - early[0].at_s > 120.0
    heap = [median(look.heap_bytes for look in some) for some in (early, late)]
    assert heap[1] < (1.0 + HEAP_MOST) * heap[0]
    assert late[-1].host_mb - early[0].host_mb < HOST_MOST_MB
    assert abs(late[-1].late_ms - early[0].late_ms) < soak.CLOCK_MOST_MS
    assert len(watcher.late_ms) > 40
    assert figures.recovered_samples > 0
    assert figures.lost_samples == 0
