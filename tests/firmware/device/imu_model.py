"""The IMU model's registers, FIFO and errors, asked directly at times of our choice."""

import errno
import math
import struct
import time

import machine

from sim import vclock
from sim.chip_errors import PRESETS, ChipErrors, Random
from sim.imu_model import LSM6DSModel

CTRL1_XL, CTRL2_G, CTRL3_C = 0x10, 0x11, 0x12
FIFO_CTRL1, FIFO_CTRL2, FIFO_CTRL3, FIFO_CTRL4 = 0x07, 0x08, 0x09, 0x0A
STATUS, FIFO_STATUS1, FIFO_DATA = 0x1E, 0x3A, 0x78
CONTINUOUS, STOP_WHEN_FULL, BYPASS = 6, 1, 0
DPS = math.pi / 180.0

vclock.set_speed(0.0)


def test_normals_in_machine_words_are_those_of_the_generator():
    one, other = Random(7), Random(7)
    drawn = list(one.normals(500))
    assert drawn == [other.normal() for _ in range(500)]
    assert -5.0 < min(drawn) < -2.0 and 2.0 < max(drawn) < 5.0


class Still:
    """Six numbers; the gyr's x tells the time in ms if `tells_time`."""

    def __init__(self, numbers=(0.0, 0.0, 0.0, 0.0, 0.0, 9.80665), tells_time=False):
        self.numbers = numbers
        self.tells_time = tells_time

    def imu(self, mount, t_s):
        if self.tells_time:
            return (t_s,) + self.numbers[1:]
        return self.numbers


def chip(source=None, errors="none", seed=1, exact=True):
    """A chip; `exact`: with an oscillator that is right."""
    made = ChipErrors(errors, seed)
    if exact:
        made.oscillator_error = 0.0
    return LSM6DSModel("thigh", source or Still(), made)


def start(one, mode=CONTINUOUS, at_us=0, gyr_range=3):
    """208 Hz, 2000 dps (or another range), 16 g, both into the FIFO."""
    one.write(FIFO_CTRL3, b"\x55", at_us)
    one.write(FIFO_CTRL4, bytes([mode]), at_us)
    one.write(CTRL1_XL, bytes([0x54]), at_us)
    one.write(CTRL2_G, bytes([0x50 | gyr_range << 2]), at_us)
    return one


def level(one, now_us):
    """(words, flags) of FIFO_STATUS."""
    status = struct.unpack("<H", one.read(FIFO_STATUS1, 2, now_us))[0]
    return status & 0x3FF, status >> 8 & 0xF8


def words(one, count, now_us):
    """[(tag byte, (x, y, z)), ..]"""
    data = one.read(FIFO_DATA, 7 * count, now_us)
    return [(data[i], struct.unpack("<hhh", data[i + 1 : i + 7])) for i in range(0, len(data), 7)]


def test_it_says_who_it_is():
    assert chip().read(0x0F, 1, 0) == b"\x6c"
    assert LSM6DSModel("thigh", Still(), "none", 1, who_am_i=0x6B).read(0x0F, 1, 0) == b"\x6b"


def test_settings_are_kept_and_a_reset_brings_back_the_defaults():
    one = chip()
    one.write(CTRL1_XL, bytes([0x54, 0x5C]), 0)
    assert one.read(CTRL1_XL, 3, 0) == bytes([0x54, 0x5C, 0x04])
    one.write(CTRL3_C, b"\x05", 10)
    assert one.read(CTRL1_XL, 3, 20) == bytes([0, 0, 0x04])


def test_what_is_read_only_stays():
    one = chip()
    one.write(0x0F, b"\x00", 0)
    assert one.read(0x0F, 1, 0) == b"\x6c"


def test_powered_down_it_measures_nothing():
    one = chip()
    one.write(FIFO_CTRL3, b"\x55", 0)
    one.write(FIFO_CTRL4, b"\x06", 0)
    assert level(one, 1_000_000)[0] == 0
    assert one.read(STATUS, 1, 1_000_000) == b"\x00"


def test_it_samples_at_the_rate_of_the_data_sheet():
    one = start(chip())
    assert level(one, 1_000_000)[0] == 2 * 208  # 6667 / 32 = 208.3 a second
    one = chip()
    one.write(FIFO_CTRL3, b"\x44", 0)
    one.write(FIFO_CTRL4, b"\x06", 0)
    one.write(CTRL1_XL, bytes([0x44]), 0)
    one.write(CTRL2_G, bytes([0x4C]), 0)
    assert level(one, 1_000_000)[0] == 2 * 104


