#!/usr/bin/env python3
"""What nine quarter turns on a table tell of an IMU's errors: simulated chips, truth known.

    python tools/bench_sensors.py [--chips 20]

Each chip draws its errors evenly within its data sheet's limits (firmware/sim/chip_errors.py) and
is turned by a hand with a course of its own (firmware/sim/tumble.py), 36 s. Given are median and
largest over the chips, before and after: the accelerometer's offset; how far its and the
gyroscope's axes are from right angles and right lengths in one common frame (largest element, the
rotation of sensor against housing taken out); what gravity and quarter turns still disagree by. And
the pull: error over stated sigma, root mean square and largest.
"""

from __future__ import annotations

import argparse
import math
from typing import Any

import numpy as np

from kneetrack.calibration.imu import MG, ImuCalibration, solve
from kneetrack.calibration.stills import find_poses
from sim.chip_errors import ChipErrors
from sim.tumble import Tumble

PERIOD_S = 4808e-6
GYR_LSB = math.radians(0.070)
ACC_LSB = 0.488 * MG
PRESETS = ("lsm6dsox", "icm42688p", "mpu6050")


def recorded(chip: Any, source: Any) -> np.ndarray:
    """(n, 6) of what the chip shows, in rad/s and m/s^2."""
    chip.set_up(GYR_LSB, ACC_LSB, 208.0)
    times = [i * PERIOD_S for i in range(int(source.duration_s / PERIOD_S))]
    rows = [chip.counts(source.imu("thigh", t), t) for t in times]
    return np.array(rows, dtype=float) * ([GYR_LSB] * 3 + [ACC_LSB] * 3)


def errors(chip: Any, found: ImuCalibration | None) -> tuple[float, float, float]:
    """Largest (offset in mg, accelerometer's axes in %, gyroscope's axes in %) that remain."""
    acc, gyr, offset = np.eye(3), np.eye(3), np.zeros(3)
    if found is not None:
        acc, gyr = np.array(found.acc_matrix), np.array(found.gyr_matrix)
        offset = np.array(found.acc_offset_m_s2)
    seen_acc, seen_gyr = acc @ np.array(chip._acc_matrix), gyr @ np.array(chip._gyr_matrix)
    left, _, right = np.linalg.svd(seen_acc)
    frame = left @ right
    zero = np.array(chip._acc_zero) + (chip.temperature_c(18.0) - 25.0) * np.array(chip._acc_zero_k)
    return (
        float(np.abs(acc @ (zero - offset)).max() / MG),
        float(np.abs(frame.T @ seen_acc - np.eye(3)).max() * 100),
        float(np.abs(frame.T @ seen_gyr - np.eye(3)).max() * 100),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Sensor calibration on simulated chips.")
    parser.add_argument("--chips", type=int, default=20, help="chips of each kind")
    count = parser.parse_args().chips
    print(f"{count} chips of each kind, median (largest)")
    print(f"{'chip':10} {'offset mg':>24} {'acc axes %':>26} {'gyr axes %':>26} {'pull':>12}")
    for preset in PRESETS:
        before, after, pulls, misfits = [], [], [], []
        for seed in range(1, count + 1):
            chip = ChipErrors(preset, seed)
            rows = recorded(chip, Tumble(seed))
            found = solve(rows, find_poses(rows, 1 / PERIOD_S), 1 / PERIOD_S)
            assert found is not None
            left = errors(chip, found)
            before.append(errors(chip, None))
            after.append(left)
            pulls += [
                left[0] * MG / found.acc_offset_sigma_m_s2,
                left[1] / 100 / max(found.acc_scale_sigma, found.acc_cross_sigma),
                left[2] / 100 / max(found.gyr_scale_sigma, found.gyr_cross_sigma),
            ]
            misfits.append((*found.acc_residual_m_s2, *found.move_residual_rad))
        was, now = np.array(before), np.array(after)
        columns = [
            f"{np.median(was[:, k]):.2f} ({was[:, k].max():.2f}) > "
            f"{np.median(now[:, k]):.3f} ({now[:, k].max():.3f})"
            for k in range(3)
        ]
        pull = f"{np.sqrt(np.mean(np.square(pulls))):.2f} ({max(pulls):.2f})"
        print(f"{preset:10} " + " ".join(f"{c:>26}" for c in columns) + f" {pull:>12}")
        m = np.median(np.array(misfits), axis=0)
        print(
            f"{'':10} gravity {m[0] / MG:.1f} > {m[1] / MG:.2f} mg, a quarter turn "
            f"{math.degrees(m[2]):.2f} > {math.degrees(m[3]):.3f} deg (medians of the misfits' rms)"
        )


if __name__ == "__main__":
    main()
