"""What a check says: one row each, good, worth a note, or a problem, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


class Part(StrEnum):
    """Where to look: on this computer, or on the band and the way to it."""

    COMPUTER = "computer"
    BAND = "band"


@dataclass(frozen=True, slots=True)
class Row:
    """One check. `remedy` is what to do, empty where nothing is; units are in figures' names."""

    part: Part
    name: str
    state: State
    text: str
    remedy: str = ""
    figures: dict[str, Any] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Any]:
        return {
            "part": self.part.value,
            "name": self.name,
            "state": self.state.value,
            "text": self.text,
            "remedy": self.remedy,
            "figures": self.figures,
        }
