"""The guided calibration as a person sees it: a live screen, or plain lines where there is none.

Both only show what `kneetrack.calibration.procedure` tells and reads; neither asks for a key. The
screen lists the steps (done, now, to come), says in one sentence what is wanted, and shows the
numbers by which it is judged. Every sign differs in shape, so it reads the same without colour.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from kneetrack.calibration import CalibrationFile
from kneetrack.calibration.grounds import grounds
from kneetrack.calibration.procedure import (
    Accepted,
    Began,
    Done,
    Measured,
    Noted,
    Procedure,
    Refused,
    Rep,
    Repeated,
    Told,
)
from kneetrack.calibration.steps import STRAP, TABLE
from kneetrack.calibration.together import OneOfTwo, behind
from kneetrack.calibration.watches import SETTLED_DEG_S, Reading
from kneetrack.cli.bigtype import big
from kneetrack.cli.on_screen import OnScreen, can_draw
from kneetrack.cli.table import IN_RANGE_STYLE

NOTES = 2
WIDEST = 96
BAR = 32
DEEP_DEG = 120.0  # the end of the depth bar
WANTED_DEG = 90.0
HINT = "Ctrl-C ends it; the band then keeps the calibration that it has."
_SIGNS = {"done": "✓", "now": "▶", "to come": "·"}
_ASCII = {"done": "x", "now": ">", "to come": "-"}


class View(AbstractContextManager["View"], Protocol):
    """Shown while its context lasts; `told` takes every event of the leg's procedure."""

    def told(self, event: Told, leg: int = 0) -> None: ...


def open_view(console: Console, procedures: Sequence[Procedure], title: str) -> View:
    """The live screen where `console` is a terminal that can move its cursor, else plain lines.

    Of one leg, or of both.
    """
    if console.is_terminal and not console.is_dumb_terminal:
        return Screen(console, procedures, title)
    return Lines(console, procedures, title)


def print_grounds(console: Console, made: CalibrationFile, many: str) -> None:
    """The grade and what it rests on."""
    passed = sum(gate.passed for gate in made.gates)
    console.print(
        f"Calibrated, the {made.side.word} leg: grade {made.grade}, {passed} of {len(made.gates)} "
        "checks passed."
    )
    for what, how in grounds(made, many=many):
        console.print(f"  {what:<17}{how}")
    for warning in made.warnings:
        console.print(f"! {warning}", markup=False)


# --- lines ---------------------------------------------------------------------------------------


class Lines:
    """A line an event, for pipes, files and screen readers."""

    def __init__(self, console: Console, procedures: Sequence[Procedure], title: str) -> None:
        self._console = console
        self._procedures = tuple(procedures)
        self._title = title
        self._whose = ""

    def __enter__(self) -> Lines:
        self._say(self._title)
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def told(self, event: Told, leg: int = 0) -> None:
        procedure = self._procedures[leg]
        side = procedure.side.word.capitalize()
        self._whose = f"{side} leg: " if len(self._procedures) > 1 else ""
        match event:
            case Began(step, again):
                number = procedure.steps.index(step) + 1
                once_more = "once more, " if again else ""
                count = f"{once_more}step {number} of {len(procedure.steps)}"
                self._say(f"{step.title} ({count}): {step.wants} {step.how}")
            case Done(step, start_s, end_s):
                self._say(f"{step.title}: done, {end_s - start_s:.0f} s.")
            case Noted(text):
                self._say(f"! {text}")
            case Rep(number, wanted, depth_deg):
                self._say(f"{number} of {wanted}, {depth_deg:.0f}° deep.")
            case Measured():
                self._say("Working out the calibration ...")
            case Repeated(reasons, _, tries_left):
                self._say(_refusal(reasons, tries_left))
            case Accepted(_, person_s):
                self._say(f"Accepted, after {person_s:.0f} s on the leg.")
            case Refused():
                pass  # it is the error that the command ends with

    def _say(self, text: str) -> None:
        whole = f"{self._whose}{text}"
        self._console.print(whole, highlight=False, markup=False, soft_wrap=True)


def _refusal(reasons: tuple[str, ...], tries_left: int) -> str:
    tries = "one more try" if tries_left == 1 else f"{tries_left} more tries"
    return f"Not good enough yet ({tries}): {' '.join(reasons)}"


# --- the screen ----------------------------------------------------------------------------------


class Screen(OnScreen):
    """The live screen: everything is drawn from the procedures' present state."""

    def __init__(self, console: Console, procedures: Sequence[Procedure], title: str) -> None:
        self._procedures = tuple(procedures)
        self._title = title
        self._parts = [_Part(console, procedure) for procedure in self._procedures]
        super().__init__(console)

    def told(self, event: Told, leg: int = 0) -> None:
        self._parts[leg].told(event)
        self._live.refresh()  # what happened is seen at once, the numbers a few times a second

    def draw(self) -> RenderableType:
        """The whole screen as it is now."""
        width = min(WIDEST, self._console.width)
        one = behind(self._procedures)
        busy = one.at >= len(one.steps)
        wants = "Well done. Working it out ..." if busy else one.step.wants
        how = "Stay as you are." if busy else one.step.how
        body: list[RenderableType] = []
        both = len(self._parts) > 1
        for part in self._parts:
            body.append(part.steps(whose=both))
        if both and not busy and one.step == TABLE:
            wants = "Lay both bands on a table."
        elif both and not busy and one.step == STRAP:
            wants = f"{wants[:-1]}, {one.side.word} leg."
        body += [Text(""), Text(wants.upper(), style="bold"), Text(how)]
        for part in self._parts:
            body += part.now(width, whose=both)
        for part in self._parts:
            body += part.noted(whose=both)
        panel = Panel(
            Group(*body), title=self._title, title_align="left", padding=(1, 2), width=width
        )
        return Group(panel, Text(f"  {HINT}", style="dim"))


