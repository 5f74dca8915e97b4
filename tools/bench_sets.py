#!/usr/bin/env python3
"""How many sets begin, end and count by themselves as they were done, on simulated sessions.

    python tools/bench_sets.py [--seeds N] [--first SEED]

Each session has several sets with whatever people do between them, and the analyzer is told of no
windows. A set is right if it was found once, from its first rep to its last, with all its reps.
`told after` is how long after its last rep a set was known to be over (median; not the last set,
which the recording ends). `20 s` is the same without looking at steps and turns.

The seeds are none of those that the limits were chosen with (1 to 13).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from kneetrack.detection import leaving
from whole_sessions import found, given, right, samples_of

SESSIONS = {
    "re-rack, 40 s of rest": "rerack?sets=3&reps=5&rest=40",
    "re-rack, 6 s of rest": "rerack?sets=3&reps=5&rest=6",
    "re-rack, 12 s more before every third rep": "rerack?sets=3&reps=6&rest=40&breath=12",
    "re-rack, a walk in the rest": "rerack?sets=3&reps=3&rest=12&away=8",
    "a walk in the rest": "squats?sets=3&reps=5&rest=6&away=6",
    "standing still for 30 s": "squats?sets=3&reps=5&rest=30",
    "one foot put right in the set": "restance?sets=2&reps=6&rest=30",
    "left leg, singles": "rerack?side=left&sets=4&reps=1&rest=30",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=3, help="people per row [%(default)s]")
    parser.add_argument("--first", type=int, default=501, help="first seed [%(default)s]")
    chosen = parser.parse_args()
    print(
        f"{'between the sets':<44}{'sets':>5}{'found':>7}{'right':>7}{'told after':>12}{'20 s':>6}"
    )
    for name, address in SESSIONS.items():
        sets = seen = good = old = 0
        delays: list[float] = []
        for seed in range(chosen.first, chosen.first + chosen.seeds):
            info, samples = samples_of(f"{address}&seed={seed}")
            done, ends = given(info), found(info, samples)
            sets += len(done)
            seen += len(ends)
            good += right(done, ends)
            delays += [one.told_s - one.set.end_s for one in ends[:-1]]
            with (
                mock.patch.object(leaving, "is_step", return_value=False),
                mock.patch.object(leaving.Turning, "has_turned", return_value=False),
            ):
                old += right(done, found(info, samples))
        told = f"{median(delays):.1f} s" if delays else "-"
        print(f"{name:<44}{sets:>5}{seen:>7}{good:>7}{told:>12}{old:>6}", flush=True)


if __name__ == "__main__":
    main()
