"""New firmware over a link. The tests: device/update.py."""

from collections.abc import Callable


def test_on_the_board(device_test: Callable[[], None]) -> None:
    device_test()
