"""What a person asked to be cued by, and which reps have their turn.

How often. Feedback after every rep teaches quickest while it lasts; what is learnt with less and
less of it is thought to stay better, though how much is debated (biomechanics C8: retraining with
faded feedback; FeedbackJAT, Retrain, MarcoAhulló). So a policy is chosen, and `faded` goes

    the first set       every rep
    the second          every 2nd
    the third           every 3rd
    from the fourth     when the set is over

A rep whose turn it is gets a cue if it moved inward or outward more than the reference; one in
range gets none. So silence on its turn says "as your reference", and off its turn nothing.

Under load. Nobody should be startled under a heavy bar (biomechanics E4), and how heavy is heavy
is not ours to know: with a load and no limit there are no cues, with a limit there are cues below
it. Without a load there always are. A load that is typed while the recording runs holds from then
on (`Coach.loaded`); a replay, which goes by the plan at the start, may then decide otherwise than
was heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast


class Policy(StrEnum):
    """How often: after every rep that moved, less and less often, at a set's end, never."""

    EVERY = "every"
    FADED = "faded"
    END = "end"
    OFF = "off"


class When(StrEnum):
    """`after`: when a rep is over. `during`: as soon as it has moved so far."""

    AFTER = "after"
    DURING = "during"


AT_SET_END = 0
"""The turn of no rep: the cue comes when the set is over."""
_FADED = (1, 2, 3)  # every so manieth rep, set by set


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for. `load_kg` is what is lifted, `below_kg` the person's own limit."""

    policy: Policy = Policy.OFF
    when: When = When.AFTER
    text: str = ""
    load_kg: float | None = None
    below_kg: float | None = None

    @property
    def silent_for(self) -> str:
        """Why there are no cues although they were asked for, as a sentence; empty where not so."""
        if self.policy is Policy.OFF or not self.load_kg:
            return ""
        if self.below_kg is None:
            return (
                f"No cues with {self.load_kg:g} kg: nothing should startle you under a load. "
                "Cues up to a load of your choice: --cue-below KG."
            )
        if self.load_kg >= self.below_kg:
            return (
                f"No cues with {self.load_kg:g} kg: you want them below {self.below_kg:g} kg "
                "(--cue-below)."
            )
        return ""

    @property
    def in_force(self) -> Policy:
        """The policy that is gone by."""
        return Policy.OFF if self.silent_for else self.policy

    def every(self, set_number: int) -> int:
        """Every how manieth rep of the set (0 is the first) has its turn, or AT_SET_END."""
        policy = self.in_force
        if policy is Policy.EVERY:
            return 1
        if policy is Policy.FADED and set_number < len(_FADED):
            return _FADED[set_number]
        return AT_SET_END

    def to_json(self) -> dict[str, object]:
        """As the log's session metadata keep it."""
        return {
            "policy": self.policy.value,
            "when": self.when.value,
            "text": self.text,
            "load_kg": self.load_kg,
            "below_kg": self.below_kg,
        }

    @classmethod
    def from_json(cls, value: object) -> Plan:
        """What `to_json` kept; no cues where that can't be read, as in a log of another version."""
        if not isinstance(value, Mapping):
            return cls()
        known = cast("Mapping[str, object]", value)
        try:
            return cls(
                Policy(str(known["policy"])),
                When(str(known["when"])),
                str(known.get("text") or ""),
                _number(known.get("load_kg")),
                _number(known.get("below_kg")),
            )
        except (KeyError, ValueError):
            return cls()


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
