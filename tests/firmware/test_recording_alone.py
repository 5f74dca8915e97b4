"""Recordings that need no host. The tests: device/recording_alone.py."""


def test_on_the_board(device_test):
    device_test()
