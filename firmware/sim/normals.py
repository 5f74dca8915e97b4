"""The draws behind the tables of normal deviates, in the machine's words (MicroPython only).

`chip_errors.Random` keeps 64 bits, which MicroPython's small integers do not hold: each of its
draws makes several long ones. Filling the tables so took a third of a simulated board's start.
"""

from array import array

import micropython

_MULTIPLIER = 6364136223846793005
_INCREMENT = 1442695040888963407
_CONSTANTS = array(
    "I",
    [_MULTIPLIER & 0xFFFFFFFF, _MULTIPLIER >> 32, _INCREMENT & 0xFFFFFFFF, _INCREMENT >> 32],
)


def sums_of_twelve(state: int, count: int):
    """`count` times the sum of twelve draws, each 32 bits, as pairs of 32 bits, the low ones first.

    `state` is that of the Random to draw from.
    """
    sums = array("I", bytes(8 * count))
    _draw(sums, count, array("I", [state & 0xFFFFFFFF, state >> 32]), _CONSTANTS)
    return sums


@micropython.viper
def _draw(sums, count: int, state, constants):
    out = ptr32(sums)
    k = ptr32(constants)
    s = ptr32(state)
    multiplier = (k[1] & 0xFFFFFFFF) << 32 | k[0] & 0xFFFFFFFF
    increment = (k[3] & 0xFFFFFFFF) << 32 | k[2] & 0xFFFFFFFF
    x = (s[1] & 0xFFFFFFFF) << 32 | s[0] & 0xFFFFFFFF
    for i in range(count):
        total = 0
        for _ in range(12):
            x = x * multiplier + increment
            total += x >> 32 & 0xFFFFFFFF
        out[2 * i] = total & 0xFFFFFFFF
        out[2 * i + 1] = total >> 32
