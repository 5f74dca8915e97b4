"""The live page beside a recording of two bands: how late, how heavy, what is dropped.

    python tools/bench_page.py                 a minute of reps
    python tools/bench_page.py --seconds 600   the figure of the README; on a quiet machine
    python tools/bench_page.py --log FILE      what the page costs, in processor time, for a log
                                               told as if live, without radio and browser

Two simulated bands run in real time, 104 Hz each with raw data, recorded as `kneetrack dashboard`
does it; Chromium (Debian's, without a GPU) shows the page. Told are

    rep's end to bar   from the instant at which the rep was over, by the simulated leg's own time,
                       until its bar was drawn; most of it is the detection, which has to see that
                       the knee stays straight
    told to bar        of that, from the analyzer's word until the bar was drawn
    CPU                of the program, by thread, and of the browser with all its processes
    dropped            knee samples that never came to the page; those that never came to the log
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from kneetrack.analysis.trace import alignment_of
from kneetrack.cli.beside_view import Together
from kneetrack.cli.record import recording
from kneetrack.cli.replay import fold
from kneetrack.cli.session import Leg, Told
from kneetrack.cli.timelines import load_apart, phrases
from kneetrack.cue.sounding import By
from kneetrack.dashboard.door import Door
from kneetrack.dashboard.feed import About
from kneetrack.dashboard.history import History
from kneetrack.dashboard.hub import TICKS_PER_S as TICKS_PER_S_OF_HUB
from kneetrack.dashboard.hub import Hub, LiveView
from kneetrack.dashboard.outbox import Outbox
from kneetrack.dashboard.server import Page, bound, serving
from kneetrack.samples import RepEnded
from kneetrack.sessionlog import read_log

CHROMIUM = "/usr/bin/chromium"
REPS_PER_SET = 15
S_PER_SET = 69.0  # without its rest: at most ten sets, and the leg is not done before the bench is
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Watched:
    """A view that notes when reps were told, and how long before they were over."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        self.told: dict[str, tuple[float, float]] = {}
        self._legs = iter(legs)

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def leg(self, title: str) -> Any:
        watched, leg = self, next(self._legs)

        class One:
            def packet(self) -> None: ...
            def item(self, item: Any) -> None: ...
            def link(self, news: Any) -> None: ...

            def event(self, event: Any) -> None:
                if isinstance(event, RepEnded):
                    source_s = leg.link.source_s(leg.link.now_s())
                    assert source_s is not None
                    key = f"{leg.analyzer.side.word} {event.rep.index}"
                    now_s = time.time()
                    watched.told[key] = (now_s, now_s - (source_s - event.rep.end_s))

        return One()


class Browser(threading.Thread):
    """Chromium with the page, until `done`."""

    def __init__(self, where: str) -> None:
        super().__init__(daemon=True)
        self.where = where
        self.done = threading.Event()
        self.figures: dict[str, Any] = {}
        self.pids: list[int] = []

    def run(self) -> None:
        before = set(_children(os.getpid()))
        with sync_playwright() as started:
            browser = started.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            tab = browser.new_page(viewport={"width": 1280, "height": 800})
            session = tab.context.new_cdp_session(tab)
            session.send("Network.enable")
            sizes: list[float] = []
            session.on("Network.loadingFinished", lambda it: sizes.append(it["encodedDataLength"]))
            tab.goto(self.where)
            tab.wait_for_timeout(500)
            spent = "performance.timing.loadEventEnd - performance.timing.navigationStart"
            self.figures["load_ms"] = tab.evaluate(spent)
            self.figures["load_kb"] = sum(sizes) / 1000
            self.figures["requests"] = len(sizes)
            self.pids = sorted(set(_children(os.getpid())) - before)
            while not self.done.wait(0.2):
                tab.wait_for_timeout(1)
            tab.wait_for_timeout(500)
            self.figures |= tab.evaluate("({ drawn: kneetrack.drawn, counts: kneetrack.counts })")
            browser.close()


