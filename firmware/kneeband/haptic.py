"""What a cue feels like: a motor or a buzzer, switched on at once.

    INWARD     one pulse              ──
    OUTWARD    two short ones         ─ ─
    SET_OVER   one long, one short    ──── ─

Nothing else is felt, so whatever buzzes is about the knee (but for IDENTIFY, which gives INWARD to
somebody who waits for it). Start, stop and refusal are the lamp's.

The haptic board on the bus has it, if one answers (`da7280`); else the pin, whatever hangs there.
The board is looked for every LOOK_MS while nothing is given, so it may be plugged in and out. If it
fails at the very cue, the pin has that one; if it fails in the midst of one, it may buzz on until
it answers again, and is then stopped by the next look.

The first edge comes within `give`, for that is what a person waits for; what follows is switched by
`serve`, every few tens of milliseconds. A pattern that is under way is not cut by another one.
"""

import time

from micropython import const

from kneecore import cueing

LOOK_MS = const(1000)
_FELT_MS = const(600)
"""A MAX17048 averages over its last looks at the voltage, one each 250 ms (data sheet, VCELL)."""

_PATTERNS_MS = {
    cueing.INWARD: (200,),
    cueing.OUTWARD: (80, 80, 80),
    cueing.SET_OVER: (500, 150, 150),
}
"""On, off, on, ... in ms."""


class Haptic:
    """On `pin`, high while the motor runs, or by `board`, a Da7280."""

    def __init__(self, pin, board):
        self._pin = pin
        self._board = board
        self._left = ()
        self._since_ms = time.ticks_ms()
        self._looked_ms = time.ticks_add(self._since_ms, -LOOK_MS)
        self._patterns = dict(_PATTERNS_MS)

    @property
    def felt(self) -> bool:
        """It runs, or did just now: the battery's voltage tells of that and of nothing else."""
        return bool(self._left) or time.ticks_diff(time.ticks_ms(), self._since_ms) < _FELT_MS

    def set_pulse(self, duration_ms: int):
        """How long the pulse of INWARD lasts: what a person may set."""
        self._patterns[cueing.INWARD] = (duration_ms,)

    def give(self, what: int):
        """Begin a pattern now (`kneecore.cueing`)."""
        if self._left:
            return
        self._drive(True)
        self._left = self._patterns[what]
        self._since_ms = time.ticks_ms()

    def serve(self):
        """Go on with it."""
        now = time.ticks_ms()
        left = self._left
        if not left:
            if time.ticks_diff(now, self._looked_ms) >= LOOK_MS:
                self._looked_ms = now
                self._board.look()
            return
        if time.ticks_diff(now, self._since_ms) < left[0]:
            return
        self._left = left = left[1:]
        self._since_ms = now
        self._drive(bool(len(left) % 2))

    def _drive(self, on):
        by_board = self._board.there and self._board.drive(on)
        self._pin.value(on and not by_board)
