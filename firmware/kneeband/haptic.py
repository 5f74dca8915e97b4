"""What a cue feels like: a motor (or a buzzer) on a pin, switched on at once.

    INWARD     one pulse              ──
    OUTWARD    two short ones         ─ ─
    SET_OVER   one long, one short    ──── ─

The first edge comes within `give`, for that is what a person waits for; what follows is switched by
`serve`, every few tens of milliseconds. A pattern that is under way is not cut by another one.
"""

import time

from kneecore import cueing

_PATTERNS_MS = {
    cueing.INWARD: (200,),
    cueing.OUTWARD: (80, 80, 80),
    cueing.SET_OVER: (500, 150, 150),
}
"""On, off, on, ... in ms."""


class Haptic:
    """On `pin`, high while the motor runs."""

    def __init__(self, pin):
        self._pin = pin
        self._left = ()
        self._since_ms = 0
        self._patterns = dict(_PATTERNS_MS)

    def set_pulse(self, duration_ms: int):
        """How long the pulse of INWARD lasts: what a person may set."""
        self._patterns[cueing.INWARD] = (duration_ms,)

    def give(self, what: int):
        """Begin a pattern now (`kneecore.cueing`)."""
        if self._left:
            return
        self._pin.value(1)
        self._left = self._patterns[what]
        self._since_ms = time.ticks_ms()

    def serve(self):
        """Go on with it."""
        left = self._left
        if not left or time.ticks_diff(time.ticks_ms(), self._since_ms) < left[0]:
            return
        self._left = left = left[1:]
        self._since_ms = time.ticks_ms()
        self._pin.value(len(left) % 2)
