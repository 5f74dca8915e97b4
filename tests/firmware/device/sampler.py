"""Pairs of two IMUs on one grid. The ticks wrap in the third second of every test here."""

from sim import vclock

vclock.TICKS_OFFSET_US = 2**30 - 2_500_000  # before anybody imports `time`

from array import array  # noqa: E402

import bench  # noqa: E402

from kneeband import clock, imu, sampler  # noqa: E402
from kneecore import wire  # noqa: E402

OFFSET_US = vclock.TICKS_OFFSET_US


class Seen:
    """What a sampler gave: numbers, the time error of each pair's two halves (us), holes."""

    def __init__(self, one):
        self.sampler = one
        self.numbers = []
        self.errors_us = array("f")  # thigh, shank, thigh, ...
        self.holes = []
        self.faults = 0  # all that there ever were

    def run(self, duration_ms, wait_ms=20):
        end = vclock.now_us() + duration_ms * 1000
        while vclock.now_us() < end:
            self.poll()
            bench.wait_ms(wait_ms)
        return self

    def poll(self):
        one = self.sampler
        while True:
            count = one.poll()
            self.faults |= one.faults
            if count and one.hole:  # as Measurement looks at it
                self.holes.append((one.number, one.hole))
            for i in range(count):
                self.numbers.append(one.number + i)
                self._compare(one.rows, 12 * i, one.number + i)
            if not one.behind:
                return

    def _compare(self, rows, at, number):
        t_s = (number * wire.PAIR_PERIOD_US - OFFSET_US) * 1e-6
        slope = bench.Ramps.slope(t_s)
        if not slope:
            return
        row = []
        for column in (0, 6):
            value = rows[at + column] * imu.GYR_LSB_RAD_S
            row.append((value - bench.Ramps.at(t_s)) / slope * 1e6)
            acc = rows[at + column + 3] * imu.ACC_LSB_M_S2
            assert abs(acc + value) < 0.01, (acc, value)
        self.errors_us.append(row[0])
        self.errors_us.append(row[1])

    def worst_us(self, skip=0):
        """The largest error, the first `skip` pairs left out."""
        return max([abs(error) for error in self.errors_us[2 * skip :]])

    def apart_us(self, skip=0):
        """How far apart in time the halves of a pair are, at most."""
        e = self.errors_us
        return max([abs(e[i] - e[i + 1]) for i in range(2 * skip, len(e), 2)])


def make(thigh_error=0.0, shank_error=0.0):
    thigh = bench.chip(bench.THIGH, bench.Ramps(), thigh_error)
    shank = bench.chip(bench.SHANK, bench.Ramps(), shank_error)
    one = sampler.Sampler(bench.driver(bench.THIGH), bench.driver(bench.SHANK), clock.BoardClock())
    one.start()
    return thigh, shank, Seen(one)


def consecutive(numbers):
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_oscillators_a_percent_apart_give_pairs_within_two_milliseconds_of_the_truth():
    _, _, seen = make(0.01, -0.01)
    seen.run(10_000)
    assert consecutive(seen.numbers) and not seen.holes
    assert len(seen.numbers) > 2040  # 10 s at 208 Hz, less the 100 ms in which the chips settle
    assert seen.worst_us(50) < 2000, seen.worst_us(50)
    assert seen.apart_us(50) < 1500, seen.apart_us(50)


def test_the_other_way_round_too():
    _, _, seen = make(-0.0107, 0.0093)
    seen.run(10_000)
    assert consecutive(seen.numbers) and not seen.holes
    assert seen.worst_us(50) < 2000, seen.worst_us(50)


def test_polls_at_the_very_rate_of_the_samples_stay_within_a_period():
    # The worst case for the clock: every look falls on the same phase, and bounds it no further.
    _, _, seen = make()
    seen.run(4_000, wait_ms=24)
    assert consecutive(seen.numbers)
    assert seen.worst_us(50) < 2700, seen.worst_us(50)


def test_the_grid_goes_on_over_the_wrap_of_the_ticks():
    _, _, seen = make()
    seen.run(5_000)
    assert consecutive(seen.numbers)
    wrap = 2**30 // wire.PAIR_PERIOD_US
    assert seen.numbers[0] < wrap < seen.numbers[-1]
    now = seen.numbers[-1] * wire.PAIR_PERIOD_US - OFFSET_US
    assert 0 < vclock.now_us() - now < 60_000


