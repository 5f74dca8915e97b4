"""What analysis found in one source, as values, and as what `analyze --json` prints.

It says what it rests on: the calibration's grade, the gaps, and every warning on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kneecore import __version__, wire
from kneetrack.calibration.store import CalibrationFile
from kneetrack.clock import ClockLine
from kneetrack.detection import LegResult, Suggestion, rep_json, set_json, suggest
from kneetrack.edits import Edits
from kneetrack.edits.change import KEYS
from kneetrack.edits.fields import pain_in
from kneetrack.insight import as_json
from kneetrack.insight.advice import Advice, advise, outing
from kneetrack.insight.session import summarise
from kneetrack.insight.sides import SideDifference, sides
from kneetrack.insight.values import OWN
from kneetrack.samples import Window
from kneetrack.sessionlog.markers import Marker

FORMAT = 1


@dataclass(frozen=True, slots=True)
class LegSession:
    """One leg: what was found, and the calibration it rests on (None: not known).

    `clock` tells the leg's time by the computer's, counted from the earlier leg's first sample;
    where there are two legs.
    """

    result: LegResult
    calibration: CalibrationFile | None
    windows: tuple[Window, ...] = ()
    clock: ClockLine | None = None


@dataclass(frozen=True, slots=True)
class SessionResult:
    """All that `analyse` found in one source."""

    source: Path
    legs: tuple[LegSession, ...]
    warnings: tuple[str, ...]
    session: dict[str, Any] = field(default_factory=dict[str, Any])
    """A log's own metadata, with what was said of it later laid over."""
    edits: Edits = field(default_factory=Edits)
    """What was said of it later, already applied."""
    markers: tuple[Marker, ...] = ()
    """What was marked by a key meanwhile."""

    @property
    def sides(self) -> tuple[SideDifference, ...]:
        """Right against left, where both legs were measured."""
        return sides({leg.result.side: leg.result for leg in self.legs})

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What this session alone suggests; rules over several sessions need those as well."""
        return advice_after([leg.result for leg in self.legs], self.session)


def advice_after(legs: Sequence[LegResult], session: Mapping[str, Any]) -> tuple[Advice, ...]:
    """What one session suggests by itself, given the log's metadata."""
    load: object = session.get("load_kg")
    now = outing(
        [summarise(leg, names=(), slopes=(OWN,)) for leg in legs],
        load_kg=float(load) if isinstance(load, int | float) else None,
        pain=pain_in(session),
    )
    return advise([now])


def to_json(result: SessionResult) -> dict[str, Any]:
    """The session as JSON types, as `analyze --json` prints it: unknown is null, never NaN."""
    return {
        "format": FORMAT,
        "legs": [_leg_json(leg) for leg in result.legs],
        "gaps": _gaps_json(result),
        "markers": [marker.to_json() for marker in result.markers],
        "warnings": list(result.warnings),
        "session": {
            "started_utc": _started_utc(result.session),
            **{key: result.session[key] for key in KEYS if key in result.session},
        },
        "edits": {"changes": result.edits.changes, "unread_lines": result.edits.unread},
        "sides": [as_json.side_json(one) for one in result.sides],
        "advice": [as_json.advice_json(one) for one in result.advice],
        "versions": {
            "kneetrack": __version__,
            "protocol": ".".join(str(part) for part in wire.PROTOCOL_VERSION),
        },
    }


def _started_utc(session: Mapping[str, Any]) -> str | None:
    """When the recording was begun (ISO 8601); None where that is not known, as of a trace."""
    told: object = session.get("started_at")
    if not isinstance(told, str):
        return None
    try:
        at = datetime.fromisoformat(told)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return None


def _gaps_json(result: SessionResult) -> list[dict[str, Any]]:
    """What is missing for good, in order of time; `samples` is null where it can't be known."""
    found = [(gap, leg.result.side) for leg in result.legs for gap in leg.result.gaps]
    return [
        {
            "side": side.word,
            "start_s": round(gap.start_s, 4),
            "end_s": round(gap.end_s, 4),
            "samples": gap.count or None,
            "reason": gap.reason,
        }
        for gap, side in sorted(found, key=lambda each: each[0].start_s)
    ]


def _leg_json(leg: LegSession) -> dict[str, Any]:
    result = leg.result
    reference = result.reference
    summary = summarise(result)
    return {
        "side": result.side.word,
        "exercise": result.exercise,
        "sets": [set_json(one.set) | {"summary": as_json.set_json(one)} for one in summary.sets],
        "reps": [rep_json(rep) for rep in result.reps],
        "rejected": [
            {
                "start_s": round(one.start_s, 4),
                "end_s": round(one.end_s, 4),
                "peak_flexion_deg": round(one.peak_flexion_deg, 4),
                "reason": one.reason,
            }
            for one in result.rejected
        ],
        "band_cues_s": [round(at_s, 4) for at_s in result.band_cues_s],
        "looks_like": _looks_like_json(suggest(result)),
        "reference": None
        if reference is None
        else {
            "source": reference.source,
            "reps": reference.reps,
            "sem_deg": round(reference.sem_deg, 4),
            "sem_between_deg": _rounded(reference.sem_between_deg),
            "mdc95_deg": _rounded(reference.mdc95_deg),
            "standouts": [
                {"rep": number, "off_deg": round(off_deg, 4)}
                for number, off_deg in reference.standouts
            ],
        },
        "summary": as_json.leg_json(summary),
        "calibration": _calibration_json(leg.calibration),
        "clock": _clock_json(leg.clock),
    }


def _looks_like_json(one: Suggestion | None) -> dict[str, Any] | None:
    """Another movement than was told, with why; null where it looks like what was told."""
    if one is None:
        return None
    return {"exercise": one.exercise, "why": one.why, "alike": list(one.alike)}


def _clock_json(clock: ClockLine | None) -> dict[str, Any] | None:
    """What the other leg's times are compared by: offset_s + time_s * (1 + drift)."""
    if clock is None:
        return None
    return {
        "offset_s": round(clock.host_s(0.0), 4),
        "drift_ppm": round(clock.drift_ppm, 2),
        "residual_ms": round(clock.residual_s * 1e3, 2),
    }


def _calibration_json(calibration: CalibrationFile | None) -> dict[str, Any]:
    if calibration is None:
        return {"grade": "none", "rests_on": {}, "gates": []}
    return {
        "grade": calibration.grade,
        "rests_on": dict(calibration.rests_on),
        "axis_sigma_deg": round(calibration.axis_sigma_deg, 4),
        "crosstalk_deg": _rounded(calibration.crosstalk_deg),
        "gates": [
            {
                "name": gate.name,
                "value": round(gate.value, 4),
                "limit": gate.limit,
                "passed": gate.passed,
            }
            for gate in calibration.gates
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
