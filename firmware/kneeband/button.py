"""The button: a short press, or held for a while.

Asked every few tens of milliseconds it tells once what has happened:

    SHORT   let go within a second
    HELD    down for three seconds (it is still down)
    OFF     let go after six seconds and before ten
    LONG    down for ten seconds (it is still down)

A level counts once it has stood for DEBOUNCE_MS; contacts bounce for a few. A press that was there
before the band was (it has woken it) tells nothing.
"""

import time

from micropython import const

from kneeband import config

NOTHING = const(0)
SHORT = const(1)
HELD = const(2)
LONG = const(3)
OFF = const(4)


class Button:
    """On `pin`, which is low while it is pressed."""

    def __init__(self, pin):
        now = time.ticks_ms()
        self._pin = pin
        self._down = not pin.value()
        self._level = self._down  # as last read ...
        self._since_ms = now  # ... and since when
        self._down_ms = time.ticks_add(now, -config.SHORT_PRESS_MS)
        self._told = LONG  # all that it could tell

    def poll(self) -> int:
        """What has happened since the last call: SHORT, HELD, OFF, LONG, or NOTHING."""
        now = time.ticks_ms()
        level = not self._pin.value()
        if level != self._level:
            self._level = level
            self._since_ms = now
        steady = time.ticks_diff(now, self._since_ms) >= config.DEBOUNCE_MS
        if steady and level != self._down:
            self._down = level
            if level:
                self._down_ms = self._since_ms
                self._told = NOTHING
            else:
                held = time.ticks_diff(self._since_ms, self._down_ms)
                if held < config.SHORT_PRESS_MS:
                    return SHORT
                if self._told != LONG and held >= config.OFF_PRESS_MS:
                    return OFF
        if self._down:
            held = time.ticks_diff(now, self._down_ms)
            if held >= config.LONG_PRESS_MS and self._told != LONG:
                self._told = LONG
                return LONG
            if held >= config.HELD_PRESS_MS and self._told == NOTHING:
                self._told = HELD
                return HELD
        return NOTHING
