"""What an LSM6DSOX adds, by its data sheet (biomechanics D): one IMU's errors, drawn from a seed.

Zero of the gyroscope and its drift as the chip warms up on the skin (+3 to 8 degC, time constant
5 min), scale and cross-axis errors, offset of the accelerometer, white noise, counts, clipping.
"""

from __future__ import annotations

import numpy as np

from .course import RATE_HZ
from .turns import Floats

GYR_NOISE = np.radians(3.8e-3)  # rad/s/sqrt(Hz)
ACC_NOISE = 110e-6 * 9.80665  # m/s^2/sqrt(Hz) at +-16 g
GYR_COUNT = np.radians(0.070)
ACC_COUNT = 0.488e-3 * 9.80665
GYR_RANGE = np.radians(2000.0)
ACC_RANGE = 16.0 * 9.80665
WARM_UP_S = 300.0


def measured(gyr: Floats, acc: Floats, seed: int, number: int) -> tuple[Floats, Floats]:
    """True rates (n, 3) in rad/s and specific forces in m/s^2 as chip `number` would give them."""
    random = np.random.default_rng([seed, 31, number])
    wide = np.sqrt(0.5 * RATE_HZ)
    time_s = np.arange(len(gyr)) / RATE_HZ
    zero = np.radians(np.clip(random.normal(0.0, 0.5, 3), -1.0, 1.0))
    warmed = random.uniform(3.0, 8.0) * (1.0 - np.exp(-time_s / WARM_UP_S))
    drift = np.radians(random.normal(0.0, 0.01, 3)) * warmed[:, None]
    gyr = gyr @ _skewed(random).T + zero + drift
    gyr = gyr + random.normal(0.0, GYR_NOISE * wide, gyr.shape)
    offset = random.uniform(-0.02, 0.02, 3) * 9.80665
    acc = acc @ _skewed(random).T + offset + random.normal(0.0, ACC_NOISE * wide, acc.shape)
    return _counted(gyr, GYR_COUNT, GYR_RANGE), _counted(acc, ACC_COUNT, ACC_RANGE)


def _skewed(random: np.random.Generator) -> Floats:
    """Scale within 1 %, axes that feel 0.3 % of each other."""
    return np.diag(1.0 + random.uniform(-0.01, 0.01, 3)) + random.normal(0.0, 0.003, (3, 3)) * (
        1.0 - np.eye(3)
    )


def _counted(values: Floats, count: float, span: float) -> Floats:
    return np.clip(np.round(values / count) * count, -span, span)
