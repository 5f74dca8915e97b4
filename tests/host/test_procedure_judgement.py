"""What the guided calibration makes of a judgement: accepted, one step once more, or refused.

And the words in which it is told what a calibration rests on.
"""

import copy
import functools
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kneetrack.analysis.trace import calibrate
from kneetrack.calibration import CalibrationFile, GateResult
from kneetrack.calibration.grounds import earlier_zero, grounds, is_recent
from kneetrack.calibration.procedure import (
    TRIES,
    Accepted,
    Began,
    Measured,
    Procedure,
    Refused,
    Repeated,
)
from kneetrack.calibration.runner import as_trace
from kneetrack.calibration.steps import STRAP, SWINGS
from kneetrack.samples import Side
from led_procedure import RIGHT, led, of, pairs_of, still_rows


@functools.cache
def _measured() -> tuple[Procedure, CalibrationFile]:
    pairs = pairs_of(RIGHT)
    procedure = Procedure(Side.RIGHT)
    windows = of(Measured, led(procedure, pairs))[0].windows
    return procedure, calibrate(as_trace(pairs, Side.RIGHT, windows))


def measured() -> tuple[Procedure, CalibrationFile]:
    """A procedure that waits for its judgement, and what may be said of it."""
    procedure, made = _measured()
    assert procedure.waiting_for_judgement and procedure.at == len(procedure.steps)
    return copy.deepcopy(procedure), made


def failing(made: CalibrationFile, *names: str) -> CalibrationFile:
    gates = tuple(GateResult(name, 5.0, 3.0, False, f"Mend {name}.") for name in names)
    return replace(made, gates=(*made.gates, *gates))


