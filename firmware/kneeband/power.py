"""Whether a cable gives power, whether the battery is charged by it, and how long it lasts.

The rule
    The battery is charged off the body only: nothing in the chain feels how warm it gets (the
    charger has no thermistor). So while USB gives power nothing is recorded and no cue is given: a
    recording that runs is ended and kept, a new one refused (RESULT_CHARGING). One exception: a
    host that starts or resumes a recording *over the cable* has the band before it and knows that
    it is plugged in (bench, simulator, calibration of the sensors on a table). It may, without
    cues. A recording of the cable's host that has left goes on as ever, for it may come back.

How a cable is seen
    No pin of the Feather tells: VBUS is not routed to the ESP32-S3, nor is the charger's status
    (the maker's schematic). There are three signs:

    a computer    sends a start of frame every millisecond. The frame number of whichever of the
                  chip's two USB cores is in use moves: DSTS of the OTG core (0x60080808, bits 8 to
                  21), FRAM_NUM of the serial/JTAG core (0x60038024, bits 0 to 10); both are looked
                  at, a second apart. Seen within 2 s, and gone as soon.
    a charger     has no frames. The cell's voltage steps up by the current times its resistance
                  (196 mA and what the board drew, on 0.15 to 0.25 ohm: 35 to 60 mV) and stays; down
                  again when it is pulled. The radio's current alone makes 15 mV. STEP_MV in two
                  looks, a second apart, is taken for one. A motor that stops makes as much, so
                  nobody looks while one runs.
    its rate      the gauge's own estimate rises above RISING. It follows after a while (how long
                  the maker does not say), so it only confirms; FALLING ends it.

    What this can't see: a charger plugged in while the battery is full to 98 % or more (less than
    70 mA flow then, a third of the usual, and ever less: no step, no rate, and none of the warmth
    that the rule is for; pulled then, it shows only when the rate falls), a computer that sleeps.
    An LC709203F has no rate; its charge over the last minutes is taken. The addresses are of
    Espressif's headers, the steps are calculated; none was measured on a board.

Time left
    From the fall over the last minutes, at least HISTORY_LEAST of them; before that by the gauge's
    own rate; unknown while a cable is in.
"""

import time
from array import array

from micropython import const

from kneeband import config
from kneecore import settings

UNKNOWN_MINUTES = const(65535)

_STEP_MV = const(25)
_RISING_X10 = const(50)  # 5 %/h; a charger brings 30
_FALLING_X10 = const(-20)  # -2 %/h; the radio alone takes 4
_CHARGES_X10 = const(10)
_TWICE = const(2)  # looks that must agree on a rate
_SETTLE_MS = const(300_000)  # the gauge's rate still speaks of what was before
_HISTORY = const(11)  # minutes, so ten between first and last
_HISTORY_LEAST = const(3)
_MINUTE_MS = const(60_000)


