"""One recording as it is exported: all legs, sample by sample, on one clock.

Time is counted from the session's start. One leg alone: that is its own time zero, and its times
are those of `analyze`. Two legs: each band counts by its own crystal from its own first sample;
`analysis.two_legs` ties both to the computer that received them, and all times of a leg (samples,
reps, gaps, events) are told by that clock, from the earlier leg's time zero on.

`started` is the instant (UTC) at which the recording was begun, as the log has it (to the
millisecond, by earlier versions to the second): enough to find a session again, not to line up two
devices, for how long the first sample then took is not known. It is told as that of the first
sample of the session (`first_s`; not always 0: a simulated band's time begins with its
calibration).

Samples are those that analysis sees: what came late stands in its place, each once. Where samples
are missing there are rows with a time and nothing else (NaN), so nobody draws a line across a hole
by accident. Angles that mean nothing (no alignment yet) are NaN as well.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from kneecore import wire
from kneetrack.analysis import LegSession, SessionResult, analyse, knee_samples_of
from kneetrack.analysis.log import realignments_in
from kneetrack.analysis.offline_session import analyse_offline, offline_samples
from kneetrack.analysis.source import is_log
from kneetrack.analysis.trace import edited_trace, measure, session_of
from kneetrack.analysis.two_legs import clocks
from kneetrack.clock import ClockLine
from kneetrack.detection.realigning import Realignment
from kneetrack.errors import InputError
from kneetrack.export.grid import FloatArray, filled, median_period, spread
from kneetrack.export.segments import y_up
from kneetrack.protocol import Decoder
from kneetrack.samples import ImuPair, KneeSample, Side
from kneetrack.sessionlog import SessionLog, read_log

KNEE_S = wire.KNEE_PERIOD_US * 1e-6
PAIR_S = wire.PAIR_PERIOD_US * 1e-6
TOLD_EVERY = 20_000
_UNALIGNED = wire.FLAG_UNALIGNED

Progress: TypeAlias = Callable[[str, float], None]
"""Called with what is being done, and the share of it that is done (0 to 1; UNTOLD: not known)."""
UNTOLD = -1.0


def silent(_: str, __: float) -> None:
    """No progress is shown."""


@dataclass(frozen=True, slots=True)
class Series:
    """Samples (n, k), missing ones as NaN, at times (n,) of the session; `period_s` between two.

    The columns are those of `columns.SERIES` behind time; the last one are the flags.
    """

    times: FloatArray
    rows: FloatArray
    period_s: float

    @property
    def missing(self) -> int:
        return int(np.isnan(self.rows[:, -1]).sum())


@dataclass(frozen=True, slots=True)
class Leg:
    """`angles`: flexion, valgus, rotation, sigma, flags. `orientations`: thigh, shank, flags.

    `imu`: thigh gyr, acc, shank gyr, acc, flags; None where none was recorded. `segments` are
    thigh and shank (n, 4) of `segments.y_up` at the times of `angles`; None without a calibration.
    """

    session: LegSession
    angles: Series
    orientations: Series
    imu: Series | None
    segments: tuple[FloatArray, FloatArray] | None
    clock: ClockLine | None

    @property
    def side(self) -> Side:
        return self.session.result.side

    def at(self, device_s: float) -> float:
        """An instant of the leg's own time in that of the session."""
        return device_s if self.clock is None else self.clock.host_s(device_s)


@dataclass(frozen=True, slots=True)
class Recording:
    """All that is exported of one source."""

    source: Path
    result: SessionResult
    legs: tuple[Leg, ...]
    started: datetime | None
    log_events: tuple[dict[str, Any], ...]
    simulated: bool

    @property
    def name(self) -> str:
        return self.source.stem

    @property
    def first_s(self) -> float:
        """The session's first knee sample."""
        return float(min(leg.angles.times[0] for leg in self.legs))

    @property
    def last_s(self) -> float:
        return float(max(leg.angles.times[-1] for leg in self.legs))

    def utc(self, at_s: float) -> datetime | None:
        """An instant of the session by the calendar; None where its start is not known."""
        if self.started is None:
            return None
        return self.started + timedelta(seconds=at_s - self.first_s)


@dataclass(frozen=True, slots=True)
class How:
    """Which angles are wanted, as the options of `analyze` say it."""

    side: Side | None = None
    realign: bool = False
    offline: bool = False


def read_recording(source: Path, how: How = How(), told: Progress = silent) -> Recording:
    """The recording in a log or trace. Raises as `analysis.analyse` does."""
    if is_log(source):
        return _of_log(source, how, told)
    return _of_trace(source, how, told)


def _of_log(source: Path, how: How, told: Progress) -> Recording:
    told("Finding the reps", UNTOLD)
    if how.offline:
        result = analyse_offline(source, side=how.side)
    else:
        result = analyse(source, side=how.side, realign=how.realign)
    log = read_log(source)
    clock = _clocks(log, result, how)
    legs: list[Leg] = []
    for session in result.legs:
        side = session.result.side
        samples: Iterable[KneeSample] = (
            offline_samples(source, side=side)
            if how.offline
            else knee_samples_of(source, side=side, realign=how.realign)
        )
        knee = _knee_table(samples, log.duration_s, f"Reading the {side.word} leg", told)
        imu = _raw_table(log, side, told)
        legs.append(_leg(session, knee, imu, clock.get(side), realignments_in(log, side, [])))
    return Recording(
        source,
        result,
        tuple(legs),
        _instant(result.session.get("started_at")),
        log.events,
        bool(result.session.get("simulated")),
    )


def _clocks(log: SessionLog, result: SessionResult, how: How) -> dict[Side, ClockLine]:
    """Nothing where one leg is exported: that has its own time."""
    if len(result.legs) < 2:
        return {}
    if how.offline:  # which does not look at them
        return clocks(log)
    return {leg.result.side: leg.clock for leg in result.legs if leg.clock is not None}


