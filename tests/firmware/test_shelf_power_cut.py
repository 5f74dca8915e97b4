"""Recordings on flash, whenever the power fails. The tests: device/shelf_power_cut.py."""


def test_on_the_board(device_test):
    device_test()
