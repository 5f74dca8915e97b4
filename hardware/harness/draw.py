"""Harness drawings and bills: `build` makes harness-VARIANT.svg and .bom.tsv."""

import io
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import yaml
from wireviz import wireviz

from harness import describe
from kneehard import parts

FORMATS = ("svg", "tsv")


def missing_tool() -> str | None:
    """Why nothing can be drawn here, or None."""
    return None if shutil.which("dot") else "graphviz is missing: apt install graphviz"


def build(out: Path) -> list[Path]:
    """Draw every variant."""
    shelf = parts.load()
    made = []
    for id, variant in shelf.variants.items():
        harness = describe.describe(shelf, variant)
        problems = describe.find_problems(harness, variant)
        if problems:
            raise parts.PartsError("\n".join(problems))
        name = f"harness-{id}"
        text = yaml.safe_dump(harness, sort_keys=False, allow_unicode=True)
        with redirect_stdout(io.StringIO()):
            wireviz.parse(text, output_formats=FORMATS, output_dir=out, output_name=name)
        made += [out / f"{name}.svg", out / f"{name}.bom.tsv"]
    return made
