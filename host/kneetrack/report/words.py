"""How results are said to people: the same words in the terminal, the live view and the report.

The rule behind them (biomechanics.md E): say what was measured against the person's own reference,
give the uncertainty, and judge nothing. A mark says the same as a colour, for those who see none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kneetrack.samples import Doubt, Gap, Phase, Rejected, Rep, RepSet, Verdict

if TYPE_CHECKING:
    from kneetrack.detection import Suggestion  # here it would cost every table the analysis

MARKS = {
    Verdict.IN_RANGE: "=",
    Verdict.MOVED_INWARD: ">",
    Verdict.MOVED_INWARD_LARGE: ">>",
    Verdict.MOVED_OUTWARD: "<",
    Verdict.DOUBTFUL: "?",
}
CAVEAT = (
    "All of it is relative to your own reference reps, not to an ideal knee, and measured on the "
    "skin, which is not the bone."
)
FIGURES = (
    "Inward: the excursion from your reference at the same flexion, inward +. Own part: without "
    "what all reps of the set share. ± is one standard uncertainty."
)
LEGEND = f"{FIGURES} {CAVEAT}"
DESCRIBED = (
    "Described, not judged: what changes is seen from session to session (kneetrack trend). It is "
    "measured on the skin, which is not the bone."
)

VERDICTS = {
    Verdict.IN_RANGE: "in range",
    Verdict.MOVED_INWARD: "moved inward more than your reference",
    Verdict.MOVED_INWARD_LARGE: "moved inward much more than your reference",
    Verdict.MOVED_OUTWARD: "moved outward more than your reference",
    Verdict.DOUBTFUL: "doubtful",
}
SHORT_VERDICTS = {
    Verdict.IN_RANGE: "in range",
    Verdict.MOVED_INWARD: "moved inward",
    Verdict.MOVED_INWARD_LARGE: "moved much inward",
    Verdict.MOVED_OUTWARD: "moved outward",
    Verdict.DOUBTFUL: "doubtful",
}
DOUBTS = {
    Doubt.OUTSIDE_REFERENCE: "deeper than your reference reps",
    Doubt.GAP: "samples are missing",
    Doubt.SLIP: "a strap slipped or the foot moved",
    Doubt.SATURATION: "faster than the sensors can follow",
    Doubt.SHALLOW: "too shallow to compare",
    Doubt.PROVISIONAL: "provisional",
    Doubt.NO_REFERENCE: "no reference reps to compare with",
    Doubt.START: "the first of a bout",
    Doubt.TURN: "on a turn",
    Doubt.PACE: "another pace than usual",
}
SHORT_DOUBTS = {
    Doubt.OUTSIDE_REFERENCE: "deeper than ref.",
    Doubt.GAP: "gap",
    Doubt.SLIP: "slip",
    Doubt.SATURATION: "sensor limit",
    Doubt.SHALLOW: "shallow",
    Doubt.PROVISIONAL: "provisional",
    Doubt.NO_REFERENCE: "no reference",
    Doubt.START: "start",
    Doubt.TURN: "turn",
    Doubt.PACE: "other pace",
}
PHASES = {
    Phase.STANDING: "standing",
    Phase.DESCENDING: "going down",
    Phase.BOTTOM: "at the bottom",
    Phase.ASCENDING: "coming up",
    Phase.STANCE: "foot down",
    Phase.SWING: "foot in the air",
}

SIGNS = (
    "Signs, for both legs: flexion + is bending; valgus + is the shank angled outward under the "
    "thigh, the knee inward; rotation + is internal rotation of the shank. An excursion is the "
    "valgus minus that of your reference reps at the same flexion, inward +. Values after ± are "
    "one standard uncertainty."
)
HONESTY = (
    "KneeTrack shows how far your knee moves inward relative to your own reference reps, not to an "
    "ideal knee. Some inward movement is normal. Sensors on the skin are not the bone: angles can "
    "be off by several degrees. It is made for training feedback and logging, is not a medical "
    "device, and says nothing about health. With pain, swelling, locking or a knee that gives way, "
    "stop and ask a professional."
)


def number(one: Rep | RepSet) -> str:
    """What people call it: the first is 1."""
    return str(one.index + 1)


def rep_name(rep: Rep) -> str:
    """`rep 3`, or `reference rep 3`."""
    return f"reference rep {number(rep)}" if rep.is_reference else f"rep {number(rep)}"


def mark(rep: Rep) -> str:
    """The rep's mark: `=`, `>`, `>>`, `<`, `?`, `ref`, `·` (described), `x` (left out)."""
    if rep.label is not None:
        return "x"
    if rep.verdict is None:
        return "ref" if rep.is_reference else "·"
    return MARKS[rep.verdict]


def legend(reps: Sequence[Rep]) -> str:
    """What stands under a table of these reps."""
    compared = any(rep.is_reference or rep.verdict is not None for rep in reps)
    return LEGEND if compared else DESCRIBED


def verdict(rep: Rep | RepSet) -> str:
    """The verdict as a phrase, with its doubts; or what the person said of it."""
    if isinstance(rep, Rep) and rep.label is not None:
        return f"{rep.label} (as you said)"
    if rep.verdict is None:
        return "reference rep" if isinstance(rep, Rep) and rep.is_reference else "not judged"
    text = VERDICTS[rep.verdict]
    return f"{text}{_doubts(rep, DOUBTS)}" if isinstance(rep, Rep) else text


