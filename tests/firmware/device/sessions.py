"""What the tests of recordings have in common: a host that keeps what a band measures.

Samples are {number: (flags, 23 bytes)}, as they came live or as the band kept them.
"""

import asyncio

import band as rig
import bench

from kneecore import block_reader, transfers, wire

HEADER = wire.PACKET_HEADER.size
SAMPLE = wire.KNEE_SAMPLE.size
RATE_HZ = 1e6 / wire.KNEE_PERIOD_US
ALL = 0xFFFFFFFF
"""The end of whatever there is."""


def samples_of(packets):
    """Those of live packets (of the first ten minutes: the numbers fit)."""
    samples = {}
    for data in packets:
        header = wire.PACKET_HEADER.unpack_from(data)
        for i in range((len(data) - HEADER) // SAMPLE):
            assert header.sequence + i not in samples
            at = HEADER + i * SAMPLE
            samples[header.sequence + i] = (header.flags, data[at : at + SAMPLE])
    return samples


def kept(messages, recording_id):
    """Those of BLOCK messages."""
    samples = {}
    for message in messages:
        if message[0] == transfers.TRANSFER_HEAD:
            continue
        assert message[0] == transfers.TRANSFER_BLOCK and len(message) <= wire.MTU_MIN - 3
        assert message[1] | message[2] << 8 == recording_id
        _, number, flags, packed = block_reader.read_block(message[transfers.BLOCK_HEAD :])
        for i in range(len(packed) // SAMPLE):
            assert number + i not in samples
            samples[number + i] = (flags, bytes(packed[i * SAMPLE : (i + 1) * SAMPLE]))
    return samples


def same(a, b):
    """How many numbers both have; what they hold is the same to the bit."""
    common = [number for number in a if number in b]
    for number in common:
        assert a[number][1] == b[number][1], number
    return len(common)


def whole(samples, first, end):
    """All of `first` to `end`, and none besides."""
    missing = [number for number in range(first, end) if number not in samples]
    assert not missing, (len(missing), missing[:3], missing[-3:])
    assert len(samples) == end - first, (len(samples), min(samples), max(samples), first, end)


class Band(rig.Band):
    """A band that moves, and what a host does about its recordings."""

    def __init__(self):
        super().__init__(bench.Ramps())

    def live(self):
        """The samples that were streamed."""
        return samples_of([data for _, data in self.notified(wire.MEASUREMENT_UUID)])

    async def start(self):
        """START; the RECORDING that it tells, as with the next two."""
        return await self._begun(wire.OP_START, b"\x00")

    async def record(self):
        return await self._begun(wire.OP_RECORD, b"")

    async def resume(self, recording):
        operand = wire.RESUME.pack(self.feature().boot_id, recording.recording_id, 0)
        return await self._begun(wire.OP_RESUME, operand)

    async def _begun(self, opcode, operand):
        result, payload = await self.ask(opcode, operand)
        assert result == wire.RESULT_SUCCESS, result
        return wire.RECORDING.unpack_from(payload)

    async def running(self):
        """The RECORDING that runs or lingers; None if there is none."""
        result, payload = await self.ask(wire.OP_QUERY, bytes((wire.QUERY_RECORDING,)))
        return wire.RECORDING.unpack_from(payload) if result == wire.RESULT_SUCCESS else None

    async def listed(self):
        """All finished recordings."""
        found = []
        while True:
            after = found[-1].recording_id if found else 0
            result, payload = await self.ask(wire.OP_LIST, wire.LIST.pack(after))
            if result == wire.RESULT_NOT_FOUND:
                return found
            found.append(wire.RECORDING.unpack_from(payload))

    async def fetched(self, recording, first=0, end=ALL, patience_s=20):
        """The samples of the blocks that a FETCH brings."""
        messages, done = await self.fetch(recording.recording_id, first, end, patience_s)
        blocks = [message for message in messages if message[0] == transfers.TRANSFER_BLOCK]
        assert (done.result, done.blocks) == (wire.RESULT_SUCCESS, len(blocks)), done
        return kept(messages, recording.recording_id)

    async def fetched_whole(self, recording, patience_s=20):
        """The samples of a finished recording, all that it tells of."""
        samples = await self.fetched(recording, patience_s=patience_s)
        whole(samples, recording.first_number, recording.end_number)
        return samples

    async def delete(self, recording_id):
        """The result of it."""
        return (await self.ask(wire.OP_DELETE, wire.DELETE.pack(recording_id)))[0]

    def acknowledge(self, recording, number):
        operand = transfers.ACKNOWLEDGE.pack(recording.recording_id, number)
        self.write_transfer(transfers.TRANSFER_ACKNOWLEDGE, operand)

    async def acknowledge_for(self, recording, duration_s):
        """Acknowledge every two seconds what came."""
        for _ in range(duration_s // 2):
            await asyncio.sleep_ms(2000)
            _, newest = self.notified(wire.MEASUREMENT_UUID)[-1]
            self.acknowledge(recording, max(samples_of([newest])) + 1)
        await asyncio.sleep_ms(50)


def run(scene):
    """`scene(band)` on a band that has just been started."""
    rig.run(scene, Band())


def streaming(scene):
    """`scene(band, recording)` once a host has connected and has it stream."""

    async def begins(band):
        band.radio.connect()
        await scene(band, await band.start())

    run(begins)