def test_a_batch_rate_below_the_output_rate_thins_out():
    one = chip()
    one.write(FIFO_CTRL3, b"\x54", 0)  # gyr 208 Hz, acc 104 Hz
    one.write(FIFO_CTRL4, b"\x06", 0)
    one.write(CTRL1_XL, bytes([0x54]), 0)
    one.write(CTRL2_G, bytes([0x5C]), 0)
    tags = [tag >> 3 for tag, _ in words(one, 30, 500_000)]
    assert tags == [1, 1, 2] * 10


def test_words_carry_sensor_slot_and_parity():
    rows = words(start(chip()), 16, 100_000)
    assert [tag >> 3 for tag, _ in rows] == [1, 2] * 8
    slots = [tag >> 1 & 3 for tag, _ in rows]
    assert slots == [1, 1, 2, 2, 3, 3, 0, 0] * 2
    for tag, _ in rows:
        assert sum([tag >> bit & 1 for bit in range(8)]) % 2 == 0


def test_counts_follow_the_range():
    source = Still((1.0, -2.0, 0.5, 0.0, 9.80665, -4.903325))
    gyr, acc = [v for _, v in words(start(chip(source)), 2, 10_000)]
    assert gyr == tuple([int(round(v / (0.070 * DPS))) for v in (1.0, -2.0, 0.5)])
    assert acc == (0, round(1 / 0.488e-3), round(-0.5 / 0.488e-3))
    fine = words(start(chip(source), gyr_range=1), 1, 10_000)[0][1]
    assert fine == tuple([int(round(v / (0.0175 * DPS))) for v in (1.0, -2.0, 0.5)])


def test_a_value_off_the_scale_stays_at_its_end():
    source = Still((50.0, -50.0, 0.0, 500.0, -500.0, 0.0))
    gyr, acc = [v for _, v in words(start(chip(source)), 2, 10_000)]
    assert gyr == (32767, -32768, 0) and acc == (32767, -32768, 0)


def test_a_full_fifo_loses_the_oldest_and_says_so_once():
    one = start(chip(Still(tells_time=True)))
    count, flags = level(one, 2_000_000)
    assert count == 512 and flags & 0x48 == 0x48
    assert level(one, 2_000_000)[1] & 0x48 == 0x40  # the latched bit is gone, the state is not
    first = words(one, 1, 2_000_000)[0][1][0] * 0.070 * DPS
    assert abs(first - (2.0 - 256 / 208.34)) < 0.006
    words(one, 511, 2_000_000)
    assert level(one, 2_000_000) == (0, 0)


def test_a_long_silence_costs_no_more_than_a_full_fifo():
    one = start(chip(Still(tells_time=True)))
    an_hour = 3600 * 10**6
    assert level(one, an_hour)[0] == 512
    rows = words(one, 512, an_hour)
    slots = [tag >> 1 & 3 for tag, _ in rows[::2]]
    assert all([b == a + 1 & 3 for a, b in zip(slots, slots[1:])])


def test_fifo_mode_keeps_the_first_words():
    one = start(chip(Still(tells_time=True)), mode=STOP_WHEN_FULL)
    count, flags = level(one, 3_000_000)
    assert count == 512 and flags & 0x08
    assert words(one, 1, 3_000_000)[0][1][0] * 0.070 * DPS < 0.006


def test_it_stops_at_the_watermark_if_told():
    one = chip()
    one.write(FIFO_CTRL1, bytes([40, 0x80]), 0)
    start(one)
    count, flags = level(one, 1_000_000)
    assert count == 40 and flags & 0x80


def test_bypass_empties_it_and_the_output_registers_go_on():
    one = start(chip(Still((1.0, 0.0, 0.0, 0.0, 0.0, 9.80665))))
    assert level(one, 100_000)[0] > 0
    one.write(FIFO_CTRL4, b"\x00", 100_000)
    assert level(one, 200_000)[0] == 0
    assert one.read(STATUS, 1, 300_000)[0] & 3 == 3
    values = struct.unpack("<hhhhhh", one.read(0x22, 12, 300_000))
    assert values == (int(round(1.0 / (0.070 * DPS))), 0, 0, 0, 0, 2049)
    assert one.read(STATUS, 1, 300_100)[0] & 3 == 0


def test_however_it_is_read_the_words_are_the_same():
    whole = words(start(chip(errors="lsm6dsox")), 40, 200_000)
    one = start(chip(errors="lsm6dsox"))
    parts = []
    for t in range(1, 41):
        parts += words(one, 1, 150_000 + 1000 * t)
    assert parts == whole
    one = start(chip(errors="lsm6dsox"))
    data = one.read(0x78, 3, 200_000) + one.read(0x7B, 4 + 3, 200_000)  # rolls over to 0x78
    assert (data[0], struct.unpack("<hhh", data[1:7])) == whole[0]
    assert data[7] == whole[1][0]


def test_an_empty_fifo_gives_zeros():
    one = start(chip())
    assert words(one, 2, 100) == [(0, (0, 0, 0))] * 2


