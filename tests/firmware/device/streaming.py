"""What goes out while streaming: grid, batches, back-pressure, interruptions, reconnects."""

import asyncio
import errno

import band as rig
import bench

from kneecore import wire
from kneecore.calibration import Calibration
from sim import vclock

START_RAW = b"\x01"
HALF = 0.7071067811865476
HEADER = wire.PACKET_HEADER.size


def numbers_of(packets, record):
    """Sequence numbers of all samples, as they travelled."""
    numbers = []
    for _, data in packets:
        count, rest = divmod(len(data) - HEADER, record.size)
        assert rest == 0 and count > 0
        first = wire.PACKET_HEADER.unpack_from(data).sequence
        numbers += [first + i & 0xFFFF for i in range(count)]
    return numbers


def holes_of(numbers):
    return [(b - a & 0xFFFF) - 1 for a, b in zip(numbers, numbers[1:]) if b - a & 0xFFFF != 1]


def flags_of(packets):
    return [wire.PACKET_HEADER.unpack_from(data).flags for _, data in packets]


def test_knee_samples_come_at_104_hz_eight_at_a_time():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_START, b"\x00")
        band.radio.notified.clear()
        await asyncio.sleep_ms(10_000)
        packets = band.notified(wire.MEASUREMENT_UUID)
        numbers = numbers_of(packets, wire.KNEE_SAMPLE)
        assert abs(len(numbers) - 1040) <= 8, len(numbers)
        assert [len(data) for _, data in packets] == [HEADER + 8 * 23] * len(packets)
        assert holes_of(numbers) == []
        assert band.notified(wire.RAW_UUID) == []
        for (t_us, data), flags in zip(packets, flags_of(packets)):
            header = wire.PACKET_HEADER.unpack_from(data)
            assert header.period_us == wire.KNEE_PERIOD_US
            assert header.time_us == header.sequence * wire.KNEE_PERIOD_US
            newest_us = header.time_us + 7 * wire.KNEE_PERIOD_US
            assert 0 < t_us - newest_us < 35_000, t_us - newest_us
            assert flags == wire.FLAG_UNALIGNED

    rig.run(scene)


def test_raw_pairs_come_at_208_hz_and_are_what_the_chips_measured():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_START, START_RAW)
        await asyncio.sleep_ms(5_000)
        packets = band.notified(wire.RAW_UUID)
        numbers = numbers_of(packets, wire.RAW_PAIR)
        assert abs(len(numbers) - 1045) < 20, len(numbers)
        assert holes_of(numbers) == []
        assert len(packets[3][1]) == HEADER + 9 * 24
        row = wire.RAW_PAIR.unpack_from(packets[3][1], HEADER + 24)
        assert row.thigh_gyr == row.shank_gyr == (409, 0, 0)
        assert row.thigh_acc == row.shank_acc == (0, 0, 2048)

    rig.run(scene, rig.Band(bench.Steady(0.5, 0.0, 0.0, 0.0, 0.0, 9.8)))


def test_a_link_with_a_smaller_mtu_gets_fewer_raw_pairs_a_packet():
    async def scene(band):
        band.radio.connect(mtu=wire.MTU_MIN)
        await band.ask(wire.OP_START, START_RAW)
        await asyncio.sleep_ms(500)
        longest = max([len(data) for _, _, data in band.radio.notified])
        assert longest <= wire.MTU_MIN - 3, longest
        assert holes_of(numbers_of(band.notified(wire.RAW_UUID), wire.RAW_PAIR)) == []

    rig.run(scene)


def test_a_full_radio_delays_packets_then_drops_the_oldest_and_says_how_many():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_START, b"\x00")
        await asyncio.sleep_ms(1_000)
        band.radio.room = 0
        await asyncio.sleep_ms(400)  # five packets: they wait
        band.radio.room = None
        await asyncio.sleep_ms(200)
        packets = band.notified(wire.MEASUREMENT_UUID)
        assert holes_of(numbers_of(packets, wire.KNEE_SAMPLE)) == []
        band.radio.room = 0
        await asyncio.sleep_ms(2_000)  # 26 packets: eight are kept
        band.radio.room = None
        await asyncio.sleep_ms(500)
        packets = band.notified(wire.MEASUREMENT_UUID)
        holes = holes_of(numbers_of(packets, wire.KNEE_SAMPLE))
        _, payload = await band.ask(wire.OP_QUERY, b"\x00")
        dropped = wire.STATUS.unpack_from(payload).dropped_packets
        assert len(holes) == 1 and holes[0] == dropped * 8, (holes, dropped)
        assert 15 <= dropped <= 19, dropped

    rig.run(scene)


