"""The mandatory cases of biomechanics D, simulated, written as traces and analysed as any other.

Each has its truth told per rep. What must hold is what D asks for, or what follows from it: reps
found, excursions right, verdicts right, and where something happened that no method can undo, told.
One of the fifteen, lost packets, needs a radio: tests/system/test_packet_loss.py.

Limits are of our own, set by what a verdict needs (the threshold is 5 deg), not by what came out.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kneetrack.analysis import to_json
from kneetrack.analysis.trace import MeasuredTrace, measure, session_of
from kneetrack.traces import read_trace
from sim import export, scenarios

SHORT = "functional=3&table=3&stand=3.5"
MATCHED_DEG = 1.5
"""An excursion is off by no more than this; D gives 1.1 to 1.9 deg rms for tissue under load."""
SMALL_DEG = 1.5
CLEAR_DEG = 1.5
"""Only a rep so far from the threshold of 5 deg must be judged right."""


@dataclass(frozen=True)
class Case:
    """One simulated session: what was given and what was found."""

    info: dict[str, Any]
    leg: dict[str, Any]
    warnings: list[str]
    measured: MeasuredTrace
    source: Any

    @property
    def given(self) -> list[dict[str, Any]]:
        return [rep for rep in self.info["truth"]["reps"] if rep["kind"] == "set"]

    @property
    def found(self) -> list[dict[str, Any]]:
        return [rep for rep in self.leg["reps"] if rep["set"] >= 0]

    def pairs(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Each given rep with the one found at its time; fails unless they are the same reps."""
        assert len(self.found) == len(self.given)
        for given, found in zip(self.given, self.found, strict=True):
            middle_s = 0.5 * (found["start_s"] + found["end_s"])
            assert given["start_s"] < middle_s < given["end_s"]
        return list(zip(self.given, self.found, strict=True))

    def errors(self, key: str = "valgus_excursion_deg") -> list[float]:
        """Found less given. An excursion is told by its largest value, whose sign means nothing
        where there is none to speak of; so of small ones the sizes are compared."""
        return [
            found[key] - given["excursion_deg"]
            if abs(given["excursion_deg"]) > SMALL_DEG
            else abs(found[key]) - abs(given["excursion_deg"])
            for given, found in self.pairs()
        ]


@cache
def case(address: str) -> Case:
    scenario = scenarios.make_from_address(address)
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "case"
        export.export(scenario, str(stem), lambda part: None)
        measured = measure(read_trace(stem.with_suffix(".csv")))
        told = to_json(session_of(measured))
    (leg,) = told["legs"]
    return Case(scenario.info, leg, told["warnings"], measured, scenario.source)


def assert_judged_right(one: Case) -> None:
    """Clear reps have their verdict, small ones none, and nothing is in doubt."""
    for given, found in one.pairs():
        assert found["doubt"] == []
        size = given["excursion_deg"]
        if abs(size) < 5.0 - CLEAR_DEG:
            assert found["verdict"] == "in_range", (given, found)
        elif abs(size) > 5.0 + CLEAR_DEG:
            way = "moved_inward" if size > 0 else "moved_outward"
            assert found["verdict"].startswith(way), (given, found)


def assert_matched(one: Case, limit_deg: float = MATCHED_DEG) -> None:
    assert max(map(abs, one.errors())) < limit_deg, one.errors()


def test_i_all_clean() -> None:
    one = case(f"clean?reps=4&{SHORT}")
    assert_matched(one)
    assert {rep["verdict"] for rep in one.found} == {"in_range"}
    assert one.leg["sets"][0]["verdict"] == "in_range"


@pytest.mark.parametrize(("scenario", "reps"), [("squats", 6), ("hold", 3)])
def test_ii_isolated_valgus_reps(scenario: str, reps: int) -> None:
    one = case(f"{scenario}?reps={reps}&{SHORT}")
    assert_matched(one)
    assert_judged_right(one)
    inward = {rep["index"] for rep in one.found if rep["verdict"].startswith("moved_inward")}
    assert 2 in inward and inward <= {2, 4, 5}


def test_iii_valgus_that_goes_with_depth_in_every_rep_is_no_change_against_the_reference() -> None:
    one = case(f"proportional?reps=3&{SHORT}")
    assert all(given["by_depth_deg"] == 10.0 for given in one.given)
    assert_matched(one, 1.0)
    assert {rep["verdict"] for rep in one.found} == {"in_range"}
    assert one.leg["sets"][0]["verdict"] == "in_range"
    assert one.leg["reference"]["source"] == "reference"


def test_iv_an_axis_that_is_off_shows_raw_and_not_against_the_reference() -> None:
    one = case(f"axis_error?reps=3&{SHORT}&sta=0")
    start_s = one.given[0]["start_s"]
    rows = [
        (math.sin(math.radians(truth[0])), sample.valgus_deg - truth[1])
        for sample in one.measured.samples
        if sample.time_s > start_s
        for truth in [one.source.truth(sample.time_s)]
    ]
    sine, raw = np.array(rows).T
    slope, offset = np.polyfit(sine, raw, 1)
    assert slope == pytest.approx(5.0, abs=1.0)
    assert abs(offset) < 0.5
    assert_matched(one, 1.0)
    assert {rep["verdict"] for rep in one.found} == {"in_range"}


