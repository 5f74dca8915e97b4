"""`kneetrack dashboard`: the session on a page, for a tablet on the floor or a second screen."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import socket
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli import session_options as options
from kneetrack.cli.options import side_of
from kneetrack.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.catalogue import Session
    from kneetrack.cli.lines import View
    from kneetrack.cli.session import Leg
    from kneetrack.dashboard.door import Door
    from kneetrack.dashboard.feed import Phrases
    from kneetrack.dashboard.hub import Hub
    from kneetrack.dashboard.timeline import Timeline

DEFAULT_PORT = 8765
LOOPBACK = "127.0.0.1"


def dashboard(
    log: Annotated[
        Path | None, typer.Argument(metavar="[FILE.mcap]", help="A log to look at.")
    ] = None,
    link: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LINK", help="Record this band meanwhile, as kneetrack record does; or twice."
        ),
    ] = None,
    exercise: options.Exercise = None,
    athlete: options.Athlete = None,
    load: options.Load = None,
    rest: options.Rest = None,
    calibration: options.Calibrations = None,
    out: options.Out = None,
    duration: options.Duration = None,
    no_raw: options.NoRaw = False,
    no_questions: options.NoQuestions = False,
    side: options.Leg = None,
    host: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Let other devices in, at this address of yours; 0.0.0.0 is any "
            "[default: this computer only].",
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="N", help="0: any that is free.", min=0, max=65535)
    ] = DEFAULT_PORT,
) -> None:
    """Show a session on a page in the browser: live, or a recorded one with a time slider.

    \b
    Examples:
      kneetrack dashboard                                  your sessions, to look at any of them
      kneetrack dashboard session.mcap                     this one, with a time slider
      kneetrack dashboard --link ble:auto --athlete A      record, and see it on the page
      kneetrack dashboard --link "sim:squats?valgus=8"     the same with a simulated band
      kneetrack dashboard --link ble:auto --host 0.0.0.0   for the tablet on the floor, too

    With --link it records as kneetrack record does; the page only looks on. Several screens may.
    With --host the printed address holds a key that is good for one screen; then the next is
    shown. What is sent in your network is not encrypted. q or Ctrl-C ends it.
    """
    from kneetrack.cli.record import recording
    from kneetrack.cli.session import Told, check_exercise, check_new
    from kneetrack.cue.sounding import By
    from kneetrack.edits import fields

    _check_available()
    if log is not None and link:
        raise UsageError("Either a log is looked at, or --link is recorded; leave one out.")
    if not link:
        asyncio.run(_look(log, host, port))
        return
    check_new(out)
    check_exercise(exercise)
    load_kg = None if load is None else fields.load_kg(load)
    from kneetrack.cli import console
    from kneetrack.cli.before import answers

    before = answers([], link, no_questions=no_questions, hints=console.hints())
    told = Told(athlete=athlete, load_kg=load_kg, before=before)

    async def both() -> int:
        from kneetrack.dashboard.hub import Hub

        hints = console.hints()
        hub = Hub(phrases())
        with _served(host, port, hints, hub=hub) as page:
            code = await recording(
                link,
                exercise=exercise,
                told=told,
                cue_by=By.AUTO,
                rest_s=rest,
                calibrations=calibration or [],
                out=out,
                duration_s=duration,
                raw=not no_raw,
                table_zero=False,
                side=side_of(side),
                around=page.around,
            )
            hints.print("The page stays until q or Ctrl-C.")
            await _until_told()
        return code

    raise typer.Exit(asyncio.run(both()))


async def _look(log: Path | None, host: str | None, port: int) -> None:
    from kneetrack.cli import console

    hints = console.hints()
    first = None
    if log is not None:
        with hints.status(f"Reading {log.name} ..."):
            first = await asyncio.to_thread(load_timeline, log)
    _bring_up_to_date(hints)
    with _served(host, port, hints, first=first):
        hints.print("q or Ctrl-C ends it.")
        await _until_told()


async def _until_told() -> None:
    from kneetrack.cli.keys import ending

    stop = asyncio.Event()
    with ending(stop.set):
        await stop.wait()


def _bring_up_to_date(hints: Console) -> None:
    from kneetrack.cli.catalogue_bar import up_to_date

    up_to_date(hints).close()


class _Served:
    """What is served, and how a recording gets onto it."""

    def __init__(self, hub: Hub | None) -> None:
        self._hub = hub
        self.say: Callable[[str], None] | None = None

    def around(self, legs: Sequence[Leg], view: View) -> View:
        """The terminal's view and the page's at once."""
        from kneetrack.analysis.trace import alignment_of
        from kneetrack.cli.beside_view import Together
        from kneetrack.dashboard.feed import About
        from kneetrack.dashboard.hub import LiveView

        assert self._hub is not None
        about: list[About] = []
        for leg in legs:
            alignment = alignment_of(leg.calibration)
            about.append(About(leg.title, leg.analyzer.side, alignment and alignment[1]))
        self._hub.begin("", about)
        together = Together(view, LiveView(self._hub))
        self.say = together.say
        return together


@contextlib.contextmanager
def _served(
    host: str | None,
    port: int,
    hints: Console,
    *,
    hub: Hub | None = None,
    first: Timeline | None = None,
) -> Generator[_Served]:
    from kneetrack.dashboard.door import Door
    from kneetrack.dashboard.history import History
    from kneetrack.dashboard.server import Page, bound, serving

    served = _Served(hub)
    with contextlib.closing(bound(host or LOOPBACK, port)) as listening:
        number = int(listening.getsockname()[1])

        def address(door: Door) -> str:
            shown = LOOPBACK if host is None else _reachable(host)
            key = f"?token={door.token}" if door.is_open_to_network else ""
            return f"http://{shown}:{number}/{key}"

        def spent(_: str) -> None:
            text = f"For one more screen: {address(door)}"
            if served.say is None:
                hints.print(text, markup=False, soft_wrap=True)
            else:
                served.say(text)

        door = Door(
            number,
            is_open_to_network=host is not None,
            names=frozenset(_own_names()) if host is not None else frozenset(),
            on_token=spent,
        )
        page = Page(door, History(_sessions, load_timeline), hub=hub, first=first)
        with serving(page, listening):
            hints.print(f"The page: {address(door)}", markup=False, soft_wrap=True)
            yield served


def _sessions() -> Sequence[Session]:
    """What the catalogue knows; it is opened by whoever asks, for it belongs to one thread."""
    from kneetrack.catalogue import Catalogue

    with contextlib.closing(Catalogue.open()) as catalogue:
        return catalogue.sessions()


def load_timeline(path: Path) -> Timeline:
    """A log, folded as `kneetrack replay` does. Raises what reading it raises."""
    from kneetrack.analysis.trace import alignment_of
    from kneetrack.cli.replay import fold, recorded_calibration
    from kneetrack.dashboard.feed import About
    from kneetrack.dashboard.timeline import Gathering
    from kneetrack.edits import read
    from kneetrack.report import words
    from kneetrack.sessionlog import read_log

    log = read_log(path)
    exercise = words.exercise(str(read(log.path).over(log.session).get("exercise") or "unknown"))
    about: list[About] = []
    for side in log.sides:
        alignment = alignment_of(recorded_calibration(log, side))
        title = f"{side.word.capitalize()} leg, {exercise}"
        about.append(About(title, side, alignment and alignment[1]))
    view = Gathering(path.name, about, phrases())
    asyncio.run(fold(log, view, 0.0, takes_keys=False))
    return view.timeline()


def phrases() -> Phrases:
    """The terminal's own words for a link and for a band's sensors."""
    from kneetrack.cli import link_line
    from kneetrack.cli.lines import fault_texts
    from kneetrack.dashboard.feed import Phrases

    return Phrases(lambda news: link_line.line(news, 0.0, 200).plain, fault_texts)


def _own_names() -> list[str]:
    name = socket.gethostname()
    return [name, f"{name}.local"]


def _reachable(host: str) -> str:
    """An address that another device can open, where `host` is any."""
    if host not in ("0.0.0.0", "::"):
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way, contextlib.suppress(OSError):
        way.connect(("192.0.2.1", 9))  # nothing is sent: it only chooses the interface
        return str(way.getsockname()[0])
    return socket.gethostname()


def _check_available() -> None:
    names = ("starlette", "uvicorn", "websockets")
    if any(importlib.util.find_spec(name) is None for name in names):
        raise UsageError(
            "The page needs a web server; install it with: make setup, or "
            "pip install -e '.[page]' in the clone."
        )
