#!/usr/bin/env python3
"""The programming interface as web pages, from the docstrings: `make docs`.

    python tools/make_docs.py [--out build/api]

pdoc reads docstrings as Markdown. Ours are read in an editor far more often, and set their lists
in columns, which Markdown runs together; so `laid_out` keeps such lines as they stand. The command
line is left out: `kneetrack --help` is its documentation.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pdoc
from jinja2 import pass_context
from pdoc import render, render_helpers

OUT = Path(__file__).resolve().parents[1] / "build" / "api"
WHAT = (
    "kneecore",
    "kneetrack",
    "kneetrack.detection.criteria",  # not in its package's __all__, but what people look up
    "kneetrack.detection.measure_table",
    r"!kneetrack\.cli",
)

WIDE = "pre { white-space: pre-wrap; }"
FRONT = '<meta http-equiv="refresh" content="0; url=kneetrack.html">'

_COLUMNS = re.compile(r"^\S.*?\S {2,}\S|^\S {2,}\S")


def laid_out(docstring: str) -> str:
    """The docstring as Markdown: what is set in columns as it stands, headings bold."""
    return "\n\n".join(map(_paragraph, re.split(r"\n\s*\n", docstring)))


def _paragraph(text: str) -> str:
    lines = text.split("\n")
    if any(_COLUMNS.match(line) for line in lines):
        return "\n".join(f"    {line}" for line in lines)
    if lines[0][:1].strip() and len(lines) > 1 and all(line[:4] == "    " for line in lines[1:]):
        return "\n".join((f"**{lines[0]}**\n", *(line[4:] for line in lines[1:])))
    return text


@pass_context
def _to_markdown(context: Any, docstring: str) -> str:
    return laid_out(render_helpers.to_markdown_with_context(context, docstring))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    out = parser.parse_args().out
    # pdoc does not find the aliases of a NamedTuple's fields, and shows their names, which is fine.
    warnings.filterwarnings("ignore", message="Error parsing type annotation")
    with tempfile.TemporaryDirectory() as looks:
        Path(looks, "custom.css").write_text(WIDE, encoding="utf-8")
        render.configure(docformat="markdown", template_directory=Path(looks))
        render.env.filters["to_markdown"] = _to_markdown
        pdoc.pdoc(*WHAT, output_directory=out)
    (out / "index.html").write_text(FRONT, encoding="utf-8")
    print(f"Open {out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
