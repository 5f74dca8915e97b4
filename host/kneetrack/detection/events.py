"""Events as canonical JSON text: what live and replay compare, and what the log stores.

Keys are sorted, floats are rounded to 4 decimals (0.1 ms, 0.0001 deg; never -0.0), and every time
is device time: the same samples give the same text on the same machine.
"""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any, cast

from kneetrack.samples import (
    Event,
    GapSeen,
    GapSettled,
    Rep,
    RepEnded,
    RepRevised,
    RepSet,
    SetEnded,
    Withdrawn,
)

_DECIMALS = 4


def _plain(value: Any) -> Any:
    """`value` as JSON types: enums as their words, floats rounded, not finite as null."""
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, float):
        return round(value, _DECIMALS) + 0.0 if math.isfinite(value) else None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[Any, ...]", value)]
    return {name: _plain(getattr(value, name)) for name in _names(value)}


def _names(value: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(value)]


def rep_json(rep: Rep) -> dict[str, Any]:
    """A rep as `analyze --json` shows it (design: unknown is null, never NaN)."""
    return _plain(rep)


def set_json(rep_set: RepSet) -> dict[str, Any]:
    """A set as `analyze --json` shows it."""
    return _plain(rep_set)


def event_dict(event: Event) -> dict[str, Any]:
    """An event as JSON types; `event` names its kind."""
    if isinstance(event, RepEnded):
        return {"event": "rep_ended", "rep": rep_json(event.rep)}
    if isinstance(event, RepRevised):
        return {"event": "rep_revised", "rep": rep_json(event.rep)}
    if isinstance(event, SetEnded):
        return {"event": "set_ended", "set": set_json(event.set)}
    if isinstance(event, GapSeen):
        return {"event": "gap", "gap": _plain(event.gap)}
    if isinstance(event, GapSettled):
        return {"event": "gap_settled", "gap": _plain(event.gap), "left": _plain(event.left)}
    if isinstance(event, Withdrawn):
        return {"event": "withdrawn", "reps": event.reps, "sets": event.sets}
    return {"event": "warning", "text": event.text}


def event_json(event: Event) -> str:
    """One line of canonical text."""
    return json.dumps(event_dict(event), sort_keys=True, separators=(",", ":"), allow_nan=False)
