"""What can be chosen without touching code: times, sizes, defaults. Pins are in `board`."""

from micropython import const

from kneecore import wire

MODEL = "KneeBand 1"

DEFAULT_SIDE = wire.SIDE_RIGHT
"""Until the host has said otherwise."""

STORE_PATH = "kneeband.dat"

POLL_MS = const(20)
"""How often the FIFOs are read: about four samples each, far below the FIFO's 1.2 s. Not a multiple
of the sample period, so the polls sweep through its phase, which the sampler's clock needs."""

COLLECT_MS = const(1000)
"""How often garbage is collected, at a known point of the loop. Left to itself the collector would
run in the middle of a notification."""

RETRY_MS = const(1000)
"""How often an IMU that does not answer is set up anew."""

BATTERY_MS = const(30_000)

STATUS_MS = wire.STATUS_PERIOD_S * 1000
"""How often STATUS is told unasked while streaming."""

ADVERTISING_INTERVAL_US = const(100_000)

PACKET_QUEUE = const(8)
"""Packets kept while the radio is full: 0.6 s of knee samples, or 0.2 s with raw pairs."""

COMMAND_QUEUE = const(4)

LONG_HOLE_US = const(100_000)
"""A longer hole in the samples starts the filters anew: what turned meanwhile is not known."""
