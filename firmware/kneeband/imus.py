"""Which IMU is plugged in at the thigh, which at the shank: found by address and WHO_AM_I.

Every driver names its two addresses and the values of its WHO_AM_I. A `Socket` asks them one after
the other, at the start and whenever the IMU there has failed: so another chip may be plugged in
while the band runs. A driver is made once and kept as long as its chip comes back.

What the bus can't tell. A chip answers by its address alone: two at one address answer at the same
time and pull each other's zeros through. Then the other address is silent, which is told as that
IMU's fault, and the counts of the two are one, bit by bit (`Stream` sees repetition and broken
rows, not falsehood). A stranger is told by its WHO_AM_I in `chip`, and as a fault; an MPU-6050 that
is a copy answers as one.
"""

import errno

from kneeband.icm42688 import Icm42688
from kneeband.lsm6ds import Lsm6ds
from kneeband.mpu6050 import Mpu6050, Mpu6500
from kneeband.register import RegisterDevice

THIGH = 0
SHANK = 1

DRIVERS = (Lsm6ds, Icm42688, Mpu6050, Mpu6500)


class Socket:
    """Where an IMU is plugged in: `place` is THIGH or SHANK."""

    def __init__(self, bus, place: int):
        self._bus = bus
        self._place = place
        self._driver = None
        self.chip = 0
        """What answered when there was last a look: a known WHO_AM_I or a stranger's, 0 nobody."""

    def plugged(self):
        """The driver of the chip that answers. OSError(ENODEV) if there is none that is known."""
        self.chip = 0
        for driver in DRIVERS:
            address = driver.ADDRESSES[self._place]
            chip = self._who_is_at(address, driver.WHO_AM_I)
            if chip in driver.CHIPS:
                self.chip = chip
                held = self._driver
                if held is None or not isinstance(held, driver):
                    held = self._driver = driver(self._bus, address)
                return held
            if chip and not self.chip:
                self.chip = chip
        raise OSError(errno.ENODEV)

    def temperature_c(self) -> float:
        """Of no chip at all."""
        raise OSError(errno.ENODEV)

    def _who_is_at(self, address, register):
        try:
            return RegisterDevice(self._bus, address).read_byte(register)
        except OSError:
            return 0
