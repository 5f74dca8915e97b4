"""Key `m` while a recording runs: a marker, to find an instant again (`sessionlog.markers`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kneetrack.cli.desk import Desk
from kneetrack.samples import Decoded, Event, KneeSample, Side
from kneetrack.sessionlog.markers import Marker, marker_event

KEY = "m"


class Marks:
    """Sets markers for all legs at once; `leg` gives the sink that knows a leg's time.

    `write` puts them into the log, `tell` is told of each besides.
    """

    def __init__(
        self,
        write: Callable[[Mapping[str, object]], None],
        tell: Callable[[Marker], None] | None = None,
    ) -> None:
        self.number = 0
        self._tell = tell
        self._write = write
        self._legs: list[_Leg] = []

    def leg(self, side: Side) -> _Leg:
        leg = _Leg(side)
        self._legs.append(leg)
        return leg

    def offer(self, desk: Desk) -> None:
        """Put the key on the desk, as soon as there are samples."""
        desk.on(KEY, self._word, self.mark)

    def mark(self) -> None:
        """One more marker, in the log of every leg of which there are samples."""
        self.number += 1
        for leg in self._legs:
            if leg.time_s is not None:
                marker = Marker(self.number, leg.side, leg.time_s)
                self._write(marker_event(marker))
                if self._tell is not None:
                    self._tell(marker)

    def _word(self) -> str:
        if all(leg.time_s is None for leg in self._legs):
            return ""
        return f"marks ({self.number} so far)" if self.number else "marks"


class _Leg:
    """The newest time of a leg; a sink of `kneetrack.live`."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.time_s: float | None = None

    def packet(self) -> None:
        return None

    def item(self, item: Decoded) -> None:
        if isinstance(item, KneeSample):  # what is sent late is older
            self.time_s = max(item.time_s, self.time_s or 0.0)

    def event(self, event: Event) -> None:
        return None


def told(markers: Iterable[Marker]) -> str:
    """The markers as a line; empty where there are none."""
    by_number: dict[int, list[str]] = {}
    for marker in markers:
        by_number.setdefault(marker.number, []).append(f"{marker.time_s:.2f}")
    if not by_number:
        return ""
    listed = ", ".join(f"{number} at {'/'.join(at)}" for number, at in by_number.items())
    return f"Markers (key m): {listed} s."
