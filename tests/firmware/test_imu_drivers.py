"""The other drivers against their chips' registers. The tests: device/imu_drivers.py."""


def test_on_the_board(device_test):
    device_test()
