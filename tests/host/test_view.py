"""The live screen: it fits, nothing on it jumps, and a bar reads the same without colour."""

import io
from dataclasses import MISSING, fields

import pytest
from rich.console import Console

from kneecore import wire
from kneetrack.cli.bars import LETTERS, half_for, rep_bar, scale
from kneetrack.cli.bigtype import huge
from kneetrack.cli.table import IN_RANGE_STYLE
from kneetrack.cli.view import Lines, Screen, open_view
from kneetrack.live.figures import LinkNews
from kneetrack.live.states import LinkState
from kneetrack.samples import KneeSample, Rep, RepEnded, Verdict, Warned

KEYS = "a re-align · l load, e effort, n note of set 1 · q ends it"
SIZES = [(60, 24), (80, 24), (120, 40)]


def rep(index: int, own: float, verdict: Verdict) -> Rep:
    told = dict.fromkeys(field.name for field in fields(Rep) if field.default is MISSING)
    told |= {"index": index, "set": 0, "is_reference": False, "doubt": (), "measures": {}}
    told |= {"start_s": 4.0 * index, "end_s": 4.0 * index + 3.0, "peak_flexion_deg": 95.0}
    told |= {"own_excursion_deg": own, "own_excursion_sigma_deg": 1.0, "verdict": verdict}
    return Rep(**{name: told.get(name) for name in told if name in Rep.__slots__})


WITHIN, BEYOND = rep(0, 4.0, Verdict.IN_RANGE), rep(1, 9.0, Verdict.MOVED_INWARD)
OUTWARD = rep(2, -6.0, Verdict.MOVED_OUTWARD)


def test_a_bar_goes_inward_to_the_right_and_shows_the_limits() -> None:
    inward, outward = rep_bar(BEYOND, half=15).plain, rep_bar(OUTWARD, half=15).plain
    assert inward.index("┼") < inward.index("█")
    assert outward.index("█") < outward.index("┼")
    assert inward.count("│") + inward.count("┃") == 2


def test_a_bar_says_without_colour_whether_it_is_in_range() -> None:
    within, beyond = rep_bar(WITHIN, half=15), rep_bar(BEYOND, half=15)
    assert "━" in within.plain and "█" not in within.plain and " = " in within.plain
    assert "█" in beyond.plain and "━" not in beyond.plain and " > " in beyond.plain
    assert IN_RANGE_STYLE in {str(span.style) for span in within.spans}
    letters = rep_bar(BEYOND, half=15, pen=LETTERS).plain
    assert letters.replace("°", "").isascii() and "#" in letters


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_scale_stands_over_the_bars(width: int) -> None:
    half = half_for(width)
    above, bar = scale(half).plain, rep_bar(rep(0, 0.0, Verdict.IN_RANGE), half).plain
    assert len(above) <= width and len(bar) <= width
    assert above[bar.index("┼")] == "0"
    limits = [at for at, letter in enumerate(bar) if letter == "│"]
    assert [above.index(word) + 1 for word in ("-5°", "+5°")] == limits


def screen(width: int, height: int, colour: str | None = None) -> tuple[Screen, Console]:
    console = Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=colour
    )
    return Screen(console, hint=KEYS), console


def shown(view: Screen, console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    console.file.seek(0)
    console.file.truncate()
    console.print(view.draw())
    return console.file.getvalue().splitlines()


def sample(time_s: float) -> KneeSample:
    zeros = dict.fromkeys(KneeSample._fields, 0.0)
    q = (1.0, 0.0, 0.0, 0.0)
    told = {"number": 0, "time_s": time_s, "flags": wire.FLAG_REST, "valgus_sigma_deg": 1.0}
    return KneeSample(**(zeros | told | {"q_earth_thigh": q, "q_earth_shank": q}))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fills_the_screen_and_no_line_of_it_moves(width: int, height: int) -> None:
    view, console = screen(width, height)
    leg = view.leg("Right leg, squat, KneeBand-1A2B")
    news = LinkNews(LinkState.LIVE, 0.1, 10, mtu=247, interval_ms=15.0, battery_percent=80)
    seen = []
    for index in range(12):
        leg.item(sample(4.0 * index))
        leg.event(RepEnded(rep(index, -7.0 + index, Verdict.IN_RANGE)))
        leg.link(news)
        seen.append(shown(view, console))
    for lines in seen:
        assert len(lines) == height
        assert all(len(line) <= width for line in lines)
        assert lines[-1].startswith("a re-align") and lines[-2].startswith("live")
        assert lines[-3].startswith("set 1:")
    assert "0 of" not in seen[0][-3] and "1 of 1 in range" in seen[0][-3]
    assert "own excursion" in seen[0][10 if height > 30 else 8]
    leg.event(Warned("The strap seems to have moved."))
    lines = shown(view, console)
    assert len(lines) == height and lines[-1].startswith("a re-align")


def test_where_there_is_room_the_last_rep_is_read_from_afar() -> None:
    view, console = screen(120, 40)
    view.leg("Right leg").event(RepEnded(BEYOND))
    assert huge("+9.0°").split("\n")[2].strip() in "\n".join(shown(view, console))


def test_without_colour_keys_are_still_told_from_their_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    view, console = screen(80, 24, "truecolor")
    view.leg("Right leg").event(RepEnded(BEYOND))
    last = shown(view, console)[-1]
    assert "\x1b[1;7ma\x1b[0m" in last and "\x1b[1;7mq\x1b[0m" in last
    assert "\x1b[38;" not in last, "no colour"


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    view = open_view(Console(file=io.StringIO(), force_terminal=True, width=80), hint=KEYS)
    assert isinstance(view, Lines)
