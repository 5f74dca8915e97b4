"""Every command of the control point and every result code, through the whole app."""

import asyncio
import binascii
import os
import struct

import band as rig

from kneeband import states
from kneeband.store import Store
from kneecore import wire
from kneecore.calibration import Calibration
from kneecore.sensors import ImuErrors, Sensors

HALF = 0.7071067811865476
CALIBRATION = Calibration(
    wire.SIDE_LEFT, (1.0, 0.0, 0.0, 0.0), (HALF, HALF, 0.0, 0.0), calibration_id=77
).to_wire()
SENSORS = Sensors(
    41,
    ImuErrors((1.01, 0.002, 0.0, 0.0, 0.99, 0.0, 0.0, 0.0, 1.0), (0.2, -0.1, 0.0)),
    ImuErrors(gyr_matrix=(1.0, 0.01, 0.0, -0.01, 1.0, 0.0, 0.0, 0.0, 0.98)),
).to_wire()


def check(*asked, band=None):
    """Ask one after the other: (opcode, operand, expected result)."""

    async def scene(one):
        one.radio.connect()
        for opcode, operand, expected in asked:
            result, _ = await one.ask(opcode, operand)
            assert result == expected, (opcode, operand, result)

    run_band = band or rig.Band()
    rig.run(scene, run_band)
    return run_band


def test_start_streams_stop_ends_and_stopping_twice_is_no_error():
    async def scene(band):
        band.radio.connect()
        result, payload = await band.ask(wire.OP_START, b"\x00")
        assert (result, len(payload)) == (wire.RESULT_SUCCESS, wire.RECORDING.size)
        assert band.app.session.state == states.STREAMING
        assert await band.ask(wire.OP_STOP) == (wire.RESULT_SUCCESS, b"")
        assert band.app.session.state == states.IDLE
        assert await band.ask(wire.OP_STOP) == (wire.RESULT_SUCCESS, b"")
        told = [status.state for status in band.statuses()]
        assert told == [wire.STATE_STREAMING, wire.STATE_IDLE], told

    rig.run(scene)


def test_starting_twice_is_the_wrong_state():
    check(
        (wire.OP_START, b"\x01", wire.RESULT_SUCCESS),
        (wire.OP_START, b"\x01", wire.RESULT_WRONG_STATE),
        (wire.OP_RECORD, b"", wire.RESULT_WRONG_STATE),
        (wire.OP_SET_SIDE, b"\xff", wire.RESULT_WRONG_STATE),
    )


def test_unknown_commands_are_called_unknown():
    check(
        (0x00, b"", wire.RESULT_UNKNOWN_OPCODE),
        (0x7F, b"\x01", wire.RESULT_UNKNOWN_OPCODE),
        (wire.OP_RESPONSE, b"", wire.RESULT_UNKNOWN_OPCODE),
    )


def test_operands_of_a_wrong_length_or_value_are_invalid():
    bad_id = b"\x00\x00" + CALIBRATION[2:]
    bad_side = CALIBRATION[:2] + b"\x02" + CALIBRATION[3:]
    no_rotation = CALIBRATION[:3] + bytes(8) + CALIBRATION[11:]
    check(
        (wire.OP_START, b"", wire.RESULT_INVALID_OPERAND),
        (wire.OP_START, b"\x02", wire.RESULT_INVALID_OPERAND),
        (wire.OP_STOP, b"\x00", wire.RESULT_INVALID_OPERAND),
        (wire.OP_SET_SIDE, b"\x00", wire.RESULT_INVALID_OPERAND),
        (wire.OP_SET_CALIBRATION, CALIBRATION[:-1], wire.RESULT_INVALID_OPERAND),
        (wire.OP_SET_CALIBRATION, bad_id, wire.RESULT_INVALID_OPERAND),
        (wire.OP_SET_CALIBRATION, bad_side, wire.RESULT_INVALID_OPERAND),
        (wire.OP_SET_CALIBRATION, no_rotation, wire.RESULT_INVALID_OPERAND),
        (wire.OP_IDENTIFY, b"", wire.RESULT_INVALID_OPERAND),
        (wire.OP_SET_SENSORS, SENSORS[:-1], wire.RESULT_INVALID_OPERAND),
        (wire.OP_SET_SENSORS, b"\0\0" + SENSORS[2:], wire.RESULT_INVALID_OPERAND),
        (wire.OP_SET_SENSORS, SENSORS[:2] + b"\xff\x7f" + SENSORS[4:], wire.RESULT_SUCCESS),
        (
            wire.OP_SET_SENSORS,
            SENSORS[:2] + b"\xff\x7f" * 2 + SENSORS[6:],
            wire.RESULT_INVALID_OPERAND,
        ),
        (wire.OP_QUERY, b"\x09", wire.RESULT_INVALID_OPERAND),
        (wire.OP_RESUME, b"\x00" * 3, wire.RESULT_INVALID_OPERAND),
        (wire.OP_RESUME, b"\x00\x01\x00\x02", wire.RESULT_INVALID_OPERAND),
        (wire.OP_RECORD, b"\x00", wire.RESULT_INVALID_OPERAND),
        (wire.OP_LIST, b"\x00", wire.RESULT_INVALID_OPERAND),
        (wire.OP_DELETE, b"", wire.RESULT_INVALID_OPERAND),
        (wire.OP_SET_TIME, b"\x00" * 5, wire.RESULT_INVALID_OPERAND),
        (wire.OP_FORGET, b"\x02", wire.RESULT_INVALID_OPERAND),
    )


