"""The watchdog that bites a board that hangs, and what the next start tells of the last."""

import asyncio
import os
import sys
import time

import band as rig
import board
import machine

from kneeband import config, guard
from kneecore import settings, wire
from sim import vclock


class _Cause:
    """What the chip says of its last reset, for a while."""

    def __init__(self, cause, register=0):
        machine.reset_cause = lambda: cause
        machine.mem32.registers[0x60008038] = register


def cause():
    return guard.Guard().reset_cause


def bitten(scene):
    """The BoardReset that ends `scene(band)`, or None."""
    try:
        rig.run(scene)
    except machine.BoardReset as reset:
        return reset
    return None


def test_a_band_at_work_is_not_bitten():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_RECORD)
        await asyncio.sleep_ms(60_000)
        assert band.shelf.count == 0  # it still runs

    assert bitten(scene) is None


def test_a_board_that_hangs_starts_anew_within_the_watchdogs_time_and_says_why():
    at = []

    async def scene(band):
        await asyncio.sleep_ms(1_000)
        at.append(time.ticks_ms())
        time.sleep(60)  # nothing else runs

    reset = bitten(scene)
    assert reset is not None and reset.cause == machine.WDT_RESET
    hung_ms = time.ticks_diff(time.ticks_ms(), at[0])
    assert config.WATCHDOG_MS - 100 < hung_ms <= config.WATCHDOG_MS, hung_ms
    _Cause(reset.cause)
    assert cause() == settings.RESET_WATCHDOG


def test_what_was_measured_before_it_hung_is_kept_but_for_the_last_second():
    async def scene(band):
        await band.press(200)
        await asyncio.sleep_ms(10_000)
        time.sleep(60)

    assert bitten(scene) is not None

    async def later(band):
        band.radio.connect()
        result, payload = await band.ask(wire.OP_LIST, wire.LIST.pack(0))
        kept = wire.RECORDING.unpack_from(payload)
        assert result == wire.RESULT_SUCCESS and kept.flags & wire.RECORDING_CUT
        seconds = (kept.end_number - kept.first_number) * wire.KNEE_PERIOD_US / 1e6
        assert seconds > 8.8, seconds

    rig.run(later)


def test_a_pause_for_the_flash_is_no_hang():
    async def scene(band):
        await asyncio.sleep_ms(1_000)
        for _ in range(5):
            time.sleep_ms(1_000)  # more than any that was seen
            await asyncio.sleep_ms(100)

    assert bitten(scene) is None


def test_whoever_wants_the_prompt_is_left_alone():
    dog = guard.Guard()
    dog.start()
    dog.at_prompt()
    time.sleep(config.PROMPT_MS // 1000 - 1)


def test_the_causes_of_a_start_are_told_apart():
    _Cause(machine.PWRON_RESET, 1)
    assert cause() == settings.RESET_POWER
    _Cause(machine.PWRON_RESET, 0x2A0F)
    assert cause() == settings.RESET_BROWN_OUT
    _Cause(machine.DEEPSLEEP_RESET)
    assert cause() == settings.RESET_SLEEP
    _Cause(machine.HARD_RESET)
    assert cause() == settings.RESET_OTHER


def test_a_crash_is_told_once_and_its_traceback_kept():
    try:
        raise ValueError("what happened")
    except ValueError as error:
        guard.note_crash(error)
    _Cause(machine.HARD_RESET)
    assert cause() == settings.RESET_CRASH
    assert cause() == settings.RESET_OTHER
    with open(guard.CRASH_KEPT) as file:
        assert "what happened" in file.read()
    assert guard.CRASH_PATH not in os.listdir()


class _Gone(Exception):
    pass


def boot(press_at_s=None):
    """(how long boot.py held main.py up in s, the lamp's changes meanwhile); a minute at most."""
    sys.modules.pop("boot", None)
    machine.wire_input(board.BUTTON, 1)
    began = vclock.now_us()
    lamp = []
    sleep_ms = time.sleep_ms

    def passes(ms):
        sleep_ms(ms)
        lamp.append(machine.Pin(board.LED).value())
        seconds = (vclock.now_us() - began) / 1e6
        if press_at_s is not None and seconds >= press_at_s:
            machine.wire_input(board.BUTTON, 0)
        if seconds > 60:
            raise _Gone

    time.sleep_ms = passes
    try:
        import boot  # noqa: F401
    except _Gone:
        pass
    finally:
        time.sleep_ms = sleep_ms
        machine.wire_input(board.BUTTON, 1)
    changes = sum([one != other for one, other in zip(lamp, lamp[1:])])
    return (vclock.now_us() - began) / 1e6, changes


def crash(up_s):
    now = time.ticks_ms
    time.ticks_ms = lambda: up_s * 1000
    guard.note_crash(ValueError("what happened"))
    time.ticks_ms = now


def test_the_third_start_in_a_row_that_fails_at_once_is_the_last_until_somebody_presses():
    machine.reset_cause = lambda: machine.HARD_RESET
    for up_s in (5, 5, 90, 5):  # one that ran for a while begins a new row
        crash(up_s)
        assert boot() == (1.0, 0)
    crash(5)
    seconds, changes = boot(press_at_s=20)
    assert 19 < seconds < 22 and changes > 150
    assert boot() == (1.0, 0), "it is tried again"
    for _ in range(3):
        crash(5)
    assert boot()[0] > 59, "nobody there"


def test_a_press_within_the_second_keeps_main_from_running_but_not_the_one_that_woke_it():
    machine.reset_cause = lambda: machine.HARD_RESET
    assert boot(press_at_s=0.5)[0] > 59
    machine.reset_cause = lambda: machine.DEEPSLEEP_RESET
    assert boot(press_at_s=0.0) == (0.0, 0)
