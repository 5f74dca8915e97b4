"""How a recording is ended: q, or Ctrl-C; once more leaves what is missing on the band.

A Ctrl-C beyond those steps breaks off at once. Other keys go to whoever takes them (`desk`), who
may take a q too, in a word that is being typed.

So do the system's ways to end a program: SIGTERM, and SIGHUP when the terminal is closed.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextvars import ContextVar
from enum import StrEnum
from types import FrameType

ENDING_KEYS = frozenset("qQ")
_ESCAPE = b"\x1b"
HINT = "q or Ctrl-C ends the recording and keeps it."


class By(StrEnum):
    """What ended it: a key, or the system."""

    KEY = "key"
    SIGNAL = "signal"


_NOTED: ContextVar[list[By] | None] = ContextVar("_NOTED", default=None)


@contextlib.contextmanager
def noting() -> Generator[list[By]]:
    """What ends whatever is `ending` inside of this context, in order; empty: nobody ended it."""
    noted: list[By] = []
    token = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(token)


@contextlib.contextmanager
def ending(
    end: Callable[[], None], steps: int = 1, take: Callable[[str], bool] | None = None
) -> Generator[None]:
    """Call `end` (in the running loop) on q, Ctrl-C, SIGTERM or SIGHUP, while the context lasts.

    So many Ctrl-C are for `end`; the next one is a KeyboardInterrupt. `take` is asked first about
    every letter that is typed, whether it is for somebody else.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_on_signal(signal.SIGINT, end, signal.default_int_handler, steps))
        stack.enter_context(_on_signal(signal.SIGTERM, end, signal.SIG_DFL))
        hangup: signal.Signals | None = getattr(signal, "SIGHUP", None)  # none on Windows
        if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:  # nohup
            # The shell and the system may both send it.
            stack.enter_context(_on_signal(hangup, end, signal.SIG_IGN))
        stack.enter_context(_on_key(end, take))
        yield


@contextlib.contextmanager
def _on_signal(
    number: signal.Signals,
    end: Callable[[], None],
    then: Callable[[int, FrameType | None], object] | signal.Handlers,
    steps: int = 1,
) -> Generator[None]:
    """Call `end` the first `steps` times that it comes; the next one is for `then`."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(number)
    left = steps
    noted = _NOTED.get()  # a signal comes in whatever context is running then

    def signalled(*_: object) -> None:
        nonlocal left
        left -= 1
        if noted is not None:
            noted.append(By.SIGNAL)
        if left == 0:
            signal.signal(number, then)
        loop.call_soon_threadsafe(end)

    try:
        signal.signal(number, signalled)
    except ValueError:  # not the main thread: no signal is for it
        yield
        return
    try:
        yield
    finally:
        signal.signal(number, before)


@contextlib.contextmanager
def _on_key(end: Callable[[], None], take: Callable[[str], bool] | None) -> Generator[None]:
    try:
        import termios
        import tty
    except ImportError:
        yield  # Windows: Ctrl-C remains
        return
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (OSError, ValueError, termios.error):
        yield  # no terminal to read keys from: Ctrl-C remains
        return
    loop = asyncio.get_running_loop()
    noted = _NOTED.get()
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")

    def pressed() -> None:
        try:
            typed = os.read(descriptor, 64)
        except OSError:
            typed = b""
        if not typed:  # the terminal has gone; it would be "readable" for ever
            loop.remove_reader(descriptor)
        elif typed[:1] == _ESCAPE and len(typed) > 1:
            pass  # an arrow, or another key that is no letter
        else:
            for letter in decoder.decode(typed):
                if not (take is not None and take(letter)) and letter in ENDING_KEYS:
                    if noted is not None:
                        noted.append(By.KEY)
                    end()
                    break  # a key held down is one word

    try:
        tty.setcbreak(descriptor)
        loop.add_reader(descriptor, pressed)
        yield
    finally:
        loop.remove_reader(descriptor)
        with contextlib.suppress(termios.error):  # the terminal has gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
