"""What a person sees while reps happen: a live screen, or plain lines where there is no terminal.

Both take the same stream, decoded items and events as they come, and hold no measurement of their
own: the screen could be thrown away and made anew at any moment. The screen is drawn a few times a
second by rich's own thread, which only reads what `take` has put down.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from kneecore import wire
from kneetrack import faults
from kneetrack.cli import link_line
from kneetrack.cli.bars import DRAWN, LETTERS, half_for, rep_bar, scale
from kneetrack.cli.bigtype import big, huge
from kneetrack.cli.lines import LegView, Lines, View, rep_line
from kneetrack.cli.on_screen import OnScreen, can_draw
from kneetrack.cli.rest import Rest
from kneetrack.cli.strides_live import doubt, is_stride, pace, progress
from kneetrack.cli.table import IN_RANGE_STYLE, style
from kneetrack.cue import Cue
from kneetrack.live.figures import LinkNews
from kneetrack.live.states import QUIET_S
from kneetrack.report import words
from kneetrack.samples import (
    Decoded,
    Event,
    Gap,
    GapSeen,
    GapSettled,
    KneeSample,
    Rep,
    RepEnded,
    RepRevised,
    RepSet,
    SetEnded,
    Status,
    Verdict,
    Warned,
    Withdrawn,
)

__all__ = ["LegView", "Lines", "Screen", "View", "open_view", "rep_line"]

FULL_FLEXION_DEG = 120.0  # the end of the flexion bar
HINTS = 2
_KEY = re.compile(r"(?<![^ ])[a-z](?= [a-z-]+)")

WIDTH, NARROW_WIDTH = 30, 24  # of the last rep's panel
HUGE_WIDTH, HUGE = 46, (100, 30)
"""Of the last rep's panel where a leg has so many columns and lines: digits of five lines."""
NARROW = 70  # columns: below, the panel is narrow and remarks are short
SCALED = 4  # lines for bars: with no more, all are bars and none is their scale
ROOMY = 14
"""Lines a leg needs for large digits. With fewer (two legs on 24 lines) the last rep is small."""


@dataclass(slots=True)
class _Seen:
    """What has come so far."""

    reps: dict[int, Rep] = field(default_factory=dict[int, Rep])  # by index
    sets: dict[int, RepSet] = field(default_factory=dict[int, RepSet])
    sample: KneeSample | None = None
    samples: int = 0
    packets: int = 0
    newest_at: float = 0.0  # when the last packet came, by time.monotonic
    lost: int = 0
    faults: int = 0  # wire.FAULT_* bits of the newest status
    news: LinkNews | None = None
    news_at: float = 0.0
    cue: tuple[Cue, str] | None = None  # the last one, and what it said
    hints: deque[str] = field(default_factory=lambda: deque(maxlen=HINTS))

    def take_event(self, event: Event) -> None:
        match event:
            case RepEnded(rep) | RepRevised(rep):
                self.reps[rep.index] = rep
            case SetEnded(ended):
                self.sets[ended.index] = ended
            case Withdrawn(reps, sets):
                for index in [index for index in self.reps if index >= reps]:
                    del self.reps[index]
                for index in [index for index in self.sets if index >= sets]:
                    del self.sets[index]
            case Warned(text):
                self.hint(text)
            case GapSeen(gap) if self.news is None or not self.news.keeps:
                self.hint(words.gap(gap))
            case GapSettled(gap, left):
                told = words.gap(gap)
                if told in self.hints:
                    self.hints.remove(told)
                for one in left:
                    self.hint(words.gap(one))
            case GapSeen():
                pass  # it is being fetched: the link's line says so

    def hint(self, text: str) -> None:
        """Show a hint, once."""
        if text not in self.hints:
            self.hints.append(text)

    @property
    def since_news_s(self) -> float:
        return time.monotonic() - self.news_at

    @property
    def silent_s(self) -> float:
        """Since the newest packet came, as far as is known."""
        if self.news is not None:
            return self.news.silent_s + self.since_news_s
        return time.monotonic() - self.newest_at if self.packets else 0.0

    @property
    def last_rep(self) -> Rep | None:
        return next(reversed(self.reps.values()), None)


def open_view(
    console: Console, *, hint: str | Callable[[], str], rest_s: float | None = None
) -> View:
    """The live screen where `console` is a terminal that can move its cursor, else plain lines.

    `hint` is its last line, or gives it; `rest_s` is how long a rest between sets is meant to be.
    """
    if console.is_terminal and not console.is_dumb_terminal:
        return Screen(console, hint=hint, rest_s=rest_s)
    return Lines(console, rest_s)


