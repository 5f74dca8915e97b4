"""Markers: instants that a person noted by a key while recording, to be found again elsewhere.

Each has a running number, the same for both legs, and for each leg the band's time of the newest
sample that had come when the key was struck. The key itself was later than that sample by what the
radio and the computer take, some 20 to 100 ms; so a marker says which event it was, and a knock in
the raw data says when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kneetrack.samples import Side
from kneetrack.sessionlog.streams import MARKER


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker of one leg, in the band's time."""

    number: int
    side: Side
    time_s: float

    def to_json(self) -> dict[str, Any]:
        return {"number": self.number, "side": self.side.word, "time_s": round(self.time_s, 4)}


def marker_event(marker: Marker) -> dict[str, object]:
    """The event as it stands in a log."""
    return {"event": MARKER, **marker.to_json()}


def markers_in(events: Iterable[Mapping[str, Any]]) -> tuple[Marker, ...]:
    """The markers among a log's events, in their order; what isn't one is passed over."""
    found: list[Marker] = []
    for event in events:
        number, side, time_s = event.get("number"), event.get("side"), event.get("time_s")
        if (
            event.get("event") == MARKER
            and isinstance(number, int)
            and side in ("right", "left")
            and isinstance(time_s, int | float)
        ):
            found.append(Marker(number, Side.from_word(side), float(time_s)))
    return tuple(found)
