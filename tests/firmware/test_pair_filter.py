"""The fixed-point pair filter keeps its float twin's interface. The tests: device/pair_filter.py.

How close the two are on recorded motion is test_strapdown_equals_float.py's business.
"""


def test_on_the_board(device_test):
    device_test()
