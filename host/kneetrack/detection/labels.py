"""What a person said of single repetitions: left out, or no repetition at all.

A label holds an instant within the repetition that it is about, not an index: reps found anew, by
another version or after a gap was filled, keep their labels.
"""

from __future__ import annotations

from collections.abc import Iterable

from kneetrack.samples import Label


def label_of(labels: Iterable[Label], start_s: float, end_s: float) -> str | None:
    """The text of the last label within a repetition; None without one."""
    texts = [label.text for label in labels if start_s <= label.time_s <= end_s]
    return texts[-1] if texts else None
