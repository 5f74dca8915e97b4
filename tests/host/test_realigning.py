"""How a person is led through a re-alignment, and what becomes of what was held back meanwhile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.calibration import CalibrationFile
from kneetrack.detection import Analyzer
from kneetrack.detection.realigning import Realignment, windows_after
from kneetrack.live.realigning import MOST_S, Realigning
from kneetrack.samples import Decoded, ImuPair, KneeSample, RepEnded, Side, Vector, Window

PAIR_S = wire.PAIR_PERIOD_US * 1e-6
NOTHING: Vector = (0.0, 0.0, 0.0)
UP: Vector = (0.0, 9.81, 0.0)
UPRIGHT = (1.0, 0.0, 0.0, 0.0)


class Worn:
    """A leg that keeps what it is told."""

    set_over = False

    newest_s = 0.0

    def __init__(self) -> None:
        self.said: list[str] = []
        self.went_on: list[tuple[list[Decoded], Mapping[str, Any] | None]] = []

    def warn(self, text: str) -> None:
        self.said.append(text)

    def goes_on(self, held: Sequence[Decoded], calibration: Mapping[str, Any] | None) -> None:
        self.went_on.append((list(held), calibration))


def never(pairs: Sequence[ImuPair], windows: Sequence[Window]) -> CalibrationFile:
    raise AssertionError("nothing was measured")


def ready(*, raw: bool = True) -> tuple[Realigning, Worn]:
    realigning, leg = Realigning(Side.RIGHT, never, raw=raw), Worn()
    realigning.leg = leg
    return realigning, leg


def still(number: int) -> ImuPair:
    return ImuPair(number, number * PAIR_S, NOTHING, UP, NOTHING, UP, 0)


def test_what_was_held_back_follows_as_it_came_when_it_is_left() -> None:
    realigning, leg = ready()
    assert not realigning.take([still(1)])
    realigning.begin()
    assert "Stand tall and still" in leg.said[-1] and realigning.progress == "stand still"
    items: list[Decoded] = [still(2), KneeSample(1, 0.1, *4 * [0.0], UPRIGHT, UPRIGHT, 0)]
    assert realigning.take(items) and leg.went_on == []
    realigning.leave()
    assert leg.went_on == [(items, None)]
    assert not realigning.active and not realigning.take([still(3)])


def test_whoever_forgets_it_has_live_verdicts_again_after_two_minutes() -> None:
    realigning, leg = ready()
    realigning.begin()
    count = 0
    while realigning.active and count < 10 * MOST_S / PAIR_S:
        count += 1
        shaken = still(count)._replace(thigh_gyr=(3.0 * math.sin(count / 20.0), 0.0, 0.0))
        realigning.take([shaken])
    assert abs(count * PAIR_S - MOST_S) < 1.0
    assert "two minutes" in leg.said[-1]
    assert len(leg.went_on) == 1 and len(leg.went_on[0][0]) == count


def test_without_raw_data_it_says_why_not() -> None:
    realigning, leg = ready(raw=False)
    realigning.begin()
    assert not realigning.active and "--no-raw" in leg.said[-1]


def squats(first_s: float, count: int) -> list[tuple[float, float]]:
    """(time, flexion)"""
    rows: list[tuple[float, float]] = []
    for i in range(round(count * 4.0 * 104)):
        time_s = i / 104.0
        bend = 90.0 * math.sin(math.pi * (time_s % 4.0) / 2.6) ** 2 if time_s % 4.0 < 2.6 else 0.0
        rows.append((first_s + time_s, bend))
    return rows


def test_the_reps_of_the_stand_and_squats_are_reference_reps_and_the_windows_follow() -> None:
    what = Realignment(40.0, 45.0, 60.0, Calibration(1, UPRIGHT, UPRIGHT))
    windows = windows_after(
        [Window("set", 20.0, 100.0), Window("reference", 5.0, 15.0), Window("set", 120.0, 130.0)],
        what,
    )
    assert windows == (
        Window("set", 60.0, 100.0),
        Window("set", 120.0, 130.0),
        Window("functional", 40.0, 45.0),
        Window("reference", 45.0, 60.0),
    )


def test_a_set_that_runs_ends_there_and_reps_and_sets_are_counted_on() -> None:
    """Angles as they come: what is looked at is whom a rep belongs to."""
    what = Realignment(20.0, 24.0, 37.0, Calibration(1, UPRIGHT, UPRIGHT), angles=False)
    rows = squats(4.0, 3) + [(16.0 + i / 104.0, 0.0) for i in range(8 * 104)]
    rows += squats(24.0, 3) + squats(38.0, 3)
    told = [
        KneeSample(i, time_s, flexion, 0.0, 0.0, 2.0, UPRIGHT, UPRIGHT, 0)
        for i, (time_s, flexion) in enumerate(rows)
    ]
    beforehand = Analyzer(Side.RIGHT, realignments=[what])
    beforehand.feed_all(told)
    beforehand.flush()
    live = Analyzer(Side.RIGHT)
    events = live.feed_all(told[: 14 * 104])
    live.realign(what)
    events += live.feed_all(told[14 * 104 :])
    events += live.flush()
    result = live.result()
    assert result == beforehand.result()
    assert [rep.set for rep in result.reps] == [0, 0, 0, -1, -1, -1, 1, 1, 1]
    assert [rep.is_reference for rep in result.reps] == 3 * [False] + 3 * [True] + 3 * [False]
    assert [one.index for one in result.sets] == [0, 1]
    assert [e.rep.index for e in events if isinstance(e, RepEnded)] == list(range(9))
    assert result.reference is not None and result.reference.source == "reference"
