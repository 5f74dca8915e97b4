"""The terminal that was lent is given back at Ctrl-Z and taken again at fg; what it can't show is
told all the same; and --help is whole."""

import os
import pty
import signal
import sys
import termios
import tty
from collections.abc import Iterator

import pytest

from command_line import kneetrack
from kneetrack.cli import completing, terminal
from kneetrack.cli.app import _needed, app


@pytest.fixture
def lent(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """A terminal as stdin, (our end, the program's); SIGTSTP as it was is put back."""
    ours, theirs = pty.openpty()
    before = signal.getsignal(signal.SIGTSTP)
    with os.fdopen(theirs, "r+b", buffering=0, closefd=True) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
        monkeypatch.setenv("TERM", "xterm")
        yield ours, theirs
    signal.signal(signal.SIGTSTP, before)
    os.close(ours)


def lines(descriptor: int) -> bool:
    """Whether it gives whole lines to programs, as a shell has it."""
    return bool(termios.tcgetattr(descriptor)[3] & termios.ICANON)


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(
    lent: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = lent
    while_stopped: list[bool] = []
    monkeypatch.setattr(os, "kill", lambda *_: while_stopped.append(lines(theirs)))
    terminal.give_back_at_stop()
    tty.setcbreak(theirs)  # as a recording does, for its keys
    signal.raise_signal(signal.SIGTSTP)
    assert while_stopped == [True] and not lines(theirs)
    assert b"\x1b[?25h" in os.read(ours, 100), "the cursor is shown again"
    signal.raise_signal(signal.SIGTSTP)
    assert while_stopped == [True, True], "a second time, too"


def test_no_sign_becomes_the_mark_of_a_doubtful_rep() -> None:
    terminal.show_what_it_can()
    said = "+6.7 ± 1.0° · José ▄ 5–6 m/s²".encode("ascii", "kneetrack").decode()
    assert said == "+6.7 ~ 1.0d - Jose # 5-6 m/s2"


def test_help_tells_every_command_in_whole_sentences() -> None:
    told = kneetrack("--help").stdout
    assert "..." not in told.partition("Commands:")[2]
    for one in (*app.registered_commands, *app.registered_groups):
        assert f"\n  {one.name or one.callback.__name__} " in told  # type: ignore[union-attr]


def test_no_more_is_built_than_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.callback.__name__ for one in _needed(["trend", "x"]).registered_commands] == [
        "trend"
    ]
    assert not _needed(["device", "pair"]).registered_commands
    assert _needed(["tremd"]) is app, "to say what may have been meant"
    monkeypatch.setenv(completing.VARIABLE, "complete_zsh")
    assert _needed(["trend"]) is app
