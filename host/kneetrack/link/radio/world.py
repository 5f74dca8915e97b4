"""Several simulated boards in one world: one air, one time.

Each board is a process with a clock of its own, that of its crystal: fast or slow by some ppm, and
counted from its own start. People's two legs move in one time. So the boards of a world begin to
move at the same instant, and from then on its clock is told by theirs: world = begin + (board -
board at the beginning) / (1 + ppm). What the host receives is stamped by the world's clock, as a
real computer stamps what two bands send by its one.

Begin
    A leg that is to move to its end waits until every other board that is connected is to move as
    well, or has (a calibration moves one leg, until some time, and waits for nobody). At a speed
    above 0 all are then given an instant of the machine's monotonic clock shortly ahead, which the
    boards read too. As fast as possible they begin where each of them stands.

In step
    Boards at speed 0 have nothing in common that would keep them together: each goes from wake to
    wake as fast as it computes. So none may pass the time that the world has come to, and when all
    have come so far, it goes on by STEP_S (a conservative scheduler: Chandy and Misra, IEEE
    Transactions on Software Engineering 5:440, 1979). Real time and its multiples need none of it.

In virtual time
    Under `link.radio.virtual` the world's clock is the event loop's, and every board is led by it
    from its start on, whatever its speed (link.radio.led).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kneetrack.link.radio.air import Air
from kneetrack.link.radio.clock import PlaceClock
from kneetrack.link.radio.led import LedClock
from kneetrack.link.radio.virtual import steps_here

STEP_S = 0.02
"""A poll of the FIFOs: how far the boards may be apart in the order in which they are heard."""
AHEAD_S = 0.05
"""Real time between the decision to begin and the beginning."""
PATIENCE_S = 20.0
"""For a leg that is not set in motion; the others then begin without it."""

_BOARDS = "F0:F1:F2:F3:F4:{:02X}"
_ADAPTERS = "C0:C1:C2:C3:C4:{:02X}"
_FIRST_BOARD, _FIRST_ADAPTER = 0xF5, 0xC5


@dataclass(frozen=True, slots=True)
class Begin:
    """How a board is to begin: at `world_s`, which is `at_us` of the machine's monotonic clock
    where the world runs with that; `in_step` with others where it does not."""

    world_s: float
    at_us: int | None
    in_step: bool


class World:
    """Make a `place` for each board."""

    def __init__(self) -> None:
        self.air = Air()
        self.places: list[Place] = []
        self._come_to_s = 0.0
        self.steps = steps_here()
        """Virtual time, where this world lives in it."""

    def place(self) -> Place:
        place = Place(self, len(self.places))
        self.places.append(place)
        return place

    def now_s(self) -> float:
        """The world's clock, as far as any board has told it."""
        return max(place.clock.own_s() for place in self.places)

    def begin_if_ready(self) -> None:
        """Let those begin who wait for it, once nobody is missing."""
        if all(place.begin is not None for place in self.places if place.is_here):
            self.begin()

    def begin(self) -> None:
        starting = [p for p in self.places if p.begin is not None and not p.begin.done()]
        for speed in {place.speed for place in starting}:
            together = [place for place in starting if place.speed == speed]
            world_s, at_us = self.now_s() + AHEAD_S * speed, None
            if speed and self.steps is None:
                at_us = time.monotonic_ns() // 1000 + round(AHEAD_S * 1e6)
            in_step = not speed and len(together) > 1
            if in_step:
                self._come_to_s = world_s
            for place in together:
                place.in_step, place.waits = in_step, False
                assert place.begin is not None
                place.begin.set_result(Begin(world_s, at_us, in_step))

    def go_on_if_all_wait(self) -> None:
        moving = [place for place in self.places if place.in_step]
        if moving and all(place.waits for place in moving):
            self._come_to_s += STEP_S
            for place in moving:
                place.go_on_until(self._come_to_s)


class Place:
    """One board's place in a world. Its link tells it what the board does."""

    def __init__(self, world: World, number: int) -> None:
        self.board_address = _BOARDS.format(_FIRST_BOARD + number)
        self.adapter_address = _ADAPTERS.format(_FIRST_ADAPTER + number)
        self.led = None if world.steps is None else LedClock(world.steps)
        """Its board's clock in virtual time."""
        self.clock = self.led or PlaceClock(world.now_s)
        self.speed = 1.0
        self.begin: asyncio.Future[Begin] | None = None
        self.is_here = False
        self.in_step = False
        self.waits = False
        self._world = world
        self._send: Callable[[dict[str, Any]], None] = _to_nobody

    @property
    def air(self) -> Air:
        return self._world.air

    def enter(self, clock_ppm: float, send: Callable[[dict[str, Any]], None]) -> None:
        """The board is there, its clock fast by so much; lines to it go by `send`."""
        self.clock.error = clock_ppm * 1e-6
        self._send = send
        self.is_here = True

    async def ready(self, speed: float) -> Begin:
        """Wait for the others, PATIENCE_S at most; how to begin."""
        self.speed = speed
        begin = self.begin = asyncio.get_running_loop().create_future()
        self._world.begin_if_ready()
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await asyncio.shield(begin)
        except TimeoutError:
            self._world.begin()
            return await begin

    def began(self, board_us: int, begin: Begin, lead_s: float) -> None:
        """The board has begun, or will; its leg moves from `board_us` on, `lead_s` later."""
        if self.led is not None:
            return  # its clock is the world's
        self.clock.set_by(board_us, begin.world_s + lead_s)

    def came(self) -> None:
        """The board has come as far as it may."""
        self.waits = True
        self._world.go_on_if_all_wait()

    def go_on_until(self, world_s: float) -> None:
        self.waits = False
        self._send({"until": self.clock.board_us(world_s)})

    def stop(self) -> None:
        """The leg has come to a halt, or its board is gone: nobody waits for it any more."""
        self.in_step = False
        self._world.go_on_if_all_wait()

    def leave(self) -> None:
        self.is_here = False
        self.stop()
        self._world.begin_if_ready()


def _to_nobody(_: dict[str, Any]) -> None:
    return
