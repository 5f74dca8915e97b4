"""What reps amount to, on reps written down here and on recordings whose truth is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from knee_recordings import run, session
from kneetrack.detection import LegResult, Reference
from kneetrack.insight.session import summarise
from kneetrack.insight.sets import summarise_set, tally
from kneetrack.insight.sides import compare_sides, is_ratio, sides
from kneetrack.insight.slopes import Slope, slope, slope_of
from kneetrack.insight.values import DEPTH, NAMES, OWN, TEMPO, TOTAL, described, value_of
from kneetrack.insight.words import set_sentences, side_sentence, side_sentences
from kneetrack.samples import Doubt, Rep, RepSet, Side, Verdict

IN, OUT, LARGE = Verdict.IN_RANGE, Verdict.MOVED_INWARD, Verdict.MOVED_INWARD_LARGE
UNSURE, OUTWARD = Verdict.DOUBTFUL, Verdict.MOVED_OUTWARD
SET = RepSet(0, 0.0, 60.0, 0.0, 0.5, IN)


def made(
    index: int,
    verdict: Verdict | None = IN,
    *,
    own: float | None = 0.0,
    depth: float = 100.0,
    seconds: float = 2.0,
    in_set: int = 0,
    **more: object,
) -> Rep:
    rep = Rep(
        index=index,
        set=in_set,
        is_reference=False,
        start_s=4.0 * index,
        end_s=4.0 * index + seconds,
        peak_flexion_deg=depth,
        valgus_excursion_deg=own,
        own_excursion_deg=own,
        own_excursion_sigma_deg=0.7,
        peak_valgus_deg=3.0,
        flexion_at_peak_deg=90.0,
        phase_at_peak=None,
        time_over_threshold_s=0.0,
        rotation_excursion_deg=0.0,
        medial_displacement_cm=None,
        descent_s=0.9,
        bottom_s=0.2,
        ascent_s=0.9,
        verdict=verdict,
    )
    return replace(rep, **more)


def reps_with(verdicts: list[Verdict | None]) -> list[Rep]:
    return [made(index, verdict) for index, verdict in enumerate(verdicts)]


# --- counting ------------------------------------------------------------------------------------


def test_the_share_is_of_the_judged_and_doubtful_ones_are_told_apart() -> None:
    found = tally(reps_with([IN, IN, OUT, IN, UNSURE, LARGE, OUTWARD, IN]))
    assert (found.reps, found.judged, found.in_range, found.doubtful) == (8, 7, 4, 1)
    assert (found.inward, found.outward) == (2, 1)
    assert found.share == pytest.approx(4 / 7)


def test_a_streak_ends_with_a_doubtful_rep_and_passes_over_what_does_not_count() -> None:
    assert tally(reps_with([IN, IN, UNSURE, IN])).streak == 2
    left_out = [made(0), made(1, None, label="not a squat"), made(2), made(3, OUT), made(4)]
    assert tally(left_out).streak == 2
    reference = [made(0), made(1, None, is_reference=True), made(2), made(3)]
    assert tally(reference).streak == 3
    assert tally(reference).references == 1 and tally(left_out).left_out == 1


def test_nothing_judged_has_no_share_and_is_said_so() -> None:
    only_doubtful = summarise_set(reps_with([UNSURE, UNSURE]), SET)
    assert only_doubtful.tally.share is None
    assert set_sentences(only_doubtful)[0] == "Set 1: 2 reps, all doubtful."
    described_only = summarise_set(reps_with([None, None]), SET)
    assert set_sentences(described_only)[0] == "Set 1: 2 reps, not judged."
    assert set_sentences(summarise_set([], SET)) == []


def test_what_was_left_out_has_no_say_in_medians_nor_has_what_was_measured_badly() -> None:
    reps = [made(0, depth=90.0), made(1, depth=92.0), made(2, depth=94.0)]
    odd = [
        made(3, None, depth=40.0, label="left out"),
        made(4, depth=160.0, doubt=(Doubt.SATURATION,)),
        made(5, depth=160.0, doubt=(Doubt.GAP,)),
    ]
    assert summarise_set(reps + odd, SET).medians[DEPTH] == 92.0
    deeper = made(6, depth=99.0, doubt=(Doubt.OUTSIDE_REFERENCE,))
    assert summarise_set([*reps, deeper], SET).medians[DEPTH] == 93.0


def test_reference_reps_have_a_say_in_depth_and_tempo_but_not_in_what_is_compared_with_them() -> (
    None
):
    reps = [made(0, None, own=9.0, depth=80.0, is_reference=True), made(1, own=1.0, depth=90.0)]
    found = summarise_set(reps, SET)
    assert found.medians[DEPTH] == 85.0
    assert found.medians[TOTAL] == found.medians[OWN] == 1.0


def test_a_session_is_not_uneven_because_its_sets_differ() -> None:
    first = [made(k, depth=depth) for k, depth in enumerate((90.0, 91.0, 92.0))]
    second = [made(3 + k, depth=depth, in_set=1) for k, depth in enumerate((110.0, 111.0, 112.0))]
    leg = leg_of([*first, *second], sets=2)
    found = summarise(leg)
    assert found.sds[DEPTH] == pytest.approx(1.0)
    assert found.medians[DEPTH] == 101.0 and found.counts[DEPTH] == 6
    assert [one.medians[DEPTH] for one in found.sets] == [91.0, 111.0]


def test_reps_before_every_set_are_not_counted() -> None:
    outside = replace(made(0, None, is_reference=True), set=-1)
    assert summarise(leg_of([outside, made(1), made(2)])).tally.reps == 2
    assert summarise(leg_of([outside, made(1), made(2)])).tally.references == 0


def leg_of(reps: list[Rep], *, sets: int = 1, side: Side = Side.RIGHT, **more: object) -> LegResult:
    told = tuple(replace(SET, index=index) for index in range(sets))
    leg = LegResult(side, "squat", tuple(reps), told, None, (), ())
    return replace(leg, **more)


# --- values --------------------------------------------------------------------------------------


def test_every_name_has_words_and_a_unit_and_no_value_is_ever_nan() -> None:
    rep = made(0, own=math.nan, measures={"tremor_deg_s": math.inf})
    for name in NAMES:
        assert described(name).words
        value = value_of(rep, name)
        assert value is None or math.isfinite(value)
    assert value_of(rep, TOTAL) is None and value_of(rep, "tremor_deg_s") is None
    assert value_of(rep, TEMPO) == 2.0
    assert value_of(made(0, measures={"of_a_later_version": 3.0}), "of_a_later_version") == 3.0
    assert described("of_a_later_version").words == "of a later version"


# --- slopes --------------------------------------------------------------------------------------


def test_a_rise_is_found_with_its_interval_and_one_odd_rep_does_not_turn_it() -> None:
    reps = [made(k, own=0.8 * k + 0.1 * (-1) ** k) for k in range(8)]
    reps[3] = replace(reps[3], own_excursion_deg=-9.0)
    found = slope_of(reps, OWN)
    assert found is not None and found.told_apart
    assert found.per_rep == pytest.approx(0.8, abs=0.1)
    assert found.low > 0.0 and found.in_all == pytest.approx(5.6, abs=0.7)


def test_fewer_than_five_reps_have_no_slope() -> None:
    assert slope([0, 1, 2, 3], [1.0, 2.0, 3.0, 4.0]) is None
    assert slope([0, 1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0, 5.0]) is not None


def test_a_rep_that_has_no_say_keeps_its_place() -> None:
    reps = [made(k, depth=100.0 - 2.0 * k) for k in range(8)]
    reps[4] = replace(reps[4], label="left out", peak_flexion_deg=10.0)
    found = slope_of(reps, DEPTH)
    assert found is not None
    assert found.per_rep == pytest.approx(-2.0) and found.reps == 7 and found.span == 7


@pytest.mark.parametrize("count", [5, 6, 8, 12])
def test_a_steady_set_is_told_to_change_in_at_most_one_of_twenty(count: int) -> None:
    random = np.random.default_rng(7)
    draws = 400
    told = 0
    for _ in range(draws):
        found = slope(list(range(count)), random.normal(size=count).tolist())
        told += found is not None and found.told_apart
    # 95 %: 20 of 400 by chance; 4 standard deviations beyond are 37
    assert told <= 37


def test_a_long_set_is_told_in_the_time_of_a_short_one_and_as_well() -> None:
    random = np.random.default_rng(3)
    values = (0.001 * np.arange(20000) + random.normal(size=20000)).tolist()
    found = slope(list(range(20000)), values)
    assert found is not None
    assert found.low < 0.001 < found.high and found.high - found.low < 2e-4
    assert found.reps == 20000


# --- left and right ------------------------------------------------------------------------------


def reference(sem_deg: float, reps: int = 5) -> Reference:
    flat = (0.0,) * 40
    return Reference(flat, flat, flat, flat, "functional", reps, sem_deg, sem_deg)


def legs_apart(by: float, scatter: float, count: int = 8, seed: int = 1) -> tuple[list[Rep], ...]:
    random = np.random.default_rng(seed)
    right = [made(k, own=float(v)) for k, v in enumerate(random.normal(by, scatter, count))]
    left = [made(k, own=float(v)) for k, v in enumerate(random.normal(0.0, scatter, count))]
    return right, left


def test_a_difference_is_right_minus_left_and_said_as_what_is_more() -> None:
    right, left = legs_apart(-6.0, 1.0)
    found = compare_sides(right, left, TOTAL)
    assert found is not None and found.told_apart and found.more is Side.LEFT
    assert found.difference == pytest.approx(-6.0, abs=1.0)
    assert "left" in side_sentence(found) and "more than right" in side_sentence(found)
    assert found.percent is None


def test_a_difference_within_what_is_told_apart_is_not_distinguishable() -> None:
    right, left = legs_apart(0.5, 2.0)
    found = compare_sides(right, left, TOTAL)
    assert found is not None and not found.told_apart and found.more is None
    assert "not distinguishable" in side_sentence(found)


def test_what_the_references_are_not_sure_of_is_in_what_is_told_apart() -> None:
    right, left = legs_apart(6.0, 0.5)
    sure = compare_sides(right, left, TOTAL, references=(reference(0.3), reference(0.3)))
    unsure = compare_sides(right, left, TOTAL, references=(reference(5.0), reference(5.0)))
    assert sure is not None and sure.told_apart
    assert unsure is not None and not unsure.told_apart
    # sem^2/5 and the soft tissue's 1.5^2 each side, at the t of some 17 degrees of freedom
    assert unsure.mdc == pytest.approx(2.11 * math.sqrt(2.0 * (5.0 + 2.25)), rel=0.05)
    assert sure.mdc == pytest.approx(1.97 * math.sqrt(2.0) * 1.5, rel=0.05)


@pytest.mark.parametrize(
    ("name", "sem_deg"),
    [("peak_valgus_deg", 2.4), (DEPTH, math.hypot(2.4, 4.9))],  # C3; and soft tissue in the depth
)
def test_absolute_angles_need_more_than_one_strapping_differs_by(name: str, sem_deg: float) -> None:
    right = [made(k, depth=100.0, peak_valgus_deg=9.0) for k in range(8)]
    left = [made(k, depth=94.0, peak_valgus_deg=3.0) for k in range(8)]
    found = compare_sides(right, left, name)
    assert found is not None and not found.told_apart
    assert found.mdc == pytest.approx(1.96 * math.sqrt(2.0) * sem_deg, abs=0.05)


@pytest.mark.parametrize("scatter", [0.5, 3.0])
def test_legs_that_are_alike_are_told_apart_in_at_most_one_of_twenty(scatter: float) -> None:
    told = 0
    for seed in range(300):
        found = compare_sides(*legs_apart(0.0, scatter, 4, seed), TOTAL)
        told += found is not None and found.told_apart
    assert told <= 30  # 15 by chance; 4 standard deviations beyond are 30


def test_percentages_are_of_ratio_measures_only_and_by_the_formula_of_the_task() -> None:
    right = [made(k, seconds=3.0) for k in range(4)]
    left = [made(k, seconds=2.0) for k in range(4)]
    both = compare_sides(right, left, TEMPO)
    one = compare_sides(right, left, TEMPO, one_leg=True)
    assert both is not None and both.percent == pytest.approx(100.0 / 5.0)
    assert one is not None and one.percent == pytest.approx(100.0 / 3.0)
    assert is_ratio(DEPTH) and is_ratio(TEMPO)
    assert not is_ratio(TOTAL) and not is_ratio("peak_valgus_deg")


def test_two_reps_a_side_or_another_movement_are_not_compared() -> None:
    reps = [made(k) for k in range(4)]
    assert compare_sides(reps[:2], reps, TOTAL) is None
    right, left = leg_of(reps), leg_of(reps, side=Side.LEFT, exercise="lunge")
    assert sides({Side.RIGHT: right, Side.LEFT: left}) == ()
    assert sides({Side.RIGHT: right}) == ()
    assert side_sentences(sides({Side.RIGHT: right, Side.LEFT: leg_of(reps, side=Side.LEFT)}))


@pytest.mark.parametrize(
    ("name", "least"), [("medial_displacement_cm", 2.2), ("knee_in_percent", 5.5)]
)
def test_legs_are_not_told_apart_by_less_than_the_skin_moves(name: str, least: float) -> None:
    """However alike the repetitions of each are."""

    def leg(value: float) -> list[Rep]:
        more = {"measures": {name: value}} if "percent" in name else {name: value}
        return [made(index, None, **more) for index in range(6)]

    for apart, told in ((0.9 * least, False), (1.1 * least, True)):
        found = compare_sides(leg(apart), leg(0.0), name)
        assert found is not None and found.told_apart == told


# --- end to end ----------------------------------------------------------------------------------


def test_a_recording_is_summed_up_as_it_was_made() -> None:
    _, result = run(session([0.0, 0.5, 8.0, 0.0, 0.0, 12.0, 0.0, -7.0]))
    found = summarise(result)
    assert (found.tally.reps, found.tally.judged, found.tally.in_range) == (8, 8, 5)
    assert found.share == pytest.approx(5 / 8) and found.streak == 2
    assert (found.tally.inward, found.tally.outward, found.tally.large) == (2, 1, 1)
    assert found.medians[DEPTH] == pytest.approx(100.0, abs=0.5)
    told = set_sentences(found.sets[0])
    assert told[0] == "Set 1: 5 of 8 reps in range (62 %), 2 of them in a row."


def test_a_knee_that_comes_in_more_from_rep_to_rep_is_seen_to_do_so() -> None:
    _, result = run(session([1.0 * k for k in range(10)]))
    found = summarise(result).sets[0].slopes[OWN]
    assert isinstance(found, Slope)
    assert found.told_apart and found.per_rep == pytest.approx(1.0, abs=0.25)
    _, steady = run(session([0.3, -0.2, 0.1, -0.3, 0.2, 0.0, -0.1, 0.3]))
    assert not summarise(steady).sets[0].slopes[OWN].told_apart
