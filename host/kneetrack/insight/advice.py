"""Suggestions of load, and of asking somebody: a table of rules, each with what it rests on.

    lighter_load    fewer than 80 % of the judged reps in range, or an own part that rises over a
                    set by 5 deg or more: try a lighter load (biomechanics A, rows 17 and 7)
    heavier_load    90 % or more in range in each of the last two sessions at this load or more: a
                    heavier one may be tried. It is said and no more: nothing is ever raised by
                    itself (row 17, E4)
    ask             10 deg or more inward in over half of the judged reps in each of three sessions:
                    a coach or a professional can look at it with you (row 36); after noted pain
                    or the like this alone is said, and no load suggested (E3, E4)

All these limits are [assumption]s, not findings: nobody has shown that they do any good. What is
said is a suggestion for training, rests on the person's own reference alone, and gives its facts.
Nothing is said of fewer than five judged reps.

Sessions are those of one person and one movement, oldest first; where both legs were measured, the
leg that was less in range counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kneecore.excursion import LARGE_DEG
from kneetrack.insight.session import LegSummary
from kneetrack.insight.slopes import Slope
from kneetrack.insight.values import OWN

LEAST_JUDGED = 5
LIGHTER_BELOW = 0.80
HEAVIER_FROM = 0.90
HEAVIER_SESSIONS = 2
LEAST_RISE_DEG = 5.0  # row 6: less does not count
ASK_ABOVE = 0.50
ASK_SESSIONS = 3


@dataclass(frozen=True, slots=True)
class Outing:
    """One session as the rules see it. Shares are of the judged reps of the leg they are worst in;
    `judged` of the leg with the fewest."""

    judged: int
    share: float | None
    large_share: float | None
    rise: Slope | None
    """The own part's steepest rise over a set, where one is told apart."""
    load_kg: float | None = None
    pain: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """One suggestion: the rule's name, what it rests on, and the source of the rule."""

    rule: str
    sentence: str
    facts: tuple[str, ...]
    source: str

    @property
    def text(self) -> str:
        """The suggestion behind what it rests on."""
        return f"{' '.join(self.facts)} {self.sentence}"


@dataclass(frozen=True, slots=True)
class Rule:
    """`says` gives the sentence and its facts, or nothing."""

    name: str
    source: str
    says: Callable[[Sequence[Outing]], tuple[str, tuple[str, ...]] | None]


def outing(legs: Sequence[LegSummary], *, load_kg: float | None, pain: bool) -> Outing:
    """A session's legs as the rules see them."""
    shares = [leg.tally.share for leg in legs if leg.tally.share is not None]
    large = [leg.tally.large_share for leg in legs if leg.tally.large_share is not None]
    rises = [
        slope
        for leg in legs
        for one in leg.sets
        if (slope := one.slopes.get(OWN)) is not None
        and slope.low > 0.0
        and slope.in_all >= LEAST_RISE_DEG
    ]
    return Outing(
        judged=min((leg.tally.judged for leg in legs), default=0),
        share=min(shares, default=None),
        large_share=max(large, default=None),
        rise=max(rises, key=lambda slope: slope.in_all, default=None),
        load_kg=load_kg,
        pain=pain,
    )


def advise(outings: Sequence[Outing]) -> tuple[Advice, ...]:
    """What is suggested after the last of these sessions, by every rule that applies."""
    if not outings:
        return ()
    rules = RULES if not outings[-1].pain else tuple(r for r in RULES if r.name == "ask")
    said = ((rule, rule.says(outings)) for rule in rules)
    return tuple(Advice(r.name, found[0], found[1], r.source) for r, found in said if found)


def _lighter(outings: Sequence[Outing]) -> tuple[str, tuple[str, ...]] | None:
    now = outings[-1]
    if now.judged < LEAST_JUDGED or now.share is None or now.load_kg == 0.0:
        return None
    facts: list[str] = []
    if now.share < LIGHTER_BELOW:
        facts.append(f"{percent(now.share)} of the judged reps were in range.")
    if now.rise is not None:
        facts.append(
            f"Over a set the knee moved inward more and more, by {now.rise.in_all:.0f}° in all."
        )
    if not facts:
        return None
    if now.load_kg is None:
        return "If there was a load, try a lighter one.", tuple(facts)
    return f"Try a lighter load than {kg(now.load_kg)}.", tuple(facts)


def _heavier(outings: Sequence[Outing]) -> tuple[str, tuple[str, ...]] | None:
    last = outings[-HEAVIER_SESSIONS:]
    load = last[-1].load_kg
    if len(last) < HEAVIER_SESSIONS or load is None:
        return None
    for one in last:
        enough = one.judged >= LEAST_JUDGED and one.share is not None
        if not enough or one.pain or one.rise is not None:
            return None
        if one.load_kg is None or one.load_kg < load or (one.share or 0.0) < HEAVIER_FROM:
            return None
    shares = " and ".join(percent(one.share or 0.0) for one in last)
    fact = f"{shares} of the judged reps were in range in the last two sessions at {kg(load)}."
    return "If you wish, a heavier load can be tried.", (fact,)


def _ask(outings: Sequence[Outing]) -> tuple[str, tuple[str, ...]] | None:
    if outings[-1].pain:
        return (
            "Don't train on through pain; a professional can look at it with you.",
            ("You noted pain, swelling, locking or giving way.",),
        )
    last = outings[-ASK_SESSIONS:]
    if len(last) < ASK_SESSIONS or any(
        one.judged < LEAST_JUDGED or (one.large_share or 0.0) <= ASK_ABOVE for one in last
    ):
        return None
    shares = ", ".join(percent(one.large_share or 0.0) for one in last)
    return (
        "A coach can look at the technique with you, and a professional at the knee.",
        (
            f"In each of the last {ASK_SESSIONS} sessions more than half of the judged reps came "
            f"{LARGE_DEG:.0f}° or more further inward than your reference ({shares}).",
        ),
    )


RULES = (
    Rule("lighter_load", "biomechanics A, rows 17, 7 and 6 [assumption]", _lighter),
    Rule("heavier_load", "biomechanics A, row 17, and E4 [assumption]", _heavier),
    Rule("ask", "biomechanics A, row 36, and E3 [assumption]", _ask),
)


def percent(share: float) -> str:
    """`75 %`; never `100 %` for less than all, nor `0 %` for more than none."""
    whole = round(100.0 * share)
    if share < 1.0:
        whole = min(whole, 99)
    return f"{max(whole, 1) if share > 0.0 else 0} %"


def kg(load: float) -> str:
    """`60 kg`, `61.2 kg`."""
    return f"{round(load, 1):g} kg"
