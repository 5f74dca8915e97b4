"""Repetitions that are described, not judged: which set each belongs to, and when a set is over.

The interface is that of `sets.Sets`, without a reference: what is measured is final at once. A
repetition belongs to the window that holds its key instant (its landing, a stride's contact). With
`set` windows only what lies in them counts; without, all that lies in no other window, and the
movement's own rest ends a set.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from kneetrack.detection.cut import Cut
from kneetrack.detection.labels import label_of
from kneetrack.detection.movements.movement import Values
from kneetrack.samples import (
    Doubt,
    Event,
    Label,
    Rep,
    RepEnded,
    RepSet,
    SetEnded,
    Window,
)

Doubts: TypeAlias = Callable[[float, Values, Sequence[Rep]], tuple[Doubt, ...]]

_COLUMNS = (
    "peak_valgus_deg",
    "flexion_at_peak_deg",
    "valgus_excursion_deg",
    "rotation_excursion_deg",
    "medial_displacement_cm",
)
_BEFORE = 20  # repetitions that a movement may compare one with
_FIXED = frozenset({*_COLUMNS, "peak_flexion_deg"})


@dataclass(frozen=True, slots=True)
class Described:
    """One repetition, measured."""

    start_s: float
    key_s: float
    end_s: float
    peak_flexion_deg: float
    saturated: bool
    gap_s: float
    values: Values = field(default_factory=dict[str, "float | None"])


def described(cut: Cut, key_s: float, values: Values) -> Described:
    """What `values` say of the repetition in a cut."""
    peak_deg = values.get("peak_flexion_deg")
    return Described(
        start_s=cut.start_s,
        key_s=key_s,
        end_s=cut.end_s,
        peak_flexion_deg=float(cut.smooth[0, cut.inside].max()) if peak_deg is None else peak_deg,
        saturated=cut.saturated,
        gap_s=cut.gap_s,
        values=values,
    )


@dataclass(slots=True)
class _Open:
    index: int
    window: Window | None
    start_s: float
    end_s: float
    reps: int = 0


class Bouts:
    """Described repetitions in, in order of time; events out. As `sets.Sets`."""

    reference = None

    def __init__(
        self,
        windows: Sequence[Window],
        rest_s: float,
        labels: Sequence[Label],
        doubts: Doubts | None = None,
    ) -> None:
        self.reps: dict[int, Rep] = {}
        self.sets: list[RepSet] = []
        self.next_s = math.inf
        self._rest_s = rest_s
        self._labels = labels
        self._doubts = doubts
        self._others = [w for w in windows if w.kind != "set"]
        self._open = [
            _Open(index, window, window.start_s, window.end_s)
            for index, window in enumerate(
                sorted(
                    (w for w in windows if w.kind == "set" and w.start_s <= w.end_s),
                    key=lambda window: (window.start_s, window.end_s),
                )
            )
        ]
        self._windowed = bool(self._open)
        self._set_count = len(self._open)
        self._slips_s: list[float] = []
        self._plan()

    def copy(self) -> Bouts:
        """Another one in the same state."""
        other = copy.copy(self)
        other.reps = self.reps.copy()
        other.sets = self.sets.copy()
        other._open = [copy.copy(one) for one in self._open]
        other._slips_s = self._slips_s.copy()
        return other

    def current(self) -> None:
        """There is nothing to compare with."""

    def note_slip(self, time_s: float) -> None:
        """The heading jumped here: the set's repetitions around it and after it are in doubt."""
        self._slips_s.append(time_s)

    def add(self, one: Described) -> list[Event]:
        """A repetition that has just ended."""
        home = self._home(one.key_s)
        if home is None:
            return []
        home.reps += 1
        if home.window is None:
            home.end_s = one.end_s
        rep = self._rep(one, home, len(self.reps))
        self.reps[rep.index] = rep
        self._plan()
        return [RepEnded(rep)]

    def pass_time(self, time_s: float, standing: bool) -> list[Event]:
        """The sets that are over at this instant."""
        events: list[Event] = []
        while self._open and standing and time_s > self._ends_s(self._open[0]):
            events.append(self._close(self._open.pop(0)))
        self._plan()
        return events

    def close(self) -> list[Event]:
        """The end of the data."""
        events: list[Event] = [self._close(one) for one in self._open]
        self._open = []
        self._plan()
        return events

    def _home(self, time_s: float) -> _Open | None:
        if self._windowed:
            held = (one for one in self._open if one.start_s <= time_s <= one.end_s)
            return next(held, None)
        if any(window.start_s <= time_s <= window.end_s for window in self._others):
            return None
        if not self._open or time_s > self._ends_s(self._open[-1]):
            self._open.append(_Open(self._set_count, None, time_s, time_s))
            self._set_count += 1
        return self._open[-1]

    def _rep(self, one: Described, home: _Open, index: int) -> Rep:
        if home.reps == 1 and home.window is None:
            home.start_s = one.start_s
        label = label_of(self._labels, one.start_s, one.end_s)
        slipped = any(home.start_s <= slip_s <= one.end_s for slip_s in self._slips_s)
        doubts = {
            Doubt.GAP: one.gap_s > 0.0,
            Doubt.SLIP: slipped,
            Doubt.SATURATION: one.saturated,
        }
        columns = {name: one.values.get(name) for name in _COLUMNS}
        return Rep(
            index=index,
            set=home.index,
            is_reference=False,
            start_s=one.start_s,
            end_s=one.end_s,
            peak_flexion_deg=one.peak_flexion_deg,
            own_excursion_deg=None,
            own_excursion_sigma_deg=None,
            phase_at_peak=None,
            time_over_threshold_s=None,
            descent_s=None,
            bottom_s=None,
            ascent_s=None,
            verdict=None,
            doubt=(*(doubt for doubt, holds in doubts.items() if holds), *self._own_doubts(one)),
            measures={n: value for n, value in one.values.items() if n not in _FIXED},
            label=label,
            **columns,
        )

    def _own_doubts(self, one: Described) -> tuple[Doubt, ...]:
        """What the movement itself says against it."""
        if self._doubts is None:
            return ()
        before = list(islice(reversed(self.reps.values()), _BEFORE))
        return self._doubts(one.start_s, one.values, before[::-1])

    def _close(self, one: _Open) -> SetEnded:
        ended = RepSet(one.index, one.start_s, one.end_s, None, None, None)
        self.sets.append(ended)
        return SetEnded(ended)

    def _ends_s(self, one: _Open) -> float:
        return one.end_s if one.window is not None else one.end_s + self._rest_s

    def _plan(self) -> None:
        self.next_s = self._ends_s(self._open[0]) if self._open else math.inf
