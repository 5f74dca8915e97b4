"""The IMU driver against the chip's registers (sim.imu_model)."""

import errno
import struct
from array import array

import bench

from kneeband import imu as band
from kneeband import lsm6ds

TRUTH = (1.0, -2.0, 3.0, 0.5, -1.5, 9.8)


def fixed(words):
    """A bus that answers FIFO reads with given words: (sensor, slot, x)."""
    words = [
        struct.pack("<Bhhh", sensor << 3 | (slot & 3) << 1, x, 0, 0) for sensor, slot, x in words
    ]
    return bench.Answers(b"".join(words), (0x78,))


def test_configure_sets_every_bit_that_matters():
    model = bench.chip(bench.THIGH, bench.Steady(*TRUTH))
    bench.driver().configure()
    bits = {register: model.read(register, 1, 0)[0] for register in range(0x09, 0x19)}
    assert bits[0x09] == 0x55  # gyr and acc batched at 208 Hz
    assert bits[0x0A] & 0x07 == 6  # continuous FIFO
    assert bits[0x10] == 0x56  # acc 208 Hz, +-16 g, LPF2
    assert bits[0x11] == 0x5C  # gyr 208 Hz, +-2000 dps
    assert bits[0x12] == 0x44  # block data update, address increment
    assert bits[0x15] & 0x10 == 0  # acc in high-performance mode
    assert bits[0x16] & 0x80 == 0  # gyr too
    assert bits[0x17] & 0xE0 == 0  # LPF2 at ODR/4
    assert bits[0x18] & 0x02  # I3C off


def test_configure_undoes_what_was_set_before():
    model = bench.chip(bench.THIGH, bench.Steady(*TRUTH))
    imu = bench.driver()
    model.write(0x11, b"\x52", 0)  # +-125 dps
    model.write(0x16, b"\x80", 0)  # gyr in low power
    imu.configure()
    assert not imu.gyr_range_125_dps and not imu.gyr_low_power


def test_rows_are_in_counts_of_the_ranges_told():
    bench.chip(bench.THIGH, bench.Steady(*TRUTH))
    imu = bench.driver()
    imu.configure()
    bench.wait_ms(50)
    rows = array("h", [0] * 60)
    assert imu.read_rows(imu.level(), rows, 0) >= 9
    for k in range(6):
        lsb = band.GYR_LSB_RAD_S if k < 3 else band.ACC_LSB_M_S2
        assert abs(rows[k] * lsb - TRUTH[k]) <= 0.51 * lsb


def test_rows_come_in_order_and_none_is_lost_over_many_bursts():
    source = bench.Counting(lsm6ds.Lsm6ds)
    bench.chip(bench.THIGH, source)
    imu = bench.driver()
    imu.configure()
    seen = []
    for step in range(100):
        bench.wait_ms(13 + step % 9)
        _, gyr, acc = bench.rows_of(imu, imu.level())
        assert gyr == acc and not imu.broken
        seen += gyr
    assert len(seen) > 300
    assert seen == list(range(seen[0], seen[0] + len(seen)))


def test_a_burst_that_ends_between_gyr_and_acc_loses_nothing():
    bench.chip(bench.THIGH, bench.Counting(lsm6ds.Lsm6ds))
    imu = bench.driver()
    imu.configure()
    seen = []
    for _ in range(60):
        bench.wait_ms(20)
        while imu.level() >= 3:
            seen += bench.rows_of(imu, 3)[1]
    assert seen == list(range(seen[0], seen[0] + len(seen)))


def test_the_two_words_of_a_slot_may_come_in_either_order():
    imu = lsm6ds.Lsm6ds(fixed([(2, 0, 5), (1, 0, 4), (1, 1, 6), (2, 1, 7)]), 0)
    assert bench.rows_of(imu, 4) == (2, [4, 6], [5, 7])
    assert not imu.broken


def test_words_of_other_sensors_are_passed_over():
    imu = lsm6ds.Lsm6ds(fixed([(1, 0, 4), (3, 0, 99), (2, 0, 5), (4, 1, 98)]), 0)
    assert bench.rows_of(imu, 4) == (1, [4], [5])


def test_a_lost_word_never_pairs_gyr_and_acc_of_different_slots():
    words = []
    for slot in range(8):
        words += [(1, slot, 10 + slot), (2, slot, 20 + slot)]
    for lost in range(1, 14):
        kept = words[:lost] + words[lost + 1 :]
        imu = lsm6ds.Lsm6ds(fixed(kept), 0)
        count, gyr, acc = bench.rows_of(imu, len(kept))
        assert [a - g for g, a in zip(gyr, acc)] == [10] * count
        assert gyr == list(range(18 - count, 18)), gyr
        assert imu.broken


def test_overrun_is_seen_once_and_the_rows_left_are_the_newest():
    source = bench.Counting(lsm6ds.Lsm6ds)
    bench.chip(bench.THIGH, source)
    imu = bench.driver()
    imu.configure()
    bench.wait_ms(3000)
    assert imu.level() == lsm6ds.FIFO_WORDS and imu.overrun
    made = source.samples
    count, gyr, _ = bench.rows_of(imu)
    assert count == 16 and not imu.broken
    assert gyr[0] >= made - 256
    imu.level()
    assert not imu.overrun


def test_the_period_follows_the_chips_own_word_on_its_oscillator():
    for error in (-0.015, 0.0, 0.0105):
        bench.chip(bench.THIGH, bench.Steady(*TRUTH), oscillator=error)
        imu = bench.driver()
        imu.configure()
        assert abs(imu.period_us * 6667.0 * (1.0 + error) / 32e6 - 1.0) < 0.00076


def test_die_temperature_is_in_degrees():
    bench.chip(bench.THIGH, bench.Steady(*TRUTH))
    imu = bench.driver()
    imu.configure()
    assert 23.5 < imu.temperature_c() < 24.5  # where the model starts


def test_the_industrial_sibling_is_known_and_strangers_are_not():
    bench.chip(bench.THIGH, bench.Steady(*TRUTH), who_am_i=0x6B)
    imu = bench.driver()
    imu.configure()
    assert imu.chip == 0x6B
    bench.chip(bench.THIGH, bench.Steady(*TRUTH), who_am_i=0x68)
    assert bench.error_of(bench.driver().configure) == errno.ENODEV


def test_nobody_at_the_address_is_an_oserror():
    assert bench.error_of(bench.driver(0x33).configure) is not None


def test_a_silent_chip_raises_and_configure_brings_it_back():
    from sim import vclock

    model = bench.chip(bench.THIGH, bench.Steady(*TRUTH))
    imu = bench.driver()
    imu.configure()
    model.fault("nack", vclock.now_us(), 50_000)
    assert bench.error_of(imu.level) is not None
    assert bench.error_of(imu.configure) is not None
    bench.wait_ms(60)
    imu.configure()
    bench.wait_ms(50)
    assert bench.rows_of(imu, imu.level())[0] >= 9
