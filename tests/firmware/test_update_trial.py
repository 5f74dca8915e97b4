"""A new version's one minute, and the way back from it. The tests: device/update_trial.py."""

from collections.abc import Callable


def test_on_the_board(device_test: Callable[[], None]) -> None:
    device_test()
