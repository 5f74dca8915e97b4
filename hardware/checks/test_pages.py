"""The tables in the pages are those that the code makes."""

import pytest

from kneehard import parts, tables


@pytest.mark.parametrize("name", tables.PAGES)
def test_tables_are_current(name, shelf):
    path = parts.HERE / name
    if not path.exists():
        pytest.skip(f"{name} is not written yet")
    text = path.read_text()
    assert tables.filled(text, shelf) == text, (
        "make them anew: python hardware/build.py figures --write"
    )


def test_mutant_a_stale_table(shelf):
    page = "before\n<!-- figures: peaks -->\n| old |\n<!-- /figures -->\nafter\n"
    made = tables.filled(page, shelf)
    assert made != page and "old" not in made
    assert made.startswith("before\n<!-- figures: peaks -->\n|") and made.endswith("after\n")
    assert tables.filled(made, shelf) == made
