"""What was said of single sets while recording, laid over what the session's metadata say.

    metadata `session`      load_kg 60, rpe, note          of the whole session, from the options
    event `said`            side, set, and load_kg, rpe or note of that set, as typed meanwhile

Both are in the log. Together they are the session as it is read: `sets` lists what was said of each
set, the latest word of each; what the session as a whole lacks is taken from its sets, where they
agree, and a load or effort that differs from set to set is that of the last (notes are joined).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kneetrack.sessionlog.streams import SAID

SETS = "sets"
_NUMBERS = ("load_kg", "rpe")
_NOTE = "note"


def laid_over(session: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`session` with what was said while it was recorded."""
    sets = _said(events)
    if not sets:
        return dict(session)
    rows = [sets[key] for key in sorted(sets)]
    whole: dict[str, Any] = {**session, SETS: rows}
    for name in _NUMBERS:
        told = [row[name] for row in rows if name in row]
        if told and whole.get(name) is None:
            whole[name] = told[-1]
    notes = list(dict.fromkeys(row[_NOTE] for row in rows if _NOTE in row))
    if notes:
        before = whole.get(_NOTE)
        whole[_NOTE] = "; ".join([str(before), *notes] if before else notes)
    return whole


def _said(events: Iterable[Mapping[str, Any]]) -> dict[tuple[int, str], dict[str, Any]]:
    sets: dict[tuple[int, str], dict[str, Any]] = {}
    for event in events:
        index, side = event.get("set"), event.get("side")
        if event.get("event") != SAID or not isinstance(index, int) or not isinstance(side, str):
            continue
        row = sets.setdefault((index, side), {"set": index, "side": side})
        for name in _NUMBERS:
            value = event.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                row[name] = float(value)
        if isinstance(event.get(_NOTE), str):
            row[_NOTE] = event[_NOTE]
    return sets
