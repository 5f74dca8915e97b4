"""A band beside the computer: the firmware on its simulated board, and whoever wears it.

It runs in real time, outside the virtual machine; the air is all that the two have in common.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from computer import EVENT_INTERVAL_S

from kneetrack.firmware_files import firmware_dir
from kneetrack.link.board_process import BoardProcess
from kneetrack.link.radio.air import Air
from kneetrack.link.radio.board import BoardRadio

HOLD_S = 3.2
"""Opens the pairing window (firmware/kneeband/config.py)."""
WINDOW_S = 60.0


class Band:
    """Made by `band_on`."""

    def __init__(self, radio: BoardRadio, board: BoardProcess) -> None:
        self._radio = radio
        self._board = board

    @property
    def is_connected(self) -> bool:
        chip = self._radio.chip
        return chip is not None and bool(chip.le_connections)

    @property
    def output(self) -> str:
        return self._board.output

    def move(self) -> None:
        """The leg does its scenario from now on."""
        self._radio.send({"rig": "play", "until_s": None, "speed": 1.0})

    def press(self) -> None:
        """Somebody holds the button until the window for a new computer is open."""
        self._radio.send({"rig": "press", "duration_s": HOLD_S})

    @contextlib.asynccontextmanager
    async def kept_open(self) -> AsyncIterator[None]:
        """Have somebody press it again and again: programs take their time to start in here."""

        async def press() -> None:
            while True:
                self.press()
                await asyncio.sleep(WINDOW_S * 0.8)

        pressing = asyncio.create_task(press())
        try:
            yield
        finally:
            pressing.cancel()

    async def out_of_reach(self, duration_s: float) -> None:
        """Let the air pass nothing for so long."""
        await self._radio.air.outage(duration_s, self._radio.supervision_s)


@contextlib.asynccontextmanager
async def band_on(air: Air, folder: Path, scenario: str) -> AsyncIterator[Band]:
    """A band that is switched on, lying still until `move`."""
    radio = BoardRadio(air)
    said = asyncio.get_running_loop().create_future()
    radio.listen_to(lambda _: said.done() or said.set_result(None), lambda: None)
    radio.pace(EVENT_INTERVAL_S)
    script = firmware_dir() / "sim" / "run.py"
    board = await BoardProcess.start(script, [scenario], await radio.listen(), folder)
    try:
        async with asyncio.timeout(20):
            await said
            await radio.advertises.wait()
        yield Band(radio, board)
    finally:
        radio.send({"rig": "quit"})
        await board.end()
        await radio.close()
