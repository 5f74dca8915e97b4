"""A simulated band: the very firmware under MicroPython, found and connected to over Bluetooth.

Two processes. This one is the air, the board's radio chip and the computer's adapter
(`link.radio`); the other is the board. They are joined by one socket, which carries what the chip
would do and, as "rig" messages, what someone beside the board would: set the leg in motion, hold
it still.

The clock of this link is the board's virtual one, so packets carry the time at which the board's
world had them, at any speed. The air is paced like a real one while the board's time is; at speed 0
it takes everything at once, and the board waits for it (`firmware/sim/rig.py`).

The board's process ends with the link, however that ends; and by itself should this one be killed.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import tempfile
from pathlib import Path
from typing import Any, Self

from kneecore import wire
from kneetrack.errors import BandNotFound, LinkError, LinkLost, UsageError
from kneetrack.firmware_files import firmware_dir, run_micropython
from kneetrack.link.base import LinkInfo, Scenario
from kneetrack.link.ble import Backend, BandLink
from kneetrack.link.radio.air import Air
from kneetrack.link.radio.backend import Adapter
from kneetrack.link.radio.board import ADDRESS, BoardRadio, Message
from kneetrack.link.radio.loss import BurstLoss
from kneetrack.samples import Side, Vector, Window

BOOT_S = 20.0
END_S = 2.0
TAIL_S = 0.1
"""How long the stream goes on behind the end of the motion: some polls of the FIFOs."""
EVENT_INTERVAL_S = 0.015
"""The connection interval that a phone or a laptop typically grants."""

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
        cls, script: Path, arguments: list[str], radio: str, folder: Path
    ) -> BoardProcess:
        """Start it, with the radio at `radio` (host:port) and `folder` for its flash memory."""
        command = run_micropython([str(script), *arguments], {"KNEETRACK_RADIO": radio})
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


class SimLink(BandLink):
    """`scenario` is what `firmware/sim/run.py` takes: a name with options, or `@FILE`."""

    lead_s = 0.0
    """How long the leg is held in its pose before it moves."""

    def __init__(self, info: LinkInfo, scenario: str, speed: float = 1.0) -> None:
        super().__init__(info, wire.NAME_PREFIX + ADDRESS.replace(":", "")[-4:])
        self._scenario_text = scenario
        self._speed = speed
        self._zeros: tuple[Vector, Vector] | None = None  # its chips have their own
        self._stack = contextlib.AsyncExitStack()
        self._radio = BoardRadio(Air())
        self._board: BoardProcess | None = None
        self._hello: asyncio.Future[Message] | None = None
        self._air_loss: BurstLoss | None = None
        self._air_loss_from_s = 0.0
        self._playing: asyncio.Future[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._start_board()
            adapter = await self._stack.enter_async_context(Adapter(self._radio.air))
            self._backend = Backend(adapter.scanner, adapter.client)
            try:
                await super().__aenter__()
            except BandNotFound:  # it is there: its firmware did not come as far as the radio
                raise self._not_started() from None
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            if self._ending is not None:
                self._ending.cancel()
                await asyncio.gather(self._ending, return_exceptions=True)
            await super().__aexit__()
        finally:
            await self._stack.aclose()

    @property
    def board_pid(self) -> int | None:
        """The process id of the board, once it runs."""
        return self._board.pid if self._board else None

    def now_s(self) -> float:
        return self._radio.clock.now_s()

    async def play(
        self,
        until_s: float | None = None,
        speed: float | None = None,
        zeros: tuple[Vector, Vector] | None = None,
    ) -> None:
        speed = self._speed if speed is None else speed
        self._playing = asyncio.get_running_loop().create_future()
        self._radio.clock.speed = speed
        self._radio.pace(EVENT_INTERVAL_S / speed if speed else None)
        self._radio.send(
            {
                "rig": "play",
                "until_s": until_s,
                "speed": speed,
                "lead_s": self.lead_s,
                "zeros": self._zeros,
            }
        )
        try:
            async with asyncio.timeout(BOOT_S):
                await self._playing
        except TimeoutError:
            raise self._loss() from None

    # --- the board --------------------------------------------------------------------------------

    async def _start_board(self) -> None:
        """Start the board and wait until it has said which scenario it plays."""
        self._hello = asyncio.get_running_loop().create_future()
        radio = self._radio
        radio.listen_to(self._on_rig, self._on_gone)
        address = await radio.listen()
        self._radio.pace(EVENT_INTERVAL_S)
        script = firmware_dir() / "sim" / "run.py"
        flash = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kneetrack-")))
        self._board = await BoardProcess.start(script, [self._scenario_text], address, flash)
        self._stack.push_async_callback(self._stop_board, self._board)
        exited = asyncio.create_task(self._board.wait())
        self._stack.callback(exited.cancel)
        await asyncio.wait(
            (exited, self._hello), timeout=BOOT_S, return_when=asyncio.FIRST_COMPLETED
        )
        if not self._hello.done():
            raise self._not_started()
        told = self._hello.result()["scenario"]
        if "radio" in told:
            self._air_loss = BurstLoss(told["radio"]["loss"], told["radio"]["seed"])
            self._air_loss_from_s = told["radio"]["from_s"]
        if self.scenario is None:
            self.scenario = read_scenario(told)

    async def _stop_board(self, board: BoardProcess) -> None:
        self._radio.send({"rig": "quit"})
        try:
            await board.end()
        finally:
            await self._radio.close()

    def _not_started(self) -> Exception:
        output = self._board.output if self._board else ""
        exit_code = self._board.exit_code if self._board else None
        if exit_code == UsageError.exit_code and output:
            said = output.splitlines()[-1].removeprefix(f"{self._scenario_text}: ")
            return UsageError(f"{self.info.address}: {said}.")
        what = "did not start" if exit_code is None else f"ended at its start (code {exit_code})"
        return LinkError(f"The simulated board {what}. It said:\n{output or '(nothing)'}")

    def _loss(self) -> LinkLost:
        output = self._board.output if self._board else ""
        said = f" Its last words:\n{output}" if output else ""
        return LinkLost(
            "The simulated band stopped answering. Everything received until then is kept." + said
        )

    def _on_gone(self) -> None:
        """The board's process has closed its line. The radio link breaks by itself, later."""
        if self._playing is not None and not self._playing.done():
            self._playing.set_exception(self._loss())

    def _on_rig(self, message: Message) -> None:
        kind = message["rig"]
        if kind == "hello" and self._hello is not None and not self._hello.done():
            self._hello.set_result(message)
        elif kind == "playing":
            self.origin_us = self._origin(message)
            if self._air_loss is not None:
                from_us = self.origin_us + round(self._air_loss_from_s * 1e6)
                self._radio.lose(self._air_loss, from_us)
            if self._playing is not None and not self._playing.done():
                self._playing.set_result(None)
        elif kind == "held":
            self._radio.clock.speed = 1.0
            self._radio.pace(EVENT_INTERVAL_S)
            if message.get("ended"):
                self._ending = asyncio.get_running_loop().create_task(self._end())

    async def _end(self) -> None:
        """The motion is over; its last samples are still in the IMUs' FIFOs."""
        await asyncio.sleep(TAIL_S)
        await self.finish()

    def _origin(self, playing: Message) -> int:
        """The board clock at the source's time zero, from where and when the motion began."""
        return round(playing["board_us"] - playing["body_s"] * 1e6)


def read_scenario(told: dict[str, Any]) -> Scenario:
    """The scenario as the board tells it in its hello."""
    return Scenario(
        side=Side.from_word(told["side"]),
        exercise=told["exercise"],
        duration_s=float(told["duration_s"]),
        windows=tuple(
            Window(window["kind"], float(window["start_s"]), float(window["end_s"]))
            for window in told["windows"]
        ),
        shank_length_m=told.get("shank_length_m"),
        truth=told.get("truth") or {},
    )
