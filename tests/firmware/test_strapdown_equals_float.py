"""The band's fixed-point filter against its float twin, on the same counts.

The difference is an angle between two orientations, in degrees. What a twin cannot tell is whether
both are right: that is tools/bench_orientation.py's business. `pytest -s` prints the figures.
"""

from math import pi
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import firmware_filter
from kneecore import fusion

ROOT = Path(__file__).parents[2]

DATA = ROOT.parent / "shared" / "data"
RATE_HZ = 208.0
Array = NDArray[np.float64]


def angles_between_deg(p: Array, q: Array) -> Array:
    """(n,) from two (n, 4), stable where they are nearly alike."""
    p = p / np.linalg.norm(p, axis=1, keepdims=True)
    q = q / np.linalg.norm(q, axis=1, keepdims=True)
    apart = np.minimum(np.linalg.norm(p - q, axis=1), np.linalg.norm(p + q, axis=1))
    return np.degrees(4.0 * np.arcsin(0.5 * apart))


def float_twin(
    rows: NDArray[np.int16], period_s: float, zeros: tuple[float, ...]
) -> firmware_filter.Orientations:
    pair = fusion.PairFilter(fusion.Params(), period_s)
    pair.set_bias(zeros[:3], zeros[3:])
    out = np.empty((len(rows), 12))
    for i, row in enumerate(firmware_filter.from_counts(rows).tolist()):
        pair.step(row, 0)
        thigh, shank = pair.orientations()
        out[i] = thigh + shank + pair.relative()
    return firmware_filter.Orientations(
        out[:, :4],
        out[:, 4:8],
        out[:, 8:],
        np.array(pair.thigh.bias),
        np.array(pair.shank.bias),
    )


def differences(
    name: str, rows: NDArray[np.int16], period_s: float, zeros: tuple[float, ...] = (0.0,) * 6
) -> tuple[float, float]:
    """(largest, RMS) in degrees over thigh, shank and relative orientation; prints them."""
    fixed = firmware_filter.run(rows, period_s, zeros=zeros)
    twin = float_twin(rows, period_s, zeros)
    parts = [
        angles_between_deg(fixed.thigh, twin.thigh),
        angles_between_deg(fixed.shank, twin.shank),
        angles_between_deg(fixed.relative, twin.relative),
    ]
    largest = float(max(part.max() for part in parts))
    rms = float(np.sqrt(np.mean(np.square(parts))))
    print(f"\n{name}: {len(rows)} pairs, largest {largest:.4f} deg, RMS {rms:.4f} deg", end="  ")
    for bias, expected in (
        (fixed.thigh_bias, twin.thigh_bias),
        (fixed.shank_bias, twin.shank_bias),
    ):
        assert np.degrees(np.abs(bias - expected)).max() < 0.005
    return largest, rms


def synthetic(seconds: float, speed: float) -> NDArray[np.int16]:
    """Counts of a swing of both segments, up to `speed` rad/s, with noise and bias.

    Acceleration and rate belong together only roughly, which keeps the correction busy.
    """
    random = np.random.default_rng(7)
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    columns: list[Array] = []
    for phase in (0.0, 0.7):
        gyr = np.stack(
            [
                0.2 * speed * np.sin(2 * pi * 0.7 * t + phase),
                0.3 * speed * np.sin(2 * pi * 0.9 * t),
                0.9 * speed * np.sin(2 * pi * 0.5 * t + phase),
            ],
            axis=1,
        )
        gyr += random.normal((0.01, -0.006, 0.004), 0.003, gyr.shape)
        lean = 0.9 * speed / pi * np.cos(2 * pi * 0.5 * t + phase)
        acc = 9.81 * np.stack([np.sin(lean), np.cos(lean), 0.05 * np.sin(t)], axis=1)
        acc += random.normal(0.0, 0.02, acc.shape)
        columns.append(firmware_filter.to_counts(gyr, acc))
    return np.hstack(columns)


def test_on_a_swing_of_a_minute() -> None:
    largest, rms = differences("swing", synthetic(60.0, 3.0), 1.0 / RATE_HZ)
    assert largest < 0.05
    assert rms < 0.02


def test_with_a_table_zero() -> None:
    zeros = (0.2, -0.1, 0.05, -0.15, 0.1, 0.12)
    rows = synthetic(20.0, 3.0)
    rows[:, [0, 1, 2, 6, 7, 8]] += np.rint(np.array(zeros) / firmware_filter.GYR_LSB).astype("i2")
    largest, _ = differences("table zero", rows, 1.0 / RATE_HZ, zeros)
    assert largest < 0.05


def test_at_the_ends_of_the_range() -> None:
    # 2000 dps and 16 g on all axes at once, of either sign, in bursts.
    random = np.random.default_rng(3)
    rows = synthetic(10.0, 3.0)
    for start in range(200, 1800, 200):
        rows[start : start + 20] = random.choice([-32768, 32767], 12)
    largest, _ = differences("ends of the range", rows, 1.0 / RATE_HZ)
    assert largest < 0.5


def test_whole_turns_about_every_axis() -> None:
    # The quaternion passes -1 in each component, the end of what Q30 is asked to hold.
    rows = np.zeros((int(12 * RATE_HZ), 12), dtype="<i2")
    turn = round(2.0 * pi / firmware_filter.GYR_LSB)
    for second in range(12):
        part = slice(int(second * RATE_HZ), int((second + 1) * RATE_HZ))
        rows[part, second % 3] = turn
        rows[part, 6 + second % 3] = -turn
    largest, _ = differences("whole turns", rows, 1.0 / RATE_HZ)
    assert largest < 0.05


def trace_counts(path: Path) -> tuple[NDArray[np.int16], float]:
    """Counts of a trace (design 7) at its own rate, and its period in s."""
    table = np.genfromtxt(path, delimiter=",", names=True)
    time_s = table["time_s"]

    def three(name: str) -> Array:
        return np.stack([table[f"{name}_{axis}"] for axis in "xyz"], axis=1)

    thigh = firmware_filter.to_counts(three("thigh_gyr"), three("thigh_acc"))
    shank = firmware_filter.to_counts(three("shank_gyr"), three("shank_acc"))
    period_s = float(time_s[-1] - time_s[0]) / (len(time_s) - 1)
    return np.hstack([thigh, shank]), period_s


TRACES = sorted(DATA.glob("squats_from_markers/*[LR].csv")) + sorted(DATA.glob("walk_xsens/*.csv"))


@pytest.mark.skipif(not TRACES, reason=f"no recordings in {DATA}")
@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_on_a_recording(path: Path) -> None:
    rows, period_s = trace_counts(path)
    largest, rms = differences(path.stem, rows, period_s)
    assert largest < 0.1
    assert rms < 0.05


BROAD = sorted(DATA.glob("broad/*.npz"))


@pytest.mark.skipif(not BROAD, reason=f"no recordings in {DATA / 'broad'}")
def test_on_two_fast_trials_of_broad() -> None:
    trials = [np.load(path) for path in BROAD if "fast" in path.stem][:2]
    count = min(len(trial["gyr"]) for trial in trials) // 2
    counts = [
        firmware_filter.to_counts(
            trial["gyr"][:count].astype(float), trial["acc"][:count].astype(float)
        )
        for trial in trials
    ]
    rows = np.hstack([counts[0], counts[-1]])
    largest, rms = differences("BROAD, fast", rows, 1.0 / float(trials[0]["fs"]))
    assert largest < 0.1
    assert rms < 0.05
