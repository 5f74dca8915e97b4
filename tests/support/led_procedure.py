"""The guided calibration fed with the raw pairs of a made leg: no link, no person."""

from collections.abc import Sequence

import numpy as np

from kneetrack.analysis.trace import calibrate
from kneetrack.calibration.procedure import Measured, Procedure, Told
from kneetrack.calibration.runner import as_trace
from kneetrack.samples import ImuPair, Side
from synthetic_legs import FIVE, leg

Rows = np.ndarray
RIGHT: Rows = leg(Side.RIGHT, FIVE)[1]
"""The whole movement of a right leg: table, strap on, stand, five squats."""


def pairs_of(rows: Rows, from_s: float = 0.0) -> list[ImuPair]:
    """Rows at 208 Hz as pairs, the first at `from_s`."""
    return [
        ImuPair(n, from_s + n / 208.0, r[0:3], r[3:6], r[6:9], r[9:12], 0)
        for n, r in enumerate(map(tuple, rows.tolist()))
    ]


def led(procedure: Procedure, pairs: Sequence[ImuPair]) -> list[Told]:
    """All events, `Measured` unanswered."""
    return [event for pair in pairs for event in procedure.feed(pair)]


def guided(procedure: Procedure, pairs: Sequence[ImuPair]) -> list[Told]:
    """All events, with the real calibration derived wherever it is asked for."""
    told: list[Told] = procedure.begin()
    for at, pair in enumerate(pairs):
        for event in procedure.feed(pair):
            told.append(event)
            if isinstance(event, Measured):
                trace = as_trace(pairs[: at + 1], procedure.side, event.windows)
                told += procedure.judged(calibrate(trace, zeros=procedure.zeros))
    return told + procedure.ended()


def of(kind: type, told: Sequence[Told]) -> list:
    return [event for event in told if isinstance(event, kind)]


def still_rows(rows: Rows, at_s: float, seconds: float, seed: int = 2) -> Rows:
    """The pose of `at_s` held, with the sensors' own noise."""
    random = np.random.default_rng(seed)
    at = round(at_s * 208)
    pose = rows[at - 40 : at].mean(axis=0)
    noise = np.tile(np.repeat([7e-4, 0.01], 3), 2)
    return pose + random.normal(0, 1, (round(seconds * 208), 12)) * noise
