"""Counts corrected for the IMUs' errors; see device/counts.py."""

from collections.abc import Callable


def test_counts(device_test: Callable[[], None]) -> None:
    device_test()
