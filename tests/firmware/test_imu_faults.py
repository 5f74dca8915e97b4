"""Every driver against every fault of its chip. The tests: device/imu_faults.py."""


def test_on_the_board(device_test):
    device_test()