class Screen(OnScreen):
    """The live screen."""

    def __init__(
        self, console: Console, *, hint: str | Callable[[], str], rest_s: float | None = None
    ) -> None:
        self._hint = hint
        self._rest_s = rest_s
        self._legs: list[_LegScreen] = []
        super().__init__(console)

    def leg(self, title: str) -> LegView:
        # Both legs rest at once: the first one's timer is enough.
        rest = None if self._legs else Rest(self._rest_s)
        leg = _LegScreen(self._console, title, rest, self.at_once)
        self._legs.append(leg)
        return leg

    def draw(self) -> RenderableType:
        hint = self._hint if isinstance(self._hint, str) else self._hint()
        lines = -(-Text(hint).cell_len // max(1, self._console.width))
        height = (self._console.height - max(1, lines)) // max(1, len(self._legs))
        return Group(*[leg.draw(height) for leg in self._legs], _keys(hint))


class _LegScreen:
    def __init__(
        self, console: Console, title: str, rest: Rest | None, at_once: Callable[[], None]
    ) -> None:
        self._console = console
        self._title = title
        self._rest = rest
        self._at_once = at_once
        self._is_huge = False
        self._seen = _Seen()

    def packet(self) -> None:
        self._seen.packets += 1
        self._seen.newest_at = time.monotonic()

    def item(self, item: Decoded) -> None:
        if isinstance(item, KneeSample):
            newest = self._seen.sample
            if newest is None or item.time_s >= newest.time_s:  # one that is fetched is not now
                self._seen.sample = item
            self._seen.samples += 1
            if self._rest is not None:
                self._rest.time(item.time_s)
                if self._rest.is_over():
                    self._console.bell()
        elif isinstance(item, Gap):
            self._seen.lost += item.count
        elif isinstance(item, Status):
            self._seen.faults = item.faults

    def event(self, event: Event) -> None:
        self._seen.take_event(event)
        if self._rest is not None:
            self._rest.event(event)
        if isinstance(event, RepEnded):
            self._at_once()

    def cue(self, cue: Cue, said: str) -> None:
        self._seen.cue = cue, said

    def link(self, news: LinkNews) -> None:
        self._seen.news = news
        self._seen.news_at = time.monotonic()

    def draw(self, height: int) -> RenderableType:
        """All of it in `height` lines; reps give way where they are few, never the link."""
        small = height < ROOMY
        self._is_huge = self._console.width >= HUGE[0] and height >= HUGE[1]
        hints = [
            Text(f"! {hint}", style="bold")
            for hint in (*faults.texts(self._seen.faults), *tuple(self._seen.hints))
        ]
        wrapped = sum(-(-text.cell_len // max(1, self._console.width)) for text in hints)
        top = Table.grid(expand=True, padding=(0, 1))
        top.add_column(width=self._panel_width)
        top.add_column(ratio=1)
        top.add_row(self._last_rep(small), self._now(small))
        resting = self._resting()
        others = self._panel_height(small) + 3 + len(resting)  # title, average, link
        room = max(0 if small else 3, height - others - wrapped)
        bars = self._bars(room)
        # What is below stays where it is, however many reps there are.
        free = [Text("") for _ in range(room - len(bars))]
        return Group(
            Text(self._title, style="bold", no_wrap=True, overflow="ellipsis"),
            top,
            *bars,
            *free,
            self._average(),
            *resting,
            self._link(),
            *hints,
        )

    @property
    def _panel_width(self) -> int:
        if self._is_huge:
            return HUGE_WIDTH
        return NARROW_WIDTH if self._console.width < NARROW else WIDTH

    def _last_rep(self, small: bool) -> Panel:
        rep = self._seen.last_rep
        size = self._panel_height(small)
        if rep is None:
            body = (
                Text("waiting for the first rep")
                if small
                else Text("\n\nwaiting for the first rep")
            )
            return Panel(body, title="last rep", width=self._panel_width, height=size)
        value, title = rep.own_excursion_deg, words.rep_name(rep)
        shown = f"{rep.peak_flexion_deg:.0f}°" if value is None else f"{words.signed(value)}°"
        what = "deep" if value is None else words.short_verdict(rep)
        if is_stride(rep):
            shown, title = pace(rep), f"stride {words.number(rep)}"
            what = f"steps/min{f', {doubt(rep)}' if doubt(rep) else ''}"
        sign = "" if rep.verdict is None else f"{words.mark(rep)} "
        if small:
            body = Text(f"{shown}  {sign}{what}", style=style(rep))
        else:
            draw = huge if self._is_huge else big
            digits = draw(shown) if can_draw(self._console) else shown
            number = Text(digits, style=style(rep), no_wrap=True)
            body = Group(number, Text(f"{sign}{what}", style=style(rep)))
        width = self._panel_width
        return Panel(body, title=title, subtitle=self._cue(rep), width=width, height=size)

    def _panel_height(self, small: bool) -> int:
        return 4 if small else 9 if self._is_huge else 7

    def _cue(self, rep: Rep) -> str | None:
        """The cue that the last rep got, or the one under way."""
        if self._seen.cue is None:
            return None
        cue, said = self._seen.cue
        return f"cue: {said}" if cue.time_s >= rep.start_s else None

    def _now(self, small: bool) -> RenderableType:
        sample = self._seen.sample
        above = "" if small else "\n"
        if sample is None:
            return Text(f"{above}no samples yet")
        if sample.flags & wire.FLAG_UNALIGNED:
            return Text(
                f"{above}The angles mean nothing yet: stand still for a moment. If this stays, the "
                "band has no calibration; make one with: kneetrack calibrate"
            )
        narrow = self._console.width < NARROW
        width = max(8, self._console.width - self._panel_width - 22)
        filled = round(width * min(1.0, max(0.0, sample.flexion_deg / FULL_FLEXION_DEG)))
        line = "━" if can_draw(self._console) else "="
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(width=8, no_wrap=True)
        grid.add_column(width=8, no_wrap=True)
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        grid.add_row("flexion", f"{sample.flexion_deg:6.1f}°", Text(line * filled, IN_RANGE_STYLE))
        sigma = f"± {sample.valgus_sigma_deg:.1f}°{'' if narrow else ', inward +'}"
        grid.add_row("valgus", f"{sample.valgus_deg:+6.1f}°", Text(sigma, style="dim"))
        grid.add_row("rotation", f"{sample.rotation_deg:+6.1f}°", Text("internal +", style="dim"))
        silent_s = self._seen.silent_s
        note = "standing: heading taken anew" if sample.flags & wire.FLAG_REST else ""
        if narrow and note:
            note = "standing"
        if silent_s >= QUIET_S:
            note = f"{silent_s:.0f} s ago, none newer"
            grid.style = "dim"
        grid.add_row("time", f"{sample.time_s:6.1f} s", Text(note, style="dim"))
        return grid if small else Group(Text(""), grid)

    def _bars(self, room: int) -> list[Text]:
        """The newest reps that have room, under their scale where there is enough of it."""
        reps = list(self._seen.reps.values())
        half = half_for(self._console.width)
        judged = any(rep.own_excursion_deg is not None for rep in reps)
        head = [scale(half)] if judged and room > SCALED else []
        pen = DRAWN if can_draw(self._console) else LETTERS
        shown = reps[max(0, len(reps) - room + len(head)) :]
        return [*head, *[rep_bar(rep, half, pen) for rep in shown]]

    def _average(self) -> Text:
        reps = [r for r in tuple(self._seen.reps.values()) if not r.is_reference]
        if not reps:
            return Text("")
        last = [r for r in reps if r.set == reps[-1].set]
        if is_stride(last[-1]):
            text = f"bout {last[-1].set + 1}: {progress(last)}"
            return Text(text, no_wrap=True, overflow="ellipsis")
        own = [r.own_excursion_deg for r in last if r.own_excursion_deg is not None]
        text = f"set {last[-1].set + 1}: {len(last)} {'rep' if len(last) == 1 else 'reps'}"
        if own:
            text += f", average own excursion {words.signed(sum(own) / len(own))}°"
        judged = [r.verdict for r in last if r.verdict not in (None, Verdict.DOUBTFUL)]
        if judged:
            text += f", {judged.count(Verdict.IN_RANGE)} of {len(judged)} in range"
        ended = self._seen.sets.get(last[-1].set)
        if ended is not None and ended.shift_deg is not None:
            shift = words.with_sigma(ended.shift_deg, ended.shift_sigma_deg)
            text += f", common to all {shift}°"
        return Text(text, no_wrap=True, overflow="ellipsis")

    def _resting(self) -> list[Text]:
        """The rest's line, where somebody rests."""
        if self._rest is None or not self._rest.line:
            return []
        return [Text(self._rest.line, style="bold", no_wrap=True, overflow="ellipsis")]

    def _link(self) -> Text:
        seen = self._seen
        if seen.news is not None:
            return link_line.line(seen.news, seen.since_news_s, self._console.width)
        lost = f"{seen.lost} samples lost" if seen.lost else "nothing lost"
        silent_s = seen.silent_s
        late = f"; nothing for {silent_s:.0f} s" if silent_s >= QUIET_S else ""
        return Text(f"{seen.packets} packets, {lost}{late}", style="dim")


def _keys(hint: str) -> Text:
    """The line of keys, each key of one letter to be told from its word."""
    text = Text(hint, style="dim")
    text.highlight_regex(_KEY, style="not dim bold reverse")
    return text
