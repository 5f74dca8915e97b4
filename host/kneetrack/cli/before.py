"""`kneetrack before`, and the question that `record` asks: one key in a terminal, none in a script.

Asked before every recording of a person, for a knee can be another one an hour later; Enter says
"none of them". Without a terminal, with --no-questions, or where a simulated leg is recorded,
nothing is asked. `--before` answers beforehand. The answers go into the log's session metadata as
`before`; what is done with a yes is the person's to decide.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from kneetrack.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

BEFORE_HELP = "Answers beforehand: none, or pain=yes,swelling=no; asked for in a terminal."
NO_PERSON = ("sim:", "trace:")
_NONE = "none"


def before() -> None:
    """When to stop, and whom to see: a fixed text, for everybody the same.

    \b
    Examples:
      kneetrack before                        read it
      kneetrack record --before none          nothing of it today; record asks no more
      kneetrack record --before pain=yes      kept in the log with the session
      kneetrack record --no-questions         neither asked nor kept

    In a terminal, record asks for pain, swelling, locking and giving way before it begins, and
    shows this text if you say yes to any. Your answers are kept in the log and nowhere else.
    """
    from kneetrack.cli import console
    from kneetrack.report.notice import notice

    output = console.results()
    output.print(notice(), markup=False, soft_wrap=not output.is_terminal)


def answers_of(words: Sequence[str]) -> dict[str, str] | None:
    """`pain=no,swelling=yes` and the like; None where nothing was given. UsageError."""
    from kneetrack.report.notice import QUESTIONS

    answers: dict[str, str] = {}
    for word in (each.strip() for given in words for each in given.split(",")):
        if word == _NONE:
            answers.update(dict.fromkeys(QUESTIONS, "no"))
            continue
        name, _, said = word.partition("=")
        name = name.strip().replace("-", "_").replace(" ", "_")
        if name not in QUESTIONS or said.strip() not in ("yes", "no"):
            raise UsageError(
                f'--before is none, or {", ".join(QUESTIONS)} each with =yes or =no, not "{word}".'
            )
        answers[name] = said.strip()
    return answers or None


def answers(
    given: Sequence[str], links: Sequence[str], *, no_questions: bool, hints: Console
) -> dict[str, str] | None:
    """What is to be kept as `before`: as given, or as asked for. typer.Exit where one leaves it."""
    told = answers_of(given)
    if told is not None:
        if "yes" in told.values():
            _show(hints)
        return told
    of_a_person = any(not link.startswith(NO_PERSON) for link in links)
    if no_questions or not of_a_person or not sys.stdin.isatty() or not hints.is_terminal:
        return None
    told = ask(hints, sys.stdin.readline)
    if told is not None and "yes" in told.values():
        _show(hints)
        hints.print("Enter leaves it for today. To record all the same: r, Enter. ", end="")
        if sys.stdin.readline().strip().lower() not in ("r", "record"):
            hints.print("Nothing was recorded.")
            raise typer.Exit
    return told


def ask(hints: Console, line: Callable[[], str]) -> dict[str, str] | None:
    """Ask until it is understood; None where nobody answers."""
    from kneetrack.report.notice import QUESTIONS

    letters = {name[0]: name for name in QUESTIONS}
    keys = ", ".join(f"{letter} {QUESTIONS[name]}" for letter, name in letters.items())
    hints.print("Today: any pain, swelling, locking or giving way of a knee?")
    while True:
        hints.print(f"Enter: none. Otherwise the letters ({keys}): ", end="", markup=False)
        said = line()
        if not said:
            hints.print("")
            return None
        marks = set(said.lower()) - set(" ,\n\r\t")
        if said.strip().lower() in ("n", "no", _NONE):
            marks = set[str]()
        if marks <= set(letters):
            return {name: "yes" if name[0] in marks else "no" for name in QUESTIONS}
        hints.print(f"Not understood: {said.strip()}.", markup=False)


def _show(hints: Console) -> None:
    from kneetrack.report.notice import notice

    hints.print(f"\n{notice()}\n", markup=False)
