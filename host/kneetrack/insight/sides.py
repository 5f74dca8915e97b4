"""Right against left: a difference in the value's own unit, and what must be reached to tell one.

Angles have no natural zero, so their ratio means nothing near it; they are compared by difference
(biomechanics C6). Right minus left, of the means over the reps that have a say, is told apart from
none where it is larger than

    MDC = t * sqrt(V_right + V_left)
    V   = s^2 / n          the reps' own scatter about their mean
        + sigma_ref^2      of what is compared with the reference: the reference's own uncertainty
        + SEM_tissue^2     of the whole excursion: soft tissue that moves more, or less, than in the
                           reference reps, as it does under load: 1.5 deg, the middle of what a
                           simulation gives (1.1 to 1.9 deg: biomechanics 0, 5). In the depth, which
                           no reference takes it from, all of it: 3 deg at 90 deg of flexion
                           (METHOD D), at 105 deg and 1.3 times as much under load, on both sensors.
                           In the knee's way inward 8 mm, the most that the skin of a shank moved
                           over the bone in a bend on one leg [Lahkar]: 2 % of a shank of 40 cm
        + SEM_mount^2      of absolute angles (values.MOUNTED): how far they lie apart from one
                           strapping to the next, 2.4 deg (C3), for each leg's sensors sit as they
                           sit; 1.7 deg in the lunge test, whose MDC is published (A, row 13). Not
                           of sways, ranges and speeds: there the zero cancels

with Student's t for 95 % at the degrees of freedom that Welch and Satterthwaite give these (1.96
for many reps: MDC95 of C3). No fixed percentage is a limit: the usual 15 % lacks support [Bishop].

A percentage is given beside it where a ratio means something, for times, speeds and the range of
motion (Bishop et al., Strength Cond J 40:1, 2018; formulas as remembered)

    both legs at once       100 (R - L) / (R + L)         bilateral asymmetry index
    one leg after another   100 (R - L) / max(R, L)       percentage difference, its sign the side's
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from kneetrack.detection import LegResult, Reference
from kneetrack.detection.movements import movement_of
from kneetrack.insight.values import COMPARED, DEPTH, MOUNTED, NAMES, TOTAL, described, values_of
from kneetrack.samples import Rep, Side

LEAST_REPS = 3  # on each side
MOUNT_SEM_DEG = 2.4
_MOUNT_SEM_OF = {"shank_inclination_deg": 4.7 / (1.96 * math.sqrt(2.0))}  # [Powden]: MDC 4.7 deg
_TISSUE_SEM_OF = {
    TOTAL: 1.5,
    "rotation_excursion_deg": 1.5,
    DEPTH: 3.0 * (105.0 / 90.0) * 1.3 * math.hypot(1.0, 0.4),
}
SKIN_SEM_CM = 0.8
SKIN_SEM_PERCENT = 2.0
_LEVEL = 0.975
_SCIPY: Any = scipy  # its parts are imported when they are asked for: special takes a while
_RATIO_UNITS = frozenset({"s", "°/s", "m/s"})


@dataclass(frozen=True, slots=True)
class SideDifference:
    """Right minus left, of one value by its name in `values.NAMES`."""

    name: str
    right: float
    left: float
    mdc: float
    reps: tuple[int, int]
    """How many on the right, on the left."""
    percent: float | None
    """Right more +; only where a ratio means something."""

    @property
    def difference(self) -> float:
        return self.right - self.left

    @property
    def told_apart(self) -> bool:
        return abs(self.difference) > self.mdc

    @property
    def more(self) -> Side | None:
        """The side that has more, where that can be told."""
        if not self.told_apart:
            return None
        return Side.RIGHT if self.difference > 0.0 else Side.LEFT


def compare_sides(
    right: Sequence[Rep],
    left: Sequence[Rep],
    name: str,
    *,
    references: tuple[Reference | None, Reference | None] = (None, None),
    one_leg: bool = False,
) -> SideDifference | None:
    """One value of both legs' reps; None with fewer than three reps a side.

    `references` are those that right and left were compared with.
    """
    values = [[value for _, value in values_of(reps, name)] for reps in (right, left)]
    if min(map(len, values)) < LEAST_REPS:
        return None
    parts: list[tuple[float, float]] = []  # variance, its degrees of freedom
    for found, reference in zip(values, references, strict=True):
        parts.append((float(np.var(found, ddof=1)) / len(found), len(found) - 1.0))
        if name in COMPARED and described(name).unit == "°" and reference is not None:
            parts.append((reference.sigma_deg**2, max(1.0, reference.weight - 1.0)))
        if tissue := _tissue_sem(name):
            parts.append((tissue**2, math.inf))
        if name in MOUNTED:
            parts.append((_MOUNT_SEM_OF.get(name, MOUNT_SEM_DEG) ** 2, math.inf))
    a, b = float(np.mean(values[0])), float(np.mean(values[1]))
    return SideDifference(
        name=name,
        right=a,
        left=b,
        mdc=_told_apart(parts),
        reps=(len(values[0]), len(values[1])),
        percent=_percent(a, b, one_leg) if is_ratio(name) else None,
    )


def sides(legs: Mapping[Side, LegResult]) -> tuple[SideDifference, ...]:
    """Every value that both legs of a session (or two tests in turn) have; empty for one leg."""
    right, left = legs.get(Side.RIGHT), legs.get(Side.LEFT)
    if right is None or left is None or right.exercise != left.exercise:
        return ()
    found = (
        compare_sides(
            _in_sets(right),
            _in_sets(left),
            name,
            references=(right.reference, left.reference),
            one_leg=movement_of(right.exercise).one_leg,
        )
        for name in NAMES
    )
    return tuple(one for one in found if one is not None)


def _tissue_sem(name: str) -> float:
    if name.startswith(("knee_in_", "medial_displacement")):
        return SKIN_SEM_PERCENT if described(name).unit == "%" else SKIN_SEM_CM
    return _TISSUE_SEM_OF.get(name, 0.0)


def is_ratio(name: str) -> bool:
    """Whether a percentage of that value means something: it has a natural zero."""
    return name == DEPTH or described(name).unit in _RATIO_UNITS


def _in_sets(leg: LegResult) -> list[Rep]:
    known = {one.index for one in leg.sets}
    return [rep for rep in leg.reps if rep.set in known]


def _told_apart(parts: Sequence[tuple[float, float]]) -> float:
    """The least difference that is told apart, of independent variances."""
    total = sum(part for part, _ in parts)
    if total <= 0.0:
        return 0.0
    doubt = sum(part**2 / freedom for part, freedom in parts)
    freedom = total**2 / doubt if doubt > 0.0 else math.inf
    return float(_SCIPY.special.stdtrit(freedom, _LEVEL)) * math.sqrt(total)


def _percent(right: float, left: float, one_leg: bool) -> float | None:
    if right <= 0.0 or left <= 0.0:
        return None
    return 100.0 * (right - left) / (max(right, left) if one_leg else right + left)
