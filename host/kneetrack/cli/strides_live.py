"""Strides while they happen: they come twice as fast as anybody reads.

So the screen shows the pace, how many count so far and the last few; plain lines come every
EVERY strides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import median

from kneetrack.detection.criteria import LEAST_STRIDES
from kneetrack.insight.values import value_of
from kneetrack.report import words
from kneetrack.samples import Rep

EVERY = 10


def is_stride(rep: Rep) -> bool:
    """Whether this is a stride, and not a rep of another kind."""
    return "stride_s" in rep.measures


def pace(rep: Rep) -> str:
    """Of one stride, for large digits: steps in a minute."""
    return words.plain(value_of(rep, "cadence_per_min"), 0)


def doubt(rep: Rep) -> str:
    """Why a stride is not counted, in a word or two; empty where it is."""
    if rep.label is not None:
        return rep.label
    return ", ".join(words.SHORT_DOUBTS[one] for one in rep.doubt)


def stride_line(rep: Rep) -> str:
    """One stride in less than 70 characters."""
    told = (
        f"stride {words.number(rep):>3}  {words.plain(value_of(rep, 'stride_s'), 2)} s"
        f"  stance {words.plain(value_of(rep, 'stance_percent'), 0)} %"
        f"  swing {words.plain(value_of(rep, 'swing_flexion_deg'), 0)}°"
    )
    why = doubt(rep)
    return f"{told}  not counted: {why}" if why else told


def progress(reps: Sequence[Rep]) -> str:
    """How many strides of a bout count, and at what pace they are."""
    steady = [rep for rep in reps if not doubt(rep)]
    paces = [value for rep in steady if (value := value_of(rep, "cadence_per_min")) is not None]
    enough = "" if len(steady) >= LEAST_STRIDES else f" of {LEAST_STRIDES}"
    told = f"{len(steady)}{enough} steady strides"
    if len(reps) > len(steady):
        told += f", {len(reps) - len(steady)} not counted"
    return told + (f", {median(paces):.0f} steps/min" if paces else "")


class StrideLines:
    """A line every EVERY strides."""

    def __init__(self) -> None:
        self._last: deque[Rep] = deque(maxlen=EVERY)
        self._steady = 0

    def line(self, rep: Rep) -> str | None:
        """What to say with this stride; None: nothing."""
        self._last.append(rep)
        self._steady += not doubt(rep)
        if (rep.index + 1) % EVERY:
            return None
        steady = [one for one in self._last if not doubt(one)]
        told = f"{rep.end_s:7.1f} s  {rep.index + 1} strides, {self._steady} steady"
        for name, unit in (("cadence_per_min", " steps/min"), ("stance_percent", " % in stance")):
            values = [value for one in steady if (value := value_of(one, name)) is not None]
            told += f", {median(values):.0f}{unit}" if values else ""
        apart = sorted({doubt(one) for one in self._last if doubt(one)})
        return told + (f" (not counted: {', '.join(apart)})" if apart else "")
