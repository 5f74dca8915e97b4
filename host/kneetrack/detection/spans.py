"""Spans of sample numbers that are known to be gone."""

from __future__ import annotations

_MOST = 1000
_ON_THE_AIR = "lost on the air"


def reason_for_good(reason: str) -> str:
    """Why samples are missing that the band was asked for; `reason` is why they did not come."""
    return f"{reason}, and the band no longer had them" if reason == _ON_THE_AIR else reason


class Spans:
    """Numbers first to end - 1, of several spans, put together where they touch."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def add(self, first: int, end: int) -> None:
        """One more span; the oldest of very many is forgotten."""
        if end <= first:
            return
        kept: list[tuple[int, int]] = []
        for span in self._spans:
            if span[1] < first or span[0] > end:
                kept.append(span)
            else:
                first, end = min(first, span[0]), max(end, span[1])
        kept.append((first, end))
        self._spans = kept[-_MOST:]

    def cover(self, first: int, end: int) -> bool:
        """Whether all of these numbers are in the spans."""
        return any(a <= first and end <= b for a, b in self._spans)

    def forget(self, before: int) -> None:
        """Spans that end before this number are needed no more."""
        self._spans = [span for span in self._spans if span[1] > before]
