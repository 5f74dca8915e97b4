"""What detection and insight compute by themselves is what scipy computes, and costs no import."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import signal, stats

from kneetrack.detection.butterworth import both_ways, coefficients, filtered
from kneetrack.detection.cut import PERIOD_S, zero_phase
from kneetrack.insight.slopes import slope

RATE_HZ = 1.0 / PERIOD_S
BANDS = [(0.0, 6.0), (0.0, 7.48), (0.0, 15.0), (0.0, 25.0), (4.0, 15.0)]


def designed(low_hz: float, high_hz: float) -> tuple[np.ndarray, np.ndarray]:
    edges = (low_hz, high_hz) if low_hz else high_hz
    return signal.butter(2, edges, "bandpass" if low_hz else "lowpass", fs=RATE_HZ)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    """Six channels that wander by hundreds of degrees."""
    return np.cumsum(np.random.default_rng(4).normal(0.0, 3.0, (6, 700)), axis=1) + 40.0


@pytest.mark.parametrize(("low_hz", "high_hz"), BANDS)
def test_a_filter_is_scipys(low_hz: float, high_hz: float, rows: np.ndarray) -> None:
    b, a = designed(low_hz, high_hz)
    for ours, theirs in zip(coefficients(low_hz, high_hz, RATE_HZ), (b, a), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-14)
    at_rest = signal.lfilter_zi(b, a)
    theirs, _ = signal.lfilter(b, a, rows, axis=1, zi=at_rest * rows[:, :1])
    assert np.abs(filtered(rows, low_hz, high_hz, RATE_HZ) - theirs).max() < 1e-9
    theirs = signal.filtfilt(b, a, rows, axis=1, padlen=15)
    assert np.abs(both_ways(rows, low_hz, high_hz, RATE_HZ, 15) - theirs).max() < 1e-9


def test_angles_are_smoothed_as_scipy_would(rows: np.ndarray) -> None:
    b, a = designed(0.0, 6.0 * (2**0.5 - 1.0) ** -0.25)
    theirs = signal.filtfilt(b, a, rows[:, ::-1], axis=1, padlen=20)[:, ::-1]
    assert np.abs(zero_phase(rows, 6.0) - theirs).max() < 1e-9


@pytest.mark.parametrize("seed", range(40))
def test_a_slope_is_scipys(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(5, 40))
    places = np.sort(random.choice(60, count, replace=False))
    values = random.normal(0.0, 2.0, count) + 0.1 * places
    if seed % 2:
        values = np.round(values)  # with equals
    found = slope(places.tolist(), values.tolist())
    fit = stats.theilslopes(values, places, 0.95)
    assert found is not None
    assert (found.per_rep, found.low, found.high) == pytest.approx((fit[0], fit[2], fit[3]))


def test_a_recording_is_ready_without_the_seconds_that_scipy_takes() -> None:
    modules = "kneetrack.cli.session, kneetrack.cli.insight_lines, kneetrack.cli.table"
    heavy = "'scipy.signal', 'scipy.stats', 'scipy.optimize', 'scipy.special', 'matplotlib'"
    code = f"import sys, {modules}; print([name for name in ({heavy}) if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
