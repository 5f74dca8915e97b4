"""The test's computer while it runs: a shell into it, and its Bluetooth adapter on an air of ours.

The guest's kernel talks to its Bluetooth chip over a serial port, as a small Linux board does (H4,
Core Specification vol. 4, part A). The chip is one of the simulated radios (link.radio.air), so
everything above it, kernel, bluetoothd, D-Bus, bleak, is what a user has.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shlex
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import virtual_machine
from bumble import hci
from bumble.transport import open_transport
from bumble.transport.common import Transport

from kneetrack.link.radio.air import Air, RadioChip

BOOT_S = 240.0
OFF_S = 20.0
ADDRESS = "C0:FF:EE:00:00:01/P"
EVENT_INTERVAL_S = 0.015
"""The air is paced always: bluetoothd is not made for answers that come at once."""
BIN = Path(sys.executable).parent
"""The programs of the virtual environment, kneetrack among them."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended: its exit code and what it printed."""

    code: int
    text: str


class Computer:
    """Made by `computer_on`; commands run beside each other."""

    def __init__(
        self,
        folder: Path,
        line: Transport,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.folder = folder
        self._line = line
        self._writer = writer
        self._numbers = itertools.count(1)
        self._running: dict[int, asyncio.Future[int]] = {}
        self._started = asyncio.get_running_loop().create_future()
        self._running[0] = self._started
        self._listening = asyncio.create_task(self._listen(reader))

    async def started(self) -> None:
        await self._started

    async def run(self, *command: str | Path, limit_s: float = 60.0) -> Done:
        """Have a command run, by root; `/mnt/out` there is `folder` here. TimeoutError."""
        return await self.shell(shlex.join(map(str, command)), limit_s)

    async def shell(self, line: str, limit_s: float = 60.0) -> Done:
        """The same for a line of bash."""
        number = next(self._numbers)
        ended = self._running[number] = asyncio.get_running_loop().create_future()
        self._writer.write(f"{number} {line}\n".encode())
        async with asyncio.timeout(limit_s):
            code = await ended
        return Done(code, (self.folder / f"{number}.stdout").read_text(errors="replace"))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            number, code = map(int, line.split())
            ended = self._running.pop(number)
            if not ended.done():
                ended.set_result(code)

    async def close(self) -> None:
        """Let go of its serial ports."""
        await asyncio.gather(self._listening, return_exceptions=True)
        self._writer.close()
        await self._line.close()

    def switch_off(self) -> None:
        self._writer.write(b"0 poweroff\n")


@contextlib.asynccontextmanager
async def computer_on(air: Air, folder: Path) -> AsyncIterator[Computer]:
    """A computer that has booted, with Bluetooth on `air`; CannotRun with what it said if not."""
    virtual_machine.prepare()
    arguments, executable, environment = virtual_machine.start(folder)
    with (folder / "qemu").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            executable=executable,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    computer: Computer | None = None
    try:
        try:
            async with asyncio.timeout(BOOT_S):
                computer = await _attached(air, folder)
                await computer.started()
        except TimeoutError:
            raise virtual_machine.CannotRun(
                f"the computer did not start. {_said(folder)}"
            ) from None
        yield computer
        computer.switch_off()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OFF_S):
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if computer is not None:
            await computer.close()


async def _attached(air: Air, folder: Path) -> Computer:
    """Its serial ports, once qemu has made them: the Bluetooth chip at one, us at the other."""
    while not (folder / "shell").exists():
        await asyncio.sleep(0.05)
    chip = RadioChip("computer", air, EVENT_INTERVAL_S)
    chip.public_address = hci.Address(ADDRESS)
    line = await open_transport(f"unix:{folder / 'hci'}")
    chip.set_packet_sink(line.sink)
    line.source.set_packet_sink(chip)
    reader, writer = await asyncio.open_unix_connection(str(folder / "shell"))
    return Computer(folder, line, reader, writer)


def _said(folder: Path) -> str:
    texts = [
        path.read_text(errors="replace")
        for path in (folder / "qemu", folder / "console")
        if path.exists()
    ]
    return "It said:\n" + "".join(texts)[-2000:]
