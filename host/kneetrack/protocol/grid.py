"""Where one channel of a band's packets stands."""

from __future__ import annotations

from kneecore import wire

US = 2**32
"""A packet's time_us goes round after so many."""
NUMBERS = 2**16
"""A packet's sequence goes round after so many."""


class Grid:
    """Where one channel stands: its newest sample so far and what is due next."""

    __slots__ = (
        "end_us",
        "fresh",
        "lag_us",
        "next_number",
        "next_sequence",
        "received_us",
        "start_us",
        "time_us",
    )

    def __init__(self) -> None:
        self.fresh = True  # no packet of this boot yet
        self.next_sequence = -1
        self.next_number = -1  # no packet at all yet
        self.time_us = 0  # of the newest packet, as it travelled
        self.start_us = 0  # the same, unwrapped
        self.end_us = 0  # one period after its last sample
        self.received_us = 0  # when it came, by the receiver's clock
        self.lag_us: int | None = None  # that clock less end_us, at the last live packet

    def advance(
        self, header: tuple[int, ...], number: int, at_us: int, count: int, received_us: int
    ) -> None:
        _, sequence, self.time_us, period_us, flags = header
        self.fresh = False
        self.next_sequence = (sequence + count) % NUMBERS
        self.next_number = number + count
        self.start_us = at_us
        self.end_us = at_us + count * period_us
        self.received_us = received_us
        if self.lag_us is None or not flags & wire.FLAG_BACKFILL:
            self.lag_us = received_us - self.end_us