def test_an_overrun_makes_a_hole_of_the_right_length():
    _, _, seen = make(0.004, -0.004)
    seen.run(1_000)
    before = seen.numbers[-1]
    bench.wait_ms(3_000)
    seen.run(1_000)
    assert seen.sampler.thigh.overruns == 1 and seen.sampler.shank.overruns == 1
    assert len(seen.holes) == 1
    after, missing = seen.holes[0]
    assert after - before - 1 == missing
    # The FIFO holds 256 samples, 1.23 s: 1.77 s are lost.
    assert abs(missing * wire.PAIR_PERIOD_US - 1_780_000) < 40_000, missing
    assert seen.worst_us(50) < 2600, seen.worst_us(50)


def test_a_late_poll_catches_up_without_a_hole():
    _, _, seen = make(0.004, -0.004)
    seen.run(1_000)
    bench.wait_ms(900)
    seen.run(500)
    assert not seen.holes and consecutive(seen.numbers)
    assert seen.worst_us(50) < 2000, seen.worst_us(50)


def test_a_silent_imu_is_told_within_a_second_and_comes_back():
    thigh, _, seen = make()
    seen.run(1_000)
    thigh.fault("nack", vclock.now_us(), 1_500_000)
    before = len(seen.numbers)
    seen.run(100)
    assert seen.sampler.faults == wire.FAULT_THIGH_IMU
    assert len(seen.numbers) - before < 10
    seen.run(3_000)
    assert seen.sampler.faults == 0
    assert len(seen.holes) == 1
    assert 1_500_000 < seen.holes[0][1] * wire.PAIR_PERIOD_US < 2_800_000
    assert seen.worst_us(50) < 2600, seen.worst_us(50)


def test_an_imu_that_forgot_its_settings_is_told_within_a_second_and_set_up_again():
    _, shank, seen = make()
    seen.run(1_000)
    shank.fault("brownout", vclock.now_us())
    seen.run(900)
    assert seen.faults == wire.FAULT_SHANK_IMU
    seen.run(1_500)
    assert seen.sampler.faults == 0
    assert len(seen.holes) == 1 and seen.holes[0][1] * wire.PAIR_PERIOD_US < 1_900_000


def test_a_hole_is_told_however_few_rows_there_are_behind_it():
    # Polled faster than it samples, an IMU that is back brings its rows one by one: the grid may
    # then skip to a point that the other IMU has not yet reached, so the poll gives no pair.
    thigh, _, seen = make(0.004, -0.004)
    seen.run(500, wait_ms=2)
    for _ in range(8):
        thigh.fault("nack", vclock.now_us(), 300_000)
        seen.run(1_603, wait_ms=2)
    jumps = [(b, b - a - 1) for a, b in zip(seen.numbers, seen.numbers[1:]) if b - a > 1]
    assert len(jumps) == 8
    assert seen.holes == jumps, (seen.holes, jumps)


def test_with_one_imu_missing_from_the_start_there_are_no_pairs_but_a_fault():
    bench.chip(bench.SHANK, bench.Ramps())
    one = sampler.Sampler(bench.driver(0x33), bench.driver(bench.SHANK), clock.BoardClock())
    one.start()
    seen = Seen(one).run(2_000)
    assert seen.numbers == [] and one.faults == wire.FAULT_THIGH_IMU


def test_polling_leaves_next_to_no_garbage():
    import gc

    # The model's own work is garbage too: so the chips rest, and only the sampler runs.
    _, _, seen = make()
    seen.run(1_000)
    one = seen.sampler
    one.poll()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        one.poll()
    used = gc.mem_alloc() - before
    gc.enable()
    print(used)
    assert used / 100 < 2000, used


def test_a_saturated_count_is_not_averaged_away():
    for limit in (32767, -32768):
        rows = array("h", [0] * 18)
        rows[8] = limit  # axis 2 of the second row of six
        pairs = array("h", [0] * 24)
        period = wire.PAIR_PERIOD_US << 4
        sampler._resample(rows, pairs, 0, period // 2, period, 2)  # half way between two rows
        assert list(pairs[:6]) == [0, 0, limit, 0, 0, 0]
        assert list(pairs[12:18]) == [0, 0, limit, 0, 0, 0]