def short_verdict(rep: Rep) -> str:
    """The verdict in a few words, with its doubts, for a table; or what the person said of it."""
    if rep.label is not None:
        return rep.label
    if rep.verdict is None:
        if rep.is_reference:
            return "reference"
        return ", ".join(SHORT_DOUBTS[doubt] for doubt in rep.doubt) or "described"
    if rep.verdict is Verdict.DOUBTFUL and rep.doubt:
        return ", ".join(SHORT_DOUBTS[doubt] for doubt in rep.doubt)
    return f"{SHORT_VERDICTS[rep.verdict]}{_doubts(rep, SHORT_DOUBTS)}"


def _doubts(rep: Rep, names: dict[Doubt, str]) -> str:
    if not rep.doubt:
        return ""
    return f" ({', '.join(names[doubt] for doubt in rep.doubt)})"


def signed(value: float | None, digits: int = 1) -> str:
    """`+6.8`, `-0.3`, or an en dash where it is not known; never `-0.0`."""
    if value is None:
        return "–"
    rounded = round(value, digits)
    return f"{rounded + 0.0:+.{digits}f}"


def plain(value: float | None, digits: int = 1) -> str:
    """`62.4`, or an en dash where it is not known."""
    return "–" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def with_sigma(value: float | None, sigma: float | None, digits: int = 1) -> str:
    """`+6.8 ± 0.9`; without the uncertainty where it is not known."""
    return signed(value, digits) + (
        "" if sigma is None or value is None else f" ± {sigma:.{digits}f}"
    )


def shared(one: RepSet) -> str:
    """What all reps of a set have in common against the reference, as sentences; empty if unknown.

    Less than two standard uncertainties is not told from nothing.
    """
    shift, sigma = one.shift_deg, one.shift_sigma_deg
    if shift is None or sigma is None:
        return ""
    figure = f"{with_sigma(shift, sigma)}°"
    if one.verdict is Verdict.DOUBTFUL:
        return (
            f"Set {number(one)}: whether its reps together lie where your reference does can't be "
            f"told ({figure})."
        )
    if abs(shift) < 2.0 * sigma:
        return f"Set {number(one)}: its reps together lie where your reference does ({figure})."
    way = "further in than" if shift > 0.0 else "further out than"
    beyond = "" if one.verdict in (None, Verdict.IN_RANGE) else f" ({VERDICTS[one.verdict]})"
    return (
        f"Set {number(one)}: all its reps lie {plain(abs(shift))} ± {plain(sigma)}° {way} your "
        f"reference{beyond}: load on the soft tissue or you, it can't be told."
    )


def exercise(name: str) -> str:
    """`single_leg_squat` as people write it."""
    return name.replace("_", " ")


def gap(gap: Gap) -> str:
    """What a gap means to a person."""
    count = f"{gap.count} samples" if gap.count else "samples"
    return f"{gap.start_s:.1f}–{gap.end_s:.1f} s: {count} missing ({gap.reason})."


def gaps(gaps: Sequence[Gap], most: int = 6) -> list[str]:
    """What is missing, a sentence a gap: the `most` longest, in order of time, and the rest."""
    if not gaps:
        return []
    longest = sorted(gaps, key=lambda each: each.start_s - each.end_s)[:most]
    told = [gap(each) for each in sorted(longest, key=lambda each: each.start_s)]
    rest = len(gaps) - len(told)
    if rest:
        total_s = sum(each.end_s - each.start_s for each in gaps)
        places = "place" if rest == 1 else "places"
        told.append(f"Shorter ones in {rest} more {places}; {total_s:.1f} s are missing in all.")
    return told


def not_counted(rejected: Sequence[Rejected], most: int = 3) -> str:
    """What looked like a rep and was none, by its reason, as a sentence; empty if nothing did."""
    if not rejected:
        return ""
    by_reason: dict[str, list[str]] = {}
    for one in rejected:
        by_reason.setdefault(one.reason, []).append(f"{one.start_s:.1f}")
    told: list[str] = []
    bends = "1 bend" if len(rejected) == 1 else f"{len(rejected)} bends"
    for reason, times in sorted(by_reason.items(), key=lambda each: -len(each[1])):
        shown = ", ".join(times[:most]) + (", ..." if len(times) > most else "")
        count = "" if len(by_reason) == 1 else f"{len(times)} "
        told.append(f"{count}{reason} (at {shown} s)")
    return f"Not counted as reps: {bends} of the knee: {'; '.join(told)}."


def looks_like(one: Suggestion, path: str) -> str:
    """A recording that looks like another movement than was said, and what to do about it."""
    alike = f" (so would a {' or a '.join(exercise(n) for n in one.alike)})" if one.alike else ""
    return (
        f"This looks like {_A.get(one.exercise, exercise(one.exercise))}{alike}: {one.why}. If "
        f"so: kneetrack edit {path} --exercise {one.exercise}"
    )


_A = {
    "squat": "squats",
    "single_leg_squat": "single-leg squats",
    "lunge": "lunges",
    "step_down": "step-downs",
    "step_up": "step-ups",
    "sit_to_stand": "sit-to-stands",
    "drop_jump": "drop jumps",
    "walk": "walking",
    "run": "running",
    "balance": "a balance on one leg",
    "lunge_test": "the lunge test",
}


def row_class(rep: Rep) -> str:
    """How a row of the rep table is set apart in a page: `in`, `out`, `unsure` or `reference`."""
    if rep.verdict is None:
        return "reference"
    if rep.verdict is Verdict.DOUBTFUL:
        return "unsure"
    return "in" if rep.verdict is Verdict.IN_RANGE else "out"
