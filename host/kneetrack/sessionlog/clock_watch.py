"""Notices that the computer slept, that its clock was set, or that the program stood still.

Three clocks that tell it apart when they are looked at every few seconds:

                     goes on while asleep    jumps when the clock is set
    monotonic        no (Linux, macOS)       no
    since boot       yes                     no       CLOCK_BOOTTIME of Linux, else there is none
    wall             yes                     yes

Since boot over monotonic is time slept, wall over since boot is a clock that was set. Without a
clock since boot the two can't be told apart and are told together. Where all clocks agree but the
look came late, the program did not run: it was stopped, or the computer was too busy; and on
systems whose monotonic clock goes on while asleep (Windows), it may have slept.

For a recording none of this changes a time in the log: packets carry the link's clock. It explains
a gap.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from kneetrack.sessionlog import streams

LOOK_S = 1.0
"""How often to look."""
LEAST_S = 1.0
"""The least sleep or jump to be told; clocks that are steered (NTP) part by less between looks."""
LATE_S = 5.0
"""A look so much later than LOOK_S means that the program stood still."""

SLEPT, SET, SLEPT_OR_SET, STOOD_STILL = "slept", "set", "slept_or_set", "stood_still"


@dataclass(frozen=True, slots=True)
class Clocks:
    """All clocks at one instant, in s. `since_boot_s` is None where the system has none."""

    monotonic_s: float
    since_boot_s: float | None
    wall_s: float  # since 1970, UTC


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """What the clocks gave away. `duration_s` is negative for a clock that was set back."""

    kind: str  # SLEPT, SET, SLEPT_OR_SET, STOOD_STILL
    duration_s: float

    @property
    def sentence(self) -> str:
        by = f"{abs(self.duration_s):.0f} s"
        if self.kind == SLEPT:
            return f"The computer slept for {by}; what the band sent meanwhile did not arrive."
        if self.kind == SET:
            way = "forward" if self.duration_s > 0 else "back"
            return f"The computer's clock was set {way} by {by}; the recording's own times go on."
        if self.kind == SLEPT_OR_SET:
            if self.duration_s < 0:
                return f"The computer's clock was set back by {by}; the recording's times go on."
            return f"The computer slept for {by}, or its clock was set forward by that."
        return f"The program stood still for {by}: it was stopped, or the computer slept."

    def to_json(self) -> dict[str, object]:
        """The event as it stands in a log."""
        return {
            "event": streams.CLOCK,
            "kind": self.kind,
            "duration_s": round(self.duration_s, 1),
        }


def read_clocks() -> Clocks:
    """The system's clocks, now."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    since_boot_s = None if boot is None else time.clock_gettime(boot)
    return Clocks(time.monotonic(), since_boot_s, time.time())


class ClockWatch:
    """Call `look` every LOOK_S; it says what happened since the look before, mostly nothing."""

    def __init__(self, read: Callable[[], Clocks] = read_clocks) -> None:
        self._read = read
        self._before = read()

    def look(self) -> list[ClockEvent]:
        before, now = self._before, self._read()
        self._before = now
        awake_s = now.monotonic_s - before.monotonic_s
        wall_s = now.wall_s - before.wall_s
        found: list[ClockEvent] = []
        if now.since_boot_s is None or before.since_boot_s is None:
            found.append(ClockEvent(SLEPT_OR_SET, wall_s - awake_s))
        else:
            boot_s = now.since_boot_s - before.since_boot_s
            found += [ClockEvent(SLEPT, boot_s - awake_s), ClockEvent(SET, wall_s - boot_s)]
        found = [one for one in found if abs(one.duration_s) >= LEAST_S]
        if awake_s - LOOK_S >= LATE_S:
            found.append(ClockEvent(STOOD_STILL, awake_s - LOOK_S))
        return found