def _of_trace(source: Path, how: How, told: Progress) -> Recording:
    told("Measuring the trace", UNTOLD)
    trace, edits = edited_trace(source, how.side)
    measured = measure(trace)
    result = session_of(measured, edits)
    if measured.calibration is None:
        raise InputError(
            f"{source} gives no calibration, so there are no angles to export: "
            f"{measured.warnings[0]}"
        )
    samples: Iterable[KneeSample] = measured.samples
    if how.offline:
        result = analyse_offline(source, side=how.side)
        samples = offline_samples(source, side=how.side)
    knee = _knee_table(samples, float(trace.time_s[-1]), "Reading the trace", told)
    flags = np.zeros((len(trace.time_s), 1))
    imu = np.column_stack(
        [
            trace.time_s, trace.thigh_gyr, trace.thigh_acc, trace.shank_gyr, trace.shank_acc, flags,
        ]
    )  # fmt: skip
    leg = _leg(result.legs[0], knee, imu, None, ())
    return Recording(source, result, (leg,), None, (), False)


def _knee_table(
    samples: Iterable[KneeSample], until_s: float, what: str, told: Progress
) -> FloatArray:
    """Time, three angles, sigma, two quaternions, flags: (n, 14)."""
    flat = array("d")
    for count, sample in enumerate(samples):
        flat.extend(sample[1:6])
        flat.extend(sample[6])
        flat.extend(sample[7])
        flat.append(sample[8])
        if count % TOLD_EVERY == 0:
            told(what, min(1.0, max(0.0, sample[1] / max(until_s, 1.0))))
    return np.frombuffer(flat, dtype=np.float64).reshape(-1, 14)


def _raw_table(log: SessionLog, side: Side, told: Progress) -> FloatArray | None:
    """Time, the twelve channels in SI, flags (n, 14), in order of number; None: there are none."""
    decoder = Decoder(origin_us=log.origin_us(side))
    flat, numbers = array("d"), array("q")
    what = f"Reading the {side.word} leg's raw data"
    for count, (whose, packet) in enumerate(log):
        if count % TOLD_EVERY == 0:
            told(what, count / max(1, log.packet_count))
        if whose is not side:
            continue
        for item in decoder.feed(packet):
            if isinstance(item, ImuPair):
                numbers.append(item[0])
                flat.append(item[1])
                for vector in item[2:6]:
                    flat.extend(vector)
                flat.append(item[6])
    if not numbers or decoder.feature is None:  # without the feature no count has a unit
        return None
    _, once = np.unique(np.frombuffer(numbers, dtype=np.int64), return_index=True)
    return np.frombuffer(flat, dtype=np.float64).reshape(-1, 14)[once]


def _leg(
    session: LegSession,
    knee: FloatArray,
    imu: FloatArray | None,
    clock: ClockLine | None,
    realignments: tuple[Realignment, ...],
) -> Leg:
    if not len(knee):
        raise InputError(
            f"There are no knee samples of the {session.result.side.word} leg to export. Check "
            "with kneetrack analyze what the recording holds."
        )
    device, angles = knee[:, 0], _angles(knee)
    times, rows = filled(_on_session(device, clock), KNEE_S)
    segments = None
    if session.calibration is not None:
        thigh, shank = y_up(
            device,
            knee[:, 5:9],
            angles[:, :3],
            knee[:, 13],
            session.result.side,
            session.calibration.calibration,
            realignments,
        )
        segments = (spread(thigh, rows, len(times)), spread(shank, rows, len(times)))
    return Leg(
        session,
        Series(times, spread(angles, rows, len(times)), KNEE_S),
        Series(times, spread(knee[:, 5:14], rows, len(times)), KNEE_S),
        None if imu is None else _imu_series(imu, clock),
        segments,
        clock,
    )


def _angles(knee: FloatArray) -> FloatArray:
    """Three angles, sigma and flags (n, 5) of the knee table; NaN where they mean nothing."""
    unaligned = (knee[:, 13].astype(np.int64) & _UNALIGNED) > 0
    angles = np.column_stack([knee[:, 1:5], knee[:, 13]])
    angles[unaligned, :4] = np.nan
    return angles


def read_angles(samples: Iterable[KneeSample]) -> Series:
    """Angles of one leg in its own time, without the analysis. InputError: there are none."""
    knee = _knee_table(samples, 0.0, "", silent)
    if not len(knee):
        raise InputError("There are no knee samples in the recording.")
    times, rows = filled(knee[:, 0], KNEE_S)
    return Series(times, spread(_angles(knee), rows, len(times)), KNEE_S)


def _imu_series(imu: FloatArray, clock: ClockLine | None) -> Series:
    period_s = median_period(imu[:, 0]) or PAIR_S
    times, rows = filled(_on_session(imu[:, 0], clock), period_s)
    return Series(times, spread(imu[:, 1:], rows, len(times)), period_s)


def _on_session(device: FloatArray, clock: ClockLine | None) -> FloatArray:
    if clock is None:
        return device
    since = device - clock.measured_s
    return clock.received_s + since + clock.drift * since


def _instant(told: object) -> datetime | None:
    """An ISO 8601 instant in UTC; None where it is none."""
    if not isinstance(told, str):
        return None
    try:
        at = datetime.fromisoformat(told)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def even_times(recording: Recording) -> FloatArray:
    """Instants every KNEE_S from the first knee sample of any leg to the last."""
    first = recording.first_s
    steps: FloatArray = np.arange(
        math.floor((recording.last_s - first) / KNEE_S + 0.01) + 1, dtype=np.float64
    )
    return np.asarray(first + KNEE_S * steps, dtype=np.float64)
