# ruff: noqa: F821  (ptr16 and ptr32 are words of viper's own)
"""Counts corrected for the errors of the IMUs (kneecore.sensors), in fixed point, in place.

    count + ((e0 x + e1 y + e2 z + offset) >> 18)

for each of the three axes of each of a row's four sensors: x, y, z are the sensor's counts, e a row
of T - 1 or G - 1 in Q18, the offset -T offset in counts, Q18 too, with the half that rounds.
It is done where the pairs are made, so that whatever leaves the band, angles and raw pairs alike,
was measured by the same corrected sensors, and a host computes from a recording what the band did.

Limits: |e0| + |e1| + |e2| <= 0.2 and an offset under 1000 counts (kneecore.sensors) keep the sum
below 0.2 * 2**18 * 2**15 + 1000 * 2**18 < 2**31. A count at an end of its range says only "or more"
and is left there; one that would pass an end is put there.
"""

from array import array

import micropython

from kneecore.sensors import less_identity

_Q18 = 262144.0
_PER_SENSOR = 12  # nine elements, three offsets


def table(sensors, acc_lsb: float):
    """The numbers for `correct`: for each sensor of a row three times (e0, e1, e2, offset)."""
    words = array("i", bytes(4 * 4 * _PER_SENSOR))
    at = 0
    for imu in (sensors.thigh, sensors.shank):
        for matrix, offset in (
            (imu.gyr_matrix, (0.0, 0.0, 0.0)),
            (imu.acc_matrix, imu.acc_offset),
        ):
            less = less_identity(matrix)
            for row in (0, 3, 6):
                shift = 0.0
                for k in range(3):
                    words[at + k] = int(round(less[row + k] * _Q18))
                    shift -= matrix[row + k] * offset[k] / acc_lsb
                words[at + 3] = int(round((shift + 0.5) * _Q18))
                at += 4
    return words


@micropython.viper
def correct(rows, words, count: int):
    """Correct `count` rows of twelve in `rows` by the `words` of `table`."""
    p = ptr16(rows)
    c = ptr32(words)
    top = 1
    top <<= 31
    i = 0
    end = count * 12
    k = 0
    while i < end:
        if k == 48:
            k = 0
        x = (p[i] ^ 0x8000) - 0x8000
        y = (p[i + 1] ^ 0x8000) - 0x8000
        z = (p[i + 2] ^ 0x8000) - 0x8000
        stop = i + 3
        while i < stop:
            axis = (p[i] ^ 0x8000) - 0x8000
            if axis != 32767 and axis != -32768:
                total = ((c[k] ^ top) - top) * x + ((c[k + 1] ^ top) - top) * y
                total += ((c[k + 2] ^ top) - top) * z + ((c[k + 3] ^ top) - top)
                axis += total >> 18
                if axis > 32767:
                    axis = 32767
                elif axis < -32768:
                    axis = -32768
                p[i] = axis
            k += 4
            i += 1
