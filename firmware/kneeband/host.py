"""One port and the host that may be at it: what it writes is done, what it should know is told.

The radio is a port, and a cable is one (`usb.SerialPort`, with the same methods). Each has its own
commands, its own transfer, and its own idea of what the host was told last.
"""

import time

from kneeband import config
from kneeband.control import Control
from kneeband.transfer import Transfer
from kneecore import wire

_NO_NEWS = (wire.STATE_IDLE, 0, 0)  # what a host may expect of a band it connects to


class Host:
    """The host at `port`, for the App `band`."""

    def __init__(self, band, port, shelf):
        self._band = band
        self._session = band.session
        self._port = port
        self._control = Control(band, port)
        self._transfer = Transfer(port, band.session.journal, shelf, band.update)
        self._told = _NO_NEWS  # (state, faults, power) as last told ...
        self._told_ms = 0  # ... and when

    def serve(self):
        """Look after it."""
        port = self._port
        if port.left:
            self._session.left(port)
            self._transfer.end()
            self._band.update.left(port)
            self._told = _NO_NEWS
            port.advertise()
        request = port.next_request()
        while request is not None:
            port.respond(self._control.handle(request))
            request = port.next_request()
        self._tell()
        self._transfer.serve(self._session.streamed)
        port.serve()

    def _tell(self):
        """Indicate STATUS where the state or the faults are not those last told, and now and then.

        While streaming it tells the temperatures, by which a zero that wanders can be explained.
        """
        now = self._band.news()
        due = now[0] == wire.STATE_STREAMING and (
            time.ticks_diff(time.ticks_ms(), self._told_ms) >= config.STATUS_MS
        )
        if self._port.connected and (due or now != self._told):
            self._told_ms = time.ticks_ms()
            self._port.respond(bytes((wire.OP_STATUS,)) + self._band.status(self._port))
            self._told = now
