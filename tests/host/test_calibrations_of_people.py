"""Whose calibration a band is used with, where several people wear it in turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kneecore.calibration import Calibration
from kneetrack.calibration import CalibrationFile, people
from kneetrack.calibration.procedure import Began
from kneetrack.calibration.steps import STAND, STRAP, TABLE
from kneetrack.calibration.together import OneOfTwo, behind
from kneetrack.samples import ImuPair, Side
from led_procedure import RIGHT, pairs_of, still_rows

NOW = datetime(2026, 8, 1, 18, 0, tzinfo=UTC)
REFERENCE = {"source": "functional"}


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kneetrack.calibration.people.user_data_dir", lambda: tmp_path)
    monkeypatch.setattr("kneetrack.calibration.kept.user_data_dir", lambda: tmp_path)


def made(
    number: int, athlete: str | None, hours_ago: float = 1.0, side: Side = Side.RIGHT
) -> CalibrationFile:
    upright = (1.0, 0.0, 0.0, 0.0)
    return CalibrationFile(
        calibration=Calibration(int(side), upright, upright, calibration_id=number),
        grade="A",
        rests_on={"bias": "table", "gravity": "stand", "axis": "functional"},
        gates=(),
        crosstalk_deg=None,
        warnings=(),
        reference=REFERENCE,
        created_utc=(NOW - timedelta(hours=hours_ago)).isoformat(timespec="seconds"),
        athlete=athlete,
    )


def keep(*files: CalibrationFile) -> None:
    for one in files:
        people.keep(one, simulated=False)


def test_everybody_has_their_own_and_the_newest_of_a_leg_is_still_there() -> None:
    keep(made(1, "A"), made(2, "B"), made(3, "A", side=Side.LEFT))
    own = people.of_person("A", Side.RIGHT)
    assert own is not None and own.calibration.calibration_id == 1
    newest = CalibrationFile.load(people.newest_path(Side.RIGHT))
    assert newest.athlete == "B"
    assert people.of_person("C", Side.RIGHT) is None
    assert people.of_person("A", Side.RIGHT, simulated=True) is None


def test_what_a_band_holds_is_found_by_its_number_whoever_came_after() -> None:
    keep(made(1, "A"), made(2, "B"))
    found = people.held(1, Side.RIGHT)
    assert found is not None and found.athlete == "A"
    assert people.held(7, Side.RIGHT) is None and people.held(0, Side.RIGHT) is None


def test_the_band_that_holds_ones_own_is_told_with_grade_and_age() -> None:
    keep(made(1, "A", hours_ago=0.5))
    choice = people.choose(1, Side.RIGHT, "A", NOW)
    assert choice.made is not None and choice.made.reference == REFERENCE
    assert choice.remarks == (
        "The band holds A's calibration of the right leg (grade A, 30 min old).",
    )
    assert not choice.warnings


def test_ones_own_of_another_day_is_used_and_its_age_told() -> None:
    keep(made(1, "A", hours_ago=80))
    choice = people.choose(1, Side.RIGHT, "A", NOW)
    assert choice.made is not None
    assert "3 days old" in choice.remarks[0]
    assert not choice.warnings, "the checks before a recording warn of it"


def test_a_band_that_holds_another_persons_gets_ones_own_and_it_is_said() -> None:
    keep(made(1, "A", hours_ago=30), made(2, "B", hours_ago=2))
    choice = people.choose(2, Side.RIGHT, "A", NOW)
    assert choice.made is not None and choice.made.athlete == "A"
    assert "Recording with A's calibration of the right leg (grade A, 30 h old)." in choice.remarks
    (warning,) = choice.warnings
    assert warning.startswith("The band holds B's calibration of the right leg (grade A, 2 h old).")
    assert "kneetrack calibrate --side right --athlete A" in warning


def test_another_persons_reference_is_never_taken() -> None:
    keep(made(2, "B"))
    choice = people.choose(2, Side.RIGHT, "A", NOW)
    assert choice.made is not None and choice.made.reference is None
    assert choice.made.athlete is None
    assert "B's reference squats are left out" in choice.warnings[0]


def test_without_an_alias_it_is_the_bands_own_and_whose_it_is_is_said() -> None:
    keep(made(2, "B"))
    choice = people.choose(2, Side.RIGHT, None, NOW)
    assert choice.made is not None and choice.made.athlete == "B"
    assert "B's calibration" in choice.remarks[0]
    assert people.choose(9, Side.RIGHT, None, NOW).made is None


def test_a_calibration_made_without_an_alias_is_taken_for_whoever_wears_it() -> None:
    keep(made(1, "A", hours_ago=30), made(2, None, hours_ago=0.2))
    choice = people.choose(2, Side.RIGHT, "A", NOW)
    assert choice.made is not None and choice.made.calibration.calibration_id == 2
    assert not choice.warnings


def test_a_band_that_was_calibrated_elsewhere_gets_ones_own() -> None:
    keep(made(1, "A", hours_ago=1))
    choice = people.choose(99, Side.RIGHT, "A", NOW)
    assert choice.made is not None and choice.made.calibration.calibration_id == 1
    assert "not made on this computer" in choice.warnings[0]


def test_a_damaged_file_is_nobodys() -> None:
    keep(made(1, "A"))
    people.path_of("A", Side.RIGHT).write_text("{")
    assert people.of_person("A", Side.RIGHT) is None
    undated = replace(made(4, "A"), created_utc="yesterday")
    assert people.age(undated, NOW) == ""


# --- both legs -----------------------------------------------------------------------------------


def test_the_leg_that_has_its_band_on_first_waits_for_the_other_one() -> None:
    """Sitting still to strap on the second band is no stand of the first leg."""
    first, second = OneOfTwo(Side.RIGHT, table=False), OneOfTwo(Side.LEFT)
    first.other, second.other = second, first
    assert (first.step, second.step) == (STAND, TABLE)
    assert behind((first, second)) is second
    assert first.waits and not second.waits
    still = pairs_of(still_rows(RIGHT, 10.0, 6.0))
    assert not [event for pair in still for event in first.feed(pair)]
    second.steps, second._at = (TABLE, STRAP, *second.steps[2:]), 2  # its band is on
    assert not first.waits
    told = [event for pair in later(still, 10.0) for event in first.feed(pair)]
    assert any(isinstance(event, Began) for event in told)


def later(pairs: list[ImuPair], by_s: float) -> list[ImuPair]:
    return [pair._replace(time_s=pair.time_s + by_s) for pair in pairs]
