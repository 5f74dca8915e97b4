"""A simulated band: the very firmware under MicroPython, found and connected to over Bluetooth.

Two processes. This one is the air, the board's radio chip and the computer's adapter
(`link.radio`); the other is the board. They are joined by one socket, which carries what the chip
would do and, as "rig" messages, what someone beside the board would: set the leg in motion, hold
it still.

The clock of this link is the board's virtual one, so packets carry the time at which the board's
world had them, at any speed. The air is paced like a real one while the board's time is; at speed 0
it takes everything at once, and the board waits for it (`firmware/sim/rig.py`).

Someone stands beside the board, who holds its button on entry, so that the two can pair; the clock
runs as fast as it can meanwhile. With a `folder` the board's flash and the computer's bonds are
kept in it, and who has paired once is known the next time.

The board's process ends with the link, however that ends; and by itself should this one be killed.

What can go wrong with a real band can be made to happen (`outage`, `cut_power`, `power_on`), in the
board's time and at any pace, but not while the clock runs as fast as it can. The person goes on
moving while the board has no power.

In an event loop of virtual time (`link.radio.virtual`) the speed is as fast as possible, whatever
is asked for, and still all that has a pace keeps it.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path
from typing import Any, Self

from kneecore import wire
from kneetrack.errors import BandNotFound, LinkError, LinkLost, UsageError
from kneetrack.firmware_files import firmware_dir
from kneetrack.link.base import LinkInfo, Scenario
from kneetrack.link.ble import Backend, BandLink
from kneetrack.link.board_process import BoardProcess
from kneetrack.link.radio.backend import Adapter
from kneetrack.link.radio.board import BoardRadio, Message
from kneetrack.link.radio.loss import BurstLoss
from kneetrack.link.radio.world import Begin, World
from kneetrack.samples import Side, Vector, Window

BOOT_S = 20.0
TAIL_S = 0.1
"""How long the stream goes on behind the end of the motion: some polls of the FIFOs."""
EVENT_INTERVAL_S = 0.015
"""The connection interval that a phone or a laptop typically grants."""

HOLD_S = 3.2
"""How long the button is held, so that a new computer may pair."""

_FULL_SPEED = 0.0

__all__ = ["BoardProcess", "SimLink", "read_scenario"]


class SimLink(BandLink):
    """`scenario` is what `firmware/sim/run.py` takes: a name with options, or `@FILE`."""

    lead_s = 0.0
    """How long the leg is held in its pose before it moves."""

    def __init__(
        self,
        info: LinkInfo,
        scenario: str,
        speed: float = 1.0,
        *,
        folder: Path | None = None,
        world: World | None = None,
    ) -> None:
        self._place = place = (world or World()).place()
        super().__init__(info, wire.NAME_PREFIX + place.board_address.replace(":", "")[-4:])
        self._folder = folder
        self._scenario_text = scenario
        self._speed = speed
        self._zeros: tuple[Vector, Vector] | None = None  # its chips have their own
        self._stack = contextlib.AsyncExitStack()
        self._radio = BoardRadio(place.air, place.board_address, clock=place.clock)
        self._board: BoardProcess | None = None
        self._hello: asyncio.Future[Message] | None = None
        self._flash = Path()
        self._gone = asyncio.Event()
        self._radio_address = ""
        self._air_loss: BurstLoss | None = None
        self._air_loss_from_s = 0.0
        self._awaited: dict[str, asyncio.Future[Message]] = {}  # rig messages, by their kind
        self._begun_s: float | None = None  # by this link's clock, at the source's time zero
        self._until_s: float | None = None
        self._ending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._start_board()
            bonds = None if self._folder is None else self._folder / "bonds"
            adapter = Adapter(self._place.air, self._place.adapter_address, folder=bonds)
            await self._stack.enter_async_context(adapter)
            self._backend = Backend(adapter.scanner, adapter.client)
            try:
                if not adapter.knows(self._radio.address):
                    await self.press(HOLD_S, _FULL_SPEED)
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

    def source_s(self, at_s: float) -> float | None:
        if self.origin_us is None:
            return None
        return (self._place.clock.board_us(at_s) - self.origin_us) / 1e6

    async def sleep(self, duration_s: float) -> None:
        await asyncio.sleep(self._patience_s(duration_s))

    def _patience_s(self, duration_s: float) -> float:
        return duration_s / (self._radio.clock.speed or 1.0)

    async def play(
        self,
        until_s: float | None = None,
        speed: float | None = None,
        zeros: tuple[Vector, Vector] | None = None,
    ) -> None:
        speed = self._speed if speed is None else speed
        if self._place.led is not None:
            speed = 1.0
        self._until_s = until_s
        begin = None if until_s is not None else await self._place.ready(speed)
        await self._play(until_s, speed, begin=begin)

    async def _play(
        self,
        until_s: float | None,
        speed: float,
        from_s: float | None = None,
        begin: Begin | None = None,
    ) -> None:
        led = self._place.led
        self._radio.clock.speed = speed
        self._radio.pace(self._interval_s(speed))
        play: Message = {
            "rig": "play",
            "from_s": from_s,
            "until_s": until_s,
            "speed": speed,
            "lead_s": self.lead_s if from_s is None else 0.0,
            "zeros": self._zeros,
            "at_us": begin and begin.at_us,
            "at_board_us": begin and led and led.board_us(begin.world_s),
            "in_step": begin is not None and begin.in_step,
        }
        try:
            playing = await self._answer("playing", play)
        except TimeoutError:
            raise self._loss() from None
        if begin is not None:
            self._place.began(playing["board_us"], begin, self.lead_s)

    def _interval_s(self, speed: float) -> float | None:
        """Between two connection events of the air, at that speed."""
        if self._place.led is not None:
            return EVENT_INTERVAL_S
        return EVENT_INTERVAL_S / speed if speed else None

    # --- what someone beside the board can do -----------------------------------------------------

    async def press(self, duration_s: float, speed: float | None = None) -> None:
        """Hold the button for so long, in the board's time; the clock at `speed` meanwhile.

        Returns when it is let go. LinkLost where the board does not live to see that.
        """
        try:
            async with asyncio.timeout(BOOT_S):
                await self._radio.advertises.wait()  # before that nobody looks at the button
            press: Message = {"rig": "press", "duration_s": duration_s, "speed": speed}
            await self._answer("released", press)
        except TimeoutError:
            raise self._not_started() from None

    async def board_memory(self) -> int:
        """Bytes in use on the board's heap behind a collection, the simulated leg's included."""
        return (await self._look())["allocated"]

    async def measured(self) -> int:
        """The number behind the newest knee sample that the band has measured, sent or not."""
        return -(-(await self._look())["pairs"] // wire.KNEE_DIVIDER)

    async def cued_us(self) -> list[int]:
        """When the pin of the band's motor rose, by the board's clock (us)."""
        return (await self._look())["cued_us"]

    async def _look(self) -> Message:
        return await self._answer("seen", {"rig": "look"})

    async def _answer(self, kind: str, message: Message) -> Message:
        """Tell the board's rig something and wait for what it says of that kind. TimeoutError."""
        awaited = self._awaited[kind] = asyncio.get_running_loop().create_future()
        try:
            self._radio.send(message)
            async with asyncio.timeout(BOOT_S):
                return await awaited
        finally:
            del self._awaited[kind]

    async def outage(self, duration_s: float) -> None:
        """Let the air pass nothing for so long, in the board's time; returns when it is over."""
        speed = self._pace()
        await self._radio.air.outage(duration_s / speed, self._radio.supervision_s)

    async def cut_power(self) -> None:
        """Take the board's power away, between any two instructions. Its flash stays as it is."""
        self._pace()
        if self._board is not None:
            with self._outside():
                await self._board.kill()
                await self._gone.wait()

    async def power_on(self) -> None:
        """Switch the board on again; returns when it advertises and the leg moves as it would."""
        speed = self._pace()
        self._radio.clock.start_anew()
        await self._boot()
        try:
            async with asyncio.timeout(BOOT_S):
                await self._radio.advertises.wait()
        except TimeoutError:
            raise self._not_started() from None
        if self._begun_s is not None:
            moved_s = self.now_s() - self._begun_s
            await self._play(self._until_s, speed, moved_s)

    def _pace(self) -> float:
        speed = self._radio.clock.speed
        if not speed:
            raise ValueError("as fast as possible, that needs virtual time: link.radio.virtual.run")
        return speed

    # --- the board --------------------------------------------------------------------------------

    async def _start_board(self) -> None:
        """Start the board and wait until it has said which scenario it plays."""
        radio = self._radio
        radio.listen_to(self._on_rig, self._on_gone)
        self._radio_address = await radio.listen()
        self._stack.push_async_callback(radio.close)
        radio.pace(self._interval_s(self._speed))
        if self._folder is None:
            temporary = tempfile.TemporaryDirectory(prefix="kneetrack-")
            self._flash = Path(self._stack.enter_context(temporary))
        else:
            self._flash = self._folder / "flash"
            self._flash.mkdir(parents=True, exist_ok=True)
        self._stack.push_async_callback(self._stop_board)
        told = await self._boot()
        self._place.enter(told.get("clock_ppm", 0.0), self._radio.send)
        self._stack.callback(self._place.leave)
        if "radio" in told:
            self._air_loss = BurstLoss(told["radio"]["loss"], told["radio"]["seed"])
            self._air_loss_from_s = told["radio"]["from_s"]
        if self.scenario is None:
            self.scenario = read_scenario(told)

    async def _boot(self) -> dict[str, Any]:
        """Power the board; what it says of its scenario."""
        self._hello = asyncio.get_running_loop().create_future()
        script = firmware_dir() / "sim" / "run.py"
        arguments = [self._scenario_text]
        self._gone.clear()
        with self._outside():
            self._board = await BoardProcess.start(
                script,
                arguments,
                self._radio_address,
                self._flash,
                led=self._place.led is not None,
            )
            exited = asyncio.create_task(self._board.wait())
            try:
                await asyncio.wait(
                    (exited, self._hello), timeout=BOOT_S, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                exited.cancel()
        if not self._hello.done():
            raise self._not_started()
        return self._hello.result()["scenario"]

    async def _stop_board(self) -> None:
        if self._place.led is not None:
            self._place.led.gone()
        self._radio.send({"rig": "quit"})
        if self._board is not None:
            with self._outside():
                await self._board.end()

    def _outside(self) -> contextlib.AbstractContextManager[None]:
        """While the board's process starts or ends, which virtual time must not outrun."""
        led = self._place.led
        return contextlib.nullcontext() if led is None else led.outside()

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
        self._gone.set()
        if self._place.led is not None:
            self._place.led.gone()
        self._place.stop()
        for awaited in self._awaited.values():
            if not awaited.done():
                awaited.set_exception(self._loss())

    def _on_rig(self, message: Message) -> None:
        kind = message["rig"]
        if kind == "hello" and self._hello is not None and not self._hello.done():
            if self._place.led is not None:
                self._place.clock.error = message["scenario"].get("clock_ppm", 0.0) * 1e-6
                self._place.led.started(message["t"], self._radio)
            self._hello.set_result(message)
        elif kind == "playing":
            self.origin_us = self._origin(message)
            if self._begun_s is None:
                self._begun_s = self.now_s() - message["body_s"] + self.lead_s
            if self._air_loss is not None:
                from_us = self.origin_us + round(self._air_loss_from_s * 1e6)
                self._radio.lose(self._air_loss, from_us)
        elif kind == "waits" and self._place.led is not None:
            self._place.led.came(message)
        elif kind == "waits":
            self._place.came()
        elif kind == "held":
            self._place.stop()
            self._radio.clock.speed = 1.0
            self._radio.pace(EVENT_INTERVAL_S)
            if message.get("ended"):
                self._ending = asyncio.get_running_loop().create_task(self._end())
        awaited = self._awaited.get(kind)
        if awaited is not None and not awaited.done():
            awaited.set_result(message)

    async def _end(self) -> None:
        """The motion is over; its last samples are still in the IMUs' FIFOs."""
        await asyncio.sleep(TAIL_S)
        self._inbox.pause()

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
