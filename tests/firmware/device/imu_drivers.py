"""The drivers of the ICM-42688-P and the MPU-6050 family against the chips' registers.

What every driver has to do in every fault is in imu_faults.py; what an LSM6DSOX does, in lsm6ds.py.
"""

import errno
import struct
from array import array

import bench
from machine import attach

from kneeband.icm42688 import Icm42688
from kneeband.mpu6050 import Mpu6050, Mpu6500
from sim import vclock
from sim.chip_errors import ChipErrors
from sim.icm_model import ICM42688Model
from sim.mpu_model import MPUModel

TRUTH = (1.0, -2.0, 3.0, 0.5, -1.5, 9.8)
FIFOS = (0x30, 0x74)
KINDS = ((Icm42688, ICM42688Model, 0x47), (Mpu6050, MPUModel, 0x68), (Mpu6500, MPUModel, 0x70))


def soldered(kind, source):
    """(driver, model) of one of KINDS, configured."""
    driver, model, who_am_i = kind
    chip = model("thigh", source, ChipErrors("none", 1), who_am_i=who_am_i)
    attach(0, 0x68, chip)
    imu = driver(bench.bus(), 0x68)
    imu.configure()
    return imu, chip


def packet(time_16_us, x, header=0x68):
    return struct.pack(">BhhhhhhbH", header, x, 0, 0, x, 0, 0, 0, time_16_us & 0xFFFF)


def test_every_bit_that_matters_is_set_in_an_icm_42688_p():
    _, chip = soldered(KINDS[0], bench.Steady(*TRUTH))
    now = vclock.now_us()
    assert chip.read(0x16, 1, now)[0] >> 6 == 1  # stream
    assert chip.read(0x4C, 1, now)[0] == 0x70  # counted in packets, high byte first
    assert chip.read(0x4E, 1, now)[0] == 0x0F  # both in low-noise mode
    assert chip.read(0x4F, 2, now) == b"\x07\x07"  # 2000 dps, 16 g, 200 Hz
    assert chip.read(0x54, 1, now)[0] == 0x29 and chip.read(0x5F, 1, now)[0] == 0x0F
    chip.write(0x76, b"\x01", now)
    assert chip.read(0x0B, 4, now) == b"\x00\x02\x04\xd0"  # anti-alias filter on, 84 Hz
    chip.write(0x76, b"\x02", now)
    assert chip.read(0x03, 3, now) == b"\x04\x04\xd0"


def test_every_bit_that_matters_is_set_in_the_mpu_family():
    for kind, acc_config_2 in ((KINDS[1], 0), (KINDS[2], 0x83)):  # 2 KB of FIFO, 44.8 Hz
        _, chip = soldered(kind, bench.Steady(*TRUTH))
        now = vclock.now_us()
        assert chip.read(0x19, 5, now) == bytes((4, 3, 0x18, 0x18, acc_config_2))
        assert chip.read(0x23, 1, now)[0] == 0x78 and chip.read(0x38, 1, now)[0] == 0x10
        assert chip.read(0x6A, 3, now) == b"\x40\x01\x00"  # FIFO on, awake, nothing on standby


def test_configure_undoes_what_was_set_before():
    imu, chip = soldered(KINDS[0], bench.Steady(*TRUTH))
    chip.write(0x50, b"\x66", vclock.now_us())
    imu.configure()
    assert imu.acc_config == 0x07
    imu, chip = soldered(KINDS[1], bench.Steady(*TRUTH))
    chip.write(0x23, b"\xf8", vclock.now_us())  # temperature into the FIFO: rows of 14 bytes
    imu.configure()
    assert imu.fifo_content == 0x78


def test_rows_are_in_counts_of_the_ranges_told_and_temperatures_in_degrees():
    for kind in KINDS:
        imu, _ = soldered(kind, bench.Steady(*TRUTH))
        bench.wait_ms(150)
        rows = array("h", [0] * (6 * 32))
        assert imu.read_rows(imu.level(), rows, 1) >= 10
        for k in range(6):
            lsb = imu.GYR_LSB_RAD_S if k < 3 else imu.ACC_LSB_M_S2
            assert abs(rows[6 + k] * lsb - TRUTH[k]) <= 0.51 * lsb, (kind, k)
        assert 23.0 < imu.temperature_c() < 24.6


