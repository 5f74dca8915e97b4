"""Bonds and trust on the board: device/bonding.py."""


def test_on_the_board(device_test):
    device_test()
