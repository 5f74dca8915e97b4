"""The cable: the same port as `peripheral` is for the radio, over the board's USB serial line.

MicroPython's terminal stands on that line too. Both live with it: a frame is found among whatever
else is printed (`kneecore.frames`), and as long as no host has sent one, Ctrl-C gives the prompt
as ever. A host's frames never hold that byte; while a host is there, the interrupt is off besides,
so that not even a disturbed line stops a recording. SERIAL_SILENCE_S after the host's last frame,
or when it says LEAVE, everything is as before.

A cable is pulled by somebody who is there, so who holds its other end needs no bond.

Nothing here waits. The line is asked before every read and write (a read of two bytes would wait
for the second, so they are read one by one; a host sends some ten a second). Whatever can't be
written yet queues up; when QUEUE_BYTES are full the oldest packet is given up and counted in
`dropped`, as on the radio. One thing is not in our hands: a driver that has room for some bytes but
not for a piece of PIECE_BYTES lets us wait for at most half a second, twice (MICROPY_HW_USB_CDC_TX_
TIMEOUT), once, when a host holds the port open but has stopped reading; the IMUs' FIFOs hold 1.2 s.
"""

import select
import time

from micropython import const

from kneeband import config
from kneecore import frames, wire

CTRL_C = const(3)
_NO_INTERRUPT = const(-1)
_SILENCE_MS = wire.SERIAL_SILENCE_S * 1000

QUEUE_BYTES = const(4096)
"""What waits for the line at most: half a second of knee samples and raw pairs."""
_TRANSFER_BYTES = const(1024)
"""Blocks are sent while less than this waits, so that live packets find room."""
_PIECE_BYTES = const(32)
_READ_BYTES = const(256)

_PACKET, _MESSAGE = const(0), const(1)


