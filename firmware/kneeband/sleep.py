"""Off: deep sleep, from which the button wakes the band, and, where INT1 is wired, a movement.

It goes to sleep when nobody has needed it (no host, no recording, no cable, no pairing) for as many
minutes as a person has set; after one, where the battery is as good as empty, for the cell's sake;
and when the button was held for six seconds and let go: then after a second, so that whoever
listens has been told. What was measured is on flash by then. In deep sleep the chip keeps nothing
but its clock and a little memory: waking is a start (settings.RESET_SLEEP), which takes a second or
two.

The button
    The sleeping chip can watch it: RTC GPIOs of the ESP32-S3 are 0 to 21 (esp32.wake_on_ext0).
    Without its pull-up held the chip wakes at once (micropython#15260), hence `hold`. boot.py knows
    a start that a press has made from one that asks for the safe start.

A movement
    In variant A the IMUs' INT1 is not wired (Qwiic has four wires), and looking at them by a timer
    means a whole start each time, which takes more than it saves. In variant B the thigh's IMU goes
    on feeling (its driver's `rest`), its INT1 ends the sleep (wake_on_ext1; no pull-up, see
    boards/b). Not where a person has switched the band off, and not with a low battery: then the
    button alone. A band that is carried about would wake for nothing, again and again: so woken by
    a movement it waits for somebody for MOTION_AWAKE_MIN only, and after MOTION_WAKES such starts
    in a row for its button. They are counted in the memory that lasts as long as the power.

No board has slept yet; what it draws then is not measured.
"""

import time

import board
import esp32
from machine import EXT1_WAKE, RTC, Pin, deepsleep, wake_reason
from micropython import const

from kneeband import config

_MINUTE_MS = const(60_000)


class Sleep:
    """`due` says when, `begin` does it."""

    def __init__(self):
        self._busy_ms = time.ticks_ms()
        self._asked_ms = None  # when a person has switched it off
        self._memory = RTC()
        self._for_nothing = 0  # starts in a row that a movement has made, and nobody used
        if wake_reason() == EXT1_WAKE:
            self._for_nothing = (self._memory.memory() or b"\x00")[0] + 1

    def ask(self):
        """A person switches it off."""
        self._asked_ms = time.ticks_ms()

    def due(self, busy: bool, after_min: int) -> bool:
        """Whether nobody has needed the band for so long; ask often. 0: never."""
        now = time.ticks_ms()
        if self._asked_ms is not None:
            return time.ticks_diff(now, self._asked_ms) >= config.FAREWELL_MS
        if busy:
            self._for_nothing = 0
        if self._for_nothing:
            after_min = config.MOTION_AWAKE_MIN
        if busy or not after_min:
            self._busy_ms = now
            return False
        return time.ticks_diff(now, self._busy_ms) >= after_min * _MINUTE_MS

    def knows_motion(self, sampler) -> bool:
        """Whether a movement can wake this band."""
        return board.IMU_INTERRUPT is not None and sampler.thigh.imu.WAKES

    def begin(self, sampler, low: bool):
        """Does not come back. Not with a `low` battery a movement ends it, too, where it can."""
        for pin in (board.LED, board.CUE):
            Pin(pin, Pin.OUT, value=0)
        button_alone = low or self._asked_ms is not None or self._for_nothing >= config.MOTION_WAKES
        armed = _rest(sampler.thigh, self.knows_motion(sampler) and not button_alone)
        _rest(sampler.shank, False)
        Pin(board.I2C_POWER, Pin.OUT, value=0)
        self._memory.memory(bytes((self._for_nothing,)))
        # The stubs know neither `hold` nor a level that is a bool; the port does (machine_pin.c).
        button = Pin(board.BUTTON, Pin.IN, Pin.PULL_UP, hold=True)  # pyright: ignore
        esp32.wake_on_ext0(pin=button, level=esp32.WAKEUP_ALL_LOW)  # pyright: ignore
        if armed:
            interrupt = Pin(board.IMU_INTERRUPT, Pin.IN)
            esp32.wake_on_ext1((interrupt,), esp32.WAKEUP_ANY_HIGH)  # pyright: ignore
        deepsleep()


def _rest(stream, wakes: bool) -> bool:
    try:
        return stream.imu.rest(wakes)
    except OSError:  # it is not there: it draws nothing
        return False
