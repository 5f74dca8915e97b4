"""Variant A: which pin is what, and who is on the bus. Boards that plug together.

Lies in the root of the band, beside boot.py, as `board`: a band is of one variant, and an update
over the radio changes nothing of that. Another way to build a band is another such file.

Adafruit ESP32-S3 Feather (5477), IMUs on its STEMMA QT connector: the thigh's LSM6DSOX answers at
0x6A, the shank's LSM6DSO at 0x6B. The connector has a regulator of its own, switched by I2C_POWER;
everything on the bus is unpowered until that pin is high. The pins are those of the maker's board
files, github.com/adafruit/Adafruit-Feather-ESP32-S3-PCB.
"""

from micropython import const

I2C_ID = const(0)
SDA = const(3)
SCL = const(4)
I2C_POWER = const(7)
I2C_FREQUENCY_HZ = const(400_000)
I2C_POWER_UP_MS = const(40)
"""The IMU boots in 10 ms, the regulator and the cable's capacitance come on top
(LSM6DSOX data sheet, section 4.1)."""

LED = const(13)

CUE = const(9)
"""A motor's or buzzer's transistor: high while it runs. Nothing need be there (variant A has none:
its boards plug together, and no such one was found that is driven by a pin)."""

BUTTON = const(0)
"""The BOOT button: low while pressed. Held at a reset it makes the chip wait for a download."""

IMU_INTERRUPT = None
"""No wire: Qwiic has four. So no movement wakes this band."""

THIGH_IMU = const(0x6A)
SHANK_IMU = const(0x6B)
"""Of this board's own IMUs. Others are looked for at other addresses too (`imus`)."""

FUEL_GAUGE_MAX17048 = const(0x36)
FUEL_GAUGE_LC709203F = const(0x0B)
"""Older boards of the same type carry this gauge instead."""