class Power:
    """`serve` now and then. `gauge` is a Battery, `frames()` a tuple of USB frame numbers."""

    def __init__(self, gauge, frames):
        self._gauge = gauge
        self._frames = frames
        self._looked_ms = time.ticks_add(time.ticks_ms(), -config.POWER_MS)
        self._last_frames = None
        self._host = False
        self._charger = False
        self._was_mv = 0
        self._steady = 0  # looks in a row whose rate says the same, negative for falling
        self._changed_ms = None  # when the cable came or went, None once the rate has settled
        self._levels = array("H", bytes(2 * _HISTORY))  # once a minute, 1/256 %
        self._minutes = 0
        self._minute_ms = self._looked_ms

    @property
    def percent(self) -> int:
        """0 to 100, or battery.UNKNOWN."""
        return self._gauge.percent

    @property
    def known(self) -> bool:
        """A gauge answers."""
        return self._gauge.known

    @property
    def usb(self) -> bool:
        """A cable gives power, as far as can be seen."""
        return self._host or self._charger

    @property
    def charging(self) -> bool:
        """And the battery fills."""
        rate = self._rate_x10()
        return self.usb and rate is not None and rate >= _CHARGES_X10

    @property
    def flags(self) -> int:
        """settings.POWER_* bits."""
        return (settings.POWER_USB if self.usb else 0) | (
            settings.POWER_CHARGING if self.charging else 0
        )

    @property
    def low(self) -> bool:
        """The person should charge it."""
        return not self.usb and self.percent <= config.BATTERY_LOW_PERCENT

    @property
    def flat(self) -> bool:
        """As good as empty."""
        return not self.usb and self.percent <= config.BATTERY_FLAT_PERCENT

    @property
    def minutes_left(self) -> int:
        """Until it is empty, or UNKNOWN_MINUTES."""
        if self.usb or not self._gauge.known:
            return UNKNOWN_MINUTES
        rate = self._fallen_x10() or self._gauge.rate_x10 or 0
        if rate > -_CHARGES_X10:
            return UNKNOWN_MINUTES
        return min(UNKNOWN_MINUTES - 1, self._gauge.level_256 * 600 // 256 // -rate)

    def serve(self, motor: bool = False) -> bool:
        """Look, if it is time to and no `motor` runs; True if it was."""
        now = time.ticks_ms()
        if motor or time.ticks_diff(now, self._looked_ms) < config.POWER_MS:
            return False
        self._looked_ms = now
        was = self.usb
        gauge = self._gauge
        self._see_host()
        gauge.look()
        if gauge.known:
            self._see_charger(now)
            self._remember(now)
        if self.usb != was:
            self._minutes = 0  # what it lost or won before tells nothing now
            self._changed_ms = now
            self._steady = 0
        return True

    # --- inside --------------------------------------------------------------------------------

    def _see_host(self):
        frames = self._frames()
        host = self._last_frames is not None and frames != self._last_frames
        self._last_frames = frames
        if self._host and not host:
            self._charger = False  # the power went with the computer
        self._host = host

    def _see_charger(self, now):
        gauge = self._gauge
        step = gauge.millivolts - self._was_mv if self._was_mv else 0
        self._was_mv = gauge.millivolts
        if step >= _STEP_MV:
            self._charger = True
            self._changed_ms, self._steady = now, 0
        elif step <= -_STEP_MV and self._charger:
            self._charger = False
            self._changed_ms, self._steady = now, 0
        if self._changed_ms is not None:
            if time.ticks_diff(now, self._changed_ms) < _SETTLE_MS:
                return
            self._changed_ms = None
        rate = self._rate_x10()
        if rate is None or _FALLING_X10 < rate < _RISING_X10:
            self._steady = 0
        elif rate > 0:
            self._steady = max(0, self._steady) + 1
        else:
            self._steady = min(0, self._steady) - 1
        if self._steady >= _TWICE:
            self._charger = True
        elif self._steady <= -_TWICE:
            self._charger = False

    def _remember(self, now):
        if self._minutes and time.ticks_diff(now, self._minute_ms) < _MINUTE_MS:
            return
        self._minute_ms = now
        levels = self._levels
        if self._minutes == _HISTORY:
            for i in range(1, _HISTORY):
                levels[i - 1] = levels[i]
        else:
            self._minutes += 1
        levels[self._minutes - 1] = self._gauge.level_256

    def _rate_x10(self):
        """Tenths of a percent an hour, or None."""
        if not self._gauge.known:
            return None
        rate = self._gauge.rate_x10
        return self._fallen_x10() if rate is None else rate

    def _fallen_x10(self):
        """The same over the last minutes, None if they are too few."""
        spans = self._minutes - 1
        if spans < _HISTORY_LEAST:
            return None
        return (self._levels[spans] - self._levels[0]) * 600 // 256 // spans


def computer_frames():
    """The frame numbers of both USB cores, for `Power`. Small numbers: nothing on the heap."""
    from machine import mem32

    return (mem32[0x60080808] >> 8 & 0x3FFF, mem32[0x60038024] & 0x7FF)
