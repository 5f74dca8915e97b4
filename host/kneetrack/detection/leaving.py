"""Whether a person has gone from where the reps were done: so a set ends without being told.

Under a bar the feet stay where they are. Who is done walks back to the rack, or turns away; what
that leaves in the angles of one leg is

    a step      the knee bends for less than 1.4 s, and less than in any squat: what the rep finder
                rejects (kneecore.reps; biomechanics C5, walk-out and re-rack)
    a turn      thigh and shank have both turned about the vertical since the last rep, alike: a
                strap that slips turns only one of them

A single step may be a foot that is put right, so each sign has its own patience:

    since the last rep             the set is over
    STEPS_GONE steps               at once
    STEPS_AWAY steps, or more      AWAY_S after the last one, unless a rep has begun by then
    one step                       PUT_RIGHT_S after it, unless ...
    a turn of TURNED_DEG           at once
    neither                        SET_REST_S after the rep: who only breathes is still in the set

Steps taken by the other leg, and very small ones, are not seen; a walk-out has some of either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from kneecore.reps import Params
from kneetrack.detection import criteria
from kneetrack.samples import KneeSample, Quaternion

_LOOK_S = 0.25
_REPS = Params()
_HOLE = "a hole in the data"


def is_step(start_s: float, end_s: float, peak_deg: float, reason: str) -> bool:
    """Whether what the rep finder rejected, for this reason, was the swing of a step."""
    return (
        reason != _HOLE
        and end_s - start_s < _REPS.step_cycle_s
        and peak_deg < _REPS.step_flexion_deg
    )


def over_s(rep_end_s: float, steps_s: Sequence[float], turned_s: float) -> float:
    """When a set is over whose last rep so far ended at `rep_end_s`, by what was seen since."""
    since = [step_s for step_s in steps_s if step_s > rep_end_s]
    ends = [rep_end_s + criteria.SET_REST_S]
    if turned_s > rep_end_s:
        ends.append(turned_s)
    if len(since) >= criteria.STEPS_GONE:
        ends.append(since[criteria.STEPS_GONE - 1])
    elif len(since) >= criteria.STEPS_AWAY:
        ends.append(since[-1] + criteria.AWAY_S)
    elif since:
        ends.append(since[-1] + criteria.PUT_RIGHT_S)
    return min(ends)


class Turning:
    """How far the leg has turned about the vertical since the last rep."""

    def __init__(self) -> None:
        self._from: tuple[Quaternion, Quaternion] | None = None
        self._look_s = 0.0

    def begin(self, sample: KneeSample) -> None:
        """A rep ended at this sample."""
        self._from = sample.q_earth_thigh, sample.q_earth_shank
        self._look_s = sample.time_s + _LOOK_S

    def has_turned(self, sample: KneeSample) -> bool:
        """Whether it has, looked at now and then; told once."""
        if self._from is None or sample.time_s < self._look_s:
            return False
        self._look_s = sample.time_s + _LOOK_S
        thigh, shank = self._from
        turns = (
            _heading_deg(thigh, sample.q_earth_thigh),
            _heading_deg(shank, sample.q_earth_shank),
        )
        if min(turns) < criteria.TURNED_DEG and max(turns) > -criteria.TURNED_DEG:
            return False
        self._from = None
        return True


def _heading_deg(before: Quaternion, now: Quaternion) -> float:
    """How far a segment has turned about the vertical, in -180..180 deg (the twist about z)."""
    bw, bx, by, bz = before
    w, x, y, z = now
    # now * conj(before), its real and its vertical part
    real = w * bw + x * bx + y * by + z * bz
    vertical = -w * bz + z * bw - x * by + y * bx
    return math.degrees(math.remainder(2.0 * math.atan2(vertical, real), 2.0 * math.pi))