def _children(pid: int) -> list[int]:
    """All processes below that one."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *_children(child)]
    return found


def _cpu_s(stat: Path) -> float:
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _rss_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    raise RuntimeError("no VmRSS")


def _threads() -> dict[str, float]:
    """CPU seconds of this process by thread."""
    return {
        thread.name: _cpu_s(Path(f"/proc/self/task/{thread.native_id}/stat"))
        for thread in threading.enumerate()
    }


async def _watch(hub: Hub, browser: Browser, seconds: float, told: list[str]) -> None:
    """Figures over the middle of the recording, once samples come."""
    while not any(leg["now"] for leg in hub.state()["legs"]):
        await asyncio.sleep(0.5)
    await asyncio.sleep(5.0)
    begun_s, threads, rss_mb = time.monotonic(), _threads(), _rss_mb()
    others = {pid: _cpu_s(Path(f"/proc/{pid}/stat")) for pid in browser.pids}
    await asyncio.sleep(seconds)
    lasted_s = time.monotonic() - begun_s
    for name, spent_s in _threads().items():
        share = 100 * (spent_s - threads.get(name, 0.0)) / lasted_s
        if share >= 0.1:
            told.append(f"CPU of thread {name}: {share:.1f} % of one processor")
    spent_s = sum(_cpu_s(Path(f"/proc/{pid}/stat")) - was for pid, was in others.items())
    told.append(f"CPU of the browser: {100 * spent_s / lasted_s:.1f} % of one processor")
    told.append(
        f"memory of the program: {rss_mb:.0f} MB, {lasted_s:.0f} s later {_rss_mb():.0f} MB"
    )


async def _session(seconds: float, out: Path) -> None:
    hub = Hub(phrases())
    told: list[str] = []
    watched: list[Watched] = []
    with contextlib.closing(bound("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        page = Page(Door(port), History(tuple, load_apart), hub=hub)

        def around(legs: Sequence[Leg], view: Any) -> Any:
            watched.append(Watched(legs))
            about: list[About] = []
            for leg in legs:
                alignment = alignment_of(leg.calibration)
                about.append(About(leg.title, leg.analyzer.side, alignment and alignment[1]))
            hub.begin("bench", about)
            return Together(watched[0], LiveView(hub))

        with serving(page, listening):
            browser = Browser(f"http://127.0.0.1:{port}/")
            browser.start()
            watching = asyncio.create_task(_watch(hub, browser, seconds, told))
            sets = 1 + round(seconds / S_PER_SET)
            squats = f"squats?valgus=8&sets={sets}&reps={REPS_PER_SET}"
            await recording(
                [f"sim:{squats}&side={side}" for side in ("right", "left")],
                exercise=None, told=Told(), cue_by=By.AUTO, rest_s=None, calibrations=[], out=out,
                duration_s=seconds + 10.0, raw=True, table_zero=False, side=None, around=around,
            )  # fmt: skip
            await watching
            passed = [tab.outbox.passed_over for tab in page.tabs]
            browser.done.set()
            await asyncio.to_thread(browser.join, 120.0)
    figures = browser.figures
    drawn = {key: at_ms / 1000 for key, at_ms in figures["drawn"].items()}
    reps = [(drawn[key], *times) for key, times in watched[0].told.items() if key in drawn]
    ends = [drawn_s - end_s for drawn_s, _, end_s in reps]
    words = [drawn_s - told_s for drawn_s, told_s, _ in reps]
    print(
        f"\nThe page: {figures['load_kb']:.0f} kB in {figures['requests']} files, "
        f"loaded in {figures['load_ms']:.0f} ms"
    )
    print(f"reps told: {len(watched[0].told)}, drawn: {len(drawn)}")
    for name, values in (("rep's end to bar", ends), ("told to bar", words)):
        middle_ms = 1000 * statistics.median(values)
        print(f"{name}: p50 {middle_ms:.0f} ms, p95 {_p95_ms(values):.0f} ms")
    for sentence in told:
        print(sentence)
    counts = browser.figures["counts"]
    print(f"page: {counts['messages']} messages, {counts['frames']} frames drawn, "
          f"{counts['snapshots']} snapshots")  # fmt: skip
    print(f"dropped before the page's state: {hub.dropped} samples; steps passed over: {passed}")
    print(f"log: {read_log(out).packet_count} packets")


class _Costed:
    """A view that counts what the page's thread would spend on two tabs, apart from its own."""

    def __init__(self, hub: Hub) -> None:
        self.spent_s = 0.0
        self._hub = hub
        self._boxes = [Outbox(hub.state) for _ in range(2)]
        for box in self._boxes:
            hub.join(box, asyncio.Event())
        self._view = LiveView(hub)
        self._samples = 0

    def __enter__(self) -> _Costed:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def leg(self, title: str) -> Any:
        inner, costed = self._view.leg(title), self

        class One:
            packet, event, link = inner.packet, inner.event, inner.link

            def item(self, item: Any) -> None:
                inner.item(item)
                costed.tick()

        return One()

    def tick(self) -> None:
        """As often as the server looks, at two legs."""
        self._samples += 1
        if self._samples % (2 * 104 // TICKS_PER_S_OF_HUB):
            return
        begun_s = time.thread_time()
        self._hub.hand_on()
        for box in self._boxes:
            if (message := box.next()) is not None:
                box.taken(json.loads(message)["n"])
        self.spent_s += time.thread_time() - begun_s


def _costs(path: Path) -> None:
    log = read_log(path)
    best = {"recording's thread": math.inf, "page's thread": math.inf}
    for _ in range(3):
        hub = Hub(phrases())
        hub.begin("", [About(side.word, side) for side in log.sides])
        costed = _Costed(hub)
        begun_s = time.thread_time()
        asyncio.run(fold(log, costed, 0.0, takes_keys=False))
        with_page_s = time.thread_time() - begun_s - costed.spent_s
        begun_s = time.thread_time()
        asyncio.run(fold(log, None, 0.0, takes_keys=False))
        alone_s = time.thread_time() - begun_s
        for name, spent_s in (
            ("recording's thread", with_page_s - alone_s),
            ("page's thread", costed.spent_s),
        ):
            best[name] = min(best[name], spent_s)
    for name, spent_s in best.items():
        share = 100 * spent_s / log.duration_s
        print(f"{name}: {share:.2f} % of one processor, {len(log.sides)} legs, two tabs")


def _p95_ms(values: list[float]) -> float:
    return 1000 * sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--log", type=Path, metavar="FILE.mcap")
    options = parser.parse_args()
    if options.log is not None:
        _costs(options.log)
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder
        asyncio.run(_session(options.seconds, Path(folder) / "bench.mcap"))


if __name__ == "__main__":
    main()
