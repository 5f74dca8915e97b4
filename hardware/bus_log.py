"""Runs under MicroPython, started by kneehard.timing: what the firmware's sampler does on the bus.

Argument 1 is the bus' frequency, argument 2 the chip on both segments (CHIPS). Each line printed is
one look at the FIFOs (`Sampler.poll`), its transfers as ADDRESS:DIRECTION:BYTES, in order, where
BYTES are those of the data. A line "setup" comes before the set-up and the looks until the chips
have settled, "quiet" before those of the usual beat, and "late", with that beat in ms, before those
that follow a silence of LATE_MS, as when the flash held everything up.
"""

import sys
import time

import board
import machine

from kneeband import clock, imus, sampler
from kneeband.icm42688 import Icm42688
from kneeband.lsm6ds import Lsm6ds
from kneeband.mpu6050 import Mpu6050
from sim import vclock
from sim.chip_errors import ChipErrors
from sim.icm_model import ICM42688Model
from sim.imu_model import LSM6DSModel
from sim.mpu_model import MPUModel

CHIPS = {
    "LSM6DS": (Lsm6ds, LSM6DSModel),
    "ICM-42688-P": (Icm42688, ICM42688Model),
    "MPU-6050": (Mpu6050, MPUModel),
}

SETTLING_POLLS = 20
QUIET_POLLS = 100
LATE_MS = 100

transfers = []


class Still:
    """Two segments that stand."""

    def imu(self, mount, t_s):
        return 0.0, 0.0, 0.0, 0.0, 0.0, 9.8


class Listening(machine.I2C):
    """The bus, with a pencil."""

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        transfers.append(f"{addr:#x}:r:{len(buf)}")
        super().readfrom_mem_into(addr, memaddr, buf)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        transfers.append(f"{addr:#x}:w:{len(buf)}")
        super().writeto_mem(addr, memaddr, buf)


def tell():
    print(" ".join(transfers))
    transfers.clear()


def look(pairs):
    """Poll as `App` does, until nothing waits in the FIFOs."""
    while True:
        pairs.poll()
        tell()
        if not pairs.behind:
            return


vclock.set_speed(0.0)
driver, model = CHIPS[sys.argv[2]]
for place, mount in ((imus.THIGH, "thigh"), (imus.SHANK, "shank")):
    chip = model(mount, Still(), ChipErrors("none", 1))
    machine.attach(board.I2C_ID, driver.ADDRESSES[place], chip)
time.sleep_ms(board.I2C_POWER_UP_MS)
bus = Listening(board.I2C_ID, freq=int(sys.argv[1]))
pairs = sampler.Sampler(
    imus.Socket(bus, imus.THIGH), imus.Socket(bus, imus.SHANK), clock.BoardClock()
)
pairs.start()
print("setup")
tell()
due = vclock.now_us()
for number in range(SETTLING_POLLS + QUIET_POLLS):
    if number == SETTLING_POLLS:
        print("quiet")
    due += pairs.poll_ms * 1000
    time.sleep_us(max(0, due - vclock.now_us()))
    look(pairs)
print("late", pairs.poll_ms)
time.sleep_ms(LATE_MS)
look(pairs)
