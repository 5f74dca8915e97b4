"""The band's own cue, from movement in the IMUs' registers to the motor; and when there is none.

A leg squats every three seconds, against a reference that it is 8 deg inward of all the way: so
every rep is cued, once.
"""

import asyncio
from math import cos, pi, radians, sin

import band as rig
import board
from machine import attach, mem32, watch

from kneeband import config, da7280, haptic
from kneecore import calibration, cueing, wire
from sim import vclock
from sim.haptic_model import ADDRESS, START_US, DA7280Model
from sim.power_model import Cell, MAX17048Model

REP_S = 3.0
MOVES_S = 1.6
FIRST_S = 2.0
UPRIGHT = (1.0, 0.0, 0.0, 0.0)
CALIBRATION = calibration.Calibration(wire.SIDE_RIGHT, UPRIGHT, UPRIGHT, calibration_id=7)
OFF, EVERY = wire.CUE_OFF, wire.CUE_EVERY


class Squats:
    """The shank turns under a thigh that hardly moves (one that never does counts as stuck)."""

    def imu(self, mount, t_s):
        if mount == "thigh":
            return 0.005 * sin(17.0 * t_s), 0.0, 0.0, 0.0, 9.81, 0.0
        t = max(0.0, t_s - FIRST_S) % REP_S
        turn = 2.0 * pi * t / MOVES_S if t < MOVES_S else 0.0
        angle = radians(-50.0) * (1.0 - cos(turn))
        rate = radians(-50.0) * sin(turn) * 2.0 * pi / MOVES_S
        return 0.0, 0.0, rate, 9.81 * sin(angle), 9.81 * cos(angle), 0.0


class Band(rig.Band):
    def __init__(self):
        super().__init__(Squats())
        self.rises_us = watch(board.CUE)

    async def prepare(self, policy, keep=0):
        """What it needs to cue by itself."""
        for opcode, operand in (
            (wire.OP_SET_CALIBRATION, CALIBRATION.to_wire()),
            (wire.OP_SET_REFERENCE, reference(wire.WAY_DOWN)),
            (wire.OP_SET_REFERENCE, reference(wire.WAY_UP)),
        ):
            await self.does(opcode, operand)
        await self.cue(policy, keep)

    async def cue(self, policy, keep=0):
        await self.does(wire.OP_SET_CUE, wire.CUE.pack(policy, keep))

    async def does(self, opcode, operand=b""):
        result, _ = await self.ask(opcode, operand)
        assert result == wire.RESULT_SUCCESS, (opcode, result)

    async def start(self):
        await self.does(wire.OP_START, b"\x00")

    async def rises(self, reps, edges=None):
        """How often the motor starts in the next so many reps."""
        edges = self.rises_us if edges is None else edges
        await self.stands()
        before = len(edges)
        await asyncio.sleep_ms(int(REP_S * reps * 1000))
        return len(edges) - before

    async def stands(self):
        """Until half a second before the next rep, at least half a second from now."""
        now_s = vclock.now_us() * 1e-6
        ahead_s = (FIRST_S - 0.5 - now_s - 0.5) % REP_S + 0.5
        await asyncio.sleep_ms(int(ahead_s * 1000))

    def numbers(self):
        """Of the knee samples that were streamed."""
        found = []
        for _, data in self.notified(wire.MEASUREMENT_UUID):
            first = wire.PACKET_HEADER.unpack_from(data).sequence
            count = (len(data) - wire.PACKET_HEADER.size) // wire.KNEE_SAMPLE.size
            found += range(first, first + count)
        return found


def reference(way):
    """That of somebody whose knee is 8 deg further out."""
    curve = (-8.0,) * wire.REFERENCE_POINTS
    return wire.REFERENCE.pack(7, way, wire.REFERENCE_POINTS, 1.0, curve)


def run(scene):
    rig.run(scene, Band())


def test_what_is_kept_is_for_recordings_made_alone_what_a_host_asks_for_its_own():
    async def scene(band):
        band.radio.connect()
        await band.prepare(EVERY, keep=1)
        await band.start()
        assert await band.rises(1) == 0
        _, kept = await band.ask(wire.OP_QUERY, bytes((wire.QUERY_CUE,)))
        assert wire.CUE.unpack_from(kept).policy == EVERY
        await band.does(wire.OP_IDENTIFY, wire.IDENTIFY.pack(1))
        assert len(band.rises_us) == 1
        await band.cue(EVERY)
        assert await band.rises(2) == 2
        await band.does(wire.OP_STOP)
        await band.start()  # another one: nothing was asked for it
        assert await band.rises(1) == 0
        await band.does(wire.OP_STOP)
        await band.cue(OFF)  # for a recording that does not come
        band.radio.disconnect()
        await band.press(200)
        assert await band.rises(1) == 1

    run(scene)


