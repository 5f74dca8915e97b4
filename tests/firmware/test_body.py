"""The physics of the simulated leg. The tests are in device/body.py."""


def test_on_the_board(device_test):
    device_test()
