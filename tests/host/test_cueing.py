"""The band's own cues against the host's: one criterion, the same samples, the same verdicts."""

from __future__ import annotations

import os
import random
import subprocess
from array import array
from pathlib import Path

import pytest

from bench_cue_agreement import Tally, of_angles
from knee_recordings import PERIOD_S, Recording, session
from kneecore import wire
from kneecore.cueing import INWARD, OUTWARD, SET_OVER, Cueing
from kneecore.excursion import ReferenceCurve
from kneetrack import firmware_files
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


ON_THE_BAND = """
import sys
from array import array
from kneeband.habits import Habits
from kneecore import wire
angles = array("f")
with open("angles", "rb") as file:
    angles.extend(array("f", file.read()))
with open("ways", "rb") as file:
    ways = file.read()
size = wire.REFERENCE.size
for policy in (wire.CUE_OFF, wire.CUE_EVERY, wire.CUE_FADED, wire.CUE_END):
    told = Habits()
    assert told.keep_policy(policy)
    for way in (wire.WAY_DOWN, wire.WAY_UP):
        assert told.keep_way(way, ways[way * size : (way + 1) * size])
    kept = Habits()
    kept.load()
    assert kept.cueing(7, False) is None and kept.cueing(8, True) is None
    cueing = kept.cueing(7, True)
    for i in range(len(angles) // 2 if cueing else 0):
        what = cueing.update(i, angles[2 * i], angles[2 * i + 1], 0)
        if what:
            print(policy, i, what)
"""


def test_each_policy_under_micropython_gives_the_hosts_cues(
    reference: Reference, tmp_path: Path
) -> None:
    recording = sets_of(
        [0.0, 9.0, -9.0, 0.0], [9.0, 9.0, 0.0, 9.0], [0.0] * 3, [0.0, 0.0, 9.0, 9.0], [9.0, 0.0]
    )
    angles = array("f", [angle for sample in recording.samples for angle in sample[2:4]])
    (tmp_path / "angles").write_bytes(angles.tobytes())
    (tmp_path / "ways").write_bytes(b"".join(reference_records(reference, 7)))
    (tmp_path / "band.py").write_text(ON_THE_BAND)
    done = subprocess.run(
        [firmware_files.micropython(), "band.py"],
        cwd=tmp_path,
        env={**os.environ, "MICROPYPATH": f"{firmware_files.firmware_dir()}:.frozen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    band = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    for policy, cued in ((Policy.OFF, 0), (Policy.EVERY, 8), (Policy.FADED, 5), (Policy.END, 4)):
        ours = [(number, what) for number_of, number, what in band if number_of == POLICIES[policy]]
        coach = Coach(Plan(policy, When.DURING))
        analyzer = Analyzer(Side.RIGHT, reference=reference)
        _, cues = coach.feed_all(analyzer, recording.samples)
        at = {cue: round(cue.time_s / PERIOD_S) for cue in cues}
        host = [(at[cue], WAYS[cue.way]) for cue in cues if cue.kind is Kind.DURING]
        assert [one for one in ours if one[1] != SET_OVER] == host, policy
        over = [number for number, what in ours if what == SET_OVER]
        told = [at[cue] for cue in cues if cue.kind is Kind.SET]
        assert len(ours) == cued and len(over) == len(told), (policy, ours, told)
        # The band counts the rest from where it saw the end, 0.2 s behind it.
        assert all(0 <= b - h < 30 for b, h in zip(over, told, strict=True)), (over, told)


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


def test_for_two_people_all_cues_are_the_hosts_and_fit_the_finished_reps() -> None:
    tally = Tally()
    # One whose set shares a lot; one who just about reaches the limit; both sit down in the end.
    for number in (176, 289):
        tally.add(of_angles(70_000, number, 1.3))
    assert (tally.reps, tally.cues, tally.same_sample) == (20, 13, 13)
    assert not tally.only_band + tally.only_host
    assert tally.excursion["agree"] == 20 and tally.no_rep == 2
    assert tally.verdict["shared"] == 11 and tally.verdict["agree"] == 9