def test_stop_sends_the_rest_and_then_is_silent():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_START, START_RAW)
        await asyncio.sleep_ms(1_000)
        stopped_us = vclock.now_us()
        await band.ask(wire.OP_STOP)
        sent = len(band.radio.notified)
        newest = band.notified(wire.RAW_UUID)[-1][1]
        count = (len(newest) - HEADER) // 24
        end_us = wire.PACKET_HEADER.unpack_from(newest).time_us + count * wire.PAIR_PERIOD_US
        assert stopped_us - end_us < 30_000
        await asyncio.sleep_ms(500)
        assert len(band.radio.notified) == sent

    rig.run(scene)


def test_after_a_disconnect_it_advertises_at_once_and_streams_again_when_asked():
    async def scene(band):
        assert band.radio.advertised == 1
        band.radio.connect()
        await band.ask(wire.OP_START, b"\x00")
        await asyncio.sleep_ms(500)
        band.radio.disconnect()
        await asyncio.sleep_ms(50)
        assert band.radio.advertising is not None and band.radio.advertised == 2
        sent = len(band.radio.notified)
        await asyncio.sleep_ms(500)
        assert len(band.radio.notified) == sent
        band.radio.connect()
        assert (await band.ask(wire.OP_START, b"\x00"))[0] == wire.RESULT_SUCCESS
        await asyncio.sleep_ms(500)
        assert len(band.radio.notified) > sent + 4
        # The grid has gone on meanwhile: the pause is a hole of its true length.
        holes = holes_of(numbers_of(band.notified(wire.MEASUREMENT_UUID), wire.KNEE_SAMPLE))
        assert len(holes) == 1 and 50 < holes[0] < 80, holes

    rig.run(scene)


def test_who_comes_back_as_soon_as_it_advertises_finds_no_stream_of_before():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_START, b"\x00")
        await asyncio.sleep_ms(500)
        band.radio.leaves = True  # in the midst of a turn of the firmware's loop
        band.radio.write(band.handle(wire.CONTROL_UUID), bytes((wire.OP_QUERY, 0)))
        while band.radio.advertising is None:
            await asyncio.sleep_ms(1)
        band.radio.connect()
        assert (await band.ask(wire.OP_START, b"\x00"))[0] == wire.RESULT_SUCCESS

    rig.run(scene)


def test_a_disconnect_is_seen_even_if_somebody_is_connected_again_by_then():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_START, b"\x00")
        await asyncio.sleep_ms(500)
        band.radio.disconnect()
        band.radio.connect()
        await asyncio.sleep_ms(50)
        assert band.radio.advertised == 1  # nobody else is asked in
        assert (await band.ask(wire.OP_START, b"\x00"))[0] == wire.RESULT_SUCCESS

    rig.run(scene)


def test_packets_that_the_radio_refuses_are_counted_as_dropped():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_START, b"\x00")
        await asyncio.sleep_ms(500)
        band.radio.refuses = errno.EIO
        await asyncio.sleep_ms(1_000)
        assert 11 <= band.peripheral.dropped <= 15, band.peripheral.dropped
        before = band.peripheral.dropped
        band.radio.refuses = errno.ENOTCONN  # nobody is there to miss them
        await asyncio.sleep_ms(500)
        assert band.peripheral.dropped == before

    rig.run(scene)


def test_it_advertises_the_service_and_a_name_that_says_nothing_of_its_wearer():
    import bluetooth

    async def scene(band):
        data, response = band.radio.advertising
        assert data[:3] == b"\x02\x01\x06"
        assert data[3:21] == b"\x11\x07" + bytes(bluetooth.UUID(wire.SERVICE_UUID))
        assert data[21:] == b"\x05\xff\xff\xff" + bytes((wire.PROTOCOL_VERSION[0], 0))
        assert response == b"\x0e\x09KneeBand-C00F"

    rig.run(scene)


