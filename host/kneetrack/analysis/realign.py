"""Knee samples again from their quaternions, with another calibration (or the same).

The angles are those of `kneetrack.detection.realigning`, under the pipeline that the band runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.analysis.angles import aligned_backward
from kneetrack.detection.realigning import Angles, Realignment
from kneetrack.samples import KneeSample, Window


def realigned(
    samples: Iterable[KneeSample], calibration: Calibration, windows: Iterable[Window] = ()
) -> Iterator[KneeSample]:
    """`samples` with the angles, uncertainty and alignment flags that `calibration` gives them."""
    angles = Angles(calibration)
    return aligned_backward(map(angles.of, samples), calibration, windows)


def over_time(
    samples: Iterable[KneeSample], realignments: Sequence[Realignment]
) -> Iterator[KneeSample]:
    """`samples`, from each re-alignment's instant on with the angles that it gives."""
    waiting = list(realignments)
    angles: Angles | None = None
    had_heading = False
    for sample in samples:
        while waiting and sample.time_s >= waiting[0].from_s:
            angles = Angles(waiting.pop(0).calibration)
        has_heading = not sample.flags & wire.FLAG_UNALIGNED
        if angles is not None and had_heading and not has_heading:
            angles.restarted()
        had_heading = has_heading
        yield sample if angles is None else angles.of(sample)
