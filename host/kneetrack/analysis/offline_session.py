"""A source, log or trace, to the session that it is when measured offline, beside the online one.

The online result is never replaced: `beside` adds the offline one to its JSON, and each tells the
versions that made it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kneecore import __version__
from kneetrack.analysis import acausal
from kneetrack.analysis.angles import PAIR_S
from kneetrack.analysis.calibrate import from_pairs
from kneetrack.analysis.log import calibration_in, only_side, realignments_in, sides_of
from kneetrack.analysis.offline import METHOD, measure_offline, measured_stretches
from kneetrack.analysis.raw import SHORTEST_S, RawPairs, Stretch, raw_pairs
from kneetrack.analysis.session import LegSession, SessionResult, to_json
from kneetrack.analysis.source import is_log
from kneetrack.analysis.trace import alignment_of, edited_trace, reference_of, session_of
from kneetrack.calibration.store import CalibrationFile
from kneetrack.detection import Analyzer
from kneetrack.edits import Edits
from kneetrack.edits import read as read_edits
from kneetrack.errors import CalibrationError
from kneetrack.samples import KneeSample, Side
from kneetrack.sessionlog import SessionLog, read_log
from kneetrack.traces import read_trace


def analyse_offline(source: Path, *, side: Side | None = None) -> SessionResult:
    """The session in the log or trace at `source`, measured with the whole of it at hand.

    `side` as in `analysis.analyse`. Raises LogError where a log holds no raw IMU data, InputError
    where the vqf package is not installed, else as `analysis.analyse`.
    """
    acausal.vqf_version()
    if not is_log(source):
        trace, edits = edited_trace(source, side)
        return session_of(measure_offline(trace, smooth=False), edits)
    log = read_log(source)
    edits = read_edits(source)
    warnings = [log.torn] if log.torn else []
    legs: list[LegSession] = []
    for one in sides_of(log, side):
        leg = _Leg(log, one, edits)
        legs.append(leg.session())
        warnings += leg.warnings
    return SessionResult(source, tuple(legs), tuple(warnings), edits.over(log.session), edits)


def offline_samples(source: Path, *, side: Side | None = None) -> tuple[KneeSample, ...]:
    """The knee samples of one leg of `source`, low-passed without delay. Raises as above.

    CalibrationError where no calibration can be found.
    """
    acausal.vqf_version()
    if is_log(source):
        log = read_log(source)
        return _Leg(log, only_side(log, side), Edits()).samples(smooth=True)
    measured = measure_offline(read_trace(source, side))
    if measured.calibration is None:
        raise CalibrationError(measured.warnings[0])
    return measured.samples


def beside(online: dict[str, Any], offline: SessionResult) -> dict[str, Any]:
    """The JSON of the online session with the offline one in it, as `analyze --offline --json`."""
    document = to_json(offline)
    return online | {
        "offline": {
            "legs": document["legs"],
            "gaps": document["gaps"],
            "warnings": document["warnings"],
            "versions": versions(),
        }
    }


def versions() -> dict[str, str]:
    """What made an offline result."""
    return {"kneetrack": __version__, "vqf": acausal.vqf_version(), "method": METHOD}


class _Leg:
    """One leg of a log, measured from its raw pairs."""

    def __init__(self, log: SessionLog, side: Side, edits: Edits) -> None:
        self.log = log
        self.side = side
        self.labels = edits.labels_of(side)
        told = edits.over(log.session)
        self.warnings: list[str] = []
        self.exercise = str(told.get("exercise") or "unknown")
        self.windows = log.windows_of(side)
        self.pairs: RawPairs = raw_pairs(log, side)
        self.calibration = calibration_in(log, side, self.warnings) or self._own_calibration()
        self.realignments = realignments_in(log, side, self.warnings)
        if self.pairs.bridged:
            places = "place" if self.pairs.bridged == 1 else "places"
            self.warnings.append(
                f"Raw samples are missing in {self.pairs.bridged} {places} (0.1 s at most); they "
                "were bridged."
            )

    def _own_calibration(self) -> CalibrationFile:
        """The calibration that the log's windows give, for one that was recorded without."""
        longest: Stretch = max(self.pairs.stretches, key=lambda each: len(each.times))
        return from_pairs(
            longest.times,
            longest.rows,
            self.side,
            self.windows,
            exercise=self.exercise,
        )

    def samples(self, *, smooth: bool) -> tuple[KneeSample, ...]:
        samples: list[KneeSample] = []
        warmth = self.log.temperatures(self.side)
        for calibration, stretches in self._epochs():
            measured, told = measured_stretches(
                stretches, calibration, self.exercise, self.windows, smooth=smooth, warmth=warmth
            )
            samples += measured
            self.warnings += told
        return tuple(samples)

    def _epochs(self) -> Iterator[tuple[CalibrationFile, list[Stretch]]]:
        """What was measured by one alignment each."""
        made, from_s = self.calibration, -math.inf
        for one in self.realignments:
            yield made, self._between(from_s, one.from_s)
            made, from_s = replace(self.calibration, calibration=one.calibration), one.from_s
        yield made, self._between(from_s, math.inf)

    def _between(self, from_s: float, until_s: float) -> list[Stretch]:
        """The stretches from one instant to another, cut there."""
        cut: list[Stretch] = []
        for one in self.pairs.stretches:
            first, end = np.searchsorted(one.times, (from_s, until_s)).tolist()
            if (end - first) * PAIR_S >= SHORTEST_S or (first, end) == (0, len(one.times)):
                cut.append(Stretch(one.times[first:end], one.rows[first:end], one.number + first))
        return cut

    def session(self) -> LegSession:
        """The reps and sets; holes in the raw data are told as gaps."""
        length = self.log.session.get("shank_length_m")
        analyzer = Analyzer(
            self.side,
            self.exercise,
            self.windows,
            reference_of(self.calibration),
            shank_length_m=float(length) if isinstance(length, int | float) else None,
            alignment=alignment_of(self.calibration),
            labels=self.labels,
            realignments=[replace(one, angles=False) for one in self.realignments],
            in_order=True,
        )
        gaps = list(self.pairs.gaps)
        for sample in self.samples(smooth=False):
            while gaps and gaps[0].end_s <= sample.time_s:
                analyzer.feed(gaps.pop(0))
            analyzer.feed(sample)
        analyzer.flush()
        result = analyzer.result()
        self.warnings += result.warnings
        return LegSession(result, self.calibration, self.windows)
