import math

from kneecore.reps import ASCENDING, ENDED, REJECTED, STARTED, RepDetector

PERIOD_S = 0.009616


def smooth(x):
    """Minimum-jerk rise from 0 to 1."""
    return x * x * x * (10.0 - 15.0 * x + 6.0 * x * x)


def movement(*parts):
    """Flexion (deg) through (duration_s, flexion_deg) parts, from the first part's angle."""
    angle = parts[0][1]
    samples = []
    for duration_s, goal in parts:
        n = max(1, int(duration_s / PERIOD_S + 0.5))
        for i in range(n):
            samples.append(angle + (goal - angle) * smooth((i + 1) / n))
        angle = goal
    return samples


def squat(depth=100.0, down=1.2, pause=0.1, up=1.0, stand=0.0, rest=1.0):
    return ((down, depth), (pause, depth), (up, stand), (rest, stand))


def detect(samples, start_s=0.0, noise_deg=0.3):
    """[(start, bottom, end, peak)] of the reps, and the reasons of the rejected."""
    detector = RepDetector(PERIOD_S)
    reps = []
    reasons = []
    time_s = start_s
    for i, flexion in enumerate(samples):
        time_s = start_s + i * PERIOD_S
        # A deterministic wobble that no rule may mind.
        event = detector.update(time_s, flexion + noise_deg * math.sin(2.1 * i))
        note(detector, event, reps, reasons)
    note(detector, detector.finish(), reps, reasons)
    return reps, reasons


def note(detector, event, reps, reasons):
    if event == ENDED:
        reps.append((detector.start_s, detector.bottom_s, detector.end_s, detector.peak_deg))
    elif event == REJECTED:
        reasons.append(detector.reason)


def test_reps_of_a_plain_set_are_all_found_with_their_times():
    samples = movement((2.0, 0.0), *(squat() * 5))
    reps, reasons = detect(samples)
    assert len(reps) == 5 and not reasons
    for k, (start_s, bottom_s, end_s, peak_deg) in enumerate(reps):
        began_s = 2.0 + 3.3 * k
        assert 0.0 < start_s - began_s < 0.35, start_s - began_s
        assert abs(bottom_s - began_s - 1.25) < 0.1
        assert -0.25 < end_s - began_s - 2.3 < 0.05, end_s - began_s
        assert abs(peak_deg - 100.0) < 1.0


def test_a_leg_that_never_straightens_is_judged_by_its_own_standing_angle():
    samples = movement((2.0, 28.0), *(squat(depth=105.0, stand=28.0) * 4))
    assert len(detect(samples)[0]) == 4


def test_the_standing_angle_follows_within_a_set():
    parts = [(2.0, 0.0)]
    for k in range(6):
        parts += squat(stand=5.0 * k)
    reps, reasons = detect(movement(*parts))
    assert len(reps) == 6 and not reasons


def test_slow_squats_of_almost_ten_seconds_count():
    samples = movement((2.0, 0.0), *(squat(depth=80.0, down=4.6, up=4.4, pause=0.5) * 3))
    assert len(detect(samples)[0]) == 3


def test_a_slow_squat_of_constant_speed_counts():
    samples = [0.0] * 200
    for i in range(450):
        samples.append(80.0 * i / 450)
    for i in range(450):
        samples.append(80.0 - 80.0 * i / 450)
    assert len(detect(samples + [0.0] * 200)[0]) == 1


def test_fast_squats_count():
    assert len(detect(movement((1.0, 0.0), *(squat(down=0.5, up=0.45, rest=0.0) * 8)))[0]) == 8


def test_touch_and_go_short_of_extension_is_one_rep_each_time():
    parts = [(2.0, 0.0)] + [(1.0, 100.0), (0.8, 30.0)] * 5 + [(0.6, 0.0), (1.0, 0.0)]
    reps, reasons = detect(movement(*parts))
    assert len(reps) == 5 and not reasons
    for k in range(4):
        assert 0.0 <= reps[k + 1][0] - reps[k][2] < 0.25


def test_a_pause_short_of_extension_ends_a_rep():
    parts = [(2.0, 0.0)] + [(1.0, 100.0), (0.8, 30.0), (1.5, 30.0)] * 3
    assert len(detect(movement(*parts))[0]) == 3


def test_a_small_double_dip_is_one_rep_and_a_large_one_is_two():
    small = movement((1.0, 0.0), (1.0, 100.0), (0.6, 60.0), (0.6, 105.0), (1.0, 0.0), (1.0, 0.0))
    large = movement((1.0, 0.0), (1.0, 100.0), (0.6, 30.0), (0.6, 105.0), (1.0, 0.0), (1.0, 0.0))
    reps = detect(small)[0]
    assert len(reps) == 1 and abs(reps[0][3] - 105.0) < 1.0
    assert len(detect(large)[0]) == 2


def test_a_set_may_begin_in_the_middle_of_a_movement():
    from_half_way_down = movement((0.5, 0.0), *(squat() * 3))[112:]
    assert len(detect(from_half_way_down)[0]) == 3
    from_the_bottom = movement((0.5, 100.0), (1.0, 0.0), (1.0, 0.0), *(squat() * 2))
    assert len(detect(from_the_bottom)[0]) == 2


def test_the_end_of_the_data_ends_a_rep_that_is_mostly_back_up():
    rise = movement((1.0, 0.0), (1.2, 100.0), (1.0, 0.0))
    assert len(detect(rise[:-25])[0]) == 1
    assert len(detect(rise[:-60])[0]) == 0


def test_sitting_down_for_a_while_is_no_rep():
    sitting = movement((2.0, 0.0), (1.0, 90.0), (30.0, 90.0), (1.0, 0.0), (1.0, 0.0), *squat())
    reps, reasons = detect(sitting)
    assert len(reps) == 1
    assert reasons[0] == "it took too long"


def test_walking_is_no_rep():
    stride = ((0.15, 18.0), (0.25, 6.0), (0.35, 64.0), (0.35, 3.0))
    reps, reasons = detect(movement((1.0, 3.0), *(stride * 10)))
    assert not reps and reasons


def test_a_shallow_bend_is_rejected_with_its_reason():
    reps, reasons = detect(movement((1.0, 0.0), *squat(depth=35.0)))
    assert not reps and reasons == ["too little flexion"]


def test_missing_samples_inside_a_rep_do_not_lose_it():
    samples = movement((1.0, 0.0), *squat())
    detector = RepDetector(PERIOD_S)
    events = []
    for i, flexion in enumerate(samples):
        if not 150 <= i < 166:
            events.append(detector.update(i * PERIOD_S, flexion))
    assert events.count(STARTED) == 1 and events.count(ENDED) == 1


def test_a_long_hole_abandons_the_rep_and_the_next_one_counts():
    samples = movement((1.0, 0.0), *(squat() * 2))
    detector = RepDetector(PERIOD_S)
    events = []
    for i, flexion in enumerate(samples):
        if not 180 <= i < 300:
            events.append(detector.update(i * PERIOD_S, flexion))
    assert events.count(REJECTED) == 1 and events.count(ENDED) == 1


def test_times_that_do_not_grow_change_nothing():
    detector = RepDetector(PERIOD_S)
    for i, flexion in enumerate(movement((1.0, 0.0), (1.2, 100.0), (0.5, 40.0))):
        detector.update(i * PERIOD_S, flexion)
        assert detector.update(i * PERIOD_S, 500.0) is None
        assert detector.update(0.0, -500.0) is None
    assert detector.state == ASCENDING
