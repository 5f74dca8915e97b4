"""The firmware's orientation filter called from Python: counts in, quaternions out.

The filter runs where it belongs, under MicroPython, in its fixed-point form (play_counts.py).
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from math import pi
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
GYR_LSB = 0.070 * pi / 180.0
"""rad/s per count: LSM6DS family at +-2000 dps."""
ACC_LSB = 0.000488 * 9.80665
"""m/s^2 per count, at +-16 g."""


@dataclass(frozen=True, slots=True)
class Orientations:
    """(n, 4) quaternions (w, x, y, z) after each row, and the biases (3,) rad/s at the end."""

    thigh: NDArray[np.float64]
    shank: NDArray[np.float64]
    relative: NDArray[np.float64]
    thigh_bias: NDArray[np.float64]
    shank_bias: NDArray[np.float64]


def to_counts(gyr: NDArray[np.float64], acc: NDArray[np.float64]) -> NDArray[np.int16]:
    """(n, 6) counts of gyr (n, 3) rad/s and acc (n, 3) m/s^2, held at the ends of the range."""
    counts = np.hstack([np.rint(gyr / GYR_LSB), np.rint(acc / ACC_LSB)])
    return np.clip(counts, -32768, 32767).astype("<i2")


def from_counts(counts: NDArray[np.int16]) -> NDArray[np.float64]:
    """The SI values of (n, 6) or (n, 12) counts."""
    scale = np.array([GYR_LSB] * 3 + [ACC_LSB] * 3)
    return counts * np.tile(scale, counts.shape[1] // 6)


def run(
    rows: NDArray[np.int16],
    period_s: float,
    *,
    rest_bias: bool = False,
    zeros: tuple[float, ...] = (0.0,) * 6,
) -> Orientations:
    """Feed (n, 12) rows of counts to `kneeband.strapdown.PairFilter`."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows"
        target = Path(folder) / "out"
        source.write_bytes(np.ascontiguousarray(rows, dtype="<i2").tobytes())
        subprocess.run(
            [
                Path(sys.executable).with_name("micropython"),
                *("-X", "heapsize=16m"),
                ROOT / "tools" / "play_counts.py",
                *(source, target),
                *(repr(period_s), repr(GYR_LSB), repr(ACC_LSB)),
                "1" if rest_bias else "0",
                ",".join(repr(float(x)) for x in zeros),
            ],
            env={**os.environ, "MICROPYPATH": f"{ROOT / 'firmware'}:.frozen"},
            check=True,
            timeout=600,
        )
        out = np.fromfile(target, dtype="<f8")
    table = out[:-6].reshape(-1, 12)
    return Orientations(table[:, :4], table[:, 4:8], table[:, 8:], out[-6:-3], out[-3:])
