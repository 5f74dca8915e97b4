"""What may be said of a session, and how it is typed: one table, for recording and for editing.

Known tags have their words and the values they take, so that sessions can be compared by them;
whatever else is tagged is kept as it is. A load is in kg unless it says lb. Nothing of this is
judged: which stance, shoes or band does what differs from person to person, and is seen by
comparing one's own sessions (biomechanics A, rows 10, 15, 16, 19, 20, 35).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from kneetrack.errors import UsageError

KG_OF_LB = 0.45359237
MOST_KG = 1000.0
MOST_RPE = 10.0
MOST_LETTERS = 2000
MOST_TAG_LETTERS = 100
_NUMBER = re.compile(r"^([+-]?[0-9]+(?:[.,][0-9]+)?)\s*([a-zA-Z°]*)$")
_LB = ("lb", "lbs")
YES_NO = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that is known: `choices` it may be, or a number of `unit` from 0 to `most`, or any
    words where it has neither."""

    key: str
    words: str
    meaning: str
    choices: tuple[str, ...] = ()
    unit: str = ""
    most: float = 0.0

    @property
    def takes(self) -> str:
        """What it may be, for a person."""
        takes = list(self.choices)
        if self.unit:
            takes.append(f"a number of {self.unit}, 0 to {self.most:g}")
        return (
            " or ".join([", ".join(takes[:-1]), takes[-1]])
            if len(takes) > 1
            else (takes[0] if takes else "any words")
        )


_TAGS = (
    Tag(
        "stance",
        "stance width",
        "How far apart the feet stand.",
        ("narrow", "hip", "shoulder", "wide"),
        "cm",
        200.0,
    ),
    Tag("toe_out", "toe-out", "How far the feet are turned out.", (), "deg", 90.0),
    Tag(
        "shoes",
        "shoes",
        "What is worn on the feet.",
        ("barefoot", "socks", "flat", "running", "lifting", "other"),
    ),
    Tag("heel_plates", "heel plates", "What lies under the heels.", YES_NO, "mm", 100.0),
    Tag(
        "band",
        "band above the knees",
        "An elastic band around both thighs.",
        ("none", "light", "medium", "strong"),
    ),
    Tag("cue", "cue used", "What you were told or told yourself, in your words."),
    Tag("footwear", "insoles and the like", "Insoles, orthotics, width of the shoe: your words."),
    Tag("pain", "pain", "Whether anything hurt.", YES_NO),
)
TAGS: dict[str, Tag] = {one.key: one for one in _TAGS}


def load_kg(word: str) -> float:
    """`60`, `60kg`, `62.5 kg`, `135lb` as kg. UsageError for anything else."""
    number, unit = _number(word)
    if number is None or unit.lower() not in ("", "kg", *_LB) or number < 0.0:
        raise UsageError(
            f'A load is a number of kg or lb, as in 60, 62.5kg or 135lb, not "{word}".'
        )
    load = number * KG_OF_LB if unit.lower() in _LB else number
    if load > MOST_KG:
        raise UsageError(f"A load of {load:.0f} kg is not believed; {MOST_KG:.0f} kg is the most.")
    return round(load, 3)


def rpe(word: str) -> float:
    """The rating of effort, 0 to 10. UsageError for anything else."""
    number, unit = _number(word)
    if number is None or unit or not 0.0 <= number <= MOST_RPE:
        raise UsageError(
            f'The rating of effort is a number from 0 (none) to 10 (the most), not "{word}".'
        )
    return number


def text(word: str, what: str = "A note", most: int = MOST_LETTERS) -> str:
    """Words as they were typed, without what no screen can show. UsageError where too long."""
    clean = "".join(letter if letter.isprintable() else " " for letter in word).strip()
    if not clean:
        raise UsageError(f"{what} must not be empty.")
    if len(clean) > most:
        raise UsageError(f"{what} is {len(clean)} letters long; {most} are the most.")
    return clean


def tag(word: str) -> tuple[str, str]:
    """`KEY=VALUE`, of a known tag only with a value that it takes. UsageError otherwise."""
    key, equals, value = word.partition("=")
    key, value = key.strip().lower().replace("-", "_"), value.strip()
    if not equals or not key or not value:
        raise UsageError(f'A tag is written KEY=VALUE, as in shoes=flat, not "{word}".')
    return text(key, "A tag's key", MOST_TAG_LETTERS), _value(key, value)


def tags(words: Iterable[str]) -> dict[str, str]:
    """`tag` for each; of one key the last."""
    return dict(tag(word) for word in words)


def _value(key: str, value: str) -> str:
    known = TAGS.get(key)
    if known is None or not (known.choices or known.unit):
        return text(value, f"The tag {key}", MOST_TAG_LETTERS)
    if value.lower() in known.choices:
        return value.lower()
    number, unit = _number(value)
    units = ("", known.unit, "°") if known.unit == "deg" else ("", known.unit)
    if known.unit and number is not None and unit.lower() in units and 0.0 <= number <= known.most:
        return f"{number:g}"
    raise UsageError(f'The tag {key} ({known.words}) is {known.takes}, not "{value}".')


def close_to(key: str) -> str | None:
    """The known tag that was perhaps meant by a key that is none; None where there is none."""
    if key in TAGS:
        return None
    return next(iter(difflib.get_close_matches(key, TAGS, n=1, cutoff=0.75)), None)


def pain_in(session: Mapping[str, Any]) -> bool:
    """Whether the person noted pain, or said yes to any of the questions before the session."""
    tags, before = (_dict(session.get(key)) for key in ("tags", "before"))
    answers = [tags.get("pain"), *before.values()]
    return any(isinstance(one, str) and one.lower() == "yes" for one in answers)


def _dict(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _number(word: str) -> tuple[float | None, str]:
    """A number and what stands behind it; a comma is as good as a point."""
    found = _NUMBER.match(word.strip())
    if found is None:
        return None, ""
    number = float(found[1].replace(",", "."))
    return (number if math.isfinite(number) else None), found[2]
