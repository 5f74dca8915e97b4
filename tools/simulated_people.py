"""Sessions whose truth is known, from either generator, in one form for the benches.

`people` is tests/support/people. `simulator` is firmware/sim, run under MicroPython by its own
export script and read back as the trace that it writes; a scenario's options are all that is known
of it here.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kneetrack.firmware_files import firmware_dir, run_micropython
from kneetrack.traces import Trace, read_trace
from kneetrack.traces.reader import FloatArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from people import Person, Plan, course, session, truth, turns

__all__ = [
    "GivenRep",
    "Person",
    "Plan",
    "Recorded",
    "course",
    "from_people",
    "from_simulator",
    "session",
    "truth",
    "turns",
]


@dataclass(frozen=True, slots=True)
class GivenRep:
    """A rep of the set; the figures are of the bones, valgus less its mean in the stand."""

    start_s: float
    bottom_s: float
    end_s: float
    excursion_deg: float
    peak_valgus_deg: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """A trace; the bones' flexion, valgus and rotation (n, 3) at `truth_s` (n,); the set's reps.

    `functional` are the spans (s) of the calibration squats.
    """

    trace: Trace
    truth_s: FloatArray
    angles_deg: FloatArray
    reps: tuple[GivenRep, ...]
    functional: tuple[tuple[float, float], ...]

    def angles_at(self, times: FloatArray) -> FloatArray:
        """(len(times), 3), linear between the truth's samples."""
        return np.column_stack(
            [np.interp(times, self.truth_s, self.angles_deg[:, k]) for k in range(3)]
        )


def from_people(
    person: Person, soft_tissue_deg: float, load_gain: float, plan: Plan | None = None
) -> Recorded:
    """A session of tests/support/people."""
    made = session(person, soft_tissue_deg=soft_tissue_deg, load_gain=load_gain, plan=plan)
    spans = [(rep.kind, rep.start_s, rep.end_s, rep.excursion_deg) for rep in made.truth.reps]
    return _recorded(made.trace, made.trace.time_s, made.truth.angles_deg, spans)


def from_simulator(scenario: str) -> Recorded:
    """What the firmware's simulator exports for `scenario`, such as "squats?seed=3&sta=4"."""
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "simulated"
        script = firmware_dir() / "sim" / "export.py"
        command = run_micropython([str(script), scenario, str(stem)])
        done = subprocess.run(
            command.arguments, env=command.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{scenario}: {done.stdout.strip()[-300:]}")
        trace = read_trace(stem.with_suffix(".csv"))
        reference = np.loadtxt(stem.with_suffix(".ref.csv"), delimiter=",", skiprows=1)
    told: dict[str, Any] = trace.truth or {}
    spans = [(r["kind"], r["start_s"], r["end_s"], r["excursion_deg"]) for r in told["reps"]]
    return _recorded(trace, reference[:, 0], np.ascontiguousarray(reference[:, 1:4]), spans)


def _recorded(
    trace: Trace,
    truth_s: FloatArray,
    angles_deg: FloatArray,
    spans: list[tuple[str, float, float, float]],
) -> Recorded:
    """From each rep's kind, start, end and excursion."""
    stand = next(one for one in trace.windows if one.kind == "stand")
    still = (truth_s >= stand.start_s) & (truth_s <= stand.end_s)
    zero = float(angles_deg[still, 1].mean())
    reps: list[GivenRep] = []
    for kind, start_s, end_s, excursion_deg in spans:
        if kind == "set":
            inside = np.flatnonzero((truth_s >= start_s) & (truth_s <= end_s))
            bottom_s = float(truth_s[inside[np.argmax(angles_deg[inside, 0])]])
            peak = float(angles_deg[inside, 1].max()) - zero
            reps.append(GivenRep(start_s, bottom_s, end_s, excursion_deg, peak))
    functional = tuple((start, end) for kind, start, end, _ in spans if kind == "functional")
    return Recorded(trace, truth_s, angles_deg, tuple(reps), functional)
