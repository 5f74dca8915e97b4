"""What is measured in a rep, against legs whose movement is known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from kneecore.reps import Params
from kneetrack.analysis.trace import measure, session_of
from kneetrack.detection import Analyzer
from kneetrack.detection.criteria import FINDER_ROWS, SOURCES, all_criteria
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.measure_table import MEASURES
from kneetrack.detection.rep_measures import sparc
from kneetrack.detection.verdicts import find
from kneetrack.samples import KneeSample, Rep, Side
from synthetic_legs import FIVE, Squat, leg, measured_leg, trace_of

UNIT = (1.0, 0.0, 0.0, 0.0)
Rotations = np.ndarray


@pytest.fixture(scope="module", params=[Side.RIGHT, Side.LEFT])
def reps(request: pytest.FixtureRequest) -> tuple[Rep, ...]:
    """Eight squats to 95 deg, the third and the sixth with 9 deg of valgus at the bottom."""
    measured = measured_leg(request.param)
    measured = replace(measured, trace=replace(measured.trace, shank_length_m=0.4))
    return session_of(measured).legs[0].result.reps


def test_the_segments_lean_as_they_were_made_to(reps: tuple[Rep, ...]) -> None:
    for rep in reps:
        assert rep.measures["thigh_tilt_deg"] == pytest.approx(0.7 * 95.0, abs=1.5)
        assert rep.measures["shank_lean_deg"] == pytest.approx(0.3 * 95.0, abs=1.5)
        assert rep.measures["tilt_ratio"] == pytest.approx(7 / 3, abs=0.2)


def test_the_shank_turns_inward_on_both_legs_and_the_thigh_does_not(reps: tuple[Rep, ...]) -> None:
    for rep in (reps[0], reps[1], reps[3]):  # without valgus
        assert rep.measures["shank_rotation_deg"] == pytest.approx(6.0, abs=1.5)
        assert abs(rep.measures["thigh_rotation_deg"] or 9.0) < 1.5


def test_the_knee_comes_inward_where_it_was_made_to(reps: tuple[Rep, ...]) -> None:
    inward = reps[2].measures
    share = 100.0 * math.sin(math.radians(9.0))
    assert inward["knee_in_at_bottom_percent"] == pytest.approx(share, abs=2.5)
    assert inward["knee_in_at_bottom_cm"] == pytest.approx(0.4 * share, abs=1.0)
    assert inward["knee_in_percent"] == pytest.approx(share, abs=2.5)
    for name in ("15pct", "30deg"):  # bend^4: hardly there yet
        assert abs(inward[f"knee_in_at_{name}_cm"] or 9.0) < 0.5
    early, late = inward["knee_in_at_30deg_cm"], inward["knee_in_at_60deg_cm"]
    assert early is not None and late is not None and early < late
    assert abs(reps[0].measures["knee_in_percent"] or 9.0) < 2.5


def test_what_needs_a_reference_is_told_with_one(reps: tuple[Rep, ...]) -> None:
    inward, calm = reps[2].measures, reps[0].measures
    assert inward["area_over_threshold_deg_times_s"] > 1.0
    assert 60.0 < (inward["clean_depth_deg"] or 0.0) < 95.0
    assert calm["clean_depth_deg"] is None
    assert calm["area_over_threshold_deg_times_s"] == 0.0
    assert (inward["valgus_consistency_deg"] or 0.0) > 2.0 > (calm["valgus_consistency_deg"] or 9.0)
    assert calm["tremor_ratio"] == pytest.approx(1.0, abs=0.3)


def test_without_an_alignment_speed_is_told_and_segments_are_not() -> None:
    measured = measured_leg()
    analyzer = Analyzer(Side.RIGHT, "squat", measured.trace.windows)
    analyzer.feed_all(measured.samples)
    analyzer.flush()
    values = analyzer.result().reps[0].measures
    for name in ("thigh_tilt_deg", "shank_rotation_deg", "knee_in_percent"):
        assert values[name] is None
    assert values["smoothness_down"] is not None and values["tremor_deg_s"] is not None


def test_every_value_has_its_row_in_the_table(reps: tuple[Rep, ...]) -> None:
    assert set(reps[0].measures) <= set(MEASURES)


def test_spectral_arc_length() -> None:
    """The figures of biomechanics C7: one smooth movement, one that trembles, one in two bursts."""
    x = np.arange(0.0, 1.5, PERIOD_S) / 1.5
    smooth = 30.0 * x**2 * (1.0 - x) ** 2
    trembling = smooth + 0.1 * smooth.max() * np.sin(2 * np.pi * 9.0 * 1.5 * x)
    (down,) = sparc(smooth)
    assert down == pytest.approx(-1.40, abs=0.05)
    (down,) = sparc(np.abs(trembling))
    assert down is not None and down < -1.7
    assert sparc(smooth[:5], smooth) == (None, pytest.approx(-1.40, abs=0.05))


def shaking(size_deg: float, hz: float) -> Rep:
    """A squat of 90 deg in which the thigh alone shakes about the axis it bends about."""
    time_s = np.arange(0.0, 6.0, PERIOD_S)
    x = np.clip((time_s - 1.5) / 3.0, 0.0, 1.0)
    flexion = 45.0 * (1.0 - np.cos(2 * np.pi * x))
    thigh = np.radians(0.6 * flexion + size_deg * np.sin(2 * np.pi * hz * time_s)) / 2.0
    shank = np.radians(-0.4 * flexion) / 2.0
    analyzer = Analyzer(Side.RIGHT)
    for i, t in enumerate(time_s.tolist()):
        q_thigh = (math.cos(thigh[i]), 0.0, 0.0, math.sin(thigh[i]))
        q_shank = (math.cos(shank[i]), 0.0, 0.0, math.sin(shank[i]))
        analyzer.feed(KneeSample(i, t, float(flexion[i]), 0.0, 0.0, 1.0, q_thigh, q_shank, 0))
    analyzer.flush()
    (rep,) = analyzer.result().reps
    return rep


@pytest.mark.parametrize("hz", [6.0, 9.0, 12.0])
def test_shaking_is_found_in_its_size(hz: float) -> None:
    size_deg = 0.4
    rms_deg_s = size_deg * 2 * math.pi * hz / math.sqrt(2.0)
    assert shaking(size_deg, hz).measures["tremor_deg_s"] == pytest.approx(rms_deg_s, rel=0.2)


def test_slow_sway_is_no_shaking() -> None:
    assert (shaking(2.0, 0.7).measures["tremor_deg_s"] or 99.0) < 1.5


def test_clean_depth_needs_the_excursion_to_last() -> None:
    own = np.zeros(100)
    own[10:15] = 7.0  # 48 ms
    assert find(own, 1.0, PERIOD_S).began_inward is None
    own[40:60] = 6.0
    finding = find(own, 1.0, PERIOD_S)
    assert finding.began_inward == 40
    assert finding.area_deg_s == pytest.approx((5 * 7.0 + 20 * 6.0) * PERIOD_S)


def test_every_number_of_the_finder_is_in_the_table() -> None:
    told = {row.name for row in FINDER_ROWS if not row.movement}
    assert told == set(vars(Params()))
    for row in all_criteria():
        assert set(row.source.split(", ")) <= set(SOURCES), row
        assert row.meaning


def test_a_reference_keeps_its_reps_measures() -> None:
    made = measure(trace_of(leg(Side.RIGHT, FIVE + (Squat(),) * 3)))
    reference = session_of(made).legs[0].result.reference
    assert reference is not None
    again = type(reference).from_json(reference.to_json())
    assert dict(again.values) == pytest.approx(dict(reference.values), abs=1e-4)
    assert "tremor_deg_s" in dict(reference.values)
