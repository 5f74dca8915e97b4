"""Samples to packets, written straight into buffers that are used again and again.

A packet holds samples of consecutive sequence numbers. It leaves when it is full, when the next
sample does not follow on, or when streaming ends. Its flags are those of all its samples together,
and what happened just before it (FLAG_OVERRUN, FLAG_IMU_FAULT).

`send` is called with a memoryview that is good until the next sample comes.
"""

import struct

import micropython

from kneecore import wire

_HEADER = wire.PACKET_HEADER
_KNEE_BYTES = wire.KNEE_SAMPLE.size
_RAW_BYTES = wire.RAW_PAIR.size
_ATT_HEADER = 3
_COUNTS_PER_DEG = 1.0 / wire.ANGLE_LSB_DEG


class _Batch:
    """A packet in the making: `size` samples of `sample_bytes` every `period_us`."""

    def __init__(self, send, size, sample_bytes, period_us, boot_id):
        self.buffer = bytearray(_HEADER.size + size * sample_bytes)
        view = memoryview(self.buffer)
        self._views = tuple([view[: _HEADER.size + n * sample_bytes] for n in range(size + 1)])
        self._send = send
        self._size = size
        self._sample_bytes = sample_bytes
        self._period_us = period_us
        self._boot_id = boot_id
        self._first = 0
        self._count = 0
        self._flags = 0
        self._before = 0

    def open(self, number: int, flags: int) -> int:
        """Make room for sample `number` of this packet's grid; returns its offset in `buffer`."""
        if self._count and number != self._first + self._count:
            self.close()
        if self._count == 0:
            self._first = number
            self._flags = self._before
            self._before = 0
        self._flags |= flags
        offset = _HEADER.size + self._count * self._sample_bytes
        self._count += 1
        return offset

    def close_if_full(self):
        if self._count == self._size:
            self.close()

    def close(self):
        """Send what there is."""
        if self._count == 0:
            return
        struct.pack_into(
            _HEADER.format,
            self.buffer,
            0,
            self._boot_id,
            self._first & 0xFFFF,
            self._first * self._period_us & 0xFFFFFFFF,
            self._period_us,
            self._flags,
        )
        view = self._views[self._count]
        self._count = 0
        self._send(view)

    def mark(self, flags: int):
        """Something happened: close the packet, and say so in the next one."""
        self.close()
        self._before |= flags


class KneePackets:
    """Knee Measurement. `keep(number, flags, buffer, offset)` gets each sample as it was packed.

    The flags there are the sample's own: what was marked belongs to the first sample after it.
    """

    def __init__(self, send, keep, boot_id: int):
        self._keep = keep
        self._marked = 0
        self._batch = _Batch(
            send, wire.KNEE_SAMPLES_PER_PACKET, _KNEE_BYTES, wire.KNEE_PERIOD_US, boot_id
        )
        self.close = self._batch.close

    def mark(self, flags: int):
        """Something happened: close the packet, and say so in the next one."""
        self._batch.mark(flags)
        self._marked |= flags

    def add(self, pair_number: int, pipeline):
        """Take the knee sample that `pipeline` holds; it belongs to that (even) pair."""
        batch = self._batch
        buffer = batch.buffer
        number = pair_number // wire.KNEE_DIVIDER
        flags = pipeline.flags | self._marked
        self._marked = 0
        at = batch.open(number, flags)
        struct.pack_into(
            "<3h",
            buffer,
            at,
            int(round(pipeline.flexion_deg * _COUNTS_PER_DEG)),
            int(round(pipeline.valgus_deg * _COUNTS_PER_DEG)),
            int(round(pipeline.rotation_deg * _COUNTS_PER_DEG)),
        )
        pipeline.estimator.put_quaternions(buffer, at + 6)
        buffer[at + 22] = min(255, int(pipeline.sigma_deg * 10.0 + 0.5))
        self._keep(number, flags, buffer, at)
        batch.close_if_full()


class RawPackets:
    """Raw IMU, for a link of that ATT MTU (at least wire.MTU_MIN)."""

    def __init__(self, send, boot_id: int, mtu: int):
        room = (mtu - _ATT_HEADER - _HEADER.size) // _RAW_BYTES
        size = min(wire.RAW_PAIRS_PER_PACKET, room)
        self._batch = _Batch(send, size, _RAW_BYTES, wire.PAIR_PERIOD_US, boot_id)
        self.mark = self._batch.mark
        self.close = self._batch.close

    def add(self, pair_number: int, rows, index: int):
        """Take row `index` of the sampler's rows; both machines are little-endian, as the wire."""
        at = self._batch.open(pair_number, 0)
        _copy_row(rows, index, self._batch.buffer, at)
        self._batch.close_if_full()


@micropython.viper
def _copy_row(rows, index: int, buffer, at: int):
    """24 bytes of row `index` to `buffer` from byte `at`, which need not be even."""
    p = ptr8(rows)
    q = ptr8(buffer)
    o = index * 24
    for i in range(24):
        q[at + i] = p[o + i]
