"""A strap that slipped is put right while the recording runs: stand still, squat three times.

    press       -> what comes is held back from the analyzer, and led through the procedure
    accepted    -> the log is told, the analyzer too, and what was held follows by the new alignment
    left        -> (press again, refused, MOST_S, the end) what was held follows as if nothing was

All packets are in the log meanwhile. As the new alignment holds from the stand on, which lies among
what is held, live ends where replay and analysis end, who know of it beforehand.

The band itself goes on with what it had. A recording on the band names one calibration, and when
exactly another one takes hold of the stream, nobody could tell of packets that came late; so the
angles are computed here, from the orientations. The band is given the new one when the recording is
over.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

from kneetrack.calibration import CalibrationFile
from kneetrack.calibration.procedure import (
    Accepted,
    Began,
    Measured,
    Noted,
    Procedure,
    Refused,
    Rep,
    Repeated,
    Told,
)
from kneetrack.calibration.realignment import to_log
from kneetrack.calibration.steps import SQUATS
from kneetrack.calibration.watches import Zeros
from kneetrack.errors import CalibrationError
from kneetrack.samples import Channel, Decoded, Gap, ImuPair, Side, Window

Derive: TypeAlias = Callable[[Sequence[ImuPair], Sequence[Window]], CalibrationFile]

MOST_S = 120.0
"""So long after the key, and nobody is at it any more."""
_AROUND_S = 1.0
BRIDGED_S = 0.1
"""So much raw data may be lost at a time, as in a re-analysis: a straight line bridges it."""
THREE_SQUATS = replace(
    SQUATS,
    reps=3,
    step=replace(SQUATS.step, title="Three slow squats", wants="Do three slow squats."),
)
NO_RAW = (
    "A strap can only be re-aligned with the raw data at hand: record without --no-raw, or end "
    "this with q and calibrate anew."
)


class Worn(Protocol):
    """The leg that is recorded."""

    set_over: bool

    @property
    def newest_s(self) -> float:
        """Device time of the newest sample that was analysed."""
        ...

    def warn(self, text: str) -> None: ...
    def goes_on(self, held: Sequence[Decoded], calibration: Mapping[str, Any] | None) -> None:
        """Take what was held back, from now on with that calibration if there is one."""
        ...


class Realigning:
    """One leg's. `derive` makes a calibration of raw pairs and their windows, in a thread."""

    def __init__(
        self, side: Side, derive: Derive, zeros: Zeros | None = None, *, raw: bool = True
    ) -> None:
        self.side = side
        self.leg: Worn | None = None
        self.slipped = False
        """Whether a slip was told since the last alignment."""
        self.made: CalibrationFile | None = None
        """The newest one."""
        self.person_s: float | None = None
        """What it took the person, from the key to the last squat."""
        self._derive = derive
        self._zeros = zeros
        self._raw = raw
        self._procedure: Procedure | None = None
        self._held: list[Decoded] = []
        self._pairs: list[ImuPair] = []
        self._begun_s = 0.0
        self._work: asyncio.Task[None] | None = None

    @property
    def active(self) -> bool:
        return self._procedure is not None

    @property
    def progress(self) -> str:
        """How far it is, in a few words."""
        procedure = self._procedure
        if procedure is None:
            return ""
        reading = procedure.reading
        if procedure.waiting_for_judgement:
            return "working it out"
        if reading.reps is not None:
            return f"squat {reading.reps} of {reading.wanted_reps}"
        return "stand still"

    def begin(self) -> None:
        """Have the person led through it."""
        if self.leg is None or self.leg.set_over or self.active or math.isinf(self.leg.newest_s):
            return
        if not self._raw:
            self.leg.warn(NO_RAW)
            return
        self._held, self._pairs = [], []
        self._begun_s = self.leg.newest_s
        self._procedure = Procedure(self.side, THREE_SQUATS, table=False, zeros=self._zeros)
        self._tell(self._procedure, self._procedure.begin())

    def leave(self, why: str = "") -> None:
        """It is left: all is as if it had not been begun."""
        if self.leg is None or not self.active:
            return
        self.leg.warn(f"{why} The alignment is left as it was.".lstrip())
        self._procedure = None
        held, self._held = self._held, []
        self.leg.goes_on(held, None)

    def take(self, items: Sequence[Decoded]) -> bool:
        """What a packet held; whether it is held back."""
        procedure = self._procedure
        if procedure is None:
            return False
        self._held += items
        for item in items:
            if isinstance(item, ImuPair):
                if item.time_s <= self._begun_s:  # raw packets may lag: what holds, holds later
                    continue
                self._pairs.append(item)
                self._tell(procedure, procedure.feed(item))
            elif (
                isinstance(item, Gap)
                and item.channel is Channel.RAW
                and item.end_s - item.start_s > BRIDGED_S
            ):
                self._tell(procedure, procedure.lost(item))
        if self.active and self._pairs and self._pairs[-1].time_s - self._begun_s > MOST_S:
            self.leave("Nobody has stood still and squatted for two minutes.")
        return True

    def _tell(self, procedure: Procedure, events: Sequence[Told]) -> None:
        leg = self.leg
        assert leg is not None
        side = self.side.word
        for event in events:
            match event:
                case Began(step):
                    leg.warn(f"Re-aligning the {side} leg. {step.wants} {step.how}")
                case Noted(text):
                    leg.warn(text)
                case Rep(number, wanted, depth_deg):
                    leg.warn(f"Squat {number} of {wanted}, {depth_deg:.0f}° deep.")
                case Measured(windows):
                    self._work = asyncio.create_task(self._judge(procedure, windows))
                case Repeated(reasons, _, _):
                    leg.warn(" ".join(reasons).replace("five slow", "three slow"))
                case Refused(text):
                    self.leave(text)
                case Accepted(made, _):
                    self._accept(procedure, made)
                case _:
                    pass

    async def _judge(self, procedure: Procedure, windows: Sequence[Window]) -> None:
        first_s, last_s = windows[0].start_s - _AROUND_S, windows[-1].end_s + _AROUND_S
        pairs = [pair for pair in self._pairs if first_s <= pair.time_s <= last_s]
        try:  # in a thread: it takes a second or two, in which the link must be served
            made = await asyncio.to_thread(self._derive, pairs, windows)
        except CalibrationError as error:
            made = str(error)
        if self._procedure is procedure:  # else it was left meanwhile
            self._tell(procedure, procedure.judged(made))

    def _accept(self, procedure: Procedure, made: CalibrationFile) -> None:
        assert self.leg is not None
        windows = procedure.windows
        self.made = made
        self.slipped = False
        self.person_s = windows[-1].end_s - self._begun_s
        self._procedure = None
        held, self._held = self._held, []
        self.leg.goes_on(held, to_log(made, windows))
