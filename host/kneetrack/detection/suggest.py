"""Which movement a recording looks like, from its reps and from what was not counted as one.

It is a suggestion in words; a person says what it was (`kneetrack edit LOG --exercise NAME`).

    short bends, one a stride, evenly           walk; run where the stride is short
    few of them, very quick or deep             drop_jump
    no bend for long                            balance
    the shank leans more than the thigh         lunge_test
    thigh level over an upright shank           sit_to_stand; lunge where the foot swings between
                                                the reps; step_up where the bend is the quick half
    shallow                                     single_leg_squat
    all other reps                              squat

What the knee, the thigh and the shank of one leg can't tell apart is named with it (`alike`): a
squat and a machine's, a single-leg squat, a step-down and a shallow squat, a seat and a split
squat.

The limits are rows of `criteria`; tools/bench_movements measures how often it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from kneecore.reps import Params
from kneetrack.detection import criteria
from kneetrack.detection.analyzer import LegResult
from kneetrack.detection.movements import ByReps, movement_of
from kneetrack.detection.movements.sit_to_stand import HALVES
from kneetrack.samples import Rejected, Rep

_LEAST_REPS = 2
_BY_REPS = {"squat", "single_leg_squat", "step_down", "step_up", "lunge", "sit_to_stand"}
_NO_BENDS = {*HALVES, "a hole in the data"}
_LONGEST_STEP_S = 1.2 * Params().step_cycle_s


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What it looks like, why (a phrase), and what looks the same to one leg's sensors."""

    exercise: str
    why: str
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """Medians over the reps; tilts are None without an alignment."""

    reps: Sequence[Rep]
    short: Sequence[Rejected]  # bends that are no reps, in order of time
    flexion_deg: float
    tilt_deg: float | None
    lean_deg: float | None  # of the shank, at the deepest point
    bending_rate_deg_s: float
    straightening_rate_deg_s: float
    span_s: float


def suggest(result: LegResult) -> Suggestion | None:
    """What the recording looks like; None where nothing is to be said of it.

    That is where it was described rather than searched for reps, where too little was found, and
    where it looks like what the person said it is.
    """
    if not isinstance(movement_of(result.exercise).how, ByReps):
        return None
    seen = _seen(result)
    found = next((one for rule in _RULES if (one := rule(seen)) is not None), None)
    if found is None or result.exercise in (found.exercise, *found.alike):
        return None
    known = result.exercise != "unknown"
    if known and found.exercise in _BY_REPS:
        return None  # all of these are found and compared alike: the person knows better
    return found


def looks_like(result: LegResult) -> Suggestion | None:
    """The same, whatever the person said it is."""
    seen = _seen(result)
    return next((one for rule in _RULES if (one := rule(seen)) is not None), None)


def _seen(result: LegResult) -> _Seen:
    reps = [rep for rep in result.reps if rep.label is None]
    tilts = [tilt for rep in reps if (tilt := rep.measures.get("thigh_tilt_deg")) is not None]
    flexion_deg = _median([rep.peak_flexion_deg for rep in reps])
    tilt_deg = median(tilts) if tilts else None
    return _Seen(
        reps=reps,
        short=[
            one
            for one in result.rejected
            if one.end_s - one.start_s < _LONGEST_STEP_S and one.reason not in _NO_BENDS
        ],
        flexion_deg=flexion_deg,
        tilt_deg=tilt_deg,
        lean_deg=None if tilt_deg is None else flexion_deg - tilt_deg,
        bending_rate_deg_s=_median([rep.measures.get("descent_rate_deg_s") for rep in reps]),
        straightening_rate_deg_s=_median([rep.measures.get("ascent_rate_deg_s") for rep in reps]),
        span_s=sum(max(0.0, min(one.end_s, result.last_s) - one.start_s) for one in result.sets),
    )


