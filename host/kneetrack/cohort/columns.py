"""What a table of reps holds, a row a rep: its columns in order, each with its unit and meaning.

First what is the same for all reps of a recording, then the rep's own columns, then every measure
of `detection.measure_table`, last the tags (`tag_shoes`, ...): those that are known always, others
where a recording has them. Unknown is null. Units are in the names.
"""

from __future__ import annotations

from dataclasses import dataclass

from kneetrack.detection.measure_table import MEASURES
from kneetrack.edits.fields import TAGS
from kneetrack.insight import values

TEXT, NUMBER, COUNT, FLAG, INSTANT, WORDS = "text", "number", "count", "flag", "instant", "words"
TAG = "tag_"


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is one of those above; `unit` is empty for what has none."""

    name: str
    kind: str
    meaning: str
    unit: str = ""


SESSION = (
    Column("source", TEXT, "The recording's file, from the folder that was read."),
    Column("athlete", TEXT, "Who, as told when recording or later."),
    Column("side", TEXT, "The leg: left or right."),
    Column("exercise", TEXT, "The movement, as told when recording or later."),
    Column("utc", INSTANT, "When the recording began (UTC); null where the recording has no date."),
    Column("load_kg", NUMBER, "The load, as told.", "kg"),
    Column("rpe", NUMBER, "The rating of effort from 0 to 10, as told."),
    Column("selftest", TEXT, "The self-test of which it is a part, if any."),
    Column("pain", FLAG, "Whether the person said that something hurt."),
    Column("simulated", FLAG, "Whether any band was simulated."),
    Column("calibration_grade", TEXT, "How good the calibration is: A, B, C or none."),
    Column("reference_source", TEXT, "Where the reps came from that the others are compared with."),
    Column("reference_reps", COUNT, "How many they were."),
    Column("reference_sem_deg", NUMBER, "How far they differ from each other (SEM).", "°"),
    Column("warning_count", COUNT, "What there was to warn of in the recording: see analyze."),
    Column("recorded_by", TEXT, "The version of kneetrack that recorded."),
)

_SET = (
    Column("set", COUNT, "The set's number in the recording, from 0 on."),
    Column("set_shift_deg", NUMBER, "What all reps of the set have in common; inward +.", "°"),
    Column("set_shift_sigma_deg", NUMBER, "One standard uncertainty of that.", "°"),
    Column("set_verdict", TEXT, "The verdict on what they have in common."),
)

_REP = (
    Column("rep", COUNT, "The rep's number in its leg, from 0 on."),
    Column("is_reference", FLAG, "Whether it is one of those the others are compared with."),
    Column(
        "is_judged",
        FLAG,
        "Whether it counts in the share in range: no reference, not left out, a verdict that "
        "holds.",
    ),
    Column("verdict", TEXT, "Of the own part: in_range, moved_inward, ...; null: not judged."),
    Column("doubt", WORDS, "Why the verdict is doubtful, or a value may be off."),
    Column("label", TEXT, "What the person said of the rep; it is then not judged."),
    Column("phase_at_peak", TEXT, "In which phase the own part was largest."),
    Column("start_s", NUMBER, "When it begins, in the recording's own time.", "s"),
    Column("end_s", NUMBER, "When it ends.", "s"),
    Column(
        "own_excursion_sigma_deg", NUMBER, "One standard uncertainty of the own part.", "°"
    ),
)  # fmt: skip


def _value(name: str) -> Column:
    told = values.described(name)
    return Column(name, NUMBER, told.meaning, told.unit)


VALUES = (
    *(_value(name) for name in values.NAMES if name not in MEASURES),
    *(_value(name) for name in MEASURES),
)
"""What `insight.values` knows by name, a rep's fixed values first, and its uncertainties."""

REP = (*_SET, *_REP, *VALUES)
FIXED = (*SESSION, *REP)
"""All but the tags."""


def tag_columns(keys: set[str]) -> tuple[Column, ...]:
    """A column for every known tag, then for each of `keys` that is none of them, by name."""
    known = [Column(TAG + key, TEXT, tag.meaning, tag.unit) for key, tag in TAGS.items()]
    others = [Column(TAG + key, TEXT, "A tag of the person's own.") for key in sorted(keys)
              if key not in TAGS]  # fmt: skip
    return (*known, *others)
