"""What a person says of a recording afterwards: beside the log, never in it.

change    one change, and what a row of them amounts to (`Edits`)
journal   the file beside the log: read, append, undo
fields    what may be said: load, effort, tags; how it is typed, here and when recording
"""

from kneetrack.edits.change import Change, Edits, Labelled, PutBack, Set
from kneetrack.edits.journal import SUFFIX, append, history, journal_of, read, undo

__all__ = [
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
    "undo",
]
