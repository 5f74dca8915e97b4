"""The live page in a real browser: replay, phone, live, reload, two tabs and a slow one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from command_line import PROGRAM
from kneetrack.cli.dashboard import _at_desk
from kneetrack.cli.desk import Desk
from kneetrack.cli.marking import Marks
from kneetrack.cli.replay import fold
from kneetrack.cli.timelines import edited, load_apart, load_timeline, phrases, said_words
from kneetrack.dashboard import outbox as outboxes
from kneetrack.dashboard.door import Door
from kneetrack.dashboard.entries import Entries
from kneetrack.dashboard.feed import About
from kneetrack.dashboard.history import History
from kneetrack.dashboard.hub import Hub, LiveView
from kneetrack.dashboard.server import Page, bound, serving
from kneetrack.dashboard.timeline import Timeline
from kneetrack.samples import KneeSample, Side
from kneetrack.sessionlog import read_log
from kneetrack.sessionlog.markers import markers_in

LOG = Path(__file__).resolve().parents[1] / "replay" / "logs" / "protocol_1_1.mcap"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
REPS = 3
SIMULATED = "sim:squats?reps=2&table=2&stand=3.5&functional=3&tempo=2&speed=max"

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="there is no chromium: apt-get install chromium"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as started:
        opened = started.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def timeline() -> Timeline:
    with ThreadPoolExecutor(1) as apart:  # playwright keeps a loop in this thread
        return apart.submit(load_timeline, LOG).result()


@contextlib.contextmanager
def at(page: Callable[[Door], Page]) -> Generator[str]:
    """Serve it; where."""
    with contextlib.closing(bound("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with serving(page(Door(port)), listening):
            yield f"http://127.0.0.1:{port}/"


def history() -> History:
    return History(tuple, load_apart)


def opened(browser: Any, where: str, width: int = 640, height: int = 360, script: str = "") -> Any:
    """A tab; what goes wrong in it fails the test at its end. It is small: drawing costs most."""
    tab = browser.new_page(viewport={"width": width, "height": height})
    tab.wrong = []
    tab.on("pageerror", lambda error: tab.wrong.append(str(error)))
    tab.on("console", lambda said: said.type == "error" and tab.wrong.append(said.text))
    if script:
        tab.add_init_script(script)
    tab.goto(where)
    return tab


def shut(*tabs: Any) -> None:
    for tab in tabs:
        assert not tab.wrong
        tab.close()


def state(tab: Any) -> Any:
    return tab.evaluate("kneetrack.state()")


def reach(tab: Any, wanted: str, argument: Any = None) -> None:
    tab.wait_for_function(wanted, arg=argument, timeout=15_000, polling=30)


def scrub(tab: Any, time_s: float) -> None:
    tab.evaluate(
        """time => { const slider = document.querySelector("#slider"); slider.value = time;
        slider.dispatchEvent(new Event("input")); slider.dispatchEvent(new Event("change")); }""",
        time_s,
    )


def test_a_replay_is_scrubbed_played_and_fits_a_phone(browser: Any, timeline: Timeline) -> None:
    with at(lambda door: Page(door, history(), first=timeline)) as where:
        tab = opened(browser, where, 390, 844)
        reach(tab, "n => document.querySelectorAll('.rep').length === n", REPS)
        last = timeline.state_at(timeline.end_s)["legs"][0]["reps"][str(REPS - 1)]
        assert tab.locator(".last .big").inner_text() == last["big"]
        widths = tab.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert widths == [390, 390]
        for name in (".last", ".bars-frame", "#slider", "#play"):
            box = tab.locator(name).first.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 390, name
        assert tab.locator("#play").bounding_box()["height"] >= 44, "too small for a thumb"
        # What a colour tells, a mark tells too.
        kinds = tab.eval_on_selector_all(
            ".rep", "all => all.map(e => [e.classList[1], e.querySelector('.mark').textContent])"
        )
        assert len({kind for kind, _ in kinds}) == len({mark for _, mark in kinds}) > 1

        for mark_s in timeline.marks:
            for time_s in (mark_s - 0.1, mark_s + 0.1):
                scrub(tab, time_s)
                reach(tab, "t => Math.abs(kneetrack.meta().player.at - t) < 0.06", time_s)
                shown_s = tab.evaluate("kneetrack.meta().player.at")
                reps = len(timeline.state_at(shown_s)["legs"][0]["reps"])
                reach(tab, "n => document.querySelectorAll('.rep').length === n", reps)
        bent_s = max(timeline.state_at(timeline.end_s)["legs"][0]["trace"], key=lambda p: p[1])[0]
        scrub(tab, bent_s)
        reach(tab, "() => kneetrack.state().legs[0].now.flexion > 80")
        reach(tab, "() => kneetrack.pose().length === 1")

        scrub(tab, timeline.end_s - 4.0)
        tab.select_option("#speed", "8")
        tab.click("#play")
        reach(tab, "() => kneetrack.state().over && !kneetrack.meta().player.playing")
        folded = json.loads(json.dumps(timeline.state_at(timeline.end_s)))
        assert state(tab) == folded, "what the page folds is what the server folds"
        at_rest = """() => { const was = window.was; window.was = kneetrack.counts.frames;
        return was === window.was; }"""
        tab.wait_for_function(at_rest, timeout=15_000, polling=200)  # it does not draw for nothing
        shut(tab)


class Session:
    """A log told as a session that runs, which stands still where the test wants it."""

    def __init__(self) -> None:
        self.hub = Hub(phrases())
        self.desk = Desk("q ends it")
        self.marks = Marks(self._write)
        self.desk.leg(Side.RIGHT, self._write)
        self.marks.offer(self.desk)
        self.hub.begin("", [About("Right leg, squat", Side.RIGHT)])
        self.seconds = 0.0
        self._until_s = 0.0
        self._go = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    async def enter(self, what: str, text: str) -> str:
        return _at_desk(self.desk, what, text)

    def _write(self, event: Mapping[str, object]) -> None:
        for marker in markers_in([event]):
            self.hub.marker(0, marker.number, marker.time_s)
        if texts := said_words(event):
            self.hub.said(0, int(str(event["set"])), texts)

    def until(self, time_s: float) -> None:
        """Let it go on to that time."""
        with self._go:
            self._until_s = time_s
            self._go.notify_all()

    def end(self) -> None:
        self.until(1e9)
        self._thread.join(20.0)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        view = LiveView(self.hub)
        asyncio.run(fold(read_log(LOG), _Gate(view, self), 0.0, takes_keys=False))

    def wait(self, time_s: float) -> None:
        with self._go:
            self._go.wait_for(lambda: time_s <= self._until_s)


class _Gate:
    def __init__(self, view: LiveView, session: Session) -> None:
        self._view = view
        self._session = session

    def __enter__(self) -> _Gate:
        return self

    def __exit__(self, *what: object) -> None:
        self._view.__exit__(*what)

    def leg(self, title: str) -> Any:
        inner, session = self._view.leg(title), self._session

        class Leg:
            def __getattr__(self, name: str) -> Any:
                return getattr(inner, name)

            def packet(self) -> None:
                inner.packet()

            def item(self, item: Any) -> None:
                session.wait(getattr(item, "time_s", 0.0))
                inner.item(item)

            def event(self, event: Any) -> None:
                inner.event(event)

        return Leg()


def state_sample(time_s: float) -> KneeSample:
    q = (1.0, 0.0, 0.0, 0.0)
    return KneeSample(0, time_s, 0.0, 0.0, 0.0, 1.0, q, q, 0)


def type_in(tab: Any) -> None:
    """A marker, a load, and an effort that there is not: by the mouse and the keyboard."""
    tab.click("#mark")
    reach(tab, "() => document.querySelector('#entry-said').textContent.includes('marker')")
    tab.click("[data-what=load]")
    assert "of set 1" in tab.locator("#entry-asks").inner_text()
    tab.keyboard.type("135lb")
    tab.keyboard.press("Enter")
    reach(tab, "() => document.querySelector('#entry-said').textContent.includes('load 61.2 kg')")
    assert tab.locator("#entry").is_hidden()
    tab.click("[data-what=effort]")
    tab.fill("#entry-text", "11")
    tab.keyboard.press("Enter")
    reach(tab, "() => document.querySelector('#entry-said').textContent.includes('0 (none) to 10')")
    assert tab.locator("#entry-text").input_value() == "11", "it is there to be mended"


def settled(session: Session, *tabs: Any) -> Any:
    """The state of all of them, once they have all of the session's."""
    until_s = time.monotonic() + 15.0
    while time.monotonic() < until_s:
        hub = json.loads(json.dumps(session.hub.state()))
        if all(state(tab) == hub for tab in tabs):
            return hub
    raise AssertionError("a tab shows something else than the session")


