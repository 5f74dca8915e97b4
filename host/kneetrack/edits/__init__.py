"""What a person says of a recording afterwards: beside the log, never in it.

change    one change, and what a row of them amounts to (`Edits`)
journal   the file beside the log: read, append, undo
fields    what may be said: load, effort, tags; how it is typed, here and when recording
words     what was said, as people read it
"""

from kneetrack.edits.change import (
    KEYS,
    LEFT_OUT,
    Change,
    Edits,
    Labelled,
    PutBack,
    Set,
    to_json,
)
from kneetrack.edits.journal import SUFFIX, append, history, journal_of, read, undo

__all__ = [
    "KEYS",
    "LEFT_OUT",
    "SUFFIX",
    "Change",
    "Edits",
    "Labelled",
    "PutBack",
    "Set",
    "append",
    "history",
    "journal_of",
    "read",
    "to_json",
    "undo",
]
