"""What is typed on the live page: by the terminal's own checks, in its log, or beside it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard_parts import LOG, Q, a_timeline, nothing_found, refusing, rep
from kneetrack.cli.dashboard import _Served
from kneetrack.cli.desk import Desk
from kneetrack.cli.marking import Marks
from kneetrack.cli.timelines import edited, phrases
from kneetrack.dashboard.entries import Entries
from kneetrack.dashboard.hub import Hub
from kneetrack.dashboard.tab import Tab
from kneetrack.dashboard.timeline import Timeline
from kneetrack.detection import Analyzer
from kneetrack.edits import read
from kneetrack.samples import KneeSample, RepEnded, Side


def test_a_recorded_session_takes_what_kneetrack_edit_does(tmp_path: Path) -> None:
    path = tmp_path / "one.mcap"
    shutil.copy(LOG, path)
    before = path.read_bytes()
    timeline = a_timeline()
    timeline.path = path
    tab = Tab(None, timeline, nothing_found, Entries(refusing, edited), shown_anew.append)
    for what, text, part in (
        ("load", "135lb", "61.2 kg"),
        ("effort", "7", "effort 7 of 10"),
        ("note", "left hip", "left hip"),
    ):
        answer = said_by(tab, what, text)
        assert answer["good"] and part in answer["text"], answer
        assert part in timeline.title
    assert shown_anew[-1] is timeline
    assert read(path).load_kg == pytest.approx(61.235)
    assert read(path).rpe == 7.0 and read(path).note == "left hip"
    for what, text, why in (
        ("load", "heavy", "number of kg or lb"),
        ("effort", "11", "0 (none) to 10"),
        ("note", "  ", "must not be empty"),
        ("marker", "", "no markers"),
    ):
        answer = said_by(tab, what, text)
        assert not answer["good"] and why in answer["text"], answer
    assert read(path).changes == 3 and path.read_bytes() == before


def test_a_running_session_takes_what_the_terminal_s_keys_do() -> None:
    """From the server's thread, while somebody types a note in the terminal."""
    written: list[dict[str, object]] = []
    hub = Hub(phrases())
    served = _Served(hub)
    desk = served.desk
    marks = Marks(heard_by(desk, written))
    leg, marking = desk.leg(Side.RIGHT, heard_by(desk, written)), marks.leg(Side.RIGHT)
    marks.offer(desk)
    tab = Tab(hub, None, nothing_found, Entries(served.enter, edited))
    assert not said_by(tab, "marker", "")["good"], "before it has begun"

    async def recorded() -> None:
        analyzer = Analyzer(Side.RIGHT)
        view: Any = SimpleNamespace(__enter__=None, leg=lambda title: SimpleNamespace())
        served.around([SimpleNamespace(title="Right leg", analyzer=analyzer)], view)  # type: ignore
        answers = []
        for what, text in TYPED:
            if what == "marker":
                marking.item(KneeSample(1, 12.5, 10.0, 0.0, 0.0, 1.0, Q, Q, 0))
            answers.append(await asyncio.to_thread(said_by, tab, what, text))
        assert [answer["good"] for answer in answers] == [True, True, False, False, True, True]
        assert "0 (none) to 10" in answers[2]["text"]
        assert "set 2" in answers[0]["text"]
        hub.over()
        over = await asyncio.to_thread(said_by, tab, "load", "50")
        assert not over["good"] and "Sessions" in over["text"]

    leg.event(RepEnded(rep(3, set_index=1)))
    for letter in "nknee":
        desk.take(letter)
    asyncio.run(recorded())
    assert "knee▏" in desk.hint(), "what is typed in the terminal stays"
    hub.hand_on()
    (shown,) = hub.state()["legs"]
    assert shown["said"]["1"] == {"load_kg": "load 61.2 kg", "rpe": "effort 7 of 10",
                                  "note": 'note "hips"'}  # fmt: skip
    assert shown["markers"] == [{"n": 1, "t": 12.5}]
    assert [event["event"] for event in written] == ["said", "said", "said", "marker"]


TYPED = (("load", "135 lb"), ("effort", "7"), ("effort", "12"), ("weight", "3"), ("note", "hips"),
         ("marker", ""))  # fmt: skip
shown_anew: list[Timeline] = []


def heard_by(
    desk: Desk, written: list[dict[str, object]]
) -> Callable[[Mapping[str, object]], None]:
    def write(event: Mapping[str, object]) -> None:
        written.append(dict(event))
        desk.heard(event)

    return write


def said_by(tab: Tab, what: str, text: str) -> Any:
    """What a page is answered."""

    async def told() -> Any:
        await tab.told(json.dumps({"enter": {"id": 1, "what": what, "text": text}}))
        while (message := tab.outbox.next()) is None or "answers" not in json.loads(message):
            assert message is not None
            tab.outbox.taken(json.loads(message)["n"])
        tab.outbox.taken(json.loads(message)["n"])
        (answer,) = json.loads(message)["answers"]
        return answer

    return asyncio.run(told())
