"""The register-level IMU. The tests are in device/imu_model.py."""


def test_on_the_board(device_test):
    device_test()
