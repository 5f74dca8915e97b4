"""Knee angles of a trace in the firmware's own arithmetic: counts through its filter and pipeline.

The band's fixed-point strapdown and kneecore's pipeline run under MicroPython (play_pipeline.py) on
what the IMUs would have given: counts at 208 Hz, the calibration as it travels to the band. What
MicroPython has here and the ESP32 has not is double precision in the slow parts; single_angles.py
tells what that makes.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from firmware_filter import ACC_LSB, GYR_LSB, ROOT, to_counts
from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.analysis.angles import HOLD_S, PAIR_S, aligned_backward, held_pose
from kneetrack.samples import KneeSample
from kneetrack.traces import Trace, onto_grid

HELD_PAIRS = 2 * round(0.5 * HOLD_S / PAIR_S)
COLUMNS = 13


def knee_samples(trace: Trace, calibration: Calibration) -> list[KneeSample]:
    """What the band would have measured of `trace`, as the host shows it."""
    times, rows = onto_grid(trace)
    held = np.tile(held_pose(rows, calibration), (HELD_PAIRS, 1))
    table = played(np.vstack([held, rows]), calibration)
    table = table[HELD_PAIRS // wire.KNEE_DIVIDER :]
    samples = [
        KneeSample(
            number,
            float(times[number * wire.KNEE_DIVIDER]),
            *row[:4],
            tuple(row[5:9]),
            tuple(row[9:]),
            int(row[4]),
        )
        for number, row in enumerate(table.tolist())
    ]
    return list(aligned_backward(samples, calibration, trace.windows))


def played(rows: np.ndarray, calibration: Calibration) -> np.ndarray:
    """What the band measures of (n, 12) pairs in SI: a row of play_pipeline.py per knee sample."""
    counts = np.hstack([to_counts(rows[:, at : at + 3], rows[:, at + 3 : at + 6]) for at in (0, 6)])
    with tempfile.TemporaryDirectory() as folder:
        source, record, target = (Path(folder) / name for name in ("rows", "calibration", "out"))
        source.write_bytes(np.ascontiguousarray(counts, dtype="<i2").tobytes())
        record.write_bytes(calibration.to_wire())
        subprocess.run(
            [
                Path(sys.executable).with_name("micropython"),
                *("-X", "heapsize=16m"),
                ROOT / "tools" / "play_pipeline.py",
                *(source, record, target),
                *(repr(GYR_LSB), repr(ACC_LSB)),
            ],
            env={**os.environ, "MICROPYPATH": f"{ROOT / 'firmware'}:.frozen"},
            check=True,
            timeout=600,
        )
        return np.fromfile(target, dtype="<f8").reshape(-1, COLUMNS)
