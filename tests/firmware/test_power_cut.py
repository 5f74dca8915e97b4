"""Stored in one step, whenever the power fails: under MicroPython, on its littlefs."""

from collections.abc import Callable


def test_power_cut(device_test: Callable[[], None]) -> None:
    device_test()
