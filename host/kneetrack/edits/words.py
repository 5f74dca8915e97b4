"""What was said of a recording, as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from kneetrack.edits.change import LEFT_OUT, TAGS, Change, Labelled, Set
from kneetrack.edits.fields import TAGS as KNOWN_TAGS

_WORDS = {
    "load_kg": "load",
    "rpe": "effort",
    "exercise": "exercise",
    "athlete": "athlete",
    "note": "note",
}


def change_words(change: Change) -> str:
    """`load 60 kg, shoes flat`, `right leg, the rep from 12.3 s: not a squat`."""
    if isinstance(change, Set):
        return "; ".join(facts(change.values))
    side = change.side.word
    if isinstance(change, Labelled):
        return f"{side} leg, {rep_words(change.time_s, change.start_s)}: {change.text}"
    return f"{side} leg, {rep_words(change.start_s, change.start_s)}: put back"


def rep_words(time_s: float, start_s: float | None) -> str:
    """`the rep from 49.8 s`: by its start, as tables have it; else by the instant that is kept."""
    return f"the rep around {time_s:.1f} s" if start_s is None else f"the rep from {start_s:.1f} s"


def facts(values: Mapping[str, Any]) -> list[str]:
    """What is known of a session, fact by fact: `load 60 kg`, `effort 7 of 10`, `shoes flat`."""
    told = [_fact(key, values[key]) for key in _WORDS if key in values]
    tags: object = values.get(TAGS)
    if isinstance(tags, dict):
        told += [_tag(key, value) for key, value in cast("dict[str, Any]", tags).items()]
    return told


def label_words(text: str) -> str:
    """`left out`, or `left out: not a squat`."""
    return text if text == LEFT_OUT else f"{LEFT_OUT}: {text}"


def _fact(key: str, value: Any) -> str:
    if value is None:
        return f"{_WORDS[key]} not known"
    if key == "load_kg":
        return f"load {round(float(value), 1):g} kg"
    if key == "rpe":
        return f"effort {float(value):g} of 10"
    if key == "exercise":
        return f"exercise {str(value).replace('_', ' ')}"
    return f'{_WORDS[key]} "{value}"'


def _tag(key: str, value: Any) -> str:
    known = KNOWN_TAGS.get(key)
    words = key if known is None else known.words
    if value is None:
        return f"{words}: no longer tagged"
    is_number = known is not None and known.unit and value not in known.choices
    return f"{words}: {value}{f' {known.unit}' if known is not None and is_number else ''}"
