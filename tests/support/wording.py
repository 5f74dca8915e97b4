"""What no text that people see may say, and how all such texts are found.

The rule is biomechanics.md E2: what was measured against the person's own reference may be said;
nothing about health, causes, worth or danger. `FORBIDDEN` are the words that would, `ALLOWED` the
phrases that hold one of them for a reason: a word is allowed only inside such a phrase.

Which strings of a program people see can't be known, so all count that may be:

    every string constant of the packages (f-strings with {} for their values), but
    docstrings (those of commands are seen in their --help, which is read as it is shown),
    what is looked up or compared with (subscripts, comparisons, arguments of get, pop, cast),
    and single words with _ . / : or = in them, which are names
"""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

FORBIDDEN = {
    r"risk[a-z]*": "nothing is known of anybody's risk",
    r"(un)?safe[a-z]*|danger[a-z]*|harm(ful|less|s)?": "nor of what is safe",
    r"injur[a-z]*|wound[a-z]*": "nor of injuries",
    r"diagnos[a-z]*|screening[a-z]*|clinical[a-z]*|medical[a-z]*|patients?|symptom[a-z]*":
        "it is no medical device",
    r"treat(s|ed|ing|ments?)?|therap[a-z]*|rehab[a-z]*|cur(e|es|ed|ing)|heals?|healing":
        "it treats nothing",
    r"prevent[a-z]*|predict(s|ed|ing|ions?)? (of |your |the |any )?(pain|problems?|tears?)":
        "it prevents and predicts nothing",
    r"disease[a-z]*|disorder[a-z]*|patholog[a-z]*|dysfunction[a-z]*|abnormal[a-z]*":
        "nor does it know of disease",
    r"ACL|MCL|PFPS?|ITBS|menisc[a-z]+|patellofemoral|arthritis|osteoarthritis|bursitis":
        "or of these",
    r"fault(s|y|ed|less)?|flaw[a-z]*|collaps[a-z]*|bad|badly|worse|worst|poor|poorly|ugly|"
    r"terrible|sloppy": "a movement is not judged",
    r"weak[a-z]*|glut(e|es|eal)|adductors?|imbalance[a-z]*|"
    r"tight(ness)?( in)?( your| the)? (muscles?|hips?|ankles?|calves|hamstrings?)":
        "causes are not inferred",
    r"correct(s|ed|ing)? (your |the |a )?(valgus|knees?|posture|movement|form|technique|squats?)":
        "it corrects nothing",
    r"(good|perfect|proper|improper|incorrect) (form|technique|squats?|reps?|knees?)":
        "a movement is not judged",
    r"alarm[a-z]*|pass/fail|(past|beyond) (your |the )?toes": "no alarms, nor of knees past toes",
    r"ideal knees?|normal (knees?|range|values?|valgus)": "there is no norm to compare with",
}  # fmt: skip
_ANY = re.compile(
    "|".join(rf"(?<![\w-])(?:{pattern})(?!\w)" for pattern in FORBIDDEN), re.IGNORECASE
)
_NAME = re.compile(r"[\w%#{}*-]*[_./:=][\w./:=%#{}*-]*")
_LOOKED_UP = frozenset({"get", "pop", "cast", "getattr", "hasattr", "startswith", "endswith"})


class Text(NamedTuple):
    """One text that people may see."""

    where: str
    text: str


class Allowed(NamedTuple):
    """A phrase that may be said in the files (or commands) whose name begins with `where`."""

    phrase: str
    where: str
    because: str


class Found(NamedTuple):
    """A forbidden word where it is not allowed."""

    where: str
    word: str
    around: str

    def __str__(self) -> str:
        return f'{self.where}: "{self.word}" in "{self.around}"'


def forbidden(text: Text, allowed: Sequence[Allowed] = ()) -> list[Found]:
    """The forbidden words of a text outside of the phrases that are allowed there."""
    said = _plain(text.text)
    free = said.casefold()
    spans = [
        (match.start(), match.end())
        for one in allowed
        if text.where.startswith(one.where)
        for match in re.finditer(re.escape(_plain(one.phrase).casefold()), free)
    ]
    return [
        Found(text.where, match.group(), said[max(0, match.start() - 40) : match.end() + 40])
        for match in _ANY.finditer(said)
        if not any(start <= match.start() and match.end() <= end for start, end in spans)
    ]


def is_said(one: Allowed, texts: Sequence[Text]) -> bool:
    """Whether a text holds the phrase where it is allowed."""
    wanted = _plain(one.phrase).casefold()
    return any(
        text.where.startswith(one.where) and wanted in _plain(text.text).casefold()
        for text in texts
    )


def _plain(text: str) -> str:
    """Without line breaks, Markdown's marks and comment signs, so that phrases can be found."""
    return " ".join(re.sub(r"[*`]|^\s*#+ ", " ", text, flags=re.MULTILINE).split())


def in_python(source: str, where: str) -> list[Text]:
    """The strings of a module that people may see."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found: list[Text] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            said = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if isinstance(parents[node], ast.JoinedStr):
                continue
            said = node.value
        else:
            continue
        if _is_docstring(node, parents) or _is_looked_up(node, parents) or _NAME.fullmatch(said):
            continue
        found.append(Text(f"{where}:{node.lineno}", said))
    return found


def _is_docstring(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    return isinstance(parents[node], ast.Expr)


def _is_looked_up(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether the string is a key that is used, not a text."""
    parent = parents[node]
    if isinstance(parent, ast.Tuple | ast.List | ast.Set):
        node, parent = parent, parents[parent]
    if isinstance(parent, ast.Subscript):
        return node is parent.slice
    if isinstance(parent, ast.Call):
        called = parent.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        return name in _LOOKED_UP
    return isinstance(parent, ast.Compare)


def in_page(source: str, where: str) -> list[Text]:
    """What a page shows, line by line; its tags, styles and templates' marks are not shown."""
    source = re.sub(r"<(style)\b.*?</\1>", _lines_of, source, flags=re.DOTALL | re.IGNORECASE)
    source = re.sub(r"\{[%#].*?[%#]\}|<!--.*?-->", _lines_of, source, flags=re.DOTALL)
    shown = re.sub(r"</?[a-zA-Z][^>]*>", lambda tag: _titles(tag.group()), source)
    return [Text(where, html.unescape(shown))]


def _titles(tag: str) -> str:
    """What of a tag is shown or read aloud."""
    told = re.findall(r'(?:title|alt|aria-label|placeholder|content)="([^"]*)"', tag)
    return " ".join(["", *told, ""])


def _lines_of(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n")


def in_markdown(source: str, where: str) -> list[Text]:
    """A document, paragraph by paragraph, as phrases run over lines."""
    found: list[Text] = []
    line = 1
    for block in re.split(r"(\n(?=\s*\n|\|))", source):  # a table's rows are one each
        if block.strip():
            found.append(Text(f"{where}:{line}", block))
        line += block.count("\n")
    return found


def files(root: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    """The files below `root` that match any of the patterns, in order."""
    for pattern in patterns:
        yield from sorted(path for path in root.glob(pattern) if "__pycache__" not in path.parts)
