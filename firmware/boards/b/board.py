"""Variant B: which pin is what, and who is on the bus. The knee wing on the Feather.

As boards/a/board.py, but for the wing's own button, lamp and interrupt.

The wing carries the thigh's LSM6DSO (0x6A), the motor and the shank's plug (0x6B). All of it is on
3V3, whatever I2C_POWER does, which is the Feather's own plug. hardware/variants/b.toml has the pins
too; hardware/checks/test_pins.py holds the two together. No wing was built yet.
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

LED = const(12)
"""The wing's lamp; the Feather's own stays dark."""

CUE = const(9)
"""The motor's transistor: high while it runs."""

BUTTON = const(10)
"""The wing's: low while pressed. BOOT, below the wing, keeps main.py from running as ever."""

IMU_INTERRUPT = const(18)
"""INT1 of the thigh's IMU: high when it feels a movement. Without a pull-up, for an LSM6DSO whose
INT1 is high as it gets power begins in another mode (DS12140, table of pins)."""

THIGH_IMU = const(0x6A)
SHANK_IMU = const(0x6B)
"""Of this board's own IMUs. Others are looked for at other addresses too (`imus`)."""

FUEL_GAUGE_MAX17048 = const(0x36)
FUEL_GAUGE_LC709203F = const(0x0B)
"""Older boards of the same type carry this gauge instead."""
