"""The table that tools/bench_firmware.py measures by. The tests: device/stages.py."""


def test_on_the_board(device_test):
    device_test()
