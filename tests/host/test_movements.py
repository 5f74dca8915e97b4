"""Each movement's finder on flexion alone, what it does not count and why, and the suggestion."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from kneetrack.analysis import analyse
from kneetrack.detection import Analyzer, LegResult, suggest
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements import MOVEMENTS, ByReps
from kneetrack.detection.suggest import looks_like
from kneetrack.samples import KneeSample, Rejected, Rep, RepSet, Side, Window
from kneetrack.traces import EXERCISES

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
UNIT = (1.0, 0.0, 0.0, 0.0)


def course(*points: tuple[float, float]) -> np.ndarray:
    """Flexion through (seconds since the last, deg), smoothly from one to the next."""
    parts = [np.full(52, points[0][1])]
    for (_, before), (seconds, after) in pairwise(points):
        x = np.arange(1, round(seconds / PERIOD_S) + 1) / round(seconds / PERIOD_S)
        parts.append(before + (after - before) * x**3 * (10.0 - 15.0 * x + 6.0 * x**2))
    return np.concatenate([*parts, np.full(52, points[-1][1])])


def found(exercise: str, flexion: np.ndarray) -> LegResult:
    analyzer = Analyzer(Side.RIGHT, exercise)
    for i, deg in enumerate(flexion.tolist()):
        analyzer.feed(KneeSample(i, i * PERIOD_S, deg, 0.0, 0.0, 1.0, UNIT, UNIT, 0))
    analyzer.flush()
    return analyzer.result()


SHALLOW = course((0, 3), *[(1.2, 42), (1.2, 3), (1.0, 3)] * 4)


@pytest.mark.parametrize(("exercise", "reps"), [("squat", 0), ("single_leg_squat", 4)])
def test_a_single_leg_squat_may_be_shallow(exercise: str, reps: int) -> None:
    result = found(exercise, SHALLOW)
    assert len(result.reps) == reps
    assert all(not {"shallow"} & set(rep.doubt) for rep in result.reps)
    assert len(result.rejected) == 4 - reps
    assert {one.reason for one in result.rejected} <= {"too little flexion"}


@pytest.mark.parametrize("exercise", ["squat", "single_leg_squat", "step_down"])
def test_the_swings_of_a_walk_are_no_reps_of_anything(exercise: str) -> None:
    walk = course((0, 3), *[(0.25, 60), (0.25, 3), (0.6, 5)] * 10)
    result = found(exercise, walk)
    assert not result.reps
    assert len(result.rejected) >= 9


def test_a_step_up_counts_the_way_up() -> None:
    cycle = [(0.5, 85), (1.1, 3), (0.8, 3), (1.6, 80), (0.5, 3), (0.8, 3)]
    result = found("step_up", course((0, 3), *cycle * 3))
    assert len(result.reps) == 3
    assert [one.reason for one in result.rejected] == ["the way back down"] * 3


def test_seats_at_the_ends_are_halves_and_told() -> None:
    cycle = [(1.0, 5), (0.6, 5), (1.0, 95), (0.8, 95)]
    result = found("sit_to_stand", course((0, 95), *cycle * 4))
    assert len(result.reps) == 3
    first, last = result.rejected
    assert first.reason.startswith("only the way up")
    assert last.reason.startswith("only the way down")
    assert first.end_s < result.reps[0].start_s < result.reps[-1].end_s <= last.start_s


def test_one_may_stay_seated() -> None:
    flexion = course((0, 5), (1.0, 95), (15.0, 95), (1.0, 5), (1.0, 5))
    assert len(found("sit_to_stand", flexion).reps) == 1
    squats = found("squat", flexion)
    assert not squats.reps
    assert [one.reason for one in squats.rejected] == ["it took too long"]


def test_what_is_not_counted_survives_a_copy_and_a_gap() -> None:
    result = found("squat", np.concatenate([SHALLOW, course((0, 3), (1.0, 95), (1.0, 3))]))
    assert len(result.reps) == 1
    assert len(result.rejected) == 4
    assert all(one.start_s < one.end_s for one in result.rejected)


def test_every_exercise_has_its_movement_and_the_reverse() -> None:
    assert set(EXERCISES) == set(MOVEMENTS)


REAL = {"squats1_L": 5, "squatsAsym1_L": 5, "STS1_L": 4, "STS1_R": 4, "STSAsym1_L": 4}


@pytest.mark.parametrize("exercise", ["squat", "balance"])
def test_a_recording_that_was_cut_short_is_not_half_a_minute_of_standing(exercise: str) -> None:
    """The set's window lasts longer than its samples."""
    analyzer = Analyzer(Side.RIGHT, exercise, windows=[Window("set", 1.0, 40.0)])
    for i in range(250):
        analyzer.feed(KneeSample(i, i * PERIOD_S, 3.0, 0.0, 0.0, 1.0, UNIT, UNIT, 0))
    analyzer.flush()
    assert suggest(analyzer.result()) is None


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared recordings are not here")
@pytest.mark.parametrize(("name", "reps"), list(REAL.items()))
def test_real_recordings(name: str, reps: int) -> None:
    result = analyse(DATA / "squats_from_markers" / f"{name}.csv").legs[0].result
    assert len(result.reps) == reps
    assert isinstance(MOVEMENTS[result.exercise].how, ByReps)
    assert suggest(result) is None
    seen = looks_like(result)
    assert seen is not None
    if name != "STSAsym1_L":  # its knee axis is not well defined: 99° of flexion are told as 57°
        assert seen.exercise == result.exercise


