"""How far a person's references lie apart from one session to another, and what is told apart.

Two references are compared at equal flexion, on the way down and on the way up, over the flexion
that both cover. Their difference is told by its largest size (smoothed over 10 deg) with its sign:
inward is positive. What is compared are the curves as the squats' own axis showed them: the
crosstalk refinement takes off whatever goes along with flexion, and with it most of a knee that
came inward in these very squats (`as_found`).

From the sessions kept of one person (biomechanics C3)

    SEM     standard deviation of the differences between sessions / sqrt 2
    MDC95   1.96 sqrt 2 SEM: a difference that chance alone exceeds in one of twenty pairs

All pairs of n sessions count, which tell as much as n - 1 sessions. Few sessions tell little: the
deviation of three may be half or four times what it should be. So what is known before is averaged
in, in squares, as if PRIOR_SESSIONS sessions had told it; with fewer than three sessions it is all
there is, but never less than the references' own scatter makes. PRIOR_SEM_DEG lies between what a
simulation gives for these curves, whose skin and straps are tamer than real ones (1.2 deg:
tools/bench_reliability), and what raw valgus has from one strapping to the next (2.4 deg: C3).

New squats are compared with the `usual` reference of n sessions, their median at each flexion. That
has an error of its own, so what is told apart from it is 1.96 sqrt(1 + 1/n) SEM: MDC95 for n = 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kneecore.excursion import FROM_DEG, STEP_DEG
from kneetrack.detection.cut import Floats
from kneetrack.detection.reference import CURVES, Reference

LEAST_SESSIONS = 3
PRIOR_SEM_DEG = 1.3
PRIOR_SESSIONS = 2.0
_SMOOTH_BINS = 5
_LEAST_BINS = 10
_OF_NORMAL = 1.96  # 95 % of a normal distribution


@dataclass(frozen=True, slots=True)
class Difference:
    """One reference minus another, deg: inward positive."""

    largest_deg: float
    at_flexion_deg: float
    rms_deg: float
    deepest_deg: float  # to which both go


@dataclass(frozen=True, slots=True)
class Between:
    """How references differ from session to session; `sessions` 0 to 2: known before only."""

    sem_deg: float
    sessions: int

    @property
    def mdc95_deg(self) -> float:
        return self.told_apart_deg(1)

    def told_apart_deg(self, sessions: int) -> float:
        """The least difference of new squats from the usual ones of so many sessions."""
        return _OF_NORMAL * math.sqrt(1.0 + 1.0 / sessions) * self.sem_deg

    @property
    def learned(self) -> bool:
        """Whether the person's own sessions have a say in it."""
        return self.sessions >= LEAST_SESSIONS


def as_found(reference: Reference, crosstalk_deg: float | None, side: int) -> Reference:
    """The reference before its axis was refined by `crosstalk_deg` (None: it was not)."""
    depth = np.sin(np.radians(FROM_DEG + STEP_DEG * np.arange(len(reference.valgus_down_deg))))
    taken_off = side * (crosstalk_deg or 0.0) * depth
    return replace(
        reference,
        valgus_down_deg=tuple((reference.valgus_down_deg - taken_off).tolist()),
        valgus_up_deg=tuple((reference.valgus_up_deg - taken_off).tolist()),
    )


def compare(new: Reference, usual: Reference) -> Difference | None:
    """`new` minus `usual`; None where they have less than 20 deg of flexion in common."""
    a, b = _rows(new), _rows(usual)
    bins = min(a.shape[1], b.shape[1])
    if bins < _LEAST_BINS:
        return None
    off = a[:, :bins] - b[:, :bins]
    kernel = np.ones(_SMOOTH_BINS) / _SMOOTH_BINS
    smooth = np.stack([np.convolve(row, kernel, mode="valid") for row in off])
    at = np.unravel_index(int(np.abs(smooth).argmax()), smooth.shape)
    middle = int(at[1]) + _SMOOTH_BINS // 2
    return Difference(
        largest_deg=float(smooth[at]),
        at_flexion_deg=FROM_DEG + STEP_DEG * middle,
        rms_deg=math.sqrt(float((off**2).mean())),
        deepest_deg=FROM_DEG + STEP_DEG * (bins - 1),
    )


def between_sessions(references: Sequence[Reference]) -> Between:
    """What the references of one person, exercise and leg, one a session, tell of the next."""
    own = [reference.sem_deg / math.sqrt(reference.weight) for reference in references]
    prior = max([PRIOR_SEM_DEG, *own])
    if len(references) < LEAST_SESSIONS:
        return Between(prior, len(references))
    pairs = [
        difference.largest_deg
        for at, one in enumerate(references)
        for other in references[:at]
        if (difference := compare(one, other)) is not None
    ]
    if not pairs:
        return Between(prior, 0)
    freedom = len(references) - 1
    seen = sum(off**2 for off in pairs) / len(pairs) / 2.0
    square = (PRIOR_SESSIONS * prior**2 + freedom * seen) / (PRIOR_SESSIONS + freedom)
    return Between(math.sqrt(square), len(references))


def usual(references: Sequence[Reference]) -> Reference:
    """The median of some sessions' references, as deep as half of them went. ValueError for none.

    Its scatter is the sessions' own, in the mean of squares; all else is the last one's.
    """
    if not references:
        raise ValueError("no references to take the usual one of")
    depths = sorted(len(one.valgus_down_deg) for one in references)
    bins = depths[(len(depths) - 1) // 2]
    curves: dict[str, tuple[float, ...]] = {}
    for name in CURVES:
        rows = np.full((len(references), bins), np.nan)
        for row, one in zip(rows, references, strict=True):
            values = getattr(one, name)[:bins]
            row[: len(values)] = values
        curves[name] = tuple(np.nanmedian(rows, axis=0).tolist())
    square = sum(one.sem_deg**2 for one in references) / len(references)
    return replace(references[-1], **curves, sem_deg=math.sqrt(square))


def _rows(reference: Reference) -> Floats:
    return np.array([reference.valgus_down_deg, reference.valgus_up_deg])
