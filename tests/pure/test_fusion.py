"""The orientation filter on motion whose truth is known in closed form."""

from math import acos, cos, pi, sin, sqrt

from kneecore import fusion, quaternion, vector

PERIOD_S = 1.0 / 208.0
GRAVITY = 9.81
UP = (0.0, 0.0, 1.0)


def swing(time_s):
    """q_earth_sensor and the gyr (rad/s, sensor frame) of a leg-like swing about a tilted axis."""
    axis = vector.normalised((0.8, 0.5, 0.3))
    angle = 1.0 - cos(2.0 * pi * 0.4 * time_s)
    rate = 2.0 * pi * 0.4 * sin(2.0 * pi * 0.4 * time_s)
    start = quaternion.from_axis_angle((1.0, 0.2, 0.0), 1.2)
    q = quaternion.multiply(start, quaternion.from_axis_angle(axis, angle))
    return q, vector.scaled(axis, rate)


def specific_force(q):
    return quaternion.rotate(quaternion.conjugate(q), (0.0, 0.0, GRAVITY))


def tilt_between(p, q):
    """The angle (rad) between where two orientations put the vertical, in the sensor's frame."""
    a = quaternion.rotate(quaternion.conjugate(p), UP)
    b = quaternion.rotate(quaternion.conjugate(q), UP)
    return acos(max(-1.0, min(1.0, vector.dot(a, b))))


def follow(filter_, seconds, bias=(0.0, 0.0, 0.0), start_s=0.0):
    """Run the swing through a filter; returns the truth at the end."""
    truth = quaternion.IDENTITY
    for i in range(int(seconds / PERIOD_S)):
        # The gyr of the middle of the step: exact to second order.
        _, gyr = swing(start_s + (i - 0.5) * PERIOD_S)
        truth, _ = swing(start_s + i * PERIOD_S)
        filter_.update(vector.added(gyr, bias), specific_force(truth))
    return truth


def test_at_rest_the_vertical_points_up_from_the_first_correction_on():
    for force in ((0.0, 0.0, GRAVITY), (GRAVITY, 0.0, 0.0), (0.0, 3.0, -9.3), (0.0, 0.0, -GRAVITY)):
        filter_ = fusion.Filter(fusion.Params(), PERIOD_S)
        for _ in range(10):
            filter_.update((0.0, 0.0, 0.0), force)
        up = quaternion.rotate(filter_.orientation(), force)
        assert up[2] > 0.99999 * vector.norm(force)


def test_a_swing_is_followed():
    filter_ = fusion.Filter(fusion.Params(), PERIOD_S)
    truth = follow(filter_, 12.0)
    assert tilt_between(filter_.orientation(), truth) < 0.002


def test_a_full_turn_is_integrated_exactly():
    filter_ = fusion.Filter(fusion.Params(), PERIOD_S)
    for _ in range(208):
        filter_.update((0.0, 0.0, 2.0 * pi), (0.0, 0.0, GRAVITY))
    q = filter_.orientation()
    assert abs(q[0]) > 0.999999 and abs(q[3]) < 1e-5


def test_the_bias_about_a_level_axis_is_learnt_in_motion():
    bias = (0.008, 0.0, 0.0)  # the swing's x axis stays near level: it shows as tilting
    filter_ = fusion.Filter(fusion.Params(), PERIOD_S)
    follow(filter_, 40.0, bias)
    assert vector.norm(vector.subtracted(filter_.bias, bias)) < 0.002


def test_the_bias_is_learnt_at_rest_only_where_that_is_wanted():
    bias = (0.0, 0.0, 0.01)  # about the vertical: motion tells nothing of it
    for rest_bias in (True, False):
        filter_ = fusion.Filter(fusion.Params(rest_bias=rest_bias), PERIOD_S)
        for _ in range(208 * 10):
            filter_.update(bias, (0.0, 0.0, GRAVITY))
        assert filter_.at_rest
        assert (abs(filter_.bias[2] - bias[2]) < 0.0005) == rest_bias


def test_a_moving_imu_is_not_at_rest():
    filter_ = fusion.Filter(fusion.Params(), PERIOD_S)
    follow(filter_, 4.0)
    assert not filter_.at_rest


def test_a_steady_turn_too_fast_for_a_bias_is_not_rest():
    for axis in range(3):
        for rate in (0.04, -0.04):
            gyr = [0.0, 0.0, 0.0]
            gyr[axis] = rate
            filter_ = fusion.Filter(fusion.Params(), PERIOD_S)
            for _ in range(2 * 208):
                filter_.update(tuple(gyr), (0.0, 0.0, GRAVITY))
            assert not filter_.at_rest


