"""What a person may set. The tests: device/preferences.py."""


def test_on_the_board(device_test):
    device_test()
