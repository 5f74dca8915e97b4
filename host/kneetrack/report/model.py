"""What a report says, as values: no HTML, no drawing.

A leg is told in one of three ways, by its movement: reps compared with the person's reference at
equal flexion; strides, by what many of them have in common; anything else by its measures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from kneecore import __version__, wire
from kneecore.excursion import threshold_deg
from kneetrack.analysis import LegSession, SessionResult, analyse, knee_samples_of
from kneetrack.calibration.grounds import grounds
from kneetrack.calibration.store import CalibrationFile, gate_words
from kneetrack.detection import LegResult, Reference, suggest
from kneetrack.detection.movements import Movement, movement_of
from kneetrack.insight.session import LegSummary, summarise
from kneetrack.insight.sides import SideDifference
from kneetrack.insight.strides import Strides, are_strides, summarise_strides
from kneetrack.insight.values import TOTAL, has_a_say
from kneetrack.report import notice, words
from kneetrack.report.curves import (
    Floats,
    Matched,
    MeanCurves,
    Series,
    matched,
    mean_curves,
    series_of,
)
from kneetrack.report.history import History
from kneetrack.samples import Gap, Rep, RepSet, Side

Fact: TypeAlias = tuple[str, str]
__all__ = ["Floats", "LegReport", "Series", "SessionReport", "leg_report", "session_report"]

_SOURCES = {
    "given": "kept with the calibration",
    "reference": "reference reps of this recording",
    "functional": "the squats of the calibration",
    "first_three": "the first three reps of the set",
    "kept": "kept from an earlier calibration of the same strapping",
}
_GRADES = {
    "A": "A: table, standing and slow squats, every check passed",
    "B": "B: good, but a part of it was missing or moved",
    "C": "C: from the very reps it is used on, or a check of it was not passed",
    "none": "none: absolute angles mean little, only what changes within the recording does",
}
_CURVES = frozenset({"drop_jump"})
"""Movements that are described and yet have a course from 0 to 100 %; a hold has none."""
MOST_SETS_APART = 6
"""Sets with all three angles of their own; of more, all together and each set's valgus."""


@dataclass(frozen=True, slots=True)
class LegReport:
    """One leg. `curves` are of each set; `together` of all reps, where there are several sets."""

    side: Side
    exercise: str
    movement: Movement
    facts: tuple[Fact, ...]
    reps: tuple[Rep, ...]
    sets: tuple[RepSet, ...]
    summary: LegSummary
    gaps: tuple[Gap, ...]
    series: Series
    limit_deg: float  # own excursions within it are in range
    conclusion: str
    curves: tuple[MeanCurves, ...] = ()
    together: MeanCurves | None = None
    matched: Matched | None = None
    strides: Strides | None = None
    bouts: tuple[tuple[str, Strides], ...] = ()
    not_counted: str = ""
    looks_like: str = ""

    @property
    def is_compared(self) -> bool:
        return any(rep.is_reference or rep.verdict is not None for rep in self.reps)

    @property
    def title(self) -> str:
        return f"{self.side.word} leg, {self.exercise}"


@dataclass(frozen=True, slots=True)
class SessionReport:
    """All that a report shows, before it is HTML."""

    title: str
    facts: tuple[Fact, ...]
    legs: tuple[LegReport, ...]
    warnings: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    sides: tuple[SideDifference, ...] = ()
    advice: tuple[str, ...] = ()
    history: History = field(default_factory=History)


def session_report(
    source: Path,
    *,
    side: Side | None = None,
    result: SessionResult | None = None,
    history: History | None = None,
) -> SessionReport:
    """The report of a log or a trace: analysed (unless `result` has it), and its angles read once
    more for the figures. `history` is what came before."""
    found = analyse(source, side=side) if result is None else result
    before = history or History()
    legs = tuple(
        leg_report(
            leg.result,
            series_of(knee_samples_of(source, side=leg.result.side)),
            _calibration_facts(leg),
            source.name,
        )
        for leg in found.legs
    )
    advice = found.advice if before.advice is None else before.advice
    athlete = str(found.session.get("athlete") or "")
    movements = ", ".join(dict.fromkeys(leg.exercise for leg in legs)) or "session"
    return SessionReport(
        title=f"{athlete}: {movements}" if athlete else _capital(movements),
        facts=tuple(_session_facts(source, found, legs)),
        legs=legs,
        warnings=found.warnings,
        versions=_versions(found.session),
        sides=found.sides,
        advice=tuple(one.text for one in advice),
        history=before,
    )


