"""Off: deep sleep, from which the button wakes the band.

It goes to sleep when nobody needs it (no host, no recording, no cable, no pairing) for as many
minutes as a person has set, or at once when the button was held for six seconds and let go. What
was measured is on flash by then. In deep sleep the chip keeps nothing but its clock: waking is a
start (settings.RESET_SLEEP), which takes a second or two and is done by a press of the button.

The button is on GPIO0, which the sleeping chip can watch (RTC GPIOs of the ESP32-S3 are 0 to 21;
esp32.wake_on_ext0). Without its pull-up held the chip wakes at once (micropython#15260), hence
`hold`. boot.py knows a start that a press has made from one that asks for the safe start.

A movement does not wake it. In variant A the IMUs' INT1 is not wired (Qwiic has four wires), and
looking at them by a timer means a whole start each time, which takes more than it saves. Variant
B's INT1 is on GPIO18 and could (wake_on_ext1), but no driver arms it, and POWER_MOTION_WAKE is
never told.
No board has slept yet; what it draws then is not measured.
"""

import time

import board
import esp32
from machine import Pin, deepsleep
from micropython import const

_MINUTE_MS = const(60_000)


class Sleep:
    """`due` says when, `begin` does it."""

    def __init__(self):
        self._busy_ms = time.ticks_ms()

    def due(self, busy: bool, after_min: int) -> bool:
        """Whether nobody has needed the band for so long; ask often. 0: never."""
        now = time.ticks_ms()
        if busy or not after_min:
            self._busy_ms = now
            return False
        return time.ticks_diff(now, self._busy_ms) >= after_min * _MINUTE_MS

    def begin(self):
        """Does not come back."""
        for pin in (board.LED, board.CUE, board.I2C_POWER):
            Pin(pin, Pin.OUT, value=0)
        # The stubs know neither `hold` nor a level that is a bool; the port does (machine_pin.c).
        button = Pin(board.BUTTON, Pin.IN, Pin.PULL_UP, hold=True)  # pyright: ignore
        esp32.wake_on_ext0(pin=button, level=esp32.WAKEUP_ALL_LOW)  # pyright: ignore
        deepsleep()