def test_the_trim_tells_the_oscillators_error():
    seen = []
    for seed in range(6):
        one = start(chip(seed=seed, errors="lsm6dsox", exact=False))
        one.write(0x19, b"\x20", 0)
        fine = struct.unpack("b", one.read(0x63, 1, 0))[0]
        count = 0
        for second in range(1, 21):
            now = second * 10**6
            count += len(words(one, level(one, now)[0], now))
        ticks = struct.unpack("<I", one.read(0x40, 4, 10**9))[0]
        actual = ticks / 40e6 - 1.0
        assert abs(actual - 0.0015 * fine) < 0.00076
        assert abs(count / 40.0 / (6667 / 32) - 1.0 - actual) < 4e-4
        seen.append(fine)
    assert len(set(seen)) > 2


def test_noise_has_the_density_of_the_data_sheet():
    for name in ("lsm6dsox", "icm42688p", "mpu6050"):
        errors = ChipErrors(name, 7)
        # Fine scales, so that quantisation is not what is measured.
        errors.set_up(0.001 * DPS, 1e-5 * 9.80665, 200.0)
        sums = [0.0] * 6
        squares = [0.0] * 6
        n = 4000
        for _ in range(n):
            counts = errors.counts((0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 1.0)
            for i in range(6):
                away = counts[i]
                sums[i] += away
                squares[i] += away * away
        preset = PRESETS[name]
        for i in range(6):
            mean = sums[i] / n
            if abs(mean) > 32000:
                continue  # this zero is off the fine scale
            rms = math.sqrt(squares[i] / n - mean * mean)
            expected = (
                preset["gyr_noise"] * 10 / 0.001 if i < 3 else preset["acc_noise"] * 10 / 0.01
            )
            assert abs(rms / expected - 1.0) < 0.06, (name, i, rms, expected)


def test_zeros_lie_within_the_tolerance_and_drift_with_the_temperature():
    for name in ("lsm6dsox", "mpu6050"):
        limit = PRESETS[name]["gyr_zero"] * DPS
        largest = 0.0
        for seed in range(20):
            errors = ChipErrors(name, seed)
            cold, warm = errors.gyr_zero(0.0), errors.gyr_zero(1e4)
            for a, b in zip(cold, warm):
                largest = max(largest, abs(a))
                assert abs(a) <= limit * 1.02
                assert abs(b - a) <= 8.0 * PRESETS[name]["gyr_zero_k"] * DPS
        assert largest > 0.7 * limit


def test_a_seed_is_one_chip_and_one_noise():
    def data(seed):
        return start(chip(errors="lsm6dsox", seed=seed)).read(FIFO_DATA, 700, 10**6)

    assert data(3) == data(3)
    assert data(3) != data(4)


def test_the_die_warms_up():
    one = chip(errors="lsm6dsox")
    cold = struct.unpack("<h", one.read(0x20, 2, 0))[0] / 256.0 + 25.0
    warm = struct.unpack("<h", one.read(0x20, 2, 3600 * 10**6))[0] / 256.0 + 25.0
    assert cold == 24.0
    assert 27.0 <= warm <= 32.0


def test_stuck_data_repeats_and_then_goes_on():
    one = start(chip(Still(tells_time=True)))
    one.fault("stuck", 200_000, 100_000)
    values = [v[0] for tag, v in words(one, 160, 400_000) if tag >> 3 == 1]
    assert len(values) == 80
    assert values.count(values[42]) >= 20  # a tenth of a second of one value
    assert values[-1] > values[42]


def test_a_brown_out_forgets_everything():
    one = start(chip())
    one.fault("brownout", 500_000)
    assert one.read(CTRL1_XL, 3, 600_000) == bytes([0, 0, 0x04])
    assert level(one, 900_000)[0] == 0


def _errno_of(bus, address):
    try:
        bus.readfrom_mem(address, 0x0F, 1)
    except OSError as error:
        return error.errno
    return None


def test_nobody_acknowledges_on_the_bus_during_a_fault_or_without_power():
    one = start(chip())
    machine.attach(0, 0x6A, one, powered_by=7)
    bus = machine.I2C(0, freq=400_000)
    assert _errno_of(bus, 0x6B) == errno.ENODEV
    assert _errno_of(bus, 0x6A) == errno.ENODEV
    machine.Pin(7, machine.Pin.OUT, value=1)
    assert _errno_of(bus, 0x6A) == errno.ENODEV  # it boots for 10 ms
    time.sleep_ms(10)
    assert _errno_of(bus, 0x6A) is None
    assert bus.scan() == [0x6A]
    one.fault("nack", vclock.now_us(), 1_000_000)
    assert _errno_of(bus, 0x6A) == errno.ENODEV
    time.sleep_ms(1000)
    assert _errno_of(bus, 0x6A) is None
