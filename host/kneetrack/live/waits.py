"""How patient a recording is with a band that does not answer, or does not come back."""

from __future__ import annotations

from dataclasses import dataclass

from kneetrack.live.commands import ANSWER_S
from kneetrack.live.returning import ENDING_S, RETURN_S


@dataclass(frozen=True, slots=True)
class Waits:
    """How patient a recording is."""

    return_s: float = RETURN_S
    """How long the way back to a lost band is looked for."""
    ending_s: float = ENDING_S
    """The same, where only missing samples are waited for any more."""
    fetch_s: float = 600.0
    """How long missing samples are fetched for at the end, while they keep coming."""
    status_s: float = 10.0
    """How often a band is asked whether it is still there."""
    answer_s: float = ANSWER_S
