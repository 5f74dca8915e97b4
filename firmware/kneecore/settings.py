"""What a person may set on the band, and how its power and its last start are told.

The defaults hold until a host has sent a SETTINGS record (OP_SET_CONFIG), and again where the file
that keeps it can't be read. Each value has its limits here; both sides check by them.
"""

from kneecore.record import Record

POWER_USB = 0x01
POWER_CHARGING = 0x02
POWER_MOTION_WAKE = 0x04
"""Bits of `power` in STATUS: a cable gives power, the battery fills, a movement ends the sleep."""

RESET_UNKNOWN = 0
RESET_POWER = 1  # switched on
RESET_WATCHDOG = 2  # the firmware hung
RESET_CRASH = 3  # the firmware failed and started itself anew
RESET_BROWN_OUT = 4  # the voltage fell too low
RESET_SLEEP = 5  # woken
RESET_OTHER = 6  # the reset button, an update, the prompt

SETTINGS = Record(
    "Settings",
    ("sleep_min", "B", None, "min", "without a host and a recording, until it sleeps; 0: never"),
    ("lamp", "B", None, "", "LAMP_*"),
    ("cue_ms", "H", None, "ms", "how long a cue's pulse lasts"),
)

LAMP_OFF = 0  # but for faults, pairing and who asks for it
LAMP_ON = 1

LIMITS = (("sleep_min", 0, 240), ("lamp", LAMP_OFF, LAMP_ON), ("cue_ms", 50, 500))
"""(field, least, most)."""

DEFAULTS = (30, LAMP_ON, 200)


def wrong(values: "list[int] | tuple[int, ...]") -> str:
    """The first field that is out of its limits, or nothing."""
    for (name, least, most), value in zip(LIMITS, values):
        if not least <= value <= most:
            return name
    return ""
