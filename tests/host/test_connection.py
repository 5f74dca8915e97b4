"""The joint-connection constraint: finds the heading and leaves the knee its freedom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kneecore.calibration import Calibration
from kneetrack.analysis import acausal, connection, offline
from kneetrack.analysis.connection import Connection, Shaken
from kneetrack.analysis.rotations import about_vertical, conjugate, knee_angles, product, turned
from kneetrack.calibration.store import CalibrationFile
from kneetrack.detection.movements import MOVEMENTS, Comparison
from kneetrack.samples import Side
from kneetrack.traces import Trace, onto_grid
from shaken_knees import SHANK_LEVER, THIGH_LEVER, Array, Walk, walk
from synthetic_legs import FIVE, MOUNTS, leg, trace_of

pytest.importorskip("vqf", reason="the offline extra is not installed")


def true_alignment(side: Side) -> Calibration:
    """Sensor -> segment as the generator mounted them."""
    thigh, shank = (tuple(mount.as_quat(scalar_first=True).tolist()) for mount in MOUNTS)
    return Calibration(int(side), thigh, shank)


def told(trace: Trace) -> tuple[Connection, Array, Array]:
    """What the joint told, and both orientations."""
    times, rows = onto_grid(trace)
    gyr, acc = (rows[:, 0:3], rows[:, 6:9]), (rows[:, 3:6], rows[:, 9:12])
    q = (acausal.orientations(gyr[0], acc[0]), acausal.orientations(gyr[1], acc[1]))
    found = connection.connection(Shaken.of(times, gyr, acc, q), true_alignment(trace.side))
    assert found is not None
    return found, q[0], q[1]


def true_headings(trace: Trace, angles: Array, thigh: Array, shank: Array) -> Array:
    """(n,) rad: what the shank's earth frame must be turned by, from the true angles."""
    calibration = true_alignment(trace.side)
    q_thigh = product(thigh, conjugate(np.array(calibration.q_thigh_sensor)))
    q_shank = product(shank, conjugate(np.array(calibration.q_shank_sensor)))
    tilt = np.radians(angles * [-1.0, -trace.side, trace.side])
    relative = np.array([1.0, 0.0, 0.0, 0.0])
    for k, axis in enumerate(([0, 0, 1], [1, 0, 0], [0, 1, 0])):
        half = 0.5 * tilt[:, k : k + 1]
        relative = product(relative, np.hstack([np.cos(half), np.sin(half) * np.array(axis)]))
    turn = product(product(q_thigh, relative), conjugate(q_shank))
    return 2.0 * np.arctan2(turn[:, 3], turn[:, 0])


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("drift_deg_s", [0.0, 0.15])
def test_the_heading_of_a_walk_is_found_within_its_stated_uncertainty(
    side: Side, drift_deg_s: float
) -> None:
    trace, angles = walk(Walk(drift_deg_s=drift_deg_s), side)
    found, thigh, shank = told(trace)
    times, _ = onto_grid(trace)
    truth = true_headings(trace, angles, thigh, shank)
    off: list[float] = []
    for seen in found.observations:
        inside = (times >= seen.start_s) & (times <= seen.end_s)
        mean = np.angle(np.exp(1j * truth[: len(times)][inside]).mean())
        off.append(float(np.angle(np.exp(1j * (seen.heading - mean))) / seen.sigma))
    assert len(off) >= 5
    assert np.sqrt(np.mean(np.square(off))) < 1.0
    assert max(np.abs(off)) < 2.5


def test_the_levers_are_found() -> None:
    found, _, _ = told(walk(Walk())[0])
    thigh, shank = MOUNTS[0].apply(found.levers.thigh_m), MOUNTS[1].apply(found.levers.shank_m)
    assert thigh[:2] == pytest.approx(THIGH_LEVER[:2], abs=0.03)
    assert shank[:2] == pytest.approx(SHANK_LEVER[:2], abs=0.03)


def test_a_real_abduction_is_left_alone_where_a_hinge_would_take_part_of_it_away() -> None:
    """8 deg in stance. The hinge turns the shank until both flexion axes look alike."""
    trace, angles = walk(Walk(abduction_deg=8.0))
    found, thigh, shank = told(trace)
    calibration = true_alignment(trace.side)
    q_thigh = product(thigh, conjugate(np.array(calibration.q_thigh_sensor)))
    q_shank = product(shank, conjugate(np.array(calibration.q_shank_sensor)))
    axis = np.array([0.0, 0.0, 1.0])
    one, other = turned(q_thigh, axis), turned(q_shank, axis)
    apart = np.arctan2(one[:, 1], one[:, 0]) - np.arctan2(other[:, 1], other[:, 0])
    at = np.array([seen.at_s for seen in found.observations])
    joint = np.interp(trace.time_s, at, np.unwrap([seen.heading for seen in found.observations]))

    def kept(heading: Array) -> float:
        """How much of the abduction's range is in the valgus (1: all)."""
        relative = product(conjugate(q_thigh), product(about_vertical(heading), q_shank))
        seen = np.degrees(knee_angles(relative, trace.side))[:, 1]
        true = angles[: len(seen), 1]
        return float(np.cov(seen, true)[0, 1] / true.var())

    assert kept(joint) == pytest.approx(1.0, abs=0.05)
    assert kept(apart) < 0.8
    assert found.residual_m_s2 < 0.3 * found.shake_m_s2


def test_a_knee_that_is_hardly_shaken_tells_no_heading() -> None:
    trace = trace_of(leg(squats=FIVE), windows=())
    times, rows = onto_grid(trace)
    gyr, acc = (rows[:, 0:3], rows[:, 6:9]), (rows[:, 3:6], rows[:, 9:12])
    q = (acausal.orientations(gyr[0], acc[0]), acausal.orientations(gyr[1], acc[1]))
    standing = (times > 9.0) & (times < 12.0)
    shaken = Shaken.of(times, gyr, acc, q)[standing[:: connection.EVERY]]
    assert connection.connection(shaken, true_alignment(Side.RIGHT)) is None


def test_only_gait_and_landing_ask_the_joint_and_graded_squats_never() -> None:
    """The same shaken leg under every name: all that is graded gets the heading of its stances."""
    trace, _ = walk(Walk(seconds=12.0))
    known = CalibrationFile(true_alignment(trace.side), "A", {"bias": "table"})

    def angles(exercise: str) -> Array:
        named = replace(trace, exercise=exercise)
        measured = offline.measure_offline(named, known, smooth=False)
        return np.array([sample[2:5] for sample in measured.samples])

    by_stances = angles("squat")
    by_joint = angles("walk")
    assert np.abs(by_joint - by_stances)[:, 2].max() > 1.0
    for name, movement in MOVEMENTS.items():
        if movement.comparison is Comparison.OWN_REPS:
            assert (angles(name) == by_stances).all(), name
    for exercise in ("run", "drop_jump"):
        assert (angles(exercise) == by_joint).all(), exercise
