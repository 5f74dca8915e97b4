"""The packets of a band that measured a `Recording`: live ones, kept blocks, answers.

What it sends is made as the band makes it: KneeSample records packed in packets of eight, and
`kneecore.blocks` for what it kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kneecore import transfers, wire
from kneecore.blocks import BlockWriter
from kneetrack.samples import Channel, KneeSample, Packet

PERIOD_US = wire.KNEE_PERIOD_US
PER_PACKET = wire.KNEE_SAMPLES_PER_PACKET


class Band:
    """One start of a band; its knee sample k has the number first + k."""

    def __init__(
        self,
        samples: Sequence[KneeSample],
        *,
        boot_id: int = 7,
        first: int = 1000,
        recording_id: int = 3,
        received_from_s: float | None = None,
    ) -> None:
        self.boot_id = boot_id
        self.recording_id = recording_id
        self.first = first
        self.end = first + len(samples)
        self._records = [
            wire.KNEE_SAMPLE.pack(*s[2:5], s.q_earth_thigh, s.q_earth_shank, s.valgus_sigma_deg)
            for s in samples
        ]
        self._flags = [s.flags for s in samples]
        start_s = first * PERIOD_US / 1e6
        self._ahead_s = 0.0 if received_from_s is None else received_from_s - start_s

    def received_s(self, number: int) -> float:
        return number * PERIOD_US / 1e6 + self._ahead_s

    def live(self) -> list[Packet]:
        """All notifications of Knee Measurement; flags close a packet, as on the band."""
        packets: list[Packet] = []
        at = self.first
        while at < self.end:
            flags = self._flags[at - self.first]
            end = at + 1
            while end < min(self.end, at + PER_PACKET) and self._flags[end - self.first] == flags:
                end += 1
            header = wire.PACKET_HEADER.pack(
                self.boot_id, at % 2**16, at * PERIOD_US % 2**32, PERIOD_US, flags
            )
            data = header + b"".join(self._records[at - self.first : end - self.first])
            packets.append(Packet(Channel.MEASUREMENT, data, self.received_s(end)))
            at = end
        return packets

    def blocks(self, first: int, end: int, *, at_s: float = 0.0) -> list[Packet]:
        """The BLOCK messages that hold these numbers, cut where the band might cut them."""
        found: list[Packet] = []

        def put(block: bytes | bytearray | memoryview) -> None:
            head = bytes([transfers.TRANSFER_BLOCK]) + self.recording_id.to_bytes(2, "little")
            found.append(Packet(Channel.TRANSFER, head + bytes(block), at_s))

        writer = BlockWriter(self.boot_id, put)
        for number in range(max(first, self.first), min(end, self.end)):
            k = number - self.first
            writer.add(number, self._flags[k], self._records[k], 0)
        writer.close()
        return found

    def done(
        self,
        first: int,
        end: int,
        blocks: int,
        result: int = wire.RESULT_SUCCESS,
        at_s: float = 0.0,
    ) -> Packet:
        data = transfers.DONE.pack(self.recording_id, first, end, result, blocks)
        return Packet(Channel.TRANSFER, bytes([transfers.TRANSFER_DONE]) + data, at_s)

    def answer(self, first: int, end: int, *, at_s: float = 0.0) -> list[Packet]:
        """The whole answer to a FETCH of these numbers."""
        blocks = self.blocks(first, end, at_s=at_s)
        return [*blocks, self.done(first, end, len(blocks), at_s=at_s)]


def spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Consecutive numbers as (first, end)."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        else:
            found.append((number, number + 1))
    return found


def numbers_in(packet: Packet) -> range:
    """The sequence numbers of a measurement packet of a band that has not counted to 65536."""
    header = wire.PACKET_HEADER.unpack_from(packet.data)
    count = (len(packet.data) - wire.PACKET_HEADER.size) // wire.KNEE_SAMPLE.size
    return range(header[1], header[1] + count)
