"""The terminal that the program was started in: given back at Ctrl-Z, and what it can't show.

Ctrl-Z comes while a screen is drawn, with the cursor hidden and keys taken one by one. Shells don't
all put that right, and none puts it back at `fg`, so both are done here.

A terminal that knows no degree sign gets a letter in its place, one for one, so that tables and
bars stay straight; never "?", which is the mark of a doubtful rep.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import signal
import sys
import unicodedata
from types import FrameType

_INSTEAD = {
    "°": "d", "±": "~", "–": "-", "−": "-", "→": ">", "←": "<", "…": ".", "·": "-", "×": "x",
    "≈": "~", "✓": "+", "✗": "x", "▏": "_", "▶": ">", "’": "'",
}  # fmt: skip
_SHOW_CURSOR = b"\x1b[?25h"


def show_what_it_can() -> None:
    """Have both streams write something readable for each sign that they don't know: that must
    not end a recording."""
    codecs.register_error("kneetrack", _instead)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="kneetrack")


def _instead(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(_INSTEAD.get(sign) or _plain(sign) for sign in signs), error.end


def _plain(sign: str) -> str:
    """The letter under an accent."""
    return unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode() or "#"


def give_back_at_stop() -> None:
    """At Ctrl-Z the terminal is as it was when this was called; at `fg` as it was at Ctrl-Z."""
    try:
        import termios
    except ImportError:
        return  # Windows
    try:
        descriptor = sys.stdin.fileno()
        first = termios.tcgetattr(descriptor)
    except (AttributeError, OSError, ValueError, termios.error):
        return  # no terminal to read keys from
    if signal.getsignal(signal.SIGTSTP) is not signal.SIG_DFL:
        return

    def stopped(*_: int | FrameType | None) -> None:
        now = termios.tcgetattr(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, first)
        with contextlib.suppress(OSError):
            if os.environ.get("TERM", "dumb") != "dumb":
                os.write(descriptor, _SHOW_CURSOR)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # goes on behind this line at `fg`
        signal.signal(signal.SIGTSTP, stopped)
        with contextlib.suppress(OSError, termios.error):
            if os.tcgetpgrp(descriptor) == os.getpgrp():  # not at `bg`: it is the shell's then
                termios.tcsetattr(descriptor, termios.TCSADRAIN, now)

    signal.signal(signal.SIGTSTP, stopped)
