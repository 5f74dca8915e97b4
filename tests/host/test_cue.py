"""When a cue is given: which reps have their turn, what is too late, and that a replay agrees."""

from __future__ import annotations

from dataclasses import replace

import pytest

from knee_recordings import PERIOD_S, Recording, session
from kneecore import wire
from kneecore.excursion import HOLD_S
from kneetrack.cue import Coach, Cue, Kind, Plan, Policy, Way, When, cued_reps
from kneetrack.detection import Analyzer
from kneetrack.samples import Channel, Decoded, Gap, RepEnded, RepRevised, Side

EVERY = Plan(Policy.EVERY)


def cued(recording: Recording, plan: Plan, items: list[Decoded] | None = None) -> list[Cue]:
    """All cues of a recording, the last of them at its end."""
    analyzer = Analyzer(Side.RIGHT, windows=recording.windows)
    coach = Coach(plan, recording.windows)
    _, cues = coach.feed_all(analyzer, recording.samples if items is None else items)
    return cues + coach.heard(analyzer.flush())


def sets_of(*sets: list[float]) -> Recording:
    """Functional squats, then sets with these bumps, 25 s apart; no windows of sets."""
    recording = session([], set_window=False)
    for bumps in sets:
        for bump in bumps:
            recording.rep(bump)
        recording.rest(25.0)
    return recording


def test_every_rep_that_moved_is_cued_with_its_way_and_no_other() -> None:
    cues = cued(session([0.0, 8.0, 0.0, -8.0, 0.0]), EVERY)
    assert [(cue.kind, cue.rep, cue.way) for cue in cues] == [
        (Kind.REP, 1, Way.INWARD),
        (Kind.REP, 3, Way.OUTWARD),
    ]
    assert cues[0].excursion_deg == pytest.approx(8.0, abs=1.0)


def test_a_cue_comes_with_the_sample_that_ends_the_rep() -> None:
    recording = session([0.0, 8.0, 0.0])
    analyzer = Analyzer(Side.RIGHT, windows=recording.windows)
    ended_s = {}
    for sample in recording.samples:
        for event in analyzer.feed(sample):
            if isinstance(event, RepEnded):
                ended_s[event.rep.index] = sample.time_s
    (cue,) = cued(recording, EVERY)
    assert cue.time_s == ended_s[1]


def test_faded_is_every_rep_then_every_second_then_every_third_then_the_sets_end() -> None:
    inward = [0.0, *[9.0] * 2, 0.0, 9.0, 0.0, 0.0]
    cues = cued(sets_of(inward, inward, inward, inward), Plan(Policy.FADED))
    told = [(cue.kind, cue.set, cue.rep) for cue in cues if cue.kind is Kind.REP]
    in_set = [[rep - 7 * index for _, at, rep in told if at == index] for index in range(4)]
    assert in_set == [[1, 2, 4], [2, 4], [], []]  # turns: all; 0 2 4 6; 0 3 6; none
    (last,) = [cue for cue in cues if cue.kind is Kind.SET]
    assert (last.set, last.way, last.reps, last.of) == (3, Way.INWARD, 3, 7)


def test_end_speaks_of_each_set_once_and_of_no_rep() -> None:
    cues = cued(sets_of([0.0, 8.0, 0.0, 8.0, 0.0], [0.0] * 4), Plan(Policy.END))
    assert [(cue.kind, cue.set, cue.reps, cue.of) for cue in cues] == [(Kind.SET, 0, 2, 5)]


def test_what_all_reps_of_a_set_share_is_told_at_its_end_whatever_the_policy() -> None:
    recording = session([], set_window=False)
    for _ in range(6):
        recording.rep(with_depth=8.0)
    recording.rest(25.0)
    for plan in (EVERY, Plan(Policy.FADED), Plan(Policy.END), Plan(Policy.EVERY, When.DURING)):
        of_sets = [cue for cue in cued(recording, plan) if cue.kind is Kind.SET]
        assert [(cue.way, cue.of) for cue in of_sets] == [(Way.INWARD, 0)]
        assert of_sets[0].excursion_deg == pytest.approx(8.0, abs=1.0)


def test_off_is_silent() -> None:
    recording = session([0.0, 9.0, -9.0, 9.0])
    for when in When:
        assert cued(recording, Plan(Policy.OFF, when)) == []


def test_under_a_load_there_are_no_cues_but_below_a_limit_of_ones_own() -> None:
    recording = session([0.0, 8.0, 0.0])
    heavy = replace(EVERY, load_kg=60.0)
    for plan in (heavy, replace(heavy, below_kg=60.0), replace(heavy, below_kg=40.0)):
        assert cued(recording, plan) == []
        assert cued(recording, replace(plan, when=When.DURING)) == []
        assert "60 kg" in plan.silent_for and plan.in_force is Policy.OFF
    for plan in (replace(heavy, below_kg=60.5), replace(EVERY, load_kg=0.0), EVERY):
        assert len(cued(recording, plan)) == 1
        assert not plan.silent_for


def test_a_load_that_is_said_while_it_goes_on_holds_from_there() -> None:
    recording = sets_of([0.0, 9.0], [0.0, 9.0], [0.0, 9.0])
    analyzer = Analyzer(Side.RIGHT, windows=recording.windows)
    coach = Coach(EVERY, recording.windows)
    third = len(recording.samples) // 3
    cues: list[Cue] = []
    for at in range(3):
        last = None if at == 2 else (at + 1) * third
        cues += coach.feed_all(analyzer, recording.samples[at * third : last])[1]
        coach.loaded((60.0, 0.0, 0.0)[at])
    loud = [cue.set for cue in cues if cue.kind is Kind.REP]
    assert loud == [0, 2]


