"""What a recording amounts to while it runs and at its end, and who is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from kneetrack.cue.coach import Cue
from kneetrack.live.states import LinkState
from kneetrack.samples import Channel, Decoded, Event, Gap, KneeSample, Packet
from kneetrack.spans import Spans


class Sink(Protocol):
    """Whoever shows what happens. Called in the loop, so it must be quick."""

    def packet(self) -> None:
        """One more packet came."""
        ...

    def item(self, item: Decoded) -> None: ...

    def event(self, event: Event) -> None: ...


@runtime_checkable
class LinkSink(Protocol):
    """A sink that shows the link too."""

    def link(self, news: LinkNews) -> None:
        """How it stands with the band; told when that changes, and every so often."""
        ...


@runtime_checkable
class CueSink(Protocol):
    """A sink that shows cues too."""

    def cue(self, cue: Cue, said: str) -> None:
        """One was given, with these words."""
        ...


@dataclass(frozen=True, slots=True)
class LinkNews:
    """How it stands with one band. None where something is not known."""

    state: LinkState
    silent_s: float
    """Since the last packet came."""
    packets: int = 0
    missing: int = 0
    """Knee samples that exist on the band, as far as is known, and are not here yet."""
    recovered: int = 0
    lost: int = 0
    """Knee samples that no longer exist anywhere, or of a band that keeps none never came."""
    keeps: bool = False
    """Whether the band goes on measuring and keeps it while nobody listens."""
    ending: bool = False
    """Whether the set is over and only what is missing is waited for."""
    at_end: int = 0
    """How many were missing when it was over."""
    attempt: int = 0
    """How often the way back was tried."""
    trouble: str = ""
    """Why that failed the last time."""
    rssi_dbm: int | None = None
    """How strongly the band's last advertisement was heard, not the connection."""
    mtu: int | None = None
    interval_ms: float | None = None
    battery_percent: int | None = None
    minutes_left: int | None = None
    """Until the band's battery is empty, by its own account."""
    charging: bool = False
    """The band has ended its recording, for a cable gives it power."""
    switched_off: bool = False
    """The band has ended its recording, for somebody held its button."""


@dataclass(frozen=True, slots=True)
class Unfetched:
    """A span of a recording that is not in its log, in device time."""

    start_s: float
    end_s: float
    count: int
    reason: str
    fetchable: bool
    """Whether the band still keeps it, for `kneetrack sync`."""


@dataclass(slots=True)
class Figures:
    """What a recording amounted to."""

    packets: int = 0
    knee_samples: int = 0
    """How many different ones came."""
    lost_samples: int = 0
    """How many are missing for good, or at least at the end."""
    recovered_samples: int = 0
    """How many came later than in their own packet."""
    repeated_samples: int = 0
    """How many came once more."""
    first_s: float | None = None  # when the first packet came, in the link's clock
    last_s: float = 0.0
    reconnects: int = 0
    unfetched: list[Unfetched] = field(default_factory=list[Unfetched])
    event_delays_s: list[float] = field(default_factory=list[float])
    """For each event, from the newest knee sample's instant (where the link shares the band's
    clock, else from the packet's reception) until the event was known."""
    sink_errors: list[BaseException] = field(default_factory=list[BaseException])
    """Why sinks were left out from some moment on."""
    _numbers: Spans = field(default_factory=Spans)

    @property
    def duration_s(self) -> float:
        return 0.0 if self.first_s is None else self.last_s - self.first_s

    def take(self, packet: Packet, items: Sequence[Decoded]) -> None:
        self.packets += 1
        if self.first_s is None:
            self.first_s = packet.received_at_s
        self.last_s = packet.received_at_s
        samples = 0
        first = last = -1
        for item in items:
            if isinstance(item, KneeSample):
                if not samples:
                    first = item.number
                last = item.number
                samples += 1
            elif isinstance(item, Gap) and item.channel is Channel.MEASUREMENT:
                self.lost_samples += item.count
        if not samples:
            return
        new = self._numbers.add(first, last + 1)
        self.knee_samples += new
        self.repeated_samples += samples - new
        if packet.channel is Channel.TRANSFER:
            self.recovered_samples += new
            self.lost_samples = max(0, self.lost_samples - new)
