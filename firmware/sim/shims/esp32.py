"""MicroPython's `esp32` for the simulated board: what wakes it (ports/esp32/modesp32.c)."""

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True

wake_pin = None
"""(machine.Pin, level) that ends a deep sleep."""


def wake_on_ext0(pin=None, level=WAKEUP_ALL_LOW):
    global wake_pin
    wake_pin = None if pin is None else (pin, level)
