"""What holds of the analyzer for any batching and any samples."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from knee_recordings import UNIT, run, session
from kneetrack.detection import Analyzer, event_json
from kneetrack.samples import (
    Event,
    KneeSample,
    Side,
)

RECORDING = session([0.0, 8.0, 0.0, 0.0, 6.0, 0.0])
WHOLE = [event_json(event) for event in run(RECORDING)[0]]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=30))
def test_any_batching_gives_the_same_events(sizes: list[int]) -> None:
    analyzer = Analyzer(Side.RIGHT, windows=RECORDING.windows)
    events: list[Event] = []
    at = 0
    for size in sizes:
        events += analyzer.feed_all(RECORDING.samples[at : at + size])
        at += size
    events += analyzer.feed_all(RECORDING.samples[at:]) + analyzer.flush()
    assert [event_json(event) for event in events] == WHOLE


angles = st.floats(allow_nan=True, allow_infinity=True)
odd_samples = st.builds(
    KneeSample,
    st.integers(-5, 5000),
    st.floats(-1.0, 60.0) | angles,
    angles | st.floats(0.0, 120.0),
    angles | st.floats(-20.0, 20.0),
    angles,
    angles,
    st.just(UNIT),
    st.tuples(angles, angles, angles, angles),
    st.integers(0, 255),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(odd_samples, max_size=60), st.integers(0, 900))
def test_no_samples_make_it_raise(odd: list[KneeSample], at: int) -> None:
    analyzer = Analyzer(
        Side.RIGHT, windows=RECORDING.windows, shank_length_m=0.4, alignment=(UNIT, UNIT)
    )
    events = analyzer.feed_all(RECORDING.samples[:at])
    events += analyzer.feed_all(odd) + analyzer.feed_all(RECORDING.samples[at:])
    for event in events + analyzer.flush():
        assert "NaN" not in event_json(event)
