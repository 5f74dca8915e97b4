"""Both legs of a log on one clock: that of the computer that received them.

Each band counts time from its own first sample by its own crystal. When the computer received its
packets says how the two relate (`clock`). A leg whose band was switched on anew has several clocks;
the decoder ties them by the time between two receptions, and what is told here is that of the
longest stretch.
"""

from __future__ import annotations

import math
from dataclasses import replace

from kneetrack.clock import ClockFit, ClockLine
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Gap, KneeSample, Side
from kneetrack.sessionlog import SessionLog


def clocks(log: SessionLog) -> dict[Side, ClockLine]:
    """The clock of each leg in the time of its samples; nothing where there is but one leg.

    The computer's time is counted from the earlier leg's time zero.
    """
    if len(log.sides) < 2:
        return {}
    told = {side: _clock(log, side) for side in log.sides}
    lines = {side: line for side, line in told.items() if line is not None}
    zero_s = min((line.host_s(0.0) for line in lines.values()), default=0.0)
    return {
        side: replace(line, received_s=line.received_s - zero_s) for side, line in lines.items()
    }


def _clock(log: SessionLog, side: Side) -> ClockLine | None:
    decoder = Decoder(origin_us=log.origin_us(side), raw=False)
    stretches: list[tuple[int, ClockFit]] = []
    fit, packets = ClockFit(math.inf), 0
    for packet in log.worn(side):
        items = decoder.feed(packet)
        if packet.channel is not Channel.MEASUREMENT or not items:
            continue
        if any(isinstance(item, Gap) and item.count == 0 for item in items):
            stretches.append((packets, fit))
            fit, packets = ClockFit(math.inf), 0
        newest = items[-1]
        if isinstance(newest, KneeSample):
            fit.take(newest.time_s, packet.received_at_s)
            packets += 1
    _, longest = max([*stretches, (packets, fit)], key=lambda one: one[0])
    return longest.line
