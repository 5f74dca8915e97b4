"""The tables in the pages are those that the code makes."""

import re
from pathlib import Path

import pytest

from kneehard import bus, parts, power, tables, timing


@pytest.mark.parametrize("name", tables.PAGES)
def test_tables_are_current(name, shelf):
    path = parts.HERE / name
    if not path.exists():
        pytest.skip(f"{name} is not written yet")
    text = path.read_text()
    assert tables.filled(text, shelf) == text, (
        "make them anew: .venv/bin/python hardware/build.py figures --write"
    )


def test_mutant_a_stale_table(shelf):
    page = "before\n<!-- figures: peaks -->\n| old |\n<!-- /figures -->\nafter\n"
    made = tables.filled(page, shelf)
    assert made != page and "old" not in made
    assert made.startswith("before\n<!-- figures: peaks -->\n|") and made.endswith("after\n")
    assert tables.filled(made, shelf) == made


def test_the_prose_of_the_bring_up_has_the_figures_of_today(shelf):
    text = " ".join((parts.HERE / "BRINGUP.md").read_text().split())
    a, b = shelf.variant("a"), shelf.variant("b")
    streaming = power.draw(shelf, a, power.MODES[0])
    said = (
        f"{bus.of(shelf, a).rise_ns:.0f} ns is calculated for A",
        f"{shelf.get('rise_fast', 'ns'):.0f} ns is the limit for 400 kHz",
        f"{bus.of(shelf, a).pull_up_ohm / 1000:.1f} kΩ (A)",
        f"{bus.of(shelf, b).pull_up_ohm / 1000:.1f} kΩ (B)",
        f"The charger gives {power.charge(shelf, a).current_ma:.0f} mA",
        f"the cell takes {power.charge(shelf, a).limit_ma:.0f}",
        f"At least {power.charge(shelf, a).hours:.1f} hours from empty",
        f"{streaming.untuned_ma:.0f} mA as it is",
        f"that report says {shelf.get('cpu_radio_reported', 'mA'):.0f}",
        f"{power.draw(shelf, b, power.MODES[-1]).tuned_ma:.1f} mA (B: the shank board's light",
        f"+ {shelf.part('motor').get('current', 'mA'):.0f} mA while the motor runs",
    )
    assert [one for one in said if one not in text] == []
    slow, fast = (timing.load(timing.record(f), 0, f).share * 100 for f in (100_000, 400_000))
    assert f"busy for {slow:.0f} % of the time instead of {fast:.0f}" in text


def _broken_links(folder: Path, text: str) -> list[str]:
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    return [t for t in targets if "://" not in t and not (folder / t).exists()]


@pytest.mark.parametrize("page", sorted(parts.HERE.glob("*.md")), ids=lambda page: page.name)
def test_links_and_pictures_are_there(page):
    assert _broken_links(parts.HERE, page.read_text()) == []


def test_mutant_a_link_to_nothing():
    text = "![a](out/harness-a.svg) [b](SAFTY.md#x) [c](https://example.org/x)"
    assert _broken_links(parts.HERE, text) == ["SAFTY.md"]
