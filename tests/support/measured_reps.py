"""Squats of `knee_recordings` as detection measures them."""

from __future__ import annotations

from knee_recordings import Recording
from kneetrack.detection.cut import Geometry, cut_out
from kneetrack.detection.measures import Measured, measure
from kneetrack.detection.reference import Reference, build
from kneetrack.samples import Side


def of_reps(recording: Recording) -> list[Measured]:
    """The squats of a recording in which every rep takes as long."""
    samples = recording.samples
    made: list[Measured] = []
    bent = [sample.flexion_deg > 10.0 for sample in samples]
    starts = [i for i in range(1, len(bent)) if bent[i] and not bent[i - 1]]
    ends = [i for i in range(1, len(bent)) if bent[i - 1] and not bent[i]]
    for start, end in zip(starts, ends, strict=True):
        span = samples[start - 60 : end + 60]
        start_s, end_s = samples[start].time_s - 0.3, samples[end].time_s + 0.3
        cut = cut_out(span, start_s, end_s, 0.0, Geometry(Side.RIGHT))
        assert cut is not None
        made.append(measure(cut))
    return made


def squats(bumps: list[float], depths: list[float] | None = None) -> list[Measured]:
    recording = Recording()
    recording.rest(2.0)
    for number, bump in enumerate(bumps):
        recording.rep(bump, depth=depths[number] if depths else 100.0)
    recording.rest(1.0)
    return of_reps(recording)


def built(reps: list[Measured], source: str = "reference") -> Reference:
    reference = build(reps, source)
    assert reference is not None
    return reference
