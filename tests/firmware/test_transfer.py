"""What Session Transfer answers. The tests: device/transfer.py."""


def test_on_the_board(device_test):
    device_test()
