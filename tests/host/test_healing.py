"""What was lost and came later: in the end the list by index is that of the samples in order."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from band_packets import Band, numbers_in
from knee_recordings import Recording, session
from kneetrack.detection import Analyzer, LegResult, catch_up, event_json
from kneetrack.protocol import Decoder
from kneetrack.samples import (
    Channel,
    Event,
    Gap,
    GapSeen,
    GapSettled,
    Packet,
    Rep,
    RepEnded,
    RepRevised,
    RepSet,
    SetEnded,
    Side,
    Withdrawn,
)

RECORDING = session([0.0, 8.0, 0.0, 0.0, 6.0, 0.0])
BAND = Band(RECORDING.samples)
LIVE = BAND.live()


def free_session() -> Recording:
    """Two sets without windows, a long rest between them."""
    recording = Recording()
    recording.rest(1.0)
    for bump in (0.0, 0.0, 0.0, 7.0, 0.0, 0.0):
        recording.rep(bump)
    recording.rest(22.0)
    for _ in range(4):
        recording.rep()
    return recording


class Kept:
    """What someone knows who keeps reps and sets by their index."""

    def __init__(self) -> None:
        self.reps: dict[int, Rep] = {}
        self.sets: dict[int, RepSet] = {}

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, RepEnded | RepRevised):
                assert isinstance(event, RepEnded) == (event.rep.index not in self.reps)
                self.reps[event.rep.index] = event.rep
            elif isinstance(event, SetEnded):
                self.sets[event.set.index] = event.set
            elif isinstance(event, Withdrawn):
                self.reps = {i: rep for i, rep in self.reps.items() if i < event.reps}
                self.sets = {i: one for i, one in self.sets.items() if i < event.sets}


def analysed(packets: Iterable[Packet], recording: Recording = RECORDING) -> tuple[Kept, LegResult]:
    kept, analyzer, decoder = Kept(), Analyzer(Side.RIGHT, windows=recording.windows), Decoder()
    for packet in packets:
        kept.take(analyzer.feed_all(decoder.feed(packet)))
    kept.take(analyzer.flush())
    return kept, analyzer.result()


def same(kept: Kept, result: LegResult, wanted: LegResult) -> None:
    assert (result.reps, result.sets) == (wanted.reps, wanted.sets)
    assert tuple(kept.reps.values()) == wanted.reps
    assert tuple(kept.sets.values()) == wanted.sets
    if wanted.reference is None or result.reference is None:
        assert result.reference is wanted.reference
    else:
        assert result.reference.to_json() == wanted.reference.to_json()
    assert set(result.warnings) == set(wanted.warnings)


_, WANTED = analysed(LIVE)
FREE = free_session()
FREE_BAND = Band(FREE.samples)
_, FREE_WANTED = analysed(FREE_BAND.live(), FREE)


def first_of(packet: Packet) -> int:
    return numbers_in(packet)[0]


@st.composite
def shuffled(draw: st.DrawFn, band: Band) -> list[Packet]:
    """The packets of `band` with losses, each sent again some time later, and some twice."""
    live = band.live()
    holes = draw(st.lists(st.tuples(st.integers(1, len(live) - 2), st.integers(1, 60)), max_size=8))
    lost = {k for at, length in holes for k in range(at, min(at + length, len(live) - 1))}
    stream: list[tuple[float, Packet]] = []
    for k, packet in enumerate(live):
        if k not in lost:
            stream.append((k, packet))
            continue
        numbers = numbers_in(packet)
        delay = draw(st.integers(1, 300))
        blocks = band.blocks(numbers[0], numbers[-1] + 1)
        for _ in range(draw(st.integers(1, 2))):
            stream += [(k + delay + 0.5, block) for block in blocks]
    return [packet for _, packet in sorted(stream, key=lambda each: each[0])]


@settings(max_examples=6, deadline=None)
@given(shuffled(BAND))
def test_whatever_was_lost_and_whenever_it_came_the_end_is_that_of_order(
    packets: list[Packet],
) -> None:
    kept, result = analysed(packets)
    same(kept, result, WANTED)
    assert result.gaps == ()


@settings(max_examples=5, deadline=None)
@given(shuffled(FREE_BAND))
def test_the_same_without_windows_where_a_gap_can_make_two_sets_of_one(
    packets: list[Packet],
) -> None:
    kept, result = analysed(packets, FREE)
    same(kept, result, FREE_WANTED)


def test_a_whole_minute_that_comes_back_in_the_end_makes_reps_and_sets_whole() -> None:
    recording = free_session()
    band = Band(recording.samples)
    live = band.live()
    analyzer, decoder, kept = Analyzer(Side.RIGHT), Decoder(), Kept()
    first, end = numbers_in(live[60])[0], numbers_in(live[400])[0]
    events: list[Event] = []
    for packet in live[:60] + live[400:]:
        events += analyzer.feed_all(decoder.feed(packet))
    seen = [event for event in events if isinstance(event, GapSeen)]
    assert len(seen) == 1 and len(analyzer.result().reps) < len(FREE_WANTED.reps)
    healing: list[Event] = []
    for packet in band.answer(first, end):
        healing += analyzer.feed_all(decoder.feed(packet))
    assert healing[0] == GapSettled(seen[0].gap, ())
    assert any(isinstance(event, RepEnded) for event in healing)
    kept.take(events + healing + analyzer.flush())
    same(kept, analyzer.result(), FREE_WANTED)


def test_what_is_gone_is_told_with_its_reason_and_counts_as_a_gap() -> None:
    lost = range(300, 340)
    blocks = BAND.blocks(first_of(LIVE[300]), first_of(LIVE[320]))
    span = first_of(LIVE[300]), first_of(LIVE[340])
    stream = [p for k, p in enumerate(LIVE) if k not in lost]
    stream[310:310] = [*blocks, BAND.done(*span, len(blocks))]
    decoder, analyzer, kept = Decoder(), Analyzer(Side.RIGHT, windows=RECORDING.windows), Kept()
    events = analyzer.feed_all(decoder.feed_all(stream)) + analyzer.flush()
    kept.take(events)
    (settled,) = [event for event in events if isinstance(event, GapSettled)]
    (left,) = settled.left
    assert left.reason == "lost on the air, and the band no longer had them"
    assert left.count == 160 and left.end_s == settled.gap.end_s
    assert analyzer.result().gaps == (left,)
    in_order = [p for k, p in enumerate(LIVE) if not 320 <= k < 340]
    other, wanted = analysed(in_order)
    del other
    same(kept, analyzer.result(), wanted)


def test_what_comes_after_the_end_still_heals() -> None:
    stream = LIVE[:300] + LIVE[360:]
    decoder, analyzer, kept = Decoder(), Analyzer(Side.RIGHT, windows=RECORDING.windows), Kept()
    kept.take(analyzer.feed_all(decoder.feed_all(stream)) + analyzer.flush())
    assert analyzer.result().reps != WANTED.reps
    kept.take(analyzer.feed_all(decoder.feed_all(BAND.blocks(BAND.first, BAND.end))))
    same(kept, analyzer.result(), WANTED)
    assert analyzer.feed_all(decoder.feed_all(BAND.blocks(BAND.first, BAND.end))) == []


def test_duplicates_without_any_loss_change_nothing() -> None:
    stream = [packet for k, packet in enumerate(LIVE) for packet in LIVE[max(0, k - 2) : k + 1]]
    kept, result = analysed(stream)
    same(kept, result, WANTED)


def test_too_much_behind_a_hole_and_it_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "LIMIT", 500)
    stream = LIVE[:300] + LIVE[310:]
    decoder, analyzer = Decoder(), Analyzer(Side.RIGHT, windows=RECORDING.windows)
    events = analyzer.feed_all(decoder.feed_all(stream)) + analyzer.flush()
    seen = [event.gap for event in events if isinstance(event, GapSeen)]
    assert [event for event in events if isinstance(event, GapSettled)] == [
        GapSettled(seen[0], (seen[0],))
    ]
    late = BAND.blocks(first_of(LIVE[300]), first_of(LIVE[310]))
    assert analyzer.feed_all(decoder.feed_all(late)) == []
    assert analyzer.result().gaps == (seen[0],)


@settings(max_examples=3, deadline=None)
@given(shuffled(BAND), st.lists(st.integers(1, 40), min_size=1, max_size=10))
def test_how_items_were_batched_does_not_matter(packets: list[Packet], sizes: list[int]) -> None:
    items = Decoder().feed_all(packets)
    one = Analyzer(Side.RIGHT, windows=RECORDING.windows)
    wanted = [event_json(e) for item in items for e in one.feed(item)]
    wanted += [event_json(e) for e in one.flush()]
    other = Analyzer(Side.RIGHT, windows=RECORDING.windows)
    events: list[Event] = []
    at = number = 0
    while at < len(items):
        size = sizes[number % len(sizes)]
        events += other.feed_all(items[at : at + size])
        at, number = at + size, number + 1
    assert [event_json(e) for e in events + other.flush()] == wanted


def test_sets_that_a_gap_made_are_withdrawn_when_it_is_filled() -> None:
    recording = Recording()
    recording.rest(1.0)
    for _ in range(14):
        recording.rep()
    band = Band(recording.samples)
    live = band.live()
    lost = range(60, 420)  # 28 s: longer than the rest that ends a set
    decoder, analyzer, kept = Decoder(), Analyzer(Side.RIGHT), Kept()
    kept.take(analyzer.feed_all(decoder.feed_all([*live[:60], *live[420:]])))
    assert len(kept.sets) == 1
    answer = band.answer(first_of(live[lost.start]), first_of(live[lost.stop]))
    events = analyzer.feed_all(decoder.feed_all(answer))
    assert Withdrawn(len(kept.reps), 0) in events
    kept.take(events)
    assert not kept.sets
    kept.take(analyzer.flush())
    _, wanted = analysed(live, recording)
    assert len(wanted.sets) == 1 and wanted.gaps == ()
    same(kept, analyzer.result(), wanted)


def test_after_the_end_of_a_session_only_what_is_missing_before_it_is_taken() -> None:
    decoder, analyzer, kept = Decoder(), Analyzer(Side.RIGHT, windows=RECORDING.windows), Kept()
    cut = 480
    kept.take(analyzer.feed_all(decoder.feed_all([*LIVE[:200], *LIVE[260:cut]])))
    analyzer.ends_here()
    kept.take(analyzer.feed_all(decoder.feed_all(BAND.blocks(BAND.first, BAND.end))))
    kept.take(analyzer.flush())
    _, wanted = analysed(LIVE[:cut])
    same(kept, analyzer.result(), wanted)


def endless(minutes: float) -> int:
    """The most memory (bytes) of standing, with a hole every second that is never filled.

    But for garbage: when that is found depends on what ran before.
    """
    analyzer, number, time_s = Analyzer(Side.RIGHT), 0, 0.0
    period_s, most = 1 / 104, 0
    tracemalloc.start()
    while time_s < minutes * 60:
        for sample in RECORDING.samples[:104]:
            number, time_s = number + 1, time_s + period_s
            analyzer.feed(sample._replace(number=number, time_s=time_s))
        analyzer.feed(Gap(Channel.MEASUREMENT, time_s, time_s + 53 * period_s, 52, "lost"))
        number, time_s = number + 52, time_s + 52 * period_s
        gc.collect()
        most = max(most, tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    return most


def test_what_waits_behind_holes_does_not_grow_with_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catch_up, "LIMIT", 1000)
    endless(0.2)
    assert endless(1.6) < endless(0.8) + 60_000, "the limit is reached after 0.7 minutes"
