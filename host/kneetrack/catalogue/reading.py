"""One log to what the catalogue keeps of it: analysed as `kneetrack analyze` does, and summarised.

`analysis_mark` tells whether it would come out the same again: a sum over the text of everything
that has a say in it. An entry with another mark is read anew; nobody has to remember a number.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import kneecore
from kneetrack.catalogue.entry import (
    FILE,
    RECORDED,
    Figure,
    Leg,
    LegReps,
    Session,
    SetEntry,
)
from kneetrack.edits.fields import pain_in
from kneetrack.errors import KneeTrackError

if TYPE_CHECKING:
    from kneetrack.analysis import LegSession, SessionResult
    from kneetrack.samples import Rep

_HAS_A_SAY = (
    "samples.py", "spans.py", "parabola.py", "protocol", "sessionlog", "detection", "analysis",
    "calibration", "insight", "edits", "catalogue",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A log as it goes into the catalogue."""

    session: Session
    reps: tuple[LegReps, ...] = ()


@functools.cache
def analysis_mark(*also: str) -> str:
    """A short sum over the analysis as it is installed, and what else of `kneetrack` has a say."""
    host = Path(__file__).parents[1]
    sources = [Path(kneecore.__file__).parent, *(host / name for name in (*_HAS_A_SAY, *also))]
    total = hashlib.sha256(kneecore.__version__.encode())
    for source in sources:
        files = [source] if source.is_file() else sorted(source.rglob("*.py"))
        for file in files:
            total.update(file.read_bytes())
    return total.hexdigest()[:16]


def read_entry(path: Path, mtime_ns: int) -> Entry:
    """What is in the log at `path`; a log that can't be used becomes an entry with the reason."""
    from kneetrack.analysis import analyse

    try:
        return entry_of(path, mtime_ns, analyse(path))
    except KneeTrackError as error:
        return _refused(path, str(error))
    except Exception as error:  # a fault of this program on one log must not hide the others
        return _refused(
            path,
            f"The analysis failed on {path} ({type(error).__name__}: {error}): a fault of this "
            "program. Please report it, with: kneetrack analyze.",
        )


def entry_of(path: Path, mtime_ns: int | None, result: SessionResult) -> Entry:
    """What the catalogue keeps of a log that was analysed."""
    session = about(path, mtime_ns, result.session, result.warnings)
    legs = tuple(_leg(leg) for leg in result.legs)
    reps = tuple(_reps(leg) for leg in result.legs)
    return Entry(replace(session, legs=legs, identity=_identity(result.session, reps)), reps)


def _refused(path: Path, reason: str) -> Entry:
    session = about(path, None, {}, ())
    return Entry(replace(session, reason=reason))


def about(
    path: Path, mtime_ns: int | None, told: Mapping[str, Any], warnings: Sequence[str]
) -> Session:
    """What was `told` of a recording (`SessionResult.session`), each in its own kind or None."""
    started = _instant(told.get("started_at"))
    dated_by = RECORDED
    if started is None and mtime_ns is not None:
        started, dated_by = datetime.fromtimestamp(mtime_ns // 10**9, UTC), FILE
    return Session(
        path=path,
        started=started,
        dated_by=dated_by,
        athlete=_word(told.get("athlete")),
        exercise=_word(told.get("exercise")) or "unknown",
        load_kg=_number(told.get("load_kg")),
        rpe=_number(told.get("rpe")),
        note=_word(told.get("note")),
        selftest=_word(told.get("selftest")),
        tags={str(key): str(value) for key, value in _items(told.get("tags")).items()},
        pain=pain_in(told),
        simulated=bool(told.get("simulated")),
        versions=_items(told.get("versions")),
        warnings=tuple(warnings),
    )


def _identity(told: Mapping[str, Any], reps: Sequence[LegReps]) -> str | None:
    """The same for a recording wherever it lies, cut off or repaired, and whatever is said of it.

    None where too little is known of it to tell it from another.
    """
    first = next((round(leg.reps[0].start_s, 1) for leg in reps if leg.reps), None)
    if not told.get("started_at") or first is None:
        return None
    known = [told.get(name) for name in ("started_at", "sides", "links", "bands")]
    return hashlib.sha256(json.dumps([*known, first], sort_keys=True).encode()).hexdigest()[:16]


def _leg(leg: LegSession) -> Leg:
    from kneetrack.insight.session import summarise

    result, made = leg.result, leg.calibration
    summary = summarise(result)
    in_sets = {one.index for one in result.sets}
    reps = [rep for rep in result.reps if rep.set in in_sets]
    return Leg(
        side=result.side,
        exercise=result.exercise,
        grade="none" if made is None else made.grade,
        calibration_id=None if made is None else made.calibration.calibration_id,
        reps=summary.tally.reps,
        judged=summary.tally.judged,
        in_range=summary.tally.in_range,
        streak=summary.streak,
        sets=tuple(SetEntry(one.set, one.tally.reps) for one in summary.sets),
        figures={
            figure.name: figure
            for name in summary.medians
            if (figure := _figure(name, reps, summary.sds.get(name))) is not None
        },
    )


def _figure(name: str, reps: Sequence[Rep], sd: float | None) -> Figure | None:
    from kneetrack.catalogue.intervals import middle
    from kneetrack.insight.values import values_of

    values = [value for _, value in values_of(reps, name)]
    if not values:
        return None
    centre = middle(values)
    return Figure(name, centre.count, centre.value, centre.low, centre.high, sd)


def _reps(leg: LegSession) -> LegReps:
    result = leg.result
    in_sets = {one.index for one in result.sets}
    return LegReps(
        side=result.side,
        reps=tuple(rep for rep in result.reps if rep.set in in_sets),
        reference=None if result.reference is None else result.reference.to_json(),
    )


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e6 else None  # neither NaN nor infinite


def _items(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
