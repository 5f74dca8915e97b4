"""The curve of a few reference reps: what one odd rep does to it, what too few are good for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from knee_recordings import Recording, run, session
from kneetrack.detection.cut import Floats
from kneetrack.detection.measures import GRID_DEG
from kneetrack.detection.reference import Reference
from kneetrack.detection.standouts import weights
from kneetrack.samples import Verdict, Warned
from measured_reps import built, squats

BINS = 40  # 20 to 98 deg


def path(reference: Reference) -> Floats:
    """What the curve adds to the path that every rep of `knee_recordings` has."""
    down = np.array(reference.valgus_down_deg)
    return down - 0.05 * GRID_DEG[: len(down)]


@pytest.mark.parametrize("bumps", [[0.4, 10.0, 0.0], [0.3, 0.0, 0.5, 10.0], [0, 10, 0.5, -9, 0.2]])
def test_a_cave_in_among_the_reference_reps_hardly_bends_the_curve(bumps: list[float]) -> None:
    reference = built(squats(bumps))
    assert np.abs(path(reference)).max() < 0.6
    assert reference.sem_deg < 0.6
    odd = [number for number, bump in enumerate(bumps, 1) if abs(bump) > 2]
    assert [number for number, _ in reference.standouts] == odd
    assert all(off == pytest.approx(9.5, abs=1.5) for _, off in reference.standouts)
    assert reference.weight == pytest.approx(len(bumps) - len(odd), abs=0.2)


def test_a_shallow_rep_neither_shortens_nor_bends_the_curve() -> None:
    deep, shallow = built(squats([0.0] * 4)), built(squats([0.0] * 4, [100, 45, 100, 100]))
    assert len(shallow.valgus_down_deg) == len(deep.valgus_down_deg)
    assert np.abs(path(shallow)).max() < 0.3
    assert shallow.standouts == ()


def test_a_rep_with_missing_samples_is_left_out_where_three_whole_ones_remain() -> None:
    reps = squats([0.0, 0.0, 0.0, 1.8])
    holed = [*reps[:3], replace(reps[3], gap_s=0.6)]
    assert built(holed).reps == 3
    assert np.abs(path(built(holed))).max() < 0.1
    assert built(holed[1:]).reps == 3  # with two whole ones it is heard all the same


def test_uneven_reps_all_count() -> None:
    reference = built(squats([0.0, 4.0, -3.0, 2.0, 6.0]))
    assert reference.weight > 4.0 and reference.standouts == ()
    assert reference.sem_deg > 1.0


def random_reps(random: np.random.Generator, count: int) -> Floats:
    """(reps, 2, BINS): every rep its own offset, slope and bump, as D has clean reps."""
    grid = GRID_DEG[:BINS]
    size = random.normal(0.0, 0.35, (count, 2, 1))
    place = random.uniform(60.0, 100.0, (count, 2, 1))
    bump = size * np.exp(-(((grid - place) / 25.0) ** 2) / 2)
    slope = random.normal(0.0, 0.35, (count, 1, 1)) * grid / 90.0
    return bump + slope + random.normal(0.0, 0.2, (count, 1, 1))


@pytest.mark.parametrize("count", [3, 5, 8])
def test_of_clean_reps_the_weighted_curve_is_as_good_as_the_mean(count: int) -> None:
    random = np.random.default_rng(12)
    plain = weighted = spoilt = rescued = 0.0
    cave = 10.0 * np.exp(-(((GRID_DEG[:BINS] - 95.0) / 25.0) ** 2) / 2)
    for _ in range(300):
        reps = random_reps(random, count)
        weight, _ = weights(reps)
        plain += float((reps.mean(axis=0) ** 2).mean())
        weighted += float((np.average(reps, axis=0, weights=weight) ** 2).mean())
        reps[0] += cave
        weight, _ = weights(reps)
        spoilt += float((reps.mean(axis=0) ** 2).mean())
        rescued += float((np.average(reps, axis=0, weights=weight) ** 2).mean())
    lost = (count / (count - 1)) * plain  # a rep less is the least that a cave-in costs
    print(f"{count} reps: efficiency {plain / weighted:.3f}, with a cave-in {lost / rescued:.3f}")
    assert plain / weighted > 0.98
    assert lost / rescued > 0.95
    assert spoilt > 5.0 * rescued


def warned(recording: Recording) -> list[str]:
    events, result = run(recording)
    said = [event.text for event in events if isinstance(event, Warned)]
    assert said == list(result.warnings)
    return said


def with_reference(recording: Recording, count: int) -> Recording:
    start_s = recording.now_s
    for _ in range(count):
        recording.rep()
    recording.window("reference", start_s)
    return recording


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "No reference reps were found where they should be"),
        (1, "There is only 1 reference rep, and it takes 3"),
        (2, "There are only 2 reference reps, and it takes 3"),
    ],
)
def test_too_few_reference_reps_are_told_with_what_serves_instead(count: int, words: str) -> None:
    (said,) = warned(with_reference(session([0.0, 7.0, 0.0]), count))
    assert said == f"{words}: your 5 calibration squats serve as the reference instead."
    first_three = session([0.0, 0.0, 0.0, 9.0, 0.0, 0.0], functional=0)
    (said,) = warned(with_reference(first_three, count))
    assert said.startswith(f"{words}: the first three of set 1 serve")
    (said,) = warned(with_reference(session([0.0, 7.0], functional=0), count))
    assert f"nothing to compare set 1 with ({words})" in said


def test_three_reference_reps_are_worth_no_word() -> None:
    assert warned(with_reference(session([0.0, 7.0, 0.0]), 3)) == []


def test_a_calibration_squat_that_stands_out_is_told_and_judges_nobody() -> None:
    recording = Recording()
    recording.rest(2.0)
    start_s = recording.now_s
    for bump in (0.0, 0.0, 10.0, 0.0, 0.0):
        recording.rep(bump)
    recording.window("functional", start_s)
    recording.rest(3.0)
    start_s = recording.now_s
    for bump in (0.0, 6.0, 0.0, 0.0):
        recording.rep(bump)
    recording.window("set", start_s)
    events, result = run(recording)
    assert [rep.verdict for rep in result.reps] == [
        Verdict.IN_RANGE, Verdict.MOVED_INWARD, Verdict.IN_RANGE, Verdict.IN_RANGE,
    ]  # fmt: skip
    said = [event.text for event in events if isinstance(event, Warned)]
    assert len(said) == 1
    assert said[0].startswith("Calibration squat 3 stands out by") and "counts little" in said[0]


def test_of_the_first_three_reps_one_that_stands_out_is_judged_by_the_others() -> None:
    events, result = run(session([0.0, 9.0, 0.0, 0.0, 0.0, 0.0], functional=0))
    assert [rep.is_reference for rep in result.reps] == [True, False, True, False, False, False]
    assert result.reps[1].verdict is Verdict.MOVED_INWARD
    assert any("Rep 2 stands out" in event.text for event in events if isinstance(event, Warned))
