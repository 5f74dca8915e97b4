"""A USB cable made of two pseudo-terminals, and the simulated board at its far end.

    band's stdin, stdout = pty  <->  this process, which passes bytes on  <->  pty = the host's port

So a test can pull the cable (the host's end vanishes, as a USB port does), put it in again, and
disturb it. The host finds its end at `Cable.port`, a link that points to wherever it is now.

The board keeps real time as far as the machine lets it (`Pacer`). Where that is too busy, the
board's clock falls behind with it, and nothing in it runs over.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from kneetrack.firmware_files import firmware_dir, run_micropython
from kneetrack.link.radio.air import Air
from kneetrack.link.radio.board import BoardRadio

SLICE_US = 10_000
MOST_US = 100_000

Disturb = Callable[[bytes], bytes]


def _pty() -> tuple[int, int]:
    """(this process' end, the other one's), raw and never blocking."""
    ours, theirs = os.openpty()
    tty.setraw(theirs, termios.TCSANOW)
    os.set_blocking(ours, False)
    os.set_blocking(theirs, False)
    return ours, theirs


class Cable:
    """`to_band`, `to_host` may change what passes; None cuts the way. `pacer` leads the board."""

    pacer: Pacer

    def __init__(self, folder: Path) -> None:
        self.port = folder / "ttyBand"
        self.to_band: Disturb | None = bytes
        self.to_host: Disturb | None = bytes
        self.bytes_to_host = 0
        self._band, self.band_end = _pty()
        self._host: int | None = None
        self._waiting = {"band": b"", "host": b""}
        asyncio.get_running_loop().add_reader(self._band, self._from_band)
        self.put_in()

    def put_in(self) -> None:
        """The computer finds a new port."""
        ours, theirs = _pty()
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(theirs))
        self._host, self._kept = ours, theirs  # while nobody has opened it, it would look pulled
        asyncio.get_running_loop().add_reader(ours, self._from_host)

    def pull(self) -> None:
        """The computer's port is gone; what the band sends goes nowhere."""
        assert self._host is not None
        asyncio.get_running_loop().remove_reader(self._host)
        os.close(self._host)
        os.close(self._kept)
        self._host = None
        self.port.unlink()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._band)
        if self._host is not None:
            self.pull()
        os.close(self._band)
        os.close(self.band_end)

    def inject(self, to_host: bytes = b"", to_band: bytes = b"") -> None:
        """Bytes from nowhere."""
        if self._host is not None:
            _write(self._host, to_host)
        _write(self._band, to_band)

    def _from_band(self) -> None:
        data = _read(self._band)
        self.bytes_to_host += len(data)
        if self._host is not None and self.to_host is not None:
            _write(self._host, self.to_host(data))

    def _from_host(self) -> None:
        assert self._host is not None
        data = _read(self._host)
        if self.to_band is not None:
            _write(self._band, self.to_band(data))


def _read(end: int) -> bytes:
    try:
        return os.read(end, 4096)
    except OSError:
        return b""


def _write(end: int, data: bytes) -> None:
    with contextlib.suppress(OSError):  # full: then it is lost, like on a port that nobody reads
        os.write(end, data)


class Pacer:
    """Leads a board (KNEETRACK_LED, firmware/sim/rig.py) by the machine's clock."""

    def __init__(self, radio: BoardRadio) -> None:
        self._radio = radio
        self._loop = asyncio.get_running_loop()
        self._began_s: float | None = None
        self._at_us = 0
        self._next: asyncio.TimerHandle | None = None
        radio.listen_to(self._on_rig, lambda: None)

    async def passes(self, duration_s: float) -> None:
        """Wait so long in the board's time."""
        until_us = self._at_us + duration_s * 1e6
        while self._at_us < until_us:
            await asyncio.sleep(SLICE_US * 1e-6)

    def _on_rig(self, message: dict[str, Any]) -> None:
        if self._began_s is None:
            self._began_s = self._loop.time() - message["t"] * 1e-6
        if message["rig"] == "waits" and message["got"] == self._radio.line.sent:
            self._at_us = message["t"]
            if self._next is not None:
                self._next.cancel()
            self._go_on()

    def _go_on(self) -> None:
        assert self._began_s is not None
        due_us = round((self._loop.time() - self._began_s) * 1e6)
        if due_us < self._at_us + SLICE_US:
            wait_s = (self._at_us + SLICE_US - due_us) * 1e-6
            self._next = self._loop.call_later(wait_s, self._go_on)
        else:
            self._radio.send({"until": min(due_us, self._at_us + MOST_US)})


@contextlib.asynccontextmanager
async def board_on(
    cable: Cable, scenario: str, radio: str, flash: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The board's process on the cable, with its radio at `radio` (host:port)."""
    command = run_micropython(
        [str(firmware_dir() / "sim" / "run.py"), scenario],
        {"KNEETRACK_RADIO": radio, "KNEETRACK_LED": "1"},
    )
    process = await asyncio.create_subprocess_exec(
        *command.arguments,
        env=command.environment,
        cwd=flash,
        stdin=cable.band_end,
        stdout=cable.band_end,
        stderr=None,
        process_group=0,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def bench(tmp_path: Path) -> AsyncIterator[Cable]:
    """A board that squats, on a cable; its radio is there and nobody listens to it."""
    cable = Cable(tmp_path)
    radio = BoardRadio(Air())
    cable.pacer = Pacer(radio)
    try:
        async with board_on(cable, "squats", await radio.listen(), tmp_path):
            radio.send({"rig": "play", "until_s": None, "speed": 1.0, "lead_s": 0.0, "zeros": None})
            yield cable
    finally:
        await radio.close()
        cable.close()