def test_an_imu_that_fails_is_told_within_a_second_and_streaming_goes_on_when_it_is_back():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_START, b"\x00")
        await asyncio.sleep_ms(1_000)
        band.shank.fault("nack", vclock.now_us(), 1_200_000)
        await asyncio.sleep_ms(1_000)
        status = band.statuses()[-1]
        assert (status.state, status.faults) == (wire.STATE_FAULT, wire.FAULT_SHANK_IMU)
        assert (await band.ask(wire.OP_START, b"\x00"))[0] == wire.RESULT_WRONG_STATE
        await asyncio.sleep_ms(2_500)
        status = band.statuses()[-1]
        assert (status.state, status.faults) == (wire.STATE_STREAMING, 0)
        packets = band.notified(wire.MEASUREMENT_UUID)
        holes = holes_of(numbers_of(packets, wire.KNEE_SAMPLE))
        assert len(holes) == 1 and 120 < holes[0] < 280, holes
        told = [flags for flags in flags_of(packets) if flags != wire.FLAG_UNALIGNED]
        assert told == [wire.FLAG_UNALIGNED | wire.FLAG_OVERRUN | wire.FLAG_IMU_FAULT], told

    rig.run(scene)


def test_a_board_that_was_busy_too_long_says_what_it_lost():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_START, START_RAW)
        await asyncio.sleep_ms(1_000)
        bench.wait_ms(3_000)  # nothing else runs meanwhile
        await asyncio.sleep_ms(1_000)
        for uuid, record, period_us in (
            (wire.MEASUREMENT_UUID, wire.KNEE_SAMPLE, wire.KNEE_PERIOD_US),
            (wire.RAW_UUID, wire.RAW_PAIR, wire.PAIR_PERIOD_US),
        ):
            packets = band.notified(uuid)
            holes = holes_of(numbers_of(packets, record))
            assert len(holes) == 1 and abs(holes[0] * period_us - 1_780_000) < 60_000, holes
            told = [flags for flags in flags_of(packets) if flags & wire.FLAG_OVERRUN]
            assert len(told) == 1
        _, payload = await band.ask(wire.OP_QUERY, b"\x00")
        status = wire.STATUS.unpack_from(payload)
        assert (status.thigh_overruns, status.shank_overruns) == (1, 1)

    rig.run(scene)


def test_a_calibration_given_while_streaming_is_used_at_once_and_leaves_no_hole():
    calibration = Calibration(
        wire.SIDE_RIGHT, (HALF, HALF, 0.0, 0.0), (HALF, HALF, 0.0, 0.0), calibration_id=9
    )

    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_START, b"\x00")
        for _ in range(3):  # at an even and at an odd pair
            await asyncio.sleep_ms(700)
            result, _ = await band.ask(wire.OP_SET_CALIBRATION, calibration.to_wire())
            assert result == wire.RESULT_SUCCESS
        await asyncio.sleep_ms(2_000)
        packets = band.notified(wire.MEASUREMENT_UUID)
        assert holes_of(numbers_of(packets, wire.KNEE_SAMPLE)) == []
        assert flags_of(packets)[0] == wire.FLAG_UNALIGNED
        last = packets[-1][1]
        assert wire.PACKET_HEADER.unpack_from(last).flags == wire.FLAG_REST
        sample = wire.KNEE_SAMPLE.unpack_from(last, HEADER)
        assert max(abs(sample.flexion_deg), abs(sample.valgus_deg)) < 0.5, sample
        assert 0.5 < sample.valgus_sigma_deg < 3.0

    # Both sensors' y axes point up, as the segments' do when turned by a right angle about x.
    rig.run(scene, rig.Band(bench.Steady(0.0, 0.0, 0.0, 0.0, 0.0, -9.8)))


def test_a_long_stream_leaves_nothing_behind_on_the_heap():
    import gc

    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_START, START_RAW)
        held = []
        for _ in range(4):
            await asyncio.sleep_ms(15_000)
            band.radio.notified.clear()
            gc.collect()
            held.append(gc.mem_alloc())
        assert max(held[1:]) - held[1] < 2000, held

    rig.run(scene)


def test_indications_wait_for_one_another():
    async def scene(band):
        band.radio.connect()
        band.radio.confirms = False
        handle = band.handle(wire.CONTROL_UUID)
        band.radio.write(handle, bytes((wire.OP_QUERY, 0)))
        band.radio.write(handle, bytes((wire.OP_IDENTIFY, 0)))
        await asyncio.sleep_ms(100)
        assert len(band.radio.indicated) == 1
        band.radio.confirm()
        await asyncio.sleep_ms(50)
        assert [m[1] for m in band.radio.indicated] == [wire.OP_QUERY, wire.OP_IDENTIFY]

    rig.run(scene)
