"""Check 5 on the wing: what its design has is what bill and calculations take it to have."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from carrier import design

_UNITS = {"k": 1e3, "M": 1e6}


def _ohm(value: str) -> float:
    """33, 2k2, 100k."""
    whole, unit, rest = re.fullmatch(r"(\d+)([kM]?)(\d*)", value).groups()
    return float(f"{whole}.{rest or 0}") * _UNITS.get(unit, 1.0)


def _find_problems(wing, shelf):
    drawn = Counter(p.number for p in wing.parts.values() if p.number not in ("any", "none"))
    parts = [(part, n) for part, n in shelf.variant("b").extra if part.kind == "component"]
    bill = Counter({part.number: count for part, count in parts})
    problems = [
        f"{n}: {drawn[n]} on the wing, {bill[n]} in the bill"
        for n in drawn | bill
        if drawn[n] != bill[n]
    ]
    board = shelf.part("wing")
    for net, figure in (
        ("SDA", "pull_up"),
        ("SCL", "pull_up"),
        ("SHANK_SDA", "series"),
        ("SHANK_SCL", "series"),
    ):
        joined = {at.split(".")[0] for at in wing.nets[net]}
        if figure == "pull_up":
            joined &= {at.split(".")[0] for at in wing.nets["3V3"]}
        values = [_ohm(wing.parts[ref].value) for ref in joined if ref.startswith("R")]
        if values != [board.get(figure, "ohm")]:
            problems.append(
                f"{net}: {values} ohm on the wing, {board.get(figure, 'ohm')} calculated"
            )
    return problems


@pytest.fixture(scope="module")
def wing():
    return design.build()


def test_bill_and_resistors_are_the_wings(wing, shelf):
    assert _find_problems(wing, shelf) == []


def test_mutants(wing, shelf):
    def spoilt(ref, **changes):
        return replace(wing, parts=wing.parts | {ref: replace(wing.parts[ref], **changes)})

    assert _find_problems(spoilt("R3", value="4k7"), shelf) == [
        "SDA: [4700.0] ohm on the wing, 2200 calculated"
    ]
    assert _find_problems(spoilt("R2", value="330"), shelf) == [
        "SHANK_SCL: [330.0] ohm on the wing, 33 calculated"
    ]
    assert "AO3400A: 0 on the wing, 1 in the bill" in _find_problems(
        spoilt("Q1", number="BSS138"), shelf
    )
