"""First look at a board that was just put together: runs on the band itself, not on the computer.

    mpremote run hardware/bringup.py        the firmware has to be on the board (firmware/README.md)

Looks at what hangs on the bus, asks each chip who it is, reads a thousand times and counts what
came wrong, times the longest burst, and lets both IMUs measure for two seconds, lying still. Each
line is "ok" or "LOOK" with what was expected. Nothing is written to the board's memory.
"""

import time
from array import array

import board
from machine import I2C, Pin

from kneeband import imus
from kneeband.battery import Battery
from kneeband.da7280 import ADDRESS as HAPTIC
from kneeband.da7280 import Da7280

READS = 1000
SECONDS = 2
PLACES = ((imus.THIGH, "thigh IMU"), (imus.SHANK, "shank IMU"))
GAUGES = (board.FUEL_GAUGE_MAX17048, board.FUEL_GAUGE_LC709203F)
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
    """Who answers; returns the IMUs that do, each with its driver."""
    bus = bus_at(board.I2C_FREQUENCY_HZ)
    found = bus.scan()
    known = list(GAUGES)
    there = []
    for place, name in PLACES:
        socket = imus.Socket(bus, place)
        try:
            driver = socket.plugged()
        except OSError:
            stranger = f", but a stranger who says he is {socket.chip:#x}" if socket.chip else ""
            tell(False, f"{name}: nobody answers{stranger}")
            continue
        chip = driver.CHIPS[socket.chip]
        tell(True, f"{name}: {chip} answers at {driver.address:#x}")
        known.append(driver.address)
        there.append((name, driver))
    gauges = [hex(address) for address in GAUGES if address in found]
    tell(len(gauges) == 1, f"one fuel gauge: {gauges}")
    if HAPTIC in found:
        haptic = Da7280(bus)
        haptic.look()
        tell(haptic.there, f"haptic board: a DA7280 at {HAPTIC:#x}")
        known.append(HAPTIC)
    for address in found:
        if address not in known:
            tell(False, f"somebody answers at {address:#x}, whom the firmware does not know")
    return there


def read_often(frequency, chips):
    """Errors in many short reads, and the time of a long one."""
    bus = bus_at(frequency)
    khz = frequency // 1000
    one, burst = bytearray(1), bytearray(BURST)
    for name, driver in chips:
        errors = 0
        for _ in range(READS):
            try:
                bus.readfrom_mem_into(driver.address, driver.WHO_AM_I, one)
                errors += one[0] not in driver.CHIPS
            except OSError:
                errors += 1
        tell(errors == 0, f"{name}: {errors} of {READS} reads wrong at {khz} kHz")
        before = time.ticks_us()
        try:
            bus.readfrom_mem_into(driver.address, driver.WHO_AM_I, burst)
        except OSError:
            tell(False, f"{name}: no long read at {khz} kHz")
            continue
        took = time.ticks_diff(time.ticks_us(), before)
        least = ((BURST + 3) * 9 + 3) * 1000 // khz
        text = f"{name}: {BURST} bytes in {took} us at {khz} kHz; by the standard at least {least}"
        tell(took < 1.3 * least, text)


def measure(chips):
    """Rate, rest and temperature of each IMU, by the firmware's own driver."""
    for name, driver in chips:
        rows = array("h", [0] * (6 * driver.burst_words))
        count = 0
        sums = [0.0] * 6
        try:
            driver.configure()
            time.sleep_ms(200)
            for _ in range(16):  # what came meanwhile
                driver.read_rows(driver.level(), rows, 0)
            begun = time.ticks_us()
            while time.ticks_diff(time.ticks_us(), begun) < SECONDS * 1_000_000:
                time.sleep_ms(driver.poll_ms)
                for i in range(driver.read_rows(driver.level(), rows, 0)):
                    count += 1
                    for axis in range(6):
                        sums[axis] += rows[6 * i + axis]
            rate = count * 1e6 / time.ticks_diff(time.ticks_us(), begun)
            celsius = driver.temperature_c()
        except OSError as error:
            tell(False, f"{name}: {error}")
            continue
        told = 1e6 / driver.period_us
        tell(
            abs(rate / told - 1) < 0.03,
            f"{name}: {rate:.1f} rows a second; by its own account {told:.1f}",
        )
        if not count:
            continue
        x, y, z = [total / count * driver.ACC_LSB_M_S2 for total in sums[3:]]
        felt = (x * x + y * y + z * z) ** 0.5
        text = (
            f"{name}: lying still it feels {felt:.2f} m/s2, along x, y, z {x:.1f} {y:.1f} {z:.1f}"
        )
        tell(abs(felt - 9.81) < 0.5, text)
        turning = max([abs(total) for total in sums[:3]]) / count * driver.GYR_LSB_RAD_S * 57.29578
        tell(turning < 5.0, f"{name}: turns by {turning:.2f} deg/s at most, lying still")
        tell(0 < celsius < 50, f"{name}: {celsius:.0f} degC")


Pin(board.I2C_POWER, Pin.OUT, value=1)
time.sleep_ms(board.I2C_POWER_UP_MS)
chips = look_for_chips()
for hz in (100_000, board.I2C_FREQUENCY_HZ):
    read_often(hz, chips)
measure(chips)
gauge = Battery(bus_at(board.I2C_FREQUENCY_HZ))
gauge.look()
tell(gauge.known, f"battery: {gauge.percent} %, {gauge.millivolts} mV")
print("All as expected." if not wrong else f"{wrong} to look at: hardware/BRINGUP.md")
