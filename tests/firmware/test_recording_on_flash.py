"""Recordings while the flash holds up the board. The tests: device/recording_on_flash.py."""


def test_on_the_board(device_test):
    device_test()
