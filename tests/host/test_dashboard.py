"""The live page without a browser: its state, who is sent what, who may come in."""

from __future__ import annotations

import copy
import http.client
import json
import math
import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from kneecore import joint, quaternion
from kneetrack.catalogue import Session
from kneetrack.cli.dashboard import load_timeline, phrases
from kneetrack.dashboard import outbox as outboxes
from kneetrack.dashboard.board import Board, empty
from kneetrack.dashboard.door import Door
from kneetrack.dashboard.feed import About, LegFeed
from kneetrack.dashboard.history import History
from kneetrack.dashboard.hub import MOST_ITEMS, Hub, LiveView
from kneetrack.dashboard.outbox import WINDOW, Outbox
from kneetrack.dashboard.pose import pose
from kneetrack.dashboard.server import Page, bound, serving
from kneetrack.dashboard.timeline import Player, Timeline
from kneetrack.errors import LogError, UsageError
from kneetrack.samples import (
    Channel,
    Gap,
    GapSeen,
    GapSettled,
    KneeSample,
    Rep,
    RepEnded,
    Side,
    Verdict,
    Warned,
    Withdrawn,
)

LOG = Path(__file__).resolve().parents[1] / "replay" / "logs" / "protocol_1_1.mcap"
Q = (1.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def timeline() -> Timeline:
    return load_timeline(LOG)


def as_json(state: Any) -> Any:
    return json.loads(json.dumps(state))


def all_steps(timeline: Timeline) -> list[dict[str, Any]]:
    return timeline.steps(-math.inf, math.inf)


def sample(number: int, flexion: float = 10.0, flags: int = 0) -> KneeSample:
    return KneeSample(number, number / 104, flexion, 1.0, 0.5, 0.7, Q, Q, flags)


def rep(index: int, set_index: int = 0, own: float | None = 6.2) -> Rep:
    return Rep(
        index, set_index, False, index * 4.0, index * 4.0 + 3.0, 90.0, 6.0, own, 0.8, 5.0, 60.0,
        None, 0.2, 1.0, 2.0, 1.0, 0.2, 1.0, None if own is None else Verdict.MOVED_INWARD,
    )  # fmt: skip


def a_feed() -> LegFeed:
    return LegFeed(0, About("Right leg", Side.RIGHT), phrases())


# --- the state -----------------------------------------------------------------------------------


def test_a_log_s_reps_are_on_the_page_with_their_marks(timeline: Timeline) -> None:
    (leg,) = timeline.state_at(timeline.end_s)["legs"]
    told = json.loads(LOG.with_suffix(".json").read_text())["legs"][0]["reps"]
    assert len(leg["reps"]) == len(told)
    for row, then in zip(leg["reps"].values(), told, strict=True):
        assert row["own"] == pytest.approx(then["own_excursion_deg"], abs=0.4)
        assert row["mark"] == {"in_range": "=", "moved_inward": ">"}[then["verdict"]]
    assert leg["sets"]["0"]["reps"] == len(told)


def test_any_time_of_a_log_is_the_fold_of_all_that_came_before(timeline: Timeline) -> None:
    span = timeline.end_s - timeline.start_s
    for part in (0.0, 0.31, 0.5, 0.77, 0.99):
        at = timeline.start_s + part * span
        board = Board(empty([leg.to_json() for leg in timeline.legs], timeline.title))
        for step in timeline.steps(-math.inf, at):
            board.apply(step)
        assert as_json(board.state) == as_json(timeline.state_at(at))


def test_late_points_go_where_they_belong_and_old_ones_go() -> None:
    board = Board(empty([About("", Side.RIGHT).to_json()]))

    def points(*times: float) -> None:
        rows = [[time_s, 0.0, 0.0] for time_s in times]
        board.apply({"kind": "samples", "leg": 0, "points": rows, "now": None})

    points(1.0, 4.0)
    points(2.0, 3.0, 1.0)
    assert [row[0] for row in board.state["legs"][0]["trace"]] == [1.0, 2.0, 3.0, 4.0]
    points(92.5)
    assert [row[0] for row in board.state["legs"][0]["trace"]] == [3.0, 4.0, 92.5]


def test_gaps_stay_gaps_until_they_are_filled() -> None:
    feed, board = a_feed(), Board(empty([About("", Side.RIGHT).to_json()]))
    lost = Gap(Channel.MEASUREMENT, 1.0, 2.0, 104, "lost on the air")
    rest = Gap(Channel.MEASUREMENT, 1.5, 1.75, 26, "lost on the air")
    feed.event(GapSeen(lost))
    for step in feed.take():
        board.apply(step)
    (leg,) = board.state["legs"]
    assert [gap["start"] for gap in leg["gaps"]] == [1.0]
    assert leg["hints"]
    feed.event(GapSettled(lost, (rest,)))
    for step in feed.take():
        board.apply(step)
    assert [(gap["start"], gap["end"]) for gap in leg["gaps"]] == [(1.5, 1.75)]


def test_reps_that_are_withdrawn_leave_the_page_and_its_sets() -> None:
    feed, board = a_feed(), Board(empty([About("", Side.RIGHT).to_json()]))
    for index in range(3):
        feed.event(RepEnded(rep(index, set_index=index // 2)))
    feed.event(Withdrawn(1, 0))
    for step in feed.take():
        board.apply(step)
    (leg,) = board.state["legs"]
    assert list(leg["reps"]) == ["0"]
    assert {key: row["reps"] for key, row in leg["sets"].items()} == {"0": 1}


def test_the_drawn_knee_bends_by_the_angles_that_are_told() -> None:
    worn = quaternion.normalised((0.9, 0.1, -0.3, 0.2))
    for side in Side:
        for heading in (0.0, 2.0, -1.2):
            lean = quaternion.multiply(
                quaternion.from_axis_angle((0.0, 0.0, 1.0), heading),
                quaternion.normalised((0.7, 0.68, 0.05, -0.1)),
            )
            one = KneeSample(0, 0.0, 72.0, 8.0, -5.0, 1.0, Q, quaternion.multiply(lean, worn), 0)
            thigh, shank = pose(one, side, worn)
            between = quaternion.multiply(quaternion.conjugate(thigh), shank)
            angles = [math.degrees(each) for each in joint.angles(*between, int(side))]
            assert angles == pytest.approx([72.0, 8.0, -5.0], abs=1e-6)
            right = quaternion.rotate(shank, (0.0, 0.0, 1.0))
            assert right[0] == pytest.approx(0.0, abs=1e-9) and right[1] < 0.0


# --- who is sent what ----------------------------------------------------------------------------


class Client:
    """Folds messages as the page does."""

    def __init__(self, box: Outbox) -> None:
        self.box = box
        self.board = Board(empty([]))
        self.number = 0
        self.snapshots = 0

    def read(self, *, says_so: bool = True) -> bool:
        text = self.box.next()
        if text is None:
            return False
        message = json.loads(text)
        assert message["n"] == self.number + 1
        self.number = message["n"]
        if "state" in message:
            self.board = Board(message["state"])
            self.snapshots += 1
        for step in message.get("steps", ()):
            self.board.apply(step)
        if says_so:
            self.box.taken(self.number)
        return True


@pytest.mark.parametrize("seed", range(6))
def test_a_snapshot_and_what_follows_are_the_same_state_whenever_a_tab_comes(
    timeline: Timeline, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tabs that come at any time, read or don't, fall behind and catch up."""
    monkeypatch.setattr(outboxes, "MOST", 12)
    chance = random.Random(seed)
    board = Board(empty([leg.to_json() for leg in timeline.legs], timeline.title))
    clients: list[Client] = []
    for step in all_steps(timeline):
        step = copy.deepcopy(step)
        board.apply(step)
        for client in clients:
            client.box.push([step])
        if len(clients) < 8 and chance.random() < 0.08:
            clients.append(Client(Outbox(lambda: board.state)))
        for client in clients:
            if chance.random() < (0.9 if client is clients[0] else 0.1):
                client.read(says_so=chance.random() < 0.7)
    assert len(clients) > 3
    for client in clients:
        client.box.taken(client.number)
        while client.read():
            pass
        assert as_json(client.board.state) == as_json(board.state)
    assert sum(client.snapshots for client in clients) > len(clients), "none fell behind"


def test_a_tab_that_takes_nothing_has_few_messages_under_way_and_little_waiting() -> None:
    board = Board(empty([About("", Side.RIGHT).to_json()]))
    box = Outbox(lambda: board.state)
    client = Client(box)
    sent = 0
    for index in range(5000):
        step = {"kind": "samples", "leg": 0, "points": [[index / 26, 0.0, 0.0]], "now": None}
        board.apply(step)
        box.push([step])
        sent += client.read(says_so=False)
    assert sent == WINDOW
    assert box.passed_over > 4000
    box.taken(sent)
    assert client.read()
    assert as_json(client.board.state) == as_json(board.state)


def test_no_event_is_dropped_when_the_server_stands_still() -> None:
    hub = Hub(phrases())
    hub.begin("", [About("Right leg", Side.RIGHT)])
    leg = LiveView(hub).leg("Right leg")
    for number in range(MOST_ITEMS + 500):
        leg.item(sample(number))
        if number % 1000 == 0:
            leg.event(RepEnded(rep(number // 1000)))
    leg.event(Warned("Told at the very end."))
    hub.hand_on()
    (state,) = hub.state()["legs"]
    assert len(state["reps"]) == 21
    assert state["hints"] == ["Told at the very end."]
    assert hub.dropped > 0


def test_what_a_recording_tells_the_page_takes_no_time() -> None:
    hub = Hub(phrases())
    hub.begin("", [About("Right leg", Side.RIGHT)])
    leg = LiveView(hub).leg("Right leg")
    one = sample(0)
    begun_s = time.thread_time()
    for _ in range(10_000):
        leg.item(one)
    assert (time.thread_time() - begun_s) / 10_000 < 50e-6


def test_a_player_stops_at_the_end_and_begins_anew(timeline: Timeline) -> None:
    player = Player(timeline)
    assert player.play(True)
    assert player.at_s == timeline.start_s
    player.speed = 8.0
    board = Board(player.state())
    while player.playing:
        for step in player.advance(0.5):
            board.apply(step)
    assert as_json(board.state) == as_json(timeline.state_at(timeline.end_s))
    player.seek(-100.0)
    assert player.at_s == timeline.start_s


# --- who may come in -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "comes_in"),
    [
        ("127.0.0.1:8765", True),
        ("LOCALHOST:8765", True),
        ("[::1]:8765", True),
        ("127.0.0.1:8766", False),
        ("127.0.0.1", False),
        ("192.168.1.5:8765", False),
        ("rebound.example.org:8765", False),
        ("127.0.0.1.example.org:8765", False),
        ("", False),
    ],
)
def test_only_this_computer_s_names_are_answered(host: str, comes_in: bool) -> None:
    assert (Door(8765).refusal({"host": host}) is None) is comes_in


def test_on_a_network_addresses_are_answered_and_other_names_are_not() -> None:
    door = Door(8765, is_open_to_network=True, names=frozenset({"Gym.local"}))
    for host in ("192.168.1.5:8765", "[fe80::1]:8765", "gym.local:8765"):
        assert door.refusal({"host": host}) is None
    for host in ("rebound.example.org:8765", "192.168.1.5.example.org:8765", "192.168.1.5:1"):
        assert door.refusal({"host": host}) is not None


@pytest.mark.parametrize(
    ("origin", "comes_in"),
    [
        ("http://127.0.0.1:8765", True),
        (None, False),
        ("null", False),
        ("http://example.org", False),
        ("http://localhost:8765", False),
        ("https://127.0.0.1:8765", False),
        ("http://127.0.0.1:8765.example.org", False),
    ],
)
def test_a_websocket_is_the_page_s_own(origin: str | None, comes_in: bool) -> None:
    headers = {"host": "127.0.0.1:8765"} | ({} if origin is None else {"origin": origin})
    assert (Door(8765).refusal(headers, is_websocket=True) is None) is comes_in


def test_a_token_is_good_for_one_screen() -> None:
    told: list[str] = []
    door = Door(8765, is_open_to_network=True, on_token=told.append)
    first = door.token
    assert door.exchange("") is None and door.exchange("wrong") is None and not told
    cookie = door.exchange(first)
    assert cookie is not None
    assert door.is_known({"cookie": f"other=1; kneetrack_8765={cookie}"})
    for wrong in ("", f"kneetrack_8765={first}", f"kneetrack_8765={cookie}x", ";;=;"):
        assert not door.is_known({"cookie": wrong})
    assert door.exchange(first) is None
    assert told == [door.token] and door.token != first


class Served:
    def __init__(self, port: int, door: Door) -> None:
        self.port = port
        self.door = door

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as one:
            one.request("GET", path, headers=headers)
            answer = one.getresponse()
            answer.read()
            return answer


@pytest.fixture(scope="module")
def served(timeline: Timeline) -> Iterator[Served]:
    with closing(bound("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        door = Door(port, is_open_to_network=True)
        with serving(Page(door, History(tuple, load_timeline), first=timeline), listening):
            yield Served(port, door)


def test_a_stranger_gets_nothing_and_a_guest_all_of_it(served: Served) -> None:
    for path in ("/", "/sessions", "/page/main.js", "/page/../server.py", "/?token=wrong"):
        assert served.get(path).status == 403, path
    came = served.get(f"/?token={served.door.token}")
    assert came.status == 303 and came.headers["location"] == "/"
    crumb = came.headers["set-cookie"]
    assert "HttpOnly" in crumb and "samesite=strict" in crumb.lower()
    cookie = crumb.partition(";")[0]
    for path in ("/", "/sessions", "/page/main.js", "/page/vendor/uPlot.LICENSE"):
        assert served.get(path, Cookie=cookie).status == 200, path
    page = served.get("/", Cookie=cookie)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert served.get("/page/%2e%2e/server.py", Cookie=cookie).status == 404
    assert served.get("/", Cookie=cookie, Host="rebound.example.org").status == 403


def test_a_websocket_from_elsewhere_is_refused(served: Served, timeline: Timeline) -> None:
    here = f"127.0.0.1:{served.port}"
    cookie = f"{served.door.cookie_name}={served.door.exchange(served.door.token)}"
    own: Any = f"http://{here}"
    for origin, brings in ((own, ""), ("http://example.org", cookie), (None, cookie)):
        with pytest.raises((InvalidStatus, ConnectionClosed)):  # noqa: SIM117
            with connect(
                f"ws://{here}/ws", origin=origin, additional_headers={"Cookie": brings}
            ) as refused:
                refused.recv(timeout=5)
    with connect(f"ws://{here}/ws", origin=own, additional_headers={"Cookie": cookie}) as tab:
        first = json.loads(tab.recv(timeout=5))
        assert first["state"] == as_json(timeline.state_at(timeline.end_s))
        for nonsense in ("", "[]", "{", '{"seek": "x"}', '{"open": "/etc/passwd"}', '{"speed": 0}'):
            tab.send(nonsense)
        tab.send(json.dumps({"taken": 1, "seek": timeline.start_s}))
        troubles: list[str | None] = []
        while "state" not in (message := json.loads(tab.recv(timeout=5))):
            troubles.append(message.get("trouble"))
        assert message["state"] == as_json(timeline.state_at(timeline.start_s))
        assert "not in the list" in (message.get("trouble") or troubles[-1])


def test_only_what_is_listed_can_be_opened(timeline: Timeline) -> None:
    import asyncio

    opened: list[Path] = []

    def load(path: Path) -> Timeline:
        opened.append(path)
        return timeline

    one = Session(LOG, None, "file", "A", "squat", None, None, None, None, {}, False, True, {}, ())
    history = History(lambda: [one], load)
    with pytest.raises(LogError):
        asyncio.run(history.opened(str(LOG)))
    (row,) = history.listed()
    assert str(LOG) not in json.dumps(row)
    with pytest.raises(LogError, match="being recorded"):
        asyncio.run(history.opened(row["id"], is_live=True))
    assert not opened
    assert asyncio.run(history.opened(row["id"])) is timeline
    assert asyncio.run(history.opened(row["id"])) is timeline
    assert opened == [LOG]


def test_a_port_that_is_taken_is_told_with_a_remedy() -> None:
    with closing(bound("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(UsageError, match="--port"):
            bound("127.0.0.1", port)


def test_the_server_ends_with_its_context(timeline: Timeline) -> None:
    before = threading.active_count()
    with closing(bound("127.0.0.1", 0)) as listening:
        door = Door(listening.getsockname()[1])
        with serving(Page(door, History(tuple, load_timeline), first=timeline), listening):
            assert threading.active_count() > before
    assert threading.active_count() <= before + 1  # a pool's thread may idle
