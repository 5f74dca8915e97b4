"""What every way to a band has in common.

A `Link` is entered, talked to, listened to and left:

    async with open_link("sim:squats?valgus=8") as link:
        await command(link, wire.OP_START, ...)           # kneetrack.live
        await link.play()
        async for packet in link.packets():
            ...

A link yields packets as they were received and knows nothing of what is in them beyond the version
in Knee Feature. It stamps them with its own clock (`now_s`), and no other part reads one.

Some sources end by themselves (a simulated leg that has done its reps, a log), a real band does
not. Either way `finish()` ends well: the band stops its stream, what is in the air still arrives,
then `packets()` is over.

A connection may break in the middle: `packets()` raises LinkLost behind the last one that came.
Then `reconnect()` tries once to find the same band and to connect; how often, and what is said to
the band afterwards, is `kneetrack.live`'s business.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from kneecore import __version__, wire
from kneetrack.errors import UPDATE_BAND, ProtocolMismatch
from kneetrack.samples import Channel, Packet, Side, Vector, Window

CHANNEL_UUIDS = {
    Channel.MEASUREMENT: wire.MEASUREMENT_UUID,
    Channel.RAW: wire.RAW_UUID,
    Channel.FEATURE: wire.FEATURE_UUID,
    Channel.CONTROL: wire.CONTROL_UUID,
    Channel.TRANSFER: wire.TRANSFER_UUID,
}


@dataclass(frozen=True, slots=True)
class LinkInfo:
    """What a link is: `address` as it was given, `label` for people."""

    address: str
    label: str
    is_simulated: bool
    end_of_source: bool
    """Whether `packets()` comes to an end by itself."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is known beforehand of a source that was made or recorded before.

    Times of `windows` and `truth` are the source's own `time_s`. `truth` is what the source says of
    its reps (`reps`: a list of dicts), empty where it doesn't know.
    """

    side: Side
    exercise: str
    duration_s: float
    windows: tuple[Window, ...] = ()
    shank_length_m: float | None = None
    truth: dict[str, Any] = field(default_factory=dict[str, Any])

    def window(self, kind: str) -> Window | None:
        """The first window of that kind."""
        return next((window for window in self.windows if window.kind == kind), None)


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """What a link can tell of its radio; None where there is none, or it can't tell."""

    rssi_dbm: int | None = None
    """How strongly the last advertisement was heard, not the connection."""
    mtu: int | None = None
    """The ATT MTU agreed on (Core Specification, Vol 3, Part F, 3.4.2)."""
    channels: frozenset[Channel] | None = None
    """What this computer's Bluetooth says the band offers; it may remember an older firmware."""


class Link(Protocol):
    """One band, or what stands for one.

    `feature` holds the values of wire.FEATURE as read on entry. `origin_us` is the board clock
    (unwrapped, us) at the source's time zero, where the source has one; on a simulated band it is
    known once `play` has returned. The board's clock is not the link's: `source_s` joins the two.
    `scenario` is known on entry. `name` is what the band calls itself, from the entry on; empty for
    a recording.
    """

    @property
    def info(self) -> LinkInfo: ...
    @property
    def feature(self) -> Any: ...
    @property
    def origin_us(self) -> int | None: ...
    @property
    def scenario(self) -> Scenario | None: ...
    @property
    def name(self) -> str: ...
    @property
    def figures(self) -> LinkFigures: ...

    async def __aenter__(self) -> Link: ...
    async def __aexit__(self, *_: object) -> None: ...

    def now_s(self) -> float:
        """The clock by which `Packet.received_at_s` is stamped."""
        ...

    def source_s(self, at_s: float) -> float | None:
        """The source's time (`KneeSample.time_s`) when this link's clock shows `at_s`.

        None where nobody can tell: a real band, a log, a leg that was never set in motion.
        """
        ...

    async def sleep(self, duration_s: float) -> None:
        """Wait in the link's own time: a simulated one's passes `speed` times as fast."""
        ...

    async def reconnect(self) -> None:
        """Try once to come back to the same band: find, connect, subscribe, read Knee Feature.

        `packets()` then goes on. Raises BandNotFound where it is not heard, ProtocolMismatch where
        it has become another, LinkError for the rest; it may be tried again.
        """
        ...

    async def read_feature(self) -> None:
        """Read Knee Feature anew, into `feature` and as one of `packets()`."""
        ...

    async def write(self, channel: Channel, data: bytes) -> None:
        """Write to a characteristic; LinkError when that fails."""
        ...

    async def request(self, data: bytes, timeout_s: float) -> bytes:
        """Write a command to Knee Control Point and return its response (OP_RESPONSE, ..).

        The response is also among `packets()`. LinkError without one in `timeout_s`.
        """
        ...

    def packets(self) -> AsyncIterator[Packet]:
        """All packets from the entry on; ends with the source or after `finish`.

        Raises LinkLost, after all that was received, when the connection broke. A loop over it may
        be left and another begun; nothing is lost in between.
        """
        ...

    async def play(
        self,
        until_s: float | None = None,
        speed: float | None = None,
        zeros: tuple[Vector, Vector] | None = None,
    ) -> None:
        """Set a simulated leg in motion, from where it stands until `until_s` of its time.

        Returns when it moves. `speed` 0 is as fast as possible; None the one of the address.
        `zeros` is what the gyroscopes of a recording (thigh, shank; rad/s) show at rest: the leg is
        held for a while before and after the recorded motion, and they go on showing it. Does
        nothing on a real band.
        """
        ...

    async def finish(self) -> None:
        """Stop the stream; `packets()` then ends with what was on its way."""
        ...


_UPDATE_PROGRAM = "Update this program: git pull, make setup."


def check_protocol(feature: bytes, label: str) -> None:
    """Raise ProtocolMismatch unless the band with this Knee Feature speaks our major version."""
    theirs = tuple(feature[:2])
    ours = wire.PROTOCOL_VERSION
    if theirs[:1] == ours[:1] and len(feature) >= wire.FEATURE_LEAST:
        return
    if len(theirs) < 2:
        raise ProtocolMismatch(f"{label} does not tell its protocol version. {UPDATE_BAND}")
    update = _UPDATE_PROGRAM if theirs > ours else UPDATE_BAND
    raise ProtocolMismatch(
        f"{label} speaks protocol {theirs[0]}.{theirs[1]}, but kneetrack {__version__} speaks "
        f"{ours[0]}.{ours[1]}. {update}"
    )
