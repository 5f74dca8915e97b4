"""A scenario as a recorded trace: what a logger on the very same two IMUs would have written.

    micropython firmware/sim/export.py SCENARIO OUT

writes OUT.csv, OUT.json (its sidecar: side, exercise, windows, truth) and OUT.ref.csv (the bones'
angles, for `kneetrack validate`). The values have gone through the chips: noise, zero, scale and
counts of the scenario's preset, at exactly RATE_HZ (a logger with one good clock). Lines
"progress 0.42" go to stderr.
"""

import json
import sys

from sim import chips as soldered
from sim import scenarios

RATE_HZ = 208
GYR_LSB = 0.070 * 3.141592653589793 / 180.0
ACC_LSB = 0.488e-3 * 9.80665
REFERENCE_EVERY = 2
REFERENCE_HEADER = "time_s,flexion_deg,valgus_deg,rotation_deg"
_PROGRESS_EVERY = 2000

_AXES = ("x", "y", "z")


def header() -> str:
    names = ["time_s"]
    for segment in ("thigh", "shank"):
        for quantity in ("acc", "gyr"):
            for axis in _AXES:
                names.append(segment + "_" + quantity + "_" + axis)
    return ",".join(names)


def _text(counts) -> str:
    """acc xyz then gyr xyz, in m/s^2 and rad/s, with digits well under a count."""
    gx, gy, gz, ax, ay, az = counts
    return "%.5f,%.5f,%.5f,%.6f,%.6f,%.6f" % (
        ax * ACC_LSB,
        ay * ACC_LSB,
        az * ACC_LSB,
        gx * GYR_LSB,
        gy * GYR_LSB,
        gz * GYR_LSB,
    )


def export(scenario, out: str, progress) -> None:
    """Write the three files; `progress(part)` is called now and then."""
    source = scenario.source
    chips = [soldered.errors_of(scenario.chip, number, scenario.seed) for number in (0, 1)]
    for chip in chips:
        chip.set_up(GYR_LSB, ACC_LSB, RATE_HZ)
    rows = int(scenario.info["duration_s"] * RATE_HZ)
    with open(out + ".csv", "w") as trace, open(out + ".ref.csv", "w") as reference:
        trace.write(header() + "\n")
        reference.write(REFERENCE_HEADER + "\n")
        for row in range(rows):
            t = row / RATE_HZ
            thigh = chips[0].counts(source.imu("thigh", t), t)
            shank = chips[1].counts(source.imu("shank", t), t)
            trace.write("%.6f,%s,%s\n" % (t, _text(thigh), _text(shank)))
            if row % REFERENCE_EVERY == 0:
                reference.write("%.6f,%.4f,%.4f,%.4f\n" % ((t,) + source.truth(t)))
            if row % _PROGRESS_EVERY == 0:
                progress(row / rows)
    sidecar = dict(scenario.info)
    sidecar["notes"] = "simulated by kneetrack, scenario " + scenario.info["name"]
    with open(out + ".json", "w") as file:
        json.dump(sidecar, file)
        file.write("\n")
    progress(1.0)


def _tell(part: float) -> None:
    print("progress %.2f" % part, file=sys.stderr)


def main() -> None:
    if len(sys.argv) != 3:
        print("usage: export.py SCENARIO OUT", file=sys.stderr)
        sys.exit(2)
    try:
        scenario = scenarios.make_from_address(sys.argv[1])
    except scenarios.ScenarioError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    export(scenario, sys.argv[2], _tell)


if __name__ == "__main__":
    main()
