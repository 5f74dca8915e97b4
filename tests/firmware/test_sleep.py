"""When it sleeps and what wakes it. The tests: device/sleep.py."""


def test_on_the_board(device_test):
    device_test()
