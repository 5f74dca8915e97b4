"""What a self-test amounts to: each leg's mean, one leg against the other, now against last time.

Two means are told apart where they differ by more than

    MDC = max(mdc, t sqrt(s1^2 / n1 + s2^2 / n2))

`mdc` the least detectable change of the literature, where there is one (`tests`); s the scatter of
the repetitions about their mean and t Student's for 95 % at Welch and Satterthwaite's degrees of
freedom. The latter knows nothing of how a test differs from day to day: where the literature is
silent, that is said. With fewer than two repetitions a side nothing is told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, variance
from typing import Any

import scipy

from kneetrack.insight.values import values_of
from kneetrack.samples import Rep, Side
from kneetrack.selftest.tests import SelfTest, Watched

_LEVEL = 0.975
_SCIPY: Any = scipy  # its parts are imported when they are asked for: special takes a while


@dataclass(frozen=True, slots=True)
class Difference:
    """`value` of one minus the other's; told apart beyond `mdc` (None: too few repetitions)."""

    value: float
    mdc: float | None

    @property
    def told_apart(self) -> bool:
        return self.mdc is not None and abs(self.value) > self.mdc


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of one leg."""

    values: tuple[float, ...]
    since_last: Difference | None

    @property
    def mean(self) -> float:
        return mean(self.values)

    @property
    def best(self) -> float:
        return max(self.values)


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of a test: `sides` is right minus left."""

    watched: Watched
    legs: Mapping[Side, Figure]
    sides: Difference | None


def outcome(
    test: SelfTest,
    now: Mapping[Side, Sequence[Rep]],
    last: Mapping[Side, Sequence[Rep]],
) -> tuple[Row, ...]:
    """A row a measure that at least one leg has."""
    rows: list[Row] = []
    for watched in test.watched:
        found = {side: _values(reps, watched) for side, reps in now.items()}
        legs = {
            side: Figure(values, _apart(values, _values(last.get(side, ()), watched), watched))
            for side, values in found.items()
            if values
        }
        if legs:
            right, left = found.get(Side.RIGHT, ()), found.get(Side.LEFT, ())
            rows.append(Row(watched, legs, _apart(right, left, watched)))
    return tuple(rows)


def counted_in(test: SelfTest, reps: Sequence[Rep]) -> int:
    """How many of a recording's repetitions count; no more than the test wants."""
    found = sum(value >= test.least for _, value in values_of(reps, test.counted))
    return min(found, test.repeats)


def to_json(test: SelfTest, rows: Sequence[Row], counted: Mapping[Side, int]) -> dict[str, Any]:
    """As `kneetrack selftest --json` prints it; unknown is null. `counted`: repetitions a leg."""
    return {
        "format": 1,
        "selftest": test.name,
        "exercise": test.exercise,
        "repeats": test.repeats,
        "counted": {side.word: count for side, count in counted.items()},
        "complete": all(count >= test.repeats for count in counted.values()),
        "measures": [
            {
                "name": row.watched.name,
                "legs": {
                    side.word: {
                        "values": [round(value, 4) for value in figure.values],
                        "mean": round(figure.mean, 4),
                        "best": round(figure.best, 4) if test.best else None,
                        "since_last": _difference_json(figure.since_last, "changed"),
                    }
                    for side, figure in row.legs.items()
                },
                "right_minus_left": _difference_json(row.sides, "told_apart"),
                "mdc_source": row.watched.source or None,
            }
            for row in rows
        ],
    }


def _difference_json(found: Difference | None, word: str) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "difference": round(found.value, 4),
        "mdc": None if found.mdc is None else round(found.mdc, 4),
        "verdict": word if found.told_apart else "not_distinguishable",
    }


def _values(reps: Sequence[Rep], watched: Watched) -> tuple[float, ...]:
    return tuple(value for _, value in values_of(reps, watched.name))


def _apart(one: Sequence[float], other: Sequence[float], watched: Watched) -> Difference | None:
    if not one or not other:
        return None
    return Difference(mean(one) - mean(other), _mdc(one, other, watched.mdc))


def _mdc(one: Sequence[float], other: Sequence[float], known: float | None) -> float | None:
    if min(len(one), len(other)) < 2:
        return None
    parts = [(variance(values) / len(values), len(values) - 1) for values in (one, other)]
    total = sum(part for part, _ in parts)
    if total <= 0.0:
        return known or 0.0
    freedom = total**2 / sum(part**2 / count for part, count in parts)
    scatter = float(_SCIPY.special.stdtrit(freedom, _LEVEL)) * math.sqrt(total)
    return max(known or 0.0, scatter)