def test_rows_come_in_order_and_none_is_lost_over_many_bursts():
    for kind in KINDS:
        imu, _ = soldered(kind, bench.Counting(Mpu6050))
        seen = []
        for step in range(60):
            bench.wait_ms(13 + step % 9)
            _, gyr, acc = bench.rows_of(imu, imu.level())
            assert gyr == acc and not imu.broken and not imu.overrun
            seen += gyr
        assert len(seen) > 90
        assert seen == list(range(seen[0], seen[0] + len(seen)))


def test_an_overrun_is_seen_once_and_rows_are_whole_after_it():
    for kind in KINDS:
        imu, _ = soldered(kind, bench.Counting(Mpu6050))
        for wait_ms in (2000, 1777):  # what an MPU overwrites is no multiple of a row
            bench.wait_ms(wait_ms)
            imu.level()
            assert imu.overrun
            for _ in range(40):
                bench.rows_of(imu, min(16, imu.level()))
            bench.wait_ms(60)
            level = imu.level()
            assert 5 <= level <= 14 and not imu.overrun, level
            _, gyr, acc = bench.rows_of(imu, level)
            assert gyr == acc == list(range(gyr[0], gyr[0] + len(gyr)))


def test_a_part_of_a_row_in_the_fifo_is_not_believed_twice():
    imu, chip = soldered(KINDS[1], bench.Counting(Mpu6050))
    bench.wait_ms(50)
    chip.read(0x74, 5, vclock.now_us())  # five bytes are gone: all rows are shifted
    imu.level()
    assert not imu.overrun  # the chip may have been writing just then
    imu.level()
    assert imu.overrun
    bench.wait_ms(50)
    _, gyr, acc = bench.rows_of(imu, imu.level())
    assert gyr == acc and len(gyr) >= 9


def test_packets_that_do_not_follow_on_break_the_rows():
    step = 293  # 5 ms in steps of 16 us, which are 32/30 as long
    times = [i * step for i in range(8)]
    whole = [packet(65000 + t, 10 + i) for i, t in enumerate(times)]  # the time wraps, too
    imu = Icm42688(bench.Answers(b"".join(whole), FIFOS), 0)
    assert bench.rows_of(imu, 8)[1] == list(range(10, 18)) and not imu.broken
    for lost in range(1, 7):
        kept = whole[:lost] + whole[lost + 1 :]
        imu = Icm42688(bench.Answers(b"".join(kept), FIFOS), 0)
        assert bench.rows_of(imu, 7)[1] == list(range(11 + lost, 18)), lost
        assert imu.broken


def test_what_is_not_valid_is_no_row():
    step = 293
    data = packet(0, 4) + packet(step, -32768) + packet(2 * step, 6) + b"\x80" + b"\xff" * 15
    imu = Icm42688(bench.Answers(data, FIFOS), 0)
    assert bench.rows_of(imu, 4)[:2] == (1, [6]) and imu.broken


def test_the_end_of_the_scale_is_the_end_of_the_numbers():
    imu, _ = soldered(KINDS[0], bench.Steady(-50.0, 0.0, 0.0, 500.0, 0.0, 0.0))
    bench.wait_ms(50)
    _, gyr, acc = bench.rows_of(imu, imu.level())
    assert gyr[0] == -32768 and acc[0] == 32767


def test_a_stranger_a_silent_one_and_one_that_keeps_no_setting_are_told_apart():
    for kind in KINDS:
        imu, chip = soldered(kind, bench.Steady(*TRUTH))
        chip._who_am_i = 0x33
        assert bench.error_of(imu.configure) == errno.ENODEV
        chip._who_am_i = kind[2]
        chip.fault("nack", vclock.now_us(), 50_000)
        assert bench.error_of(imu.level) is not None
        assert bench.error_of(imu.configure) is not None
        bench.wait_ms(60)
        chip._set = lambda register, value, now_us, keep=chip._set: (
            None if register in (0x4F, 0x1B) else keep(register, value, now_us)
        )
        assert bench.error_of(imu.configure) == errno.EIO
