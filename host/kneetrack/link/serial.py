"""A band on a cable: the packets of Bluetooth as frames on a serial port (`kneecore.frames`).

For benches, and as the way in where Bluetooth fails. The ports are serialx's: asyncio's own
transports on Linux, macOS and Windows (pyserial knows no asyncio, and its helper for that is given
up; Home Assistant, whose people look after serialx, has moved to it).

The host says that it is there every KEEPALIVE_S by asking for Feature, and the band answers; so
either end notices within SERIAL_SILENCE_S that the other has gone, though the port stays open. A
computer that slept longer than that counts as lost too: the band has taken it for gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from collections.abc import Callable, Sequence
from typing import Self

import serialx

from kneecore import frames, wire
from kneetrack.errors import BandNotFound, LinkError, LinkLost
from kneetrack.link.base import LinkInfo, check_protocol
from kneetrack.link.receiving import ReceivingLink
from kneetrack.protocol import read_feature
from kneetrack.samples import Channel

BAUD = 115_200
"""Means nothing on a USB port; serial bridges want one."""
OPEN_S = 5.0
ANSWER_S = 3.0
KEEPALIVE_S = 1.0
_CLOSE_S = 1.0

BAND_VENDORS = {0x303A, 0x239A}
"""Espressif's own USB, and Adafruit's for the board of hardware/: ports that may be a band."""
_KINDS = {Channel.CONTROL: wire.SERIAL_CONTROL, Channel.TRANSFER: wire.SERIAL_TRANSFER}
_CHANNELS = {
    wire.SERIAL_MEASUREMENT: Channel.MEASUREMENT,
    wire.SERIAL_RAW: Channel.RAW,
    wire.SERIAL_CONTROL: Channel.CONTROL,
    wire.SERIAL_TRANSFER: Channel.TRANSFER,
}
_HERE = frames.frame(wire.SERIAL_FEATURE, b"")


class SerialLink(ReceivingLink):
    """See `base.Link`. `port` is a device's name, or "auto" for the only band there is."""

    remedy = "Look at the cable"

    def __init__(self, info: LinkInfo, port: str) -> None:
        super().__init__(info)
        self._feature = b""
        self._wanted = port
        self._port = port
        self._serial_number: str | None = None  # of the USB device, by which it is found again
        self._line: _Line | None = None
        self._answers: dict[int, asyncio.Future[bytes]] = {}
        self._there: asyncio.Task[None] | None = None
        self._heard_s = 0.0
        self._greeted = False
        """The band has answered our NAME: what comes is ours. Before, it may lie in the port since
        another host, who was killed, was sent it."""

    async def __aenter__(self) -> Self:
        self._port = self._wanted
        if self._wanted == "auto":
            self._port = _only_band(await _ports())
        await self._connect()
        for port in await _ports():
            if port.device == self._port:
                self._serial_number = port.serial_number
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._line is not None:
            self._line.write(frames.frame(wire.SERIAL_LEAVE, b""))
        await self._disconnect()

    async def reconnect(self) -> None:
        await self._disconnect()
        if self._serial_number is not None:  # its name may be another behind another hub
            for port in await _ports():
                if port.serial_number == self._serial_number:
                    self._port = port.device
        before = self.name
        await self._connect()
        if before and self.name != before:
            other, self.name = self.name, before
            await self._disconnect()
            raise LinkError(
                f"{self._port} is another band now ({other}); the one before was {before}. Put "
                "that one back on the cable."
            )
        self._inbox.mend()
        self._put(Channel.FEATURE, self._feature)

    async def write(self, channel: Channel, data: bytes) -> None:
        self._send(_KINDS[channel], data)

    # --- coming and going -------------------------------------------------------------------------

    async def _connect(self) -> None:
        self._greeted = False
        self._line = await _open(self._port, self._take, self._on_closed)
        try:
            feature = await self._greet(self._line)
            check_protocol(feature, f"The band at {self._port}")
            self._feature, self.feature = feature, read_feature(feature)
            name = await self._asked(wire.SERIAL_NAME)
            self.name = name.decode(errors="replace") or self._port
        except BaseException:
            await self._disconnect()
            raise
        self._there = asyncio.create_task(self._say_that_we_are_there())

    async def _greet(self, line: _Line) -> bytes:
        """Knee Feature of the band there; LinkError where nobody or somebody else answers."""
        line.write(frames.frame(wire.SERIAL_LEAVE, b""))  # whoever was here before
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                return await self._ask(wire.SERIAL_FEATURE, ANSWER_S / 4)
        if line.heard_bytes:
            raise LinkError(
                f"What is at {self._port} is no KneeTrack band, or runs other firmware: it sends "
                "something else. Choose another port; firmware/README.md says how the firmware "
                "gets on a band."
            )
        raise LinkError(
            f"Nothing answers at {self._port}. Is it the band's port? Switch the band off and on "
            "again, and leave the prompt of any terminal program."
        )

    async def _say_that_we_are_there(self) -> None:
        """Keep the band on the line, and notice when it no longer is."""
        told_s = time.time()  # goes on while the computer sleeps, unlike the monotonic clock
        while True:
            await asyncio.sleep(KEEPALIVE_S)
            slept = abs(time.time() - told_s) > wire.SERIAL_SILENCE_S
            if slept or self.now_s() - self._heard_s > wire.SERIAL_SILENCE_S:
                self._inbox.lose(self._loss())
                return
            if self._line is not None:
                self._line.write(_HERE)
            told_s = time.time()

    async def _disconnect(self) -> None:
        there, self._there = self._there, None
        if there is not None:
            there.cancel()
            await asyncio.gather(there, return_exceptions=True)
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    def _on_closed(self, line: _Line) -> None:
        if line is not self._line:
            return  # we left
        self._line = None
        self._inbox.lose(self._loss())
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(self._loss())

    def _loss(self) -> LinkLost:
        return LinkLost(
            f"The connection to the band at {self._port} was lost. Is the cable out, or the band "
            "off? Everything received until then is kept."
        )

    # --- what passes ------------------------------------------------------------------------------

    def _take(self, kind: int, data: bytes) -> None:
        self._heard_s = self.now_s()
        channel = _CHANNELS.get(kind)
        if channel is not None:
            if self._greeted:
                self._put(channel, data)
            return
        self._greeted |= kind == wire.SERIAL_NAME
        answer = self._answers.get(kind)
        if answer is not None and not answer.done():
            answer.set_result(data)

    def _send(self, kind: int, data: bytes) -> None:
        if self._line is None:
            raise self._loss()
        self._line.write(frames.frame(kind, data))

    async def _ask_feature(self) -> bytes:
        return await self._asked(wire.SERIAL_FEATURE)

    async def _asked(self, kind: int) -> bytes:
        try:
            return await self._ask(kind, ANSWER_S)
        except TimeoutError:
            raise LinkError(
                f"The band at {self._port} did not answer within {ANSWER_S:.0f} s. Look at the "
                "cable, or switch the band off and on again."
            ) from None

    async def _ask(self, kind: int, timeout_s: float) -> bytes:
        """Ask for FEATURE or NAME. TimeoutError, LinkLost."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers[kind] = answer
        try:
            async with asyncio.timeout(timeout_s):
                self._send(kind, b"")
                return await answer
        finally:
            self._answers.pop(kind, None)
            answer.cancel()


class _Line(asyncio.Protocol):
    """An open port: frames in, frames out."""

    def __init__(self, take: Callable[[int, bytes], None], closed: Callable[[_Line], None]) -> None:
        self.heard_bytes = 0
        self._take = take
        self._closed = closed
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._receiver = frames.Receiver()
        self._transport: serialx.BaseSerialTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, serialx.BaseSerialTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard_bytes += len(data)
        for kind, content in self._receiver.feed(data):
            self._take(kind, content)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._gone.done():
            self._gone.set_result(None)
        self._closed(self)

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    async def close(self) -> None:
        if self._transport is None:
            return
        self._transport.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await asyncio.shield(self._gone)
                return
        self._transport.abort()


async def _open(
    port: str, take: Callable[[int, bytes], None], closed: Callable[[_Line], None]
) -> _Line:
    """Open the port. BandNotFound where there is none, LinkError where it can't be used."""
    try:
        async with asyncio.timeout(OPEN_S):
            _, line = await serialx.create_serial_connection(
                asyncio.get_running_loop(), lambda: _Line(take, closed), port, BAUD
            )
    except TimeoutError:
        raise LinkError(
            f"{port} did not open within {OPEN_S:.0f} s. Take the cable out and put it in again."
        ) from None
    except FileNotFoundError as error:
        others = ", ".join(one.device for one in await _ports()) or "none"
        raise BandNotFound(
            f"There is no serial port {port}. Is the cable in, and one that carries data? Ports of "
            f"this computer: {others}."
        ) from error
    except PermissionError as error:
        raise LinkError(
            f"{port} may not be used by this account. On Linux: sudo usermod -aG dialout $USER, "
            "then log out and in again. Elsewhere: end other programs that use it."
        ) from error
    except (OSError, serialx.SerialException) as error:
        raise LinkError(f"{port} can't be opened: {_why(error)}.") from error
    assert isinstance(line, _Line)
    return line


def _why(error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EBUSY, errno.EAGAIN):
        return "another program uses it; end that one"
    if number in (errno.ENOTTY, errno.EISDIR):
        return "it is no serial port"
    return str(error)


async def _ports() -> Sequence[serialx.SerialPortInfo]:
    """The serial ports of this computer; none where it can't tell."""
    try:
        return await serialx.async_list_serial_ports()
    except OSError:
        return []


def _only_band(ports: Sequence[serialx.SerialPortInfo]) -> str:
    """The one port that may be a band. BandNotFound where there is none, or several are."""
    found = sorted(port.device for port in ports if port.vid in BAND_VENDORS)
    if len(found) == 1:
        return found[0]
    if found:
        raise BandNotFound(
            f"There are {len(found)} ports that may be a band: {', '.join(found)}. Choose one, for "
            f"example --link serial:{found[0]}."
        )
    others = ", ".join(sorted(port.device for port in ports)) or "none"
    raise BandNotFound(
        "No serial port looks like a band. Is the cable in, and one that carries data? Ports of "
        f"this computer: {others}; one of them can be named, like --link serial:/dev/ttyACM0."
    )