def test_a_reload_in_mid_set_two_tabs_and_a_slow_one(
    browser: Any, timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "MOST", 6)
    session = Session()
    pages: list[Page] = []

    def page(door: Door) -> Page:
        entries = Entries(session.enter, edited)
        pages.append(Page(door, history(), hub=session.hub, entries=entries))
        return pages[0]

    mute = """const say = WebSocket.prototype.send; window.mute = true;
    WebSocket.prototype.send = function (what) { if (!window.mute) say.call(this, what); };"""
    with at(page) as where:
        one, other = opened(browser, where), opened(browser, where)
        slow = opened(browser, where, script=mute)
        session.until(timeline.marks[1] + 0.5)
        for tab in (one, other):
            reach(tab, "() => document.querySelectorAll('.rep').length === 2")
        session.marks.leg(Side.RIGHT).item(state_sample(timeline.marks[1]))
        type_in(one)
        reach(other, "() => document.querySelector('.said')?.textContent.includes('61.2 kg')")
        reach(other, "() => kneetrack.state().legs[0].markers.length === 1")
        before = settled(session, one, other)
        assert before["legs"][0]["trace"] and not before["over"]
        one.reload()
        reach(one, "() => window.kneetrack && kneetrack.state().legs.length === 1")
        assert state(one) == before == state(other), "a reload loses nothing"

        for part in range(1, 9):  # in pieces: the slow tab's queue has to run over
            at_s = timeline.marks[1] + 0.5 + part / 2
            session.until(at_s)
            reach(other, "t => kneetrack.state().at > t - 0.1", at_s)
        session.end()
        for tab in (one, other):
            reach(tab, "() => kneetrack.state().over")
            reach(tab, "n => document.querySelectorAll('.rep').length === n", REPS)
        assert state(one) == state(other) == json.loads(json.dumps(session.hub.state()))
        assert slow.evaluate("kneetrack.counts.messages") <= outboxes.WINDOW
        assert max(tab.outbox.passed_over for tab in pages[0].tabs) > 0, "it was not slow enough"
        slow.evaluate("window.mute = false; window.kneetrack.say({ taken: 3 })")
        reach(slow, "() => kneetrack.state().over")
        assert state(slow) == state(one), "and nothing else"
        shut(one, other, slow)


