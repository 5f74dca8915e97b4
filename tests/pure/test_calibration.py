"""The calibration as it travels to the band."""

from math import pi

from kneecore import wire
from kneecore.calibration import Calibration, from_wire

DEG = pi / 180.0


def _calibration():
    return Calibration(
        wire.SIDE_LEFT,
        (0.5, -0.5, 0.5, 0.5),
        (0.8, 0.0, -0.6, 0.0),
        -3.21 * DEG,
        (0.01, -0.02, 0.003),
        (-0.3, 0.0, 0.25),
        2.5 * DEG,
        4711,
    )


def test_a_calibration_survives_the_wire():
    sent = _calibration()
    got = from_wire(sent.to_wire())
    assert (got.side, got.calibration_id) == (-1, 4711)
    for a, b in zip(
        got.q_thigh_sensor + got.q_shank_sensor, sent.q_thigh_sensor + sent.q_shank_sensor
    ):
        assert abs(a - b) < 4e-5
    for a, b in zip(
        got.thigh_gyr_bias + got.shank_gyr_bias, sent.thigh_gyr_bias + sent.shank_gyr_bias
    ):
        assert abs(a - b) < 1.1e-5
    assert abs(got.stance_heading_rad - sent.stance_heading_rad) < 0.006 * DEG
    assert abs(got.axis_sigma_rad - sent.axis_sigma_rad) < 0.06 * DEG


def test_travelling_twice_changes_nothing_more():
    once = from_wire(_calibration().to_wire())
    assert from_wire(once.to_wire()).to_wire() == once.to_wire()


def _refused(data):
    try:
        from_wire(data)
    except ValueError:
        return True
    return False


def test_garbage_is_refused():
    good = _calibration().to_wire()
    assert not _refused(good)
    assert _refused(good[:-1])
    assert _refused(good[:2] + b"\x00" + good[3:])  # no such side
    assert _refused(good[:3] + bytes(8) + good[11:])  # a quaternion of zeros


def test_a_side_is_plus_or_minus_one():
    try:
        Calibration(2, (1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0))
    except ValueError:
        return
    raise AssertionError("side 2 was taken")
