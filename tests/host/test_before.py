"""The question before a session: one key in a terminal, none in a script; kept and not judged."""

from __future__ import annotations

import io
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from command_line import PROGRAM, kneetrack
from kneetrack.cli.before import answers, answers_of, ask
from kneetrack.errors import UsageError
from kneetrack.report import notice

NONE = dict.fromkeys(notice.QUESTIONS, "no")


def asked(*typed: str) -> tuple[dict[str, str] | None, str]:
    out = io.StringIO()
    lines = iter(typed)
    told = ask(Console(file=out, width=100), lambda: next(lines, ""))
    return told, out.getvalue()


@pytest.mark.parametrize(
    ("typed", "yes"),
    [
        ("\n", set()),
        ("no\n", set()),
        ("n\n", set()),
        ("p\n", {"pain"}),
        ("P, g\n", {"pain", "giving_way"}),
        ("lgps\n", set(NONE)),
    ],
)
def test_enter_says_none_and_letters_say_which(typed: str, yes: set[str]) -> None:
    told, _ = asked(typed)
    assert told == {name: "yes" if name in yes else "no" for name in NONE}


def test_what_is_not_understood_is_asked_again() -> None:
    told, said = asked("maybe\n", "s\n")
    assert told == {**NONE, "swelling": "yes"}
    assert said.count("Enter: none.") == 2


def test_the_end_of_the_input_is_no_answer() -> None:
    assert asked()[0] is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], None),
        (["none"], NONE),
        (["pain=yes"], {"pain": "yes"}),
        (["none", "pain=yes"], {**NONE, "pain": "yes"}),
        (["pain=no, giving-way=yes", "locking=no"],
         {"pain": "no", "giving_way": "yes", "locking": "no"}),
    ],
)  # fmt: skip
def test_answers_may_be_given_beforehand(words: list[str], expected: object) -> None:
    assert answers_of(words) == expected


@pytest.mark.parametrize("word", ["pain", "pain=maybe", "mood=no", "=", "pain=", "yes"])
def test_an_answer_that_makes_no_sense_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="--before is none, or pain"):
        answers_of([word])


def test_without_a_terminal_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("p\n"))
    out = io.StringIO()
    console = Console(file=out, force_terminal=True)
    assert answers([], ["ble:auto"], no_questions=False, hints=console) is None
    assert out.getvalue() == ""


def test_a_yes_given_beforehand_shows_the_notice_and_goes_on() -> None:
    out = io.StringIO()
    told = answers(["pain=yes"], ["ble:auto"], no_questions=False, hints=Console(file=out))
    assert told == {"pain": "yes"}
    assert "When" not in out.getvalue() and "have it looked at the same day" in out.getvalue()


def test_the_notice_can_be_read_at_any_time_and_is_the_same_for_all() -> None:
    said = kneetrack("before")
    assert said.returncode == 0
    assert said.stdout.strip() == notice.notice()
    for part in ("same day", "doctor or physiotherapist", "Under 18", "operation", "coach"):
        assert part in said.stdout
    assert "not a medical device" in said.stdout


def test_answers_are_told_as_words() -> None:
    assert notice.told({**NONE, "pain": "yes"}) == "pain"
    assert notice.told(NONE) == ("none of pain, swelling, a knee that locks, a knee that gives way")


class Terminal:
    """`kneetrack` in a terminal of its own, which a person types into."""

    def __init__(self, *arguments: str, folder: Path) -> None:
        self.master, slave = pty.openpty()
        environment = {**os.environ, "XDG_DATA_HOME": str(folder), "TERM": "xterm"}
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str, patience_s: float = 40.0) -> None:
        until_s = time.monotonic() + patience_s
        while text not in self.seen:
            left_s = until_s - time.monotonic()
            assert left_s > 0.0, f"{text!r} did not come in: {self.seen}"
            if select.select([self.master], [], [], min(left_s, 0.5))[0]:
                try:
                    self.seen += os.read(self.master, 4096).decode()
                except OSError:  # the terminal has gone
                    assert text in self.seen, self.seen
                    return

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()
            os.close(self.master)


def test_in_a_terminal_it_is_asked_and_who_leaves_it_records_nothing(tmp_path: Path) -> None:
    out = tmp_path / "a.mcap"
    terminal = Terminal("record", "--link", "ble:NOBODY", "--out", str(out), folder=tmp_path)
    terminal.until("Enter: none.")
    terminal.type("p\n")
    terminal.until("To record all the same")
    assert "same day" in terminal.seen
    terminal.type("\n")
    terminal.until("Nothing was recorded.")
    assert terminal.end() == 0
    assert not out.exists()


def test_no_questions_asks_none(tmp_path: Path) -> None:
    terminal = Terminal("record", "--link", "ble:", "--no-questions", folder=tmp_path)
    terminal.until("kneetrack: ")
    assert "Enter: none." not in terminal.seen
    assert terminal.end() != 0
