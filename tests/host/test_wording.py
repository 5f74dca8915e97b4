"""All texts that people see say what was measured, and nothing about health, worth or danger."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import click
import pytest
import typer

import wording
from kneetrack.cli.app import app
from kneetrack.report import notice, words
from wording import Allowed, Found, Text

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = (
    Allowed("not a medical device", "", "it has to be said that it is none"),
    Allowed("not to an ideal knee", "host/kneetrack/report", "the caveat itself"),
    Allowed("is badly swollen", "host/kneetrack/report/notice.py", "when to have it looked at"),
    Allowed("{}: weak", "host/kneetrack/maintenance/band_rows.py", "a radio signal"),
    Allowed("its memory is in disorder", "host/kneetrack/maintenance", "a band's memory"),
    Allowed("J NeuroEng Rehabil", "host/kneetrack/detection/criteria.py", "a journal's name"),
    Allowed("a fault of this program", "host/kneetrack", "the program's, which asks to be told"),
    Allowed("faults", "firmware/kneecore/wire.py", "the name of a field: a sensor that is silent"),
    Allowed("Safe start", "firmware/boot.py", "a start that leaves main.py out"),
)
"""Phrases that may hold such a word, where, and why."""

DOCUMENTS = (
    Allowed("not a medical device", "", "it has to be said that it is none"),
    Allowed("knows no ideal knee", "README.md", "the caveat itself"),
    Allowed("harmful and accepted", "tools/README.md", "calibrations that are to be refused"),
    Allowed("worst file", "tools/README.md", "of recordings, by their size"),
    Allowed("Weak, sleepy or tight muscles | N", "host/FEATURES.md", "said by others, not by us"),
    Allowed("Knees past toes are fine; inward \"is dangerous\"", "host/FEATURES.md", "the same"),
    Allowed("no word about knees past toes", "host/FEATURES.md", "and that we don't"),
    Allowed("A list of injuries | N", "host/FEATURES.md", "the same"),
    Allowed("An old injury changes how one walks | U", "host/FEATURES.md", "the same"),
    Allowed("J NeuroEng Rehabil", "host/METHOD.md", "a journal's name"),
    Allowed("nothing is an alarm", "host/METHOD.md", "that there is none"),
    Allowed("faults", "firmware/PROTOCOL.md", "the name of a field: a sensor that is silent"),
    Allowed("safe start", "firmware/README.md", "a start that leaves main.py out"),
    Allowed("SAFETY.md", "hardware/", "the name of a page"),
    Allowed("Safety", "hardware/SAFETY.md", "of a cell and a cable: the page's title"),
    Allowed("does not diagnose, treat, prevent or predict anything", "hardware/SAFETY.md", "that"),
    Allowed("over a wound or a recent scar", "hardware/SAFETY.md", "where the straps don't go"),
)  # fmt: skip
"""The same for what is read beside the program; those who write there may need fewer."""


def commands(program: typer.Typer = app) -> list[Text]:
    """--help of every command, as it is shown."""
    found: list[Text] = []

    def walk(command: click.Command, path: str) -> None:
        context = click.Context(command, info_name=path, max_content_width=100)
        found.append(Text(f"{path} --help", command.get_help(context)))
        for name, sub in getattr(command, "commands", {}).items():
            walk(sub, f"{path} {name}")

    walk(typer.main.get_command(program), "kneetrack")
    return found


def of_program(root: Path) -> list[Text]:
    """What the program and the band say, wherever in their sources."""
    found: list[Text] = []
    for path, where in _files(
        root,
        "host/kneetrack/**/*.py",
        "firmware/kneeband/**/*.py",  # what it advertises and prints
        "firmware/kneecore/*.py",
        "firmware/*.py",
    ):
        found += wording.in_python(path.read_text(encoding="utf-8"), where)
    for path, where in _files(root, "host/kneetrack/**/*.html", "host/kneetrack/**/*.js"):
        if "/vendor/" not in where:  # others' code, of which nothing is shown
            found += wording.in_page(path.read_text(encoding="utf-8"), where)
    return found


@cache
def of_this_program() -> list[Text]:
    return of_program(ROOT)


FOLDERS = ("host", "firmware", "hardware", "tools")


def of_documents(root: Path) -> list[Text]:
    found: list[Text] = []
    for path, where in _files(root, "*.md", *(f"{name}/*.md" for name in FOLDERS)):
        found += wording.in_markdown(path.read_text(encoding="utf-8"), where)
    return found


def _files(root: Path, *patterns: str) -> list[tuple[Path, str]]:
    return [(path, path.relative_to(root).as_posix()) for path in wording.files(root, patterns)]


def told(found: list[Found]) -> str:
    return "\n".join(map(str, found))


def test_the_program_says_nothing_of_health_worth_or_danger() -> None:
    texts = of_this_program()
    assert len(texts) > 3000, "the texts were not found: the rule guards nothing"
    found = [each for text in texts for each in wording.forbidden(text, PROGRAM)]
    assert not found, told(found)


def test_no_command_does_in_its_help() -> None:
    texts = commands()
    assert {"kneetrack --help", "kneetrack record --help", "kneetrack device info --help"} <= {
        text.where for text in texts
    }
    found = [each for text in texts for each in wording.forbidden(text, PROGRAM)]
    assert not found, told(found)


def test_no_document_does() -> None:
    texts = of_documents(ROOT)
    assert {"README.md", "host/METHOD.md"} <= {text.where.split(":")[0] for text in texts}
    found = [each for text in texts for each in wording.forbidden(text, DOCUMENTS)]
    assert not found, told(found)


def test_nothing_is_allowed_that_is_not_said() -> None:
    texts = [*of_this_program(), *commands()]
    unused = [one.phrase for one in PROGRAM if not wording.is_said(one, texts)]
    assert not unused


def test_what_is_to_be_said_is_said_where_people_look() -> None:
    """That it is no medical device, relative to oneself, and skin."""
    helps = {text.where: " ".join(text.text.split()) for text in commands()}
    assert "Not a medical device" in helps["kneetrack --help"]
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for text in (readme, words.HONESTY, notice.NOTICE_END):
        assert "not a medical device" in text
    for text in (readme, words.HONESTY):
        assert "ideal knee" in text
        assert "not the bone" in text
    assert words.CAVEAT in words.LEGEND


PLANTED = [
    ("said = 'This raises your risk of injury.'", {"risk", "injury"}),
    ("raise ValueError(f'Rep {n}: your knee collapsed')", {"collapsed"}),
    ("VERDICTS = {Verdict.A: 'bad', Verdict.B: 'in range'}", {"bad"}),
    ("print('weak glutes' if x else '')", {"weak", "glutes"}),
    ("say('It is now ' 'safe to go on.')", {"safe"}),
    ("help = '''Corrects your\n    valgus.'''", {"Corrects your valgus"}),
    ("MEASURES = [M('x', 'poor form')]", {"poor"}),
    ("say(f'{a}: clinical grade, {b}')", {"clinical"}),
    ("say('no diagnosis, no treatment, a medical device')", {"diagnosis", "treatment", "medical"}),
    ("say('prevents ACL tears')", {"prevents", "ACL"}),
    ("say('Your knees went past your toes!')", {"past your toes"}),
    ("say('a perfect squat in the normal range')", {"perfect squat", "normal range"}),
]


@pytest.mark.parametrize(("source", "expected"), PLANTED)
def test_planted_words_are_found_in_a_program(source: str, expected: set[str]) -> None:
    (text,) = [t for t in wording.in_python(source, "x.py") if wording.forbidden(t)]
    assert {each.word for each in wording.forbidden(text, PROGRAM)} == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""Why a fault of a knee is not said."""',
        "def f():\n    '''No bad word is seen here.'''",
        "x = settings['bad']",
        "if word == 'fault' or word in ('weak', 'safe'):\n    pass",
        "y = options.get('risk')",
        "path = 'logs/fault.csv'; name = 'bad_record'; key = 'fault.code'",
        "say('in range; moved inward more than your reference; badge, faultless, Westfault')"
        .replace("faultless, ", ""),
    ],
)  # fmt: skip
def test_names_and_docstrings_are_no_texts(source: str) -> None:
    found = [f for text in wording.in_python(source, "x.py") for f in wording.forbidden(text)]
    assert not found


