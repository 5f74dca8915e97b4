"""From a recorded leg to its session: calibration, angles, logs; the leg is made from angles."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.analysis import analyse, from_trace, to_json
from kneetrack.analysis.angles import aligned_backward, heading_of, knee_samples, with_heading
from kneetrack.analysis.realign import realigned
from kneetrack.analysis.trace import measure
from kneetrack.errors import CalibrationError
from kneetrack.samples import KneeSample, Side, Window
from kneetrack.traces import onto_grid
from synthetic_legs import (
    FIVE,
    WINDOWS,
    Squat,
    leg,
    measured_leg,
    off,
    save,
    trace_of,
)


@pytest.mark.parametrize("side", list(Side))
def test_a_complete_recording_gives_grade_a_and_true_angles(side: Side) -> None:
    made = leg(side)
    measured = measured_leg(side)
    calibration = measured.calibration
    assert calibration is not None
    assert (calibration.grade, calibration.warnings) == ("A", ())
    assert calibration.rests_on == {"bias": "table", "gravity": "stand", "axis": "functional"}
    assert all(gate.passed for gate in calibration.gates)
    calibration.require_passed()
    assert calibration.calibration.thigh_gyr_bias == pytest.approx((0.006, -0.004, 0.005), abs=1e-4)
    assert (off(measured.samples, made, 12.0) < [1.0, 1.2, 2.5]).all()


def test_the_samples_before_the_first_standing_rest_get_their_angles_after_the_fact() -> None:
    made = leg(squats=FIVE)
    late = 13.3  # at the bottom of the first squat
    trace = trace_of(made, windows=())
    times, rows = onto_grid(trace)
    calibration = from_trace(trace_of(made, windows=(WINDOWS[0], WINDOWS[1]))).calibration
    cut = times > late
    samples = list(knee_samples(times[cut], rows[cut], calibration))
    assert samples[0].flexion_deg == pytest.approx(95.0, abs=3.0)
    assert not any(sample.flags & wire.FLAG_UNALIGNED for sample in samples)


def test_without_any_window_the_set_itself_serves_and_says_so() -> None:
    made = leg(squats=FIVE)
    alone = tuple(part[made[0] > 9.0] for part in made)
    trace = trace_of((alone[0], alone[1], alone[2]), windows=())
    measured = measure(trace)
    assert measured.calibration is not None
    assert measured.calibration.grade == "C"
    assert measured.calibration.crosstalk_deg is None
    assert measured.calibration.rests_on["axis"] == "whole recording"
    assert "No functional squats" in " ".join(measured.warnings)
    assert (off(measured.samples, made, 12.0) < [1.5, 3.0, 6.0]).all()


def test_crosstalk_is_refined_on_functional_squats_only() -> None:
    made = leg()
    right = measured_leg().calibration
    assert right is not None and right.crosstalk_deg is not None
    assert from_trace(trace_of(made), refine=False).crosstalk_deg is None
    without = tuple(window for window in WINDOWS if window.kind != "functional")
    assert from_trace(trace_of(made, windows=without)).crosstalk_deg is None


def test_a_stand_that_moves_lowers_the_grade_and_is_refused_by_calibrate() -> None:
    found = from_trace(trace_of(leg(sway_deg=2.5)))
    assert found.grade == "B"
    assert found.rests_on["gravity"] == "calmest moment of the stand window"
    assert any("The stand window moves" in warning for warning in found.warnings)
    with pytest.raises(CalibrationError, match="Stand still"):
        found.require_passed()


def test_slowness_and_depth_are_asked_of_squats_and_not_of_swings() -> None:
    def asked(exercise: str) -> set[str]:
        gates = from_trace(trace_of(leg(), exercise=exercise)).gates
        return {gate.name for gate in gates}

    only_squats = asked("squat") - asked("unknown")
    assert {"thigh_wobble_share", "depth_deg", "swapped_lean_ratio"} <= only_squats
    assert "thigh_strap_turned_deg" in asked("unknown")


def test_without_a_table_a_still_stand_gives_the_zero() -> None:
    found = from_trace(trace_of(leg(), windows=WINDOWS[1:]))
    assert (found.grade, found.rests_on["bias"]) == ("B", "stand")
    assert found.calibration.shank_gyr_bias == pytest.approx((0.006, -0.004, 0.005), abs=2e-3)


def test_without_stillness_movement_tells_most_of_the_zero() -> None:
    made = leg(squats=(Squat(),) * 10)
    alone = tuple(part[made[0] > 11.9] for part in made)
    trace = trace_of((alone[0], alone[1], alone[2]), windows=())
    measured = measure(trace)
    assert measured.calibration is not None
    assert measured.calibration.rests_on["bias"] == "movement"
    # Unzeroed, 0.4 deg/s about the vertical would be 14 deg by the end.
    assert off(measured.samples, made, 40.0)[2] < 4.0


def test_swapped_imus_are_told() -> None:
    trace = measured_leg().trace
    swapped = replace(
        trace,
        thigh_gyr=trace.shank_gyr,
        thigh_acc=trace.shank_acc,
        shank_gyr=trace.thigh_gyr,
        shank_acc=trace.thigh_acc,
    )
    found = from_trace(swapped)
    assert found.grade == "C"
    assert any("swapped" in warning for warning in found.warnings)


def test_the_wrong_leg_is_told() -> None:
    assert not measured_leg().warnings
    found = from_trace(trace_of(leg(Side.RIGHT, turn_deg=10.0), Side.LEFT))
    assert any("looks like the other leg" in warning for warning in found.warnings)


def test_a_leg_that_never_moved_has_no_calibration_but_a_session(tmp_path: Path) -> None:
    still = trace_of(leg(squats=()), windows=(*WINDOWS[:2], Window("set", 8.5, 12.9)))
    with pytest.raises(CalibrationError, match="No knee axis"):
        from_trace(still)
    result = to_json(analyse(save(still, tmp_path)))
    assert result["legs"][0]["calibration"]["grade"] == "none"
    assert result["legs"][0]["reps"] == []
    assert "No knee axis" in result["warnings"][0]


def test_a_calibration_of_the_other_leg_is_refused() -> None:
    made = leg()
    other = measured_leg(Side.LEFT).calibration
    with pytest.raises(CalibrationError, match="of the left leg"):
        measure(trace_of(made), other)


# --- angles --------------------------------------------------------------------------------------


def test_the_heading_can_be_read_back_from_a_sample() -> None:
    made = leg(Side.LEFT, (Squat(8.0),) * 3)
    calibration = from_trace(trace_of(made, Side.LEFT)).calibration
    times, rows = onto_grid(trace_of(made, Side.LEFT))
    samples = list(knee_samples(times, rows, calibration))
    for sample in samples[1500::300]:
        again = with_heading(sample, calibration, heading_of(sample, calibration))
        assert again[2:5] == pytest.approx(sample[2:5], abs=1e-6)


def test_samples_that_never_get_a_heading_stay_unaligned() -> None:
    nothing = KneeSample(
        0, 0.0, 0.0, 0.0, 0.0, 0.0, (1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), wire.FLAG_UNALIGNED
    )
    calibration = Calibration(1, (1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0))
    many = [nothing._replace(number=k) for k in range(7000)]
    assert list(aligned_backward(many, calibration)) == many


def test_angles_anew_from_quaternions_are_those_of_the_pipeline() -> None:
    measured = measured_leg()
    assert measured.calibration is not None
    again = list(realigned(measured.samples, measured.calibration.calibration))
    assert len(again) == len(measured.samples)
    late = slice(1300, None)  # after the first rest, taken at another tick perhaps
    before = np.array([sample[2:5] for sample in measured.samples[late]])
    after = np.array([sample[2:5] for sample in again[late]])
    assert np.abs(before - after).max() < 0.3


# --- sessions ------------------------------------------------------------------------------------


def test_a_trace_gives_its_reps_with_the_excursions_that_were_made(tmp_path: Path) -> None:
    result = to_json(analyse(save(trace_of(leg()), tmp_path)))
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["format"] == 1
    (one,) = result["legs"]
    assert (one["side"], one["exercise"], one["calibration"]["grade"]) == ("right", "squat", "A")
    assert one["reference"]["source"] == "functional"
    reps = [rep for rep in one["reps"] if not rep["is_reference"]]
    assert len(reps) == 8
    for index, rep in enumerate(reps):
        given = 9.0 if index in (2, 5) else 0.0
        assert rep["valgus_excursion_deg"] == pytest.approx(given, abs=1.5)
        assert rep["verdict"] == ("moved_inward" if given else "in_range")
    assert set(result) == {
        "format", "legs", "gaps", "markers", "warnings", "versions", "session", "edits", "sides",
        "advice",
    }  # fmt: skip
    assert one["summary"]["share_in_range"] == pytest.approx(6 / 8)
    assert one["sets"][0]["summary"]["longest_streak"] == 2
