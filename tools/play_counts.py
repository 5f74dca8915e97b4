"""Run the band's PairFilter over a file of counts, under MicroPython, for firmware_filter.py.

    micropython play_counts.py ROWS OUT PERIOD_S GYR_LSB ACC_LSB REST_BIAS ZEROS

ROWS holds int16 little-endian rows of 12 (thigh gyr, acc, shank gyr, acc). OUT gets, per row, 12
doubles: q_earth_thigh, q_earth_shank and the relative quaternion; at the end 6 more: both biases.
REST_BIAS is 0 or 1; ZEROS six numbers, comma separated: the table zeros in rad/s.
"""

import struct
import sys
from array import array

from kneeband.strapdown import PairFilter
from kneecore import fusion

CHUNK = 256


def play(rows_path, out_path, period_s, gyr_lsb, acc_lsb, rest_bias, zeros):
    """See above; the arguments as numbers."""
    pair = PairFilter(fusion.Params(rest_bias=rest_bias), period_s, gyr_lsb, acc_lsb)
    pair.set_bias(zeros[:3], zeros[3:])
    rows = array("h", bytes(24 * CHUNK))
    record = bytearray(96)
    with open(rows_path, "rb") as source, open(out_path, "wb") as out:
        while True:
            size = source.readinto(rows)
            if not size:
                break
            for index in range(size // 24):
                pair.step(rows, index)
                thigh, shank = pair.orientations()
                struct.pack_into("<12d", record, 0, *(thigh + shank + pair.relative()))
                out.write(record)
        out.write(struct.pack("<6d", *(pair.thigh.bias + pair.shank.bias)))


if __name__ == "__main__":
    play(
        sys.argv[1],
        sys.argv[2],
        float(sys.argv[3]),
        float(sys.argv[4]),
        float(sys.argv[5]),
        sys.argv[6] == "1",
        tuple([float(x) for x in sys.argv[7].split(",")]),
    )
