"""A new version's one minute, and power and flash that fail at any moment of an update."""

import asyncio
import os

import machine
from shelf_power_cut import every_cut
from shelves import SMALL, loaded, on, record
from updating import (
    ID,
    KEPT,
    NEW,
    NEWER,
    OLD,
    RECORDED,
    Refused,
    brought,
    confirm,
    flashed,
    held,
    outcome,
    recorded,
    start,
    told,
    tried_and_confirmed,
    until_reset,
    update,
)

import slots
from kneecore import update_wire, wire
from sim import vclock
from sim.flash import Flash

# --- the trial -----------------------------------------------------------------------------------


def test_unconfirmed_it_is_taken_back_after_a_minute():
    flashed()
    brought()
    assert start() == (1, True)

    began_us = vclock.now_us()
    vclock.wait(began_us + 1000 * slots.TRIAL_MS - 1)
    try:
        vclock.wait(began_us + 1000 * slots.TRIAL_MS)
        raise AssertionError("it went on")
    except machine.BoardReset as reset:
        assert reset.cause == machine.HARD_RESET
    assert start(machine.HARD_RESET) == (0, False) and outcome() == slots.UNCONFIRMED
    assert slots.read().id == ID and slots.read().version == b"0.2.0"


def test_whatever_ends_the_trial_the_next_start_is_the_old_one_and_knows_why():
    flashed()
    for cause, why in (
        (machine.WDT_RESET, slots.HUNG),
        (machine.PWRON_RESET, slots.POWER),
        (machine.HARD_RESET, slots.RESET),
        (machine.DEEPSLEEP_RESET, slots.RESET),
    ):
        brought()
        assert start() == (1, True)
        assert start(cause) == (0, False) and outcome() == why
        assert start() == (0, False) and outcome() == why
    brought()
    assert start() == (1, True)
    try:
        slots.failed(ImportError("no module named 'kneeband.app'"))
        raise AssertionError("it stays")
    except machine.BoardReset as reset:
        assert start(reset.cause) == (0, False) and outcome() == slots.CRASHED


def test_a_program_that_holds_up_even_the_timer_is_ended_by_the_watchdog():
    flashed()
    brought()
    assert start() == (1, True)
    vclock.set_alarm(0, None, "timer 0")  # it hangs with interrupts off, before its own watchdog
    try:
        vclock.wait(vclock.now_us() + 200_000_000)
        raise AssertionError("it goes on")
    except machine.BoardReset as reset:
        assert reset.cause == machine.WDT_RESET
        assert start(reset.cause) == (0, False) and outcome() == slots.HUNG


def test_with_a_sensor_silent_that_was_not_it_is_taken_back():
    flashed()
    brought()
    assert start() == (1, True)

    async def scene(band):
        band.radio.connect()
        band.shank.fault("nack", vclock.now_us(), 600_000_000)
        await asyncio.sleep_ms(update_wire.CONFIRM_FROM_S * 1000)
        assert await confirm(band) == wire.RESULT_FAILED
        await asyncio.sleep_ms(5000)
        raise AssertionError("it went on")

    assert until_reset(scene) == machine.HARD_RESET
    assert start(machine.HARD_RESET) == (0, False) and outcome() == slots.UNFIT


def test_the_record_damaged_or_its_files_gone_what_came_by_cable_runs():
    flashed()
    brought()
    assert start() == (1, True)
    tried_and_confirmed()
    with open(slots.RECORD, "rb") as file:
        good = file.read()
    for at in range(len(good)):
        with open(slots.RECORD, "wb") as file:
            file.write(good[:at] + bytes((good[at] ^ 4,)) + good[at + 1 :])
        assert start() == (0, False), at
        assert slots.damaged
    with open(slots.RECORD, "wb") as file:
        file.write(good)
    assert start() == (1, False)
    os.remove("a/kneeband/program.mpy")
    assert start() == (0, False)
    os.remove(slots.RECORD)  # as a flash does
    assert start() == (0, False) and not slots.damaged


# --- power and flash that fail -------------------------------------------------------------------


def test_whenever_the_power_fails_one_whole_version_runs_and_all_that_is_kept_is_there():
    seen = set()
    made = []

    def prepare():
        flashed()
        assert record(loaded(), RECORDED) == 1
        made.append(recorded())

    def work(mark):
        assert start() == (0, False)
        brought()
        mark("finished")
        assert start() == (1, True)
        mark("on trial")
        tried_and_confirmed()
        mark("confirmed")
        assert start() == (1, False)
        brought(NEWER, b"newer...")
        mark("finished again")

    def check(safe):
        slot, trial = start()
        last = safe[-1] if safe else ""
        seen.add((last, slot, trial))
        assert held(0, KEPT) == OLD | KEPT
        if slot:
            assert held(slot) == {1: NEW, 2: NEWER}[slot]
        assert recorded() == made[0]
        if not trial:
            return
        assert start() == ((1 if slot == 2 else 0), False), "it is tried once"
        assert outcome() == slots.POWER

    cuts = every_cut(prepare, work, check)
    assert cuts > 100
    assert seen == {  # the record is the old one or the new one, and says all
        ("", 0, False),
        ("finished", 1, True),
        ("on trial", 0, False),
        ("confirmed", 1, False),
        ("finished again", 2, True),
    }, seen


class Failing(Flash):
    """Some changes go well, then every one fails, as it does on flash that is worn out."""

    left = 0
    broken = False

    def _fails(self):
        self.left -= 1
        return self.broken and self.left < 0

    def writeblocks(self, block, buffer, offset=None):
        return -5 if self._fails() else super().writeblocks(block, buffer, offset)

    def ioctl(self, operation, argument):
        return -5 if operation == 6 and self._fails() else super().ioctl(operation, argument)


def test_a_write_that_fails_leaves_what_runs_and_the_next_update_succeeds():
    os.VfsLfs2.mkfs(Failing("flash.bin", SMALL))
    flash = Failing("flash.bin", SMALL)

    def work(at):
        async def scene(band):
            band.radio.connect()
            await told(band)
            flash.left, flash.broken = at, True
            try:
                await update(band, NEW)
            finally:
                flash.broken = False
            await asyncio.sleep_ms(3000)

        try:
            ended = until_reset(scene)
        except Refused as refused:
            ended = refused.args
        assert held(0) == OLD
        assert start() == ((1, True) if ended == machine.HARD_RESET else (0, False))
        assert start() == (0, False)
        return ended

    on(flash, flashed)
    ends = [on(flash, lambda at=at: work(at)) for at in (0, 4, 6, 1, 9, 24, 200, 0, 1)]
    failed = wire.RESULT_FAILED
    assert set(ends) == {
        (update_wire.OP_UPDATE_BEGIN, failed),
        (update_wire.OP_UPDATE_FILE, failed),
        (update_wire.TRANSFER_DATA, failed),
        (update_wire.OP_UPDATE_FINISH, failed),
        machine.HARD_RESET,
    }
