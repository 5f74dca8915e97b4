"""A rep as a bar: its own excursion from the middle line, inward to the right, limits at 5 degrees.

What a bar says it says three times: by where it ends, by its mark (= in range, > inward, < outward)
and by what it is drawn with, thin in range and thick beyond. Colour, blue or orange, only repeats
it, so a bar reads the same without.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from kneecore.excursion import threshold_deg
from kneetrack.cli.strides_live import doubt, is_stride, stride_line
from kneetrack.cli.table import UNSURE_STYLE, style
from kneetrack.report import words
from kneetrack.samples import Rep, Verdict

SCALE_DEG = 15.0  # the end of a bar
LEAST_DEG = threshold_deg(0.0)  # of an excursion that counts: the limits
LABEL = 20  # characters before a bar
_OUT = frozenset({Verdict.MOVED_INWARD, Verdict.MOVED_INWARD_LARGE, Verdict.MOVED_OUTWARD})


@dataclass(frozen=True, slots=True)
class Pen:
    """What bars are drawn with."""

    within: str
    beyond: str
    limit: str
    crossed: str
    middle: str


DRAWN = Pen("━", "█", "│", "┃", "┼")
LETTERS = Pen("-", "#", "|", "|", "+")
"""For terminals that know no more."""


def half_for(width: int) -> int:
    """How many characters either side of the middle has, on a screen so wide."""
    return max(8, min(40, (width - LABEL - 1) // 2))


def rep_bar(rep: Rep, half: int, pen: Pen = DRAWN) -> Text:
    """One rep's line. `half` is how many characters either side has for SCALE_DEG."""
    if is_stride(rep):
        return Text(stride_line(rep), style=UNSURE_STYLE if doubt(rep) else "")
    kind = "ref" if rep.is_reference else "rep"
    label = f"{kind:>4} {words.number(rep):>2} {words.mark(rep):>3} "
    value = rep.own_excursion_deg
    if value is None:
        return Text(f"{label}{rep.peak_flexion_deg:6.0f}° deep", style="dim")
    limit = round(half * LEAST_DEG / SCALE_DEG)
    reach = max(-half, min(half, round(half * value / SCALE_DEG)))
    line = pen.beyond if rep.verdict in _OUT else pen.within
    cells = [" "] * (2 * half + 1)
    for at in range(min(0, reach), max(0, reach) + 1):
        cells[half + at] = line
    for at in (-limit, limit):
        cells[half + at] = pen.limit if cells[half + at] == " " else pen.crossed
    cells[half] = pen.middle
    text = Text(label, style="", no_wrap=True)
    text.append(f"{words.signed(value):>6}° ")
    first, last = half + min(0, reach), half + max(0, reach) + 1
    text.append("".join(cells[:first]), style="dim")
    text.append("".join(cells[first:last]))
    text.append("".join(cells[last:]), style="dim")
    text.stylize(style(rep), 0, len(label))
    text.stylize(style(rep), len(label) + 8 + first, len(label) + 8 + last)
    return text


def scale(half: int) -> Text:
    """The line above the bars: where they begin, where the limits are, and which way is inward."""
    limit = round(half * LEAST_DEG / SCALE_DEG)
    cells = [" "] * (2 * half + 1)

    def put(word: str, middle: int) -> None:
        first = min(max(0, middle - len(word) // 2), len(cells) - len(word))
        cells[first : first + len(word)] = word

    put("0", half)
    put(f"-{LEAST_DEG:.0f}°", half - limit)
    put(f"+{LEAST_DEG:.0f}°", half + limit)
    if half - limit > len("outward") + 2:
        cells[: len("outward")] = "outward"
        cells[-len("inward") :] = "inward"
    head = "own excursion"
    return Text(f"{head:<{LABEL}}{''.join(cells)}", style="dim", no_wrap=True)
