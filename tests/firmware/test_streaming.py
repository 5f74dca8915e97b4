"""What goes out while streaming. The tests: device/streaming.py."""


def test_on_the_board(device_test):
    device_test()