PLACES: dict[str, Callable[[str], str]] = {
    "host/kneetrack/cli/lines.py": lambda text: f"print({text!r})",
    "host/kneetrack/detection/measure_table.py": lambda text: f"ROWS = [Row('x', {text!r})]",
    "firmware/kneeband/peripheral.py": lambda text: f"NAME = {text!r}",
    "host/kneetrack/report/template.html": lambda text: f"<p class='x'>Your rep:\n {text}</p>",
    "host/kneetrack/web/static/index.html": lambda text: f'<button title="{text}">x</button>',
    "README.md": lambda text: f"# A\n\nSome words, and **{text}**.\n",
    "host/FEATURES.md": lambda text: f"| a | b |\n|---|---|\n| 1 | {text} |\n",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_word_is_found_wherever_people_look(place: str, tmp_path: Path) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PLACES[place]("a weak knee"), encoding="utf-8")
    texts = [*of_program(tmp_path), *of_documents(tmp_path)]
    found = [each for text in texts for each in wording.forbidden(text, (*PROGRAM, *DOCUMENTS))]
    assert [each.word for each in found] == ["weak"]
    assert found[0].where.startswith(place)
    path.write_text(PLACES[place]("a knee"), encoding="utf-8")
    texts = [*of_program(tmp_path), *of_documents(tmp_path)]
    assert texts and not any(wording.forbidden(text) for text in texts)


def test_a_planted_word_is_found_in_a_commands_help() -> None:
    program = typer.Typer(rich_markup_mode=None)

    @program.command()
    def one(tag: str = typer.Option("", help="Mark a rep as faulty.")) -> None:
        """Do something."""

    @program.command()
    def two() -> None:
        """Find your weakness."""

    found = [each for text in commands(program) for each in wording.forbidden(text)]
    assert {(each.where, each.word) for each in found} >= {
        ("kneetrack one --help", "faulty"),
        ("kneetrack two --help", "weakness"),
    }


def test_a_phrase_is_allowed_in_its_place_only_and_as_a_whole() -> None:
    allowed = (Allowed("its memory is in disorder", "a.py", "a band's memory"),)
    assert not wording.forbidden(Text("a.py:1", "Stop: its memory\n is in disorder."), allowed)
    assert wording.forbidden(Text("b.py:1", "Stop: its memory is in disorder."), allowed)
    assert wording.forbidden(Text("a.py:1", "Your gait is in disorder."), allowed)
