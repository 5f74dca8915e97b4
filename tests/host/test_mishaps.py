"""A sensor that is made to sit otherwise feels what it would feel there."""

from __future__ import annotations

import numpy as np
import pytest

import mishaps
from people.turns import any_rotation, rotation_vectors, turned
from simulated_people import Person, Plan, Recorded, from_people


@pytest.fixture(scope="module")
def good() -> Recorded:
    return from_people(Person.drawn(6), 2.0, 1.0, Plan(reps=1, functional=2, walk_out=False))


def test_a_reseated_sensor_turns_with_its_segment_and_on_it(good: Recorded) -> None:
    trace = good.trace
    t = trace.time_s
    way = 0.4 * np.column_stack([np.sin(t), np.cos(0.7 * t), np.sin(1.3 * t + 1.0)])
    bad = mishaps.reseated(trace, "thigh", way)

    def whole_turn(gyr: np.ndarray) -> np.ndarray:
        turn = np.eye(3)
        for step in turned((gyr[1:-1] + gyr[2:]) / 2.0 / trace.rate_hz):
            turn = turn @ step
        return turn

    on_it = turned(way[[1, -1]])
    wanted = on_it[0].T @ whole_turn(trace.thigh_gyr) @ on_it[1]
    off = rotation_vectors(wanted.T @ whole_turn(bad.thigh_gyr))
    assert np.degrees(np.linalg.norm(off)) < 0.3
    assert np.linalg.norm(bad.thigh_acc, axis=1) == pytest.approx(
        np.linalg.norm(trace.thigh_acc, axis=1)
    )
    assert np.array_equal(bad.shank_gyr, trace.shank_gyr)


def test_the_axes_of_a_segment_are_found_in_its_sensor(good: Recorded) -> None:
    turn = any_rotation(np.random.default_rng(3))
    still = np.tile(rotation_vectors(turn), (len(good.trace.time_s), 1))
    before = mishaps.segment_axes(good, "thigh")
    there = Recorded(
        mishaps.reseated(good.trace, "thigh", still),
        good.truth_s,
        good.angles_deg,
        good.reps,
        good.functional,
    )
    assert mishaps.segment_axes(there, "thigh") == pytest.approx(before @ turn, abs=1e-6)
    assert np.linalg.det(before) == pytest.approx(1.0)


@pytest.mark.parametrize("mishap", mishaps.TO_THE_TRACE)
def test_every_mishap_changes_the_signals_and_none_the_truth(good: Recorded, mishap: str) -> None:
    bad = mishaps.TO_THE_TRACE[mishap](good, np.random.default_rng(1))
    assert bad.reps == good.reps
    same = np.array_equal(bad.trace.rows, good.trace.rows)
    assert not same or bad.trace.side is not good.trace.side
    again = mishaps.TO_THE_TRACE[mishap](good, np.random.default_rng(1))
    assert np.array_equal(bad.trace.rows, again.trace.rows)
