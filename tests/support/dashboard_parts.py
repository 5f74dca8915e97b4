"""What tests of the live page share: a log, and samples and reps of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kneetrack.cli.timelines import phrases
from kneetrack.dashboard.feed import About
from kneetrack.dashboard.timeline import Gathering, Timeline
from kneetrack.errors import LogError
from kneetrack.samples import KneeSample, Rep, RepEnded, Side, Verdict

LOG = Path(__file__).resolve().parents[1] / "replay" / "logs" / "protocol_1_1.mcap"
Q = (1.0, 0.0, 0.0, 0.0)


def as_json(state: Any) -> Any:
    return json.loads(json.dumps(state))


def sample(number: int, flexion: float = 10.0, flags: int = 0) -> KneeSample:
    return KneeSample(number, number / 104, flexion, 1.0, 0.5, 0.7, Q, Q, flags)


def rep(index: int, set_index: int = 0, own: float | None = 6.2) -> Rep:
    return Rep(
        index, set_index, False, index * 4.0, index * 4.0 + 3.0, 90.0, 6.0, own, 0.8, 5.0, 60.0,
        None, 0.2, 1.0, 2.0, 1.0, 0.2, 1.0, None if own is None else Verdict.MOVED_INWARD,
    )  # fmt: skip


def a_timeline() -> Timeline:
    """Two reps in ten seconds."""
    view = Gathering("one.mcap", [About("Right leg", Side.RIGHT)], phrases())
    leg = view.leg("Right leg")
    for number in range(1040):
        leg.item(sample(number))
        if number in (400, 800):
            leg.event(RepEnded(rep(number // 400 - 1)))
        leg.packet()
    return view.timeline()


async def refusing(what: str, text: str) -> str:
    raise AssertionError


async def nowhere(text: str) -> None:
    return None


async def nothing_found(name: str) -> Timeline:
    raise LogError(name)
