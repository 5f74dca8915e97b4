"""The self-tests: the guided procedure, and what two legs and two days amount to."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from kneetrack.cli.selftest_result import listing, listing_json, print_outcome
from kneetrack.detection import Analyzer
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements import MOVEMENTS
from kneetrack.insight.sides import MOUNT_SEM_DEG
from kneetrack.insight.values import NAMES
from kneetrack.samples import KneeSample, Rep, Side
from kneetrack.selftest.outcome import counted_in, outcome, to_json
from kneetrack.selftest.procedure import Began, Counted, Finished, Noted, Procedure, Told
from kneetrack.selftest.tests import SELFTESTS, STAND

BALANCE, SQUAT, LUNGE = SELFTESTS["balance"], SELFTESTS["squat"], SELFTESTS["lunge"]


def led(
    name: str, lean: Callable[[float], float], duration_s: float
) -> tuple[Procedure, list[Told]]:
    """A leg that leans like this, through the test, with the analyzer that would watch it."""
    test = SELFTESTS[name]
    procedure, analyzer = Procedure(test, Side.RIGHT), Analyzer(Side.RIGHT, test.exercise)
    told = procedure.begin()
    for number in range(round(duration_s / PERIOD_S)):
        t = number * PERIOD_S
        half = math.radians(lean(t)) / 2.0
        q = (math.cos(half), 0.0, math.sin(half), 0.0)
        sample = KneeSample(number, t, 0.0, 0.0, 0.0, 1.0, q, q, 0)
        told += procedure.take(sample, analyzer.phase)
        for event in analyzer.feed(sample):
            told += procedure.event(event)
    return procedure, told


def lunges(t: float, deg: float = 36.0, every_s: float = 8.0) -> float:
    """Four seconds of standing, then a lunge every so often: ahead, held for 2 s, back."""
    u = (t - 4.0) % every_s
    part = min(1.0, max(0.0, u / 1.5), max(0.0, (5.0 - u) / 1.5)) if t > 4.0 else 0.0
    return deg * part


def test_the_lunge_test_stands_then_counts_three_and_is_over() -> None:
    procedure, told = led("lunge", lunges, 40.0)
    assert [type(one) for one in told if not isinstance(one, Noted)] == [
        Began, Began, Counted, Counted, Counted, Finished,
    ]  # fmt: skip
    assert procedure.finished
    assert [round(rep.measures["shank_inclination_deg"] or 0.0) for rep in procedure.counted] == [
        36
    ] * 3


def test_nothing_counts_before_the_stand() -> None:
    procedure, told = led("lunge", lambda t: lunges(t + 4.0, every_s=7.0), 40.0)
    assert procedure.step is STAND
    assert not any(isinstance(one, Counted) for one in told)
    assert any(isinstance(one, Noted) and "still" in one.text for one in told)


def test_a_hold_that_is_too_short_says_so_and_is_not_counted() -> None:
    def lean(t: float) -> float:
        return 1.5 * math.sin(5.0 * t) if 6.0 < t < 22.0 or 30.0 < t < 56.0 else 0.0

    procedure, told = led("balance", lean, 60.0)
    assert len(procedure.counted) == 1
    notes = [one.text for one in told if isinstance(one, Noted)]
    assert any("at least 19 s" in text for text in notes)
    assert any("put the foot down" in text for text in notes)


def rep(name: str, value: float) -> Rep:
    fixed: dict[str, float | None] = {"peak_flexion_deg": 60.0, "peak_valgus_deg": None}
    measures: dict[str, float | None] = {}
    (fixed if name in fixed else measures)[name] = value
    return Rep(
        index=0, set=0, is_reference=False, start_s=0.0, end_s=1.0,
        peak_flexion_deg=fixed["peak_flexion_deg"] or 0.0, valgus_excursion_deg=None,
        own_excursion_deg=None, own_excursion_sigma_deg=None,
        peak_valgus_deg=fixed["peak_valgus_deg"], flexion_at_peak_deg=None, phase_at_peak=None,
        time_over_threshold_s=None, rotation_excursion_deg=None, medial_displacement_cm=None,
        descent_s=None, bottom_s=None, ascent_s=None, verdict=None, measures=measures,
    )  # fmt: skip


def lunge_reps(*values: float) -> list[Rep]:
    return [rep("shank_inclination_deg", value) for value in values]


@pytest.mark.parametrize(("left", "differ"), [(35.0, False), (31.0, True)])
def test_sides_differ_beyond_the_published_least_change(left: float, differ: bool) -> None:
    now = {
        Side.RIGHT: lunge_reps(38.0, 38.2, 37.8),
        Side.LEFT: lunge_reps(left, left + 0.2, left - 0.2),
    }
    (row,) = outcome(LUNGE, now, {})
    assert row.sides is not None and row.sides.mdc == 4.7
    assert row.sides.value == pytest.approx(38.0 - left)
    assert row.sides.told_apart is differ


def test_scatter_of_the_repetitions_comes_before_the_published_least_change() -> None:
    now = {Side.RIGHT: lunge_reps(30.0, 40.0, 44.0)}
    (row,) = outcome(LUNGE, now, {Side.RIGHT: lunge_reps(28.0, 30.0, 31.0)})
    since = row.legs[Side.RIGHT].since_last
    assert since is not None and since.mdc is not None and since.mdc > 10.0
    assert not since.told_apart
    assert row.legs[Side.RIGHT].best == 44.0


def test_one_repetition_tells_no_difference() -> None:
    now = {Side.RIGHT: lunge_reps(30.0), Side.LEFT: lunge_reps(50.0)}
    (row,) = outcome(LUNGE, now, {})
    assert row.sides is not None and row.sides.mdc is None
    assert not row.sides.told_apart
    told = to_json(LUNGE, (row,), {})["measures"][0]["right_minus_left"]
    assert told == {"difference": -20.0, "mdc": None, "verdict": "not_distinguishable"}


def test_what_did_not_count_is_not_in_the_mean() -> None:
    """A hold of 10 s was refused aloud; its sway is none of a hold of 20 s."""
    holds = [
        replace(rep("shank_sway_deg", sway), measures={"shank_sway_deg": sway, "hold_s": held})
        for sway, held in ((3.0, 10.5), (1.0, 21.0), (1.1, 20.0), (0.9, 19.0))
    ]
    row = outcome(BALANCE, {Side.RIGHT: holds}, {})[0]
    assert row.legs[Side.RIGHT].values == (1.0, 1.1, 0.9)


def test_what_the_strap_may_have_done_is_not_called_changed() -> None:
    """Depth is an absolute angle: 3 deg more, evenly, are within another strapping."""
    now, last = ([rep("peak_flexion_deg", deg + 0.2 * k) for k in range(5)] for deg in (60, 57))
    rows = outcome(SELFTESTS["squat"], {Side.RIGHT: now}, {Side.RIGHT: last})
    (depth,) = (row for row in rows if row.watched.name == "peak_flexion_deg")
    since = depth.legs[Side.RIGHT].since_last
    assert since is not None and since.value == pytest.approx(3.0)
    assert since.mdc == pytest.approx(1.96 * math.sqrt(2.0) * MOUNT_SEM_DEG)
    assert not since.told_apart


def test_a_sway_is_not_called_changed_by_the_scatter_of_one_day() -> None:
    """Nothing is known of how it goes from day to day; legs of one day can be told apart."""
    right, left, last = (
        [
            replace(rep("shank_sway_deg", 0.0), measures={"shank_sway_deg": sway, "hold_s": 21.0})
            for sway in (middle, middle + 0.02, middle - 0.02)
        ]
        for middle in (1.0, 1.6, 0.5)
    )
    row = outcome(BALANCE, {Side.RIGHT: right, Side.LEFT: left}, {Side.RIGHT: last})[0]
    since = row.legs[Side.RIGHT].since_last
    assert since is not None and since.mdc is None and not since.told_apart
    assert row.sides is not None and row.sides.told_apart


@pytest.mark.parametrize("width", [80, 120])
def test_the_result_fits_the_terminal(width: int) -> None:
    now = {
        Side.RIGHT: lunge_reps(30.0, 31.0, 32.0),
        Side.LEFT: lunge_reps(38.0, 38.5, 39.0),
    }
    rows = outcome(LUNGE, now, {side: lunge_reps(33.0, 33.5, 34.0) for side in now})
    page = io.StringIO()
    print_outcome(Console(file=page, width=width), LUNGE, rows, dict.fromkeys(now, 3))
    text = page.getvalue()
    assert "…" not in text
    assert "Cut short" not in text
    assert "-7.5 differ (4.7)" in text
    assert "+5.0 changed (4.7)" in text


def test_nothing_counted_is_said() -> None:
    page = io.StringIO()
    print_outcome(Console(file=page, width=80), BALANCE, (), {Side.LEFT: 0})
    assert page.getvalue().startswith("Cut short: 0 of 3 holds, left leg.\nNo hold counted")


def test_a_leg_whose_test_was_cut_short_is_told() -> None:
    legs = {Side.RIGHT: lunge_reps(38.0, 8.0), Side.LEFT: lunge_reps(38.0, 38.1, 38.2, 38.3)}
    counted = {side: counted_in(LUNGE, reps) for side, reps in legs.items()}
    assert counted == {Side.RIGHT: 1, Side.LEFT: 3}
    rows = outcome(LUNGE, legs, {})
    page = io.StringIO()
    print_outcome(Console(file=page, width=80), LUNGE, rows, counted)
    assert page.getvalue().splitlines()[0] == "Cut short: 1 of 3 lunges, right leg."
    assert page.getvalue().count("Cut short") == 1
    told = to_json(LUNGE, rows, counted)
    assert (told["counted"], told["repeats"]) == ({"right": 1, "left": 3}, 3)
    assert told["complete"] is False
    assert to_json(LUNGE, rows, {Side.LEFT: 3})["complete"] is True


def test_every_test_is_of_a_known_movement_and_known_measures() -> None:
    for test in SELFTESTS.values():
        assert MOVEMENTS[test.exercise].one_leg
        assert {one.name for one in test.watched} | {test.counted} <= set(NAMES)
        assert all(one.source for one in test.watched if one.mdc is not None)
    assert [one["name"] for one in listing_json()["selftests"]] == list(SELFTESTS)
    page = io.StringIO()
    Console(file=page, width=80).print(listing())
    assert all(test.do.wants.split()[0] in page.getvalue() for test in SELFTESTS.values())
