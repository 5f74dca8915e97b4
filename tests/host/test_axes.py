"""Other ways to the knee's axes: where they agree, where not, and which way the shank faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kneetrack.analysis.axes import Rates, other_axes
from kneetrack.analysis.calibrate import from_trace
from kneetrack.analysis.rotations import halfway
from kneetrack.analysis.trace import measure
from kneetrack.analysis.validate import validate
from kneetrack.samples import Side
from kneetrack.traces import onto_grid, read_trace
from synthetic_legs import DATA, FIVE, leg, trace_of

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"recordings not found at {DATA}")


def rates_of(**leg_options: float) -> Rates:
    trace = trace_of(leg(Side.RIGHT, FIVE, **leg_options))
    measured = measure(trace)
    assert measured.calibration is not None
    calibration = measured.calibration.calibration
    _, rows = onto_grid(trace)
    rows = rows[::2][: len(measured.samples)].copy()
    rows[:, 0:3] -= calibration.thigh_gyr_bias
    rows[:, 6:9] -= calibration.shank_gyr_bias
    moves = slice(int(12.5 * 104), None)
    return Rates(measured.samples[moves], rows[moves], calibration)


def test_a_knee_that_bends_about_one_axis_has_the_same_one_by_the_knees_own_rate() -> None:
    found = other_axes(rates_of(turn_deg=0.0))
    assert abs(found.thigh_deg["knee"]) < 0.5
    assert abs(found.shank_deg["knee"]) < 0.5


def test_a_knee_that_turns_as_it_bends_sets_the_methods_apart() -> None:
    found = other_axes(rates_of(turn_deg=12.0))
    assert found.shank_apart_rad > np.radians(1.0)
    assert set(found.thigh_deg) | set(found.shank_deg) <= {"knee", "hinge"}


def test_too_little_movement_tells_no_other_axis() -> None:
    rates = rates_of(turn_deg=0.0)
    short = Rates((), np.zeros((0, 12)), rates.calibration)
    found = other_axes(short)
    assert found.thigh_deg == found.shank_deg == {}
    assert found.thigh_apart_rad == 0.0


def test_the_axis_is_as_uncertain_as_all_that_may_be_wrong_with_it() -> None:
    made = from_trace(trace_of(leg(Side.RIGHT, FIVE, turn_deg=12.0)))
    apart = {name: np.array(list(of.values())) for name, of in made.axes_apart_deg.items()}
    assert made.crosstalk_deg is not None and made.shank_axis_sigma_deg is not None
    assert made.shank_axis_sigma_deg >= np.sqrt((apart["shank"] ** 2).mean())
    parts = (
        2.0,
        np.sqrt((apart["thigh"] ** 2).mean()),
        0.5 * made.shank_axis_sigma_deg,
        0.7 * made.crosstalk_deg,
    )
    assert made.axis_sigma_deg == pytest.approx(np.sqrt(np.sum(np.square(parts))), abs=0.11)


def test_halfway_between_two_orientations() -> None:
    turns = Rotation.from_rotvec([[0, 0, 0], [0, 0, 0.2], [0.1, 0, 0.2]])
    q = turns.as_quat(scalar_first=True) * [[1], [-1], [1]]
    between = Rotation.from_quat(halfway(q)[1:-1:2], scalar_first=True)
    assert (turns[0].inv() * between[0]).magnitude() == pytest.approx(0.1, abs=1e-6)
    assert (turns[1].inv() * between[1]).magnitude() == pytest.approx(
        (turns[1].inv() * turns[2]).magnitude() / 2, abs=1e-6
    )


@needs_data
@pytest.mark.parametrize(
    ("name", "opposite"),
    [("STSAsym1_L", True), ("STS1_L", False), ("squats1_L", False), ("squatsAsym1_L", False)],
)
def test_the_joint_tells_which_way_the_shank_faces(name: str, opposite: bool) -> None:
    path: Path = DATA / "squats_from_markers" / f"{name}.csv"
    made = from_trace(read_trace(path))
    assert any("told from the joint" in warning for warning in made.warnings) == opposite
    flexion_deg, *_ = validate(path, path.with_suffix(".ref.csv")).errors["as_analysed"].minus_mean
    assert flexion_deg < 1.5
