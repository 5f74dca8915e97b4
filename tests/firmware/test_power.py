"""Cable, charge and time left. The tests: device/power.py."""


def test_on_the_board(device_test):
    device_test()
