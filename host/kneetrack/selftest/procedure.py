"""One leg through one self-test: knee samples and the analyzer's events in, what to show out.

    stand   thigh and shank still for STAND_S, at some time
    do      repetitions, as the analyzer finds them, until as many as wanted have counted

Nobody has to press anything, and a repetition that does not count says why. What is found here is
what an analysis of the log finds again: this only counts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

from kneetrack.detection.criteria import HOLD_SETTLE_S
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.tilt import Up, between_deg, up
from kneetrack.insight.values import described, value_of
from kneetrack.insight.words import figure, unit_after
from kneetrack.samples import Event, Gap, KneeSample, Phase, Rep, RepEnded, Side
from kneetrack.selftest.tests import STAND, STAND_S, SelfTest, Step

STILL_DEG_S = 8.0
"""Slower than this is still: a person on both legs sways by less than 3 deg/s (biomechanics B6)."""
_STEP = 10
_TELL_AGAIN_S = 5.0
_HOLE_S = 0.5
_HOLD_S = 20.5


@dataclass(frozen=True, slots=True)
class Began:
    """A step has begun."""

    step: Step


@dataclass(frozen=True, slots=True)
class Counted:
    """One more repetition; `value` is its first watched measure, in words."""

    number: int
    value: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something to say that counts nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last step is over."""


Told: TypeAlias = Began | Counted | Noted | Finished


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person may watch meanwhile: `value` in `unit`, on the way to `wanted`."""

    name: str
    value: float
    wanted: float
    unit: str


class Procedure:
    """`side` of `test`."""

    def __init__(self, test: SelfTest, side: Side) -> None:
        self.test = test
        self.side = side
        self.step: Step = STAND
        self.counted: list[Rep] = []
        self.finished = False
        self.reading = Reading("still", 0.0, STAND_S, "s")
        self._tilts: deque[tuple[Up, Up]] = deque(maxlen=_STEP + 1)
        self._still_s: float | None = None
        self._upright: Up | None = None
        self._holding_s: float | None = None
        self._last_s = 0.0
        self._enough = False  # it was said that this hold is long enough
        self._restless_s = 0.0

    def begin(self) -> list[Told]:
        """The first step's event, which no sample brings about."""
        return [Began(self.step)]

    def take(self, sample: KneeSample, phase: Phase) -> list[Told]:
        """The next sample, and where in a repetition the analyzer sees the leg."""
        if self.finished:
            return []
        time_s = sample.time_s
        if time_s - self._last_s > _HOLE_S:
            self._tilts.clear()
            self._still_s, self._restless_s = None, time_s
        self._last_s = time_s
        shank, thigh = up(sample.q_earth_shank), up(sample.q_earth_thigh)
        if shank is None or thigh is None:
            return []
        if self.step is STAND:
            return self._stand(time_s, shank, thigh)
        return self._do(sample, shank, phase)

    def event(self, event: Event) -> list[Told]:
        """What the analyzer said."""
        if not isinstance(event, RepEnded) or self.step is STAND or self.finished:
            return []
        rep, test = event.rep, self.test
        reached = value_of(rep, test.counted)
        if reached is None or reached < test.least:
            return [Noted(self._too_little(reached))]
        self.counted.append(rep)
        told: list[Told] = [Counted(len(self.counted), self._in_words(rep))]
        if len(self.counted) == test.repeats:
            self.finished = True
            told.append(Finished())
        return told

    def lost(self, gap: Gap) -> list[Told]:
        """Samples are missing."""
        del gap
        return [] if self.finished else [Noted("Samples were lost; bring the computer closer.")]

    # --- inside ----------------------------------------------------------------------------------

    def _stand(self, time_s: float, shank: Up, thigh: Up) -> list[Told]:
        self._tilts.append((shank, thigh))
        if len(self._tilts) <= _STEP:
            return []
        before = self._tilts[0]
        moved = max(between_deg(before[0], shank), between_deg(before[1], thigh))
        if moved / (_STEP * PERIOD_S) > STILL_DEG_S:
            self._still_s = None
            self.reading = Reading("still", 0.0, STAND_S, "s")
            if time_s - self._restless_s > _TELL_AGAIN_S:
                self._restless_s = time_s
                return [Noted("Not still yet; the seconds are counted anew.")]
            return []
        self._still_s = time_s if self._still_s is None else self._still_s
        stood_s = time_s - self._still_s
        self.reading = Reading("still", min(stood_s, STAND_S), STAND_S, "s")
        if stood_s < STAND_S:
            return []
        self._upright = shank
        self.step = self.test.do
        return [Began(self.step)]

    def _do(self, sample: KneeSample, shank: Up, phase: Phase) -> list[Told]:
        test = self.test
        if test.counted == "hold_s":
            return self._hold(sample.time_s, phase)
        if test.counted == "shank_inclination_deg" and self._upright is not None:
            leans = between_deg(self._upright, shank)
            self.reading = Reading("shank ahead", leans, 45.0, "°")
        elif test.counted == "peak_flexion_deg":
            self.reading = Reading("bent", max(0.0, sample.flexion_deg), 60.0, "°")
        return []

    def _hold(self, time_s: float, phase: Phase) -> list[Told]:
        if phase is not Phase.BOTTOM:
            self._holding_s, self._enough = None, False
            self.reading = Reading("held", 0.0, _HOLD_S, "s")
            return []
        self._holding_s = time_s if self._holding_s is None else self._holding_s
        held_s = max(0.0, time_s - self._holding_s - HOLD_SETTLE_S)
        self.reading = Reading("held", held_s, _HOLD_S, "s")
        if held_s < _HOLD_S or self._enough:
            return []
        self._enough = True
        return [Noted("Long enough: put the foot down and rest.")]

    def _too_little(self, reached: float | None) -> str:
        test = self.test
        row = described(test.counted)
        if reached is None:
            return f"Not counted: that {test.one} could not be measured."
        unit = unit_after(row.unit)
        return (
            f"Not counted: {row.words} {reached:.0f}{unit}, at least {test.least:.0f}{unit} is "
            "wanted."
        )

    def _in_words(self, rep: Rep) -> str:
        row = described(self.test.watched[0].name)
        value = value_of(rep, row.name)
        if value is None:
            return ""
        return f"{row.words} {figure(row.name, value)}"
