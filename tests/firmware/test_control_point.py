"""Every command of the control point, and every result. The tests: device/control_point.py."""


def test_on_the_board(device_test):
    device_test()
