"""The band's own cues against the host's: one criterion, the same samples, the same verdicts."""

from __future__ import annotations

import random

import pytest

from knee_recordings import PERIOD_S, Recording, session
from kneecore import wire
from kneecore.cueing import INWARD, OUTWARD, SET_OVER, Cueing
from kneecore.excursion import ReferenceCurve
from kneetrack.cue import Coach, Kind, Plan, Policy, Way, When
from kneetrack.cue.on_band import POLICIES, reference_records
from kneetrack.detection import Analyzer
from kneetrack.detection.reference import Reference
from kneetrack.samples import Side

WAYS = {Way.INWARD: INWARD, Way.OUTWARD: OUTWARD}


def host_cues(recording: Recording, plan: Plan, reference: Reference) -> list[tuple[int, int]]:
    """(sample number, way) of each cue during a rep, by the host."""
    analyzer = Analyzer(Side.RIGHT, reference=reference)
    coach = Coach(plan)
    _, cues = coach.feed_all(analyzer, recording.samples)
    return [
        (round(cue.time_s / PERIOD_S), WAYS[cue.way]) for cue in cues if cue.kind is Kind.DURING
    ]


def band_cues(
    recording: Recording, policy: Policy, reference: Reference, first: int = 0
) -> list[tuple[int, int]]:
    """The same by the band, through the bytes that it is sent; its first sample has that number."""
    down, up = map(wire.REFERENCE.unpack_from, reference_records(reference, 7))
    points = down.points
    curve = ReferenceCurve(list(down.valgus_deg[:points]), list(up.valgus_deg[:points]))
    cueing = Cueing(curve, down.sem_deg, POLICIES[policy])
    told = [
        (sample.number, cueing.update(first + sample.number, sample[2], sample[3], sample.flags))
        for sample in recording.samples
    ]
    return [(number, what) for number, what in told if what]


@pytest.fixture(scope="module")
def reference() -> Reference:
    functional = session([])
    analyzer = Analyzer(Side.RIGHT, windows=functional.windows)
    for sample in functional.samples:
        analyzer.feed(sample)
    analyzer.flush()
    found = analyzer.result().reference
    assert found is not None
    return found


def sets_of(*sets: list[float], depths: list[float] | None = None) -> Recording:
    recording = Recording()
    recording.rest(2.0)
    for bumps in sets:
        for number, bump in enumerate(bumps):
            recording.rep(bump, depth=depths[number] if depths else 100.0)
        recording.rest(25.0)
    return recording


def test_both_cue_the_same_reps_at_the_same_sample(reference: Reference) -> None:
    chance = random.Random(1)
    depths = [chance.uniform(70.0, 104.0) for _ in range(24)]
    recording = sets_of([chance.uniform(-12.0, 12.0) for _ in range(24)], depths=depths)
    ours = band_cues(recording, Policy.EVERY, reference)
    assert ours == host_cues(recording, Plan(Policy.EVERY, When.DURING), reference)
    assert len(ours) > 8 and {INWARD, OUTWARD} <= {what for _, what in ours}


def test_touch_and_go_is_cued_once_a_rep_by_both(reference: Reference) -> None:
    recording = Recording()
    recording.rest(2.0)
    for bump in (0.0, 9.0, 9.0, 0.0, 9.0):
        recording.rep(bump)
        del recording.samples[-round(0.8 / PERIOD_S) :]  # no rest on top
    recording.rest(2.0)
    ours = band_cues(recording, Policy.EVERY, reference)
    assert ours == host_cues(recording, Plan(Policy.EVERY, When.DURING), reference)
    assert len(ours) == 3


def test_faded_and_end_as_the_host_has_them(reference: Reference) -> None:
    inward = [0.0, 9.0, 9.0, 0.0, 9.0, 0.0, 0.0]
    recording = sets_of(inward, inward, inward, inward)
    during = host_cues(recording, Plan(Policy.FADED, When.DURING), reference)
    ours = band_cues(recording, Policy.FADED, reference)
    assert [one for one in ours if one[1] != SET_OVER] == during
    assert len(during) == 3 + 2
    last_set = 3 * (7 * 3.2 + 25.0) / PERIOD_S
    (over,) = [number for number, what in ours if what == SET_OVER]
    assert over > last_set
    at_ends = band_cues(recording, Policy.END, reference)
    assert [what for _, what in at_ends] == [SET_OVER] * 4
    assert band_cues(sets_of([0.0] * 4), Policy.END, reference) == []


def test_after_a_slip_there_is_no_cue_until_the_set_is_over(reference: Reference) -> None:
    recording = sets_of([0.0, 9.0])
    recording.flags = wire.FLAG_SLIP
    recording.rest(0.2)
    recording.flags = 0
    recording.rep(9.0)
    recording.rest(25.0)
    recording.rep(9.0)
    told = [number * PERIOD_S for number, _ in band_cues(recording, Policy.EVERY, reference)]
    assert len(told) == 2  # before the slip, and in the next set


@pytest.mark.parametrize("first", [1_000_000, 30_000_000])
def test_hours_after_the_start_it_says_the_same(reference: Reference, first: int) -> None:
    recording = sets_of([0.0, 9.0, -9.0, 0.0], [9.0, 0.0, 9.0])
    recording.rest(200.0)  # the detector's clock is set back
    recording.rep(9.0)
    ours = band_cues(recording, Policy.EVERY, reference)
    assert len(ours) == 5
    assert band_cues(recording, Policy.EVERY, reference, first) == ours


def test_without_angles_nothing_is_said(reference: Reference) -> None:
    recording = Recording()
    recording.flags = wire.FLAG_UNALIGNED
    recording.rest(1.0)
    recording.rep(12.0)
    assert band_cues(recording, Policy.EVERY, reference) == []
