"""What a person's kept references are good for when the leg is calibrated anew.

    today's squats    serve, whenever there are some: they were measured with today's strap and
                      axes, so whatever these do is in them too and cancels (biomechanics B10). In
                      simulation (tools/bench_reliability) total excursions are off by 1.2 deg
                      against the day's own reference and by 1.9 against another day's. The kept
                      ones are what today's are compared with: squats in which the knee already
                      comes inward make a reference that hides just that, and nothing else in the
                      data could tell.
    none today        (leg swings) the last kept reference serves if the strap sits as it did then
                      (analysis.strapping), carried over to today's frames; after strapping on anew
                      there is nothing to test it with, and it does not.

All sentences are for the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kneetrack.analysis.strapping import Mounting, moved, sitting
from kneetrack.analysis.trace import reference_of
from kneetrack.calibration.references import USUAL_SHANK_SIGMA_DEG, KeptReference
from kneetrack.calibration.store import CalibrationFile
from kneetrack.detection import Reference
from kneetrack.detection.reliability import (
    Between,
    Difference,
    as_found,
    between_sessions,
    compare,
    usual,
)

SOURCE = "kept"
CARRIED_DEG = 1.0
"""How well a reference fits that was carried over to another calibration of the same strapping."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The calibration with the reference to use, if any, and what there is to say of it.

    `warnings` are worth a mark, `remarks` are not; `difference` is today's minus the usual ones.
    """

    made: CalibrationFile
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    difference: Difference | None = None
    between: Between | None = None


def choose(made: CalibrationFile, kept: Sequence[KeptReference]) -> Chosen:
    """What `made`, just made and dated, shall be used with, given what is kept of that leg.

    Raises CalibrationError where its own reference is damaged; a kept one that is, is passed over.
    """
    earlier = [(one, reference) for one in kept if (reference := _read(one)) is not None]
    own = reference_of(made)
    if own is None:
        return _without_squats(made, earlier)
    mine = made.calibration
    others = [
        as_found(reference, one.crosstalk_deg, mine.side)
        for one, reference in earlier
        if (one.calibration_id, one.utc) != (mine.calibration_id, made.created_utc)
    ]
    return _with_squats(made, own, others)


def _with_squats(made: CalibrationFile, own: Reference, others: list[Reference]) -> Chosen:
    found = as_found(own, made.crosstalk_deg, int(made.side))
    between = between_sessions([*others, found])
    dated = replace(own, sem_between_deg=between.sem_deg if between.learned else None)
    made = replace(made, reference=dated.to_json())
    difference = compare(found, usual(others)) if others else None
    if difference is None:
        return Chosen(made, between=between)
    limit_deg = between_sessions(others).told_apart_deg(len(others))
    off_deg = difference.largest_deg
    times = "session" if len(others) == 1 else f"{len(others)} sessions"
    if abs(off_deg) < limit_deg:
        agree = (
            f"Your reference squats agree with those of your last {times}: within "
            f"{abs(off_deg):.1f}° at equal flexion, where {limit_deg:.1f}° or more is told "
            "apart."
        )
        return Chosen(made, remarks=(agree,), difference=difference, between=between)
    where = "in" if off_deg > 0.0 else "out"
    differ = (
        f"Your reference squats lie {abs(off_deg):.1f}° further {where} than your usual ones, "
        f"at {difference.at_flexion_deg:.0f}° of flexion (a difference of {limit_deg:.1f}° "
        "or more is told apart): the strap or you, it can't be told. Today's serve as the "
        "reference."
    )
    return Chosen(made, warnings=(differ,), difference=difference, between=between)


def _without_squats(
    made: CalibrationFile, earlier: list[tuple[KeptReference, Reference]]
) -> Chosen:
    if not earlier:
        return Chosen(made)
    now = mounting_of(made)
    for one, reference in reversed(earlier):
        then = _mounting(one)
        sits = sitting(now, then)
        if not sits.as_before:
            continue
        serving = replace(reference, source=SOURCE)
        how = ""
        if not sits.same_calibration:
            serving = moved(serving, int(made.side), now, then)
            serving = replace(serving, carried_deg=CARRIED_DEG)
            how = ", carried over to this calibration"
        said = f"Your reference squats of {_when(one)} serve{how}: the strap sits as it did then."
        return Chosen(replace(made, reference=serving.to_json()), remarks=(said,))
    last, _ = earlier[-1]
    return Chosen(
        made,
        remarks=(
            f"Your reference squats of {_when(last)} don't serve: the strap was put on anew since, "
            "and without squats there is nothing to test them with. Do three reference reps "
            "before the set, or a set of six.",
        ),
    )


def mounting_of(made: CalibrationFile) -> Mounting:
    """How the sensors sit by a dated calibration."""
    held, shank = made.calibration, made.shank_axis_sigma_deg
    return Mounting(
        held.q_thigh_sensor,
        held.q_shank_sensor,
        made.axis_sigma_deg,
        USUAL_SHANK_SIGMA_DEG if shank is None else shank,
        held.calibration_id,
        made.created_utc or "1970-01-01T00:00:00+00:00",
    )


def _mounting(one: KeptReference) -> Mounting:
    return Mounting(
        one.q_thigh_sensor,
        one.q_shank_sensor,
        one.axis_sigma_deg,
        one.shank_axis_sigma_deg,
        one.calibration_id,
        one.utc,
    )


def _read(one: KeptReference) -> Reference | None:
    try:
        return Reference.from_json(one.reference)
    except ValueError:
        return None


def _when(one: KeptReference) -> str:
    return one.utc[:16].replace("T", " ") + " UTC"
