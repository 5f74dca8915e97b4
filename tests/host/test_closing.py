"""A session's second table zero: found by itself, from lying still, and only from that."""

from __future__ import annotations

import math

import numpy as np

from kneetrack.calibration.closing import PATIENCE_S, PERIOD_S, TableZero
from kneetrack.samples import ImuPair, Window

NOISE_GYR = math.radians(0.04)
NOISE_ACC = 0.011


def pairs(
    plan: list[tuple[float, float, float]], start_s: float = 100.0, seed: int = 1
) -> list[ImuPair]:
    """`plan`: (seconds, thigh's and shank's shaking in deg/s) one after the other."""
    rng = np.random.default_rng(seed)
    rows: list[ImuPair] = []
    for seconds, *shaking in plan:
        for _ in range(round(seconds / PERIOD_S)):
            gyr = [rng.normal(0.0, math.hypot(NOISE_GYR, math.radians(s)), 3) for s in shaking]
            acc = [rng.normal((0.0, 9.81, 0.0), NOISE_ACC) for _ in shaking]
            number = len(rows)
            rows.append(
                ImuPair(
                    number,
                    start_s + number * PERIOD_S,
                    *(tuple(v.tolist()) for v in (gyr[0], acc[0], gyr[1], acc[1])),  # type: ignore[arg-type]
                    0,
                )
            )
    return rows


def found(rows: list[ImuPair]) -> tuple[Window | None, TableZero]:
    closing = TableZero()
    for pair in rows:
        window = closing.take(pair)
        if window is not None:
            return window, closing
    return None, closing


def test_six_seconds_on_the_table_are_found_after_the_band_came_off() -> None:
    window, closing = found(pairs([(4.0, 30.0, 30.0), (6.5, 0.0, 0.0)]))
    assert window is not None and closing.over
    assert window.kind == "table"
    assert 104.0 <= window.start_s < 104.6
    assert 4.99 < window.end_s - window.start_s < 6.5


def test_both_must_lie_at_the_same_time() -> None:
    window, _ = found(pairs([(6.0, 0.0, 10.0), (6.0, 10.0, 0.0), (3.0, 0.0, 0.0)]))
    assert window is None


def test_somebody_who_stands_is_no_table() -> None:
    window, closing = found(pairs([(30.0, 0.5, 0.5)]))
    assert window is None and not closing.over


def test_a_gap_in_the_data_starts_the_search_anew() -> None:
    rows = pairs([(9.0, 0.0, 0.0)])
    hole = round(4.0 / PERIOD_S)
    window, _ = found(rows[:hole] + rows[hole + 10 :])
    assert window is None
    rows = pairs([(12.0, 0.0, 0.0)])
    window, _ = found(rows[:hole] + rows[hole + 10 :])
    assert window is not None and window.start_s > 104.0


def test_it_is_not_waited_for_without_end() -> None:
    window, closing = found(pairs([(PATIENCE_S + 1.0, 5.0, 5.0)]))
    assert window is None and closing.over


def test_where_the_source_ends_first_only_what_came_behind_the_last_rep_is_searched() -> None:
    rows = pairs([(8.0, 0.0, 0.0), (4.0, 60.0, 60.0), (1.0, 0.0, 60.0), (7.0, 0.0, 0.0)])
    closing = TableZero()
    for pair in rows:
        closing.worn(pair)
    assert closing.at_end_of_source() is None, "it may be the first zero, if it was not worn before"
    rep = round(12.0 / PERIOD_S)
    for pair in rows[:rep]:
        closing.worn(pair)
    closing.rep_ended()
    for pair in rows[rep:]:
        closing.worn(pair)
    window = closing.at_end_of_source()
    assert window is not None and closing.over and closing.zeros is not None
    assert window.start_s >= 113.0


def test_walking_has_no_reps_and_a_second_zero_all_the_same() -> None:
    rows = pairs([(8.0, 0.0, 0.0), (20.0, 60.0, 60.0), (7.0, 0.0, 0.0)])
    closing = TableZero()
    for pair in rows:
        closing.worn(pair)
    window = closing.at_end_of_source()
    assert window is not None and window.start_s >= 128.0


def test_nothing_is_found_twice() -> None:
    rows = pairs([(20.0, 0.0, 0.0)])
    closing = TableZero()
    assert sum(closing.take(pair) is not None for pair in rows) == 1
