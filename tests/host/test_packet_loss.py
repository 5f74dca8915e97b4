"""The channel that loses a simulated band's packets."""

from __future__ import annotations

from itertools import groupby

import pytest

from kneetrack.link.radio.loss import BURST, BurstLoss

COUNT = 200_000


def drawn(share: float, seed: int, count: int = COUNT) -> list[bool]:
    loss = BurstLoss(share, seed)
    return [loss.lost() for _ in range(count)]


@pytest.mark.parametrize("share", [0.005, 0.02, 0.2])
def test_the_share_asked_for_is_lost_in_bursts(share: float) -> None:
    packets = drawn(share, 7)
    assert sum(packets) / COUNT == pytest.approx(share, rel=0.15)
    bursts = [len(list(run)) for lost, run in groupby(packets) if lost]
    assert sum(bursts) / len(bursts) == pytest.approx(BURST, rel=0.1)


def test_a_seed_always_loses_the_same_packets() -> None:
    assert drawn(0.05, 3, 5000) == drawn(0.05, 3, 5000)
    assert drawn(0.05, 3, 5000) != drawn(0.05, 4, 5000)


def test_nothing_is_lost_where_nothing_should_be() -> None:
    assert not any(drawn(0.0, 1))
