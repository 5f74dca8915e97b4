#!/usr/bin/env python3
"""Makes the pictures of the README: host/pictures/*.svg from a run of the demo, live-page.png (the
page in Chromium, at an instant of a replay of a simulated session of both legs).

    python tools/gen_pictures.py

The pictures are what the program prints and draws, nothing is touched up. They are made on purpose,
when their looks or the numbers changed, and not checked: two runs differ in the last digit.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console

from kneetrack.analysis import analyse
from kneetrack.cli.table import print_summary
from kneetrack.cli.timelines import load_apart, load_timeline
from kneetrack.dashboard.door import Door
from kneetrack.dashboard.history import History
from kneetrack.dashboard.server import Page, bound, serving
from kneetrack.report import figures
from kneetrack.report.model import session_report

PICTURES = Path(__file__).resolve().parents[1] / "host" / "pictures"
LEGS = [
    "sim:squats?side=right&reps=8&valgus=8&speed=max",
    "sim:squats?side=left&reps=8&valgus=2&speed=max",
]
SIZE = {"width": 1280, "height": 800}
SHOWN_REP = 6  # at the deepest of it, as it happened


def live_page(folder: Path) -> None:
    """Record both legs, replay them, stop where a knee is bent, and take the page's picture."""
    log = folder / "both.mcap"
    links = [word for link in LEGS for word in ("--link", link)]
    record = [sys.executable, "-m", "kneetrack.cli", "record", *links, "--out", str(log)]
    subprocess.run([*record, "--no-questions"], capture_output=True, check=True)
    timeline = load_timeline(log)
    reps = timeline.state_at(timeline.end_s)["legs"][0]["reps"]
    shown = reps[str(SHOWN_REP)]
    at_s = 0.5 * (shown["start"] + shown["end"])
    with contextlib.closing(bound("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        page = Page(Door(port), History(tuple, load_apart), first=timeline)
        with serving(page, listening), sync_playwright() as started:
            browser = started.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            tab = browser.new_page(viewport=SIZE, color_scheme="light")
            tab.goto(f"http://127.0.0.1:{port}/")
            tab.wait_for_function("() => kneetrack.state().legs.length === 2")
            tab.evaluate(
                """time => { const slider = document.querySelector("#slider");
                slider.value = time;
                slider.dispatchEvent(new Event("input"));
                slider.dispatchEvent(new Event("change")); }""",
                at_s,
            )
            tab.wait_for_function("t => Math.abs(kneetrack.meta().player.at - t) < 0.06", arg=at_s)
            tab.wait_for_function("() => kneetrack.pose().length === 2")
            tab.wait_for_timeout(500)  # the curves are drawn
            tab.screenshot(path=PICTURES / "live-page.png")
            browser.close()


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
        with ThreadPoolExecutor(1) as apart:  # playwright keeps a loop of its own
            apart.submit(live_page, Path(folder)).result()
    print(*sorted(PICTURES.iterdir()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
