"""Runs under MicroPython, started by `timing`: what the firmware's own sampler does on the bus.

Argument 1 is the bus' frequency. Each line printed is one look at the FIFOs (one `Sampler.poll`),
its transfers as ADDRESS:DIRECTION:BYTES, in order, where BYTES are those of the data. A line
"setup" comes before the set-up and the looks until the chips have settled, "quiet" before those of
the usual beat, and "late" before those that follow a silence of LATE_MS, as when the flash held
everything up.
"""

import sys
import time

import machine

from kneeband import board, clock, config, lsm6ds, sampler
from sim import vclock
from sim.chip_errors import ChipErrors
from sim.imu_model import LSM6DSModel

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
for address, mount in ((board.THIGH_IMU, "thigh"), (board.SHANK_IMU, "shank")):
    chip = LSM6DSModel(mount, Still(), ChipErrors("none", 1))
    machine.attach(board.I2C_ID, address, chip)
time.sleep_ms(board.I2C_POWER_UP_MS)
bus = Listening(board.I2C_ID, freq=int(sys.argv[1]))
pairs = sampler.Sampler(
    lsm6ds.Lsm6ds(bus, board.THIGH_IMU), lsm6ds.Lsm6ds(bus, board.SHANK_IMU), clock.BoardClock()
)
pairs.start()
print("setup")
tell()
due = vclock.now_us()
for number in range(SETTLING_POLLS + QUIET_POLLS):
    if number == SETTLING_POLLS:
        print("quiet")
    due += config.POLL_MS * 1000
    time.sleep_us(max(0, due - vclock.now_us()))
    look(pairs)
print("late")
time.sleep_ms(LATE_MS)
look(pairs)
