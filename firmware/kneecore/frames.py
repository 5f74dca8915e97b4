"""Frames on a serial line: both ends of `serial:` links put their bytes on the cable with this.

    flag  [kind, data ..., CRC-16 little-endian] with bytes escaped  flag

A line has no packets, may lose or invent bytes, and shows its own texts in between (a traceback,
the prompt). So each frame stands between two flags and carries a CRC: a receiver that hears
garbage waits for the next flag, and a frame that came whole is found whatever came before it.

Escaping is that of PPP (RFC 1662, section 4.2): a byte that must not occur is sent as ESCAPE and
the byte with bit 5 turned. Apart from flag and escape that is 0x03, which MicroPython's terminal
takes for Ctrl-C: a frame never stops the program it is meant for, not even the first one. Flags,
kind, CRC and escapes add some seven percent to what a band sends. (COBS would keep zero free, which
nobody here needs.)
"""

from kneecore import wire
from kneecore.crc import crc16

FLAG = b"\x7e"
_ESCAPED = (
    (b"\x7d", b"\x7d\x5d"),  # the escape itself: first when sent, last when received
    (b"\x7e", b"\x7d\x5e"),
    (b"\x03", b"\x7d\x23"),
)
_ESCAPE = b"\x7d"
_CRC_BYTES = 2

DATA_BYTES_MAX = wire.MTU - 3
"""The most data that a frame carries: as much as a notification."""
_BODY_BYTES_MAX = 1 + DATA_BYTES_MAX + _CRC_BYTES
FRAME_BYTES_MAX = 2 * _BODY_BYTES_MAX + 2
"""The longest frame, if every byte of it had to be escaped."""


def frame(kind: int, data: bytes) -> bytes:
    """One frame, ready for the line. ValueError where there are too many data."""
    if len(data) > DATA_BYTES_MAX:
        raise ValueError("a frame carries %d bytes, not %d" % (DATA_BYTES_MAX, len(data)))
    body = bytes((kind,)) + bytes(data)
    crc = crc16(body)
    body += bytes((crc & 0xFF, crc >> 8))
    for byte, escaped in _ESCAPED:
        body = body.replace(byte, escaped)
    return FLAG + body + FLAG


class Receiver:
    """Finds the frames in what comes over the line, in pieces of any size.

    It holds at most FRAME_BYTES_MAX bytes besides the piece it is given.
    """

    def __init__(self):
        self.damaged = 0
        """Stretches between two flags that were no frame: garbage, or frames that it hit."""
        self._held = b""  # since the last flag
        self._lost = True  # no flag yet, or too much since the last one

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take what came; the (kind, data) of each frame that it completes."""
        found: list[tuple[int, bytes]] = []
        parts = bytes(data).split(FLAG)
        last = len(parts) - 1
        for number, part in enumerate(parts):
            if not self._lost:
                if len(self._held) + len(part) > FRAME_BYTES_MAX:
                    self._held = b""
                    self._lost = True
                    self.damaged += 1
                else:
                    self._held += part
            if number == last:
                break  # no flag behind this part
            if self._held:
                content = _opened(self._held)
                if content is None:
                    self.damaged += 1
                else:
                    found.append(content)
            self._held = b""
            self._lost = False
        return found


def _opened(body: bytes):
    """The (kind, data) of what stood between two flags, None if that was no frame."""
    if _ESCAPE in body:
        escapes = body.count(_ESCAPE)
        for _, escaped in _ESCAPED:
            escapes -= body.count(escaped)
        if escapes:
            return None
        for byte, escaped in reversed(_ESCAPED):
            body = body.replace(escaped, byte)
    end = len(body) - _CRC_BYTES
    if not 1 <= end <= 1 + DATA_BYTES_MAX:
        return None
    if crc16(memoryview(body)[:end]) != body[end] | body[end + 1] << 8:
        return None
    return body[0], body[1:end]
