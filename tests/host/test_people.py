"""The second generator of squat sessions is right about itself: rates, forces, angles, legs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kneecore import joint, quaternion
from kneetrack.samples import Side
from people import Person, Plan, Session, session
from people.bones import bones
from people.chip import ACC_COUNT
from people.course import RATE_HZ, directed
from people.truth import GRID, excursion, own_curves, true_reps
from people.turns import Floats, about, knee_angles, rotation_vectors, transposed, turned

SHORT = Plan(reps=3, functional=2)


def inside(made: Session, kind: str) -> np.ndarray:
    one = next(window for window in made.trace.windows if window.kind == kind)
    return (made.trace.time_s >= one.start_s) & (made.trace.time_s <= one.end_s)


@pytest.fixture(scope="module")
def true_to_life() -> Session:
    return session(Person.drawn(3), plan=SHORT)


@pytest.fixture(scope="module")
def perfect() -> Session:
    return session(Person.drawn(3), plan=SHORT, perfect_chips=True)


def test_rotation_vectors_and_matrices_are_inverse() -> None:
    random = np.random.default_rng(1)
    vectors = random.normal(0.0, 0.9, (200, 3))
    back = rotation_vectors(turned(vectors))
    assert back == pytest.approx(vectors, abs=1e-9)
    assert turned(np.zeros((2, 3))) == pytest.approx(np.stack([np.eye(3)] * 2))


def test_integrating_the_rates_gives_the_orientation(perfect: Session) -> None:
    steps = {
        "thigh": turned(perfect.trace.thigh_gyr / RATE_HZ),
        "shank": turned(perfect.trace.shank_gyr / RATE_HZ),
    }
    for step, between in zip(steps.values(), perfect.truth.between, strict=True):
        turn = between[0]
        for one in step:
            turn = turn @ one
        off = rotation_vectors(turn.T @ between[-1])
        assert np.degrees(np.linalg.norm(off)) < 1e-6


@pytest.mark.parametrize("number", [0, 1])
def test_integrating_the_forces_gives_the_way_back_to_the_floor(
    perfect: Session, number: int
) -> None:
    acc = (perfect.trace.thigh_acc, perfect.trace.shank_acc)[number]
    squatting = inside(perfect, "functional")
    turn = perfect.truth.sensors[number][squatting]
    moved = np.einsum("nij,nj->ni", turn, acc[squatting]) - [0.0, 0.0, 9.80665]
    speed = np.cumsum(moved, axis=0) / RATE_HZ
    assert np.abs(speed[-1]).max() < 0.05
    assert np.ptp(speed[:, 2]) > (0.15, 0.05)[number]  # the thigh goes down, the shank less


def test_a_sensor_at_rest_feels_gravity_and_no_rate(perfect: Session) -> None:
    for kind, still_rad_s, off_m_s2 in (("table", 1e-6, 1e-6), ("stand", 0.03, 0.06)):
        at = inside(perfect, kind)
        for gyr, acc in (
            (perfect.trace.thigh_gyr, perfect.trace.thigh_acc),
            (perfect.trace.shank_gyr, perfect.trace.shank_acc),
        ):
            assert np.abs(gyr[at]).max() < still_rad_s
            assert np.linalg.norm(acc[at], axis=1) == pytest.approx(9.80665, abs=off_m_s2)


@pytest.mark.parametrize("side", list(Side))
def test_the_angles_are_those_of_grood_and_suntay(side: Side) -> None:
    wanted = np.radians(np.random.default_rng(5).uniform([0, -15, -20], [120, 15, 20], (50, 3)))
    s = int(side)
    shank = turned(np.random.default_rng(6).normal(0.0, 1.0, (50, 3)))
    relative = about(2, -wanted[:, 0]) @ about(0, -s * wanted[:, 1]) @ about(1, s * wanted[:, 2])
    assert knee_angles(shank @ transposed(relative), shank, s) == pytest.approx(wanted, abs=1e-9)
    for row, matrix in zip(wanted.tolist(), relative, strict=True):
        columns = [tuple(column) for column in matrix.T.tolist()]
        q = quaternion.from_columns(*columns)
        assert joint.angles(*q, s) == pytest.approx(row, abs=1e-9)


def test_a_left_leg_is_the_mirror_image_of_a_right_one() -> None:
    mounts = (np.eye(3), np.eye(3))
    legs = [
        session(Person.drawn(4, side), plan=SHORT, perfect_chips=True, mounts=mounts)
        for side in (Side.RIGHT, Side.LEFT)
    ]
    right, left = legs
    assert np.abs(left.truth.angles_deg - right.truth.angles_deg).max() < 1e-9
    worn = right.trace.time_s > right.trace.windows[1].start_s
    for name, mirror in (("gyr", [-1.0, -1.0, 1.0]), ("acc", [1.0, 1.0, -1.0])):
        for segment in ("thigh", "shank"):
            one: Floats = getattr(right.trace, f"{segment}_{name}")[worn]
            other: Floats = getattr(left.trace, f"{segment}_{name}")[worn]
            assert np.abs(other - one * mirror).max() < 1e-8


def test_equal_arguments_give_equal_sessions_and_others_do_not(true_to_life: Session) -> None:
    again = session(Person.drawn(3), plan=SHORT)
    other = session(Person.drawn(3), soft_tissue_deg=5.0, plan=SHORT)
    assert np.array_equal(again.trace.rows, true_to_life.trace.rows)
    assert again.truth.reps == true_to_life.truth.reps
    assert not np.array_equal(other.trace.rows, true_to_life.trace.rows)


def test_load_moves_the_tissue_in_the_set_and_the_bones_not_at_all() -> None:
    person = replace(Person.drawn(3), depth=100.0)
    free, loaded = (
        session(person, load_gain=gain, plan=SHORT, perfect_chips=True) for gain in (1.0, 1.6)
    )
    assert np.array_equal(free.truth.angles_deg, loaded.truth.angles_deg)
    squats, under_the_bar = inside(free, "functional"), inside(free, "set")
    assert np.array_equal(free.trace.rows[squats], loaded.trace.rows[squats])
    bent = under_the_bar & (free.truth.angles_deg[:, 0] > 85.0)
    axial = [made.truth.soft_tissue_deg[bent, 0, 1] for made in (free, loaded)]
    assert np.median(axial[1] / axial[0]) == pytest.approx(1.6, abs=0.15)


def test_soft_tissue_grows_with_its_spread_and_is_small_on_the_shank() -> None:
    def deepest(spread_deg: float) -> Floats:
        made = session(Person.drawn(1), soft_tissue_deg=spread_deg, load_gain=1.0, plan=SHORT)
        bent = made.truth.angles_deg[:, 0] > 70.0
        return np.abs(made.truth.soft_tissue_deg[bent]).mean(axis=0)

    small, large = (deepest(spread_deg) for spread_deg in (2.0, 8.0))
    assert large.sum() / small.sum() == pytest.approx(4.0, rel=0.25)
    assert large[0].sum() > 1.5 * large[1].sum()


def test_a_rep_s_true_excursion_is_what_it_adds_to_the_calibration_reps() -> None:
    time_s = np.arange(0.0, 12.0, 0.01)
    bend = 90.0 * np.sin(np.pi * (time_s % 4.0) / 4.0) ** 2
    usual = -3.0 * np.sin(np.radians(bend)) + np.where(
        time_s % 4.0 > 2.0, np.cos(np.radians(bend)), 0.0
    )
    cave = 7.0 * np.exp(-(((time_s - 10.5) / 0.2) ** 2))
    angles = np.column_stack([bend, usual + cave, 0.0 * bend])
    curves = own_curves(time_s, angles, [(0.0, 3.99), (4.0, 7.99)])
    assert len(curves[0]) == len(GRID)
    assert excursion(time_s, angles, (8.0, 11.99), curves) == pytest.approx(7.0, abs=0.05)
    assert excursion(time_s, angles, (4.0, 7.99), curves) == pytest.approx(0.0, abs=0.05)


def test_the_habits_are_told_apart_by_the_truth() -> None:
    def set_excursions(habit: str, **changes: float) -> Floats:
        person = replace(Person.drawn(7), habit=habit, variation=0.1, **changes)
        course = directed(person, Plan(reps=6, functional=2))
        thigh, shank = (bone.turn[::2] for bone in bones(person, course))
        angles = np.degrees(knee_angles(thigh, shank, int(person.side)))
        reps = true_reps(course.time_s[::2], angles, course.squats)
        return np.array([rep.excursion_deg for rep in reps if rep.kind == "set"])

    assert np.abs(set_excursions("none", valgus_at_depth=10.0)).max() < 2.5
    assert set_excursions("isolated", share=1.0).min() > 3.5
    assert set_excursions("outward", share=1.0).max() < -3.5
    tiring = set_excursions("tiring")
    assert tiring[-1] > 3.5 > tiring[0]


def test_the_chips_add_what_a_data_sheet_says(true_to_life: Session, perfect: Session) -> None:
    at = inside(true_to_life, "table")
    for name in ("thigh_gyr", "shank_gyr"):
        off = np.degrees(getattr(true_to_life.trace, name) - getattr(perfect.trace, name))[at]
        assert np.abs(off.mean(axis=0)).max() < 1.05
        assert off.std(axis=0) == pytest.approx(3.8e-3 * np.sqrt(104.0), rel=0.4)
    for name in ("thigh_acc", "shank_acc"):
        rows: Floats = getattr(true_to_life.trace, name)
        off = rows[at] - getattr(perfect.trace, name)[at]
        assert np.abs(off.mean(axis=0)).max() < 9.80665 * (0.02 + 0.02)
        assert np.abs(rows / ACC_COUNT - np.round(rows / ACC_COUNT)).max() < 1e-6


def test_only_the_squats_of_the_set_are_its_reps(true_to_life: Session) -> None:
    reps = [rep for rep in true_to_life.truth.reps if rep.kind == "set"]
    assert len(reps) == SHORT.reps
    at = inside(true_to_life, "set") & (true_to_life.trace.time_s < reps[0].start_s)
    assert true_to_life.truth.angles_deg[at, 0].max() > 25.0  # the walk-out bends the knee too
