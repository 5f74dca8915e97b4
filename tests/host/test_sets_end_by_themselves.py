"""A set ends when the person walks back, turns away, or has rested long; a breath doesn't end it.

Simulated people of seeds that no limit was chosen with; `tools/bench_sets.py` has more of them.
"""

from __future__ import annotations

import math

import pytest

from kneetrack.detection import Analyzer, criteria, leaving
from kneetrack.samples import Channel, Event, Gap, KneeSample, RepEnded, SetEnded, Side
from whole_sessions import Found, found, given, right, samples_of

PERIOD_S = 1.0 / 104.0
UPRIGHT = (1.0, 0.0, 0.0, 0.0)


def stood(seconds: float) -> list[float]:
    return [0.0] * round(seconds / PERIOD_S)


def bent(seconds: float, depth_deg: float) -> list[float]:
    """Flexion of a squat, or with little of both of a step."""
    count = round(seconds / PERIOD_S)
    return [depth_deg * math.sin(math.pi * i / count) ** 2 for i in range(count)]


SQUAT = bent(2.6, 95.0) + stood(1.0)
STEP = bent(0.7, 45.0) + stood(0.4)
STEPS = 2 * STEP


def samples(flexion: list[float], turned_deg: dict[int, float] | None = None) -> list[KneeSample]:
    """Of a leg that has turned about the vertical from the sample of that index on."""
    made: list[KneeSample] = []
    heading = UPRIGHT
    for i, flexion_deg in enumerate(flexion):
        if turned_deg and i in turned_deg:
            half = math.radians(turned_deg[i]) / 2.0
            heading = (math.cos(half), 0.0, 0.0, math.sin(half))
        made.append(KneeSample(i, i * PERIOD_S, flexion_deg, 0.0, 0.0, 2.0, heading, heading, 0))
    return made


def counts(told: list[KneeSample], exercise: str = "squat") -> list[int]:
    """The reps of each set."""
    analyzer = Analyzer(Side.RIGHT, exercise)
    analyzer.feed_all(told)
    analyzer.flush()
    result = analyzer.result()
    return [sum(rep.set == one.index for rep in result.reps) for one in result.sets]


@pytest.mark.parametrize(
    ("between", "sets"),
    [
        (stood(10.0), [6]),
        (stood(16.0) + STEP, [6]),
        (STEP + stood(9.0), [6]),
        (STEPS, [6]),
        (STEPS + stood(1.5), [6]),
        (STEPS + stood(6.0), [3, 3]),
        (STEP + stood(14.0), [3, 3]),
        (2 * STEPS, [3, 3]),
        (stood(21.0), [3, 3]),
    ],
    ids=[
        "a breath of 10 s",
        "a long breath, then a foot put right",
        "a foot put right, then a breath",
        "another stance",
        "another stance, and settled",
        "walked back and racked the bar",
        "a step and a long rest",
        "walked back and out again",
        "a rest without a step",
    ],
)
def test_what_lies_between_two_reps_decides_whether_they_are_of_one_set(
    between: list[float], sets: list[int]
) -> None:
    assert counts(samples(stood(2.0) + 3 * SQUAT + between + 3 * SQUAT + stood(1.0))) == sets


def test_the_steps_of_walking_out_belong_to_no_set() -> None:
    assert counts(samples(stood(2.0) + 2 * STEPS + stood(1.0) + 3 * SQUAT + STEPS)) == [3]


def test_whoever_turns_away_has_ended_the_set_and_a_slipped_strap_has_not() -> None:
    flexion = stood(2.0) + 3 * SQUAT + stood(3.0) + 3 * SQUAT
    at = len(stood(2.0) + 3 * SQUAT)
    away = samples(flexion, {at + 100: 90.0})
    assert counts(away) == [3, 3]
    slipped = [one if one.number < at else replace_shank(one) for one in away]
    assert counts(slipped) == [6]


def replace_shank(sample: KneeSample) -> KneeSample:
    """Its shank has not turned."""
    return sample._replace(q_earth_shank=UPRIGHT)


def test_in_movements_with_steps_in_them_steps_end_nothing() -> None:
    assert counts(samples(stood(2.0) + 4 * (SQUAT + STEPS + stood(6.0))), "step_down") == [4]


def test_a_set_that_was_walked_away_from_is_told_at_once() -> None:
    analyzer = Analyzer(Side.RIGHT)
    flexion = stood(2.0) + 3 * SQUAT + 4 * STEP + stood(15.0)
    said = [(s.time_s, event) for s in samples(flexion) for event in analyzer.feed(s)]
    (ended_s,) = [at for at, event in said if isinstance(event, SetEnded)]
    last_s = max(event.rep.end_s for _, event in said if isinstance(event, RepEnded))
    walked_s = 4 * len(STEP) * PERIOD_S + 1.0
    assert ended_s - last_s < walked_s + 0.5 < criteria.SET_REST_S / 2


def test_a_copy_goes_on_by_itself() -> None:
    """A gap that is filled late has the fold run again from a copy."""
    flexion = stood(2.0) + 3 * SQUAT + STEPS + stood(8.0) + 2 * SQUAT + stood(1.0)
    whole = samples(flexion)
    straight = Analyzer(Side.RIGHT)
    events: list[Event] = straight.feed_all(whole) + straight.flush()
    lossy = Analyzer(Side.RIGHT)
    late: list[KneeSample] = []
    for sample in whole:
        if 700 <= sample.number < 716:
            late.append(sample)
            continue
        if sample.number == 716:
            span_s = (late[0].time_s, sample.time_s)
            lossy.feed(Gap(Channel.MEASUREMENT, *span_s, len(late), "lost on the air"))
        lossy.feed(sample)
    lossy.feed_all(late)
    lossy.flush()
    assert [e.set for e in events if isinstance(e, SetEnded)] == list(lossy.result().sets)
    assert straight.result().reps == lossy.result().reps


def test_the_table_of_patience_is_what_its_head_says() -> None:
    assert leaving.over_s(100.0, [], -math.inf) == 100.0 + criteria.SET_REST_S
    assert leaving.over_s(100.0, [90.0, 95.0], 99.0) == 100.0 + criteria.SET_REST_S
    assert leaving.over_s(100.0, [102.0], -math.inf) == 102.0 + criteria.PUT_RIGHT_S
    assert leaving.over_s(100.0, [102.0, 103.0, 105.0], -math.inf) == 105.0 + criteria.AWAY_S
    assert leaving.over_s(100.0, [102.0, 103.0, 104.0, 105.0], -math.inf) == 105.0
    assert leaving.over_s(100.0, [], 103.0) == 103.0


@pytest.mark.parametrize(
    "address",
    [
        "rerack?sets=3&reps=3&rest=9&breath=11&seed=401",
        "rerack?side=left&sets=3&reps=2&rest=8&away=6&seed=402",
        "restance?sets=2&reps=4&rest=24&seed=403",
    ],
)
def test_sets_of_simulated_people_are_found_as_they_were_done(address: str) -> None:
    info, measured = samples_of(address)
    done, seen = given(info), found(info, measured)
    assert len(seen) == len(done) == right(done, seen), [(one.set, len(one.reps)) for one in seen]
    if "rerack" in address:
        assert all(_told_early(one) for one in seen[:-1])


def _told_early(one: Found) -> bool:
    return one.told_s - one.set.end_s < 0.5 * criteria.SET_REST_S
