#!/usr/bin/env python3
"""How long the report of a session takes, and how large it is: HTML and PDF.

    python tools/bench_report.py [--minutes N [N ...]] [--no-pdf]

A log with the angles of one leg is written for each length, as bench_replay does it, and reported
as `kneetrack report` does. Seconds are of the processor, in one process, without the start.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path

from bench_replay import write_log
from kneetrack.report import html, pdf
from kneetrack.report.model import session_report


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[5.0, 60.0])
    parser.add_argument("--no-pdf", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for minutes in options.minutes:
            log = Path(folder) / f"{minutes:g}.mcap"
            write_log(log, minutes)
            times = [time.process_time()]
            report = session_report(log)
            times.append(time.process_time())
            page = html.render(report)
            times.append(time.process_time())
            told = f"HTML {len(page.encode()) / 1e6:.2f} MB"
            if not options.no_pdf:
                out = Path(folder) / "report.pdf"
                pdf.write(page, out)
                times.append(time.process_time())
                told += f", PDF {out.stat().st_size / 1e6:.2f} MB"
            reps = sum(len(leg.reps) for leg in report.legs)
            sets = sum(len(leg.sets) for leg in report.legs)
            parts = [after - before for before, after in itertools.pairwise(times)]
            names = ("analysis", "page", "PDF")
            spent = ", ".join(f"{n} {s:.1f} s" for n, s in zip(names, parts, strict=False))
            print(f"{minutes:4.0f} min, {reps:4d} reps in {sets:3d} sets: {spent}; {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
