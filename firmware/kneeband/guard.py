"""The watchdog, and why the band started last.

The watchdog is fed at one point: after a poll of the IMUs (`app`). asyncio runs one task at a time,
so whatever hangs, anywhere, keeps the sampler from coming to that point, and WATCHDOG_MS later the
board starts anew. What was measured until then is on flash but for the last second (`journal`).
Once started it can't be stopped; `at_prompt` gives whoever pressed Ctrl-C an hour instead
(MicroPython's WDT on the ESP32 may be set again: ports/esp32/machine_wdt.c). The safe start
(boot.py) never starts it.

Why it started: MicroPython tells a watchdog from the rest (modmachine.c, from 1.24: a brown-out
looks like power-on there, our own `reset` like the button). A brown-out stands in the chip's own
register, RTC_CNTL_RESET_STATE, bits 0 to 5 = 15. A crash leaves its traceback in CRASH_PATH before
the reset; the next start reads that and keeps it as CRASH_KEPT for whoever looks for it.

A firmware that crashes at every start would do so until the battery is empty. So starts that fail
within a minute, one after the other, are counted in the memory that lasts as long as the power
(its second byte; `sleep` has the first), and boot.py waits after the third.
"""

import os
import sys
import time

import machine
from micropython import const

from kneeband import config
from kneecore import settings

CRASH_PATH = "crash.new"
CRASH_KEPT = "crash.txt"

_CRASH_SOON_MS = const(60_000)
_RESET_STATE = 0x60008038  # ESP32-S3 technical reference manual, RTC_CNTL_RESET_STATE_REG
_BROWN_OUT = 15


class Guard:
    """`start` once, `feed` from the sampling loop."""

    def __init__(self):
        self._dog = None
        self.reset_cause = _reset_cause()
        """settings.RESET_*"""

    def start(self):
        """From now on `feed` is due every WATCHDOG_MS."""
        self._dog = machine.WDT(timeout=config.WATCHDOG_MS)

    def feed(self):
        if self._dog is not None:
            self._dog.feed()

    def at_prompt(self):
        """Somebody wants the prompt: leave them alone for an hour."""
        if self._dog is not None:
            self._dog = machine.WDT(timeout=config.PROMPT_MS)
            self._dog.feed()


def note_crash(error):
    """Keep why the firmware failed, for `reset_cause` of the next start. Never fails itself."""
    memory = machine.RTC()
    # Ticks begin at the start, which the stubs don't want to be known.
    soon = time.ticks_ms() < _CRASH_SOON_MS  # pyright: ignore[reportOperatorIssue]
    before = (memory.memory() + b"\x00\x00")[1] if soon else 0
    memory.memory(bytes((0, before + 1)))
    try:
        with open(CRASH_PATH, "w") as file:
            sys.print_exception(error, file)  # pyright: ignore[reportArgumentType]
    except OSError:
        pass


def _reset_cause() -> int:
    try:
        os.rename(CRASH_PATH, CRASH_KEPT)
        return settings.RESET_CRASH
    except OSError:
        pass
    cause = machine.reset_cause()
    if cause == machine.WDT_RESET:
        return settings.RESET_WATCHDOG
    if cause == machine.DEEPSLEEP_RESET:
        return settings.RESET_SLEEP
    if cause == machine.PWRON_RESET:
        brown_out = machine.mem32[_RESET_STATE] & 0x3F == _BROWN_OUT
        return settings.RESET_BROWN_OUT if brown_out else settings.RESET_POWER
    return settings.RESET_OTHER if cause else settings.RESET_UNKNOWN