def _median(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return median(known) if known else 0.0


# --- the rules, in order of how much they exclude ---------------------------------------------


def _gait(seen: _Seen) -> Suggestion | None:
    starts_s = [one.start_s for one in seen.short]
    if len(starts_s) < max(criteria.GAIT_BENDS, 3 * len(seen.reps)):
        return None
    periods_s = [after - before for before, after in pairwise(starts_s)]
    period_s = median(periods_s)
    spread_s = median(abs(one - period_s) for one in periods_s)
    if spread_s > criteria.GAIT_EVEN * period_s or period_s > criteria.WALK_PERIOD_S:
        return None
    name = "run" if period_s < criteria.RUN_PERIOD_S else "walk"
    return Suggestion(name, f"{len(starts_s)} short bends of the knee, one every {period_s:.1f} s")


def _landing(seen: _Seen) -> Suggestion | None:
    at_s = [
        rep.start_s
        for rep in seen.reps
        if (rep.measures.get("descent_rate_deg_s") or 0.0) >= criteria.LANDING_RATE_DEG_S
    ]
    at_s += [one.start_s for one in seen.short if one.peak_flexion_deg >= criteria.LANDING_DEG]
    at_s.sort()
    if not at_s or len(at_s) * 3 < len(seen.reps):
        return None
    apart_s = [after - before for before, after in pairwise(at_s)]
    if apart_s and median(apart_s) < criteria.LANDING_EVERY_S:
        return None
    times = "once" if len(at_s) == 1 else f"{len(at_s)} times"
    return Suggestion("drop_jump", f"the knee bends {times} as fast as in a landing")


def _stance(seen: _Seen) -> Suggestion | None:
    if seen.reps or seen.short or seen.span_s < criteria.STILL_S:
        return None
    return Suggestion("balance", f"the knee hardly bends in {seen.span_s:.0f} s", ("standing",))


def _lunge_test(seen: _Seen) -> Suggestion | None:
    tilt_deg, lean_deg = seen.tilt_deg, seen.lean_deg
    if len(seen.reps) < _LEAST_REPS or tilt_deg is None or lean_deg is None:
        return None
    if lean_deg <= tilt_deg:
        return None
    return Suggestion(
        "lunge_test",
        f"the shank leans by {lean_deg:.0f}°, more than the thigh ({tilt_deg:.0f}°)",
    )


def _seat(seen: _Seen) -> Suggestion | None:
    tilt_deg, lean_deg = seen.tilt_deg, seen.lean_deg
    if len(seen.reps) < _LEAST_REPS or tilt_deg is None or lean_deg is None:
        return None
    level = criteria.LEVEL_DEG <= tilt_deg <= criteria.OVER_LEVEL_DEG
    if not level or lean_deg > criteria.UPRIGHT_DEG:
        return None
    why = "the thigh comes level while the shank stays upright"
    if seen.bending_rate_deg_s > criteria.LIFTED * seen.straightening_rate_deg_s:
        return Suggestion("step_up", f"{why}, and the knee bends quickly but straightens slowly")
    if len(seen.short) >= criteria.SWINGS * len(seen.reps):
        return Suggestion("lunge", f"{why}, and the foot swings between the reps")
    return Suggestion("sit_to_stand", why, ("split squat",))


def _shallow(seen: _Seen) -> Suggestion | None:
    if len(seen.reps) < _LEAST_REPS or seen.flexion_deg > criteria.SHALLOW_UNTIL_DEG:
        return None
    return Suggestion(
        "single_leg_squat",
        f"the knee bends by {seen.flexion_deg:.0f}° only",
        ("step_down", "shallow squat"),
    )


def _squat(seen: _Seen) -> Suggestion | None:
    if len(seen.reps) < _LEAST_REPS:
        return None
    return Suggestion(
        "squat", f"the knee bends by {seen.flexion_deg:.0f}° and back", ("machine squat",)
    )


_RULES: tuple[Callable[[_Seen], Suggestion | None], ...] = (
    _gait,
    _landing,
    _stance,
    _lunge_test,
    _seat,
    _shallow,
    _squat,
)
