"""Two IMUs on oscillators of their own become pairs on one grid. The tests: device/sampler.py."""


def test_on_the_board(device_test):
    device_test()
