"""What an export says of itself, in words and as JSON: whose, when, which signs, which software."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kneecore import __version__
from kneetrack.cohort.columns import Column
from kneetrack.export.recording import Recording

SIGNS = (
    "On both legs: flexion +, valgus (knee inward, abduction) +, internal rotation +. "
    "Grood and Suntay's joint coordinate system; zero is the calibration stance."
)
NOTE = "A training log, not a medical device: sensors on skin are not bone, by several degrees."
CLOCK = "Seconds since the session's start; both legs on the clock of the computer that recorded."
HOLES = "Samples that are missing have a row with a time and nothing else; none is made up."


def about(recording: Recording) -> dict[str, Any]:
    """As JSON types; unknown is null."""
    session = recording.result.session
    return {
        "source": recording.source.name,
        "started_utc": started_text(recording),
        "undated": None if recording.started is not None else _key(recording.source),
        "first_sample_s": round(recording.first_s, 4),
        "athlete": session.get("athlete"),
        "exercise": session.get("exercise"),
        "simulated": recording.simulated,
        "load_kg": session.get("load_kg"),
        "tags": session.get("tags") or {},
        "time": CLOCK,
        "gaps": HOLES,
        "signs": SIGNS,
        "note": NOTE,
        "legs": [
            {
                "side": leg.side.word,
                "calibration_grade": "none"
                if leg.session.calibration is None
                else leg.session.calibration.grade,
                "knee_period_s": leg.angles.period_s,
                "knee_samples": len(leg.angles.times) - leg.angles.missing,
                "knee_samples_missing": leg.angles.missing,
                "imu_period_s": None if leg.imu is None else round(leg.imu.period_s, 9),
                "clock": None
                if leg.clock is None
                else {
                    "offset_s": round(leg.clock.host_s(0.0), 4),
                    "drift_ppm": round(leg.clock.drift_ppm, 2),
                    "residual_ms": round(leg.clock.residual_s * 1e3, 2),
                },
            }
            for leg in recording.legs
        ],
        "warnings": list(recording.result.warnings),
        "versions": {"kneetrack": __version__},
    }


def _key(source: Path) -> str:
    """Tells a recording without a date from another of its name: by where it lies, unreadably."""
    return hashlib.sha256(str(source.resolve()).encode()).hexdigest()[:16]


def started_text(recording: Recording) -> str | None:
    """The start in UTC, as 2026-11-22T14:02:05Z; None where it is not known."""
    if recording.started is None:
        return None
    return recording.started.isoformat().replace("+00:00", "Z")


def columns_json(columns: Iterable[Column]) -> list[dict[str, str]]:
    return [{"name": each.name, "unit": each.unit, "meaning": each.meaning} for each in columns]
