"""The statistics of agreement against published numbers, hand-made examples and plain formulas."""

import math

import numpy as np
import pytest
from scipy import stats

from kneetrack.analysis.agreement import cmc, difference, limits_of_agreement
from kneetrack.analysis.lag import Lag, find_lag
from kneetrack.analysis.rep_agreement import farthest
from kneetrack.errors import InputError
from kneetrack.traces.reader import FloatArray
from kneetrack.traces.reference import ReferenceAngles

EJECTION = {
    1: [(7.83, 6.57), (7.42, 5.62), (7.89, 6.90), (7.12, 6.57), (7.88, 6.35)],
    2: [(6.16, 4.06), (7.26, 4.29), (6.71, 4.26), (6.54, 4.09)],
    3: [(4.75, 4.71), (5.24, 5.50), (4.86, 5.08), (4.78, 5.02), (6.05, 6.01), (5.42, 5.67)],
    4: [(4.21, 4.14), (3.61, 4.20), (3.72, 4.61), (3.87, 4.68), (3.92, 5.04)],
    5: [(3.13, 3.03), (2.98, 2.86), (2.85, 2.77), (3.17, 2.46), (3.09, 2.32), (3.12, 2.43)],
    6: [(5.92, 5.90), (6.42, 5.81), (5.92, 5.70), (6.27, 5.76)],
    7: [(7.13, 5.09), (6.62, 4.63), (6.58, 4.61), (6.93, 5.09)],
    8: [(4.54, 4.72), (4.81, 4.61), (5.11, 4.36), (5.29, 4.20), (5.39, 4.36), (5.57, 4.20)],
    9: [(4.48, 3.17), (4.92, 3.12), (3.97, 2.96)],
    10: [(4.22, 4.35), (4.65, 4.62), (4.74, 3.16), (4.44, 3.53), (4.50, 3.53)],
    11: [(6.78, 7.20), (6.07, 6.09), (6.52, 7.00), (6.42, 7.10), (6.41, 7.40), (5.76, 6.80)],
    12: [(5.06, 4.50), (4.72, 4.20), (4.90, 3.80), (4.80, 3.80), (4.90, 4.20), (5.10, 4.50)],
}
"""Cardiac output by two methods, by person: Bland & Altman, J Biopharm Stat 17:571, table 1."""


def ejection() -> list[FloatArray]:
    return [np.array([a - b for a, b in pairs]) for pairs in EJECTION.values()]


def test_the_limits_are_those_that_bland_and_altman_print() -> None:
    """Their section 3: residual mean square 0.1707, total variance 0.9813, limits -1.34, 2.54."""
    found = limits_of_agreement(ejection())
    assert found is not None and found.between_sd is not None
    assert (found.groups, found.samples) == (12, 60)
    assert found.bias == pytest.approx(0.6021667, abs=1e-6)
    assert found.within_sd**2 == pytest.approx(0.1707140, abs=1e-6)
    assert found.within_sd**2 + found.between_sd**2 == pytest.approx(0.9813361, abs=1e-6)
    assert found.lower == pytest.approx(-1.3394565, abs=1e-5)
    assert found.upper == pytest.approx(2.5437899, abs=1e-5)


def test_the_mean_squares_are_those_of_an_analysis_of_variance() -> None:
    groups = ejection()
    found = limits_of_agreement(groups)
    assert found is not None and found.between_sd is not None
    ratio = stats.f_oneway(*groups).statistic
    sizes = np.array([len(group) for group in groups])
    divisor = (sizes.sum() ** 2 - (sizes**2).sum()) / (11 * sizes.sum())
    within = found.within_sd**2
    assert found.between_sd**2 == pytest.approx((ratio - 1.0) * within / divisor)


def test_limits_without_groups_are_wider_apart_than_samples_of_one_group_say() -> None:
    random = np.random.default_rng(1)
    groups = [offset + random.normal(0.0, 0.5, 100) for offset in (-3.0, 0.0, 4.0)]
    found, alone = limits_of_agreement(groups), limits_of_agreement(groups[:1])
    assert found is not None and alone is not None
    assert alone.between_sd is None
    assert alone.upper - alone.lower == pytest.approx(2 * 1.96 * groups[0].std(ddof=1))
    assert found.upper - found.lower > 4.0 * (alone.upper - alone.lower)


