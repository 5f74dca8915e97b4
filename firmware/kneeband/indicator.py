"""The lamp: what the band is doing, seen from across the room.

idle        a short blink every three seconds
streaming   half a second on, half a second off
recording   two short blinks every two seconds: it measures, nobody listens
fault       two quick blinks a second
pairing     fast and even: a new host may bond
identify    flickers, for as long as the host asked
"""

import time

from kneecore import wire

_TICK_MS = 50
_PATTERNS = {
    wire.STATE_IDLE: "x" + "." * 59,
    wire.STATE_STREAMING: "x" * 10 + "." * 10,
    wire.STATE_RECORDING: "xx...xx" + "." * 33,
    wire.STATE_FAULT: "xx..xx" + "." * 14,
}
_PAIRING = "xxx..."
_IDENTIFY = "x."


class Indicator:
    """`show` is called a few dozen times a second; it lights or darkens `pin`."""

    def __init__(self, pin):
        self._pin = pin
        self._since_ms = self._until_ms = time.ticks_ms()
        self._identifying = False

    def identify(self, duration_s: int):
        """Flicker for so long; 0 ends it."""
        self._until_ms = time.ticks_add(time.ticks_ms(), duration_s * 1000)
        self._identifying = duration_s > 0

    def show(self, state: int, pairing: bool):
        """The lamp as it should be now, in wire.STATE_* `state`; `pairing`: the window is open."""
        now = time.ticks_ms()
        if self._identifying and time.ticks_diff(self._until_ms, now) <= 0:
            self._identifying = False
        pattern = _PAIRING if pairing else _PATTERNS[state]
        if self._identifying:
            pattern = _IDENTIFY
        tick = time.ticks_diff(now, self._since_ms) // _TICK_MS
        self._pin.value(pattern[tick % len(pattern)] == "x")
