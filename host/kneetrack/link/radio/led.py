"""The clock of one simulated board that is led through virtual time (link.radio.virtual).

The board says when it has come as far as it may, and how many of this process' lines it had taken
by then (firmware/sim/rig.py): with a line still on its way to it, it does not stand. One that waits
for what a call returns goes nowhere, and nobody waits for it.
"""

from __future__ import annotations

import contextlib

from kneetrack.link.radio.board import BoardRadio
from kneetrack.link.radio.clock import PlaceClock
from kneetrack.link.radio.line import Message
from kneetrack.link.radio.virtual import Steps


class LedClock(PlaceClock):
    """See `virtual.Led`. The world's time is the loop's, from where this was made."""

    def __init__(self, steps: Steps) -> None:
        super().__init__(lambda: steps.now_s - self._loop_zero_s)
        self._loop_zero_s = steps.now_s
        self._steps = steps
        self._radio: BoardRadio | None = None
        self._at_s = 0.0
        self._got = -1

    def outside(self) -> contextlib.AbstractContextManager[None]:
        """While the board's process starts or ends."""
        return self._steps.outside()

    def started(self, board_us: int, radio: BoardRadio) -> None:
        """The board runs, and its clock is at `board_us`."""
        self._radio = radio
        self._got, self._at_s = -1, self._steps.now_s
        self.set_by(board_us, self.now_s())
        self._steps.boards.append(self)

    def came(self, message: Message) -> None:
        """The board has come as far as it may."""
        self._got = message["got"]
        self._at_s = max(self._at_s, self._loop_s(message["t"]))

    def gone(self) -> None:
        """The board has no power any more, or no place here."""
        if self._radio is not None:
            self._steps.boards.remove(self)
            self._radio.send({"until": None})  # so that it hears what else it is told
            self._radio = None

    # --- the clock --------------------------------------------------------------------------------

    def now_s(self) -> float:
        return self._world_s()

    def own_s(self) -> float:
        return self._world_s()

    def heard(self, board_us: int) -> None:
        if self._radio is not None:
            self._steps.heard(self._loop_s(board_us))

    # --- virtual.Led ------------------------------------------------------------------------------

    @property
    def stands(self) -> bool:
        radio = self._radio
        return radio is None or radio.is_called or self._got == radio.line.sent

    @property
    def at_s(self) -> float:
        return self._at_s

    def go_on_until(self, loop_s: float) -> None:
        if self._radio is None or self._radio.is_called:
            self._at_s = loop_s
        else:
            self._radio.send({"until": self.board_us(loop_s - self._loop_zero_s)})

    def _loop_s(self, board_us: int) -> float:
        return self.world_s(board_us) + self._loop_zero_s
