"""The two lines of the I2C bus: whether one of them is held low, and how a chip is made to let go.

Both rest high, pulled up; whoever pulls one low holds everybody up. A broken cable may short one to
ground: nothing can be done but wait. Or a chip was cut off in the middle of a byte, by a reset of
the board or a bad contact, and holds SDA at a zero until it gets its clock. For that NXP's UM10204
(section 3.1.16, bus clear) has nine pulses on SCL: after at most eight bits it listens for the
acknowledgement, hears none, and lets go. Then a stop, and the bus is everybody's.

The driver of the ESP32 does some of this by itself, in some versions, once a transfer has timed
out. Here the lines are looked at before every poll, for a transfer on a bus that is held takes its
whole timeout, and while it does nothing else runs: 50 ms as MicroPython documents it, and up to
0.1 s a byte in its port (ports/esp32/machine_i2c.c).
"""

import time

from machine import Pin

_HALF_US = 5  # 100 kHz, which any chip can follow


class Lines:
    """`begin()` sets the bus up on its pins, at first and whenever they were used otherwise."""

    def __init__(self, scl: int, sda: int, begin):
        self._pins = scl, sda
        self._begin = begin
        self._scl = Pin(scl)
        self._sda = Pin(sda)

    @property
    def held(self) -> bool:
        """Somebody holds a line low; never so between two transfers of a bus that works."""
        return not (self._scl.value() and self._sda.value())

    def free(self) -> bool:
        """Clock out whoever holds SDA; whether the bus is free then. Takes 0.2 ms."""
        scl = Pin(self._pins[0], Pin.OPEN_DRAIN, value=1)
        sda = Pin(self._pins[1], Pin.OPEN_DRAIN, value=1)
        for _ in range(9):
            if sda.value():
                break
            scl.value(0)
            time.sleep_us(_HALF_US)
            scl.value(1)
            time.sleep_us(_HALF_US)
        sda.value(0)
        time.sleep_us(_HALF_US)
        sda.value(1)  # a stop
        self._begin()
        return not self.held
