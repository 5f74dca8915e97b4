"""What happens, one line each: for pipes, files and screen readers. And what any view is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from rich.console import Console

from kneetrack import faults
from kneetrack.cli import link_line
from kneetrack.cli.rest import Rest
from kneetrack.cli.strides_live import StrideLines, is_stride
from kneetrack.cue import Cue
from kneetrack.live.figures import LinkNews
from kneetrack.live.states import LinkState
from kneetrack.report import words
from kneetrack.samples import (
    Decoded,
    Event,
    GapSeen,
    GapSettled,
    KneeSample,
    Rep,
    RepEnded,
    RepRevised,
    SetEnded,
    Status,
    Verdict,
    Warned,
)


class LegView(Protocol):
    """What one leg's part of a view takes; a sink of `kneetrack.live`, that shows the link too."""

    def packet(self) -> None: ...

    def item(self, item: Decoded) -> None: ...

    def event(self, event: Event) -> None: ...

    def link(self, news: LinkNews) -> None: ...


class View(AbstractContextManager["View"], Protocol):
    """Shown while its context lasts."""

    def leg(self, title: str) -> LegView:
        """A part for one more leg; asked for before anything is shown."""
        ...


def rep_line(rep: Rep) -> str:
    """One rep as a sentence."""
    if rep.own_excursion_deg is None:
        moved = ""
    else:
        value = words.with_sigma(rep.own_excursion_deg, rep.own_excursion_sigma_deg)
        moved = f"  own excursion {value}°"
    said = "" if rep.verdict is None else f"  {words.mark(rep)} {words.verdict(rep)}"
    done = f"{rep.end_s:7.1f} s  {words.rep_name(rep)}: {rep.peak_flexion_deg:.0f}° deep"
    return f"{done}{moved}{said}"


class Lines:
    """One line per rep, for pipes, files and screen readers."""

    def __init__(self, console: Console, rest_s: float | None = None) -> None:
        self._console = console
        self._rest_s = rest_s
        self._titles: list[str] = []

    def __enter__(self) -> Lines:
        for title in self._titles:
            self.say(title, title)
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def leg(self, title: str) -> LegView:
        rest = None if self._titles else Rest(self._rest_s)  # both legs rest at once
        self._titles.append(title)
        return _LegLines(self, title, rest)

    def say(self, title: str, text: str) -> None:
        """One line, told whose it is where there are two legs."""
        whose = f"{title}: " if len(self._titles) > 1 and text != title else ""
        self._console.print(f"{whose}{text}", highlight=False, markup=False, soft_wrap=True)


class _LegLines:
    def __init__(self, lines: Lines, title: str, rest: Rest | None) -> None:
        self._lines = lines
        self._title = title
        self._rest = rest
        self._strides = StrideLines()
        self._sets_over: set[int] = set()
        self._said: dict[tuple[int, bool], Verdict | None] = {}
        self._warned: set[str] = set()
        self._faults = 0
        self._news: LinkNews | None = None
        self._fetching = 0

    def packet(self) -> None:
        return None

    def item(self, item: Decoded) -> None:
        if isinstance(item, KneeSample) and self._rest is not None:
            self._rest.time(item.time_s)
            if self._rest.is_over():
                self._lines.say(self._title, self._rest.over_text)
        if not isinstance(item, Status) or item.faults == self._faults:
            return
        before = faults.texts(self._faults)
        for text in faults.texts(item.faults):
            if text not in before:
                self._lines.say(self._title, text)
                self._warned.add(text)
        for text in faults.gone(self._faults, item.faults):
            self._lines.say(self._title, f"No longer so: {text}")
        self._faults = item.faults

    def event(self, event: Event) -> None:
        self._tell_rest(event)
        match event:
            case RepEnded(rep) if is_stride(rep):
                if said := self._strides.line(rep):
                    self._lines.say(self._title, said)
            case RepEnded(rep):
                self._said[rep.index, rep.is_reference] = rep.verdict
                self._lines.say(self._title, rep_line(rep))
            case RepRevised(rep) if not is_stride(rep) and rep.verdict is not self._said.get(
                (rep.index, rep.is_reference)
            ):
                self._said[rep.index, rep.is_reference] = rep.verdict
                self._lines.say(self._title, f"{rep_line(rep)}, seen with the whole set")
            case GapSeen(gap) if self._news is None or not self._news.keeps:
                self._lines.say(self._title, words.gap(gap))
            case GapSettled(_, left):
                for gap in left:
                    self._lines.say(self._title, words.gap(gap))
            case Warned(text) if text not in self._warned:
                self._warned.add(text)
                self._lines.say(self._title, text)
            case _:
                pass

    def _tell_rest(self, event: Event) -> None:
        """Once a set, that it is over."""
        if self._rest is None:
            return
        self._rest.event(event)
        if isinstance(event, SetEnded) and self._rest.after == event.set:
            index = event.set.index
            if index not in self._sets_over:
                self._sets_over.add(index)
                self._lines.say(self._title, self._rest.set_text)

    def cue(self, cue: Cue, said: str) -> None:
        self._lines.say(self._title, f"{cue.time_s:7.1f} s  cue: {said}")

    def link(self, news: LinkNews) -> None:
        """Tell when the state changes, and what is fetched when the set is over."""
        before, self._news = self._news, news
        if before is not None and before.state is not news.state:
            begins = before.packets == 0 or before.state is LinkState.OVER
            if not begins and news.state is not LinkState.OVER:
                self._lines.say(self._title, link_line.sentence(news))
        if news.ending and news.state is LinkState.LOST and before and not before.ending:
            self._lines.say(self._title, link_line.sentence(news))
        elif news.ending and news.missing and not self._fetching:
            self._fetching = news.missing
            leave = "q or Ctrl-C leaves them."
            self._lines.say(self._title, f"Fetching {news.missing} missing samples. {leave}")
