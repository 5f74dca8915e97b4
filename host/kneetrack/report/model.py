"""What a report says, as values: no HTML, no drawing.

A rep is put on a common axis of 0 to 100 % of its time, so that reps of different tempo can be
averaged. The band they are compared with is what the reference would have shown at the same
flexion: its curve, down to the deepest point and up after it, looked up along the mean flexion of
the reps. So a band is only drawn where the reference has a value (20 deg of flexion and deeper).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kneecore import __version__, wire
from kneecore.excursion import FROM_DEG, threshold_deg
from kneetrack.analysis import analyse, knee_samples_of
from kneetrack.detection import LegResult, Reference
from kneetrack.report import notice, words
from kneetrack.samples import Gap, KneeSample, Rep, RepSet, Side

Floats: TypeAlias = NDArray[np.float64]

PERCENT: Floats = np.linspace(0.0, 100.0, 101)
_SOURCES = {
    "given": "kept with the calibration",
    "reference": "reference reps of this recording",
    "functional": "the squats of the calibration",
    "first_three": "the first three reps of the set",
    "kept": "kept from an earlier calibration of the same strapping",
}


@dataclass(frozen=True, slots=True)
class Series:
    """One leg's angles over time; all arrays are of shape (n,), time ascending."""

    time_s: Floats
    flexion_deg: Floats
    valgus_deg: Floats
    valgus_sigma_deg: Floats


@dataclass(frozen=True, slots=True)
class MeanRep:
    """Mean and standard deviation of reps over PERCENT, all of shape (101,)."""

    count: int
    flexion_deg: Floats
    flexion_sd_deg: Floats
    valgus_deg: Floats
    valgus_sd_deg: Floats
    reference_deg: Floats | None  # NaN where the reference has no value


@dataclass(frozen=True, slots=True)
class LegReport:
    side: Side
    exercise: str
    facts: tuple[tuple[str, str], ...]  # name and value, for the head
    reps: tuple[Rep, ...]
    sets: tuple[RepSet, ...]
    gaps: tuple[Gap, ...]
    series: Series
    mean: MeanRep | None
    limit_deg: float  # own excursions within it are in range
    conclusion: str


@dataclass(frozen=True, slots=True)
class SessionReport:
    title: str
    facts: tuple[tuple[str, str], ...]
    legs: tuple[LegReport, ...]
    warnings: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict[str, str])


def session_report(source: Path, *, side: Side | None = None) -> SessionReport:
    """The report of a log or a trace: analysed, and its angles read once more for the figures."""
    result = analyse(source, side=side)
    legs = tuple(
        leg_report(
            leg.result,
            series_of(knee_samples_of(source, side=leg.result.side)),
            "none" if leg.calibration is None else leg.calibration.grade,
        )
        for leg in result.legs
    )
    about = result.session
    names = ", ".join(f"{leg.side.word} leg, {leg.exercise}" for leg in legs)
    facts = [
        ("Athlete", str(about.get("athlete") or "not given")),
        ("Recorded", _instant(about.get("started_at"))),
        ("Load", f"{about['load_kg']:g} kg" if about.get("load_kg") else "not given"),
        ("Source", source.name + (" (simulated)" if about.get("simulated") else "")),
    ]
    before: dict[str, str] = about.get("before") or {}
    if before:
        facts.append(("Before the session", notice.told(before)))
    tags: dict[str, str] = about.get("tags") or {}
    facts += list(tags.items())
    recorder: dict[str, str] = about.get("versions") or {}
    versions = {"kneetrack": __version__}
    if "kneetrack" in recorder:
        versions["recorded with kneetrack"] = recorder["kneetrack"]
    return SessionReport(
        title=f"KneeTrack: {names}",
        facts=tuple(facts),
        legs=legs,
        warnings=result.warnings,
        versions=versions,
    )


def _instant(value: object) -> str:
    """`2026-11-22 10:15:00 UTC` from ISO 8601."""
    if not isinstance(value, str):
        return "not known"
    return value.replace("T", " ", 1).replace("+00:00", " UTC")