class _Part:
    """One leg's part of the screen."""

    def __init__(self, console: Console, procedure: Procedure) -> None:
        self._console = console
        self._procedure = procedure
        self._notes: deque[str] = deque(maxlen=NOTES)
        self._depths: list[float] = []

    def told(self, event: Told) -> None:
        match event:
            case Began(_, again):
                self._depths = []
                if not again:  # else they say why it is done once more
                    self._notes.clear()
            case Rep(_, _, depth_deg):
                self._depths.append(depth_deg)
                self._notes.clear()
            case Noted(text):
                self._note(text)
            case Repeated(reasons, _, tries_left):
                self._notes.clear()
                self._notes.append(_refusal(reasons, tries_left))
            case _:
                pass

    @property
    def _whose(self) -> str:
        return f"{self._procedure.side.word.capitalize():<7}"

    def noted(self, *, whose: bool) -> list[RenderableType]:
        """What there is to be said of how it goes."""
        name = f"{self._procedure.side.word} leg: " if whose else ""
        lines: list[RenderableType] = []
        for note in tuple(self._notes):
            lines += [Text(""), Text(f"! {name}{note}", style="bold")]
        return lines

    def now(self, width: int, *, whose: bool) -> list[RenderableType]:
        """The numbers by which the present step is judged."""
        procedure = self._procedure
        if procedure.at >= len(procedure.steps) or procedure.outcome is not None:
            return []
        if isinstance(procedure, OneOfTwo) and procedure.waits:
            return []
        if not whose:
            return [Text(""), self._numbers(procedure.reading, width, large=True)]
        whole = Table.grid(padding=(0, 1))
        whole.add_row(
            Text(self._whose, style="bold"),
            self._numbers(procedure.reading, width - len(self._whose), large=False),
        )
        return [Text(""), whole]

    def _note(self, text: str) -> None:
        """Show it in place of what began alike: another squat that was too shallow, say."""
        kind = text.split()[:2]
        for note in [note for note in self._notes if note.split()[:2] == kind]:
            self._notes.remove(note)
        self._notes.append(text)

    def steps(self, *, whose: bool) -> RenderableType:
        """All steps in a line: done, now, to come."""
        signs = _SIGNS if can_draw(self._console) else _ASCII
        line = Text(self._whose if whose else "")
        for number, step in enumerate(self._procedure.steps):
            at = self._procedure.at
            how = "done" if number < at else "now" if number == at else "to come"
            style = {"done": IN_RANGE_STYLE, "now": "bold", "to come": "dim"}[how]
            line.append("    " if number else "")
            line.append(f"{signs[how]} {number + 1} {step.title}", style=style)
        return line

    def _numbers(self, reading: Reading, width: int, *, large: bool) -> RenderableType:
        if reading.reps is not None:
            reps = self._reps(reading, width)
            return self._beside(str(reading.reps), reps) if large else reps
        grid = Table.grid(padding=(0, 2))
        left_s = None
        if reading.still_s is not None:
            left_s = max(0.0, reading.wanted_s - reading.still_s)
            drawn = self._bar(reading.still_s / reading.wanted_s, max(10, min(BAR, width - 40)))
            grid.add_row("still", drawn, f"{left_s:.1f} s to go")
        for name, rate, lean, moved in (
            ("thigh", reading.thigh_deg_s, reading.thigh_lean_deg, reading.thigh_moved),
            ("shank", reading.shank_deg_s, reading.shank_lean_deg, reading.shank_moved),
        ):
            word = f"leans {lean:.1f}°"
            if moved is not None:
                word = "moved" if moved else "not moved yet"
                word = "moving" if moved and rate > SETTLED_DEG_S else word
            grid.add_row(name, Text(f"turns at {rate:5.1f}°/s"), word)
        return grid if left_s is None or not large else self._beside(f"{left_s:.0f}", grid)

    def _beside(self, number: str, what: RenderableType) -> RenderableType:
        """The one number that counts, to read from afar, and the rest."""
        if not can_draw(self._console):
            return what
        whole = Table.grid(padding=(0, 3))
        whole.add_row(Text(big(number), style="bold", no_wrap=True), what)
        return whole

    def _reps(self, reading: Reading, width: int) -> RenderableType:
        bar = max(10, min(BAR, width - 50))
        depth = self._bar(reading.flexion_deg / DEEP_DEG, bar)
        for mark in (reading.least_deg, WANTED_DEG):
            _mark(depth, round(bar * mark / DEEP_DEG), "┃" if can_draw(self._console) else "|")
        wanted = f"{reading.least_deg:.0f}° or more, about {WANTED_DEG:.0f}°"
        done = "".join(f"  {depth:.0f}°" for depth in self._depths)
        grid = Table.grid(padding=(0, 1))
        grid.add_row("bent", depth, f"{reading.flexion_deg:3.0f}°")
        grid.add_row("deepest", Text(wanted, style="dim"), f"{reading.deepest_deg:3.0f}°")
        grid.add_row("done", Text(f"{reading.reps} of {reading.wanted_reps}{done}"))
        return grid

    def _bar(self, part: float, width: int) -> Text:
        filled = round(width * min(1.0, max(0.0, part)))
        full, empty = ("━", "─") if can_draw(self._console) else ("#", ".")
        bar = Text(full * filled, style=IN_RANGE_STYLE)
        bar.append(empty * (width - filled), style="dim")
        return bar


def _mark(bar: Text, at: int, sign: str) -> None:
    """Put a mark into a bar."""
    if 0 <= at < len(bar):
        bar.plain = bar.plain[:at] + sign + bar.plain[at + 1 :]