def leg_report(
    result: LegResult, series: Series, calibration: Sequence[Fact] = (), path: str = "FILE"
) -> LegReport:
    """The report of one leg; `calibration` says what its angles rest on."""
    reference = result.reference
    movement = movement_of(result.exercise)
    strides = summarise_strides(result.reps) if are_strides(result.reps) else None
    judged = [rep for rep in result.reps if not rep.is_reference]
    heard = [rep for rep in judged if has_a_say(rep, TOTAL)]
    compared = reference is not None and any(rep.own_excursion_deg is not None for rep in judged)
    drawn = compared or strides is not None or result.exercise in _CURVES
    curves, together = (), None
    if drawn or (judged and movement.comparison == "own reps at equal flexion"):
        curves, together = _curves(result, heard, series, reference, movement.one)
    alike = suggest(result)
    return LegReport(
        side=result.side,
        exercise=movement.words
        if result.exercise == "unknown"
        else words.exercise(result.exercise),
        movement=movement,
        facts=(*calibration, *_reference_facts(reference, movement)),
        reps=result.reps,
        sets=result.sets,
        summary=summarise(result),
        gaps=result.gaps,
        series=series,
        limit_deg=threshold_deg(0.0 if reference is None else reference.sem_deg),
        conclusion=conclusion(result.reps, movement.one),
        curves=curves,
        together=together,
        matched=matched(judged, heard, series, reference)
        if compared and reference is not None
        else None,
        strides=strides,
        bouts=_bouts(result) if strides is not None else (),
        not_counted=words.not_counted(result.rejected),
        looks_like="" if alike is None else words.looks_like(alike, path),
    )


def conclusion(reps: Sequence[Rep], one: str = "rep") -> str:
    """One sentence for the head: how many reps were in range, how many were not."""
    if not reps:
        return f"No {one} was found in this recording."
    judged = [r for r in reps if r.verdict is not None and r.label is None]
    many = [rep for rep in reps if not rep.is_reference]
    if not judged:
        found = f"{len(many)} {one if len(many) == 1 else one + 's'}, described. " if many else ""
        return f"{found}No {one} was compared with a reference."
    parts = [
        f"{count} {phrase}"
        for verdict, phrase in words.VERDICTS.items()
        if (count := sum(r.verdict is verdict for r in judged))
    ]
    return f"Of {len(judged)} {one if len(judged) == 1 else one + 's'}: {', '.join(parts)}."


def _curves(
    result: LegResult, heard: Sequence[Rep], series: Series, reference: Reference | None, one: str
) -> tuple[tuple[MeanCurves, ...], MeanCurves | None]:
    """Each set's, and all together where there are several."""
    name = "Bout" if one == "stride" else "Set"
    found = [
        curve
        for each in result.sets
        if (
            curve := mean_curves(
                [rep for rep in heard if rep.set == each.index],
                series,
                title=f"{name} {each.index + 1}",
                reference=reference,
            )
        )
        is not None
    ]
    together = None
    if len(found) != 1:
        title = f"All {one}s"
        together = mean_curves(heard, series, title=title, reference=reference)
    return tuple(found), together


def _bouts(result: LegResult) -> tuple[tuple[str, Strides], ...]:
    parts = [
        (f"bout {one.index + 1}", summarise_strides(r for r in result.reps if r.set == one.index))
        for one in result.sets
    ]
    return tuple(part for part in parts if part[1].found) if len(parts) > 1 else ()


# --- the head ------------------------------------------------------------------------------------


