"""An event loop in virtual time, so that a run does not depend on how fast the machine is.

    virtual.run(main())             in place of asyncio.run(main())

Simulated bands that are entered under it are led by it: their clocks, and the loop's own, by which
every timer, timeout and sleep of this process goes, are one. Computing costs nothing. What waits
costs nothing either: the loop goes straight to the next instant that anybody waits for. So ten
minutes out of reach take seconds, connections pass their packets at the events of a real one, and
on a machine that is busy a run takes longer and comes out the same.

How time passes
    A discrete event simulation with conservative synchronisation (Chandy and Misra, IEEE
    Transactions on Software Engineering 5:440, 1979). Only when this process has nothing to do at
    the present instant (the loop would sleep) and no board has either does time go on, up to the
    loop's next timer. A board comes as far as it is let, or until it has something to say: then it
    stands until that was heard and done with. Several boards are let go STEP_S at a time, which is
    by how much they may be apart.

What is outside
    Processes that start and end, threads that compute. While somebody is `outside`, time stands.
    Should a board, or what is outside, do nothing for PATIENCE_S of real time, that time passes
    here too, so that timeouts end it. Nothing else that is waited for here may come from without:
    the timeout would be over at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections.abc import Coroutine, Generator, Mapping
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

STEP_S = 0.02
PATIENCE_S = 30.0

_LOOK_S = 1.0  # how far boards are let go where nobody on the host waits for anything
_SAME_S = 2e-6  # boards count in us


class Led(Protocol):
    """A board whose clock is led."""

    @property
    def stands(self) -> bool:
        """It has come as far as it may, and has done all that it was told."""
        ...

    @property
    def at_s(self) -> float:
        """How far it has come, in the loop's time."""
        ...

    def go_on_until(self, loop_s: float) -> None: ...


class Steps:
    """Virtual time, and who has to have come so far before it goes on."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.boards: list[Led] = []
        self._outside = 0

    @contextlib.contextmanager
    def outside(self) -> Generator[None]:
        """Time stands meanwhile: something is waited for that knows nothing of it."""
        self._outside += 1
        try:
            yield
        finally:
            self._outside -= 1

    def heard(self, loop_s: float) -> None:
        """A board did something at that time."""
        self.now_s = max(self.now_s, loop_s)

    @property
    def rest(self) -> bool:
        """Whether there is nothing more to come of the present instant."""
        return not self._outside and all(board.stands for board in self.boards)

    def go_on(self, timeout_s: float | None) -> None:
        """All rest, this process for `timeout_s` or for good: on towards the next instant."""
        next_s = self.now_s + (_LOOK_S if timeout_s is None else timeout_s)
        behind = [board for board in self.boards if board.at_s < next_s - _SAME_S]
        if not behind:
            self.now_s = next_s
            return
        if len(self.boards) > 1:
            next_s = min(next_s, min(board.at_s for board in behind) + STEP_S)
        for board in behind:
            if board.at_s < next_s - _SAME_S:
                board.go_on_until(next_s)


class _Selector(selectors.BaseSelector):
    """The machine's own selector, which is asked only for what is there: waiting is for `Steps`."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._machine = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._machine.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._machine.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._machine.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._machine.get_map()

    def close(self) -> None:
        self._machine.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready. The loop gives a timeout above 0 when it has nothing to do."""
        ready = self._machine.select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        steps = self._steps
        if timeout is None and not steps.boards:
            return self._machine.select(None)
        if steps.rest:
            steps.go_on(timeout)
            return []
        ready = self._machine.select(PATIENCE_S)
        if not ready:
            steps.heard(steps.now_s + PATIENCE_S)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop that `run` runs."""

    def __init__(self) -> None:
        self.steps = Steps()
        super().__init__(_Selector(self.steps))

    def time(self) -> float:
        return self.steps.now_s

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        stands = contextlib.ExitStack()
        stands.enter_context(self.steps.outside())
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _: stands.close())
        return future


def run(main: Coroutine[Any, Any, T]) -> T:
    """As asyncio.run, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def steps_here() -> Steps | None:
    """The virtual time of the loop that runs; None where it is the machine's."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return loop.steps if isinstance(loop, VirtualLoop) else None
