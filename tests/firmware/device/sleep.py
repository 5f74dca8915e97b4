"""When the band sleeps, what it has done before, and what wakes it."""

import asyncio
import time

import band as rig
import board
import esp32
import machine
from machine import attach

from kneeband import config, sleep
from kneeband.lsm6ds import Lsm6ds
from kneecore import settings, wire
from sim import scenarios, vclock
from sim.imu_model import LSM6DSModel
from sim.motion import Motion
from sim.power_model import Cell, MAX17048Model

INTERRUPT = 18
STILL = scenarios.make_from_address("squats?table=0&reps=0&functional=0")


def slept(scene, sleep_min=1, with_imus=False):
    """Seconds until the band slept in `scene(band)`, None if it did not.

    Without IMUs it is as for anybody who does not measure, and costs a tenth.
    """

    async def run(band):
        band.app._preferences.keep(settings.SETTINGS.pack(sleep_min, settings.LAMP_ON, 200))
        await scene(band)

    began_us = vclock.now_us()
    try:
        band = rig.Band()
        if not with_imus:
            for address in (board.THIGH_IMU, board.SHANK_IMU):
                machine._devices.pop((0, address))
        rig.run(run, band)
    except machine.BoardReset as reset:
        assert reset.cause == machine.DEEPSLEEP_RESET
        return (vclock.now_us() - began_us) // 1_000_000
    return None


def test_unused_for_as_long_as_was_set_it_sleeps_and_the_button_wakes_it():
    async def scene(band):
        await asyncio.sleep_ms(100_000)

    assert slept(scene, 1) in (60, 61)
    ((pin,), level) = esp32.wake_pins["ext0"]
    assert level == esp32.WAKEUP_ALL_LOW and pin.value() == 1
    assert [machine.Pin(number).value() for number in (board.LED, board.I2C_POWER)] == [0, 0]
    assert slept(scene, 0) is None


def test_with_a_host_a_recording_or_a_cable_it_stays_awake():
    cell = Cell()
    attach(0, board.FUEL_GAUGE_MAX17048, MAX17048Model(cell))

    async def connected(band):
        band.radio.connect()
        await asyncio.sleep_ms(65_000)

    async def recording(band):
        await band.press(200)
        await asyncio.sleep_ms(65_000)

    async def plugged(band):
        cell.plug("charger")
        await asyncio.sleep_ms(65_000)

    for scene in (connected, recording, plugged):
        assert slept(scene, with_imus=scene is recording) is None, scene


def test_held_for_six_seconds_it_ends_its_recording_keeps_it_and_sleeps():
    async def scene(band):
        await band.press(200)
        await asyncio.sleep_ms(10_000)
        await band.press(7_000)
        await asyncio.sleep_ms(2_000)

    assert slept(scene, 0, with_imus=True) in (18, 19)

    async def later(band):
        band.radio.connect()
        result, payload = await band.ask(wire.OP_LIST, wire.LIST.pack(0))
        kept = wire.RECORDING.unpack_from(payload)
        assert result == wire.RESULT_SUCCESS and kept.flags == wire.RECORDING_ALONE
        seconds = (kept.end_number - kept.first_number) * wire.KNEE_PERIOD_US / 1e6
        assert 16.5 < seconds < 17.5, seconds

    rig.run(later)


class _Stream:
    def __init__(self, address):
        machine.attach(0, address, LSM6DSModel("thigh", Motion(STILL.source)))
        self.imu = Lsm6ds(machine.I2C(0), address)
        self.imu.configure()