class SerialPort:
    """The band on a serial line: reads from `source`, writes to `sink`, byte streams of a driver.

    `set_interrupt` is `micropython.kbd_intr`, or stands for it.
    """

    mtu = wire.MTU
    wired = True
    """Whoever speaks here knows that the band is plugged in (`power`)."""
    connection_interval_ms = 0
    supervision_timeout_ms = _SILENCE_MS

    def __init__(self, source, sink, set_interrupt):
        self.name = ""
        """What NAME answers: the radio's, once that is known."""
        self.connected = False
        self.left = False
        """The host has gone since `advertise`; the next one's frames wait until that is called."""
        self.dropped = 0
        """Packets given up: nobody took them off the line."""
        self._source = source
        self._sink = sink
        self._set_interrupt = set_interrupt
        self._readable = select.poll()
        self._readable.register(source, select.POLLIN)
        self._writable = select.poll()  # of its own: on the ESP32 both streams are one object
        self._writable.register(sink, select.POLLOUT)
        self._receiver = frames.Receiver()
        self._feature = b""
        self._received = []  # frames not yet looked at
        self._requests = []
        self._transfers = []
        self._queue = []  # (_PACKET or _MESSAGE, frame) that wait for the line
        self._queued = 0  # their bytes
        self._sent = 0  # bytes of the first one that are on the line already
        self._heard_ms = 0

    @property
    def trusted(self) -> bool:
        return self.connected

    @property
    def damaged(self) -> int:
        """Stretches on the line that were no frame."""
        return self._receiver.damaged

    def start(self, feature: bytes):
        """Take part; a host on the line is heard from the next `serve` on."""
        self.set_feature(feature)

    def advertise(self):
        """Forget the last host; the next one may come."""
        self.left = False

    def set_feature(self, feature: bytes):
        """What FEATURE is answered with from now on."""
        self._feature = feature

    def set_battery(self, percent: int):
        """There is no such frame: STATUS tells it."""

    def set_advertised(self, flags: int):
        """A cable advertises nothing."""

    def next_request(self):
        """The next command (bytes), or None."""
        return self._requests.pop(0) if self._requests else None

    def next_transfer(self):
        """The next write to Session Transfer (bytes), or None."""
        return self._transfers.pop(0) if self._transfers else None

    def respond(self, message: bytes):
        """Send what the control point indicates."""
        self._put(_MESSAGE, wire.SERIAL_CONTROL, message)

    def send_measurement(self, packet):
        """Send one packet of Knee Measurement; it is copied."""
        self._put(_PACKET, wire.SERIAL_MEASUREMENT, packet)

    def send_raw(self, packet):
        """Send one packet of Raw IMU; it is copied."""
        self._put(_PACKET, wire.SERIAL_RAW, packet)

    def send_transfer(self, message) -> bool:
        """Send a message of Session Transfer; False where there is no room now."""
        self._write()
        if not self.connected or self._queued >= _TRANSFER_BYTES:
            return False
        self._put(_MESSAGE, wire.SERIAL_TRANSFER, message)
        return True

    def serve(self):
        """Hear what came, send what waits, notice who has gone."""
        if not self._received:  # else whoever sends them can wait
            self._received = self._receiver.feed(self._read())
            if self._received:
                self._heard_ms = time.ticks_ms()
        while self._received and not self.left and self._has_room():
            kind, data = self._received.pop(0)
            self._take(kind, data)
        if self.connected and time.ticks_diff(time.ticks_ms(), self._heard_ms) > _SILENCE_MS:
            self._leave()
        self._write()

    # --- inside --------------------------------------------------------------------------------

    def _has_room(self):
        waiting = max(len(self._requests), len(self._transfers))
        return waiting < config.COMMAND_QUEUE

    def _take(self, kind, data):
        if kind == wire.SERIAL_FEATURE and not data:
            if not self.connected:
                self.connected = True
                self._set_interrupt(_NO_INTERRUPT)
            self._put(_MESSAGE, wire.SERIAL_FEATURE, self._feature)
        elif not self.connected:
            pass  # a host begins with FEATURE
        elif kind == wire.SERIAL_LEAVE:
            self._leave()
        elif kind == wire.SERIAL_NAME:
            self._put(_MESSAGE, wire.SERIAL_NAME, self.name.encode())
        elif kind == wire.SERIAL_CONTROL:
            self._requests.append(data)
        elif kind == wire.SERIAL_TRANSFER:
            self._transfers.append(data)

    def _leave(self):
        self.connected = False
        self.left = True
        self._requests.clear()
        self._transfers.clear()
        self._queue.clear()
        self._queued = self._sent = 0
        self._set_interrupt(CTRL_C)

    def _read(self):
        """What is there to be read, at most _READ_BYTES."""
        data = bytearray()
        try:
            while len(data) < _READ_BYTES and self._readable.poll(0):
                byte = self._source.read(1)
                if not byte:  # an end that is always readable
                    break
                data += byte
        except OSError:
            pass  # the other end has gone; silence tells the rest
        return bytes(data)

    def _put(self, sort, kind, data):
        if not self.connected:
            return
        frame = frames.frame(kind, data)
        while self._queued + len(frame) > QUEUE_BYTES:
            if not self._give_up_oldest():
                self.dropped += 1
                return
        self._queue.append((sort, frame))
        self._queued += len(frame)
        self._write()

    def _give_up_oldest(self) -> bool:
        """Take the oldest packet out of the queue, unless a part of it is on the line."""
        for number, (sort, frame) in enumerate(self._queue):
            if sort == _PACKET and (number or not self._sent):
                self._queue.pop(number)
                self._queued -= len(frame)
                self.dropped += 1
                return True
        return False

    def _write(self):
        try:
            while self._queue and self._writable.poll(0):
                frame = self._queue[0][1]
                piece = frame[self._sent : self._sent + _PIECE_BYTES]
                written = self._sink.write(piece)
                if not written:
                    break  # it has changed its mind
                self._sent += written
                if self._sent == len(frame):
                    self._queue.pop(0)
                    self._queued -= len(frame)
                    self._sent = 0
        except OSError:
            pass  # the other end has gone; silence tells the rest
