"""The heading over a whole recording: drift followed, slips kept apart, uncertainty that holds."""

from __future__ import annotations

import numpy as np
import pytest

from kneetrack.analysis.connection import merged
from kneetrack.analysis.heading import FLOOR, Observation, course, in_stretches

DEG = np.pi / 180.0
SWAY = 1.0 * DEG
RATE_SIGMA = 0.02 * DEG
TIMES = np.arange(0.0, 120.0, 0.1)


def rest(at_s: float, heading_deg: float, sigma_deg: float = 1.0) -> Observation:
    return Observation(at_s - 0.5, at_s + 0.5, heading_deg * DEG, sigma_deg * DEG)


def at(at_s: float) -> int:
    return int(np.searchsorted(TIMES, at_s))


def test_without_an_observation_nothing_is_known() -> None:
    assert not course(TIMES, [], RATE_SIGMA).known.any()


def test_a_drift_of_three_degrees_a_minute_is_followed_between_two_rests() -> None:
    found = course(TIMES, [rest(10.0, 5.0), rest(70.0, 8.0)], 0.05 * DEG)
    between = np.degrees(found.heading[at(10.0) : at(70.0)])
    line = 5.0 + 3.0 * (TIMES[at(10.0) : at(70.0)] - 10.0) / 60.0
    assert np.abs(between - line).max() < 0.6
    assert found.slips == ()


def test_a_heading_is_followed_across_half_a_turn() -> None:
    found = course(TIMES, [rest(10.0, 179.5), rest(60.0, -179.5)], RATE_SIGMA)
    apart = np.degrees(np.angle(np.exp(1j * (found.heading[at(35.0)] - np.pi))))
    assert abs(apart) < 0.6


def test_between_two_rests_it_is_surer_than_beyond_them() -> None:
    one = course(TIMES, [rest(40.0, 0.0)], RATE_SIGMA).sigma
    both = course(TIMES, [rest(40.0, 0.0), rest(80.0, 0.0)], RATE_SIGMA).sigma
    assert both[at(60.0)] < one[at(60.0)]
    assert both[at(115.0)] > both[at(80.0)] > both[at(60.0)] - 0.1 * DEG
    assert (both >= FLOOR).all()


def test_standing_that_varies_is_averaged_and_its_uncertainty_holds() -> None:
    """Fifteen rests with a degree of sway each, on a slow drift; 60 drawn recordings."""
    random = np.random.default_rng(4)
    seen = np.linspace(4.0, 116.0, 15)
    misses: list[float] = []
    steps: list[float] = []
    for _ in range(60):
        rate = random.normal(0.0, RATE_SIGMA)
        headings = rate * seen + random.normal(0.0, SWAY, len(seen))
        rests = [
            Observation(t - 0.5, t + 0.5, float(h), SWAY)
            for t, h in zip(seen, headings, strict=True)
        ]
        found = course(TIMES, rests, RATE_SIGMA, floor=0.0)
        off = found.heading - rate * TIMES
        misses += (off / found.sigma)[::300].tolist()
        steps.append(float(np.sqrt((off**2).mean())))
    assert np.mean(steps) < 0.5 * SWAY
    assert 0.85 < np.mean(np.abs(misses) < 1.96) <= 1.0
    assert np.sqrt(np.mean(np.square(misses))) > 0.5


def test_nothing_is_interpolated_across_a_slip() -> None:
    rests = [rest(t, 0.0) for t in (10.0, 20.0, 30.0)] + [rest(t, 8.0) for t in (40.0, 50.0, 60.0)]
    found = course(TIMES, rests, RATE_SIGMA)
    (slip,) = found.slips
    assert (slip.after_s, slip.before_s) == (30.5, 39.5)
    assert np.degrees(slip.jump) == pytest.approx(8.0)
    heading = np.degrees(found.heading)
    assert np.abs(heading[at(5.0) : at(34.9)]).max() < 0.5
    assert np.abs(heading[at(35.1) : at(70.0)] - 8.0).max() < 0.5
    assert found.sigma[at(35.0)] > 3.0 * DEG > found.sigma[at(45.0)]


def test_one_odd_stance_among_others_is_left_out_and_is_no_slip() -> None:
    rests = [rest(10.0, 0.0), rest(20.0, 0.0), rest(30.0, 9.0), rest(40.0, 0.0), rest(50.0, 0.0)]
    stretches, slips = in_stretches(rests, RATE_SIGMA)
    assert slips == []
    assert [one.at_s for one in stretches[0]] == [10.0, 20.0, 40.0, 50.0]


def test_a_jump_in_the_last_rest_is_a_slip_for_nothing_says_otherwise() -> None:
    _, slips = in_stretches([rest(10.0, 0.0), rest(20.0, 0.0), rest(30.0, 9.0)], RATE_SIGMA)
    assert len(slips) == 1


def test_a_rest_beside_the_joints_word_adds_how_the_heading_moved_but_not_its_own_offset() -> None:
    windows = [rest(t, 20.0) for t in (40.0, 44.0, 48.0)]
    both = merged([rest(10.0, 26.0), rest(90.0, 26.0)], windows, RATE_SIGMA)
    assert [one.at_s for one in both] == [10.0, 40.0, 44.0, 48.0, 90.0]
    assert [np.degrees(one.heading) for one in both] == pytest.approx([20.0] * 5, abs=0.1)