def test_reps_of_a_session_that_runs_appear_and_are_recorded(browser: Any, tmp_path: Path) -> None:
    out = tmp_path / "live.mcap"
    arguments = ["--link", SIMULATED, "--no-raw", "--out", str(out), "--port", "0"]
    process = subprocess.Popen(
        [*PROGRAM, "dashboard", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"XDG_DATA_HOME": str(tmp_path)},
    )
    try:
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/", process.stderr.readline())
        assert found is not None
        tab = opened(browser, found.group())
        tab.wait_for_selector(".rep", timeout=60_000)
        tab.wait_for_function("() => kneetrack.state().over", timeout=60_000)
        shown = [row["end"] for row in state(tab)["legs"][0]["reps"].values()]
        assert tab.locator(".rep").count() == len(shown) == 2
        assert any("The page stays" in line for line in process.stderr)
        tab.reload()
        reach(tab, "() => document.querySelectorAll('.rep').length === 2")
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=30)
        assert process.returncode == 0
        assert f"Recorded: {out}" in told
        events = [event for event in read_log(out).events if event["event"] == "rep_ended"]
        ends_s = [event["rep"]["end_s"] for event in events]
        assert ends_s == pytest.approx(shown, abs=0.0011)  # a page is told milliseconds
        tab.close()  # which has lost its server by now
    finally:
        process.kill()
        process.communicate()
