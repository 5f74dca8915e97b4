"""The user's own reference: how valgus and rotation go with flexion in reps that looked good.

Comparing at equal flexion (biomechanics B10) takes out every error that is a fixed function of
flexion: a tilted thigh axis, soft tissue, a standing offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reference:
    """Mean curves of at least three reps over flexion, down and up apart; degrees throughout.

    Element i of a curve belongs to flexion `START_DEG + i * STEP_DEG`. `sem_deg` is the standard
    error of measurement of one rep's valgus (scatter between reference reps).
    """

    valgus_down_deg: tuple[float, ...]
    valgus_up_deg: tuple[float, ...]
    rotation_down_deg: tuple[float, ...]
    rotation_up_deg: tuple[float, ...]
    source: str  # "given", "reference", "functional" or "first_three"
    reps: int
    sem_deg: float

    def to_json(self) -> dict[str, Any]:
        """The reference as JSON types; `from_json` reads it back."""
        return {
            "valgus_down_deg": list(self.valgus_down_deg),
            "valgus_up_deg": list(self.valgus_up_deg),
            "rotation_down_deg": list(self.rotation_down_deg),
            "rotation_up_deg": list(self.rotation_up_deg),
            "source": self.source,
            "reps": self.reps,
            "sem_deg": self.sem_deg,
        }