def test_groups_that_differ_by_chance_alone_have_nothing_between() -> None:
    found = limits_of_agreement([np.array([-1.0, 1.0]), np.array([1.0, -1.0])])
    assert found is not None and found.between_sd == 0.0
    assert limits_of_agreement([]) is None
    assert limits_of_agreement([np.array([1.0]), np.array([2.0])]) is None


def test_holes_are_left_out_and_a_known_bias_comes_back() -> None:
    theirs = np.sin(np.arange(400) / 30.0)
    ours = theirs + 2.5
    theirs[50:90] = np.nan
    found = difference(ours, theirs)
    assert found is not None and found.samples == 360
    assert (found.bias, found.rmse, found.sd) == pytest.approx((2.5, 2.5, 0.0), abs=1e-12)
    assert difference(ours[:1], theirs[:1]) is None


def test_the_cmc_of_a_small_example_by_hand() -> None:
    """Two curves 0 2 4 and 1 2 3: frame means 1/2 2 7/2, grand mean 2.

    Within frames: 4 x 1/4 = 1, over F (P - 1) = 3: 1/3. About the grand mean: 4 + 4 + 1 + 1 = 10,
    over P F - 1 = 5: 2. CMC = sqrt(1 - 1/6).
    """
    curves = np.array([[0.0, 2.0, 4.0], [1.0, 2.0, 3.0]])
    assert cmc(curves) == pytest.approx(math.sqrt(5.0 / 6.0))
    assert cmc(np.insert(curves, 1, np.nan, axis=1)) == pytest.approx(math.sqrt(5.0 / 6.0))


def test_the_cmc_is_one_for_the_same_curve_and_undefined_where_an_offset_rules() -> None:
    curve = 40.0 * np.sin(np.linspace(0.0, math.pi, 101))
    assert cmc(np.stack([curve, curve])) == 1.0
    near = cmc(np.stack([curve, curve + 3.0]))
    assert near is not None and 0.95 < near < 1.0
    assert cmc(np.stack([curve, curve + 100.0])) is None
    assert cmc(np.stack([curve, -curve])) is None
    assert cmc(np.ones((2, 50))) is None
    assert cmc(curve[None, :]) is None


def test_the_farther_direction_is_the_references() -> None:
    pair = farthest(np.array([0.0, 3.0, -2.8]), np.array([0.0, 2.9, -3.1]))
    assert pair is not None and (pair.ours, pair.reference) == (-2.8, -3.1)
    assert pair.error == pytest.approx(0.3)
    assert farthest(np.array([np.nan, 1.0]), np.array([1.0, np.nan])) is None


# --- the lag -------------------------------------------------------------------------------------


def knee(times: FloatArray) -> FloatArray:
    """Five squats, each a little different, and a pause."""
    flexion = np.zeros_like(times)
    for index, (at, depth) in enumerate(
        zip((3.0, 6.2, 9.1, 14.0, 17.3), (90, 84, 97, 88, 93), strict=True)
    ):
        flexion += depth * np.exp(-(((times - at) / (0.55 + 0.03 * index)) ** 2))
    return flexion


def reference(times: FloatArray, rate_noise: float = 0.0) -> ReferenceAngles:
    flexion = knee(times) + np.random.default_rng(7).normal(0.0, rate_noise, len(times))
    return ReferenceAngles(times, np.column_stack([flexion, flexion, flexion]))


OURS = np.arange(0.0, 20.0, 0.0096)


@pytest.mark.parametrize("lag_s", [-0.7131, -0.0031, 0.0, 0.0047, 0.2502])
@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 250.0])
def test_a_known_lag_comes_back_within_two_milliseconds(lag_s: float, rate_hz: float) -> None:
    times = np.arange(1.0, 19.0, 1.0 / rate_hz)
    wanted = reference(times, 0.3)
    late = ReferenceAngles(times + lag_s, wanted.angles)
    found = find_lag(OURS, knee(OURS), late, 1.0)
    assert found.lag_s == pytest.approx(lag_s, abs=0.002)
    assert found.correlation > 0.99


