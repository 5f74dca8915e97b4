"""The process of a simulated board: MicroPython, the simulator's files before the firmware's."""

from __future__ import annotations

import asyncio
import collections
import contextlib
from pathlib import Path

from kneetrack.firmware_files import run_micropython

END_S = 2.0

_KEPT_LINES = 40


class BoardProcess:
    """MicroPython running `script` with the simulated board in front of its import path.

    What it prints is kept (`output`, its last lines) for the day it crashes.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls,
        script: Path,
        arguments: list[str],
        radio: str,
        folder: Path,
        *,
        led: bool = False,
        reset_cause: int | None = None,
    ) -> BoardProcess:
        """Start it, with the radio at `radio` (host:port) and `folder` for its flash memory; its
        clock is its own, or `led` by the host (link.radio.virtual). `reset_cause` is machine's, of
        a board that has power already."""
        variables = {"KNEETRACK_RADIO": radio} | ({"KNEETRACK_LED": "1"} if led else {})
        if reset_cause is not None:
            variables["KNEETRACK_RESET_CAUSE"] = str(reset_cause)
        command = run_micropython([str(script), *arguments], variables)
        process = await asyncio.create_subprocess_exec(
            *command.arguments,
            env=command.environment,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            process_group=0,  # Ctrl-C is for this process; the board is then told to end
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.returncode

    async def kill(self) -> None:
        """Cut its power: it gets no chance to do anything."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.wait()

    @property
    def output(self) -> str:
        return "\n".join(self._lines)

    async def wait(self) -> int:
        """Wait for its end, and for all that it printed; the exit code."""
        await asyncio.shield(self._reading)
        return await self._process.wait()

    async def end(self) -> None:
        """See that it ends: it has been asked to; then by its own process id."""
        try:
            async with asyncio.timeout(END_S):
                await self.wait()
        except TimeoutError:
            pass
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self.wait()

    async def _read(self) -> None:
        output = self._process.stdout
        assert output is not None
        while line := await output.readline():
            self._lines.append(line.decode(errors="replace").rstrip())
