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
"""After so long garbage is collected at the latest; sooner where the heap is small (`garbage`)."""

RETRY_MS = const(1000)
"""How often an IMU that does not answer is set up anew."""

POWER_MS = const(1000)
"""How often the fuel gauge and the USB core are asked whether a cable is in (`power`)."""

BATTERY_LOW_PERCENT = const(15)

WATCHDOG_MS = const(10_000)
"""After so long without a poll the board starts anew. Flash holds a poll up for 0.6 s at most (its
file system's garbage collection; `sim.flash`), the radio's farewell for 1 s."""

PROMPT_MS = const(3_600_000)
"""The same while somebody is at the prompt: nobody can switch it off (`guard`)."""

MOTION_AWAKE_MIN = const(2)
"""A band that a movement has woken, and nobody uses, sleeps again after so long ..."""

MOTION_WAKES = const(3)
"""... and after so many of these in a row it waits for its button: it is being carried about."""

STATUS_MS = wire.STATUS_PERIOD_S * 1000
"""How often STATUS is told unasked while streaming."""

ADVERTISING_INTERVAL_US = const(100_000)

PACKET_QUEUE = const(8)
"""Packets kept while the radio is full: 0.6 s of knee samples, or 0.2 s with raw pairs."""

COMMAND_QUEUE = const(4)

LONG_HOLE_US = const(100_000)
"""A longer hole in the samples starts the filters anew: what turned meanwhile is not known."""

RING_BLOCKS = const(144)
"""Blocks of knee samples kept in RAM, 28 KB: about 19 s at full rate."""

RING_HIGH = const(112)
"""Above this the oldest go to flash although a host is there: it does not acknowledge."""

BLOCKS_PER_SERVE = const(16)
"""The most that go to flash at a time: under one page of 4 KiB, so one or two erasures, 0.1 s each.
The IMUs' FIFOs hold 1.2 s."""

PUSH_MS = const(1000)
"""How often a recording without a host is made safe on flash."""

LINGER_MS = const(3000)
"""How long a host may acknowledge after the end, before the rest goes to flash."""

DETACHED_S = const(900)
"""How long a recording goes on when its host has left."""

BATTERY_FLAT_PERCENT = const(3)
"""At this level a recording without a host is ended while there is power to do it well."""

BLOCKS_STREAMING = const(2)
BLOCKS_SILENT = const(6)
"""Blocks that are sent again at a time (every POLL_MS), with live packets and without."""

DEBOUNCE_MS = const(30)
SHORT_PRESS_MS = const(1000)
HELD_PRESS_MS = const(3000)
OFF_PRESS_MS = const(6000)
LONG_PRESS_MS = const(10_000)

PAIRING_S = const(60)
"""How long the button opens the window in which a new host may bond."""

HABITS_PATH = "habits.dat"

PREFERENCES_PATH = "settings.dat"

BONDS_PATH = "bonds.dat"

BONDS_MAX = const(4)
"""Hosts that the band knows; one more takes the place of the one that was away for longest."""

ENCRYPT_S = const(10)
"""How long a connected host may take to encrypt the link ..."""

PAIR_S = const(30)
"""... and while a new one may pair, for somebody may have to answer its question."""

FAREWELL_MS = const(1000)
"""How long the answer to FORGET may take to be confirmed, before the link is dropped; how long a
band that was switched off waits, so that its host hears of it."""

IN_USE_INTERVAL_US = const(500_000)
"""How often the band advertises while it is connected: only to say so."""
