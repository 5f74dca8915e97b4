"""The calibration file: what it keeps, and what it refuses to read."""

from __future__ import annotations

import json
import stat
from math import hypot
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from kneecore.calibration import Calibration
from kneetrack.calibration import CalibrationFile, GateResult
from kneetrack.calibration.store import as_on_the_band
from kneetrack.errors import CalibrationError
from kneetrack.samples import Side

GATE = GateResult("thigh_axis_ratio", 3.2, 4.0, False, "Do five slow squats.")


def calibration(side: int = -1) -> Calibration:
    return Calibration(
        side,
        (0.5, -0.5, 0.5, 0.5),
        (0.8, 0.0, -0.6, 0.0),
        0.01,
        (0.01, -0.02, 0.003),
        (0.0, 0.004, 0.0),
        0.05,
    )


def stored(**changes: object) -> CalibrationFile:
    values: dict[str, object] = {
        "calibration": as_on_the_band(calibration()),
        "grade": "B",
        "rests_on": {"bias": "table", "gravity": "stand", "axis": "functional"},
        "gates": (GATE,),
        "crosstalk_deg": -2.5,
        "warnings": ("The stand window moves.",),
        "reference": {"source": "reference", "reps": 3},
        "created_utc": "2026-01-02T03:04:05Z",
    }
    return CalibrationFile(**(values | changes))  # type: ignore[arg-type]


def test_a_calibration_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cal.json"
    stored().save(path)
    loaded = CalibrationFile.load(path)
    assert loaded.to_json() == stored().to_json()
    assert loaded.side is Side.LEFT
    assert loaded.calibration.to_wire() == stored().calibration.to_wire()


def test_the_file_is_for_its_owner_only_and_no_half_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "cal.json"
    stored().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["cal.json"]


def test_the_host_computes_with_the_numbers_that_the_band_holds() -> None:
    band = as_on_the_band(calibration())
    assert as_on_the_band(band).to_wire() == band.to_wire()
    assert 1 <= band.calibration_id <= 65535
    assert as_on_the_band(calibration(1)).calibration_id != band.calibration_id


@given(st.lists(st.floats(-1.0, 1.0), min_size=4, max_size=4).filter(lambda q: hypot(*q) > 0.1))
def test_what_the_band_holds_stays_the_same_through_file_and_wire(q: list[float]) -> None:
    unit = tuple(x / hypot(*q) for x in q)
    band = as_on_the_band(Calibration(1, unit, unit))
    once = CalibrationFile(band, "A", {}).to_json()
    assert CalibrationFile.from_json(once, "x").to_json() == once


def test_a_failed_gate_refuses_with_its_remedy() -> None:
    with pytest.raises(
        CalibrationError,
        match=r"the thigh turned about more than one axis .ratio 3\.2.*Do five slow squats",
    ):
        stored().require_passed()
    stored(gates=()).require_passed()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no KneeTrack calibration"),
        ("[1]", "no KneeTrack calibration"),
        ('{"kind": "something"}', "no KneeTrack calibration"),
        ('{"kind": "kneetrack-calibration", "format": 99}', "format 99"),
        ('{"kind": "kneetrack-calibration", "format": 1}', "damaged"),
    ],
)
def test_what_is_no_calibration_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "cal.json"
    path.write_text(text)
    with pytest.raises(CalibrationError, match=message):
        CalibrationFile.load(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("side", "both"),
        ("grade", "A+"),
        ("q_thigh_sensor", [0.0, 0.0, 0.0, 0.0]),
        ("q_shank_sensor", [1.0, 0.0, 0.0]),
        ("axis_sigma_deg", None),
    ],
)
def test_a_damaged_number_is_refused(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "cal.json"
    path.write_text(json.dumps(stored().to_json() | {key: value}))
    with pytest.raises(CalibrationError, match="damaged"):
        CalibrationFile.load(path)


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="kneetrack calibrate --out"):
        CalibrationFile.load(tmp_path / "none.json")
