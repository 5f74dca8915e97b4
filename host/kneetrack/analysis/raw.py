"""The raw pairs of a log, as stretches without holes.

The band's grid gives every pair a number, so it is known what is missing. A hole of BRIDGED_S or
less is bridged by a smooth curve (a leg turns no corner in that time); at a longer one, or where
the band began anew, the stretch ends: neither an orientation nor a heading crosses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import scipy

from kneetrack.analysis.angles import PAIR_S
from kneetrack.errors import LogError
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Gap, ImuPair, Side
from kneetrack.sessionlog import SessionLog
from kneetrack.traces.reader import FloatArray

BRIDGED_S = 0.1
SHORTEST_S = 1.0
"""A shorter stretch tells no orientation worth having."""
_SCIPY: Any = scipy  # its parts are imported when they are asked for: signal takes a second


@dataclass(frozen=True, slots=True)
class Stretch:
    """Pairs without a hole: `times` (n,), `rows` (n, 12) in SI, the grid number of the first.

    Columns: thigh gyr, thigh acc, shank gyr, shank acc, each in its sensor's axes.
    """

    times: FloatArray
    rows: FloatArray
    number: int = 0


@dataclass(frozen=True, slots=True)
class RawPairs:
    """A leg's raw pairs: the stretches, the holes between them, and how many were bridged."""

    stretches: tuple[Stretch, ...]
    gaps: tuple[Gap, ...]
    bridged: int


def raw_pairs(log: SessionLog, side: Side) -> RawPairs:
    """The raw pairs of one leg of `log`. Raises LogError where there are none to speak of."""
    numbers, times, rows = _table(log, side)
    if not len(numbers):
        raise LogError(
            f"{log.path} holds no raw IMU data of the {side.word} leg (it was recorded with "
            "--no-raw, or sent by a band that kept none), so it can't be measured again offline. "
            "Leave --offline out, or record without --no-raw."
        )
    step = np.diff(numbers)
    elapsed = np.diff(times)
    ends = (step * PAIR_S > BRIDGED_S + PAIR_S) | (np.abs(elapsed - step * PAIR_S) > PAIR_S)
    cuts = [0, *(np.flatnonzero(ends) + 1).tolist(), len(numbers)]
    stretches: list[Stretch] = []
    gaps: list[Gap] = []
    bridged = 0
    for first, end in pairwise(cuts):
        if first:
            gaps.append(
                Gap(
                    Channel.MEASUREMENT,
                    float(times[first - 1]),
                    float(times[first]),
                    int(step[first - 1]) // 2,
                    "no raw IMU data",
                )
            )
        if (end - first) * PAIR_S >= SHORTEST_S:
            bridged += int((step[first : end - 1] > 1).sum())
            stretches.append(_whole(numbers[first:end], times[first:end], rows[first:end]))
    if not stretches:
        raise LogError(
            f"{log.path} holds raw IMU data of the {side.word} leg in pieces of less than "
            f"{SHORTEST_S:.0f} s only, too short to be measured again offline. Leave --offline out."
        )
    return RawPairs(tuple(stretches), tuple(gaps), bridged)


def _table(log: SessionLog, side: Side) -> tuple[Any, FloatArray, FloatArray]:
    """Numbers (n,), times (n,) and rows (n, 12), in order of number, each once."""
    decoder = Decoder(origin_us=log.origin_us(side))
    parts: list[FloatArray] = []
    for whose, packet in log:
        if whose is side:
            found = [
                (item.number, item.time_s, *item[2], *item[3], *item[4], *item[5])
                for item in decoder.feed(packet)
                if isinstance(item, ImuPair)
            ]
            if found:
                parts.append(np.array(found, dtype=np.float64))
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, 12))
    if decoder.feature is None:
        raise LogError(
            f"{log.path} doesn't say what a count of the {side.word} leg's IMUs is worth, so its "
            "raw data can't be used. Leave --offline out."
        )
    table = np.concatenate(parts)
    numbers, once = np.unique(table[:, 0].astype(np.int64), return_index=True)
    return numbers, table[once, 1], table[once, 2:]


def _whole(numbers: Any, times: FloatArray, rows: FloatArray) -> Stretch:
    """One stretch on an even grid, its small holes bridged."""
    wanted = np.arange(int(numbers[0]), int(numbers[-1]) + 1)
    if len(wanted) != len(numbers):
        rows = _SCIPY.interpolate.PchipInterpolator(numbers, rows, axis=0)(wanted)
    even = float(times[0]) + PAIR_S * (wanted - wanted[0])
    return Stretch(even, np.ascontiguousarray(rows), int(numbers[0]))
