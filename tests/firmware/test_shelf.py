"""Recordings on flash: under MicroPython, on its littlefs. The tests: device/shelf.py."""


def test_on_the_board(device_test):
    device_test()
