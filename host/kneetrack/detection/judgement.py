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
from dataclasses import dataclass

import numpy as np

from kneecore.excursion import FROM_DEG, threshold_deg
from kneetrack.detection import criteria
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


def compare(rep: Measured, reference: Reference, shift: Shift | None) -> Excursion:
    """The excursion of a rep against the reference, total and without the set's shift."""
    flexion = rep.flexion_deg
    outside = bool((flexion > reference.deepest_deg).any())
    inside = (flexion >= FROM_DEG) & (flexion <= reference.deepest_deg)
    if not inside.any():
        return Excursion(outside=outside)
    nan = np.where(inside, 0.0, np.nan)
    total = rep.valgus_deg - reference.valgus_at(flexion, rep.share_of_descent) + nan
    own = total if shift is None else total - shift.at(flexion)
    turned = rep.rotation_deg - reference.rotation_at(flexion, rep.share_of_descent) + nan
    peak = _largest(own)
    finding = criteria.find(own, reference.sem_deg, PERIOD_S)
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
    )


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
    values: Values,
    label: str | None = None,
) -> Rep:
    """The rep as it is told. `shift` None: nothing common is taken off; `label`: not judged."""
    excursion = Excursion() if reference is None else compare(rep, reference, shift)
    doubts = {
        Doubt.OUTSIDE_REFERENCE: excursion.outside,
        Doubt.GAP: rep.gap_s > 0.0,
        Doubt.SLIP: slipped,
        Doubt.SATURATION: rep.saturated,
        Doubt.SHALLOW: rep.peak_flexion_deg < criteria.SHALLOW_DEG,
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
        else criteria.with_doubts(excursion.verdict, held, rep.gap_s),
        doubt=tuple(doubt for doubt in doubts if doubt in held),
        measures=values,
        label=label,
    )