def test_during_a_rep_the_cue_comes_when_the_excursion_has_held() -> None:
    recording = session([0.0, 6.5, 0.0, -9.0, 0.0])
    cues = cued(recording, Plan(Policy.EVERY, When.DURING))
    assert [(cue.kind, cue.rep, cue.way) for cue in cues] == [
        (Kind.DURING, 1, Way.INWARD),
        (Kind.DURING, 3, Way.OUTWARD),
    ]
    # The bump of 6.5 deg (Gaussian, 0.35 s) passes 5 deg 0.25 s before the bottom of its rep.
    bottom_s = recording.windows[-1].start_s + 3.2 + 1.2
    assert cues[0].time_s == pytest.approx(bottom_s - 0.25 + HOLD_S, abs=0.08)


def test_a_quick_swing_is_no_rep_and_is_not_cued_during_it() -> None:
    recording = session([0.0] * 3, set_window=False)
    for _ in range(4):  # steps: 65 deg within 0.7 s, far inward
        swing = round(0.7 / PERIOD_S)
        for i in range(swing):
            into = (i + 1) / swing
            recording.add(65.0 * (4.0 * into * (1.0 - into)), 12.0)
        recording.rest(0.4)
    assert cued(recording, Plan(Policy.EVERY, When.DURING)) == []


def test_no_cue_during_reps_after_a_slip_until_the_set_is_over() -> None:
    recording = session([0.0, 9.0], set_window=False)
    recording.flags = wire.FLAG_SLIP
    recording.rest(0.2)
    recording.flags = 0
    recording.rep(9.0)
    recording.rest(25.0)
    recording.rep(9.0)
    during = [c for c in cued(recording, Plan(Policy.EVERY, When.DURING)) if c.kind is Kind.DURING]
    assert [cue.rep for cue in during] == [1, 3]


def test_reference_reps_and_functional_squats_are_never_cued() -> None:
    recording = session([])
    start_s = recording.now_s
    for bump in (0.0, 0.0, 9.0):
        recording.rep(bump)
    recording.window("reference", start_s)
    for when in When:
        assert cued(recording, Plan(Policy.EVERY, when)) == []


@pytest.mark.parametrize(("hidden_rep", "last_bump"), [(2, 0.0), (2, 9.0), (5, 0.0)])
def test_reps_told_anew_when_a_gap_is_filled_get_no_cue_then(hidden_rep, last_bump) -> None:
    bumps = [0.0] * 5 + [last_bump]
    bumps[hidden_rep] = 9.0
    recording = session(bumps, set_window=False)
    recording.rest(6.0)
    start_s = recording.samples[0].time_s + 2.0 + 5 * 3.2 + 1.0 + hidden_rep * 3.2
    hidden = [s for s in recording.samples if start_s <= s.time_s < start_s + 3.0]
    before = [s for s in recording.samples if s.time_s < start_s]
    behind = [s for s in recording.samples if s.time_s >= start_s + 3.0]
    late = [s._replace(flags=wire.FLAG_BACKFILL) for s in hidden]
    gap = Gap(Channel.MEASUREMENT, before[-1].time_s, behind[0].time_s, len(hidden), "lost")
    rest = 650 if last_bump else 400  # samples: 1 s, or 3.5 s behind the last rep
    items = [*before, gap, *behind[:-rest], *late, *behind[-rest:]]
    analyzer = Analyzer(Side.RIGHT, windows=recording.windows)
    coach = Coach(EVERY, recording.windows)
    events, cues = coach.feed_all(analyzer, items)
    told = [event.rep for event in events if isinstance(event, RepEnded | RepRevised)]
    assert any(rep.index == 5 for rep in told)  # all six were found in the end
    assert len(cues) == bool(last_bump)  # the last rep's, when it ended


@pytest.mark.parametrize("when", When)
def test_in_any_batches_the_cues_are_the_same(when: When) -> None:
    recording = session([0.0, 8.0, 0.0, -9.0, 0.0, 11.0])
    plan = Plan(Policy.EVERY, when)
    analyzer = Analyzer(Side.RIGHT, windows=recording.windows)
    coach = Coach(plan, recording.windows)
    cues: list[Cue] = []
    for first in range(0, len(recording.samples), 8):
        cues += coach.feed_all(analyzer, recording.samples[first : first + 8])[1]
    cues += coach.heard(analyzer.flush())
    assert cues == cued(recording, plan) and len(cues) == 3


def test_the_analyzer_says_the_same_with_a_coach_as_without() -> None:
    recording = session([0.0, 8.0, 0.0, -9.0])
    alone = Analyzer(Side.RIGHT, windows=recording.windows)
    coached = Analyzer(Side.RIGHT, windows=recording.windows)
    plan = Plan(Policy.EVERY, When.DURING)
    events, _ = Coach(plan, recording.windows).feed_all(coached, recording.samples)
    assert events == alone.feed_all(recording.samples)


def test_a_log_tells_which_reps_were_cued() -> None:
    cues = cued(session([0.0, 8.0, 0.0, -8.0]), EVERY)
    events = [{**cue.to_json(Policy.EVERY), "side": "left"} for cue in cues]
    assert cued_reps(events, "left") == {1: Way.INWARD, 3: Way.OUTWARD}
    assert cued_reps(events, "right") == {}


@pytest.mark.parametrize(
    "plan",
    [
        Plan(),
        Plan(Policy.FADED, When.DURING, "knees over toes", 20.0, 40.0),
        Plan(Policy.END, below_kg=30.0),
    ],
)
def test_a_plan_comes_back_from_the_log_as_it_was(plan: Plan) -> None:
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("kept", [None, "every", {}, {"policy": "often", "when": "after"}, 3])
def test_what_is_no_plan_gives_no_cues(kept: object) -> None:
    assert Plan.from_json(kept).in_force is Policy.OFF