def series_of(samples: Iterable[KneeSample]) -> Series:
    """The samples' angles as arrays; those without an alignment are left out."""
    numbers = array("d")
    for sample in samples:
        if not sample.flags & wire.FLAG_UNALIGNED:
            numbers.extend(
                (sample.time_s, sample.flexion_deg, sample.valgus_deg, sample.valgus_sigma_deg)
            )
    rows: Floats = np.array(numbers, dtype=np.float64).reshape(-1, 4)
    return Series(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3])


def leg_report(result: LegResult, series: Series, grade: str) -> LegReport:
    """The report of one leg; `grade` is its calibration's, `A` to `C` or `none`."""
    reference = result.reference
    facts = [
        ("Calibration", _calibration(grade)),
        ("Reference", _reference(reference)),
        ("Reps", _counts(result.reps)),
    ]
    judged = [rep for rep in result.reps if not rep.is_reference]
    return LegReport(
        side=result.side,
        exercise=words.exercise(result.exercise),
        facts=tuple(facts),
        reps=result.reps,
        sets=result.sets,
        gaps=result.gaps,
        series=series,
        mean=mean_rep(judged, series, reference),
        limit_deg=threshold_deg(0.0 if reference is None else reference.sem_deg),
        conclusion=conclusion(result.reps),
    )


def conclusion(reps: Sequence[Rep]) -> str:
    """One sentence for the head: how many reps were in range, how many were not."""
    judged = [r for r in reps if r.verdict is not None]
    if not judged:
        return "No rep was compared with a reference."
    parts = [
        f"{count} {phrase}"
        for verdict, phrase in words.VERDICTS.items()
        if (count := sum(r.verdict is verdict for r in judged))
    ]
    return f"Of {len(judged)} {'rep' if len(judged) == 1 else 'reps'}: {', '.join(parts)}."


def mean_rep(reps: Sequence[Rep], series: Series, reference: Reference | None) -> MeanRep | None:
    """Mean and scatter of the reps over 0 to 100 % of each; None where there is none."""
    flexion = [on_percent(series, series.flexion_deg, rep) for rep in reps]
    valgus = [on_percent(series, series.valgus_deg, rep) for rep in reps]
    whole = [
        (f, v) for f, v in zip(flexion, valgus, strict=True) if f is not None and v is not None
    ]
    if not whole:
        return None
    flexions = np.array([f for f, _ in whole])
    valguses = np.array([v for _, v in whole])
    mean_flexion: Floats = flexions.mean(axis=0)
    expected = None if reference is None else along_reference(mean_flexion, reference)
    return MeanRep(
        count=len(whole),
        flexion_deg=mean_flexion,
        flexion_sd_deg=flexions.std(axis=0),
        valgus_deg=valguses.mean(axis=0),
        valgus_sd_deg=valguses.std(axis=0),
        reference_deg=expected,
    )


def on_percent(series: Series, values: Floats, rep: Rep) -> Floats | None:
    """`values` over the rep at PERCENT of its time; None where fewer than two samples are in it."""
    inside = (series.time_s >= rep.start_s) & (series.time_s <= rep.end_s)
    if int(inside.sum()) < 2:
        return None
    at = rep.start_s + PERCENT / 100.0 * (rep.end_s - rep.start_s)
    return np.interp(at, series.time_s[inside], values[inside])


def along_reference(flexion_deg: Floats, reference: Reference) -> Floats:
    """The reference's valgus along one rep's flexion (n,), NaN where it has no value."""
    descending = np.arange(len(flexion_deg)) <= int(np.argmax(flexion_deg))
    expected = reference.valgus_at(flexion_deg, descending.astype(np.float64))
    covered = (flexion_deg >= FROM_DEG) & (flexion_deg <= reference.deepest_deg)
    return np.where(covered, expected, np.nan)


def _calibration(grade: str) -> str:
    if grade == "none":
        return "none: absolute angles mean little, only what changes within the recording does"
    return f"grade {grade}"


def _reference(reference: Reference | None) -> str:
    if reference is None:
        return "none: reps are described, not compared"
    source = _SOURCES.get(reference.source, reference.source)
    return f"{reference.reps} reps, {source}; one rep's standard error {reference.sem_deg:.1f}°"


def _counts(reps: Sequence[Rep]) -> str:
    references = sum(rep.is_reference for rep in reps)
    others = len(reps) - references
    return f"{others}" + (f", and {references} reference reps" if references else "")
