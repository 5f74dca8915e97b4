"""What goes wrong with an IMU: when the band tells it, and when samples are right again.

    python tools/bench_imu_faults.py                     the matrix, half a minute
    python tools/bench_imu_faults.py MPU-6050 LSM6DSOX   some chips

The firmware's own drivers and sampler on register models of the chips (firmware/sim), no board; the
worlds are those of tests/firmware/device/imu_worlds.py, which is what the tests assert. The faulty
IMU is the thigh's; where both are wired to one address, the shank's is the one that is missing.
Times are virtual, so a busy machine changes no figure. An LSM6DSO answers as an LSM6DSOX, an
MPU-9255 as the 9250 does: they have no rows of their own.

told    ms from the beginning of the fault to the poll after which the band tells it, and as what:
        FAULT in STATUS and the lamp, OVERRUN counted in STATUS and flagged, SATURATED flagged. An
        overflow is counted from the end of what kept the board busy.
why     ms from the beginning to the poll after which the band says what is the matter, where it
        knows: BUS (a line is held low), ONE ADDRESS, WRONG CHIP
other   ms: the largest age of the other IMU's newest row meanwhile. Pairs need both; the other's
        rows go on, with their times.
back    ms from the end of the fault to the first pair whose time lies after it
error   us: the largest error of a pair's time, and of its halves against each other, from 60 pairs
        after that on; every pair's units and axes are checked too

Exits with 1 where something is told or explained later than after a second, not over, or wrong by
2.5 ms (the first second of a chip that does not tell its period: `kneeband/stream.py`).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIRMWARE = ROOT / "firmware"
WORLDS = ROOT / "tests" / "firmware" / "device"
BIN = Path(sys.executable).parent
CHIPS = ("LSM6DSOX", "ISM330DHCX", "ICM-42688-P", "MPU-6050", "MPU-6500", "MPU-9250")
FOR_GOOD = "silent for good"
IN_TIME_MS = 1000
RIGHT_US = 2500
SCRIPT = """
import json
import imu_worlds
for fault in imu_worlds.FAULTS:
    seen = dict(imu_worlds.played(CHIP, fault).__dict__)
    seen["fault"] = fault
    seen["both"] = fault in imu_worlds.BOTH_TOLD
    seen["expected"] = imu_worlds.EXPLAINED.get(fault, "")
    print(json.dumps(seen))
"""


def seen_of(chip: str) -> list[dict]:
    """One row for each fault."""
    board = FIRMWARE / "boards" / "a"
    path = [FIRMWARE / "sim" / "shims", FIRMWARE, board, WORLDS, ".frozen"]
    script = f"CHIP = {chip!r}{SCRIPT}"
    done = subprocess.run(
        [BIN / "micropython", "-X", "heapsize=16M", "-c", script],
        env={**os.environ, "MICROPYPATH": ":".join(map(str, path))},
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    return sorted((json.loads(line) for line in done.stdout.splitlines()), key=_fault)


def _fault(row: dict) -> str:
    return row["fault"]


def is_good(row: dict) -> bool:
    """Told in time, the other one unharmed, and over."""
    told = row["told_ms"] is not None and row["told_ms"] <= IN_TIME_MS
    alone = not row["other_faulty"] or row["both"]
    told = told and row["why"] == row["expected"]
    told = told and (row["why_ms"] is None or row["why_ms"] <= IN_TIME_MS)
    if row["fault"] == FOR_GOOD:
        return told and alone and row["back_ms"] is None
    right = row["worst_us"] is not None and max(row["worst_us"], row["apart_us"]) <= RIGHT_US
    return told and alone and right and row["faults_after"] == 0


def line_of(chip: str, row: dict) -> str:
    other = "is told too" if row["other_faulty"] else f"{row['other_age_ms']:.0f}"
    back = "-" if row["back_ms"] is None else f"{row['back_ms']:.0f}"
    error = "-"
    if row["worst_us"] is not None:
        error = f"{row['worst_us']:.0f}, {row['apart_us']:.0f}"
    told = "never" if row["told_ms"] is None else f"{row['told_ms']:.0f} {row['told_as']}"
    why = "-" if row["why_ms"] is None else f"{row['why_ms']:.0f} {row['why']}"
    verdict = "" if is_good(row) else "   <- NOT GOOD"
    cells = f"{chip:12} {row['fault']:26} {told:>13} {why:>15} {other:>11}"
    return f"{cells} {back:>5} {error:>11}{verdict}"


def main() -> int:
    asked = sys.argv[1:] or list(CHIPS)
    if asked[0].startswith("-"):
        print(__doc__)
        return 0
    head = ("chip", "fault", "told, ms", "why, ms", "other, ms", "back", "error, us")
    print("{:12} {:26} {:>13} {:>15} {:>11} {:>5} {:>11}".format(*head))
    good = True
    for chip in asked:
        for row in seen_of(chip):
            print(line_of(chip, row), flush=True)
            good = good and is_good(row)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
