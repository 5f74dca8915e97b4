"""The board of a simulated band over all its starts: its process, its flash, its resets.

A board that resets itself (watchdog, crash, an update, awake again) ends its process, and the exit
status is RESET_STATUS and the cause (firmware/sim/shims/machine.py). Started again with the same
flash it is told that cause, as a real one's chip knows it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kneetrack.errors import LinkError, LinkLost, UsageError
from kneetrack.firmware_files import firmware_dir
from kneetrack.link.board_process import BoardProcess
from kneetrack.link.radio.line import Message
from kneetrack.link.radio.world import Place

BOOT_S = 20.0
RESET_STATUS = 40

_CAUSES = range(1, 6)


class SimBoard:
    """`boot` it; `cut` its power; `end` with it. `address` and `scenario` as people wrote them."""

    def __init__(self, address: str, place: Place) -> None:
        self.process: BoardProcess | None = None
        self.scenario = ""
        self.radio_address = ""
        self.flash = Path()
        self._address = address
        self._place = place
        self._hello: asyncio.Future[Message] | None = None

    def says_hello(self, message: Message) -> bool:
        """Whether that is what `boot` waits for."""
        if self._hello is None or self._hello.done():
            return False
        self._hello.set_result(message)
        return True

    async def boot(self, reset_cause: int | None = None) -> dict[str, Any]:
        """Power the board, or start it behind a reset; what it says of its scenario."""
        self._hello = asyncio.get_running_loop().create_future()
        with self._outside():
            self.process = await BoardProcess.start(
                firmware_dir() / "sim" / "run.py",
                [self.scenario],
                self.radio_address,
                self.flash,
                led=self._place.led is not None,
                reset_cause=reset_cause,
            )
            exited = asyncio.create_task(self.process.wait())
            try:
                await asyncio.wait(
                    (exited, self._hello), timeout=BOOT_S, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                exited.cancel()
        if not self._hello.done():
            raise self.not_started()
        return self._hello.result()["scenario"]

    async def start_again(self, before: Callable[[], None]) -> bool:
        """Once its process has ended: boot it if it has reset itself; `before` is called then.

        False if it has not: its power was cut, or it was told to end.
        """
        if self.process is None:
            return False
        with self._outside():
            cause = await self.process.wait() - RESET_STATUS
            if cause not in _CAUSES:
                return False
            before()
            await self.boot(cause)
        return True

    async def cut(self, gone: asyncio.Event) -> None:
        """Take its power away; returns when its line is down as well."""
        if self.process is not None:
            with self._outside():
                await self.process.kill()
                await gone.wait()

    async def end(self) -> None:
        """It has been asked to end: see that it does."""
        if self.process is not None:
            with self._outside():
                await self.process.end()

    def not_started(self) -> Exception:
        """Why it is not there, by what it has printed."""
        output = self.process.output if self.process else ""
        exit_code = self.process.exit_code if self.process else None
        if exit_code == UsageError.exit_code and output:
            said = output.splitlines()[-1].removeprefix(f"{self.scenario}: ")
            return UsageError(f"{self._address}: {said}.")
        what = "did not start" if exit_code is None else f"ended at its start (code {exit_code})"
        return LinkError(f"The simulated board {what}. It said:\n{output or '(nothing)'}")

    def loss(self) -> LinkLost:
        """It went in the middle."""
        output = self.process.output if self.process else ""
        said = f" Its last words:\n{output}" if output else ""
        return LinkLost(
            "The simulated band stopped answering. Everything received until then is kept." + said
        )

    def _outside(self) -> contextlib.AbstractContextManager[None]:
        """While the board's process starts or ends, which virtual time must not outrun."""
        led = self._place.led
        return contextlib.nullcontext() if led is None else led.outside()
