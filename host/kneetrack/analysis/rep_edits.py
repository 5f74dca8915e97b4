"""Which rep a person means by its number, and what is kept of what they say of it.

Numbers are those of the table (from 1, leg by leg). What is kept is an instant within the rep and
its side, so that it finds the rep again whatever its number is by then.
"""

from __future__ import annotations

from collections.abc import Sequence

from kneetrack.analysis.session import SessionResult
from kneetrack.detection import LegResult
from kneetrack.edits import Labelled, PutBack
from kneetrack.errors import InputError, UsageError
from kneetrack.samples import Rep, Side


def labelled(found: SessionResult, side: Side | None, number: int, text: str) -> Labelled:
    """What keeps `text` as what the rep of that number is. Raises as `rep_of`."""
    leg, rep = rep_of(found, side, number)
    middle_s, start_s = round(0.5 * (rep.start_s + rep.end_s), 3), round(rep.start_s, 3)
    return Labelled(leg.side, middle_s, text, start_s)


def put_back(found: SessionResult, side: Side | None, number: int) -> PutBack:
    """What lets that rep count again. InputError where it counts already; else as `rep_of`."""
    leg, rep = rep_of(found, side, number)
    if rep.label is None:
        raise InputError(f"Rep {number} of the {leg.side.word} leg counts already.")
    return PutBack(leg.side, round(rep.start_s, 3), round(rep.end_s, 3))


def rep_of(found: SessionResult, side: Side | None, number: int) -> tuple[LegResult, Rep]:
    """The rep that the table gives this number. UsageError, InputError where there is none."""
    legs = [leg.result for leg in found.legs if side in (None, leg.result.side)]
    if len(legs) > 1:
        raise UsageError(
            f"{found.source} holds both legs. Say whose rep {number}: --side right or --side left."
        )
    if not legs:
        missing = "such" if side is None else side.word
        raise InputError(f"{found.source} holds no {missing} leg. Leave --side out.")
    (leg,) = legs
    rep = next((one for one in leg.reps if one.index == number - 1), None)
    if rep is None:
        raise InputError(
            f"{found.source} has {_reps(leg.reps)} of the {leg.side.word} leg, and no rep "
            f"{number}. See them with: kneetrack analyze {found.source}"
        )
    return leg, rep


def _reps(reps: Sequence[Rep]) -> str:
    return "no reps" if not reps else "1 rep" if len(reps) == 1 else f"{len(reps)} reps"
