"""A session log to a session: packets to samples in their own order (`ordered`) to reps.

The angles are the band's own. Only where the band had no heading yet (its first standing rest came
late) the samples before it get theirs after the fact, from the quaternions, as in a trace. With
`realign` all angles are computed from the quaternions. Where a leg was re-aligned meanwhile, the
analyzer is told from when on, and computes the angles from there as it did live.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.analysis.angles import aligned_backward
from kneetrack.analysis.ordered import decoded
from kneetrack.analysis.realign import over_time, realigned
from kneetrack.analysis.session import LegSession, SessionResult
from kneetrack.analysis.trace import alignment_of, reference_of
from kneetrack.analysis.two_legs import clocks
from kneetrack.calibration.realignment import first_of, later_of
from kneetrack.calibration.store import CalibrationFile
from kneetrack.detection import Analyzer
from kneetrack.detection.realigning import Realignment
from kneetrack.edits import Edits
from kneetrack.edits import read as read_edits
from kneetrack.errors import CalibrationError, LogError
from kneetrack.samples import Decoded, KneeSample, Side
from kneetrack.sessionlog import SessionLog, read_log
from kneetrack.sessionlog.markers import markers_in


class _Leg:
    """One leg of a log, being analysed, with what was said of it later."""

    def __init__(self, log: SessionLog, side: Side, realign: bool, edits: Edits) -> None:
        self.side = side
        self.windows = log.windows_of(side)
        self.warnings: list[str] = []
        self.calibration = calibration_in(log, side, self.warnings)
        self.realignments = realignments_in(log, side, self.warnings)
        if realign and self.calibration is None:
            raise LogError(
                f"{log.path} holds no calibration of the {side.word} leg, so its angles can't be "
                "computed anew. Leave --realign out."
            )
        session = edits.over(log.session)
        length = session.get("shank_length_m")
        self.analyzer = Analyzer(
            side,
            str(session.get("exercise") or "unknown"),
            self.windows,
            reference_of(self.calibration),
            shank_length_m=float(length) if isinstance(length, int | float) else None,
            alignment=alignment_of(self.calibration),
            labels=edits.labels_of(side),
            realignments=self.realignments,
            in_order=True,
        )

    @property
    def _in_force(self) -> Calibration | None:
        return self.calibration.calibration if self.calibration else None

    def fold(self, batches: Iterator[list[Decoded]], *, realign: bool) -> None:
        """Have the analyzer take everything; whole packets once there is a heading, for speed."""
        feed, feed_all = self.analyzer.feed, self.analyzer.feed_all
        if self._in_force is not None:
            head = chain.from_iterable(batches if realign else _until_aligned(batches))
            for sample in self.samples(head, realign=realign):
                feed(sample)
        for items in batches:
            feed_all(items)

    def samples(self, items: Iterable[Decoded], *, realign: bool) -> Iterator[KneeSample]:
        """The knee samples among `items`, with the best angles there are; gaps go on their way."""
        measured = self._sifted(items)
        if self._in_force is None:
            return measured
        if realign:
            return realigned(measured, self._in_force, self.windows)
        return aligned_backward(measured, self._in_force, self.windows)

    def _sifted(self, items: Iterable[Decoded]) -> Iterator[KneeSample]:
        feed = self.analyzer.feed
        for item in items:
            if isinstance(item, KneeSample):
                yield item
            else:
                feed(item)


def analyse_log(path: Path, *, side: Side | None = None, realign: bool = False) -> SessionResult:
    """The session in the log at `path`; `side` picks one leg. Raises LogError."""
    log = read_log(path)
    edits = read_edits(path)
    warnings = [*([log.torn] if log.torn else []), *edits.remarks]
    legs: list[LegSession] = []
    clock = clocks(log)
    for one in sides_of(log, side):
        leg = _Leg(log, one, realign, edits)
        leg.fold(decoded(log, one), realign=realign)
        leg.analyzer.flush()
        result = leg.analyzer.result()
        legs.append(LegSession(result, leg.calibration, leg.windows, clock.get(one)))
        warnings += [*leg.warnings, *result.warnings]
    return SessionResult(
        path,
        tuple(legs),
        tuple(warnings),
        edits.over(log.session),
        edits,
        tuple(marker for marker in markers_in(log.events) if side in (None, marker.side)),
    )


def log_samples(
    path: Path, *, side: Side | None = None, realign: bool = False
) -> Iterator[KneeSample]:
    """The knee samples of one leg of the log at `path`. Raises LogError where it has two."""
    log = read_log(path)
    one = only_side(log, side)
    items = chain.from_iterable(decoded(log, one))
    leg = _Leg(log, one, realign, Edits())
    yield from over_time(leg.samples(items, realign=realign), leg.realignments)


def only_side(log: SessionLog, side: Side | None) -> Side:
    """The leg that is meant. Raises LogError where `log` has two and `side` picks none."""
    sides = sides_of(log, side)
    if len(sides) != 1:
        raise LogError(f"{log.path} holds both legs. Add --side right or --side left.")
    return sides[0]


def calibration_in(log: SessionLog, side: Side, warnings: list[str]) -> CalibrationFile | None:
    """What the leg was recorded with from the beginning; `warnings` takes what can't be read."""
    value = first_of(log.calibrations, side)
    if value is None:
        return None
    try:
        return CalibrationFile.from_json(value, f"The calibration in {log.path}")
    except CalibrationError as error:
        warnings.append(str(error))
        return None


def realignments_in(log: SessionLog, side: Side, warnings: list[str]) -> tuple[Realignment, ...]:
    """How the leg was re-aligned meanwhile; `warnings` takes what can't be read."""
    try:
        return later_of(log.calibrations, side, f"The calibration in {log.path}")
    except CalibrationError as error:
        warnings.append(str(error))
        return ()


def sides_of(log: SessionLog, side: Side | None) -> tuple[Side, ...]:
    """The legs that are meant. Raises LogError where `log` has none, or not that one."""
    if side is None:
        if not log.sides:
            raise LogError(f"{log.path} holds no packets of a band: nothing was measured.")
        return log.sides
    if side not in log.sides:
        raise LogError(f"{log.path} holds no {side.word} leg. Leave --side out.")
    return (side,)


def _until_aligned(batches: Iterable[list[Decoded]]) -> Iterator[list[Decoded]]:
    """The first of `batches`, up to the one in which the band had a heading."""
    for items in batches:
        yield items
        if any(isinstance(i, KneeSample) and not i.flags & wire.FLAG_UNALIGNED for i in items):
            return
