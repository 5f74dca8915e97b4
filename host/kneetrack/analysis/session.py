"""What analysis found in one source, as values, and as what `analyze --json` prints.

It says what it rests on: the calibration's grade, the gaps, and every warning on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kneecore import __version__, wire
from kneetrack.calibration.store import CalibrationFile
from kneetrack.clock import ClockLine
from kneetrack.detection import LegResult, rep_json, set_json
from kneetrack.samples import Window

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
    session: dict[str, Any] = field(default_factory=dict[str, Any])  # a log's own metadata


def to_json(result: SessionResult) -> dict[str, Any]:
    """The session as JSON types, as `analyze --json` prints it: unknown is null, never NaN."""
    return {
        "format": FORMAT,
        "legs": [_leg_json(leg) for leg in result.legs],
        "gaps": _gaps_json(result),
        "warnings": list(result.warnings),
        "versions": {
            "kneetrack": __version__,
            "protocol": ".".join(str(part) for part in wire.PROTOCOL_VERSION),
        },
    }


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
    return {
        "side": result.side.word,
        "exercise": result.exercise,
        "sets": [set_json(one) for one in result.sets],
        "reps": [rep_json(rep) for rep in result.reps],
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
        "calibration": _calibration_json(leg.calibration),
        "clock": _clock_json(leg.clock),
    }


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
