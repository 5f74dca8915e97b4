"""Who may come in.

On loopback: whoever is on this computer. On a network (`--host`): whoever has the address that was
printed, once. Its token is exchanged for a cookie that lasts as long as the program; then the token
is spent, and another one is made for the next screen.

A page of somebody else's must not speak to ours through the person's browser:

    Host     must be this server's address: a name that was made to point here (DNS rebinding) is
             refused, and so is a wrong port. On a network any literal address is good, for a name
             is what rebinding needs, and this computer's own name.
    Origin   must be the page's own wherever there is one, and on a websocket there must be one:
             browsers let any page open a websocket to anywhere, and send its cookies along.

Everything that is served tells the browser to load nothing from elsewhere (POLICY).
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Door:
    """Of one server at `port`. `names` are this computer's own; `on_token` is told each token."""

    def __init__(
        self,
        port: int,
        *,
        is_open_to_network: bool = False,
        names: frozenset[str] = frozenset(),
        on_token: Callable[[str], None] = lambda token: None,
    ) -> None:
        self.is_open_to_network = is_open_to_network
        self.cookie_name = f"kneetrack_{port}"
        self._port = port
        self._names = LOOPBACK | {name.lower() for name in names}
        self._on_token = on_token
        self._token = secrets.token_urlsafe(16)
        self._cookies: set[bytes] = set()

    @property
    def token(self) -> str:
        """The one that is good for one more screen."""
        return self._token

    def exchange(self, token: str) -> str | None:
        """A cookie for the token, which is spent by that; None for a wrong or spent one."""
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return None
        self._token = secrets.token_urlsafe(16)
        cookie = secrets.token_urlsafe(32)
        self._cookies.add(_digest(cookie))
        self._on_token(self._token)
        return cookie

    def refusal(self, headers: Mapping[str, str], *, is_websocket: bool = False) -> str | None:
        """Why a request with these headers (names in small letters) may not come in, or None."""
        host = headers.get("host", "").lower()
        if not self._is_ours(host):
            return "This server is not known by that name."
        origin = headers.get("origin")
        if (origin is None and is_websocket) or (
            origin is not None and origin.lower() != f"http://{host}"
        ):
            return "Only this server's own page may do that."
        return None

    def is_known(self, headers: Mapping[str, str]) -> bool:
        """Whether the request comes from a screen that has shown its token, or needs none."""
        if not self.is_open_to_network:
            return True
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(self.cookie_name)
        except CookieError:
            return False
        return morsel is not None and _digest(morsel.value) in self._cookies

    def _is_ours(self, host: str) -> bool:
        name, colon, port = host.rpartition(":")
        if not colon or port != str(self._port):
            # A browser leaves out the port of http itself.
            if self._port != 80 or colon:
                return False
            name = host
        return name in self._names or (self.is_open_to_network and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
