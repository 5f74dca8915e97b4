"""A change to what is known of a recording, and what all changes together amount to.

    Set        facts of the session (load, effort, exercise, ...); None takes a value away
    Labelled   what a person says of the rep that holds an instant, on one leg
    PutBack    nothing any more of the reps within a span

A rep is named by an instant within it, not by its index: reps found anew, by another version or for
another movement, keep what was said of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from kneetrack.samples import Label, Side

TEXTS = ("exercise", "athlete", "note")
NUMBERS = ("load_kg", "rpe")
TAGS = "tags"
KEYS = (*NUMBERS, *TEXTS, TAGS)
"""The keys of a log's `session` that may be changed."""
LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Set:
    """New values by their key in KEYS; `tags` is a mapping, merged with what there is."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Labelled:
    """`text` is what the rep of that leg was that holds `time_s`; it no longer counts."""

    side: Side
    time_s: float
    text: str = LEFT_OUT
    start_s: float | None = None
    """Where the rep began, as tables name it; the journals of earlier versions lack it."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """What was said of reps between these instants holds no more: they count again."""

    side: Side
    start_s: float
    end_s: float


Change: TypeAlias = Set | Labelled | PutBack


@dataclass(frozen=True, slots=True)
class Edits:
    """What stands of all changes to one recording. `values` holds what was set, None included."""

    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tags: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    labels: Mapping[Side, tuple[Label, ...]] = field(
        default_factory=dict[Side, "tuple[Label, ...]"]
    )
    changes: int = 0
    unread: int = 0
    """Lines of the journal that could not be read."""

    @property
    def load_kg(self) -> float | None:
        return self.values.get("load_kg")

    @property
    def rpe(self) -> float | None:
        return self.values.get("rpe")

    @property
    def exercise(self) -> str | None:
        return self.values.get("exercise")

    @property
    def athlete(self) -> str | None:
        return self.values.get("athlete")

    @property
    def note(self) -> str | None:
        return self.values.get("note")

    @property
    def remarks(self) -> list[str]:
        """What could not be taken from the journal, as a sentence."""
        if not self.unread:
            return []
        lines = "1 line" if self.unread == 1 else f"{self.unread} lines"
        return [
            f"{lines} of what was said of it later can't be read (cut off, or written by a later "
            "version): see kneetrack edit --history."
        ]

    def labels_of(self, side: Side) -> tuple[Label, ...]:
        """What was said of reps of that leg, the latest last."""
        return self.labels.get(side, ())

    def over(self, session: Mapping[str, Any]) -> dict[str, Any]:
        """A log's own `session` with these laid over it."""
        told: object = session.get(TAGS)
        tags: dict[str, Any] = dict(cast("dict[str, Any]", told)) if isinstance(told, dict) else {}
        tags |= self.tags
        changed = {**session, **self.values}
        if tags or TAGS in session:
            changed[TAGS] = {key: value for key, value in tags.items() if value is not None}
        return changed


def together(changes: Iterable[Change], unread: int = 0) -> Edits:
    """What the changes amount to, in their order."""
    values: dict[str, Any] = {}
    tags: dict[str, str | None] = {}
    labels: dict[Side, list[Label]] = {}
    count = 0
    for change in changes:
        count += 1
        match change:
            case Set(new):
                tags |= new.get(TAGS) or {}
                values |= {key: value for key, value in new.items() if key != TAGS}
            case Labelled(side, time_s, text, start_s):
                labels.setdefault(side, []).append(Label(time_s, text, start_s))
            case PutBack(side, start_s, end_s):
                labels[side] = [
                    label for label in labels.get(side, []) if not start_s <= label.time_s <= end_s
                ]
    standing = {side: tuple(told) for side, told in labels.items() if told}
    return Edits(values, tags, standing, count, unread)


# --- as JSON --------------------------------------------------------------------------------------


def to_json(change: Change) -> dict[str, Any]:
    """The change as JSON types."""
    match change:
        case Set(values):
            return {"change": "set", "values": dict(values)}
        case Labelled(side, time_s, text, start_s):
            begin = {} if start_s is None else {"start_s": start_s}
            return {"change": "label", "side": side.word, "time_s": time_s, **begin, "text": text}
        case PutBack(side, start_s, end_s):
            span = {"start_s": start_s, "end_s": end_s}
            return {"change": "put_back", "side": side.word, **span}


def from_json(items: Mapping[str, Any]) -> Change:
    """The change that `to_json` wrote. ValueError for anything else."""
    kind = items.get("change")
    try:
        if kind == "set":
            return Set(_checked(items["values"]))
        if kind == "label":
            start_s = None if items.get("start_s") is None else _finite(items["start_s"])
            time_s, text = _finite(items["time_s"]), items["text"]
            return Labelled(Side.from_word(items["side"]), time_s, text, start_s)
        if kind == "put_back":
            side = Side.from_word(items["side"])
            return PutBack(side, _finite(items["start_s"]), _finite(items["end_s"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a change: {error!r}") from None
    raise ValueError(f"not a change that is known here: {kind!r}")


def _checked(value: Any) -> dict[str, Any]:
    """The values of a `Set`, of the types that they must have."""
    values = dict(cast("dict[str, Any]", value))
    for key, one in values.items():
        if key == TAGS:
            values[key] = {str(k): None if v is None else str(v) for k, v in one.items()}
        elif key in NUMBERS:
            values[key] = None if one is None else _finite(one)
        elif key not in TEXTS or not isinstance(one, str | None):
            raise ValueError(f"{key} is not one of {', '.join(KEYS)}, or not of its kind")
    return values


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is not finite")
    return number
