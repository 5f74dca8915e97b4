import math

from kneecore.excursion import (
    IN_RANGE,
    MOVED_INWARD,
    MOVED_INWARD_LARGE,
    MOVED_OUTWARD,
    ExcursionTracker,
    ReferenceCurve,
    threshold_deg,
)
from kneecore.lowpass import LowPass

PERIOD_S = 0.009616


def reference(depth_deg=100.0):
    """Down 0.1 deg per deg of flexion, up 2 deg more."""
    n = int((depth_deg - 20.0) / 2.0) + 1
    down = [0.1 * (20.0 + 2.0 * i) for i in range(n)]
    return ReferenceCurve(down, [value + 2.0 for value in down])


def rep(bump_deg, bump_s=0.5, depth_deg=95.0, duration_s=2.5):
    """(flexion, rate, valgus) through one squat on the reference, and a bump at the bottom."""
    curve = reference()
    rows = []
    n = int(duration_s / PERIOD_S)
    for i in range(n):
        phase = 2.0 * math.pi * i / n
        flexion = depth_deg * (1.0 - math.cos(phase)) / 2.0
        rate = depth_deg * math.pi / duration_s * math.sin(phase)
        down = 0.5 + 0.5 * max(-1.0, min(1.0, rate / 15.0))
        t = (i - n / 2.0) * PERIOD_S / bump_s
        bump = bump_deg * math.cos(math.pi * t / 2.0) ** 2 if -1.0 < t < 1.0 else 0.0
        rows.append((flexion, rate, curve.at(flexion, down) + bump))
    return rows


def track(rows, sem_deg=1.0):
    tracker = ExcursionTracker(reference(), sem_deg, PERIOD_S)
    for row in rows:
        tracker.update(*row)
    return tracker


def test_a_rep_on_the_reference_is_in_range():
    tracker = track(rep(0.0))
    assert abs(tracker.peak_deg) < 1.0
    assert tracker.verdict() == IN_RANGE
    assert tracker.time_over_s == 0.0


def test_a_bump_is_found_with_its_size_and_place():
    tracker = track(rep(8.0))
    assert abs(tracker.peak_deg - 8.0) < 0.8
    assert abs(tracker.flexion_at_peak_deg - 95.0) < 3.0
    assert 0.2 < tracker.time_over_s < 0.7
    assert tracker.verdict() == MOVED_INWARD
    assert track(rep(13.0)).verdict() == MOVED_INWARD_LARGE
    assert track(rep(-8.0)).verdict() == MOVED_OUTWARD


def test_the_threshold_grows_with_the_scatter_of_the_reference():
    assert threshold_deg(1.0) == 5.0
    assert threshold_deg(4.0) == 8.0
    assert track(rep(7.0), sem_deg=4.0).verdict() == IN_RANGE


def test_a_spike_shorter_than_a_tenth_of_a_second_is_no_event():
    rows = [list(row) for row in rep(0.0)]
    for i in range(128, 132):
        rows[i][2] += 16.0
    tracker = track(rows)
    assert tracker.peak_deg > 5.0
    assert tracker.verdict() == IN_RANGE


def test_near_extension_nothing_is_compared():
    tracker = ExcursionTracker(reference(), 1.0, PERIOD_S)
    for _ in range(100):
        assert tracker.update(15.0, 0.0, 30.0) is None
    assert tracker.verdict() == IN_RANGE and not tracker.outside


def test_deeper_than_the_reference_is_marked_and_not_judged():
    assert not track(rep(0.0, depth_deg=104.0)).outside
    deep = track(rep(0.0, depth_deg=115.0))
    assert deep.outside
    assert deep.verdict() == IN_RANGE


def test_a_new_rep_begins_with_nothing():
    tracker = track(rep(8.0))
    tracker.begin()
    assert tracker.verdict() == IN_RANGE and tracker.peak_deg == 0.0


def test_down_and_up_have_their_own_curves_and_the_ends_are_held():
    curve = reference()
    assert abs(curve.at(51.0, 1.0) - 5.1) < 1e-4
    assert abs(curve.at(51.0, 0.0) - 7.1) < 1e-4
    assert abs(curve.at(51.0, 0.5) - 6.1) < 1e-4
    assert abs(curve.at(0.0, 1.0) - 2.0) < 1e-4
    assert abs(curve.at(140.0, 1.0) - 10.0) < 1e-4


def test_the_low_pass_keeps_what_is_slow_and_halves_power_at_its_corner():
    for frequency, gain in ((0.5, 1.0), (6.0, 0.7071), (24.0, 0.05)):
        low_pass = LowPass(6.0, PERIOD_S)
        peak = 0.0
        for i in range(1000):
            out = low_pass.update(math.sin(2.0 * math.pi * frequency * i * PERIOD_S))
            if i > 500:
                peak = max(peak, abs(out))
        assert abs(peak - gain) < 0.02, (frequency, peak)


def test_the_low_pass_begins_at_rest_on_its_first_value():
    low_pass = LowPass(6.0, PERIOD_S)
    for _ in range(10):
        assert abs(low_pass.update(42.0) - 42.0) < 1e-3
