"""What a person types while a recording runs: load, effort and a note of the set just done.

    nothing typed   a key of KEYS begins a line; every other key is somebody else's (q)
    a line          letters, backspace; Enter keeps it, Esc or Ctrl-U leaves it

Nothing waits for it: keys come when they come, and the recording goes on meanwhile. What was said
goes into the log as an event, with the leg and its set, and says nothing of the angles; a later
word of the same set counts instead of the earlier one (`kneetrack.sessionlog.said`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kneetrack.edits import fields
from kneetrack.errors import KneeTrackError, UsageError
from kneetrack.samples import Decoded, Event, RepEnded, SetEnded, Side, Withdrawn
from kneetrack.sessionlog.streams import SAID

Write = Callable[[Mapping[str, object]], None]

_ENTER = frozenset("\r\n")
_BACK = frozenset("\x7f\b")
_LEAVE = frozenset("\x1b\x15")
MOST_LETTERS = 200
SHORT_ENDING = "q ends it"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be said: its key in the event, how it is asked for and read."""

    name: str
    word: str
    asks: str
    read: Callable[[str], Any]


KEYS: Mapping[str, Field] = {
    "l": Field("load_kg", "load", "Load, in kg or lb (60, 135lb)", fields.load_kg),
    "e": Field("rpe", "effort", "Effort, 0 (none) to 10 (the most)", fields.rpe),
    "n": Field("note", "note", "Note", fields.text),
}


class Desk:
    """Takes keys and gives the line that is shown at the bottom of the screen.

    `actions` are further keys and what they do; each with the word shown for it, which may be empty
    as long as it is of no use.
    """

    def __init__(self, ending_hint: str) -> None:
        self._ending_hint = ending_hint
        self._field: Field | None = None
        self._typed = ""
        self._trouble = ""
        self._kept = ""
        self._legs: list[_Leg] = []
        self._actions: dict[str, tuple[Callable[[], str], Callable[[], None]]] = {}
        self.heard: Callable[[Mapping[str, object]], None] = lambda event: None
        """Told of all that was said or marked, as it stands in the log."""

    def leg(self, side: Side, write: Write) -> _Leg:
        """A sink for one more leg, whose events `write` puts into the log."""
        leg = _Leg(side, write)
        self._legs.append(leg)
        return leg

    def on(self, key: str, word: Callable[[], str], act: Callable[[], None]) -> None:
        """Have `act` called on a key, which is shown with `word` unless that is empty."""
        self._actions[key] = (word, act)

    @property
    def set_number(self) -> int:
        """Of the set that is spoken of, as people count: the latest with a rep, else the first."""
        return 1 + max((leg.set_index for leg in self._legs), default=0)

    def take(self, letter: str) -> bool:
        """Whether a key that was typed is for the desk."""
        if self._field is not None:
            self._edit(self._field, letter)
            return True
        low = letter.lower()
        if low in KEYS and self._legs:
            self._field, self._typed, self._trouble, self._kept = KEYS[low], "", "", ""
            return True
        return self.act(low)

    def act(self, key: str) -> bool:
        """Do what a key does that takes no line, whatever is typed; whether that was anything."""
        word, act = self._actions.get(key, (None, None))
        if word is None or act is None or not word():
            return False
        self._kept = ""
        act()
        return True

    def keep(self, field: Field, text: str) -> str:
        """Have a line kept, of the set just done; what is told of it.

        Raises UsageError where it makes no sense, and what writing the log raises.
        """
        if len(text) > MOST_LETTERS:
            raise UsageError(f"That is {len(text)} letters long; {MOST_LETTERS} are the most.")
        value = field.read(text)
        index = self.set_number - 1
        for leg in self._legs:
            leg.say(index, field.name, value)
        shown = f"{round(value, 1):g}" if isinstance(value, float) else "kept"
        unit = " kg" if field.name == "load_kg" else ""
        self._kept = f"✓ set {index + 1}: {field.word} {shown}{unit}"
        return self._kept

    def hint(self) -> str:
        """The line."""
        if self._field is not None:
            trouble = f"{self._trouble} " if self._trouble else ""
            return (
                f"{trouble}{self._field.asks}, of set {self.set_number}: {self._typed}▏ "
                "(Enter keeps it, Esc leaves it)"
            )
        parts = [self._kept] if self._kept else []
        parts += [f"{key} {word()}" for key, (word, _) in self._actions.items() if word()]
        if any(leg.begun for leg in self._legs):
            said = ", ".join(f"{key} {field.word}" for key, field in KEYS.items())
            parts.append(f"{said} of set {self.set_number}")
        return " · ".join([*parts, SHORT_ENDING] if parts else [self._ending_hint])

    def _edit(self, field: Field, letter: str) -> None:
        if letter in _ENTER:
            if self._typed.strip():
                self._keep(field)
            else:
                self._field = None
        elif letter in _LEAVE:
            self._field = None
        elif letter in _BACK:
            self._typed, self._trouble = self._typed[:-1], ""
        elif letter.isprintable() and len(self._typed) < MOST_LETTERS:
            # what was refused is there to be mended, or typed over
            self._typed = letter if self._trouble else self._typed + letter
            self._trouble = ""

    def _keep(self, field: Field) -> None:
        try:
            self.keep(field, self._typed)
        except KneeTrackError as error:  # if it was the disk, the recording fails of it and says so
            self._trouble = str(error)
            return
        self._field = None


class _Leg:
    """Which set a leg is at; a sink of `kneetrack.live`."""

    def __init__(self, side: Side, write: Write) -> None:
        self.set_index = 0
        self.begun = False
        self._side = side
        self._write = write

    def packet(self) -> None:
        return None

    def item(self, item: Decoded) -> None:
        return None

    def event(self, event: Event) -> None:
        match event:
            case RepEnded(rep) if rep.set >= 0:
                self.begun = True
                self.set_index = max(self.set_index, rep.set)
            case SetEnded(ended) if ended.index >= self.set_index:
                self.set_index = ended.index
            case Withdrawn(_, sets):
                self.set_index = min(self.set_index, sets)
            case _:
                pass

    def say(self, index: int, name: str, value: object) -> None:
        self._write({"event": SAID, "side": self._side.word, "set": index, name: value})
