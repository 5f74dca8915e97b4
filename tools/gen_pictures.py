#!/usr/bin/env python3
"""Makes the pictures of the README, from a run of the demo: host/pictures/*.svg.

    python tools/gen_pictures.py

The pictures are what the program prints and draws, nothing is touched up. They are made on purpose,
when their looks or the numbers changed, and not checked: two runs differ in the last digit.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from kneetrack.analysis import analyse
from kneetrack.cli.table import print_summary
from kneetrack.report import figures
from kneetrack.report.model import session_report

PICTURES = Path(__file__).resolve().parents[1] / "host" / "pictures"


def main() -> int:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = [sys.executable, "-m", "kneetrack.cli", "demo", "--speed", "max", "--json"]
        done = subprocess.run([*demo, "--out", folder], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        log = Path(found["log"])
        result = analyse(log).legs[0].result
        console = Console(record=True, width=88, file=io.StringIO(), force_terminal=True)
        print_summary(
            console, result.reps, result.sets, given_deg=[rep["given_deg"] for rep in found["reps"]]
        )
        console.save_svg(str(PICTURES / "rep-table.svg"), title="kneetrack demo")
        leg = session_report(log).legs[0]
        (PICTURES / "over-time.svg").write_text(figures.over_time(leg).svg, encoding="utf-8")
    print(*sorted(PICTURES.iterdir()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
