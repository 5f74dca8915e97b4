"""Sets of sample numbers, kept as the spans that they form.

A recording is a few long spans, however many millions of samples it has, so all is quick: what
comes in order only moves the end of the last span.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """The numbers `first` .. `end` - 1."""

    first: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.first


class Spans:
    """A set of numbers. Iterating gives its spans, ascending, disjoint and not touching.

    Of more than `most` spans the first are forgotten, so that no band can fill the memory.
    """

    __slots__ = ("_ends", "_firsts", "_most", "count")

    def __init__(self, most: int | None = None) -> None:
        self._firsts: list[int] = []
        self._ends: list[int] = []
        self.count = 0
        """How many numbers are in it."""
        self._most = most

    def __iter__(self) -> Iterator[Span]:
        return map(Span, self._firsts, self._ends)

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def end(self) -> int | None:
        """One past the largest number; None while there is none."""
        return self._ends[-1] if self._ends else None

    def add(self, first: int, end: int) -> int:
        """Add the numbers `first` .. `end` - 1; how many of them were not in it yet."""
        if end <= first:
            return 0
        ends = self._ends
        if ends and first == ends[-1]:
            ends[-1] = end
            self.count += end - first
            return end - first
        new = (end - first) - sum(span.size for span in self.within(first, end))
        low = bisect_left(ends, first)  # the spans low .. high - 1 touch the new one
        high = bisect_right(self._firsts, end)
        if low < high:
            first = min(first, self._firsts[low])
            end = max(end, ends[high - 1])
        self._firsts[low:high] = [first]
        ends[low:high] = [end]
        self.count += new
        if self._most is not None and len(ends) > self._most:
            self._drop(len(ends) - self._most)
        return new

    def forget(self, before: int) -> None:
        """Spans that end before this number, or at it, are needed no more."""
        self._drop(bisect_right(self._ends, before))

    def _drop(self, spans: int) -> None:
        self.count -= sum(self._ends[:spans]) - sum(self._firsts[:spans])
        del self._firsts[:spans], self._ends[:spans]

    def within(self, first: int, end: int) -> list[Span]:
        """What of `first` .. `end` - 1 is in it."""
        low = bisect_right(self._ends, first)
        high = bisect_left(self._firsts, end)
        return [
            Span(max(first, self._firsts[i]), min(end, self._ends[i])) for i in range(low, high)
        ]

    def covers(self, first: int, end: int) -> bool:
        """Whether all of `first` .. `end` - 1 are in it."""
        return not self.missing(first, end)

    def missing(self, first: int, end: int) -> list[Span]:
        """What of `first` .. `end` - 1 is not in it."""
        holes: list[Span] = []
        for span in self.within(first, end):
            if span.first > first:
                holes.append(Span(first, span.first))
            first = span.end
        if first < end:
            holes.append(Span(first, end))
        return holes
