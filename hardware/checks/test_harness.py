"""Check 5: what the harness shows is what the bill of materials has, and the other way round."""

import csv

import pytest

from harness import describe
from kneehard import parts


def test_harness_and_bill_have_the_same_parts(shelf, variant):
    assert describe.find_problems(describe.describe(shelf, variant), variant) == []


def test_every_wire_joins_two_pins_of_one_name(shelf, variant):
    for start, *middle, end in describe.describe(shelf, variant)["connections"]:
        if middle != ["==>"]:
            (pins,), (others,) = start.values(), end.values()
            assert pins == others and len(pins) == len(next(iter(middle[0].values())))


def test_the_drawings_that_are_shown_are_of_these_parts(shelf, variant):
    with (parts.HERE / "out" / f"harness-{variant.id}.bom.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    shown = {f"{r['Manufacturer']} {r['MPN']}": r["Designators"].count(",") + 1 for r in rows}
    assert shown == describe.numbers(describe.describe(shelf, variant))
    picture = (parts.HERE / "out" / f"harness-{variant.id}.svg").read_text()
    for node in variant.nodes.values():
        for address in node.addresses:
            assert f"{address:#04x}" in picture, f"{node.id}: make the drawings anew"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda h: h["connectors"].pop("cell"), "Adafruit 1578: 0 in the harness, 1 in the bill"),
        (
            lambda h: h["cables"].update(W9=h["cables"]["W1"]),
            "Adafruit 4399: 2 in the harness, 1 in the bill",
        ),
        (
            lambda h: h["connectors"]["shank IMU"].update(mpn="SEN-1"),
            "SparkFun SEN-1: 1 in the harness, 0 in the bill",
        ),
    ],
)
def test_mutants(shelf, spoil, says):
    variant = shelf.variant("a")
    harness = describe.describe(shelf, variant)
    spoil(harness)
    assert says in describe.find_problems(harness, variant)
