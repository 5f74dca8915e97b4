"""kneeband.strapdown.PairFilter, method by method, against kneecore.fusion.PairFilter."""

import gc
import struct
from array import array
from math import pi, sin

from kneeband import q30
from kneeband.strapdown import PairFilter
from kneecore import fusion, quaternion

PERIOD_S = 1.0 / 208.0
GYR_LSB = 0.070 * pi / 180.0
ACC_LSB = 0.000488 * 9.80665
ZERO_THIGH = (0.02, -0.01, 0.005)
ZERO_SHANK = (-0.015, 0.01, 0.02)


def counts(i):
    """Row i of a swing of both segments."""
    row = array("h", bytes(24))
    for at in (0, 6):
        row[at] = int(0.3 * sin(i / 40 + at) / GYR_LSB)
        row[at + 1] = int(0.5 * sin(i / 60) / GYR_LSB)
        row[at + 2] = int(2.0 * sin(i / 50 + at) / GYR_LSB)
        row[at + 3] = int(2.0 / ACC_LSB)
        row[at + 4] = int((9.5 + 0.3 * sin(i / 50)) / ACC_LSB)
        row[at + 5] = int(-1.0 / ACC_LSB)
    return row


def si(row):
    return [row[k] * (GYR_LSB if k % 6 < 3 else ACC_LSB) for k in range(12)]


def twins(steps, params=None):
    """Both forms, mounted askew, after the same swing."""
    params = params or fusion.Params()
    fixed = PairFilter(params, PERIOD_S, GYR_LSB, ACC_LSB)
    floats = fusion.PairFilter(params, PERIOD_S)
    for pair in (fixed, floats):
        pair.set_alignment((0.5, 0.3, -0.2, 0.7), (0.1, -0.3, 0.6, 0.7))
        pair.set_heading(-2.0)
        pair.set_bias(ZERO_THIGH, ZERO_SHANK)
    for i in range(steps):
        row = counts(i)
        fixed.step(row, 0)
        floats.step(si(row), 0)
    return fixed, floats


def apart(p, q):
    """The largest difference of two quaternions' numbers, whatever their signs."""
    same = max([abs(a - b) for a, b in zip(p, q)])
    return min(same, max([abs(a + b) for a, b in zip(p, q)]))


def test_relative_takes_alignment_and_heading_in():
    fixed, floats = twins(500)
    assert apart(fixed.relative(), floats.relative()) < 2e-4
    # At once, not only after the next correction.
    fixed.set_heading(0.7)
    floats.set_heading(0.7)
    assert apart(fixed.relative(), floats.relative()) < 2e-4
    fixed.set_alignment(quaternion.IDENTITY, quaternion.IDENTITY)
    floats.set_alignment(quaternion.IDENTITY, quaternion.IDENTITY)
    assert apart(fixed.relative(), floats.relative()) < 2e-4


def test_orientations_and_rates_are_the_twins():
    fixed, floats = twins(503)
    for p, q in zip(fixed.orientations(), floats.orientations()):
        assert apart(p, q) < 2e-4
    for a, b in zip(fixed.rates(), floats.rates()):
        assert abs(a - b) < 1e-4
    for a, b in zip(fixed.thigh.bias + fixed.shank.bias, floats.thigh.bias + floats.shank.bias):
        assert abs(a - b) < 5e-5


def test_quaternions_are_written_as_wire_counts_wherever_they_stand():
    fixed, _ = twins(500)
    for offset in (0, 3):
        buffer = bytearray(24)
        fixed.put_quaternions(buffer, offset)
        written = struct.unpack_from("<8h", buffer, offset)
        thigh, shank = fixed.orientations()
        for count, x in zip(written, thigh + shank):
            assert abs(count - x * 32767) < 3
        assert not any(buffer[:offset]) and not any(buffer[offset + 16 :])


def test_the_end_of_the_range_fits_into_a_packet():
    pair = PairFilter(fusion.Params(), PERIOD_S, GYR_LSB, ACC_LSB)
    buffer = bytearray(16)
    pair.put_quaternions(buffer, 0)
    assert struct.unpack("<8h", buffer) == (32767, 0, 0, 0, 32767, 0, 0, 0)


def test_a_quaternion_a_little_too_long_does_not_wrap_round():
    long = array("i", [(1 << 30) + (1 << 16), 0, 0, 0])
    buffer = bytearray(8)
    q30.put(buffer, 0, long)
    assert struct.unpack("<4h", buffer) == (32767, 0, 0, 0)


