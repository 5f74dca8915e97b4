"""Which firmware runs: the one that came over the cable, or one that came over the radio.

Three places, "slots": the root, which `kneetrack flash` writes and the radio never touches, and the
folders a/ and b/, of which an update (`kneeband.update`) fills the one that does not run. One small
record says which is in force. boot.py calls `choose`, which puts that folder before the root in
sys.path. This file, boot.py and main.py lie in the root only, and change over the cable only.

The trial
    An update that is there whole is *staged*. The next start puts it on trial: STARTED is written
    first, so a start that finds STARTED knows that the one before did not come to its end, for
    whatever reason, and the version from before runs again. Nothing is tried twice, so no loop of
    restarts lasts. The trial ends well when the host that has sent the version says so (`confirm`);
    else TRIAL_MS after its begin the board is reset, which takes it back. That is done from here,
    by a timer and, should the program hold up even that, by the watchdog: not by the version on
    trial, which may be the very thing that is broken.

The record
    magic "KS1", u8 in force, u8 tried last, u8 phase, u8 outcome of the last trial, u8 faults that
    the band had before it, 8 bytes id of what is in force, 8 bytes id and 16 bytes version of what
    was tried last; CRC-32. It is renamed into place, so it is the old one or the new one whenever
    the power fails. Missing (as after a flash) or damaged, the root runs.
"""

import binascii
import os
import struct
import sys

import machine
from micropython import const

LOADER = 1
"""What the three files of the root can do. An update that needs more has to come by cable."""

RECORD = "slots.dat"
FOLDERS = ("", "a", "b")
"""By their number in the record."""

SETTLED, READY, STARTED = 0, 1, 2
"""Phases: no trial; the next start is one; it has begun."""

NONE, CONFIRMED, UNCONFIRMED, CRASHED, HUNG, POWER, RESET, INCOMPLETE, UNFIT = range(9)
"""Outcomes of a trial (kneecore.update_wire.OUTCOME_* has their meanings)."""

TRIAL_MS = const(60_000)
_WATCHDOG_MS = const(70_000)
_TIMER = const(0)
_PROGRAM = "/kneeband/program.mpy"
_CRASH = "crash.new"  # as kneeband.guard has it
_MAGIC = b"KS1"
_LAYOUT = "<3s5B8s8s16s"
_CRC = "<I"


class State:
    """What the record holds."""

    def __init__(self):
        self.active = 0
        self.tried = 0
        self.phase = SETTLED
        self.outcome = NONE
        self.faults = 0
        self.active_id = bytes(8)
        self.id = bytes(8)
        self.version = b""


running = 0
"""The slot that was chosen at this start."""
on_trial = False
damaged = False
"""The record could not be read at this start."""
_settling = False  # the trial is just being ended well: the timer keeps out


def read() -> State:
    """The record; a new one where there is none, or it is damaged."""
    global damaged
    state = State()
    try:
        with open(RECORD, "rb") as file:
            data = file.read()
    except OSError:
        return state
    end = struct.calcsize(_LAYOUT)
    damaged = (
        len(data) != end + struct.calcsize(_CRC)
        or data[: len(_MAGIC)] != _MAGIC
        or struct.unpack_from(_CRC, data, end)[0] != binascii.crc32(data[:end]) & 0xFFFFFFFF
    )
    if not damaged:
        (
            _,
            state.active,
            state.tried,
            state.phase,
            state.outcome,
            state.faults,
            state.active_id,
            state.id,
            version,
        ) = struct.unpack(_LAYOUT, data[:end])
        state.version = version.rstrip(b"\x00")
    return state


def write(state: State) -> bool:
    """False if that failed: what was there before is there still."""
    data = struct.pack(
        _LAYOUT,
        _MAGIC,
        state.active,
        state.tried,
        state.phase,
        state.outcome,
        state.faults,
        state.active_id,
        state.id,
        state.version,
    )
    try:
        with open(RECORD + ".new", "wb") as file:
            file.write(data + struct.pack(_CRC, binascii.crc32(data) & 0xFFFFFFFF))
        os.rename(RECORD + ".new", RECORD)
    except OSError:
        return False
    return True


def choose():
    """At a start: have the imports find the version that is to run; begin its trial, if it is one.

    Where the record can't be written nothing is tried, for nobody would know at the next start.
    """
    global running, on_trial
    state = read()
    if state.phase == STARTED:
        _back(state, _why())
        machine.RTC().memory(b"")  # its crashes are not the old one's (kneeband.guard counts them)
    elif state.phase == READY:
        state.phase = STARTED
        if not _there(state.tried):
            _back(state, INCOMPLETE)
        elif write(state):
            on_trial = _guarded()
    slot = state.tried if on_trial else state.active
    if slot and _there(slot):
        running = slot
        sys.path.insert(0, FOLDERS[slot])


def _guarded() -> bool:
    """Have the trial end; nothing is tried where that can't be had."""
    try:
        machine.WDT(timeout=_WATCHDOG_MS)
        machine.Timer(_TIMER).init(
            mode=machine.Timer.ONE_SHOT, period=TRIAL_MS, callback=_trial_is_over
        )
    except (OSError, ValueError):
        return False
    return True


def target() -> int:
    """The slot that an update may write: neither in force nor running."""
    return 2 if running == 1 or (running == 0 and read().active == 1) else 1


def stage(slot: int, faults: int, version_id: bytes, version: bytes) -> bool:
    """Have the next start try what is in that slot."""
    state = read()
    state.active, state.tried, state.phase, state.outcome = running, slot, READY, NONE
    state.faults, state.id, state.version = faults, version_id, version
    return write(state)


def confirm() -> bool:
    """The version on trial is in force from now on; False if that could not be written."""
    global on_trial, _settling
    _settling = True
    state = read()
    state.active, state.active_id = state.tried, state.id
    state.phase, state.outcome = SETTLED, CONFIRMED
    if not write(state):
        _settling = False
        return False
    on_trial = False
    return True


def failed(error):
    """main.py: the program could not even be imported. On trial the old one comes back at once."""
    sys.print_exception(error, sys.stderr)  # pyright: ignore[reportArgumentType]
    if not on_trial:
        return  # the prompt: whoever is at the cable sees why
    try:
        with open(_CRASH, "w") as file:
            sys.print_exception(error, file)  # pyright: ignore[reportArgumentType]
    except OSError:
        pass
    machine.reset()


def give_up(outcome: int):
    """The version on trial is not fit: the next start is of the one from before."""
    _back(read(), outcome)


def _back(state, outcome):
    state.phase, state.outcome = SETTLED, outcome
    write(state)


def _trial_is_over(timer):
    if on_trial and not _settling:
        give_up(UNCONFIRMED)
        machine.reset()


def _there(slot) -> bool:
    try:
        os.stat(FOLDERS[slot] + _PROGRAM)
    except OSError:
        return slot == 0
    return True


def _why() -> int:
    """Why the trial before this start ended."""
    try:
        os.stat(_CRASH)
        return CRASHED
    except OSError:
        pass
    cause = machine.reset_cause()
    if cause == machine.WDT_RESET:
        return HUNG
    return POWER if cause == machine.PWRON_RESET else RESET
