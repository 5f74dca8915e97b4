"""What a person types on a page, and where it goes.

    live    a session that runs: the words of the terminal's keys l, e and n, of the set just done,
            and its m; they are read and refused by the very code of those keys, in the recording's
            thread, and are in the log
    later   a recorded one: what `kneetrack edit` says of it, beside the log. No markers: an instant
            is marked as it happens, and a finished log is not written to

Only a page that came in by the door can say anything: it is a message of its websocket, whose
origin and key were looked at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

LIVE, LATER = "live", "later"
MOST_LETTERS = 200
MARKER, LOAD, EFFORT, NOTE = "marker", "load", "effort", "note"


@dataclass(frozen=True, slots=True)
class Entries:
    """Each gets what is said (LOAD, ...) and the text; KneeTrackError says why it can't be."""

    live: Callable[[str, str], Awaitable[str]]
    """What is told of it."""
    later: Callable[[Path, str, str], tuple[str, str]]
    """Of that log: what is told of it, and the session's title then."""
