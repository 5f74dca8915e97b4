"""A band over Bluetooth, through bleak's public API. The only client code there is.

The simulated bands are reached by the same class: `Backend` carries the classes that bleak then
uses in place of the system's Bluetooth (`link.radio.backend`).

Every wait is bounded. What goes wrong is said in one sentence with a remedy: BandNotFound,
BandInUse, NotPaired, ProtocolMismatch, LinkLost, or LinkError for the rest.

Pairing
    A band obeys only computers that it knows, and learns to know one only while its button has
    opened the window for that. So a computer that knows itself to be a stranger says so at once
    where the window is shut. Else Knee Feature is read: a system that has a bond encrypts the link
    by itself then (BlueZ, Windows, macOS), and macOS, which offers programs no way to pair, asks
    its user. Where the band refuses and its window is open, the two meet anew: a bond that only
    this computer remembers is dropped, then they pair.

Coming back
    `reconnect` is one attempt, always with a new client: bleak's clients remember subscriptions
    that the system has forgotten (bleak#1969). How often, and when, is not for here to decide.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import Self

from bleak import BleakClient
from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode

from kneecore import wire
from kneetrack.errors import LinkError, LinkLost, NotPaired
from kneetrack.link.base import CHANNEL_UUIDS, LinkFigures, LinkInfo, check_protocol
from kneetrack.link.ble_find import IN_USE_S, Backend, Found, Heard, explained, find, scan
from kneetrack.link.receiving import STOP_S, ReceivingLink
from kneetrack.protocol import read_feature
from kneetrack.samples import Channel

__all__ = ["Backend", "BandLink", "Found", "scan"]

FIND_S = 10.0
CONNECT_S = 20.0
PAIR_S = 30.0
"""The system may ask its user; the band waits as long (firmware/kneeband/config.py)."""

_ATT_HEADER = 3
_LISTENED = (Channel.MEASUREMENT, Channel.RAW, Channel.CONTROL, Channel.TRANSFER)
_REFUSALS = (
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
)
_HOW_TO_PAIR = (
    "Hold the band's button for 3 s, until its lamp blinks fast, and try again within a minute."
)
_IN_THE_SYSTEM = {
    "linux": "On Linux, if the band is listed by `bluetoothctl devices Paired`, have it forgotten "
    "there first: `bluetoothctl remove ADDRESS`.",
    "win32": "On Windows, remove the band under Settings, Bluetooth & devices, if it is listed.",
    "darwin": "On macOS, answer the question that appears; if the band is listed under System "
    "Settings, Bluetooth, have it forgotten there first.",
}


class BandLink(ReceivingLink):
    """See `base.Link`. `wanted` is a name, an address, or "auto" for the only band around."""

    remedy = "Bring it closer"

    def __init__(
        self,
        info: LinkInfo,
        wanted: str = "auto",
        *,
        backend: Backend | None = None,
        find_s: float = FIND_S,
    ) -> None:
        super().__init__(info)
        self._wanted = wanted
        self._backend = backend or Backend()
        self._find_s = find_s
        self._client: BleakClient | None = None

    async def __aenter__(self) -> Self:
        heard = await self._find(self._wanted)
        self._wanted = heard.device.address  # who it is to be from now on
        self.name = heard.found.label
        try:
            await self._join(heard)
        except BaseException:
            await self._disconnect()
            raise
        self._stands()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._disconnect()

    async def reconnect(self) -> None:
        await self._disconnect()
        heard = await self._find(self._wanted)
        try:
            await self._join(heard)
            self._put(Channel.FEATURE, bytes(await self._read_feature(self._connected())))
        except BaseException:
            await self._disconnect()
            raise
        self._stands()

    async def write(self, channel: Channel, data: bytes) -> None:
        with explained("Writing to the band"):
            await self._connected().write_gatt_char(CHANNEL_UUIDS[channel], data, response=True)

    async def unpair(self) -> None:
        """Have this computer forget the band, and leave. Where the system lets no program do so
        (macOS), nothing comes of it."""
        if self._client is not None:
            await self._unpair(self._client)

    # --- entry ------------------------------------------------------------------------------------

    async def _find(self, wanted: str) -> Heard:
        heard = await find(
            wanted, self._backend, self._patience_s(self._find_s), self._patience_s(IN_USE_S)
        )
        self.figures = LinkFigures(heard.found.rssi, self.figures.mtu)
        return heard

    def _patience_s(self, duration_s: float) -> float:
        """How long to wait where a real band is given `duration_s`."""
        return duration_s

    async def _join(self, heard: Heard) -> None:
        """Connect, and see to it that band and computer know each other."""
        found = heard.found
        window = found.says(wire.ADVERTISED_PAIRING)
        stranger = found.is_paired is False and found.flags is not None
        if stranger and not window:
            raise NotPaired(f"{found.label} does not know this computer yet. {_HOW_TO_PAIR}")
        client = await (self._meet(heard) if stranger else self._connect(heard))
        try:
            await self._begin(client, found.label)
        except _Refused as refusal:
            if not window:
                raise NotPaired(
                    f"{found.label} does not know this computer (any more). {_HOW_TO_PAIR}"
                ) from refusal.__cause__
            await self._unpair(client)  # a key of old may be what is wrong
            client = await self._meet(await self._find(heard.device.address))
            try:
                await self._begin(client, found.label)
            except _Refused as again:
                raise self._not_paired(found.label, "it refuses all the same") from again.__cause__

    async def _connect(self, heard: Heard) -> BleakClient:
        label = heard.found.label
        client: BleakClient | None = None

        def on_disconnect(_: BleakClient) -> None:
            if self._client is client:
                self._inbox.lose(self._loss())

        client = BleakClient(
            heard.device, on_disconnect, timeout=CONNECT_S, backend=self._backend.client
        )
        try:
            async with asyncio.timeout(CONNECT_S):
                with explained(f"Connecting to {label}"):
                    await client.connect()
        except TimeoutError:
            raise LinkError(
                f"{label} was found, but did not connect within {CONNECT_S:.0f} s. Bring it "
                "closer, or switch it off and on again."
            ) from None
        self._client = client
        return client

    async def _meet(self, heard: Heard) -> BleakClient:
        """Connect to a band as a stranger, and pair."""
        async with contextlib.AsyncExitStack() as stack:
            if self._backend.client is None and sys.platform == "linux":
                from kneetrack.link import bluez

                with explained("Pairing"):
                    await stack.enter_async_context(bluez.agent(heard.device.details["path"]))
            client = await self._connect(heard)
            await self._pair(client, heard.found.label)
        return client

    async def _pair(self, client: BleakClient, label: str) -> None:
        try:
            async with asyncio.timeout(PAIR_S):
                await client.pair()
        except NotImplementedError:  # macOS pairs by itself at the first read
            return
        except TimeoutError:
            raise self._not_paired(label, f"it was not done in {PAIR_S:.0f} s") from None
        except (BleakError, OSError, EOFError) as error:
            raise self._not_paired(label, str(error)) from error

    def _stands(self) -> None:
        """The connection stands, whichever broke on the way; unless it broke just now as well."""
        self._inbox.mend()
        if self._client is None or not self._client.is_connected:
            self._inbox.lose(self._loss())

    def _not_paired(self, label: str, why: str) -> NotPaired:
        system = _IN_THE_SYSTEM.get(sys.platform, "")
        return NotPaired(f"Pairing with {label} failed: {why}. {_HOW_TO_PAIR} {system}".strip())

    async def _unpair(self, client: BleakClient) -> None:
        """Drop this computer's bond with the band, as far as the system lets a program do so."""
        with contextlib.suppress(BleakError, NotImplementedError, OSError, TimeoutError):
            async with asyncio.timeout(STOP_S):
                await client.unpair()
        await self._disconnect()

    async def _ask_feature(self) -> bytes:
        with explained("Reading from the band"):
            return await self._read_feature(self._connected())

    async def _read_feature(self, client: BleakClient) -> bytes:
        return bytes(await client.read_gatt_char(wire.FEATURE_UUID))

    async def _begin(self, client: BleakClient, label: str) -> None:
        """Check whom we talk to, then listen. Raises _Refused by a band that does not know us."""
        if client.services.get_service(wire.SERVICE_UUID) is None:
            raise LinkError(f"{label} is no KneeTrack band: it has no knee service.")
        try:
            async with asyncio.timeout(CONNECT_S):
                data = await self._read_feature(client)
        except TimeoutError:
            raise LinkError(
                f"{label} connected, but did not answer within {CONNECT_S:.0f} s. Bring it "
                "closer, or switch it off and on again."
            ) from None
        except BleakGATTProtocolError as error:
            if error.code in _REFUSALS:
                raise _Refused from error
            raise self._unread(label, error) from error
        except BleakError as error:
            if not client.is_connected:  # what a band does with a stranger
                raise _Refused from error
            raise self._unread(label, error) from error
        check_protocol(data, label)
        self.feature = read_feature(data)
        with explained(f"Listening to {label}"):
            for channel in _LISTENED:
                characteristic = client.services.get_characteristic(CHANNEL_UUIDS[channel])
                if characteristic is not None:  # before protocol 1.2: no Session Transfer
                    await client.start_notify(characteristic, self._listener(channel))
        offered = frozenset(
            channel
            for channel, uuid in CHANNEL_UUIDS.items()
            if client.services.get_characteristic(uuid) is not None
        )
        control = client.services.get_characteristic(wire.CONTROL_UUID)
        mtu = control and control.max_write_without_response_size + _ATT_HEADER
        self.figures = LinkFigures(self.figures.rssi_dbm, mtu, offered)

    def _unread(self, label: str, error: BleakError) -> LinkError:
        return LinkError(
            f"Reading from {label} failed: {error}. Switch the band off and on again; if that "
            "does not help, have this computer's Bluetooth forget it."
        )

    def _listener(self, channel: Channel) -> Callable[[object, bytearray], None]:
        def listener(_: object, data: bytearray) -> None:
            self._put(channel, bytes(data))

        return listener

    # --- exit -------------------------------------------------------------------------------------

    def _loss(self) -> LinkLost:
        return LinkLost(
            "The connection to the band was lost. Is it out of reach, or its battery empty? "
            "Everything received until then is kept."
        )

    def _connected(self) -> BleakClient:
        if self._client is None or not self._client.is_connected:
            raise self._loss()
        return self._client

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(BleakError, OSError, TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await client.disconnect()


class _Refused(Exception):
    """The band does not let this computer read."""
