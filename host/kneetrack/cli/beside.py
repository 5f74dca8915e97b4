"""The offline result beside the online one, rep by rep, for a terminal.

Both measure the same movement, so a rep of one is paired with that of the other which overlaps it
most in time. What only one of them found stands alone in its row; reps have their online numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from kneetrack.cli.plain_table import plain_table
from kneetrack.cli.strides_table import stride_comparison
from kneetrack.cli.table import style
from kneetrack.insight.strides import are_strides
from kneetrack.report import words
from kneetrack.samples import Rep, RepSet

_UNKNOWN = "–"


class Pair(NamedTuple):
    """One rep as both found it; None where one did not."""

    online: Rep | None
    offline: Rep | None

    @property
    def start_s(self) -> float:
        known = self.online or self.offline
        return known.start_s if known else 0.0

    @property
    def apart_deg(self) -> float | None:
        """Own part offline less own part online; None where either is not known."""
        if self.online is None or self.offline is None:
            return None
        one, other = self.online.own_excursion_deg, self.offline.own_excursion_deg
        return None if one is None or other is None else other - one


def pairs(online: Sequence[Rep], offline: Sequence[Rep]) -> list[Pair]:
    """The reps of both, in order of time."""
    left = list(offline)
    found: list[Pair] = []
    for rep in online:
        twin = max(left, key=lambda other: _overlap_s(rep, other), default=None)
        if twin is not None and _overlap_s(rep, twin) > 0.0:
            left.remove(twin)
            found.append(Pair(rep, twin))
        else:
            found.append(Pair(rep, None))
    found += [Pair(None, rep) for rep in left]
    return sorted(found, key=lambda pair: pair.start_s)


def comparison(online: Sequence[Rep], offline: Sequence[Rep], *, title: str) -> Table:
    """Own parts of both and their difference; the offline verdict, where it is another one."""
    table = plain_table(title, apart=True)
    for head in ("rep\n", "start\ns", "online\n°", "offline\n°", "change\n°"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("against your\nreference", overflow="fold")
    for pair in pairs(online, offline):
        known = pair.online or pair.offline
        if known is None:
            continue
        table.add_row(
            _UNKNOWN if pair.online is None else words.number(pair.online),
            words.plain(known.start_s),
            _own(pair.online),
            _own(pair.offline),
            words.signed(pair.apart_deg),
            _verdicts(pair),
            style=style(known),
        )
    return table


def print_comparison(
    console: Console,
    online: tuple[Sequence[Rep], Sequence[RepSet]],
    offline: tuple[Sequence[Rep], Sequence[RepSet]],
    *,
    title: str,
) -> None:
    """Print the reps of one leg, online beside offline, and what each set shares in both."""
    if not online[0] and not offline[0]:
        console.print(f"{title}: no reps in either.", markup=False, soft_wrap=True)
        return
    if are_strides(online[0] or offline[0]):
        title = f"{title}, online and offline"
        console.print(stride_comparison(online[0], offline[0], title=title), highlight=False)
        return
    title = f"{title}, own part online and offline"
    console.print(comparison(online[0], offline[0], title=title), highlight=False)
    after = {one.index: one for one in offline[1]}
    for one in online[1]:
        other = after.get(one.index)
        if one.shift_deg is None or other is None or other.shift_deg is None:
            continue
        console.print(
            f"Set {words.number(one)}: common to all reps "
            f"{words.with_sigma(one.shift_deg, one.shift_sigma_deg)}° online, "
            f"{words.with_sigma(other.shift_deg, other.shift_sigma_deg)}° offline.",
            markup=False,
            soft_wrap=True,
        )


def _own(rep: Rep | None) -> str:
    if rep is None:
        return _UNKNOWN
    return words.with_sigma(rep.own_excursion_deg, rep.own_excursion_sigma_deg)


def _verdicts(pair: Pair) -> str:
    if pair.online is None:
        return "" if pair.offline is None else f"{words.short_verdict(pair.offline)}, offline only"
    online = words.short_verdict(pair.online)
    if pair.offline is None:
        return f"{online}, not found offline"
    offline = words.short_verdict(pair.offline)
    return online if online == offline else f"{online}, offline {offline}"


def _overlap_s(one: Rep, other: Rep) -> float:
    return min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
