"""A USB cable made of two pseudo-terminals, and the simulated board at its far end.

    band's stdin, stdout = pty  <->  this process, which passes bytes on  <->  pty = the host's port

So a test can pull the cable (the host's end vanishes, as a USB port does), put it in again, and
disturb it. The host finds its end at `Cable.port`, a link that points to wherever it is now.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from kneetrack.firmware_files import firmware_dir, run_micropython
from kneetrack.link.radio.air import Air
from kneetrack.link.radio.board import BoardRadio

Disturb = Callable[[bytes], bytes]


def _pty() -> tuple[int, int]:
    """(this process' end, the other one's), raw and never blocking."""
    ours, theirs = os.openpty()
    tty.setraw(theirs, termios.TCSANOW)
    os.set_blocking(ours, False)
    os.set_blocking(theirs, False)
    return ours, theirs


class Cable:
    """`to_band` and `to_host` may change what passes; None cuts the way."""

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


@contextlib.asynccontextmanager
async def board_on(
    cable: Cable, scenario: str, radio: str, flash: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The board's process on the cable, with its radio at `radio` (host:port)."""
    command = run_micropython(
        [str(firmware_dir() / "sim" / "run.py"), scenario], {"KNEETRACK_RADIO": radio}
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
    try:
        async with board_on(cable, "squats", await radio.listen(), tmp_path):
            radio.send({"rig": "play", "until_s": None, "speed": 1.0, "lead_s": 0.0, "zeros": None})
            yield cable
    finally:
        await radio.close()
        cable.close()
