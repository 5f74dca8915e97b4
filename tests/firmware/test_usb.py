"""The cable's port on the board alone; see device/usb.py. The whole way: system/test_serial.py."""

from collections.abc import Callable


def test_usb(device_test: Callable[[], None]) -> None:
    device_test()