def test_a_lag_survives_an_offset_in_flexion_and_holes() -> None:
    wanted = reference(np.arange(0.0, 20.0, 0.01))
    wanted.angles[:, 0] += 12.0
    wanted.angles[300:420, 0] = np.nan
    wanted.angles[900:930, 0] = np.nan
    late = ReferenceAngles(wanted.times + 0.333, wanted.angles)
    assert find_lag(OURS, knee(OURS), late, 1.0).lag_s == pytest.approx(0.333, abs=0.002)


def test_clocks_that_are_minutes_apart_take_a_wider_search() -> None:
    wanted = reference(np.arange(0.0, 20.0, 0.01))
    late = ReferenceAngles(wanted.times + 95.5, wanted.angles)
    with pytest.raises(InputError, match="max-lag"):
        find_lag(OURS, knee(OURS), late, 1.0)
    assert find_lag(OURS, knee(OURS), late, 120.0).lag_s == pytest.approx(95.5, abs=0.002)


def test_a_lag_at_the_end_of_the_search_is_refused() -> None:
    wanted = reference(np.arange(0.0, 20.0, 0.01))
    late = ReferenceAngles(wanted.times + 0.5, wanted.angles)
    with pytest.raises(InputError, match="at the end of"):
        find_lag(OURS, knee(OURS), late, 0.4)


def test_another_movement_and_another_sign_are_refused() -> None:
    times = np.arange(0.0, 20.0, 0.01)
    other = 40.0 * np.sin(2.0 * math.pi * 0.9 * times)
    with pytest.raises(InputError, match="does not go together"):
        find_lag(OURS, knee(OURS), ReferenceAngles(times, np.column_stack([other] * 3)), 1.0)
    turned = reference(times)
    turned.angles[:, 0] *= -1.0
    with pytest.raises(InputError, match="reference-signs extension"):
        find_lag(OURS, knee(OURS), turned, 0.2)


def test_even_reps_say_that_another_lag_fits_as_well() -> None:
    times = np.arange(0.0, 24.0, 0.01)
    even = 45.0 - 45.0 * np.cos(2.0 * math.pi * times / 3.0)
    found = find_lag(times, even, ReferenceAngles(times, np.column_stack([even] * 3)), 4.0)
    assert any(abs(abs(other) - 3.0) < 0.1 for other in found.others_s)


def test_flexion_that_does_not_move_is_refused_in_a_sentence() -> None:
    times = np.arange(0.0, 20.0, 0.01)
    still = ReferenceAngles(times, np.full((len(times), 3), 12.0))
    with pytest.raises(InputError, match=r"of the reference does not move \(it stays at 12\.0°"):
        find_lag(OURS, knee(OURS), still, 1.0)
    with pytest.raises(InputError, match="of the recording does not move"):
        find_lag(OURS, np.zeros_like(OURS), reference(times), 1.0)


def test_flexion_that_stands_still_in_the_part_both_tell_is_refused_too() -> None:
    times = np.arange(0.0, 40.0, 0.01)
    late = reference(times)
    late.angles[:, :] = np.where(times < 25.0, 3.0, 40.0 + 30.0 * np.sin(times))[:, None]
    with pytest.raises(InputError, match="does not go together"):
        find_lag(OURS, knee(OURS), late, 1.0)


def test_flexion_of_rows_too_far_apart_is_refused() -> None:
    with pytest.raises(InputError, match="nothing but holes"):
        find_lag(OURS, knee(OURS), reference(np.arange(0.0003, 20.0, 0.99991)), 1.0)


@pytest.mark.parametrize(
    ("lag_s", "words"),
    [(0.0057, ""), (-0.009, ""), (0.0123, "12 ms ahead"), (-7.3057, "7.306 s behind")],
)
def test_a_lag_is_told_in_ms_or_s_and_not_below_a_sample(lag_s: float, words: str) -> None:
    assert Lag(lag_s, 1.0).words == words
