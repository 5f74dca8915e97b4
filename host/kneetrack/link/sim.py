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

A board that resets itself is started anew, as a real one is (`link.sim_board`); one that sleeps
until it is woken (by `press`) is out of the air, and its process lives on: so the leg moves on.

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
from kneetrack.errors import BandNotFound, LinkError, LinkLost
from kneetrack.link.base import LinkInfo, Scenario
from kneetrack.link.ble import Backend, BandLink
from kneetrack.link.radio.backend import Adapter
from kneetrack.link.radio.board import BoardRadio, Message
from kneetrack.link.radio.loss import BurstLoss
from kneetrack.link.radio.world import Begin, World
from kneetrack.link.sim_board import BOOT_S, SimBoard
from kneetrack.samples import Side, Vector, Window

TAIL_S = 0.1
"""How long the stream goes on behind the end of the motion: some polls of the FIFOs."""
EVENT_INTERVAL_S = 0.015
"""The connection interval that a phone or a laptop typically grants."""

HOLD_S = 3.2
"""How long the button is held, so that a new computer may pair."""

_FULL_SPEED = 0.0

__all__ = ["SimLink", "read_scenario"]


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
        self._board = SimBoard(info.address, place)
        self._asleep = False  # in deep sleep: its process lives, its radio does not
        self._restarting: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()
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
                raise self._board.not_started() from None
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            for task in (self._ending, self._restarting):
                if task is not None:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
            await super().__aexit__()
        finally:
            await self._stack.aclose()

    @property
    def board_pid(self) -> int | None:
        """The process id of the board, once it runs."""
        return self._board.process.pid if self._board.process else None

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
        press: Message = {"rig": "press", "duration_s": duration_s, "speed": speed}
        wakes = self._asleep
        try:
            if wakes:
                self._radio.send(press)  # it ends with this start of the board
            async with asyncio.timeout(BOOT_S):
                await self._radio.advertises.wait()  # before that nobody looks at the button
            if not wakes:
                await self._answer("released", press)
        except TimeoutError:
            raise self._board.not_started() from None

    async def board_memory(self) -> tuple[int, int]:
        """Of the board's heap behind a collection, in bytes: in use, the simulated leg's included;
        the largest piece that is free."""
        told = await self._answer("memory", {"rig": "memory"})
        return told["allocated"], told["largest"]

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

    async def break_imu(self, kind: str, mount: str = "thigh", duration_s: float = 0.0) -> int:
        """Have that IMU, or the bus, fail so (firmware/sim/run.py); how far was measured then."""
        number = await self.measured()
        broken: Message = {"rig": "break", "kind": kind, "mount": mount, "duration_s": duration_s}
        self._radio.send(broken)
        return number

    async def cut_power(self) -> None:
        """Take the board's power away, between any two instructions. Its flash stays as it is."""
        self._pace()
        self._asleep = False
        await self._board.cut(self._gone)

    async def power_on(self) -> None:
        """Switch the board on again; returns when it advertises and the leg moves as it would."""
        self._pace()
        self._gone.clear()
        self._radio.clock.start_anew()
        await self._board.boot()
        await self._go_on()

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
        self._board.scenario = self._scenario_text
        self._board.radio_address = await radio.listen()
        self._stack.push_async_callback(radio.close)
        radio.pace(self._interval_s(self._speed))
        if self._folder is None:
            temporary = tempfile.TemporaryDirectory(prefix="kneetrack-")
            self._board.flash = Path(self._stack.enter_context(temporary))
        else:
            self._board.flash = self._folder / "flash"
            self._board.flash.mkdir(parents=True, exist_ok=True)
        self._stack.push_async_callback(self._stop_board)
        told = await self._board.boot()
        self._place.enter(told.get("clock_ppm", 0.0), self._radio.send)
        self._stack.callback(self._place.leave)
        if "radio" in told:
            self._air_loss = BurstLoss(told["radio"]["loss"], told["radio"]["seed"])
            self._air_loss_from_s = told["radio"]["from_s"]
        if self.scenario is None:
            self.scenario = read_scenario(told)

    async def _stop_board(self) -> None:
        if self._place.led is not None:
            self._place.led.gone()
        self._radio.send({"rig": "quit"})
        await self._board.end()

    def _loss(self) -> LinkLost:
        return self._board.loss()

    async def _go_on(self) -> None:
        """The board boots: wait until it advertises; the leg is where it would be, and moves."""
        try:
            async with asyncio.timeout(BOOT_S):
                await self._radio.advertises.wait()
        except TimeoutError:
            raise self._board.not_started() from None
        if self._begun_s is not None:
            moved_s = self.now_s() - self._begun_s
            await self._play(self._until_s, self._radio.clock.speed, moved_s)

    async def _start_again(self) -> None:
        """What a board does that has reset itself, or was woken. As long as that fails, nobody
        hears of the band, which is what `reconnect` tells then."""
        with contextlib.suppress(LinkError):
            if await self._board.start_again(self._radio.clock.start_anew):
                await self._go_on()

    def _on_gone(self) -> None:
        """The board's process has closed its line. The radio link breaks by itself, later."""
        self._gone.set()
        self._asleep = False
        if self._restarting is not None:
            self._restarting.cancel()  # it reset again before it was up
        self._restarting = asyncio.get_running_loop().create_task(self._start_again())
        if self._place.led is not None:
            self._place.led.gone()
        self._place.stop()
        for awaited in self._awaited.values():
            if not awaited.done():
                awaited.set_exception(self._loss())

    def _on_rig(self, message: Message) -> None:
        kind = message["rig"]
        if kind == "hello":
            if self._board.says_hello(message) and self._place.led is not None:
                self._place.clock.error = message["scenario"].get("clock_ppm", 0.0) * 1e-6
                self._place.led.started(message["t"], self._radio)
        elif kind == "sleeps":
            self._asleep = True
            self._radio.fall_silent()
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
