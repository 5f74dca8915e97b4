"""Recordings on flash, whenever the power fails: under MicroPython, on its littlefs."""

from collections.abc import Callable


def test_shelf(device_test: Callable[[], None]) -> None:
    device_test()
