"""The simulated flash memory, under MicroPython."""

from collections.abc import Callable


def test_flash(device_test: Callable[[], None]) -> None:
    device_test()
