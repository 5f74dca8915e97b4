"""A self-test as a person sees it: a live screen, or plain lines where there is none.

Both only show what `kneetrack.selftest.procedure` tells and reads, and hand it what comes from the
band; `on_end` is called when it is finished. Nobody has to press a key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from kneetrack.cli import link_line
from kneetrack.cli.bigtype import big
from kneetrack.cli.on_screen import OnScreen, can_draw
from kneetrack.cli.table import IN_RANGE_STYLE
from kneetrack.detection import Analyzer
from kneetrack.insight.words import unit_after
from kneetrack.live.figures import LinkNews
from kneetrack.live.states import LinkState
from kneetrack.samples import Decoded, Event, GapSeen, KneeSample, Warned
from kneetrack.selftest.procedure import Began, Counted, Finished, Noted, Procedure, Told
from kneetrack.selftest.tests import STAND

NOTES = 2
WIDEST = 96
BAR = 32
HINT = "q or Ctrl-C ends the test; what was done is kept."


class Lines:
    """A line an event. It is a `View` and its only leg's `LegView`."""

    def __init__(
        self,
        console: Console,
        procedure: Procedure,
        analyzer: Analyzer,
        on_end: Callable[[], None],
    ) -> None:
        self._console = console
        self._procedure = procedure
        self._analyzer = analyzer
        self._on_end = on_end
        self._title = ""
        self._state: LinkState | None = None
        self._warned: set[str] = set()

    def __enter__(self) -> Lines:
        self.say(self._title)
        self._tell(self._procedure.begin())
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def leg(self, title: str) -> Lines:
        self._title = title
        return self

    # --- what comes from the band ----------------------------------------------------------------

    def packet(self) -> None:
        return None

    def item(self, item: Decoded) -> None:
        if isinstance(item, KneeSample):
            self._tell(self._procedure.take(item, self._analyzer.phase))

    def event(self, event: Event) -> None:
        match event:
            case Warned(text) if text not in self._warned:
                self._warned.add(text)
                self._tell([Noted(text)])
            case GapSeen(gap):
                self._tell(self._procedure.lost(gap))
            case _:
                self._tell(self._procedure.event(event))

    def link(self, news: LinkNews) -> None:
        before, self._state = self._state, news.state
        if before not in (None, news.state) and news.state is not LinkState.OVER:
            self._tell([Noted(link_line.sentence(news))])

    def _tell(self, told: list[Told]) -> None:
        for event in told:
            self.show(event)
            if isinstance(event, Finished):
                self._on_end()

    # --- what is seen of it ----------------------------------------------------------------------

    def show(self, event: Told) -> None:
        """One event."""
        test = self._procedure.test
        match event:
            case Began(step):
                self.say(f"{step.title}: {step.wants} {step.how}")
            case Counted(number, value):
                self.say(f"{number} of {test.repeats}: {value}")
            case Noted(text):
                self.say(f"! {text}")
            case Finished():
                self.say(f"Well done: {test.repeats} {test.many}.")

    def say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)


class Screen(Lines):
    """The live screen: everything is drawn from the procedure's present state."""

    def __init__(
        self,
        console: Console,
        procedure: Procedure,
        analyzer: Analyzer,
        on_end: Callable[[], None],
    ) -> None:
        super().__init__(console, procedure, analyzer, on_end)
        self._notes: deque[str] = deque(maxlen=NOTES)
        self._values: list[str] = []
        self._drawn: _Drawn | None = None

    def __enter__(self) -> Screen:
        self._drawn = _Drawn(self._console, self.draw)
        self._drawn.__enter__()
        return self

    def __exit__(self, *parts: object) -> None:
        if self._drawn is not None:
            self._drawn.__exit__(*parts)

    def show(self, event: Told) -> None:
        match event:
            case Began():
                self._notes.clear()
            case Counted(_, value):
                self._values.append(value.split(" ")[-1])
                self._notes.clear()
            case Noted(text) if text not in self._notes:
                self._notes.append(text)
            case _:
                pass

    def draw(self) -> RenderableType:
        """The whole screen as it is now."""
        procedure = self._procedure
        width = min(WIDEST, self._console.width)
        step = procedure.step
        body: list[RenderableType] = [
            self._steps(),
            Text(""),
            Text("WELL DONE." if procedure.finished else step.wants.upper(), style="bold"),
            Text("Working it out ..." if procedure.finished else step.how),
            Text(""),
            self._numbers(width),
        ]
        for note in tuple(self._notes):
            body += [Text(""), Text(f"! {note}", style="bold")]
        panel = Panel(
            Group(*body), title=self._title, title_align="left", padding=(1, 2), width=width
        )
        return Group(panel, Text(f"  {HINT}", style="dim"))

    def _steps(self) -> RenderableType:
        signs = ("✓", "▶", "·") if can_draw(self._console) else ("x", ">", "-")
        procedure = self._procedure
        at = 2 if procedure.finished else int(procedure.step is not STAND)
        line = Text()
        for number, step in enumerate((STAND, procedure.test.do)):
            how = 0 if number < at else 1 if number == at else 2
            line.append("    " if number else "")
            line.append(
                f"{signs[how]} {number + 1} {step.title}",
                style=(IN_RANGE_STYLE, "bold", "dim")[how],
            )
        return line

    def _numbers(self, width: int) -> RenderableType:
        procedure = self._procedure
        reading = procedure.reading
        wide = max(10, min(BAR, width - 50))
        filled = round(wide * min(1.0, max(0.0, reading.value / reading.wanted)))
        full, empty = ("━", "─") if can_draw(self._console) else ("#", ".")
        bar = Text(full * filled, style=IN_RANGE_STYLE)
        bar.append(empty * (wide - filled), style="dim")
        unit = unit_after(reading.unit)
        grid = Table.grid(padding=(0, 1))
        grid.add_row(reading.name, bar, f"{reading.value:3.0f}{unit} of {reading.wanted:.0f}{unit}")
        done = "".join(f"  {value}" for value in self._values)
        grid.add_row("done", Text(f"{len(self._values)} of {procedure.test.repeats}{done}"))
        if not can_draw(self._console):
            return grid
        whole = Table.grid(padding=(0, 3))
        whole.add_row(Text(big(f"{reading.value:.0f}"), style="bold", no_wrap=True), grid)
        return whole


class _Drawn(OnScreen):
    """What draws a function's answer, a few times a second."""

    def __init__(self, console: Console, what: Callable[[], RenderableType]) -> None:
        self._what = what
        super().__init__(console)

    def draw(self) -> RenderableType:
        return self._what()


def open_view(
    console: Console, procedure: Procedure, analyzer: Analyzer, on_end: Callable[[], None]
) -> Lines:
    """The live screen where `console` is a terminal that can move its cursor, else plain lines."""
    if console.is_terminal and not console.is_dumb_terminal:
        return Screen(console, procedure, analyzer, on_end)
    return Lines(console, procedure, analyzer, on_end)
