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
    """`load 60 kg, shoes flat`, `right leg, rep at 12.3 s: not a squat`."""
    if isinstance(change, Set):
        return "; ".join(facts(change.values))
    side = change.side.word
    if isinstance(change, Labelled):
        return f"{side} leg, the rep at {change.time_s:.1f} s: {change.text}"
    return f"{side} leg, the rep at {change.start_s:.1f}–{change.end_s:.1f} s: put back"


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
