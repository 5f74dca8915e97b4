"""Simulated sessions of several sets, found by an analyzer that is told of no windows."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kneetrack.analysis.trace import measure
from kneetrack.detection import Analyzer
from kneetrack.samples import KneeSample, Rep, RepSet, SetEnded, Side
from kneetrack.traces import read_trace
from sim import export, scenarios

BEFORE_S = 1.5
"""How long before the first set the recording begins: behind the calibration."""
OFF_S = 0.7
"""A set's first and last rep must be found within this much of where they were."""
SHORT = "functional=3&table=3&stand=3.5"


@dataclass(frozen=True)
class Given:
    """One set as it was done."""

    start_s: float
    end_s: float
    reps: int


@dataclass(frozen=True)
class Found:
    """One set as it was found, and when it was told."""

    set: RepSet
    reps: tuple[Rep, ...]
    told_s: float


@cache
def samples_of(address: str) -> tuple[dict[str, Any], tuple[KneeSample, ...]]:
    """What the rig tells of a scenario, and all its knee samples."""
    scenario = scenarios.make_from_address(f"{address}&{SHORT}")
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "session"
        export.export(scenario, str(stem), lambda _: None)
        return scenario.info, measure(read_trace(stem.with_suffix(".csv"))).samples


def given(info: dict[str, Any]) -> list[Given]:
    sets: dict[int, list[dict[str, Any]]] = {}
    for rep in info["truth"]["reps"]:
        if rep["kind"] == "set":
            sets.setdefault(rep["set"], []).append(rep)
    return [Given(reps[0]["start_s"], reps[-1]["end_s"], len(reps)) for reps in sets.values()]


def found(info: dict[str, Any], samples: tuple[KneeSample, ...]) -> list[Found]:
    """The sets that an analyzer finds which knows of no windows."""
    begins_s = next(w["start_s"] for w in info["windows"] if w["kind"] == "set") - BEFORE_S
    analyzer = Analyzer(Side.from_word(info["side"]), "squat")
    told: list[tuple[float, RepSet]] = []
    for sample in samples:
        if sample.time_s < begins_s:
            continue
        said = analyzer.feed(sample)
        told += [(sample.time_s, event.set) for event in said if isinstance(event, SetEnded)]
    last_s = samples[-1].time_s
    told += [(last_s, event.set) for event in analyzer.flush() if isinstance(event, SetEnded)]
    reps = analyzer.result().reps
    return [
        Found(one, tuple(rep for rep in reps if rep.set == one.index), told_s)
        for told_s, one in told
    ]


def right(done: list[Given], seen: list[Found]) -> int:
    """How many sets were found once each, from their first rep to their last, all reps counted."""
    return sum(
        sum(
            abs(one.set.start_s - each.start_s) < OFF_S
            and abs(one.set.end_s - each.end_s) < OFF_S
            and len(one.reps) == each.reps
            for one in seen
        )
        == 1
        for each in done
    )
