"""A measured rep, a reference and a set's shift make a `Rep`: the numbers and the verdict.

The uncertainty of an own excursion (biomechanics B3, its matched form) adds in squares
    between two reps    inclination of both IMUs and heading since the last rest: REP_SIGMA_DEG;
                        soft tissue that never moves twice alike: its spread, by depth
    of the reference    the mean over its reps: the standard error of one over their root; more
                        where it was carried over from another calibration
    of the shift        what the set shares, at that flexion
What a fixed function of flexion adds is in none of them: the comparison takes it out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from kneecore.excursion import FROM_DEG, threshold_deg
from kneetrack.detection import verdicts
from kneetrack.detection.cut import PERIOD_S, Floats
from kneetrack.detection.measures import Measured
from kneetrack.detection.movements.movement import Values
from kneetrack.detection.reference import Reference, deep
from kneetrack.detection.shift import Shift, spread_before
from kneetrack.samples import Doubt, Phase, Rep, Verdict

REP_SIGMA_DEG = 0.6


@dataclass(frozen=True, slots=True)
class Excursion:
    """What a comparison with the reference gave; None where nothing could be compared."""

    total_deg: float | None = None
    own_deg: float | None = None
    own_sigma_deg: float | None = None
    flexion_at_peak_deg: float | None = None
    phase_at_peak: Phase | None = None
    rotation_deg: float | None = None
    time_over_threshold_s: float | None = None
    verdict: Verdict = Verdict.DOUBTFUL
    outside: bool = False
    values: Values = field(default_factory=dict[str, "float | None"])
    """What can be told with a reference only, by the names in `measure_table`."""


def compare(rep: Measured, reference: Reference, shift: Shift | None) -> Excursion:
    """The excursion of a rep against the reference, total and without the set's shift."""
    flexion = rep.flexion_deg
    outside = bool((flexion > reference.deepest_deg).any())
    inside = (flexion >= FROM_DEG) & (flexion <= reference.deepest_deg)
    if not inside.any():
        return Excursion(outside=outside, values=_against(rep, reference))
    nan = np.where(inside, 0.0, np.nan)
    total = rep.valgus_deg - reference.valgus_at(flexion, rep.share_of_descent) + nan
    own = total if shift is None else total - shift.at(flexion)
    turned = rep.rotation_deg - reference.rotation_at(flexion, rep.share_of_descent) + nan
    peak = _largest(own)
    finding = verdicts.find(own, reference.sem_deg, PERIOD_S)
    own_sigma_deg = _sigma(float(flexion[peak]), reference, shift)
    verdict = finding.verdict
    if verdict is Verdict.MOVED_OUTWARD and total[peak] > 0.0:
        verdict = Verdict.DOUBTFUL  # further out than the others, yet further in than the reference
    if own_sigma_deg > threshold_deg(reference.sem_deg):
        verdict = Verdict.DOUBTFUL  # nothing within the limits can be told from nothing
    return Excursion(
        total_deg=float(total[_largest(total)]),
        own_deg=float(own[peak]),
        own_sigma_deg=own_sigma_deg,
        flexion_at_peak_deg=float(flexion[peak]),
        phase_at_peak=rep.phase_at(float(rep.time_s[peak])),
        rotation_deg=float(turned[_largest(turned)]),
        time_over_threshold_s=finding.time_over_threshold_s,
        verdict=verdict,
        outside=outside,
        values={
            "area_over_threshold_deg_times_s": finding.area_deg_s,
            "clean_depth_deg": None
            if finding.began_inward is None
            else float(flexion[finding.began_inward]),
            "valgus_consistency_deg": _rms(total[inside]),
            "rotation_consistency_deg": _rms(turned[inside]),
            **_against(rep, reference),
        },
    )


def _against(rep: Measured, reference: Reference) -> dict[str, float | None]:
    """Its own measures against the reference reps' medians, where both are known."""
    usual = dict(reference.values)
    thigh, shaking = rep.values.get("thigh_rotation_deg"), rep.values.get("tremor_deg_s")
    usual_thigh, usual_shaking = usual.get("thigh_rotation_deg"), usual.get("tremor_deg_s")
    return {
        "thigh_rotation_excursion_deg": None
        if thigh is None or usual_thigh is None
        else thigh - usual_thigh,
        "tremor_ratio": shaking / usual_shaking if shaking is not None and usual_shaking else None,
    }


def _rms(values: Floats) -> float:
    return math.sqrt(float(values @ values) / len(values))


def _sigma(flexion_deg: float, reference: Reference, shift: Shift | None) -> float:
    """Standard uncertainty (deg) of an own excursion at this flexion."""
    spread = spread_before(reference) if shift is None else shift.spread_deg
    tissue = spread * float(deep(np.array(flexion_deg)))
    common = 0.0 if shift is None else shift.sigma_at(flexion_deg)
    return math.hypot(REP_SIGMA_DEG, tissue, reference.sigma_deg, common)


def _largest(values: Floats) -> int:
    return int(np.nanargmax(np.abs(values)))


def describe(
    rep: Measured,
    *,
    index: int,
    set_index: int,
    is_reference: bool,
    reference: Reference | None,
    shift: Shift | None,
    slipped: bool,
    provisional: bool,
    label: str | None = None,
) -> Rep:
    """The rep as it is told. `shift` None: nothing common is taken off; `label`: not judged."""
    excursion = Excursion() if reference is None else compare(rep, reference, shift)
    doubts = {
        Doubt.OUTSIDE_REFERENCE: excursion.outside,
        Doubt.GAP: rep.gap_s > 0.0,
        Doubt.SLIP: slipped,
        Doubt.SATURATION: rep.saturated,
        Doubt.SHALLOW: rep.is_shallow,
        Doubt.PROVISIONAL: provisional,
        Doubt.NO_REFERENCE: reference is None and not is_reference and label is None,
    }
    held = frozenset(doubt for doubt, holds in doubts.items() if holds)
    return Rep(
        index=index,
        set=set_index,
        is_reference=is_reference,
        start_s=rep.start_s,
        end_s=rep.end_s,
        peak_flexion_deg=rep.peak_flexion_deg,
        valgus_excursion_deg=excursion.total_deg,
        own_excursion_deg=excursion.own_deg,
        own_excursion_sigma_deg=excursion.own_sigma_deg,
        peak_valgus_deg=rep.peak_valgus_deg,
        flexion_at_peak_deg=excursion.flexion_at_peak_deg,
        phase_at_peak=excursion.phase_at_peak,
        time_over_threshold_s=excursion.time_over_threshold_s,
        rotation_excursion_deg=excursion.rotation_deg,
        medial_displacement_cm=rep.medial_displacement_cm,
        descent_s=rep.descent_s,
        bottom_s=rep.at_bottom_s,
        ascent_s=rep.ascent_s,
        verdict=None
        if is_reference or label is not None
        else verdicts.with_doubts(excursion.verdict, held, rep.gap_s),
        doubt=tuple(doubt for doubt in doubts if doubt in held),
        measures={**rep.values, **excursion.values},
        label=label,
    )