class _Wing:
    """What `Sleep` knows of variant B, whose INT1 is wired, at a start: woken by what there was."""

    def __init__(self, woken=True):
        board.IMU_INTERRUPT = INTERRUPT
        machine.wire_input(INTERRUPT, 0)
        machine.reset_cause = lambda: machine.DEEPSLEEP_RESET if woken else machine.PWRON_RESET
        self.thigh, self.shank = _Stream(0x6A), _Stream(0x6B)
        self.sleep = sleep.Sleep()
        assert self.sleep.knows_motion(self)

    def minutes_awake(self, after_min):
        """How long it waits for somebody."""
        for seconds in range(3600):
            if self.sleep.due(False, after_min):
                return seconds / 60
            time.sleep(1)
        return None

    def waits_for_motion(self, low=False, by="ext1"):
        """Whether a movement would wake it, now that it has gone to sleep; what does, is `by`."""
        esp32.wake_pins.clear()
        machine.while_asleep = lambda: by
        try:
            self.sleep.begin(self, low)
        except machine.BoardReset:
            assert self.shank.imu.acc_rate == self.shank.imu.gyr_rate == 0
            return "ext1" in esp32.wake_pins
        return None


def test_the_wing_waits_for_a_movement_unless_it_is_told_not_to():
    assert _Wing(woken=False).waits_for_motion()
    assert not _Wing(woken=False).waits_for_motion(low=True)
    wing = _Wing(woken=False)
    wing.sleep.ask()
    assert not wing.waits_for_motion()


def test_woken_for_nothing_it_sleeps_again_soon_and_after_three_times_waits_for_the_button():
    assert _Wing(woken=False).waits_for_motion()
    waited = []
    for _ in range(config.MOTION_WAKES):
        wing = _Wing()
        assert wing.minutes_awake(20) == config.MOTION_AWAKE_MIN
        waited.append(wing.waits_for_motion(by="ext0" if len(waited) == 2 else "ext1"))
    assert waited == [True, True, False]
    wing = _Wing()  # by the button
    assert wing.minutes_awake(20) == 20 and wing.waits_for_motion()
    wing = _Wing()
    wing.sleep.due(True, 20)  # somebody is there
    assert wing.minutes_awake(20) == 20 and wing.waits_for_motion()


def test_switched_off_it_tells_its_host_before_it_goes():
    async def scene(band):
        band.radio.connect()
        result, _ = await band.ask(wire.OP_START, bytes((0,)))
        assert result == wire.RESULT_SUCCESS
        told.append(band)
        await band.press(7_000)
        await asyncio.sleep_ms(2_000)

    told = []
    assert slept(scene, 0, with_imus=True) in (8, 9)
    assert told[0].statuses()[-1].state == wire.STATE_IDLE


def test_a_band_as_good_as_empty_sleeps_after_a_minute_whatever_was_set():
    async def nobody(band):
        await asyncio.sleep_ms(65_000)

    attach(0, board.FUEL_GAUGE_MAX17048, MAX17048Model(Cell(percent=2.5)))
    assert slept(nobody, 0) in (60, 61, 62)


def armed(scenario):
    """(the model of a chip whose driver has put it to rest, its Motion)."""
    motion = Motion(scenario.source)
    chip = LSM6DSModel("thigh", motion)
    motion.chips.append(chip)
    machine.attach(0, 0x6A, chip)
    assert Lsm6ds(machine.I2C(0), 0x6A).rest(True)
    return chip, motion


def seconds_to_wake(chip, at_most_s):
    """How long INT1 stays low."""
    for tick in range(at_most_s * 25):
        if chip.interrupt(vclock.now_us()):
            return tick / 25
        time.sleep_ms(40)
    return None


def test_a_still_table_wakes_nothing_in_an_hour_and_a_leg_that_moves_within_a_second():
    vclock.set_speed(0.0)
    chip, _ = armed(STILL)
    assert seconds_to_wake(chip, 3600) is None
    for moves in ("functional=0&gait=walk&strides=3", "movement=swing&functional=1&reps=0"):
        chip, motion = armed(scenarios.make_from_address("squats?table=0&stand=3&" + moves))
        motion.play(3.0, 0.0)
        assert seconds_to_wake(chip, 3) is None, moves
        motion.play(None, 0.0)
        found = seconds_to_wake(chip, 5)
        print(moves, found)
        assert found is not None and found <= 1.0, (moves, found)
