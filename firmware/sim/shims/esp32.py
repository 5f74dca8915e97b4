"""MicroPython's `esp32` for the simulated board: what wakes it (ports/esp32/modesp32.c)."""

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True

wake_pins = {}
"""What ends a deep sleep: "ext0" or "ext1": (machine.Pins, level)."""


def wake_on_ext0(pin=None, level=WAKEUP_ALL_LOW):
    """One pin, None for none."""
    _watch("ext0", () if pin is None else (pin,), level)


def wake_on_ext1(pins=None, level=WAKEUP_ALL_LOW):
    """Some pins: any of them high, or all of them low."""
    _watch("ext1", pins or (), level)


def woken():
    """For the rig: what wakes the sleeping chip now, None if nothing does."""
    for name, (pins, level) in wake_pins.items():
        if _meets(pins, level):
            return name
    return None


def _watch(name, pins, level):
    if pins:
        wake_pins[name] = (tuple(pins), level)
    else:
        wake_pins.pop(name, None)


def _meets(pins, level):
    levels = [pin.value() for pin in pins]
    return any(levels) if level == WAKEUP_ANY_HIGH else not any(levels)
