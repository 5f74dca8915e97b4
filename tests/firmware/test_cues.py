"""The band's own cues on the simulated board. The tests: device/cues.py."""


def test_on_the_board(device_test):
    device_test()
