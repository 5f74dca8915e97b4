"""What a check says: one row each, good, worth a note, or a problem, with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_CABLE = "Plug the cable in anew, straight into this computer and not into a hub."


class State(StrEnum):
    """What a row of `doctor` comes to."""

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


def band_row(
    name: str,
    state: State,
    text: str,
    remedy: str = "",
    figures: Mapping[str, object] | None = None,
    **more: object,
) -> Row:
    """A row about the band; `more` are figures, too."""
    return Row(Part.BAND, name, state, text, remedy, {**(figures or {}), **more})


def remedy_of_way(kind: str, radio: str) -> str:
    """What to do about the way to the band: `radio`, unless the `kind` of link is a cable."""
    return _CABLE if kind == "serial" else radio