def test_on_the_cable_there_is_none_and_off_it_there_is():
    cell = Cell()
    attach(0, board.FUEL_GAUGE_MAX17048, MAX17048Model(cell))
    mem32.registers[0x60080808] = lambda: cell.frames() << 8 & 0x3FFF00

    async def scene(band):
        band.radio.connect()
        await band.prepare(EVERY, keep=1)
        band.radio.disconnect()
        cell.plug("computer")
        await asyncio.sleep_ms(3_000)
        band.cable.says(wire.SERIAL_FEATURE)
        asked = wire.CUE.pack(EVERY, 0)
        assert await band.cable.asks(bytes((wire.OP_SET_CUE,)) + asked) == wire.RESULT_SUCCESS
        assert await band.cable.asks(bytes((wire.OP_START, 0))) == wire.RESULT_SUCCESS
        before = len(band.cable.packets)
        assert await band.rises(1) == 0 and len(band.cable.packets) - before > 30
        cell.plug("none")
        await asyncio.sleep_ms(2_000)
        band.cable.says(wire.SERIAL_FEATURE)  # it is still there
        assert await band.rises(1) == 1

    run(scene)


def test_the_haptic_board_has_it_where_one_answers_and_its_faults_cost_no_sample():
    model = DA7280Model()

    async def scene(band):
        band.radio.connect()
        await band.prepare(EVERY)
        await band.start()
        assert await band.rises(1) == 1 and not model.started_us  # by the pin: no board
        attach(0, ADDRESS, model)
        await asyncio.sleep_ms(haptic.LOOK_MS)
        assert await band.rises(1, model.started_us) == 1
        assert not model.drives and not model.harmed
        assert abs(model.run_us() / len(model.started_us) - 200_000) < 25_000
        band.rises_us.clear()
        for trouble in ("short", "unplugged", "nack"):
            model.fault(trouble, vclock.now_us(), 300_000 if trouble == "unplugged" else 9_000_000)
            await asyncio.sleep_ms(haptic.LOOK_MS)
            assert await band.rises(1, model.started_us) == (trouble != "nack"), trouble
            assert bool(band.rises_us) == (trouble == "nack")  # the pin again
        assert not model.harmed
        numbers = band.numbers()
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "samples are missing"
        assert band.statuses()[-1].thigh_overruns == 0

    run(scene)


def test_a_board_that_is_gone_in_the_midst_of_a_pulse_is_stopped_when_it_is_back():
    model = DA7280Model()
    attach(0, ADDRESS, model)

    async def scene(band):
        await asyncio.sleep_ms(haptic.LOOK_MS + config.POLL_MS)
        given_us = vclock.board_us()
        band.app._haptic.give(cueing.INWARD)
        assert model.drives and START_US <= model.started_us[-1] - given_us < START_US + 300
        model.fault("nack", vclock.now_us(), 1_000_000)
        await asyncio.sleep_ms(500)
        assert model.drives and not band.motor.value()
        await asyncio.sleep_ms(500 + haptic.LOOK_MS + config.POLL_MS)
        assert not model.drives

    run(scene)


def test_a_chip_of_another_revision_is_left_alone_and_the_pin_serves():
    model = DA7280Model()
    model._registers[0x00] = 0xCA  # a DA7281, at another address as a rule
    attach(0, ADDRESS, model)

    async def scene(band):
        await asyncio.sleep_ms(haptic.LOOK_MS + config.POLL_MS)
        assert model._registers[0x23] == 0
        band.app._haptic.give(cueing.OUTWARD)
        pattern = []
        for _ in range(40):
            pattern.append(band.motor.value())
            await asyncio.sleep_ms(10)
        assert not model.drives and sum(pattern) in range(14, 22), pattern
        assert band.rises_us and len(band.rises_us) == 2
        assert da7280.IMAX * 7.2 + 28.6 <= da7280.LIMIT_MA

    run(scene)
