"""Check 10: every figure has a source, a unit and a kind."""

import pytest

from kneehard import parts


def test_every_figure_has_value_unit_kind_and_source(shelf):
    # `load` refuses anything else, see below; so here only that there is something to look at.
    count = sum(len(part.figures) for part in shelf.parts.values()) + len(shelf.figures)
    assert count > 100


def test_every_source_is_used(shelf):
    figures = [figure for part in shelf.parts.values() for figure in part.figures.values()]
    used = {figure.src for figure in (*figures, *shelf.figures.values())}
    assert set(shelf.sources) == used


def test_no_price_is_invented(shelf):
    assert all((p.price is None) == (p.checked is None) for p in shelf.parts.values())


def _feather(tables):
    return tables["part"]["feather"]["figures"]["length"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda t: _feather(t).pop("src"), "part feather, figure length: no src"),
        (lambda t: _feather(t).update(src="hearsay"), "'hearsay' is not in"),
        (lambda t: _feather(t).update(kind="X"), "kind 'X'"),
        (lambda t: _feather(t).update(src="estimate"), "kind S, but its source is 'estimate'"),
        (lambda t: _feather(t).update(kind="C"), "no note says from what"),
        (lambda t: t["figures"]["rise_fast"].pop("unit"), "no part, figure rise_fast: no unit"),
        (lambda t: t["part"]["feather"].update(price=17.5), "needs the day"),
        (lambda t: t["part"]["feather"].pop("maker"), "part feather: no maker"),
    ],
)
def test_mutants_are_refused(mutant, spoil, says):
    with pytest.raises(parts.PartsError, match=says):
        mutant(lambda tables, variants: spoil(tables))


def test_a_figure_is_given_in_its_own_unit_only(shelf):
    assert shelf.part("feather").get("length", "mm") == 50.8
    with pytest.raises(parts.PartsError, match="in 'mm', not in 'm'"):
        shelf.part("feather").get("length", "m")
    with pytest.raises(parts.PartsError, match="no figure 'weight'"):
        shelf.part("feather").get("weight", "g")


def test_a_variant_of_parts_that_are_not_there_is_refused(mutant):
    with pytest.raises(parts.PartsError, match="no part 'imu_xyz'"):
        mutant(lambda tables, variants: variants["a"]["node"][1].update(part="imu_xyz"))
    with pytest.raises(parts.PartsError, match="W2 ends at 'ankle'"):
        mutant(lambda tables, variants: variants["a"]["cable"][1].update(to="ankle"))
