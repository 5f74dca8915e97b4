"""What is still to be sent to one tab: a snapshot, then steps, a few messages at a time.

The page acknowledges each message once it has folded it. No more than WINDOW are under way, so what
waits in the system's own buffers stays small, and a slow tab shows what is, not what was a minute
ago. What comes meanwhile is gathered; beyond MOST steps all of it is let go, and the next message
is a snapshot of the state as it is then. A snapshot holds every rep, set and gap: only samples that
nobody saw are passed over, never an event.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kneetrack.dashboard.board import SAMPLES, State, Step

WINDOW = 3
MOST = 400
"""Steps: eight seconds of two legs."""


class Outbox:
    """For one tab. `snapshot` gives the state as it is; `extra` goes with each message, and is told
    whether that is a snapshot."""

    def __init__(
        self,
        snapshot: Callable[[], State],
        extra: Callable[[bool], Mapping[str, Any]] = lambda anew: {},
    ) -> None:
        self.passed_over = 0
        """Steps of samples that came to the page in a later snapshot only, if at all."""
        self.snapshots = 0
        self._snapshot = snapshot
        self._extra = extra
        self._waiting: list[Step] = []
        self._anew = True
        self._told = False
        self._sent = 0
        self._taken = 0

    def push(self, steps: Sequence[Step]) -> None:
        """More steps, which are in the state already."""
        if self._anew:
            if self.snapshots:
                self._pass_over(steps)
            return  # the snapshot will hold them
        self._waiting += steps
        if len(self._waiting) > MOST:
            self._pass_over(self._waiting)
            self.anew()

    def anew(self) -> None:
        """Send the state as it is next, whatever waits."""
        self._waiting = []
        self._anew = True

    def tell(self) -> None:
        """Send `extra` next, though there be no step."""
        self._told = True

    def taken(self, number: int) -> None:
        """The page has folded that message. A number that was not sent yet counts for nothing."""
        if self._taken < number <= self._sent:
            self._taken = number

    def next(self) -> str | None:
        """The next message; None where there is none, or the page has to catch up."""
        if self._sent - self._taken >= WINDOW:
            return None
        if not (self._anew or self._waiting or self._told):
            return None
        self._sent += 1
        message: dict[str, Any] = {"n": self._sent, **self._extra(self._anew)}
        if self._anew:
            message["state"] = self._snapshot()
            self.snapshots += 1
        elif self._waiting:
            message["steps"] = self._waiting
        self._waiting, self._anew, self._told = [], False, False
        return json.dumps(message, separators=(",", ":"), allow_nan=False)

    def _pass_over(self, steps: Sequence[Step]) -> None:
        self.passed_over += sum(step["kind"] == SAMPLES for step in steps)
