"""The watchdog and the causes of a start. The tests: device/guard.py."""


def test_on_the_board(device_test):
    device_test()
