"""Which IMU is plugged in at the thigh, which at the shank: found by address and WHO_AM_I.

Every driver names its two addresses and the values of its WHO_AM_I. A `Socket` asks them one after
the other, at the start and whenever the IMU there has failed: so another chip may be plugged in
while the band runs. A driver is made once and kept as long as its chip comes back.

A stranger is told by its WHO_AM_I in `chip`, and as a fault. One whose answer is 0 in the registers
of the known is asked for register 0, where Bosch's chips and later ones of InvenSense have theirs;
who says nothing there either is UNKNOWN. An MPU-6050 that is a copy answers as one.

A board that is reset in the middle of setting up a chip leaves it in whichever bank of registers
was chosen; one that has banks (`BANK`) is asked again in the first.

A chip answers by its address alone: two at one address answer at the same time and pull each
other's zeros through, and the other address is silent. `twins` finds that out.
"""

import errno

from kneeband.icm42688 import Icm42688
from kneeband.lsm6ds import Lsm6ds
from kneeband.mpu6050 import Mpu6050, Mpu6500
from kneeband.register import RegisterDevice

THIGH = 0
SHANK = 1
UNKNOWN = 0xFF
"""Some chip that answers and does not say what it is."""

DRIVERS = (Lsm6ds, Mpu6050, Mpu6500, Icm42688)  # one that writes to strangers comes last


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
            try:
                chip = self._ask(address, driver.WHO_AM_I)
                if driver.BANK and chip not in driver.CHIPS:
                    RegisterDevice(self._bus, address).write_byte(driver.BANK, 0)
                    chip = self._ask(address, driver.WHO_AM_I)
                if not chip:
                    chip = self._ask(address, 0) or UNKNOWN
            except OSError:
                continue
            if chip in driver.CHIPS:
                self.chip = chip
                held = self._driver
                if held is None or not isinstance(held, driver):
                    held = self._driver = driver(self._bus, address)
                return held
            self.chip = self.chip or chip
        raise OSError(errno.ENODEV)

    WAKES = False

    def rest(self, wakes: bool) -> bool:
        """Nobody there."""
        return False

    def temperature_c(self) -> float:
        """Of no chip at all."""
        raise OSError(errno.ENODEV)

    def _ask(self, address, register):
        return RegisterDevice(self._bus, address).read_byte(register)
