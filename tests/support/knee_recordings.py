"""Knee samples of sessions made for a test: stances, reps with bumps, windows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from kneecore import wire
from kneetrack.detection import Analyzer, LegResult
from kneetrack.samples import (
    Decoded,
    Event,
    KneeSample,
    Rep,
    RepEnded,
    RepRevised,
    Side,
    Window,
)

PERIOD_S = wire.KNEE_PERIOD_US / 1e6
UNIT = (1.0, 0.0, 0.0, 0.0)


@dataclass
class Recording:
    """Knee samples put together movement by movement; valgus = 0.05 * flexion and what is added."""

    samples: list[KneeSample] = field(default_factory=list[KneeSample])
    windows: list[Window] = field(default_factory=list[Window])
    flexion: float = 0.0
    flags: int = 0

    @property
    def now_s(self) -> float:
        return len(self.samples) * PERIOD_S

    def add(self, flexion: float, valgus: float = 0.0) -> None:
        number = len(self.samples)
        self.flexion = flexion
        self.samples.append(
            KneeSample(
                number,
                number * PERIOD_S,
                flexion,
                0.05 * flexion + valgus,
                0.1 * flexion,
                2.0,
                UNIT,
                UNIT,
                self.flags,
            )
        )

    def rest(self, duration_s: float) -> None:
        for _ in range(round(duration_s / PERIOD_S)):
            self.add(self.flexion)

    def rep(self, bump: float = 0.0, with_depth: float = 0.0, depth: float = 100.0) -> None:
        """2.4 s: `bump` at the bottom (0.5 s wide), `with_depth` in proportion to sin(flexion)."""
        n = round(2.4 / PERIOD_S)
        for i in range(1, n + 1):
            flexion = depth * (1 - math.cos(2 * math.pi * i / n)) / 2
            t = (i - n / 2) * PERIOD_S
            inward = bump * math.exp(-((t / 0.35) ** 2) / 2)
            self.add(flexion, inward + with_depth * math.sin(math.radians(min(90.0, flexion))))
        self.rest(0.8)

    def window(self, kind: str, start_s: float) -> None:
        self.windows.append(Window(kind, start_s, self.now_s))


def session(
    bumps: list[float], *, functional: int = 5, with_depth: float = 0.0, set_window: bool = True
) -> Recording:
    """Standing, functional squats (0: none), a set with these bumps."""
    recording = Recording()
    recording.rest(2.0)
    if functional:
        start_s = recording.now_s
        for _ in range(functional):
            recording.rep()
        recording.window("functional", start_s)
        recording.rest(1.0)
    start_s = recording.now_s
    for bump in bumps:
        recording.rep(bump, with_depth)
    if set_window:
        recording.window("set", start_s)
    return recording


def short() -> Recording:
    """Fifteen seconds, some fifty blocks."""
    return session([0.0] * 4, functional=0)


def run(recording: Recording, items: list[Decoded] | None = None) -> tuple[list[Event], LegResult]:
    analyzer = Analyzer(Side.RIGHT, windows=recording.windows)
    events = analyzer.feed_all(recording.samples if items is None else items)
    events += analyzer.flush()
    return events, analyzer.result()


def reps_of(events: list[Event]) -> list[Rep]:
    return [event.rep for event in events if isinstance(event, RepEnded | RepRevised)]
