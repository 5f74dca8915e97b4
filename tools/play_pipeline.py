"""Run the band's filter and pipeline over a file of counts, under MicroPython.

    micropython play_pipeline.py ROWS CALIBRATION OUT GYR_LSB ACC_LSB

ROWS holds int16 little-endian rows of 12 (thigh gyr, acc, shank gyr, acc) every PAIR_PERIOD_US,
CALIBRATION a wire.CALIBRATION record. OUT gets, per knee sample, 13 doubles: flexion, valgus,
rotation, sigma (deg), the flags, q_earth_thigh, q_earth_shank. See firmware_angles.py.
"""

import struct
import sys
from array import array

from kneeband.strapdown import PairFilter
from kneecore import calibration, fusion, wire
from kneecore.pipeline import Pipeline

CHUNK = 256


def play(rows_path, calibration_path, out_path, gyr_lsb, acc_lsb):
    """See above; the arguments as numbers."""
    with open(calibration_path, "rb") as source:
        wanted = calibration.from_wire(source.read())
    pair = PairFilter(fusion.Params(), wire.PAIR_PERIOD_US * 1e-6, gyr_lsb, acc_lsb)
    pipeline = Pipeline(pair, wanted.side)
    pipeline.set_calibration(wanted)
    rows = array("h", bytes(24 * CHUNK))
    with open(rows_path, "rb") as source, open(out_path, "wb") as out:
        while True:
            size = source.readinto(rows)
            if not size:
                break
            for index in range(size // 24):
                if pipeline.step(rows, index):
                    thigh, shank = pair.orientations()
                    out.write(
                        struct.pack(
                            "<13d",
                            pipeline.flexion_deg,
                            pipeline.valgus_deg,
                            pipeline.rotation_deg,
                            pipeline.sigma_deg,
                            float(pipeline.flags),
                            *(thigh + shank),
                        )
                    )


if __name__ == "__main__":
    play(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5]))
