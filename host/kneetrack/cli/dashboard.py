"""`kneetrack dashboard`: the session on a page, for a tablet on the floor or a second screen."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli import session_options as options
from kneetrack.cli.options import side_of
from kneetrack.errors import KneeTrackError, UsageError, install

if TYPE_CHECKING:
    import asyncio

    from rich.console import Console

    from kneetrack.catalogue import Session
    from kneetrack.cli.desk import Desk
    from kneetrack.cli.lines import View
    from kneetrack.cli.session import Leg
    from kneetrack.dashboard.door import Door
    from kneetrack.dashboard.hub import Hub
    from kneetrack.dashboard.timeline import Timeline
    from kneetrack.detection import Analyzer
    from kneetrack.samples import Quaternion, Side

DEFAULT_PORT = 8765
LOOPBACK = "127.0.0.1"
ENTER_S = 5.0


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

    With --link it records as kneetrack record does. Several screens may look on; there, too, you
    can set a marker and say load, effort and a note of the set just done, or of a session that
    you replay (as kneetrack edit does).
    With --host the printed address holds a key that is good for one screen; then the next is
    shown. What is sent in your network is not encrypted. q or Ctrl-C ends it.
    """
    import asyncio

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
        from kneetrack.cli.timelines import phrases, session_words
        from kneetrack.dashboard.hub import Hub

        hints = console.hints()
        hub = Hub(phrases())
        who = " · ".join(session_words({"athlete": athlete, "load_kg": load_kg}))
        with _served(host, port, hints, hub=hub, who=who) as page:
            try:
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
                    desk=page.desk,
                    around=page.around,
                )
            except KneeTrackError as error:  # after the session began, its page is worth keeping
                if not hub.has_ended:
                    raise
                hints.print(f"kneetrack: {error}", markup=False, soft_wrap=True)
                code = error.exit_code
            page.say = None
            hints.print("The page stays until q or Ctrl-C.")
            await _until_told()
        return code

    raise typer.Exit(asyncio.run(both()))


async def _look(log: Path | None, host: str | None, port: int) -> None:
    from kneetrack.cli import console

    hints = console.hints()
    first = None
    if log is None:
        _bring_up_to_date(hints)
    else:
        from kneetrack.cli.timelines import load_apart

        with hints.status(f"Reading {log.name} ..."):
            first = await load_apart(log)
    with _served(host, port, hints, first=first):
        hints.print("q or Ctrl-C ends it.")
        await _until_told()


async def _until_told() -> None:
    import asyncio

    from kneetrack.cli.keys import ending

    stop = asyncio.Event()
    with ending(stop.set):
        await stop.wait()


def _bring_up_to_date(hints: Console) -> None:
    from kneetrack.cli.catalogue_bar import up_to_date

    up_to_date(hints).close()


class _Served:
    """What is served, and how a recording gets onto it; `who` says whose session it is."""

    def __init__(self, hub: Hub | None = None, who: str = "") -> None:
        from kneetrack.cli.desk import Desk
        from kneetrack.cli.keys import HINT

        self.desk = Desk(HINT)
        self.say: Callable[[str], None] | None = None
        self._hub = hub
        self._who = who
        self._loop: asyncio.AbstractEventLoop | None = None

    def around(self, legs: Sequence[Leg], view: View) -> View:
        """The terminal's view and the page's at once."""
        import asyncio

        from kneetrack.catalogue.persons import default_measure
        from kneetrack.cli.beside_view import Together
        from kneetrack.dashboard.feed import About
        from kneetrack.dashboard.hub import LiveView
        from kneetrack.detection.movements import movement_of

        assert self._hub is not None
        about = [
            About(
                leg.title,
                one.side,
                _leaning(one),
                default_measure(one.exercise),
                movement_of(one.exercise).one,
            )
            for leg, one in ((leg, leg.analyzer) for leg in legs)
        ]
        self._loop = asyncio.get_running_loop()
        self._hub.begin(self._who, about)
        self.desk.heard = _telling(self._hub, [one.side for one in about])
        together = Together(view, LiveView(self._hub))
        self.say = together.say
        return together

    async def enter(self, what: str, text: str) -> str:
        """Do in the recording's thread what the terminal's keys do. See `dashboard.entries`."""
        import asyncio

        if self._loop is None or self._hub is None or self._loop.is_closed():
            raise UsageError("The session has not begun yet.")
        hub = self._hub

        async def there() -> str:
            if hub.has_ended:
                raise UsageError(
                    "The recording is over: choose it under Sessions, and say it there."
                )
            return _at_desk(self.desk, what, text)

        asked = asyncio.run_coroutine_threadsafe(there(), self._loop)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(asked), ENTER_S)
        except TimeoutError:
            raise UsageError("The recording did not take it in time; say it once more.") from None


