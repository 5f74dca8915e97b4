"""Scenarios, motion and export. The tests are in device/scenarios.py."""


def test_on_the_board(device_test):
    device_test()
