"""Runs before main.py: keeps it from running, if asked to; chooses which firmware runs (`slots`).

BOOT, pressed within a second after the reset, keeps main.py from running.

A band that crashes at once, or floods the serial port, can so still be reached: press RESET, then
hold BOOT until the lamp flickers. The board then waits for Ctrl-C, which mpremote sends by itself.
(BOOT held during the reset enters the ROM's download mode instead. A press that wakes a sleeping
band asks for nothing here.)
"""

import time

from machine import DEEPSLEEP_RESET, Pin, reset_cause

_BOOT_BUTTON = 0  # low while pressed
_LED = 13  # kneeband.board knows it too, but this has to work when kneeband does not


def _wanted(button) -> bool:
    """Whether the button goes down within the second."""
    for _ in range(20):
        time.sleep_ms(50)
        if button.value() == 0:
            return True
    return False


def _wait(lamp):
    print("Safe start: main.py waits. Ctrl-C gives the prompt.")
    while True:
        lamp.value(not lamp.value())
        time.sleep_ms(100)


if reset_cause() != DEEPSLEEP_RESET and _wanted(Pin(_BOOT_BUTTON, Pin.IN, Pin.PULL_UP)):
    _wait(Pin(_LED, Pin.OUT, value=1))

# Behind the safe start, which so uses up no trial.
try:
    import slots

    slots.choose()
except Exception as error:  # then what came over the cable runs
    print("No choice of firmware:", error)