def test_the_table_zero_may_be_larger_than_what_can_be_learnt():
    zero = (0.2, -0.1, 0.15)
    filter_ = fusion.Filter(fusion.Params(), PERIOD_S)
    filter_.set_zero(zero)
    truth = follow(filter_, 12.0, zero)
    assert tilt_between(filter_.orientation(), truth) < 0.002
    assert vector.norm(vector.subtracted(filter_.bias, zero)) < 0.002


def test_free_fall_leaves_the_orientation_to_the_gyroscope():
    filter_ = fusion.Filter(fusion.Params(), PERIOD_S)
    for _ in range(50):
        filter_.update((0.1, 0.0, 0.0), (0.0, 0.0, 0.0))
    expected = quaternion.from_axis_angle((1.0, 0.0, 0.0), 0.1 * 50 * PERIOD_S)
    assert abs(filter_.orientation()[1] - expected[1]) < 1e-4


def test_reset_forgets_all_but_the_table_zero():
    filter_ = fusion.Filter(fusion.Params(), PERIOD_S)
    filter_.set_zero((0.01, 0.0, 0.0))
    follow(filter_, 5.0)
    first = filter_.orientation()
    filter_.reset()
    assert filter_.orientation() == quaternion.IDENTITY
    assert filter_.bias == (0.01, 0.0, 0.0)
    follow(filter_, 5.0)
    assert filter_.orientation() == first


def pair_after(rows_of_one):
    """A pair whose shank gets the same rows as its thigh."""
    pair = fusion.PairFilter(fusion.Params(), PERIOD_S, gyr_limit=34.9, acc_limit=157.0)
    for row in rows_of_one:
        pair.step(row + row, 0)
    return pair


def still_rows(force, count=40):
    return [[0.0, 0.0, 0.0] + list(force) for _ in range(count)]


def test_relative_is_the_identity_where_both_stand_alike():
    pair = pair_after(still_rows((1.0, 9.5, 2.0)))
    assert abs(pair.relative()[0]) > 1.0 - 1e-9


def test_relative_undoes_the_mounting():
    # Segments alike, sensors turned on them: thigh's by m, so that its row is the turned one.
    mounting = quaternion.from_axis_angle((0.3, 1.0, -0.2), 0.7)
    force = (1.0, 9.5, 2.0)
    turned = quaternion.rotate(quaternion.conjugate(mounting), force)
    pair = fusion.PairFilter(fusion.Params(), PERIOD_S)
    pair.set_alignment(mounting, quaternion.IDENTITY)
    for _ in range(40):
        pair.step([0.0, 0.0, 0.0] + list(turned) + [0.0, 0.0, 0.0] + list(force), 0)
    # What is left is a turn about the vertical: the two headings are the sensors' own.
    up = quaternion.rotate(pair.relative(), vector.normalised(force))
    assert vector.norm(vector.subtracted(up, vector.normalised(force))) < 1e-6


def test_heading_turns_the_shank_about_the_vertical():
    pair = pair_after(still_rows((0.0, 0.0, GRAVITY)))
    pair.set_heading(0.3)
    w, x, y, z = pair.relative()
    assert abs(z / w - sin(0.15) / cos(0.15)) < 1e-9
    assert sqrt(x * x + y * y) < 1e-9


def test_quaternions_are_written_in_wire_counts():
    pair = pair_after(still_rows((GRAVITY, 0.0, 0.0)))
    buffer = bytearray(19)
    pair.put_quaternions(buffer, 3)
    assert buffer[:3] == b"\0\0\0"
    thigh, shank = pair.orientations()
    for k, x in enumerate(thigh + shank):
        count = buffer[3 + 2 * k] + 256 * buffer[4 + 2 * k]
        count -= 65536 * (count >> 15)
        assert abs(count - x * 32767) <= 0.5


def test_saturation_is_told_once():
    pair = pair_after(still_rows((0.0, 0.0, GRAVITY), 3))
    assert not pair.saturated()
    pair.step([0.0] * 11 + [-157.0], 0)
    pair.step([0.0] * 12, 0)
    assert pair.saturated()
    assert not pair.saturated()


def test_rates_are_those_of_the_last_sample_without_the_table_zero():
    pair = fusion.PairFilter(fusion.Params(), PERIOD_S)
    pair.set_bias((0.1, 0.0, 0.0), (0.0, 0.0, 0.0))
    pair.step([0.1, 0.3, 0.4] + [0.0, 0.0, GRAVITY] + [0.0, 2.0, 0.0] + [0.0, 0.0, GRAVITY], 0)
    thigh, shank = pair.rates()
    assert abs(thigh - 0.5) < 1e-9
    assert abs(shank - 2.0) < 1e-9
