"""The commands that our pages show: lines of a code block, `    kneetrack analyze a.mcap  # why`,
with or without `$ `, or as code within a sentence, `` `kneetrack analyze a.mcap` ``.

What the pages show of an output stands under its command in the same block.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^    (?:\$ )?kneetrack\b(.*)$")
_SHOWN = re.compile(r"^    (?!\$ |kneetrack\b|export |#)(.*)$")
_WITHIN = re.compile(r"`kneetrack( [^`]+)`")


@dataclass(frozen=True)
class Shown:
    page: str
    line: int
    arguments: tuple[str, ...]
    output: tuple[str, ...] = ()
    in_block: bool = False

    def __str__(self) -> str:
        return f"{self.page}:{self.line} {' '.join(self.arguments)}"


def pages() -> list[Path]:
    """All pages that a user reads."""
    return sorted(
        path
        for folder in (".", "host", "host/examples", "firmware", "hardware", "tools")
        for path in (ROOT / folder).glob("*.md")
        if path.name != "CHANGELOG.md"
    )


def commands(page: Path) -> Iterator[Shown]:
    """The commands of a page, in its order."""
    name, lines = str(page.relative_to(ROOT)), page.read_text(encoding="utf-8").splitlines()
    for at, line in enumerate(lines):
        begun = _BLOCK.match(line)
        if begun:
            output: list[str] = []
            for below in lines[at + 1 :]:
                shown = _SHOWN.match(below) if below.strip() else None
                if shown is None and below.strip():
                    break
                output.append(shown[1] if shown else "")
            yield Shown(name, at + 1, _words(begun[1]), tuple(output), in_block=True)
        for found in () if begun else _WITHIN.finditer(line):
            yield Shown(name, at + 1, _words(found[1]))


def _words(text: str) -> tuple[str, ...]:
    return tuple(shlex.split(text, comments=True))
