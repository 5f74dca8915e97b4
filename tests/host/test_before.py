"""The question before a session: one key in a terminal, none in a script; kept and not judged."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from band_packets import Band
from command_line import kneetrack
from knee_recordings import session
from kneecore import wire
from kneetrack.cli.before import answers, answers_of, ask
from kneetrack.errors import UsageError
from kneetrack.report import notice
from kneetrack.report.model import session_report
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter

FEATURE = wire.FEATURE.pack(*wire.PROTOCOL_VERSION, 7, 1, 0x6C, 0x6C, 4808, 2, 1e-3, 5e-3, 1, 0)

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


def test_the_report_says_what_was_answered(tmp_path: Path) -> None:
    recording = session([0.0, 9.0, 0.0])
    path = tmp_path / "a.mcap"
    with SessionWriter(path, {"exercise": "squat", "before": {**NONE, "swelling": "yes"}}) as log:
        log.packet(Side.RIGHT, Packet(Channel.FEATURE, FEATURE, 1.0))
        for packet in Band(recording.samples).live():
            log.packet(Side.RIGHT, packet)
    assert dict(session_report(path).facts)["Before the session"] == "swelling"


def test_answers_are_told_as_words() -> None:
    assert notice.told({**NONE, "pain": "yes"}) == "pain"
    assert notice.told(NONE) == ("none of pain, swelling, a knee that locks, a knee that gives way")
