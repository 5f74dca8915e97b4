"""The live page's door and server: who may come in, what is opened, and what is typed there."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from dashboard_parts import LOG, a_timeline, as_json, nothing_found, nowhere, refusing
from kneetrack.catalogue import Session
from kneetrack.cli.timelines import edited, load_apart
from kneetrack.dashboard.door import Door
from kneetrack.dashboard.entries import Entries
from kneetrack.dashboard.history import History
from kneetrack.dashboard.server import Page, bound, serving
from kneetrack.dashboard.tab import Tab
from kneetrack.dashboard.timeline import Timeline
from kneetrack.errors import LogError, UsageError


def session() -> Session:
    return Session(LOG, None, "file", "A", "squat", None, None, None, None, {}, False, True, {}, ())


def broken() -> Session:
    return Session(
        Path("broken.mcap"), None, "file", None, "", None, None, None, None, {}, False, False, {},
        (), reason="It is no log.",
    )  # fmt: skip


def connected(listening: socket.socket) -> bool:
    with closing(http.client.HTTPConnection(*listening.getsockname(), timeout=5)) as one:
        one.request("GET", "/")
        return one.getresponse().status == 200


def wait_until(good: Callable[[], object]) -> None:
    until_s = time.monotonic() + 5.0
    while not good():
        assert time.monotonic() < until_s
        time.sleep(0.01)


ENTRIES = Entries(refusing, edited)


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
def served() -> Iterator[Served]:
    with closing(bound("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        door = Door(port, is_open_to_network=True)
        page = Page(door, History(tuple, load_apart), first=a_timeline(), entries=ENTRIES)
        with serving(page, listening):
            yield Served(port, door)


def test_a_stranger_gets_nothing_and_a_guest_all_of_it(served: Served) -> None:
    for path in ("/", "/sessions", "/page/main.js", "/page/../server.py", "/?token=wrong"):
        assert served.get(path).status == 403, path
    came = served.get(f"/?token={served.door.token}")
    assert came.status == 303 and came.headers["location"] == "/"
    crumb = came.headers["set-cookie"]
    assert "HttpOnly" in crumb and "samesite=lax" in crumb.lower()
    cookie = crumb.partition(";")[0]
    for path in ("/", "/sessions", "/page/main.js", "/page/vendor/uPlot.LICENSE"):
        assert served.get(path, Cookie=cookie).status == 200, path
    page = served.get("/", Cookie=cookie)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert served.get("/page/%2e%2e/server.py", Cookie=cookie).status == 404
    assert served.get("/", Cookie=cookie, Host="rebound.example.org").status == 403


def test_a_websocket_from_elsewhere_is_refused(served: Served) -> None:
    timeline = a_timeline()
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
        states: list[Any] = []
        while not (states and any(troubles)):
            message = json.loads(tab.recv(timeout=5))
            tab.send(json.dumps({"taken": message["n"]}))
            troubles.append(message.get("trouble"))
            states += [message["state"]] if "state" in message else []
        assert states == [as_json(timeline.state_at(timeline.start_s))]
        assert "not in the list" in str(troubles)


def test_only_what_is_listed_can_be_opened() -> None:
    opened: list[Path] = []
    looks = ["as it was"]

    async def load(path: Path) -> Timeline:
        opened.append(path)
        return a_timeline()

    history = History(lambda: [broken(), session()], load, lambda path: looks[-1])
    with pytest.raises(LogError, match="not in the list"):
        asyncio.run(history.opened(str(LOG)))
    row, unread = history.listed()
    assert str(LOG) not in json.dumps(row)
    assert unread["reason"] == "It is no log." and row["reason"] is None
    first = asyncio.run(history.opened(row["id"]))
    assert first.path == LOG
    assert asyncio.run(history.opened(row["id"])) is first
    assert opened == [LOG]
    looks.append("edited meanwhile")
    assert asyncio.run(history.opened(row["id"])) is not first

    again = History(lambda: [session()], load)
    assert asyncio.run(again.opened(row["id"])).path == LOG, "a page from before a restart"


def test_a_log_that_can_t_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "broken.mcap"
    path.write_bytes(LOG.read_bytes()[:60] + b"nonsense")
    with pytest.raises(LogError, match=r"broken\.mcap"):
        asyncio.run(load_apart(path))


def test_reading_a_log_ends_where_nobody_waits_for_it() -> None:
    begun: list[asyncio.Task[None] | None] = []

    async def load(path: Path) -> Timeline:
        begun.append(asyncio.current_task())
        await asyncio.sleep(60.0)
        raise AssertionError

    async def both() -> None:
        history = History(lambda: [session()], load)
        (row,) = history.listed()
        tab = Tab(None, a_timeline(), history.opened)
        said = iter([json.dumps({"open": row["id"]}), json.dumps({"open": None})])

        async def receive() -> str | None:
            await asyncio.sleep(0.02)
            return next(said, None)

        await asyncio.wait_for(tab.run(nowhere, receive), 5.0)
        (one,) = begun
        assert one is not None and one.cancelled()

    asyncio.run(both())


def test_a_port_that_is_taken_is_told_with_a_remedy() -> None:
    with closing(bound("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(UsageError, match="--port"):
            bound("127.0.0.1", port)


def test_the_server_ends_with_its_context_though_tabs_are_open() -> None:
    before = threading.active_count()
    with ExitStack() as tabs, closing(bound("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        page = Page(Door(port), History(tuple, load_apart), first=a_timeline())
        with serving(page, listening, pytest.fail):
            own: Any = f"http://127.0.0.1:{port}"
            tab = tabs.enter_context(connect(f"ws://127.0.0.1:{port}/ws", origin=own))
            assert "state" in json.loads(tab.recv(timeout=5))
            assert threading.active_count() > before
            ends_s = time.monotonic()
        assert time.monotonic() - ends_s < 2.9, "it was not waited for"
    assert threading.active_count() <= before + 1  # a pool's thread may idle


def test_a_server_that_dies_says_so() -> None:
    told: list[str] = []
    with closing(bound("127.0.0.1", 0)) as listening:
        page = Page(Door(listening.getsockname()[1]), History(tuple, load_apart))

        async def run_hub() -> None:
            raise RuntimeError

        page.run_hub = run_hub
        with serving(page, listening, told.append):
            assert connected(listening), "what a hub fails of is not the server's"
        listening.close()
        with serving(page, listening, told.append):
            wait_until(lambda: told)
    assert len(told) == 1


# --- what is typed on a page ---------------------------------------------------------------------


def test_what_is_typed_is_answered_and_refused_in_words(served: Served) -> None:
    here = f"127.0.0.1:{served.port}"
    cookie = f"{served.door.cookie_name}={served.door.exchange(served.door.token)}"
    own: Any = f"http://{here}"

    def entered(tab: Any, **what: Any) -> Any:
        tab.send(json.dumps({"enter": {"id": 7, **what}}))
        while "answers" not in (message := json.loads(tab.recv(timeout=5))):
            tab.send(json.dumps({"taken": message["n"]}))
        tab.send(json.dumps({"taken": message["n"]}))
        return message["answers"]

    with connect(f"ws://{here}/ws", origin=own, additional_headers={"Cookie": cookie}) as tab:
        # The log that was named has no file here: nothing can be said of it.
        assert json.loads(tab.recv(timeout=5))["enters"] is None
        tab.send('{"taken": 1, "enter": {"id": "x", "what": 3}}')
        (answer,) = entered(tab, what="load", text="60")
        assert answer["id"] == 7 and not answer["good"] and "over" in answer["text"]
        (answer,) = entered(tab, what="note", text="x" * 201)
        assert "200 are the most" in answer["text"]


def test_a_tab_that_can_t_be_sent_to_is_let_go_to_come_again() -> None:
    timeline = a_timeline()
    timeline.title = float("nan")  # type: ignore[assignment]  # no JSON

    async def receive() -> str | None:
        await asyncio.sleep(60.0)
        return None

    asyncio.run(asyncio.wait_for(Tab(None, timeline, nothing_found).run(nowhere, receive), 5.0))
