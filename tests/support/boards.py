"""A simulated board on an air of its own, and whoever stands beside it; the centrals are bleak's.

Below the product's SimLink: here a test may be any central, a stranger too.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from bleak import BleakClient, BleakScanner

from kneecore import wire
from kneetrack.firmware_files import firmware_dir
from kneetrack.link.base import LinkInfo
from kneetrack.link.ble import Backend, BandLink
from kneetrack.link.board_process import BoardProcess
from kneetrack.link.radio.air import Air
from kneetrack.link.radio.backend import Adapter
from kneetrack.link.radio.board import BoardRadio

RUN = firmware_dir() / "sim" / "run.py"
WINDOW_S = 3.2
"""Held for so long, the button opens the pairing window."""
FORGET_ALL_S = 10.3
SOMEONE = "C0:C1:C2:C3:C4:C5"
SOMEONE_ELSE = "C0:C1:C2:C3:C4:C6"

BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
CHARACTERISTICS = (
    wire.MEASUREMENT_UUID,
    wire.RAW_UUID,
    wire.FEATURE_UUID,
    wire.CONTROL_UUID,
    wire.TRANSFER_UUID,
    BATTERY,
)


class Board:
    """The band's process and radio; `flash` is the folder that stands for its memory."""

    def __init__(self, flash: Path, scenario: str = "squats") -> None:
        self.radio = BoardRadio(Air())
        self.flash = flash
        self._scenario = scenario
        self._released = asyncio.Event()
        self.process: BoardProcess | None = None
        self._port = ""

    async def boot(self) -> None:
        """Switch it on; returns when it advertises."""
        self._port = self._port or await self.radio.listen()
        self.radio.listen_to(self._on_rig, lambda: None)
        self.radio.advertises.clear()
        self.process = await BoardProcess.start(RUN, [self._scenario], self._port, self.flash)
        async with asyncio.timeout(20):
            await self.radio.advertises.wait()

    async def press(self, duration_s: float = WINDOW_S) -> None:
        """Hold the button; the clock runs as fast as it can meanwhile."""
        self._released.clear()
        self.radio.send({"rig": "press", "duration_s": duration_s, "speed": 0.0})
        async with asyncio.timeout(20):
            await self._released.wait()

    def hurry(self, speed: float) -> None:
        """Let the clock run at that pace from now on; the leg moves meanwhile."""
        self.radio.send({"rig": "play", "speed": speed})

    def link(self, adapter: Adapter) -> BandLink:
        """The product's way to this band, from that computer."""
        backend = Backend(adapter.scanner, adapter.client)
        return BandLink(LinkInfo("ble:auto", "the band", False, False), backend=backend)

    async def met(self, adapter: Adapter) -> None:
        """Connect to it, and leave again."""
        async with self.link(adapter):
            pass

    def holds_bonds(self) -> bool:
        """Whether a secret has ever come as far as the flash (sim.flash keeps its bits turned)."""
        magic = bytes(255 - byte for byte in b"KS1")
        return magic in (self.flash / "flash.bin").read_bytes()

    async def reboot(self) -> None:
        """Cut the power and give it back."""
        await self.process.kill()
        await self.boot()

    def _on_rig(self, message: dict) -> None:
        if message["rig"] == "released":
            self._released.set()


@contextlib.asynccontextmanager
async def board(flash: Path, scenario: str = "squats") -> AsyncIterator[Board]:
    one = Board(flash, scenario)
    try:
        await one.boot()
        yield one
    finally:
        one.radio.send({"rig": "quit"})
        await one.process.end()
        await one.radio.close()


@contextlib.asynccontextmanager
async def joined(adapter: Adapter, timeout_s: float = 10) -> AsyncIterator[BleakClient]:
    """A client connected to the only band there is, not paired and not subscribed."""
    device = await BleakScanner.find_device_by_filter(
        lambda found, _: (found.name or "").startswith(wire.NAME_PREFIX),
        timeout=timeout_s,
        backend=adapter.scanner,
    )
    assert device is not None
    async with BleakClient(device, timeout=timeout_s, backend=adapter.client) as client:
        yield client
