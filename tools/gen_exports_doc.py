#!/usr/bin/env python3
"""Write the tables of host/EXPORTS.md from the tables of kneetrack.export.

python tools/gen_exports_doc.py            write the file
python tools/gen_exports_doc.py --check    fail if it would change

What stands between `<!-- NAME -->` and `<!-- end -->` is written anew; the rest is prose.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from kneetrack.cohort.columns import FIXED, Column, tag_columns
from kneetrack.export.bids_channels import IMU, KNEE
from kneetrack.export.c3d import CHANNELS, UNITS
from kneetrack.export.columns import EVENTS, SERIES
from kneetrack.export.formats import FORMATS
from kneetrack.samples import Side

PATH = Path(__file__).resolve().parent.parent / "host" / "EXPORTS.md"
_PART = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines
    )


def _columns(columns: Iterable[Column]) -> str:
    rows = ((f"`{each.name}`", each.unit, each.meaning) for each in columns)
    return table(("column", "unit", "meaning"), rows)


def _formats() -> str:
    return table(
        ("format", "files", "what", "time", "missing samples", "start (UTC)", "signs", "needs"),
        (
            (
                f"`{row.name}`",
                row.files,
                row.holds,
                row.times,
                row.gaps,
                row.start,
                row.signs,
                f"extra `{row.extra}`" if row.extra else "",
            )
            for row in FORMATS.values()
        ),
    )


def _bids() -> str:
    return table(
        ("tracking system", "channel", "type", "component", "units", "reference frame"),
        (
            (system, f"`{one.name}`", one.kind, one.component, one.units, one.frame)
            for system, channels in (("kneeRight", KNEE), ("imuRight", IMU))
            for one in channels[Side.RIGHT]
        ),
    )


def _c3d() -> str:
    rows = [("`R` + " + f"`{name}`", unit) for name, unit in zip(CHANNELS, UNITS, strict=True)]
    return table(("analog channel", "unit"), rows)


PARTS = {
    "formats": _formats,
    "angles": lambda: _columns(SERIES["angles"]),
    "orientations": lambda: _columns(SERIES["orientations"]),
    "imu": lambda: _columns(SERIES["imu"]),
    "events": lambda: _columns(EVENTS),
    "reps": lambda: _columns((*FIXED, *tag_columns(set()))),
    "bids": _bids,
    "c3d": _c3d,
}


def document(text: str) -> str:
    """`text` with every table as the code has it. KeyError for a part that there is not."""
    return _PART.sub(lambda found: found[1] + PARTS[found[2]]() + found[3], text)


def main() -> int:
    before = PATH.read_text(encoding="utf-8")
    after = document(before)
    if "--check" in sys.argv[1:]:
        if after != before:
            print(f"{PATH} is not up to date; run: python tools/gen_exports_doc.py")
            return 1
        return 0
    PATH.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
