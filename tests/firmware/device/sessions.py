"""What the tests of recordings have in common: samples as they came live and as they were kept."""

import asyncio

import band as rig
import bench

from kneecore import blocks, wire

HEADER = wire.PACKET_HEADER.size
SAMPLE = wire.KNEE_SAMPLE.size
RATE_HZ = 1e6 / wire.KNEE_PERIOD_US


def samples_of(packets):
    """{number: (flags, 23 bytes)} of live packets (of the first ten minutes: the numbers fit)."""
    samples = {}
    for data in packets:
        header = wire.PACKET_HEADER.unpack_from(data)
        for i in range((len(data) - HEADER) // SAMPLE):
            assert header.sequence + i not in samples
            at = HEADER + i * SAMPLE
            samples[header.sequence + i] = (header.flags, data[at : at + SAMPLE])
    return samples


def live(band):
    return samples_of([data for _, data in band.notified(wire.MEASUREMENT_UUID)])


def kept(messages, recording_id):
    """{number: (flags, 23 bytes)} of BLOCK messages."""
    samples = {}
    for message in messages:
        if message[0] == wire.TRANSFER_HEAD:
            continue
        assert message[0] == wire.TRANSFER_BLOCK and len(message) <= wire.MTU_MIN - 3
        assert message[1] | message[2] << 8 == recording_id
        _, number, flags, packed = blocks.read_block(message[wire.BLOCK_HEAD :])
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


async def begun(band, opcode=wire.OP_START, operand=b"\x00"):
    """Have a recording begin; the RECORDING of its response."""
    result, payload = await band.ask(opcode, operand)
    assert result == wire.RESULT_SUCCESS, result
    return wire.RECORDING.unpack_from(payload)


async def running(band):
    """The RECORDING that runs or lingers; None if there is none."""
    result, payload = await band.ask(wire.OP_QUERY, bytes((wire.QUERY_RECORDING,)))
    return wire.RECORDING.unpack_from(payload) if result == wire.RESULT_SUCCESS else None


async def listed(band):
    """All finished recordings."""
    found = []
    while True:
        after = found[-1].recording_id if found else 0
        result, payload = await band.ask(wire.OP_LIST, wire.LIST.pack(after))
        if result == wire.RESULT_NOT_FOUND:
            return found
        found.append(wire.RECORDING.unpack_from(payload))


async def resumed(band, recording, options=0):
    operand = wire.RESUME.pack(band.feature().boot_id, recording.recording_id, options)
    return await begun(band, wire.OP_RESUME, operand)


def acknowledge(band, recording, number):
    operand = wire.ACKNOWLEDGE.pack(recording.recording_id, number)
    band.write_transfer(wire.TRANSFER_ACKNOWLEDGE, operand)


async def streams_with(band, recording, duration_s):
    """A host that acknowledges every two seconds what it got."""
    for _ in range(duration_s // 2):
        await asyncio.sleep_ms(2000)
        _, newest = band.notified(wire.MEASUREMENT_UUID)[-1]
        acknowledge(band, recording, max(samples_of([newest])) + 1)
    await asyncio.sleep_ms(50)


def moving():
    return rig.Band(bench.Ramps())
