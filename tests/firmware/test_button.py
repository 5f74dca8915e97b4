"""What a press of the button means. The tests: device/button.py."""


def test_on_the_board(device_test):
    device_test()