def _at_desk(desk: Desk, what: str, text: str) -> str:
    from kneetrack.cli.desk import KEYS
    from kneetrack.cli.marking import KEY
    from kneetrack.dashboard import entries

    if what == entries.MARKER:
        if not desk.act(KEY):
            raise UsageError("Nothing is measured yet that could be marked.")
        return "✓ marker set"
    field = next((field for field in KEYS.values() if field.word == what), None)
    if field is None:
        raise UsageError("A set takes a load, an effort or a note.")
    return desk.keep(field, text)


def _leaning(analyzer: Analyzer) -> Callable[[float], Quaternion | None]:
    """The shank's alignment in force: a leg may be re-aligned meanwhile."""
    return lambda time_s: analyzer.q_shank_sensor


def _telling(hub: Hub, sides: Sequence[Side]) -> Callable[[Mapping[str, object]], None]:
    """Tells the page what was marked and said, here or in the terminal."""
    from kneetrack.cli.timelines import said_words
    from kneetrack.sessionlog.markers import markers_in

    words = [side.word for side in sides]

    def heard(event: Mapping[str, object]) -> None:
        for marker in markers_in([event]):
            hub.marker(sides.index(marker.side), marker.number, marker.time_s)
        index, texts = event.get("set"), said_words(event)
        if isinstance(index, int) and texts:
            hub.said(words.index(str(event["side"])), index, texts)

    return heard


@contextlib.contextmanager
def _served(
    host: str | None,
    port: int,
    hints: Console,
    *,
    hub: Hub | None = None,
    who: str = "",
    first: Timeline | None = None,
) -> Generator[_Served]:
    from kneetrack.cli.timelines import edited, load_apart, look
    from kneetrack.dashboard.door import Door
    from kneetrack.dashboard.entries import Entries
    from kneetrack.dashboard.history import History
    from kneetrack.dashboard.server import Page, bound, serving

    served = _Served(hub, who)

    def say(text: str) -> None:
        if served.say is None:
            hints.print(text, markup=False, soft_wrap=True)
        else:
            served.say(text)

    def found() -> Sequence[Session]:
        return _sessions(anew=hub is None or hub.is_over)

    with contextlib.closing(bound(host or LOOPBACK, port)) as listening:
        number = int(listening.getsockname()[1])

        def address(door: Door) -> str:
            shown = LOOPBACK if host is None else _reachable(host)
            key = f"?token={door.token}" if door.is_open_to_network else ""
            return f"http://{shown}:{number}/{key}"

        def spent(_: str) -> None:
            say(f"For one more screen: {address(door)}")

        def failed(why: str) -> None:
            on = "" if hub is None or hub.is_over else " The recording goes on."
            say(f"! There is no page any more ({why}).{on}")

        door = Door(
            number,
            is_open_to_network=host is not None,
            names=frozenset(_own_names()) if host is not None else frozenset(),
            on_token=spent,
        )
        history = History(found, load_apart, look)
        entries = Entries(served.enter, edited)
        page = Page(door, history, hub=hub, first=first, entries=entries)
        with serving(page, listening, failed):
            hints.print(f"The page: {address(door)}", markup=False, soft_wrap=True)
            yield served


def _sessions(*, anew: bool) -> Sequence[Session]:
    """What the catalogue knows, with what is new if `anew`; that takes the processor.

    It is opened by whoever asks, for it belongs to one thread.
    """
    from kneetrack.catalogue import Catalogue

    with contextlib.closing(Catalogue.open()) as catalogue:
        if anew:
            catalogue.bring_up_to_date()
        return (*catalogue.refused(), *catalogue.sessions())


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
        raise UsageError(f"The page needs a web server, which is not installed. {install('page')}")
