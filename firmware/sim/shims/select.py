"""MicroPython's `select` on virtual time: waiting for a socket is what lets the board's time pass.

asyncio sleeps in `poll().ipoll(ms)`. Here the milliseconds are the board's, while the objects are
the machine's own: a socket that becomes ready ends the wait at any speed (see sim.vclock.wait).
"""

import uselect
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT  # noqa: F401

from sim import vclock


class poll:  # noqa: N801  (the name in MicroPython)
    def __init__(self):
        self._poller = uselect.poll()
        self._found = ()
        self._watched = 0
        self.unregister = self._poller.unregister
        self.modify = self._poller.modify
        self.register = self._poller.register
        vclock.lend_clock_to_asyncio()

    def _look(self, timeout_ms: int) -> bool:
        self._found = self._poller.poll(timeout_ms)
        return bool(self._found)

    def poll(self, timeout_ms: int = -1) -> list:
        """The ready objects as (object, events), waiting for one at most so long."""
        until = None if timeout_ms < 0 else vclock.now_us() + timeout_ms * 1000
        return self._found if vclock.wait(until, self._look) else []

    def ipoll(self, timeout_ms: int = -1, flags: int = 0):
        return iter(self.poll(timeout_ms))