def test_saturation_is_told_once_for_every_axis_and_sign():
    fixed, _ = twins(20)
    assert not fixed.saturated()
    for k in range(12):
        for end in (32767, -32767, -32768):
            row = counts(0)
            row[k] = end
            fixed.step(row, 0)
            fixed.step(counts(1), 0)
            assert fixed.saturated()
            assert not fixed.saturated()
    row = counts(0)
    for k in range(12):
        row[k] = 32766 if k % 2 else -32766
    fixed.step(row, 0)
    assert not fixed.saturated()


def test_any_row_of_a_buffer_can_be_taken():
    rows = array("h")
    for i in range(40):
        rows.extend(counts(i))
    fixed = PairFilter(fusion.Params(), PERIOD_S, GYR_LSB, ACC_LSB)
    again = PairFilter(fusion.Params(), PERIOD_S, GYR_LSB, ACC_LSB)
    for i in range(40):
        fixed.step(rows, i)
        again.step(counts(i), 0)
    assert fixed.relative() == again.relative()


def test_reset_forgets_all_but_what_was_set():
    fixed, _ = twins(300)
    first = fixed.relative()
    fixed.reset()
    assert fixed.orientations() == (quaternion.IDENTITY, quaternion.IDENTITY)
    assert fixed.thigh.bias == ZERO_THIGH
    assert not fixed.saturated()
    for i in range(300):
        fixed.step(counts(i), 0)
    assert fixed.relative() == first


def test_rest_is_seen_by_both():
    still = array("h", bytes(24))
    still[4] = still[10] = int(9.81 / ACC_LSB)
    for rest_bias in (False, True):
        fixed, floats = twins(0, fusion.Params(rest_bias=rest_bias))
        for _ in range(20 * 208):
            fixed.step(still, 0)
            floats.step(si(still), 0)
        assert fixed.thigh.at_rest and floats.thigh.at_rest
        # Counts of zero after a table zero: what is left to learn is its negative.
        learnt = max([abs(x) for x in fixed.thigh.bias]) < 0.002
        assert learnt == rest_bias
        for a, b in zip(fixed.thigh.bias, floats.thigh.bias):
            assert abs(a - b) < 2e-4


def at_rest_when_shaken(column, amplitude):
    """Whether each form sees rest while one number swings by `amplitude` counts at 4 Hz."""
    params = fusion.Params()
    fixed = PairFilter(params, PERIOD_S, GYR_LSB, ACC_LSB)
    floats = fusion.PairFilter(params, PERIOD_S)
    row = array("h", bytes(24))
    row[4] = row[10] = int(9.81 / ACC_LSB)
    level = row[column]
    for i in range(3 * 208):
        row[column] = level + int(amplitude * sin(2.0 * pi * i / 52))
        fixed.step(row, 0)
        floats.step(si(row), 0)
    return fixed.thigh.at_rest, floats.thigh.at_rest


def test_rest_ends_at_two_degrees_a_second_or_half_a_metre_a_second_squared():
    for axis in range(3):
        limit = 2.0 * pi / 180.0 / GYR_LSB
        assert at_rest_when_shaken(axis, 0.7 * limit) == (True, True)
        assert at_rest_when_shaken(axis, 1.4 * limit) == (False, False)
        limit = 0.5 / ACC_LSB
        assert at_rest_when_shaken(3 + axis, 0.7 * limit) == (True, True)
        assert at_rest_when_shaken(3 + axis, 1.4 * limit) == (False, False)


def garbage(function, *arguments):
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(50):
        function(*arguments)
    grown = gc.mem_alloc() - before
    gc.enable()
    return grown / 50


def test_a_sample_and_its_packing_leave_nothing_on_the_heap():
    fixed, _ = twins(20)
    row = counts(3)
    buffer = bytearray(16)
    assert garbage(fixed.thigh.strapdown.step, row, 0) == 0
    assert garbage(fixed.put_quaternions, buffer, 0) == 0


def test_relative_leaves_its_four_floats_only():
    fixed, _ = twins(20)
    assert garbage(fixed.relative) <= 4 * 32 + 64


def test_a_period_too_long_for_the_arithmetic_is_refused():
    try:
        PairFilter(fusion.Params(), 0.02, GYR_LSB, ACC_LSB)
    except ValueError as error:
        assert "too long" in str(error)
        return
    raise AssertionError("accepted")
