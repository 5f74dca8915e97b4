"""The physics of a walking leg. The tests are in device/gait.py."""


def test_on_the_board(device_test):
    device_test()
