"""What was found in a recording as rows of the table: for every column its values, rep by rep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kneetrack.analysis import LegSession, SessionResult
from kneetrack.catalogue.entry import Session
from kneetrack.catalogue.reading import about
from kneetrack.cohort import columns
from kneetrack.insight.sets import tally
from kneetrack.insight.values import value_of
from kneetrack.samples import Rep, RepSet

Cells = dict[str, list[Any]]


def rows_of(result: SessionResult, source: str) -> tuple[Cells, dict[str, str]]:
    """The cells of the columns `columns.FIXED`, and the recording's tags.

    Legs in their order, each leg's reps in order of time.
    """
    told = about(result.source, None, result.session, result.warnings)
    cells: Cells = {column.name: [] for column in columns.FIXED}
    for leg in result.legs:
        same = _session(told, leg, source)
        sets = {one.index: one for one in leg.result.sets}
        for rep in leg.result.reps:
            for name, value in {**same, **_rep(rep, sets.get(rep.set))}.items():
                cells[name].append(value)
    return cells, dict(told.tags)


def _session(told: Session, leg: LegSession, source: str) -> dict[str, Any]:
    reference = leg.result.reference
    by = told.versions.get("kneetrack")
    return {
        "source": source,
        "athlete": told.athlete,
        "side": leg.result.side.word,
        "exercise": leg.result.exercise,
        "utc": told.started,
        "load_kg": told.load_kg,
        "rpe": told.rpe,
        "selftest": told.selftest,
        "pain": told.pain,
        "simulated": told.simulated,
        "calibration_grade": "none" if leg.calibration is None else leg.calibration.grade,
        "reference_source": None if reference is None else reference.source,
        "reference_reps": None if reference is None else reference.reps,
        "reference_sem_deg": None if reference is None else reference.sem_deg,
        "warning_count": len(told.warnings),
        "recorded_by": by if isinstance(by, str) else None,
    }


def _rep(rep: Rep, of: RepSet | None) -> Mapping[str, Any]:
    return {
        "set": rep.set,
        "set_shift_deg": None if of is None else of.shift_deg,
        "set_shift_sigma_deg": None if of is None else of.shift_sigma_deg,
        "set_verdict": None if of is None or of.verdict is None else of.verdict.value,
        "rep": rep.index,
        "is_reference": rep.is_reference,
        "is_judged": tally([rep]).judged == 1,
        "verdict": None if rep.verdict is None else rep.verdict.value,
        "doubt": [doubt.value for doubt in rep.doubt],
        "label": rep.label,
        "phase_at_peak": None if rep.phase_at_peak is None else rep.phase_at_peak.value,
        "start_s": rep.start_s,
        "end_s": rep.end_s,
        "own_excursion_sigma_deg": rep.own_excursion_sigma_deg,
        **{column.name: value_of(rep, column.name) for column in columns.VALUES},
    }