def test_a_small_mtu_cannot_stream():
    async def scene(band):
        band.radio.connect(mtu=None)
        assert await band.ask(wire.OP_START, b"\x00") == (wire.RESULT_MTU_TOO_SMALL, b"")
        band.radio.disconnect()
        await asyncio.sleep_ms(50)
        band.radio.connect(mtu=wire.MTU_MIN)
        assert (await band.ask(wire.OP_START, b"\x00"))[0] == wire.RESULT_SUCCESS

    rig.run(scene)


def test_without_an_imu_nothing_starts():
    band = check(
        (wire.OP_START, b"\x00", wire.RESULT_SENSOR_FAULT), band=rig.Band(thigh_address=0x33)
    )
    assert band.feature().thigh_chip == 0 and band.feature().shank_chip == 0x6C
    status = band.statuses()[0]
    assert (status.state, status.faults) == (wire.STATE_FAULT, wire.FAULT_THIGH_IMU)


def test_a_calibration_is_kept_over_a_restart_and_told():
    async def scene(band):
        band.radio.connect()
        assert await band.ask(wire.OP_QUERY, b"\x01") == (wire.RESULT_WRONG_STATE, b"")
        assert await band.ask(wire.OP_SET_CALIBRATION, CALIBRATION) == (wire.RESULT_SUCCESS, b"")
        assert await band.ask(wire.OP_QUERY, b"\x01") == (wire.RESULT_SUCCESS, CALIBRATION)
        assert (band.feature().calibration_id, band.feature().side) == (77, wire.SIDE_LEFT)

    async def later(band):
        band.radio.connect()
        assert await band.ask(wire.OP_QUERY, b"\x01") == (wire.RESULT_SUCCESS, CALIBRATION)
        assert (band.feature().calibration_id, band.feature().side) == (77, wire.SIDE_LEFT)

    first = rig.Band()
    rig.run(scene, first)
    second = rig.Band()
    rig.run(later, second)
    assert second.feature().boot_id == first.feature().boot_id + 1


def test_a_sensor_calibration_is_kept_over_a_restart_and_told():
    async def scene(band):
        band.radio.connect()
        assert await band.ask(wire.OP_QUERY, b"\x02") == (wire.RESULT_WRONG_STATE, b"")
        assert await band.ask(wire.OP_SET_SENSORS, SENSORS) == (wire.RESULT_SUCCESS, b"")
        assert await band.ask(wire.OP_QUERY, b"\x02") == (wire.RESULT_SUCCESS, SENSORS)
        assert band.feature().sensors_id == 41

    async def later(band):
        band.radio.connect()
        assert await band.ask(wire.OP_QUERY, b"\x02") == (wire.RESULT_SUCCESS, SENSORS)
        assert band.feature().sensors_id == 41

    rig.run(scene, rig.Band())
    rig.run(later, rig.Band())


def test_other_sensor_errors_drop_the_calibration_the_same_keep_it():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_SET_CALIBRATION, CALIBRATION)
        assert (await band.ask(wire.OP_SET_SENSORS, SENSORS))[0] == wire.RESULT_SUCCESS
        assert (band.feature().calibration_id, band.feature().sensors_id) == (0, 41)
        await band.ask(wire.OP_SET_CALIBRATION, CALIBRATION)
        assert (await band.ask(wire.OP_SET_SENSORS, SENSORS))[0] == wire.RESULT_SUCCESS
        assert (band.feature().calibration_id, band.feature().side) == (77, wire.SIDE_LEFT)

    rig.run(scene)


