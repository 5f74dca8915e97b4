"""The page's server: HTTP and websockets, in a thread of its own.

A recording runs in the main thread's loop and never waits for this one. Nothing is read from paths
that a browser names: sessions are asked for by an id that the catalogue's list gave.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import Callable, Generator
from http import HTTPStatus
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from kneetrack.dashboard.door import HEADERS, Door
from kneetrack.dashboard.entries import Entries
from kneetrack.dashboard.history import History
from kneetrack.dashboard.hub import Hub
from kneetrack.dashboard.tab import Tab
from kneetrack.dashboard.timeline import Timeline
from kneetrack.errors import KneeTrackError, UsageError

PORT = 8765
PAGE = Path(__file__).parent / "page"
MOST_CONNECTIONS = 64
MOST_BYTES = 4096
"""Of one message of a page; they are short."""
_REFUSED = 4403


class Page:
    """What the server shows, and to whom."""

    def __init__(
        self,
        door: Door,
        history: History,
        *,
        hub: Hub | None = None,
        first: Timeline | None = None,
        entries: Entries | None = None,
    ) -> None:
        self.tabs: set[Tab] = set()
        self._door = door
        self._history = history
        self._hub = hub
        self._first = first
        self._entries = entries

    def app(self) -> ASGIApp:
        """The whole of it, guarded."""
        routes = [
            Route("/", self._index),
            Route("/sessions", self._sessions),
            WebSocketRoute("/ws", self._ws),
            Mount("/page", StaticFiles(directory=PAGE)),
        ]
        return _Guard(Starlette(routes=routes), self._door)

    async def run_hub(self) -> None:
        if self._hub is not None:
            await self._hub.run()

    async def _index(self, request: Request) -> Response:
        token = request.query_params.get("token")
        if token is None:
            return FileResponse(PAGE / "index.html")
        if self._door.is_known(request.headers):
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        cookie = self._door.exchange(token)
        if cookie is None:
            return PlainTextResponse(
                "This address was used already. The program shows a new one.", HTTPStatus.FORBIDDEN
            )
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        answer.set_cookie(self._door.cookie_name, cookie, httponly=True, samesite="lax")
        return answer

    async def _sessions(self, _: Request) -> Response:
        try:
            listed = await asyncio.to_thread(self._history.listed)
        except KneeTrackError as error:
            return JSONResponse({"sessions": [], "trouble": str(error)})
        return JSONResponse({"sessions": listed})

    async def _ws(self, websocket: WebSocket) -> None:
        await websocket.accept()
        tab = Tab(self._hub, self._first, self._history.opened, self._entries, self._changed)
        self.tabs.add(tab)

        async def receive() -> str | None:
            try:
                return await websocket.receive_text()
            except (WebSocketDisconnect, KeyError):  # or it sent bytes
                return None

        try:
            await tab.run(websocket.send_text, receive)
        finally:
            self.tabs.discard(tab)
            with contextlib.suppress(Exception):  # it has gone itself
                await websocket.close()

    def _changed(self, timeline: Timeline) -> None:
        self._history.changed(timeline)
        for tab in self.tabs:
            tab.again(timeline)


class _Guard:
    """Lets in what the door lets in, and puts its headers on every answer."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        is_websocket = scope["type"] == "websocket"
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        refusal = self._door.refusal(headers, is_websocket=is_websocket)
        brings_token = scope.get("path") == "/" and b"token=" in scope.get("query_string", b"")
        if refusal is None and not (self._door.is_known(headers) or brings_token):
            refusal = "Open the address that the program shows: it holds the key for this screen."
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif is_websocket:
            await send({"type": "websocket.close", "code": _REFUSED, "reason": refusal})
        else:
            answer = PlainTextResponse(refusal, HTTPStatus.FORBIDDEN)
            await answer(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Send:
    extra = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [each for each in message["headers"] if each[0] != b"cache-control"]
            message = {**message, "headers": [*kept, *extra]}
        await send(message)

    return sending


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; 0 is any free port. UsageError where it can't be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with contextlib.ExitStack() as stack:
            listening = stack.enter_context(socket.socket(family, kind, protocol))
            if sys.platform != "win32":  # where it would take a port from another program
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(64)
            stack.pop_all()
    except OSError as error:
        raise UsageError(
            f"The page can't be served at {host}, port {port} ({error.strerror or error}). "
            "Choose another with --port, or 0 for any that is free."
        ) from None
    return listening


@contextlib.contextmanager
def serving(
    page: Page, listening: socket.socket, failed: Callable[[str], None] = lambda why: None
) -> Generator[None]:
    """Serve while the context lasts; `failed` is told, in that thread, should it end before."""
    config = uvicorn.Config(
        page.app(),
        log_level="critical",
        access_log=False,
        lifespan="off",
        loop="asyncio",
        http="h11",
        ws="websockets-sansio",
        ws_max_size=MOST_BYTES,
        ws_per_message_deflate=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=_serve, args=(server, page, listening, failed), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(3.0)


def _serve(
    server: uvicorn.Server, page: Page, listening: socket.socket, failed: Callable[[str], None]
) -> None:
    async def both() -> None:
        hub = asyncio.create_task(page.run_hub())
        try:
            await server.serve(sockets=[listening])
        finally:
            hub.cancel()
            await asyncio.gather(hub, return_exceptions=True)

    try:
        asyncio.run(both())
    except (Exception, SystemExit) as error:
        failed(repr(error))
    else:
        if not server.should_exit:
            failed("it ended by itself")