def _session_facts(
    source: Path, found: SessionResult, legs: Sequence[LegReport]
) -> list[tuple[str, str]]:
    about = found.session
    sides = " and ".join(leg.side.word for leg in legs)
    rows = [
        ("Athlete", str(about.get("athlete") or "not given")),
        ("Leg", sides or "none"),
        ("Movement", ", ".join(dict.fromkeys(leg.movement.words for leg in legs)) or "none found"),
        ("Recorded", _instant(about.get("started_at"))),
        ("Length", _length(legs)),
        ("Load", f"{about['load_kg']:g} kg" if about.get("load_kg") else "not given"),
    ]
    grades = {leg.result.side.word: _grade(leg) for leg in found.legs}
    if grades:
        several = len(grades) > 1
        told = [f"{side} {grade}" if several else grade for side, grade in grades.items()]
        rows.append(("Calibration", f"grade {', '.join(told)}"))
    rows.append(("Made by", f"KneeTrack {__version__}"))
    if about.get("rpe") is not None:
        rows.append(("Effort", f"{float(about['rpe']):g} of 10"))
    tags: dict[str, str] = about.get("tags") or {}
    rows += [(_capital(key), str(value)) for key, value in tags.items()]
    if about.get("note"):
        rows.append(("Note", str(about["note"])))
    before: dict[str, str] = about.get("before") or {}
    if before:
        rows.append(("Before the session", notice.told(before)))
    if found.edits.changes:
        rows.append(("Said later", _later(found)))
    simulated = " (simulated)" if about.get("simulated") else ""
    rows.append(("Source", f"{source.name}{simulated}, SHA-256 {_digest(source)}"))
    return rows


def _later(found: SessionResult) -> str:
    reps = sum(map(len, found.edits.labels.values()))
    many = "1 change" if found.edits.changes == 1 else f"{found.edits.changes} changes"
    left_out = f", {reps} {'rep' if reps == 1 else 'reps'} left out" if reps else ""
    return f"{many}{left_out}, all applied here"


def _grade(leg: LegSession) -> str:
    return "none" if leg.calibration is None else leg.calibration.grade


def _calibration_facts(leg: LegSession) -> list[Fact]:
    made = leg.calibration
    if made is None:
        return [("Calibration", _GRADES["none"])]
    rows = [("Calibration", f"grade {_GRADES.get(made.grade, made.grade)}")]
    rows += [(_capital(what), where) for what, where in _grounds(made)]
    failed = [gate for gate in made.gates if not gate.passed]
    rows += [("Not passed", f"{gate_words(gate.name, gate.value, gate.limit)}") for gate in failed]
    return rows


def _grounds(made: CalibrationFile) -> list[Fact]:
    """What it rests on; nothing where an older file does not say."""
    try:
        return grounds(made)
    except KeyError:
        return []


def _reference_facts(reference: Reference | None, movement: Movement) -> list[Fact]:
    if movement.comparison != "own reps at equal flexion":
        return [("Compared with", "nothing here: this movement is described, from day to day")]
    if reference is None:
        return [("Reference", "none: reps are described, not compared")]
    source = _SOURCES.get(reference.source, reference.source)
    rows = [
        (
            "Reference",
            f"{reference.reps} reps, {source}; one rep's standard error {reference.sem_deg:.1f}°",
        ),
        (
            "In range",
            f"own part within ± {threshold_deg(reference.sem_deg):.1f}° of the reference "
            "(5°, or twice that error where it is more)",
        ),
    ]
    return [*rows, *(("", remark) for remark in reference.remarks)]


def _versions(about: Mapping[str, Any]) -> dict[str, str]:
    told: dict[str, str] = {
        "KneeTrack": __version__,
        "protocol": ".".join(str(part) for part in wire.PROTOCOL_VERSION),
    }
    recorder: dict[str, Any] = about.get("versions") or {}
    for name, version in recorder.items():
        told[f"recorded with {name}"] = str(version)
    return told


def _instant(value: object) -> str:
    """`2026-11-22 10:15:00 UTC` from ISO 8601."""
    if not isinstance(value, str):
        return "not known"
    day, _, clock = value.replace("Z", "+00:00").replace("+00:00", " UTC").partition("T")
    clock, _, zone = clock.partition(" ")
    return f"{day} {clock.split('.')[0]} {zone}".strip()


def _length(legs: Sequence[LegReport]) -> str:
    spans = [leg.series.time_s for leg in legs if len(leg.series.time_s)]
    if not spans:
        return "not known"
    seconds = max(float(span[-1] - span[0]) for span in spans)
    return f"{seconds / 60.0:.0f} min" if seconds >= 120.0 else f"{seconds:.0f} s"


def _digest(source: Path) -> str:
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
