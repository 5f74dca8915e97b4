"""Five virtual minutes of what `make soak` does for eight hours."""

import asyncio

import pytest
from rich.progress import Progress

import soak


@pytest.mark.slow
def test_five_minutes_of_training_neither_grow_nor_drift_nor_lose():
    with Progress(disable=True) as progress:
        looks, figures, watcher = asyncio.run(soak.soaked(5 / 60, progress))
    first, last = looks[0], looks[-1]
    assert last.at_s - first.at_s > 120.0
    assert last.heap_bytes < (1.0 + soak.HEAP_MOST) * first.heap_bytes
    assert last.host_mb - first.host_mb < soak.HOST_MOST_MB
    assert abs(last.late_ms - first.late_ms) < soak.CLOCK_MOST_MS
    assert len(watcher.late_ms) > 40
    assert figures.recovered_samples > 0
    assert figures.lost_samples == 0
