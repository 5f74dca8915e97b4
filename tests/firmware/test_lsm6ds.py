"""The IMU driver against the chip's registers. The tests: device/lsm6ds.py."""


def test_on_the_board(device_test):
    device_test()