# --- the suggestion ------------------------------------------------------------------------------


def rep(index: int, flexion_deg: float, tilt_deg: float | None, **values: float) -> Rep:
    start_s = 5.0 * index
    rates = {"descent_rate_deg_s": 120.0, "ascent_rate_deg_s": 120.0}
    return Rep(
        index=index, set=0, is_reference=False, start_s=start_s, end_s=start_s + 2.5,
        peak_flexion_deg=flexion_deg, valgus_excursion_deg=None, own_excursion_deg=None,
        own_excursion_sigma_deg=None, peak_valgus_deg=None, flexion_at_peak_deg=None,
        phase_at_peak=None, time_over_threshold_s=None, rotation_excursion_deg=None,
        medial_displacement_cm=None, descent_s=1.0, bottom_s=0.3, ascent_s=1.0, verdict=None,
        measures={"thigh_tilt_deg": tilt_deg, **rates, **values},
    )  # fmt: skip


def result(
    reps: tuple[Rep, ...] = (), rejected: tuple[Rejected, ...] = (), exercise: str = "unknown"
) -> LegResult:
    sets = (RepSet(0, 0.0, 60.0, None, None, None),)
    return LegResult(Side.RIGHT, exercise, reps, sets, None, (), (), rejected)


def bends(count: int, every_s: float) -> tuple[Rejected, ...]:
    return tuple(
        Rejected(every_s * n, every_s * n + 0.6, 55.0, "like a step") for n in range(count)
    )


SEATS = tuple(rep(n, 92.0, 88.0) for n in range(5))
SEEN = {
    "walk": result(rejected=bends(20, 1.2)),
    "run": result(rejected=bends(20, 0.72)),
    "drop_jump": result(tuple(rep(n, 95.0, 65.0, descent_rate_deg_s=500.0) for n in range(3))),
    "balance": result(),
    "lunge_test": result(tuple(rep(n, 62.0, 24.0) for n in range(3))),
    "sit_to_stand": result(SEATS),
    "lunge": result(SEATS, bends(10, 2.5)),
    "step_up": result(tuple(rep(n, 88.0, 78.0, descent_rate_deg_s=290.0) for n in range(5))),
    "single_leg_squat": result(tuple(rep(n, 55.0, 36.0) for n in range(5))),
    "squat": result(tuple(rep(n, 100.0, 70.0) for n in range(5))),
}


@pytest.mark.parametrize("exercise", SEEN)
def test_a_recording_looks_like_what_it_is(exercise: str) -> None:
    seen = suggest(SEEN[exercise])
    assert seen is not None
    assert seen.exercise == exercise


def test_who_said_what_it_is_is_asked_only_where_it_hardly_fits() -> None:
    assert suggest(result(SEATS, exercise="squat")) is None
    assert suggest(result(SEATS, exercise="sit_to_stand")) is None
    walked = suggest(result(rejected=bends(20, 1.2), exercise="squat"))
    assert walked is not None and walked.exercise == "walk"


def test_nothing_is_said_of_next_to_nothing() -> None:
    one = result((rep(0, 100.0, 70.0),))
    assert suggest(one) is None
    assert suggest(result(tuple(rep(n, 100.0, None) for n in range(4)))) is not None
