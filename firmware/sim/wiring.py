"""What is soldered to which pin, by variant: as hardware/variants has it, not as the firmware does.

The firmware asks its `board` file. Which one is found is told here as well, before anything asks.
"""

import sys

BUTTON = {"a": 0, "b": 10}
"""Low while pressed."""
IMU_POWER = {"a": 7, "b": None}
"""The pin that switches the IMUs' power; the wing has them on 3V3."""
IMU_INTERRUPT = {"a": None, "b": 18}
"""INT1 of the thigh's IMU."""


def use(variant: str) -> None:
    """Have the firmware find that variant's board file."""
    for index, folder in enumerate(sys.path):
        if folder.endswith("/boards/a"):
            sys.path[index] = folder[:-1] + variant
