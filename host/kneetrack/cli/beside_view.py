"""Two views of one session at once: the terminal's and the page's."""

from __future__ import annotations

from contextlib import ExitStack

from kneetrack.cli.lines import LegView, View
from kneetrack.cue import Cue
from kneetrack.live import CueSink
from kneetrack.live.figures import LinkNews
from kneetrack.samples import Decoded, Event, Warned


class Together:
    """Shown while its context lasts. The first one is the terminal's."""

    def __init__(self, *views: View) -> None:
        self._views = views
        self._legs: list[_Leg] = []
        self._stack = ExitStack()

    def __enter__(self) -> Together:
        for view in self._views:
            self._stack.enter_context(view)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def leg(self, title: str) -> LegView:
        leg = _Leg([view.leg(title) for view in self._views])
        self._legs.append(leg)
        return leg

    def say(self, text: str) -> None:
        """A sentence for the first view alone."""
        if self._legs:
            self._legs[0].first.event(Warned(text))


class _Leg:
    def __init__(self, legs: list[LegView]) -> None:
        self.first = legs[0]
        self._legs = legs

    def packet(self) -> None:
        for leg in self._legs:
            leg.packet()

    def item(self, item: Decoded) -> None:
        for leg in self._legs:
            leg.item(item)

    def event(self, event: Event) -> None:
        for leg in self._legs:
            leg.event(event)

    def link(self, news: LinkNews) -> None:
        for leg in self._legs:
            leg.link(news)

    def cue(self, cue: Cue, said: str) -> None:
        for leg in self._legs:
            if isinstance(leg, CueSink):
                leg.cue(cue, said)
