"""The figures of hardware/ as Markdown tables, and the pages that show them.

A page has a pair of comments for each table, `<!-- figures: NAME -->` and `<!-- /figures -->`;
what stands between is written by `write` and held by checks/test_pages.py.
"""

import re
from pathlib import Path

from kneehard import parts

PAGES = ("README.md", "BRINGUP.md")
_BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- /figures -->)", re.DOTALL)

TABLES = {}
"""By name: a function of the shelf that returns the table's text."""


def everything() -> str:
    """All tables, with their names."""
    shelf = parts.load()
    return "\n".join(f"## {name}\n\n{make(shelf)}" for name, make in TABLES.items())


def filled(text: str, shelf: parts.Shelf) -> str:
    """A page's text with its tables made anew."""
    return _BLOCK.sub(lambda m: f"{m[1]}{TABLES[m[2]](shelf)}{m[3]}", text)


def write(folder: Path = parts.HERE) -> list[Path]:
    """Make the tables of all pages anew; returns the pages that changed."""
    shelf = parts.load()
    changed = []
    for path in (folder / name for name in PAGES):
        if path.exists():
            text = path.read_text()
            new = filled(text, shelf)
            if new != text:
                path.write_text(new)
                changed.append(path)
    return changed
