"""FETCH, ACKNOWLEDGE, DELETE and RESUME: what is answered, by which port, and to nonsense."""

import asyncio

import board
from machine import wire_input
from sessions import ALL, RATE_HZ, kept, run, same, samples_of, streaming, whole

from kneeband import config, states
from kneecore import transfers, wire


def test_acknowledging_the_future_forgets_only_what_was_measured():
    async def scene(band, recording):
        await asyncio.sleep_ms(3_000)
        band.acknowledge(recording, ALL)
        await asyncio.sleep_ms(3_000)
        band.acknowledge(recording, 0)  # and nothing comes back
        now = await band.running()
        assert 250 < now.end_number - now.first_number < 330, now

    streaming(scene)


def test_what_has_just_ended_can_be_deleted_at_once():
    async def scene(band, recording):
        await asyncio.sleep_ms(2_000)
        await band.ask(wire.OP_STOP)
        assert await band.delete(recording.recording_id) == wire.RESULT_SUCCESS
        assert await band.running() is None and await band.listed() == []

    streaming(scene)


def test_a_fetch_goes_on_while_what_it_fetches_moves_to_flash():
    async def scene(band, recording):
        await asyncio.sleep_ms(12_000)
        await band.ask(wire.OP_STOP)
        operand = transfers.FETCH.pack(recording.recording_id, 0, ALL)
        band.write_transfer(transfers.TRANSFER_FETCH, operand)
        await asyncio.sleep_ms(100)
        band.radio.room = 0
        await asyncio.sleep_ms(config.LINGER_MS + 500)
        band.radio.room = None
        await asyncio.sleep_ms(2000)
        messages = [data for _, data in band.notified(wire.TRANSFER_UUID)]
        assert messages[-1][0] == transfers.TRANSFER_DONE
        samples = kept(messages[:-1], recording.recording_id)
        whole(samples, recording.first_number, max(band.live()) + 1)

    streaming(scene)


def test_a_new_fetch_or_a_stop_ends_the_old_one_without_a_done():
    async def scene(band, recording):
        await asyncio.sleep_ms(8_000)
        operand = transfers.FETCH.pack(recording.recording_id, 0, ALL)
        band.write_transfer(transfers.TRANSFER_FETCH, operand)
        await asyncio.sleep_ms(100)
        band.write_transfer(transfers.TRANSFER_STOP)
        await asyncio.sleep_ms(50)
        sent = len(band.notified(wire.TRANSFER_UUID))
        await asyncio.sleep_ms(500)
        kinds = [data[0] for _, data in band.notified(wire.TRANSFER_UUID)]
        assert len(kinds) == sent < 60 and set(kinds) == {transfers.TRANSFER_BLOCK}
        band.write_transfer(transfers.TRANSFER_FETCH, operand)
        await asyncio.sleep_ms(60)
        _, done = await band.fetch(recording.recording_id, 0, 100)
        assert done.end_number == 100
        kinds = [data[0] for _, data in band.notified(wire.TRANSFER_UUID)]
        assert kinds.count(transfers.TRANSFER_DONE) == 1

    streaming(scene)


def test_what_is_not_there_is_not_found():
    async def scene(band):
        band.radio.connect()
        for recording_id in (0, 1, 65535):
            messages, done = await band.fetch(recording_id, 0, 100)
            assert (messages, done.result) == ([], wire.RESULT_NOT_FOUND)
            assert await band.delete(recording_id) == wire.RESULT_NOT_FOUND
        recording = await band.start()
        boot_id = band.feature().boot_id
        for boot, one, expected in (
            (boot_id, recording.recording_id, wire.RESULT_WRONG_STATE),  # it streams
            (boot_id + 1 & 0xFF, recording.recording_id, wire.RESULT_NOT_FOUND),
            (boot_id, recording.recording_id + 1, wire.RESULT_NOT_FOUND),
        ):
            result, _ = await band.ask(wire.OP_RESUME, wire.RESUME.pack(boot, one, 0))
            assert result == expected
        assert await band.delete(recording.recording_id) == wire.RESULT_WRONG_STATE

    run(scene)


def test_the_stream_goes_to_the_port_that_asked_and_a_host_may_go_on_by_cable():
    async def scene(band, recording):
        await asyncio.sleep_ms(1_000)
        before = band.live()
        band.cable.says(wire.SERIAL_FEATURE)
        await asyncio.sleep_ms(200)
        operand = wire.RESUME.pack(recording.boot_id, recording.recording_id, 0)
        resume = bytes((wire.OP_RESUME,)) + operand
        for request in (b"\x01\x00", resume):  # START
            assert await band.cable.asks(request) == wire.RESULT_WRONG_STATE
        assert band.cable.packets == []
        band.radio.disconnect()
        await asyncio.sleep_ms(200)
        sent = len(band.live())
        assert await band.cable.asks(resume) == wire.RESULT_SUCCESS
        await asyncio.sleep_ms(1_000)
        by_cable = samples_of(band.cable.packets)
        assert len(by_cable) > 90 and len(band.live()) == sent > len(before)
        band.cable.says(wire.SERIAL_TRANSFER, fetch_all(recording))
        await asyncio.sleep_ms(1_000)
        assert band.cable.transfers[-1][0] == transfers.TRANSFER_DONE
        samples = kept(band.cable.transfers[:-1], recording.recording_id)
        assert same(samples, band.live()) == sent and same(samples, by_cable) > 80
        band.radio.connect()  # the other host leaves, and nothing happens to this one's stream
        await asyncio.sleep_ms(500)
        band.radio.disconnect()
        await asyncio.sleep_ms(500)
        assert band.app.session.state == states.STREAMING
        band.cable.says(wire.SERIAL_LEAVE)
        await asyncio.sleep_ms(200)
        assert band.app.session.state == states.RECORDING

    def fetch_all(recording):
        operand = transfers.FETCH.pack(recording.recording_id, 0, ALL)
        return bytes((transfers.TRANSFER_FETCH,)) + operand

    streaming(scene)


def test_writes_that_make_no_sense_never_stop_the_stream():
    async def scene(band, recording):
        await asyncio.sleep_ms(500)
        state = 12345
        control, transfer = band.handle(wire.CONTROL_UUID), band.handle(wire.TRANSFER_UUID)
        harmless = (wire.OP_STOP, wire.OP_SET_CALIBRATION, wire.OP_SET_SENSORS, wire.OP_FORGET)
        for turn in range(300):
            junk = bytearray()
            for _ in range(turn % 12 if turn % 3 else turn % 240):
                state = (state * 1103515245 + 12345) & 0x7FFFFFFF
                junk.append(state >> 16 & 0xFF)
            if turn % 2 and junk:
                junk[0] = (1, 2, 3, 0x81, 0x82, 0, 0xFF)[turn % 7]
            band.radio.write(transfer, bytes(junk))
            if not junk or junk[0] not in harmless:
                band.radio.write(control, bytes(junk))
            await asyncio.sleep_ms(20)
        await asyncio.sleep_ms(1_000)
        assert band.app.session.state == states.STREAMING
        numbers = sorted(band.live())
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert numbers[-1] - numbers[0] > 7 * RATE_HZ
        await band.fetched(recording, numbers[0], numbers[-1])

    streaming(scene)
    wire_input(board.BUTTON, 1)