def test_the_status_is_told_every_ten_seconds_while_streaming_and_not_before():
    async def scene(band):
        band.radio.connect()
        await asyncio.sleep_ms(12_000)
        assert band.statuses() == []
        await band.ask(wire.OP_START, b"\x00")
        await asyncio.sleep_ms(21_000)
        told = band.statuses()
        assert [status.state for status in told] == [wire.STATE_STREAMING] * 3
        for a, b in zip(told, told[1:]):
            assert abs(b.uptime_ms - a.uptime_ms - 10_000) < 100
        assert 20.0 < told[-1].thigh_temperature_c < 40.0

    rig.run(scene)


def test_counts_do_not_change_while_streaming():
    check(
        (wire.OP_START, b"\x00", wire.RESULT_SUCCESS),
        (wire.OP_SET_SENSORS, SENSORS, wire.RESULT_WRONG_STATE),
    )


def test_the_store_of_the_first_firmware_is_read():
    data = b"KB1" + bytes((9, 0xFF, len(CALIBRATION))) + CALIBRATION
    with open("first.dat", "wb") as file:
        file.write(data + struct.pack("<I", binascii.crc32(data) & 0xFFFFFFFF))

    store = Store("first.dat")
    store.load()

    assert not store.damaged
    assert (store.starts, store.side) == (9, wire.SIDE_LEFT)
    assert (store.calibration, store.sensors) == (CALIBRATION, b"")


def test_the_other_side_drops_the_calibration_the_same_side_keeps_it():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_SET_CALIBRATION, CALIBRATION)
        assert (await band.ask(wire.OP_SET_SIDE, b"\xff"))[0] == wire.RESULT_SUCCESS
        assert band.feature().calibration_id == 77
        assert (await band.ask(wire.OP_SET_SIDE, b"\x01"))[0] == wire.RESULT_SUCCESS
        assert (band.feature().calibration_id, band.feature().side) == (0, wire.SIDE_RIGHT)

    rig.run(scene)


def test_what_cannot_be_stored_failed_and_changes_nothing():
    async def scene(band):
        band.radio.connect()
        os.mkdir("band.dat.new")  # now the file can't be written
        assert (await band.ask(wire.OP_SET_CALIBRATION, CALIBRATION))[0] == wire.RESULT_FAILED
        assert (await band.ask(wire.OP_SET_SIDE, b"\xff"))[0] == wire.RESULT_FAILED
        assert (band.feature().calibration_id, band.feature().side) == (0, wire.SIDE_RIGHT)
        assert band.statuses()[-1].faults == wire.FAULT_STORE
        os.rmdir("band.dat.new")
        assert (await band.ask(wire.OP_SET_SIDE, b"\xff"))[0] == wire.RESULT_SUCCESS
        assert band.statuses()[-1].faults == 0

    rig.run(scene)


def test_a_torn_store_is_seen_and_ignored():
    store = Store("torn.dat")
    store.calibration = CALIBRATION
    assert store.save()
    with open("torn.dat", "rb") as file:
        data = file.read()
    for cut in (data[:0], data[:5], data[:-1], data + b"x", b"KB0" + data[3:]):
        with open("torn.dat", "wb") as file:
            file.write(cut)
        again = Store("torn.dat")
        again.load()
        assert again.damaged and again.calibration == b"", cut
    flipped = bytearray(data)
    flipped[20] ^= 1
    with open("torn.dat", "wb") as file:
        file.write(flipped)
    again.load()
    assert again.damaged and again.calibration == b""


def test_identify_makes_the_lamp_flicker_for_as_long_as_asked():
    async def changes(band, duration_ms):
        count = 0
        last = band.lamp.value()
        for _ in range(duration_ms // 10):
            await asyncio.sleep_ms(10)
            count += band.lamp.value() != last
            last = band.lamp.value()
        return count

    async def scene(band):
        band.radio.connect()
        assert (await band.ask(wire.OP_IDENTIFY, b"\x02"))[0] == wire.RESULT_SUCCESS
        assert await changes(band, 1500) > 20
        await asyncio.sleep_ms(600)
        assert await changes(band, 1500) < 5

    rig.run(scene)


def test_status_tells_what_is():
    async def scene(band):
        band.radio.connect()
        result, payload = await band.ask(wire.OP_QUERY, b"\x00")
        status = wire.STATUS.unpack_from(payload)
        assert result == wire.RESULT_SUCCESS
        assert (status.state, status.faults, status.battery_percent) == (0, 0, 255)
        assert 300 <= status.uptime_ms < 500
        assert 23.0 < status.thigh_temperature_c < 25.0

    rig.run(scene)
