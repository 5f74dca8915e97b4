"""A band over Bluetooth, through bleak's public API. The only client code there is.

The simulated bands are reached by the same class: `Backend` carries the classes that bleak then
uses in place of the system's Bluetooth (`link.radio.backend`).

Every wait is bounded. What goes wrong is said in one sentence with a remedy: BandNotFound,
ProtocolMismatch, LinkLost, or LinkError for the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import dataclass
from typing import Any, Self

from bleak import BleakClient, BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakError

from kneecore import wire
from kneetrack.errors import BandNotFound, LinkError, LinkLost
from kneetrack.link.base import CHANNEL_UUIDS, LinkInfo, Scenario, check_protocol
from kneetrack.protocol import read_feature
from kneetrack.samples import Channel, Packet, Vector

FIND_S = 10.0
CONNECT_S = 20.0
CHOICE_S = 1.0
"""How long `ble:auto` goes on listening for a second band after it heard the first."""
STOP_S = 3.0
QUIET_S = 0.1

_ADDRESS = re.compile(r"([0-9A-F]{2}(:[0-9A-F]{2}){5})|([0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12})")
_LISTENED = (Channel.MEASUREMENT, Channel.RAW, Channel.CONTROL)


@dataclass(frozen=True, slots=True)
class Backend:
    """The classes that bleak takes instead of its own; None for the system's Bluetooth."""

    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A Bluetooth device that was heard; `is_band` when it offers the knee service."""

    address: str
    name: str | None
    rssi: int
    services: tuple[str, ...]
    is_band: bool


async def scan(backend: Backend | None = None, timeout_s: float = 5.0) -> list[Found]:
    """Listen for `timeout_s`; bands first, then the rest, each by falling signal strength."""
    with _explained("Scanning"):
        heard = await BleakScanner.discover(
            timeout_s,
            return_adv=True,
            **({} if backend is None or backend.scanner is None else {"backend": backend.scanner}),
        )
    found = [
        Found(
            address=device.address,
            name=data.local_name or device.name,
            rssi=data.rssi,
            services=tuple(data.service_uuids),
            is_band=wire.SERVICE_UUID in data.service_uuids,
        )
        for device, data in heard.values()
    ]
    return sorted(found, key=lambda one: (not one.is_band, -one.rssi))


class BandLink:
    """See `base.Link`. `wanted` is a name, an address, or "auto" for the only band around."""

    def __init__(
        self,
        info: LinkInfo,
        wanted: str = "auto",
        *,
        backend: Backend | None = None,
        find_s: float = FIND_S,
    ) -> None:
        self.info = info
        self.feature: Any = None
        self.origin_us: int | None = None
        self.scenario: Scenario | None = None
        self.name = ""
        self._wanted = wanted
        self._backend = backend or Backend()
        self._find_s = find_s
        self._client: BleakClient | None = None
        self._received: asyncio.Queue[Packet | LinkLost | None] = asyncio.Queue()
        self._asking = asyncio.Lock()
        self._asked: tuple[int, asyncio.Future[bytes]] | None = None
        self._count = 0
        self._finished = False
        self._leaving = False

    async def __aenter__(self) -> Self:
        device = await self._find()
        self.name = label = device.name or device.address
        self._client = BleakClient(
            device, self._on_disconnect, timeout=CONNECT_S, backend=self._backend.client
        )
        try:
            async with asyncio.timeout(CONNECT_S):
                with _explained(f"Connecting to {label}"):
                    await self._client.connect()
                    await self._begin(self._client, label)
        except TimeoutError:
            await self._disconnect()
            raise LinkError(
                f"{label} was found, but did not connect within {CONNECT_S:.0f} s. Bring it "
                "closer, or switch it off and on again."
            ) from None
        except BaseException:
            await self._disconnect()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._disconnect()

    def now_s(self) -> float:
        return time.monotonic()

    async def read_feature(self) -> None:
        with _explained("Reading from the band"):
            data = bytes(await self._connected().read_gatt_char(wire.FEATURE_UUID))
        self.feature = read_feature(data)
        self._put(Channel.FEATURE, data)

    async def write(self, channel: Channel, data: bytes) -> None:
        with _explained("Writing to the band"):
            await self._connected().write_gatt_char(CHANNEL_UUIDS[channel], data, response=True)

    async def request(self, data: bytes, timeout_s: float) -> bytes:
        async with self._asking:
            answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            self._asked = (data[0], answer)
            try:
                async with asyncio.timeout(timeout_s):
                    await self.write(Channel.CONTROL, data)
                    return await answer
            except TimeoutError:
                raise LinkError(
                    f"The band did not answer within {timeout_s:.0f} s. Bring it closer, or "
                    "switch it off and on again."
                ) from None
            finally:
                self._asked = None

    async def packets(self) -> AsyncIterator[Packet]:
        while True:
            item = await self._received.get()
            if isinstance(item, Packet):
                yield item
                continue
            self._received.put_nowait(item)  # so it ends for whoever asks again
            if item is None:
                return
            raise item

    async def play(
        self,
        until_s: float | None = None,
        speed: float | None = None,
        zeros: tuple[Vector, Vector] | None = None,
    ) -> None:
        return

    async def finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        with contextlib.suppress(LinkError):  # then there is nothing to stop
            await self.request(bytes([wire.OP_STOP]), STOP_S)
            await self._quiet()
        self._received.put_nowait(None)

    async def _quiet(self) -> None:
        """Wait until nothing has come for QUIET_S: packets may have queued up on the band."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                before = -1
                while before != self._count:
                    before = self._count
                    await asyncio.sleep(QUIET_S)

    # --- entry ------------------------------------------------------------------------------------

    async def _find(self) -> BLEDevice:
        """The wanted band, as soon as it is heard."""
        heard: dict[str, BLEDevice] = {}
        with _explained("Looking for the band"), contextlib.suppress(TimeoutError):
            async with (
                BleakScanner(
                    service_uuids=[wire.SERVICE_UUID], backend=self._backend.scanner
                ) as scanner,
                asyncio.timeout(self._find_s) as patience,
            ):
                async for device, data in scanner.advertisement_data():
                    if self._wanted != "auto":
                        if self._is_wanted(device, data):
                            return device
                    elif device.address not in heard:
                        soon = asyncio.get_running_loop().time() + CHOICE_S
                        patience.reschedule(min(soon, patience.when() or soon))
                    heard[device.address] = device
        if self._wanted == "auto" and len(heard) == 1:
            return next(iter(heard.values()))
        raise self._not_found(sorted(device.name or device.address for device in heard.values()))

    def _is_wanted(self, device: BLEDevice, data: AdvertisementData) -> bool:
        wanted = self._wanted.casefold()
        if _ADDRESS.fullmatch(self._wanted.upper()):
            return device.address.casefold() == wanted
        return (data.local_name or device.name or "").casefold() == wanted

    def _not_found(self, others: list[str]) -> BandNotFound:
        if self._wanted == "auto" and others:
            return BandNotFound(
                f"There are {len(others)} bands: {', '.join(others)}. Choose one, for example "
                f"--link ble:{others[0]}."
            )
        who = "No band" if self._wanted == "auto" else f'No band called "{self._wanted}"'
        instead = f" Heard instead: {', '.join(others)}." if others else ""
        return BandNotFound(
            f"{who} found in {self._find_s:.0f} s.{instead} Is it on, charged, near, and not "
            "connected to another device? `kneetrack scan` lists what this computer hears."
        )

    async def _begin(self, client: BleakClient, label: str) -> None:
        """Check whom we talk to, then listen."""
        if client.services.get_service(wire.SERVICE_UUID) is None:
            raise LinkError(f"{label} is no KneeTrack band: it has no knee service.")
        data = bytes(await client.read_gatt_char(wire.FEATURE_UUID))
        check_protocol(data, label)
        self.feature = read_feature(data)
        for channel in _LISTENED:
            await client.start_notify(CHANNEL_UUIDS[channel], self._listener(channel))

    def _listener(self, channel: Channel) -> Callable[[object, bytearray], None]:
        def listener(_: object, data: bytearray) -> None:
            self._put(channel, bytes(data))

        return listener

    def _put(self, channel: Channel, data: bytes) -> None:
        self._received.put_nowait(Packet(channel, data, self.now_s()))
        self._count += 1
        if self._asked is not None and channel is Channel.CONTROL:
            opcode, answer = self._asked
            if data[:2] == bytes([wire.OP_RESPONSE, opcode]) and not answer.done():
                answer.set_result(data)

    # --- exit -------------------------------------------------------------------------------------

    def _on_disconnect(self, _: BleakClient) -> None:
        if self._leaving:
            return
        lost = self._loss()
        self._received.put_nowait(lost)
        if self._asked is not None and not self._asked[1].done():
            self._asked[1].set_exception(lost)

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
        self._leaving = True
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(BleakError, OSError, TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await client.disconnect()


@contextlib.contextmanager
def _explained(what: str) -> Generator[None]:
    """Bluetooth's own errors as a LinkError with a remedy."""
    try:
        yield
    except BleakBluetoothNotAvailableError as error:
        raise LinkError(
            "Bluetooth is off or missing on this computer. Switch it on (or plug in an adapter); "
            "without one, try a simulated band: --link sim:squats."
        ) from error
    except TimeoutError:
        raise  # every bounded wait says itself what it waited for
    except BleakError as error:
        raise LinkError(
            f"{what} failed: {error}. Is Bluetooth on, and may this program use it? Without "
            "Bluetooth, try a simulated band: --link sim:squats."
        ) from error
    except (OSError, EOFError) as error:  # the system's own service, by its socket
        raise LinkError(
            f"{what} failed: this computer's Bluetooth can't be reached "
            f"({type(error).__name__}). Switch it on (on Linux: systemctl start bluetooth); "
            "without Bluetooth, try a simulated band: --link sim:squats."
        ) from error
