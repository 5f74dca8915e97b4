"""Reps, references, shifts and verdicts, on angles whose truth is written down here."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from knee_recordings import UNIT, Recording, reps_of, run, session
from kneecore import wire
from kneetrack.detection import Analyzer, Reference, event_json
from kneetrack.samples import (
    Channel,
    Decoded,
    Doubt,
    Gap,
    GapSeen,
    Phase,
    RepEnded,
    RepRevised,
    SetEnded,
    Side,
    Status,
    Verdict,
    Warned,
)


def test_reps_that_moved_inward_are_found_with_size_place_and_verdict() -> None:
    bumps = [0.0, 0.5, 8.0, 0.0, 0.0, 12.0, 0.0, -7.0]
    _, result = run(session(bumps))
    assert result.reference is not None
    assert result.reference.source == "functional" and result.reference.reps == 5
    assert [rep.index for rep in result.reps] == list(range(8))
    for rep, bump in zip(result.reps, bumps, strict=True):
        assert rep.own_excursion_deg == pytest.approx(bump, abs=0.8)
        assert rep.peak_flexion_deg == pytest.approx(100.0, abs=0.5)
        assert rep.set == 0 and not rep.is_reference and rep.doubt == ()
    assert [rep.verdict for rep in result.reps] == [
        Verdict.IN_RANGE,
        Verdict.IN_RANGE,
        Verdict.MOVED_INWARD,
        Verdict.IN_RANGE,
        Verdict.IN_RANGE,
        Verdict.MOVED_INWARD_LARGE,
        Verdict.IN_RANGE,
        Verdict.MOVED_OUTWARD,
    ]
    found = result.reps[2]
    assert found.phase_at_peak is Phase.BOTTOM
    assert found.flexion_at_peak_deg == pytest.approx(100.0, abs=3.0)
    assert found.time_over_threshold_s == pytest.approx(0.68, abs=0.12)
    assert found.descent_s is not None and found.bottom_s is not None and found.ascent_s is not None
    total_s = found.descent_s + found.bottom_s + found.ascent_s
    assert total_s == pytest.approx(found.end_s - found.start_s)


def test_what_a_rep_shares_with_the_set_is_the_sets() -> None:
    _, result = run(session([0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 9.0, 0.0], with_depth=6.0))
    (one,) = result.sets
    assert one.shift_deg == pytest.approx(6.0, abs=0.8)
    assert one.verdict is Verdict.MOVED_INWARD
    assert [rep.index for rep in result.reps if rep.verdict is Verdict.MOVED_INWARD] == [2, 6]
    assert result.reps[0].valgus_excursion_deg == pytest.approx(6.0, abs=0.5)
    assert result.reps[0].own_excursion_deg == pytest.approx(0.0, abs=1.0)
    assert result.reps[2].own_excursion_deg == pytest.approx(8.0, abs=1.0)


def test_two_reps_do_not_show_what_is_common() -> None:
    _, result = run(session([8.0, 8.0]))
    assert result.sets[0].shift_deg == 0.0
    assert result.sets[0].verdict is Verdict.DOUBTFUL
    assert [rep.verdict for rep in result.reps] == [Verdict.MOVED_INWARD] * 2


def test_without_reference_the_first_three_of_six_serve_and_are_flagged() -> None:
    events, result = run(session([0.0, 0.0, 0.0, 9.0, 0.0, 0.0], functional=0))
    assert [rep.is_reference for rep in result.reps] == [True] * 3 + [False] * 3
    assert [rep.verdict for rep in result.reps] == [
        None,
        None,
        None,
        Verdict.MOVED_INWARD,
        Verdict.IN_RANGE,
        Verdict.IN_RANGE,
    ]
    assert result.reference is not None and result.reference.source == "first_three"
    assert any(isinstance(event, Warned) and "first three" in event.text for event in events)


def test_a_shorter_set_without_reference_is_described_and_not_judged() -> None:
    _, result = run(session([0.0, 9.0, 0.0, 0.0, 0.0], functional=0))
    for rep in result.reps:
        assert rep.verdict is Verdict.DOUBTFUL and rep.doubt == (Doubt.NO_REFERENCE,)
        assert rep.valgus_excursion_deg is None and rep.peak_flexion_deg > 99
    assert result.sets[0].shift_deg is None
    assert len(result.warnings) == 1


def test_reference_windows_come_before_functional_ones_even_when_they_come_later() -> None:
    recording = session([0.0, 0.0, 7.0, 0.0])
    start_s = recording.now_s
    for _ in range(3):
        recording.rep(with_depth=2.0)
    recording.window("reference", start_s)
    events, result = run(recording)
    assert result.reference is not None
    assert result.reference.source == "reference" and result.reference.reps == 3
    assert [(rep.set, rep.is_reference) for rep in result.reps] == [(0, False)] * 4 + [
        (-1, True)
    ] * 3
    assert all(rep.verdict is None for rep in result.reps[4:])
    last = {rep.index: rep for rep in reps_of(events)}
    assert tuple(last.values()) == result.reps
    assert all(Doubt.PROVISIONAL not in rep.doubt for rep in result.reps)


def test_a_reference_that_is_given_is_used() -> None:
    _, first = run(session([0.0] * 4))
    assert first.reference is not None
    given_one = replace(first.reference, source="given")
    recording = session([0.0, 8.0, 0.0], functional=0)
    analyzer = Analyzer(Side.LEFT, windows=recording.windows, reference=given_one)
    analyzer.feed_all(recording.samples)
    analyzer.flush()
    assert analyzer.result().reference is given_one
    assert [rep.verdict for rep in analyzer.result().reps] == [
        Verdict.IN_RANGE,
        Verdict.MOVED_INWARD,
        Verdict.IN_RANGE,
    ]


def test_a_reference_survives_json_and_nonsense_is_refused() -> None:
    _, result = run(session([0.0]))
    assert result.reference is not None
    text = json.dumps(result.reference.to_json())
    again = Reference.from_json(json.loads(text))
    assert again.to_json() == result.reference.to_json()
    assert again.deepest_deg == result.reference.deepest_deg == pytest.approx(105.0, abs=3.0)
    for nonsense in (None, {}, {**json.loads(text), "valgus_up_deg": [1.0]}, "text", 5):
        with pytest.raises(ValueError, match="not a reference"):
            Reference.from_json(nonsense)


def test_deeper_than_the_reference_is_doubtful_unless_something_was_seen() -> None:
    recording = session([], set_window=False)
    start_s = recording.now_s
    for bump, depth in ((0.0, 118.0), (0.0, 100.0), (0.0, 100.0), (0.0, 100.0)):
        recording.rep(bump, depth=depth)
    recording.rep(14.0, depth=112.0)
    recording.window("set", start_s)
    _, result = run(recording)
    assert result.reps[0].doubt == (Doubt.OUTSIDE_REFERENCE,)
    assert result.reps[0].verdict is Verdict.DOUBTFUL
    assert result.reps[1].verdict is Verdict.IN_RANGE
    assert result.reps[4].doubt == (Doubt.OUTSIDE_REFERENCE,)
    assert result.reps[4].verdict in (Verdict.MOVED_INWARD, Verdict.MOVED_INWARD_LARGE)


def test_without_windows_twenty_seconds_end_a_set() -> None:
    recording = Recording()
    recording.rest(1.0)
    for _ in range(2):
        for _ in range(3):
            recording.rep()
        recording.rest(21.0)
    events, result = run(recording)
    assert [rep.set for rep in result.reps] == [0, 0, 0, 1, 1, 1]
    ended = [number for number, event in enumerate(events) if isinstance(event, SetEnded)]
    fourth = next(
        number
        for number, event in enumerate(events)
        if isinstance(event, RepEnded) and event.rep.index == 3
    )
    assert len(ended) == 2 and ended[0] < fourth


def test_verdicts_are_provisional_until_the_set_is_over() -> None:
    events, result = run(session([0.0, 8.0, 0.0, 0.0]))
    first = [event.rep for event in events if isinstance(event, RepEnded)]
    assert all(Doubt.PROVISIONAL in rep.doubt for rep in first)
    assert first[1].verdict is Verdict.MOVED_INWARD
    assert tuple(event.rep for event in events if isinstance(event, RepRevised)) == result.reps
    assert isinstance(events[-1], SetEnded)


def test_a_gap_inside_a_rep_is_seen_and_doubted() -> None:
    recording = session([0.0] * 4)
    cut = next(i for i, sample in enumerate(recording.samples) if sample.time_s > 20.2)
    gap = Gap(
        Channel.MEASUREMENT,
        recording.samples[cut - 1].time_s,
        recording.samples[cut + 24].time_s,
        24,
        "lost on the air",
    )
    items: list[Decoded] = [*recording.samples[:cut], gap, *recording.samples[cut + 24 :]]
    events, result = run(recording, items)
    assert GapSeen(gap) in events and result.gaps == (gap,)
    doubted = [rep for rep in result.reps if Doubt.GAP in rep.doubt]
    assert len(result.reps) == 4 and len(doubted) == 1
    assert doubted[0].start_s < gap.start_s < doubted[0].end_s
    assert doubted[0].verdict is Verdict.DOUBTFUL
    assert doubted[0].own_excursion_deg == pytest.approx(0.0, abs=1.0)


def test_a_slip_at_a_rest_makes_the_rep_before_and_the_rest_of_the_set_doubtful() -> None:
    recording = session([0.0, 0.0], set_window=False)
    start_s = recording.windows[0].end_s
    recording.flags = wire.FLAG_SLIP | wire.FLAG_REST
    recording.rest(0.5)
    recording.flags = 0
    for _ in range(2):
        recording.rep()
    recording.window("set", start_s)
    _, result = run(recording)
    assert [Doubt.SLIP in rep.doubt for rep in result.reps] == [False, True, True, True]
    assert result.reps[1].verdict is Verdict.DOUBTFUL
    assert any("slipped" in text for text in result.warnings)


def test_saturation_in_a_rep_is_doubted() -> None:
    recording = session([0.0, 0.0, 0.0])
    at = next(i for i, sample in enumerate(recording.samples) if sample.time_s > 21.0)
    recording.samples[at] = recording.samples[at]._replace(flags=wire.FLAG_SATURATED)
    _, result = run(recording)
    assert sum(Doubt.SATURATION in rep.doubt for rep in result.reps) == 1


def test_samples_without_alignment_are_left_out_and_said_so_once() -> None:
    recording = session([0.0, 0.0], functional=0)
    for i in range(len(recording.samples) // 2):
        recording.samples[i] = recording.samples[i]._replace(flags=wire.FLAG_UNALIGNED)
    events, result = run(recording)
    assert len(result.reps) == 1
    texts = [event.text for event in events if isinstance(event, Warned)]
    assert sum("no alignment" in text for text in texts) == 1


def test_a_band_without_alignment_before_the_set_is_not_worth_a_word() -> None:
    recording = session([0.0, 0.0], functional=0)
    (window,) = (w for w in recording.windows if w.kind == "set")
    for i, sample in enumerate(recording.samples):
        if sample.time_s < window.start_s:
            recording.samples[i] = sample._replace(flags=wire.FLAG_UNALIGNED)
    table = [
        recording.samples[0]._replace(time_s=-10.0 + 0.1 * k, flags=wire.FLAG_UNALIGNED)
        for k in range(100)
    ]
    recording.samples[:0] = table
    _, result = run(recording)
    assert len(result.reps) == 2
    assert not any("no alignment" in text for text in result.warnings)


def test_an_imu_that_does_not_answer_is_said_once() -> None:
    analyzer = Analyzer(Side.RIGHT)
    status = Status(1, wire.FAULT_SHANK_IMU, 1.0, 0, 0, (20.0, 20.0), None)
    assert len(analyzer.feed(status)) == 1
    assert analyzer.feed(status) == []


@pytest.mark.parametrize("side", [Side.RIGHT, Side.LEFT])
def test_the_knee_over_the_foot_is_medial_positive_on_both_legs(side: Side) -> None:
    recording = session([0.0])
    for i, sample in enumerate(recording.samples):
        # Earth x forward, y left, z up; the shank's sensor is its segment (x forward, y up, z
        # right), so upright is a quarter turn about x. It leans 5 deg to the other leg at depth.
        lean = int(side) * math.radians(5.0) * sample.flexion_deg / 100.0
        quarter = math.pi / 4 - lean / 2
        recording.samples[i] = sample._replace(
            q_earth_shank=(math.cos(quarter), math.sin(quarter), 0.0, 0.0)
        )
    analyzer = Analyzer(side, windows=recording.windows, shank_length_m=0.4, alignment=(UNIT, UNIT))
    analyzer.feed_all(recording.samples)
    analyzer.flush()
    moved_cm = analyzer.result().reps[0].medial_displacement_cm
    assert moved_cm == pytest.approx(40.0 * math.sin(math.radians(5.0)), abs=0.2)


def test_a_live_view_sees_phase_and_excursion_while_a_rep_is_under_way() -> None:
    recording = session([0.0, 9.0])
    analyzer = Analyzer(Side.RIGHT, windows=recording.windows)
    largest = 0.0
    phases: set[Phase] = set()
    for sample in recording.samples:
        analyzer.feed(sample)
        phases.add(analyzer.phase)
        largest = max(largest, analyzer.excursion_deg or 0.0)
    analyzer.flush()
    assert phases == {Phase.STANDING, Phase.DESCENDING, Phase.ASCENDING}
    assert largest == pytest.approx(9.0, abs=1.0)


def test_the_streaming_excursion_and_the_final_one_agree() -> None:
    recording = session([2.0, 6.0, 3.0, 12.0])
    analyzer = Analyzer(Side.RIGHT, windows=recording.windows)
    streamed: list[float] = []
    largest = 0.0
    for sample in recording.samples:
        ended = any(isinstance(event, RepEnded) for event in analyzer.feed(sample))
        if ended:
            streamed.append(largest)
        if analyzer.phase is Phase.STANDING:
            largest = 0.0
        largest = max(largest, analyzer.excursion_deg or 0.0)
    analyzer.flush()
    for live_deg, rep in zip(streamed, analyzer.result().reps, strict=True):
        assert live_deg == pytest.approx(rep.valgus_excursion_deg, abs=0.6)


def test_events_are_canonical_text() -> None:
    events, _ = run(session([0.0, 8.0]))
    text = event_json(events[0])
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    rep = json.loads(text)["rep"]
    assert rep["verdict"] == "in_range" and rep["doubt"] == ["provisional"]
    assert rep["medial_displacement_cm"] is None
    assert [event_json(event) for event in run(session([0.0, 8.0]))[0]] == [
        event_json(event) for event in events
    ]


def test_reference_reps_of_the_recording_come_before_a_reference_that_was_given() -> None:
    recording = session([0.0] * 3, functional=0)
    _, before = run(session([0.0] * 6, functional=5))
    start_s = recording.now_s
    for _ in range(3):
        recording.rep(0.0, 6.0)
    recording.window("reference", start_s)
    start_s = recording.now_s
    for _ in range(3):
        recording.rep(0.0, 6.0)
    recording.window("set", start_s)
    analyzer = Analyzer(Side.RIGHT, windows=recording.windows, reference=before.reference)
    analyzer.feed_all(recording.samples)
    analyzer.flush()
    result = analyzer.result()
    assert result.reference is not None and result.reference.source == "reference"
    last = [rep.valgus_excursion_deg for rep in result.reps[-3:]]
    assert last == pytest.approx([0.0] * 3, abs=1.0)


@pytest.mark.parametrize(
    ("carried_deg", "verdict"), [(0.0, Verdict.IN_RANGE), (8.0, Verdict.DOUBTFUL)]
)
def test_a_rep_that_is_known_no_better_than_the_limit_is_doubtful(
    carried_deg: float, verdict: Verdict
) -> None:
    _, made = run(session([0.0] * 6, functional=5))
    assert made.reference is not None
    reference = replace(made.reference, carried_deg=carried_deg)
    recording = session([0.0] * 5, functional=0)
    analyzer = Analyzer(Side.RIGHT, windows=recording.windows, reference=reference)
    analyzer.feed_all(recording.samples)
    analyzer.flush()
    assert {rep.verdict for rep in analyzer.result().reps} == {verdict}
