"""A gyroscope's zero over temperature and between two tables, on chips that are known."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from kneetrack.calibration.temperature import (
    SLOPE_PRIOR,
    SURPRISE,
    BiasCurve,
    TableZero,
    ZeroPoint,
    curve_of,
    one_point_bias,
    two_point_bias,
)

DEG = math.radians(1.0)


def zeros(
    temperatures: list[float],
    slope: tuple[float, float, float] = (0.008, -0.012, 0.003),
    noise: float = 0.005,
    seed: int = 1,
) -> list[ZeroPoint]:
    """Table zeros of a chip with a straight curve; slope in deg/s/K, noise in deg/s."""
    rng = np.random.default_rng(seed)
    rows = [
        DEG * (np.array([0.4, -0.7, 0.1]) + np.array(slope) * (t - 25.0) + rng.normal(0, noise, 3))
        for t in temperatures
    ]
    return [
        ZeroPoint(t, (float(b[0]), float(b[1]), float(b[2])), "2026-01-01T00:00:00+00:00")
        for t, b in zip(temperatures, rows, strict=True)
    ]


def test_a_curve_needs_three_zeros_three_degrees_apart() -> None:
    assert BiasCurve.fit(zeros([20.0, 30.0])) is None
    assert BiasCurve.fit(zeros([24.0, 25.0, 26.9])) is None
    assert BiasCurve.fit(zeros([24.0, 25.0, 27.0])) is not None


def test_many_zeros_tell_the_slope_and_the_zero_at_any_temperature() -> None:
    curve = BiasCurve.fit(zeros([18, 20, 22, 23, 25, 26, 28, 30, 31, 33]))
    assert curve is not None
    assert np.degrees(curve.slope_rad_s_k) == pytest.approx((0.008, -0.012, 0.003), abs=0.0015)
    expected, sigma = curve.bias_at(35.0)
    assert np.degrees(expected) == pytest.approx((0.48, -0.82, 0.13), abs=0.015)
    assert 0.003 < math.degrees(sigma) < 0.03
    moved, sigma = curve.change(24.0, 30.0)
    assert np.degrees(moved) == pytest.approx((0.048, -0.072, 0.018), abs=0.009)
    assert math.degrees(sigma) < 0.01


def test_a_curve_comes_back_from_json_and_what_is_none_gives_none() -> None:
    curve = BiasCurve.fit(zeros([18, 20, 22, 25]))
    assert curve is not None
    assert curve_of(json.loads(json.dumps(asdict(curve)))) == curve
    for wrong in (None, [], {}, {"points": 3}, asdict(curve) | {"bias_rad_s": [0.0]}):
        assert curve_of(wrong) is None


def test_few_close_zeros_lean_on_the_data_sheet() -> None:
    """Three noisy zeros over 3 degC would give any slope: the prior holds it near zero."""
    curve = BiasCurve.fit(zeros([24.0, 25.5, 27.0], slope=(0.0, 0.0, 0.0), noise=0.03, seed=5))
    assert curve is not None
    assert np.abs(curve.slope_rad_s_k).max() < 1.5 * SLOPE_PRIOR
    assert 0.4 * SLOPE_PRIOR < curve.slope_sigma_rad_s_k <= SLOPE_PRIOR


def test_one_table_that_was_touched_does_not_bend_the_curve() -> None:
    temperatures = [18.0, 20.0, 22.0, 24.0, 26.0, 28.0, 30.0]
    sound = BiasCurve.fit(zeros(temperatures))
    points = zeros(temperatures)
    bad = points[-1]
    points[-1] = ZeroPoint(bad.temperature_c, (0.05, bad.bias_rad_s[1], 0.0), bad.utc)
    bent = BiasCurve.fit(points)
    assert sound is not None and bent is not None
    off = np.degrees(np.subtract(bent.slope_rad_s_k, sound.slope_rad_s_k))
    least_squares = np.polyfit(temperatures, [p.bias_rad_s[0] for p in points], 1)[0]
    assert np.abs(off).max() < 0.4 * abs(math.degrees(least_squares) - 0.008)


def test_the_stated_sigma_of_the_slope_holds() -> None:
    """Of 200 chips with slopes as the prior says, the errors over sigma spread by about one."""
    rng = np.random.default_rng(3)
    pulls = []
    for seed in range(200):
        slope = tuple(rng.normal(0.0, 0.01, 3))
        temperatures = list(np.linspace(19.0, 31.0, 8) + rng.uniform(-1.0, 1.0, 8))
        curve = BiasCurve.fit(zeros(temperatures, slope, noise=0.02, seed=seed))  # type: ignore[arg-type]
        assert curve is not None
        pulls += list(
            (np.degrees(curve.slope_rad_s_k) - slope) / math.degrees(curve.slope_sigma_rad_s_k)
        )
    assert 0.8 < np.std(pulls) < 1.3


def test_another_sensor_is_a_surprise_and_the_same_one_is_not() -> None:
    points = zeros([18, 20, 22, 23, 25, 26, 28])
    curve = BiasCurve.fit(points[:-1])
    assert curve is not None
    assert curve.surprise(28.0, points[-1].bias_rad_s) < SURPRISE
    assert curve.surprise(25.0, (0.4 * DEG, -0.3 * DEG, 0.1 * DEG)) > SURPRISE


def test_between_two_tables_the_zero_moves_with_time() -> None:
    first = TableZero(10.0, (0.0, 0.01, 0.0))
    last = TableZero(110.0, (0.002, 0.01, -0.004))
    bias = two_point_bias(first, last, np.array([0.0, 10.0, 60.0, 110.0, 200.0]))
    assert bias[:, 0] == pytest.approx([0.0, 0.0, 0.001, 0.002, 0.002])
    assert bias[:, 1] == pytest.approx([0.01] * 5)
    assert bias[2] == pytest.approx((0.001, 0.01, -0.002))
    with pytest.raises(ValueError, match="after the first"):
        two_point_bias(last, first, np.zeros(1))


def test_where_it_warmed_up_the_zero_moves_with_the_temperature() -> None:
    """Warming is fast at first: half the time is not half the way."""
    time_s = np.linspace(0.0, 600.0, 7)
    warm = 24.0 + 6.0 * (1.0 - np.exp(-time_s / 150.0))
    truth = np.outer(warm - 24.0, (0.01 * DEG, 0.0, 0.0))
    first = TableZero(0.0, (0.0, 0.0, 0.0), 24.0)
    last = TableZero(600.0, (float(truth[-1, 0]), 0.0, 0.0), float(warm[-1]))
    assert two_point_bias(first, last, time_s, warm) == pytest.approx(truth)
    by_time = two_point_bias(first, last, time_s)
    assert np.abs(by_time - truth).max() > 0.01 * DEG
    equal = TableZero(600.0, (0.001, 0.0, 0.0), 24.5)
    assert two_point_bias(first, equal, time_s, warm) == pytest.approx(
        two_point_bias(first, equal, time_s)
    )


def test_one_table_and_a_learned_curve_follow_the_warming() -> None:
    curve = BiasCurve.fit(zeros([18, 20, 22, 23, 25, 26, 28, 30, 31, 33]))
    first = TableZero(5.0, (0.0, 0.0, 0.0), 24.0)
    bias = one_point_bias(first, curve, np.array([24.0, 29.0]))
    assert bias[0] == pytest.approx((0.0, 0.0, 0.0))
    assert np.degrees(bias[1]) == pytest.approx((0.04, -0.06, 0.015), abs=0.008)
    assert not one_point_bias(first, None, np.array([24.0, 29.0])).any()
    assert not one_point_bias(TableZero(5.0, (0.0,) * 3), curve, np.array([24.0])).any()
