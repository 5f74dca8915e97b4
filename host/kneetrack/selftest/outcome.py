"""What a self-test amounts to: each leg's mean, one leg against the other, now against last time.

Two means are told apart where they differ by more than

    MDC = max(mdc, t sqrt(s1^2 / n1 + s2^2 / n2))

`mdc` the least detectable change of the literature, where there is one (`tests`), or what another
strapping makes of an absolute angle (insight.sides: 2.4 deg a side); s the scatter of
the repetitions about their mean and t Student's for 95 % at Welch and Satterthwaite's degrees of
freedom. That scatter knows nothing of how a test differs from day to day: where `mdc` is not known,
it tells one leg from the other of the same day, but no change since the last time. `trend` learns
that from five tests on. From one leg to the other the knee's way inward must differ by more than
the skin moves (insight.sides). With fewer than two repetitions a side nothing is told.

Only repetitions that count have a say: a hold of 10 s sways by something else than one of 20 s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, variance
from typing import Any

import scipy

from kneetrack.insight.sides import MOUNT_SEM_DEG, SKIN_SEM_CM
from kneetrack.insight.values import MOUNTED, value_of, values_of
from kneetrack.samples import Rep, Side
from kneetrack.selftest.tests import SelfTest, Watched

_LEVEL = 0.975
_MOUNT_MDC_DEG = 1.96 * math.sqrt(2.0) * MOUNT_SEM_DEG
_SKIN_MDC = {"medial_displacement_cm": 1.96 * math.sqrt(2.0) * SKIN_SEM_CM}
_SCIPY: Any = scipy  # its parts are imported when they are asked for: special takes a while


@dataclass(frozen=True, slots=True)
class Difference:
    """`value` of one minus the other's; told apart beyond `mdc` (None: that can't be told)."""

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
        found = {side: _values(test, reps, watched) for side, reps in now.items()}
        before = {side: _values(test, reps, watched) for side, reps in last.items()}
        legs = {
            side: Figure(values, _since(values, before.get(side, ()), watched))
            for side, values in found.items()
            if values
        }
        if legs:
            right, left = found.get(Side.RIGHT, ()), found.get(Side.LEFT, ())
            rows.append(
                Row(watched, legs, _apart(right, left, watched, _SKIN_MDC.get(watched.name)))
            )
    return tuple(rows)


def counting(test: SelfTest, reps: Sequence[Rep]) -> tuple[Rep, ...]:
    """Those of a recording's repetitions that reach what the test wants of one."""
    return tuple(rep for rep in reps if (value_of(rep, test.counted) or -math.inf) >= test.least)


def counted_in(test: SelfTest, reps: Sequence[Rep]) -> int:
    """How many of a recording's repetitions count; no more than the test wants."""
    return min(len(values_of(counting(test, reps), test.counted)), test.repeats)


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


def _values(test: SelfTest, reps: Sequence[Rep], watched: Watched) -> tuple[float, ...]:
    return tuple(value for _, value in values_of(counting(test, reps), watched.name))


def _apart(
    one: Sequence[float], other: Sequence[float], watched: Watched, skin: float | None = None
) -> Difference | None:
    if not one or not other:
        return None
    return Difference(mean(one) - mean(other), _mdc(one, other, least_of(watched) or skin))


def _since(now: Sequence[float], last: Sequence[float], watched: Watched) -> Difference | None:
    found = _apart(now, last, watched)
    if found is None or least_of(watched) is not None:
        return found
    return Difference(found.value, None)


def least_of(watched: Watched) -> float | None:
    """What two tests must lie apart at least; None where only their repetitions can say."""
    if watched.mdc is None and watched.name in MOUNTED:
        return _MOUNT_MDC_DEG
    return watched.mdc


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
