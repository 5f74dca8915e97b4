"""The guided calibration as a machine: pairs of a made leg in, events out; step by step."""

import math
import re
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kneecore import gates
from kneetrack.calibration.procedure import (
    Accepted,
    Began,
    Done,
    Measured,
    Noted,
    Procedure,
    Refused,
    Rep,
    Told,
)
from kneetrack.calibration.runner import movements
from kneetrack.calibration.steps import STRAP
from kneetrack.link.base import Scenario
from kneetrack.samples import Channel, Gap, Side, Window
from led_procedure import RIGHT, Rows, guided, led, of, pairs_of, still_rows
from synthetic_legs import FIVE, Squat, leg


def texts(told: Sequence[Told]) -> str:
    return " | ".join(event.text for event in told if isinstance(event, Noted | Refused))


def inserted(rows: Rows, at_s: float, more: Rows) -> Rows:
    at = round(at_s * 208)
    return np.vstack([rows[:at], more, rows[at:]])


@pytest.mark.parametrize("side", Side)
def test_a_good_calibration_goes_through_its_steps_and_is_accepted(side: Side) -> None:
    told = guided(Procedure(side), pairs_of(leg(side, FIVE)[1]))
    kinds = [event.step.kind for event in of(Done, told)]
    assert kinds == ["table", "strap", "stand", "functional"]
    assert [event.step.kind for event in of(Began, told)] == kinds
    assert [event.number for event in of(Rep, told)] == [1, 2, 3, 4, 5]
    assert all(abs(event.depth_deg - 95.0) < 5.0 for event in of(Rep, told))
    assert not of(Noted, told)
    accepted = told[-1]
    assert isinstance(accepted, Accepted)
    assert (accepted.made.grade, accepted.made.side) == ("A", side)
    table, stand, functional = of(Measured, told)[0].windows
    assert table.start_s >= 0.0 and table.end_s <= 6.0
    assert stand.start_s >= 7.5 and stand.end_s <= 12.4
    assert stand.end_s <= functional.start_s and functional.end_s >= 12.0 + 4 * 3.6 + 2.6


def test_the_table_is_begun_anew_when_touched_and_says_so() -> None:
    rows = inserted(RIGHT, 3.0, still_rows(RIGHT, 3.0, 6.0))
    rows[600:640, 0:3] += 0.05  # 2.9 s
    procedure = Procedure(Side.RIGHT)
    told = led(procedure, pairs_of(rows[: 10 * 208]))
    assert "touched" in texts(told) and "thigh" in texts(told)
    assert procedure.step == STRAP
    done = of(Done, told)[0]
    assert 3.0 < done.start_s < 3.4 and 8.0 < done.end_s < 8.4


def test_whoever_moves_while_standing_is_told_and_needs_only_stand_on() -> None:
    rows = inserted(RIGHT, 11.0, still_rows(RIGHT, 11.0, 6.0))
    moved = slice(round(10.5 * 208), round(11.0 * 208))
    rows[moved, 6:9] += math.radians(12.0)
    told = led(Procedure(Side.RIGHT), pairs_of(rows))
    said = texts(told)
    assert said.count("You moved") == 1 and "the shank turned at" in said and "at most 3" in said
    stand = next(event for event in of(Done, told) if event.step.kind == "stand")
    assert 10.9 < stand.start_s < 11.4 and stand.end_s - stand.start_s < 4.1
    assert of(Measured, told)


def test_who_leans_over_slowly_is_told_what_leaned() -> None:
    lean = Rotation.from_euler("x", np.linspace(0, 30, 20 * 208)[:, None], degrees=True)
    rows = still_rows(RIGHT, 11.0, 20.0)
    rows[:, 3:6] = lean.apply(rows[:, 3:6])
    procedure = Procedure(Side.RIGHT, table=False)
    said = texts(led(procedure, pairs_of(rows)))
    assert "the thigh leaned over by" in said
    assert f"at most {gates.STAND_TILT_DEG:g}" in said
    assert procedure.step.kind == "stand"


def test_shallow_squats_are_named_and_not_counted() -> None:
    shallow = Squat(depth_deg=48.0)
    squats = (*FIVE[:2], shallow, *FIVE[:3])
    told = led(Procedure(Side.RIGHT), pairs_of(leg(Side.RIGHT, squats)[1]))
    assert [event.number for event in of(Rep, told)] == [1, 2, 3, 4, 5]
    assert "Not counted" in texts(told) and "at least 60°" in texts(told)


def test_shallow_squats_before_the_first_good_one_are_not_part_of_it() -> None:
    rows = leg(Side.RIGHT, (Squat(depth_deg=48.0), *FIVE))[1]
    told = led(Procedure(Side.RIGHT), pairs_of(rows))
    functional = of(Measured, told)[0].windows[-1]
    assert 13.5 < functional.start_s < 15.7


def test_only_shallow_squats_are_refused_with_their_depth() -> None:
    rows = leg(Side.RIGHT, (Squat(depth_deg=48.0),) * 5)[1]
    told = guided(Procedure(Side.RIGHT), pairs_of(rows))
    refused = told[-1]
    assert isinstance(refused, Refused)
    assert '"Five slow squats"' in refused.text
    assert re.search(r"bent the knee by 4[5-9]° only", refused.text)


