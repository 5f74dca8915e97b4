"""The knee samples of a log in their own order, each once, and the gaps that remain.

A log keeps the order of arrival. What was lost on the air and fetched from the band's memory stands
somewhere behind. So such a log is read twice: first for what came late, which is kept (packed, and
only what was missing where it belongs), then from the beginning, with what is missing put in.
Memory does not grow with the length of the recording but with what was fetched. A log to which
nothing came late is read once.

Order is by start of the band, then by number; the decoder's own axis is both.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from kneetrack.detection.backlog import Backlog
from kneetrack.detection.catch_up import MOST_GONE, reason_for_good
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Decoded, Gap, KneeSample, Side, TransferDone
from kneetrack.sessionlog import SessionLog
from kneetrack.spans import Spans

_EVER = 2**40
_UNTOLD = "lost on the air"  # before the first packet that came


def decoded(log: SessionLog, side: Side) -> Iterator[list[Decoded]]:
    """What one leg's packets say while it is worn, without raw pairs, knee samples in order.

    A Gap stands before the sample behind it, with the reason why nothing closed it.
    """
    batches = _batches(log, side)
    return _sorted(batches, _Late(log, side)) if log.has_transfers(side) else _once(batches)


def _once(batches: Iterator[list[Decoded]]) -> Iterator[list[Decoded]]:
    """Nothing came late, but perhaps twice."""
    newest = -_EVER
    for items in batches:
        if items and isinstance(last := items[-1], KneeSample):
            first = items[0]
            if isinstance(first, KneeSample) and first[0] <= newest:
                items = [i for i in items if not isinstance(i, KneeSample) or i[0] > newest]
            newest = max(newest, last[0])
        yield items


def _sorted(batches: Iterator[list[Decoded]], late: _Late) -> Iterator[list[Decoded]]:
    newest: KneeSample | None = None
    gap: Gap | None = None
    for items in batches:
        fresh: list[Decoded] = []
        for item in items:
            if isinstance(item, Gap):
                gap = item
            elif not isinstance(item, KneeSample):
                fresh.append(item)
            elif (newest is None or item[0] > newest[0]) and item[0] <= late.last:
                if newest is None or item[0] > newest[0] + 1:
                    fresh += late.before(newest, item, gap)
                gap = None
                newest = item
                fresh.append(item)
        if fresh:
            yield fresh


def _batches(log: SessionLog, side: Side) -> Iterator[list[Decoded]]:
    """What each packet says, in order of arrival."""
    feed = Decoder(origin_us=log.origin_us(side), raw=False).feed
    raw = Channel.RAW
    for packet in log.worn(side):
        if packet.channel is not raw:
            yield feed(packet)


class _Late:
    """What came late into the holes of one leg's log, and what never will."""

    def __init__(self, log: SessionLog, side: Side) -> None:
        self.last = _EVER  # the newest sample while the band was worn
        self._samples = Backlog()
        self._gone = Spans(MOST_GONE)
        holes, ends = [-_EVER], [_EVER]  # numbers that have not come, span by span
        newest = -_EVER
        worn = log.worn_packets(side)
        feed = Decoder(origin_us=log.origin_us(side), raw=False).feed
        for count, packet in enumerate(log.worn(side)):
            if count == worn:
                self.last = newest
            for item in feed(packet) if packet.channel is not Channel.RAW else ():
                if isinstance(item, TransferDone):
                    self._gone.add(*item.gone or (0, 0))
                if not isinstance(item, KneeSample):
                    continue
                number = item[0]
                if number > newest:
                    if number > newest + 1:
                        ends[-1] = number
                        holes.append(number + 1)
                        ends.append(_EVER)
                    holes[-1] = number + 1
                    newest = number
                elif number < ends[bisect_right(holes, number) - 1]:
                    self._samples.add(item)

    def before(
        self, newest: KneeSample | None, sample: KneeSample, gap: Gap | None
    ) -> Iterator[Decoded]:
        """What belongs between two samples that came one after the other, and `gap` between."""
        due, last_s = _EVER, 0.0
        if newest is not None:
            due, last_s = newest[0] + 1, newest[1]
        elif gap is not None:  # before the very first that came
            due, last_s = sample[0] - gap.count, gap.start_s
        for item in self._samples.take_until(sample[0]):
            if item[0] > due:
                yield self._left(due, last_s, item, gap)
            due, last_s = item[0] + 1, item[1]
            yield item
        if sample[0] > due:
            yield self._left(due, last_s, sample, gap)

    def _left(self, first: int, last_s: float, next_one: KneeSample, gap: Gap | None) -> Gap:
        """The gap that remains of `gap` from number `first` on, before `next_one`."""
        end = next_one[0]
        reason = _UNTOLD if gap is None else gap.reason
        if self._gone.covers(first, end):
            reason = reason_for_good(reason)
        count = end - first if gap is None or gap.count else 0
        return Gap(Channel.MEASUREMENT, last_s, next_one[1], count, reason)
