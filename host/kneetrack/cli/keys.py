"""How a person ends a recording: q, or Ctrl-C once. A second Ctrl-C breaks off at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Generator

ENDING_KEYS = frozenset(b"qQ")
HINT = "q or Ctrl-C ends the recording and keeps it."


@contextlib.contextmanager
def ending(end: Callable[[], None]) -> Generator[None]:
    """Call `end` (in the running loop) on q or Ctrl-C, while the context lasts."""
    with _on_interrupt(end), _on_key(end):
        yield


@contextlib.contextmanager
def _on_interrupt(end: Callable[[], None]) -> Generator[None]:
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)

    def interrupted(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        loop.call_soon_threadsafe(end)

    try:
        signal.signal(signal.SIGINT, interrupted)
    except ValueError:  # not the main thread: nobody sends it Ctrl-C
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _on_key(end: Callable[[], None]) -> Generator[None]:
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

    def pressed() -> None:
        if ENDING_KEYS & set(os.read(descriptor, 64)):
            end()

    try:
        tty.setcbreak(descriptor)
        loop.add_reader(descriptor, pressed)
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