def test_v_a_drifting_heading_is_followed_at_the_rests() -> None:
    one = case(f"drift?reps=5&{SHORT}")
    assert_matched(one)
    assert_judged_right(one)


def test_vi_a_strap_that_slips_is_told_and_the_reps_around_it_are_in_doubt() -> None:
    one = case(f"slip?reps=6&{SHORT}")
    (slip,) = one.info["truth"]["events"]
    assert slip["kind"] == "slip"
    for given, found in one.pairs():
        after = given["start_s"] > slip["time_s"]
        assert ("slip" in found["doubt"]) or not after
        if given["end_s"] < slip["time_s"] - 4.0:
            assert found["doubt"] == []
    assert any("slipped" in warning for warning in one.warnings)


def test_vii_a_foot_put_down_anew_is_told_and_not_taken_for_drift() -> None:
    one = case(f"restance?reps=6&{SHORT}")
    (step,) = one.info["truth"]["events"]
    later = [found for given, found in one.pairs() if given["start_s"] > step["time_s"]]
    assert later and all("slip" in found["doubt"] for found in later)
    assert any("foot moved" in warning for warning in one.warnings)


@pytest.mark.xfail(
    strict=True,
    reason="the pipeline believes a new heading after three rests that agree on it: the last rep "
    "is then 2.7 deg off (and in doubt)",
)
def test_vii_a_foot_put_down_anew_is_not_absorbed_later() -> None:
    """4.5 deg of heading taken for drift would be 2.3 deg of valgus at 30 deg of shank lean."""
    assert_matched(case(f"restance?reps=6&{SHORT}"))


def test_viii_a_left_leg_is_the_mirror_of_a_right_one() -> None:
    same = f"reps=3&{SHORT}&mount=aligned&chip=none"
    left, right = case(f"left?{same}"), case(f"squats?{same}")
    assert left.leg["side"] == "left"
    assert_judged_right(left)
    for one, other in zip(left.found, right.found, strict=True):
        for key in ("peak_flexion_deg", "valgus_excursion_deg", "medial_displacement_cm"):
            assert one[key] == pytest.approx(other[key], abs=0.2)


def test_ix_a_gyroscope_that_was_never_zeroed_is_zeroed_by_what_there_is_and_says_so() -> None:
    one = case("unzeroed?reps=6&functional=3&stand=8")
    assert one.leg["calibration"]["grade"] != "A"
    assert any("table" in warning for warning in one.warnings)
    assert_matched(one, 2.5)
    for given, found in one.pairs():
        if not found["doubt"] and abs(given["excursion_deg"] - 5.0) > CLEAR_DEG:
            assert (found["verdict"] != "in_range") == (given["excursion_deg"] > 5.0)


def test_x_steps_and_the_blow_of_a_bar_are_no_reps_and_leave_the_reps_right() -> None:
    one = case(f"rerack?reps=3&{SHORT}")
    assert_matched(one)
    assert_judged_right(one)


def test_xi_every_rep_on_a_machine_that_tilts_the_leg_is_found_and_judged() -> None:
    one = case(f"hack_squat?reps=6&{SHORT}")
    for given, found in one.pairs():
        assert found["peak_flexion_deg"] == pytest.approx(given["peak_flexion_deg"], abs=4.0)
    assert max(map(abs, one.errors("own_excursion_deg"))) < 2.0
    assert_judged_right(one)


def test_xi_a_tilted_stance_is_no_movement_of_the_knee() -> None:
    """The set as a whole moved nowhere; its reference was done upright."""
    (one_set,) = case("hack_squat?reps=4&functional=4&table=3&seed=2").leg["sets"]
    assert one_set["verdict"] in ("in_range", "doubtful"), one_set


def test_xiii_a_growing_tremor_leaves_reps_and_excursions_right() -> None:
    one = case(f"tremor?reps=3&{SHORT}")
    assert [rep["tremor_deg_s"] for rep in one.given][-1] == 20.0
    assert_matched(one)
    assert_judged_right(one)


def test_xiv_a_knee_pushed_out_too_far_is_told_as_outward() -> None:
    one = case(f"outward?reps=3&{SHORT}")
    assert_matched(one)
    outward = [rep["index"] for rep in one.found if rep["verdict"] == "moved_outward"]
    assert outward == [2]
    assert not any(rep["verdict"].startswith("moved_inward") for rep in one.found)


def much_tissue() -> int:
    """The first seed whose thigh's skin turns by 4 to 6 deg about the long axis at 90 deg."""
    for seed in range(1, 100):
        turns = scenarios.make("loaded", seed=seed).info["truth"]["tissue_deg"]
        if 4.0 < abs(turns[1]) < 6.0:
            return seed
    raise AssertionError("no such person")


def test_xv_tissue_that_moves_more_under_load_is_the_sets_own_figure_and_no_reps_verdict() -> None:
    one = case(f"loaded?reps=5&{SHORT}&seed={much_tissue()}")
    assert len(one.leg["sets"]) == 2
    assert_judged_right(one)
    assert max(map(abs, one.errors("own_excursion_deg"))) < 2.0
    half, whole = (abs(each["shift_deg"]) for each in one.leg["sets"])
    assert 0.5 < half < whole
