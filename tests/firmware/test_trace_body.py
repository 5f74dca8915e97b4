"""A recorded movement as the simulator plays it. The tests are in device/trace_body.py."""


def test_on_the_board(device_test):
    device_test()
