"""Sensor calibration, on simulated chips whose true errors are known.

What may be asked of a correction is that the corrected sensor measures rightly in some one frame:
the rotation of sensor against housing can't be known and is taken out (polar decomposition).
"""

import math
from typing import Any

import numpy as np
import pytest

from kneetrack.calibration.imu import MG, ImuCalibration, calibrate_imu
from kneetrack.calibration.stills import find_poses
from kneetrack.errors import CalibrationError
from sim.chip_errors import ChipErrors
from sim.tumble import SIX_FACES, Tumble

PERIOD_S = 4808e-6
GYR_LSB = math.radians(0.070)
ACC_LSB = 0.488 * MG


def recorded(chip: Any, source: Any, mount: str = "thigh") -> np.ndarray:
    """(n, 6) of what the chip shows, quantised as it is."""
    chip.set_up(GYR_LSB, ACC_LSB, 208.0)
    count = int(source.duration_s / PERIOD_S)
    rows = [chip.counts(source.imu(mount, i * PERIOD_S), i * PERIOD_S) for i in range(count)]
    return np.array(rows, dtype=float) * ([GYR_LSB] * 3 + [ACC_LSB] * 3)


def errors(chip: Any, found: ImuCalibration | None) -> tuple[float, float, float]:
    """Largest (offset in mg, accelerometer axes in %, gyroscope axes in %) that remain."""
    acc, gyr, offset = np.eye(3), np.eye(3), np.zeros(3)
    if found is not None:
        acc, gyr = np.array(found.acc_matrix), np.array(found.gyr_matrix)
        offset = np.array(found.acc_offset_m_s2)
    seen_acc, seen_gyr = acc @ np.array(chip._acc_matrix), gyr @ np.array(chip._gyr_matrix)
    left, _, right = np.linalg.svd(seen_acc)
    frame = left @ right
    warm = chip.temperature_c(20.0) - 25.0
    zero = np.array(chip._acc_zero) + warm * np.array(chip._acc_zero_k)
    return (
        float(np.abs(acc @ (zero - offset)).max() / MG),
        float(np.abs(frame.T @ seen_acc - np.eye(3)).max() * 100),
        float(np.abs(frame.T @ seen_gyr - np.eye(3)).max() * 100),
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("preset", ["lsm6dsox", "icm42688p", "mpu6050"])
def test_nine_quarter_turns_tell_all_errors_of_a_chip(preset: str, seed: int) -> None:
    chip = ChipErrors(preset, seed)

    found = calibrate_imu(recorded(chip, Tumble(seed)), 1 / PERIOD_S, "thigh")

    offset_mg, acc_percent, gyr_percent = errors(chip, found)
    was = errors(chip, None)
    assert offset_mg < 0.5
    assert acc_percent < 0.1
    assert gyr_percent < 0.1
    assert was[0] > 5.0 and min(was[1:]) > 0.2, "there was something to find"
    assert found.acc_residual_m_s2[1] < 0.02 * found.acc_residual_m_s2[0]
    assert math.degrees(found.move_residual_rad[1]) < 0.1
    truth = np.array(chip.gyr_zero(20.0))
    gravity_felt = 0.15 if preset == "mpu6050" else 0.02  # deg/s: its zero depends on the pose
    assert np.degrees(np.abs(np.array(found.gyr_zero_rad_s) - truth)).max() < gravity_felt


def test_the_stated_uncertainty_covers_the_error() -> None:
    """Ten chips: the errors are within three of the worst axis' sigmas, and not absurdly small."""
    ratios = []
    for seed in range(10):
        chip = ChipErrors("icm42688p", 100 + seed)
        found = calibrate_imu(recorded(chip, Tumble(seed, "xyxzyzxyz")), 1 / PERIOD_S, "shank")
        offset_mg, acc_percent, gyr_percent = errors(chip, found)
        ratios += [
            offset_mg * MG / found.acc_offset_sigma_m_s2,
            acc_percent / 100 / max(found.acc_scale_sigma, found.acc_cross_sigma),
            gyr_percent / 100 / max(found.gyr_scale_sigma, found.gyr_cross_sigma),
        ]
    assert max(ratios) < 3.0
    assert np.mean(ratios) > 0.03


def test_a_perfect_chip_is_left_as_it_is() -> None:
    """To what counts can tell: a chip without noise rounds the same way for a whole pose."""
    chip = ChipErrors("none", 5)

    found = calibrate_imu(recorded(chip, Tumble(5)), 1 / PERIOD_S, "thigh")

    assert np.abs(np.array(found.acc_matrix) - np.eye(3)).max() < 1.5e-3
    assert np.abs(np.array(found.gyr_matrix) - np.eye(3)).max() < 1.5e-3
    assert np.abs(found.acc_offset_m_s2).max() < 0.3 * MG


@pytest.mark.parametrize(
    ("turns", "asks_for"),
    [("xxx", "six faces in turn"), ("xxxxyyyy", "over another edge"), ("xyxy", "six faces")],
)
def test_too_few_positions_are_refused_with_what_is_missing(turns: str, asks_for: str) -> None:
    rows = recorded(ChipErrors("lsm6dsox", 1), Tumble(1, turns))

    with pytest.raises(CalibrationError, match=asks_for):
        calibrate_imu(rows, 1 / PERIOD_S, "shank")


def test_a_sensor_that_never_lies_still_is_refused() -> None:
    chip = ChipErrors("lsm6dsox", 1)
    rows = recorded(chip, Tumble(1))
    rng = np.random.default_rng(4)
    rows[:, :3] += rng.normal(0.0, math.radians(1.0), (len(rows), 3))  # a hand holds it

    with pytest.raises(CalibrationError, match="never lay still"):
        calibrate_imu(rows, 1 / PERIOD_S, "thigh")


def test_a_sensor_that_only_lies_is_refused() -> None:
    rows = recorded(ChipErrors("lsm6dsox", 1), Tumble(1, "", hold_s=20.0))

    with pytest.raises(CalibrationError, match="never lay still between moves"):
        calibrate_imu(rows, 1 / PERIOD_S, "thigh")


@pytest.mark.parametrize("share", [0.5, 0.03])
def test_turns_that_gravity_contradicts_are_refused(share: float) -> None:
    """A gyroscope that lost a part of one turn is found out. (About the vertical it can't be.)"""
    rows = recorded(ChipErrors("lsm6dsox", 2), Tumble(2))
    poses = find_poses(rows, 1 / PERIOD_S)
    before, after = poses[4], poses[5]
    assert before.face != after.face
    turning = np.flatnonzero(np.abs(rows[:, :3]).max(axis=1) > 0.2)
    turn = turning[(turning > before.end) & (turning < after.start)]
    lost = turn[int(len(turn) * (0.5 - share / 2)) : int(len(turn) * (0.5 + share / 2))]
    rows[lost, :3] = before.gyr

    with pytest.raises(CalibrationError, match="table that nobody touches"):
        calibrate_imu(rows, 1 / PERIOD_S, "thigh")


def test_a_slow_steady_turn_is_no_pose() -> None:
    period = np.arange(int(20 / PERIOD_S)) * PERIOD_S
    angle = np.radians(1.0) * period
    rows = np.zeros((len(period), 6))
    rows[:, 2] = np.radians(1.0)
    rows[:, 3], rows[:, 4] = 9.81 * np.sin(angle), 9.81 * np.cos(angle)

    assert find_poses(rows, 1 / PERIOD_S) == ()


def test_all_six_faces_are_named() -> None:
    rows = recorded(ChipErrors("lsm6dsox", 3), Tumble(3, SIX_FACES))

    poses = find_poses(rows, 1 / PERIOD_S)

    assert {pose.face for pose in poses} == {"+x", "-x", "+y", "-y", "+z", "-z"}
    assert len(poses) == len(SIX_FACES) + 1
