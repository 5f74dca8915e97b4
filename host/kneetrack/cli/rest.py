"""The rest after a set: how long it has lasted, by the samples' own time.

It is counted from the last rep's end, which is earlier than when the set was known to be over. With
a target it is counted down, and told once when it is over. Without a band's samples it stands: no
clock is read here.
"""

from __future__ import annotations

import math

from kneetrack.cli.strides_live import is_stride
from kneetrack.report import words
from kneetrack.samples import Event, RepEnded, RepSet, SetEnded, Withdrawn


class Rest:
    """One leg's rest. `target_s`: how long it is meant to last; None: nobody said."""

    def __init__(self, target_s: float | None = None) -> None:
        self.target_s = target_s
        self.after: RepSet | None = None
        """The set that it follows; None while one is under way, and before the first."""
        self._reps: dict[int, int] = {}  # by set
        self._one = "rep"
        self._begun_s = -math.inf  # the latest rep's start
        self._now_s = -math.inf
        self._told = -1  # the last set whose rest was told to be over

    def event(self, event: Event) -> None:
        """What happened. A set may be told again: of a late gap, with other reps."""
        match event:
            case RepEnded(rep):
                self._reps[rep.set] = self._reps.get(rep.set, 0) + 1
                self._one = "stride" if is_stride(rep) else "rep"
                self._begun_s = max(self._begun_s, rep.start_s)
                if self.after is not None and rep.start_s > self.after.end_s:
                    self.after = None
            case SetEnded(ended) if ended.end_s >= self._begun_s:
                self.after = ended
            case Withdrawn(_, sets):
                if self.after is not None and self.after.index >= sets:
                    self.after = None
                self._reps = {index: n for index, n in self._reps.items() if index < sets}
            case _:
                pass

    def time(self, now_s: float) -> None:
        """The time of the newest sample."""
        self._now_s = max(self._now_s, now_s)

    @property
    def rested_s(self) -> float | None:
        """Since the last rep of the set that is over."""
        return None if self.after is None else max(0.0, self._now_s - self.after.end_s)

    def is_over(self) -> bool:
        """Whether the rest has just lasted as long as it was meant to; told once a set."""
        rested_s = self.rested_s
        if self.after is None or rested_s is None or self.target_s is None:
            return False
        if self.after.index == self._told or rested_s < self.target_s:
            return False
        self._told = self.after.index
        return True

    @property
    def line(self) -> str:
        """What the screen shows; empty where nobody rests."""
        rested_s = self.rested_s
        if self.after is None or rested_s is None:
            return ""
        past = f"{clock(rested_s)} since set {words.number(self.after)}"
        if self.target_s is None:
            return f"rest {past}"
        left_s = math.ceil(self.target_s - rested_s)
        if left_s > 0:
            return f"rest {clock(left_s)} to go ({past})"
        return f"rest is over: {past}"

    @property
    def over_text(self) -> str:
        """The sentence that tells it."""
        assert self.target_s is not None and self.after is not None
        upcoming = self.after.index + 2
        return f"The rest of {clock(self.target_s)} is over: set {upcoming} is next."

    @property
    def set_text(self) -> str:
        """The sentence that tells that a set is over."""
        assert self.after is not None
        count = self._reps.get(self.after.index, 0)
        reps = f"1 {self._one}" if count == 1 else f"{count} {self._one}s"
        aim = "" if self.target_s is None else f" Rest until {clock(self.target_s)}."
        return f"Set {words.number(self.after)} is over: {reps}.{aim}"


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
