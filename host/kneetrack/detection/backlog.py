"""Samples that came before their turn, kept small and in order of their numbers.

They lie in runs of consecutive numbers, each a packed array of doubles: 112 bytes a sample, a sixth
of what the tuples take.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator

from kneetrack.samples import KneeSample

_WIDTH = 14


class _Run:
    """Consecutive samples from number `first` on; `end` is one past the last."""

    __slots__ = ("end", "first", "rows")

    def __init__(self, first: int) -> None:
        self.first = self.end = first
        self.rows = array("d")

    def append(self, sample: KneeSample) -> None:
        _, time_s, flexion, valgus, rotation, sigma, thigh, shank, flags = sample
        self.rows.extend((time_s, flexion, valgus, rotation, sigma, *thigh, *shank, flags))
        self.end += 1

    def samples(self) -> Iterator[KneeSample]:
        rows = self.rows
        for number in range(self.first, self.end):
            at = (number - self.first) * _WIDTH
            t, a, v, r, sigma, tw, tx, ty, tz, sw, sx, sy, sz, flags = rows[at : at + _WIDTH]
            yield KneeSample(
                number, t, a, v, r, sigma, (tw, tx, ty, tz), (sw, sx, sy, sz), int(flags)
            )


class Backlog:
    """Samples by number, each once."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._firsts: list[int] = []  # of each run
        self.count = 0

    def add(self, sample: KneeSample) -> bool:
        """Keep a sample; False where its number is there already."""
        number = sample[0]
        at = bisect_right(self._firsts, number) - 1
        if at >= 0 and number < self._runs[at].end:
            return False
        if at >= 0 and number == self._runs[at].end:
            run = self._runs[at]
        else:
            at += 1
            run = _Run(number)
            self._runs.insert(at, run)
            self._firsts.insert(at, number)
        run.append(sample)
        self.count += 1
        if at + 1 < len(self._runs) and run.end == self._firsts[at + 1]:
            after = self._runs.pop(at + 1)
            del self._firsts[at + 1]
            run.rows.extend(after.rows)
            run.end = after.end
        return True

    def first(self) -> int | None:
        """The lowest number that is kept."""
        return self._firsts[0] if self._firsts else None

    def first_s(self) -> float:
        """When the sample of the lowest number was. IndexError where there is none."""
        return self._runs[0].rows[0]

    def take_run(self) -> Iterator[KneeSample]:
        """The samples of the first run, which are kept no more. IndexError where there is none."""
        run = self._runs.pop(0)
        del self._firsts[0]
        self.count -= run.end - run.first
        return run.samples()

    def take_until(self, end: int) -> Iterator[KneeSample]:
        """The samples of the runs that begin before number `end`, which are kept no more."""
        while self._firsts and self._firsts[0] < end:
            yield from self.take_run()

    def runs(self) -> Iterator[tuple[int, Iterator[KneeSample]]]:
        """For each run the number of its first sample, and its samples."""
        for run in self._runs:
            yield run.first, run.samples()
