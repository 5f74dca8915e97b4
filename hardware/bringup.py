"""First look at a board that was just put together: runs on the band itself, not on the computer.

    mpremote run hardware/bringup.py        the firmware has to be on the board (firmware/README.md)

Looks at what hangs on the bus, asks each chip who it is, reads a thousand times and counts what
came wrong, times the longest burst, and lets both IMUs measure for two seconds, lying still. Each
line is "ok" or "LOOK" with what was expected. Nothing is written to the board's memory.
"""

import time
from array import array

from machine import I2C, Pin

from kneeband import board, lsm6ds
from kneeband.battery import UNKNOWN, Battery

READS = 1000
SECONDS = 2
IMUS = ((board.THIGH_IMU, "thigh IMU"), (board.SHANK_IMU, "shank IMU"))
GAUGES = (board.FUEL_GAUGE_MAX17048, board.FUEL_GAUGE_LC709203F)
WHO_AM_I = 0x0F
BURST = 224

wrong = 0


def tell(good, text):
    """One line; counts those that are not good."""
    global wrong
    wrong += not good
    print("ok  " if good else "LOOK", text)


def bus_at(frequency):
    return I2C(board.I2C_ID, scl=Pin(board.SCL), sda=Pin(board.SDA), freq=frequency)


def look_for_chips():
    """Who answers; returns the IMUs that do."""
    found = bus_at(board.I2C_FREQUENCY_HZ).scan()
    known = [address for address, name in IMUS] + list(GAUGES)
    there = []
    for address, name in IMUS:
        tell(address in found, f"{name} answers at {address:#x}")
        if address in found:
            there.append((address, name))
    gauge = [address for address in GAUGES if address in found]
    tell(len(gauge) == 1, f"one fuel gauge: {[hex(address) for address in gauge]}")
    for address in found:
        if address not in known:
            tell(False, f"somebody answers at {address:#x}, whom the firmware does not know")
    return there


def read_often(frequency, imus):
    """Errors in many short reads, and the time of the longest burst."""
    bus = bus_at(frequency)
    khz = frequency // 1000
    one, burst = bytearray(1), bytearray(BURST)
    for address, name in imus:
        errors = 0
        for _ in range(READS):
            try:
                bus.readfrom_mem_into(address, WHO_AM_I, one)
                errors += one[0] not in lsm6ds.CHIPS
            except OSError:
                errors += 1
        tell(errors == 0, f"{name}: {errors} of {READS} reads wrong at {khz} kHz")
        before = time.ticks_us()
        try:
            bus.readfrom_mem_into(address, WHO_AM_I, burst)
        except OSError:
            tell(False, f"{name}: no burst at {khz} kHz")
            continue
        took = time.ticks_diff(time.ticks_us(), before)
        least = ((BURST + 3) * 9 + 3) * 1000 // khz
        text = "{}: {} bytes in {} us at {} kHz; by the standard at least {}"
        tell(took < 1.3 * least, text.format(name, BURST, took, khz, least))


def measure(imus):
    """Rate, rest and temperature of each IMU, by the firmware's own driver."""
    bus = bus_at(board.I2C_FREQUENCY_HZ)
    rows = array("h", [0] * (6 * lsm6ds.BURST_WORDS))
    for address, name in imus:
        chip = lsm6ds.Lsm6ds(bus, address)
        try:
            chip.configure()
            count = 0
            sums = [0.0] * 6
            time.sleep_ms(200)
            for _ in range(lsm6ds.FIFO_WORDS // lsm6ds.BURST_WORDS):  # what came meanwhile
                chip.read_rows(chip.level(), rows, 0)
            begun = time.ticks_us()
            while time.ticks_diff(time.ticks_us(), begun) < SECONDS * 1_000_000:
                time.sleep_ms(20)
                for i in range(chip.read_rows(chip.level(), rows, 0)):
                    count += 1
                    for axis in range(6):
                        sums[axis] += rows[6 * i + axis]
            rate = count * 1e6 / time.ticks_diff(time.ticks_us(), begun)
            celsius = chip.temperature_c()
        except OSError as error:
            tell(False, f"{name}: {error}")
            continue
        gyr = [sums[i] / count * lsm6ds.GYR_LSB_RAD_S * 57.29578 for i in range(3)]
        acc = [sums[3 + i] / count * lsm6ds.ACC_LSB_M_S2 for i in range(3)]
        length = sum([a * a for a in acc]) ** 0.5
        told = 1e6 / chip.period_us
        text = f"{name}: {rate:.1f} rows a second; by its own account {told:.1f}"
        tell(abs(rate / told - 1) < 0.03, text)
        text = "{}: lying still it feels {:.2f} m/s2, along x, y, z {:.1f} {:.1f} {:.1f}"
        tell(abs(length - 9.81) < 0.5, text.format(name, length, acc[0], acc[1], acc[2]))
        worst = max([abs(g) for g in gyr])
        tell(worst < 5.0, f"{name}: turns by {worst:.2f} deg/s at most, lying still")
        tell(0 < celsius < 50, f"{name}: {celsius:.0f} degC")


Pin(board.I2C_POWER, Pin.OUT, value=1)
time.sleep_ms(board.I2C_POWER_UP_MS)
chips = look_for_chips()
for hz in (100_000, board.I2C_FREQUENCY_HZ):
    read_often(hz, chips)
measure(chips)
level = Battery(bus_at(board.I2C_FREQUENCY_HZ)).percent()
tell(level != UNKNOWN, "battery: {} %".format(level if level != UNKNOWN else "unknown"))
print("All as expected." if not wrong else f"{wrong} to look at: hardware/BRINGUP.md")