REPEATED = {
    "thigh_halves_deg": ("functional", ["table", "stand"]),
    "crosstalk_deg": ("functional", ["table", "stand"]),
    "something_new": ("functional", ["table", "stand"]),
    "shank_stand_tilt_deg": ("stand", ["table", "functional"]),
    "stand_bent_deg": ("stand", ["table", "functional"]),
    "thigh_strap_turned_deg": ("stand", ["table"]),
    "strap_twisted_deg": ("stand", ["table"]),
    "shank_wobble_share": ("stand", ["table"]),
    "swapped_lean_ratio": ("strap", ["table"]),
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_failed_gate_repeats_only_the_step_that_it_is_about(name: str) -> None:
    kind, kept = REPEATED[name]
    procedure, made = measured()
    repeated, began = procedure.judged(failing(made, name))
    assert isinstance(repeated, Repeated) and isinstance(began, Began)
    assert repeated.step == began.step == procedure.step and began.again
    assert procedure.step.kind == kind
    assert [window.kind for window in procedure.windows] == kept
    assert repeated.reasons[0].endswith(f"Mend {name}.") and "5" in repeated.reasons[0]
    assert repeated.tries_left == TRIES - 1


def test_a_stand_that_is_repeated_serves_the_squats_that_were_good() -> None:
    procedure, made = measured()
    before = procedure.windows[-1]
    procedure.judged(failing(made, "thigh_stand_tilt_deg"))
    later = pairs_of(still_rows(RIGHT, 11.0, 6.0), from_s=40.0)
    windows = of(Measured, led(procedure, later))[0].windows
    assert [window.kind for window in windows] == ["table", "functional", "stand"]
    assert windows[1] == before


def test_the_worst_mistake_is_mended_first() -> None:
    procedure, made = measured()
    names = ("thigh_halves_deg", "swapped_ratio", "shank_stand_tilt_deg")
    repeated = procedure.judged(failing(made, *names))[0]
    assert procedure.step == STRAP
    assert [reason.endswith("Mend swapped_ratio.") for reason in repeated.reasons] == [True]


def test_sensors_swapped_are_strapped_on_anew_even_where_there_was_no_table() -> None:
    procedure = Procedure(Side.RIGHT, table=False, zeros=None)
    told = led(procedure, pairs_of(RIGHT[8 * 208 :]))
    assert of(Measured, told)
    _, made = measured()
    procedure.judged(failing(made, "swapped_ratio"))
    assert procedure.step == STRAP and procedure.steps[0] == STRAP


def test_the_wrong_side_ends_it_with_the_command_for_the_other() -> None:
    procedure, made = measured()
    (refused,) = procedure.judged(failing(made, "mirrored_deg"))
    assert isinstance(refused, Refused) and "--side left" in refused.text


def test_a_table_that_was_accepted_is_not_asked_for_on_the_leg() -> None:
    procedure, made = measured()
    (accepted,) = procedure.judged(failing(made, "thigh_table_gyr_sd_deg_s"))
    assert isinstance(accepted, Accepted)


def test_after_three_tries_it_is_refused_with_the_reason() -> None:
    procedure, made = measured()
    bad = failing(made, "thigh_halves_deg")
    for _ in range(TRIES - 1):
        assert isinstance(procedure.judged(bad)[0], Repeated)
        led(procedure, pairs_of(RIGHT[12 * 208 :], from_s=procedure.windows[-1].end_s))
    (refused,) = procedure.judged(bad)
    assert isinstance(refused, Refused)
    assert "3 tries" in refused.text and "Mend thigh_halves_deg." in refused.text
    assert procedure.feed(pairs_of(RIGHT)[0]) == [] and procedure.ended() == []


def test_where_no_axis_can_be_told_the_squats_are_repeated_with_the_reason() -> None:
    procedure, _ = measured()
    repeated, _ = procedure.judged("No knee axis can be told: thigh did not move.")
    assert isinstance(repeated, Repeated) and "did not move" in repeated.reasons[0]
    assert procedure.step.kind == "functional"


def test_a_remedy_that_several_gates_share_is_said_once() -> None:
    procedure, made = measured()
    remedy = "Do five slow squats."
    gates = tuple(
        GateResult(name, 2.0, 4.0, False, remedy) for name in ("thigh_axis_ratio", "reps")
    )
    repeated = procedure.judged(replace(made, gates=gates))[0]
    assert " ".join(repeated.reasons).count(remedy) == 1
    assert repeated.reasons[1].endswith(remedy)


def test_swings_are_told_how_to_swing_not_to_squat() -> None:
    procedure = Procedure(Side.RIGHT, SWINGS)
    led(procedure, pairs_of(RIGHT))  # to the machine a bent knee is a bent knee
    _, made = measured()
    repeated = procedure.judged(failing(made, "thigh_halves_deg"))[0]
    assert "Swing straight ahead" in repeated.reasons[0] and "Mend" not in repeated.reasons[0]


# --- words ---------------------------------------------------------------------------------------


def test_the_grade_is_put_into_words() -> None:
    _, made = measured()
    rows = dict(grounds(made))
    assert rows["gyroscope zeros"] == "measured on the table"
    assert rows["long axes"] == "from standing still for 4 s"
    assert rows["knee axis"].startswith("from 5 slow squats, whose two halves agree within ")
    assert rows["crosstalk"] == f"{abs(made.crosstalk_deg):.1f}° taken off"
    assert f"±{made.axis_sigma_deg:.1f}°" in rows["valgus"]


NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "recent"),
    [
        ("2026-05-01T00:01:00+00:00", True),
        ("2026-05-01T11:59:00", True),
        ("2026-04-30T23:59:00+00:00", False),
        ("2026-05-01T12:01:00+00:00", False),  # a clock that was wrong
        ("yesterday", False),
        (None, False),
    ],
)
def test_a_zero_serves_for_twelve_hours(when: str | None, recent: bool) -> None:
    assert is_recent(when, NOW) is recent


def test_a_zero_is_that_of_the_very_calibration_that_the_band_holds(tmp_path: Path) -> None:
    _, made = measured()
    now = datetime.now(UTC).isoformat()
    path = tmp_path / "cal.json"
    replace(made, zero_utc=now).save(path)
    held = made.calibration
    kept = [tmp_path / "none.json", path]
    zeros, when = earlier_zero(held.calibration_id, kept)
    assert zeros == (held.thigh_gyr_bias, held.shank_gyr_bias) and when == now
    assert earlier_zero(held.calibration_id % 65535 + 1, kept) == (None, None)
    replace(made, zero_utc="2020-01-01T00:00:00+00:00").save(path)
    assert earlier_zero(held.calibration_id, kept) == (None, None)
