"""What the tests of this folder stand on: the simulated board's bus with two chips, fast time."""

import time
from array import array

from machine import I2C, attach

from kneeband.lsm6ds import Lsm6ds
from sim import vclock
from sim.chip_errors import ChipErrors
from sim.imu_model import LSM6DSModel

THIGH = 0x6A
SHANK = 0x6B

vclock.set_speed(0.0)


class Steady:
    """Six numbers that never change."""

    def __init__(self, *numbers):
        self._numbers = numbers

    def imu(self, mount, t_s):
        return self._numbers


class Counting:
    """Gyr x and acc x count samples, in a driver's counts: a row tells which sample it is."""

    def __init__(self, driver):
        self.samples = 0
        self._driver = driver

    def imu(self, mount, t_s):
        self.samples += 1
        gyr = self.samples * self._driver.GYR_LSB_RAD_S
        acc = self.samples * self._driver.ACC_LSB_M_S2
        return gyr, 0.0, 0.0, acc, 0.0, 0.0


class Answers:
    """A bus that answers FIFO reads from one of `registers` with given bytes."""

    def __init__(self, data, registers):
        self.data = data
        self._registers = registers

    def readfrom_mem_into(self, address, register, buffer):
        assert register in self._registers
        n = len(buffer)
        buffer[:] = self.data[:n]
        self.data = self.data[n:]


class Ramps:
    """A triangular wave on gyr x (4 s, +-30 rad/s), its negative on acc x: values tell the time."""

    def imu(self, mount, t_s):
        x = self.at(t_s)
        return x, 0.0, 0.0, -x, 0.0, 9.8

    @staticmethod
    def at(t_s):
        t = t_s % 4.0
        return 30.0 * (t - 1.0) if t < 2.0 else 30.0 * (3.0 - t)

    @staticmethod
    def slope(t_s):
        """At `t_s`; 0 near a turning point, where a line between two samples cuts the corner."""
        t = t_s % 2.0
        if t < 0.02 or t > 1.98:
            return 0.0
        return 30.0 if t_s % 4.0 < 2.0 else -30.0


def chip(address, source, oscillator=0.0, **options):
    """Solder a chip without errors, but for its oscillator's, to the bus."""
    errors = ChipErrors("none", 1)
    errors.oscillator_error = oscillator
    mount = "thigh" if address == THIGH else "shank"
    model = LSM6DSModel(mount, source, errors, **options)
    attach(0, address, model)
    return model


def bus():
    return I2C(0)


def driver(address=THIGH):
    return Lsm6ds(bus(), address)


def rows_of(imu, words=32, room=64):
    """What a driver reads: (count, [gyr x of each row], [acc x of each row])."""
    rows = array("h", [0] * (6 * room))
    count = imu.read_rows(words, rows, 0)
    return count, [rows[6 * i] for i in range(count)], [rows[6 * i + 3] for i in range(count)]


def wait_ms(duration_ms):
    time.sleep_ms(duration_ms)


def error_of(call, *arguments):
    """The errno of the OSError that `call` raises, None if it raises none."""
    try:
        call(*arguments)
    except OSError as error:
        return error.errno
    return None
