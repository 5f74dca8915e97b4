"""The lamp: what the band is doing, seen from across the room.

idle          a short blink every three seconds
streaming     half a second on, half a second off
recording     two short blinks every two seconds: it measures, nobody listens
battery low   three short blinks instead of the one or two
charging      two seconds on, two seconds off
charged       on: a cable is in, the battery fills no more
updating      on, with a short gap every second
fault         two quick blinks a second
pairing       fast and even: a new host may bond
identify      flickers, for as long as the host asked

The later in this list goes first, but a band that streams or records over its cable shows that.
A person may have it dark (settings.LAMP_OFF): then only the last four show.
"""

import time

from kneecore import settings, wire

_TICK_MS = 50
_PATTERNS = {
    wire.STATE_IDLE: "x" + "." * 59,
    wire.STATE_STREAMING: "x" * 10 + "." * 10,
    wire.STATE_RECORDING: "xx...xx" + "." * 33,
    wire.STATE_FAULT: "xx..xx" + "." * 14,
}
_LOW = {
    wire.STATE_IDLE: "x...x...x" + "." * 51,
    wire.STATE_RECORDING: "xx...xx...xx" + "." * 28,
}
_CHARGING = "x" * 40 + "." * 40
_CHARGED = "x"
_UPDATING = "x" * 17 + "." * 3
_PAIRING = "xxx..."
_IDENTIFY = "x."
_DARK = "."


class Indicator:
    """`show` is called a few dozen times a second; it lights or darkens `pin`."""

    def __init__(self, pin):
        self._pin = pin
        self._since_ms = self._until_ms = time.ticks_ms()
        self._identifying = False
        self.lamp = settings.LAMP_ON
        self.updating = False
        """New firmware comes in."""

    def identify(self, duration_s: int):
        """Flicker for so long; 0 ends it."""
        self._until_ms = time.ticks_add(time.ticks_ms(), duration_s * 1000)
        self._identifying = duration_s > 0

    def show(self, state: int, pairing: bool, power):
        """The lamp as it should be now, in wire.STATE_* `state`; `pairing`: the window is open.

        `power` is a kneeband.power.Power.
        """
        now = time.ticks_ms()
        if self._identifying and time.ticks_diff(self._until_ms, now) <= 0:
            self._identifying = False
        pattern = self._pattern(state, pairing, power)
        tick = time.ticks_diff(now, self._since_ms) // _TICK_MS
        self._pin.value(pattern[tick % len(pattern)] == "x")

    def _pattern(self, state, pairing, power):
        if self._identifying:
            return _IDENTIFY
        if pairing:
            return _PAIRING
        if state == wire.STATE_FAULT:
            return _PATTERNS[state]
        if self.updating:
            return _UPDATING
        if self.lamp == settings.LAMP_OFF:
            return _DARK
        if power.usb and state == wire.STATE_IDLE:
            return _CHARGING if power.charging else _CHARGED
        if power.low:
            return _LOW.get(state, _PATTERNS[state])
        return _PATTERNS[state]
