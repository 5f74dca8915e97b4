"""A knock in the raw data joins our clock to that of a motion capture system."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from command_line import kneetrack
from kneetrack.analysis.lag import lag_at
from kneetrack.analysis.tap import find_knock, knock_in, tap_told
from kneetrack.errors import InputError, UsageError
from kneetrack.samples import Side, Window
from kneetrack.traces.reference import read_reference
from synthetic_legs import RATE_HZ, Array, Squat, leg, save, trace_of

TWO = (Squat(), Squat())
WINDOWS = (Window("table", 0.0, 5.5), Window("stand", 8.0, 12.0), Window("set", 12.0, 19.5))
STAMP_S = 10.2137
OFF_S = 47.3  # the lab's clock is ahead by so much: far beyond --max-lag


def _stamped(at: tuple[float, ...]) -> tuple[Array, Array, Array]:
    time_s, rows, angles = leg(squats=TWO)
    rows = rows.copy()
    for when in at:
        rows[:, [4, 10]] += 30.0 * np.exp(-0.5 * ((time_s - when) / 0.01) ** 2)[:, None]
    return time_s, rows, angles


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A trace with one stamp, and the lab's angles by the lab's clock."""
    folder = tmp_path_factory.mktemp("tap")
    made = _stamped((STAMP_S,))
    path = save(trace_of(made, Side.RIGHT, WINDOWS), folder)
    time_s, _, angles = made
    reference = folder / "lab.csv"
    table = np.column_stack([time_s + OFF_S, angles])[::2]
    np.savetxt(
        reference, table, delimiter=",", comments="", fmt="%.5f",
        header="time_s,flexion_deg,valgus_deg,rotation_deg",
    )  # fmt: skip
    return path, reference


def test_the_lag_is_that_of_the_knock_to_a_few_ms(recorded: tuple[Path, Path]) -> None:
    source, reference = recorded
    tap = f"{STAMP_S + OFF_S:.4f}"
    done = kneetrack("validate", source, "--reference", reference, "--tap", tap, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["lag_s"] == pytest.approx(OFF_S, abs=0.5 / RATE_HZ)
    assert told["lag_correlation"] > 0.999


def test_a_knock_at_another_time_is_refused_by_flexion(recorded: tuple[Path, Path]) -> None:
    time_s, _, angles = leg(squats=TWO)
    wanted = read_reference(recorded[1])
    assert lag_at(time_s, angles[:, 0], wanted, OFF_S).correlation > 0.9999
    with pytest.raises(InputError, match="does not go together"):
        lag_at(time_s, angles[:, 0], wanted, OFF_S - 1.5)
    with pytest.raises(InputError, match="hardly anything in common"):
        lag_at(time_s, angles[:, 0], wanted, 0.0)


def test_two_knocks_are_told_apart_by_about_when(tmp_path: Path) -> None:
    path = save(trace_of(_stamped((9.0, 11.5)), Side.RIGHT, WINDOWS), tmp_path)
    with pytest.raises(InputError, match=r"No single knock.*--tap S@"):
        knock_in(path, None)
    assert knock_in(path, None, 12.0).time_s == pytest.approx(11.5, abs=0.005)
    with pytest.raises(InputError, match="no samples within"):
        knock_in(path, None, 500.0)


def test_noise_is_no_knock() -> None:
    times = np.arange(2000) / 200.0
    with pytest.raises(InputError, match="No single knock"):
        find_knock(times, np.abs(np.sin(times * 7.0)))


def test_how_a_tap_is_typed() -> None:
    told = tap_told(" 12.345@34 ")
    assert (told.reference_s, told.near_s) == (12.345, 34.0)
    with pytest.raises(UsageError, match="--tap is"):
        tap_told("at noon")
