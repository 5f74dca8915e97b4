"""What a host finds when it is back. The tests: device/nothing_lost.py."""


def test_on_the_board(device_test):
    device_test()
