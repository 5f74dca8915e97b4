"""When garbage is collected. The tests: device/garbage.py."""

HEAP = "1200k"


def test_on_the_board(device_test):
    device_test()
