"""Runs before main.py: keeps it from running, if asked to; chooses which firmware runs (`slots`).

BOOT, or the band's own button, pressed within a second after the reset, keeps main.py from running.

A band that crashes at once, or floods the serial port, can so still be reached: press RESET, then
hold BOOT until the lamp flickers. The board then waits for Ctrl-C, which mpremote sends by itself.
(BOOT held during the reset enters the ROM's download mode instead. A press that wakes a sleeping
band asks for nothing here.)

After CRASHES starts in a row that have each failed within a minute (kneeband.guard counts) it waits
by itself, rather than start for ever: a press of the button has main.py try again.
"""

import time

from machine import DEEPSLEEP_RESET, RTC, Pin, reset_cause

try:
    from board import BUTTON, LED
except Exception:  # this has to work when nothing else does: the Feather's own
    BUTTON, LED = 0, 13

_BOOT = 0
_CRASHES = 3


def _pressed(buttons) -> bool:
    return any(button.value() == 0 for button in buttons)


def _wanted(buttons) -> bool:
    """Whether a button goes down within the second."""
    for _ in range(20):
        time.sleep_ms(50)
        if _pressed(buttons):
            return True
    return False


def _wait(lamp, buttons=()):
    """Flicker until one of the buttons is pressed; without any, for good."""
    while not _pressed(buttons):
        lamp.value(not lamp.value())
        time.sleep_ms(100)


def _start():
    buttons = [Pin(number, Pin.IN, Pin.PULL_UP) for number in {_BOOT, BUTTON}]
    memory = RTC()
    if (memory.memory() + b"\x00\x00")[1] >= _CRASHES:
        memory.memory(b"")
        print("Failed", _CRASHES, "times in a row: see crash.new. Ctrl-C gives the prompt, a press")
        print("of the button starts main.py.")
        _wait(Pin(LED, Pin.OUT, value=1), buttons)
    elif reset_cause() != DEEPSLEEP_RESET and _wanted(buttons):
        print("Safe start: main.py waits. Ctrl-C gives the prompt.")
        _wait(Pin(LED, Pin.OUT, value=1))


_start()

# Behind the safe start, which so uses up no trial.
try:
    import slots

    slots.choose()
except Exception as error:  # then what came over the cable runs
    print("No choice of firmware:", error)