def test_who_never_stands_up_between_the_squats_is_asked_to() -> None:
    time_s, rows, _ = leg(Side.RIGHT, FIVE)
    # From 40 deg to 95 deg and back: cut out of the squats where the knee is straighter.
    bends = [
        at for n in range(5) for at in np.flatnonzero(np.abs(time_s - (13.3 + 3.6 * n)) < 0.75)
    ]
    rows = np.vstack([rows[: round(12.6 * 208)], rows[bends]])
    told = led(Procedure(Side.RIGHT), pairs_of(rows))
    assert "Stand up fully between the squats" in texts(told)
    assert not of(Rep, told)


def test_a_pose_taken_sitting_is_given_up_once_the_person_stands() -> None:
    """Who sat still after strapping on was taken for standing: resting otherwise corrects it."""
    sitting = Rotation.from_euler("z", 80, degrees=True)
    sat = still_rows(RIGHT, 11.0, 6.0)
    sat[:, 3:6] = sitting.apply(sat[:, 3:6])
    rows = inserted(inserted(RIGHT, 10.0, still_rows(RIGHT, 11.0, 8.0)), 9.0, sat)
    told = guided(Procedure(Side.RIGHT), pairs_of(rows))
    assert "another pose" in texts(told)
    assert [event.again for event in of(Began, told) if event.step.kind == "stand"] == [False, True]
    assert isinstance(told[-1], Accepted)
    stand = of(Measured, told)[0].windows[1]
    assert stand.start_s > 15.0


def test_lost_samples_cost_the_step_under_way_and_no_more() -> None:
    pairs = pairs_of(RIGHT)
    procedure = Procedure(Side.RIGHT)
    cut = round(17.0 * 208)  # in the second squat
    told = led(procedure, pairs[:cut])
    assert [event.number for event in of(Rep, told)] == [1]
    gap = Gap(Channel.RAW, 17.0, 17.1, 20, "lost on the air")
    told = [*procedure.lost(gap), *led(procedure, pairs[cut + 20 :])]
    said = texts(told)
    assert "20 samples were lost (lost on the air)" in said and "from one on" in said
    assert [event.number for event in of(Rep, told)] == [1, 2, 3]
    assert [window.kind for window in procedure.windows] == ["table", "stand"]
    assert not of(Refused, told)


def test_lost_samples_on_the_table_count_its_seconds_anew() -> None:
    procedure = Procedure(Side.RIGHT)
    pairs = pairs_of(np.vstack([still_rows(RIGHT, 3.0, 8.0)]))
    led(procedure, pairs[: 3 * 208])
    assert procedure.reading.still_s == 3.0
    procedure.lost(Gap(Channel.RAW, 3.0, 3.1, 20, "lost on the air"))
    assert procedure.reading.still_s == 0.0
    done = of(Done, led(procedure, pairs[3 * 208 :]))[0]
    assert done.start_s >= 3.0 and done.end_s > 7.9


# --- beginnings and ends -------------------------------------------------------------------------


def test_without_a_table_an_earlier_zero_serves() -> None:
    zeros = ((0.006, -0.004, 0.005), (0.006, -0.004, 0.005))  # as synthetic_legs.leg has them
    told = guided(Procedure(Side.RIGHT, table=False, zeros=zeros), pairs_of(RIGHT[8 * 208 :]))
    accepted = told[-1]
    assert isinstance(accepted, Accepted)
    assert (accepted.made.grade, accepted.made.rests_on["bias"]) == ("B", "earlier table")
    assert accepted.made.calibration.thigh_gyr_bias == pytest.approx(zeros[0], abs=1e-5)


def test_without_table_and_zero_the_stand_gives_it() -> None:
    told = guided(Procedure(Side.RIGHT, table=False), pairs_of(RIGHT[8 * 208 :]))
    accepted = told[-1]
    assert isinstance(accepted, Accepted)
    assert (accepted.made.grade, accepted.made.rests_on["bias"]) == ("B", "stand")


@pytest.mark.parametrize(("until_s", "step"), [(3.0, "Table"), (7.0, "Strap on"), (9.0, "Stand")])
def test_a_movement_that_ends_too_early_is_refused_at_its_step(until_s: float, step: str) -> None:
    told = guided(Procedure(Side.RIGHT), pairs_of(RIGHT[: round(until_s * 208)]))
    assert isinstance(told[-1], Refused) and f'"{step}"' in told[-1].text


def test_the_person_is_counted_from_the_strap_on() -> None:
    accepted = guided(Procedure(Side.RIGHT), pairs_of(RIGHT))[-1]
    assert isinstance(accepted, Accepted)
    assert accepted.person_s == pytest.approx(4.0 + 4 * 3.6 + 2.6, abs=1.5)


def test_a_table_after_the_set_is_no_movement_to_calibrate_with() -> None:
    kinds = ("table", "stand", "functional", "set", "table")
    windows = tuple(Window(kind, 10.0 * n, 10.0 * n + 9.0) for n, kind in enumerate(kinds))
    known = Scenario(Side.RIGHT, "squat", 50.0, windows)
    assert movements(known) == windows[:3]
    assert movements(None) == ()
