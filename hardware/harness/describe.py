"""A variant's wiring as WireViz wants it: connectors, cables, connections. Pure; no tool is needed.

A board is one connector, though it may have two sockets: they are one and the same bus. The leads
of cell and motor belong to those parts, so they are in no bill. What lies on a board of our own is
the carrier's matter; here it is one connector that sits on the Feather's headers.
"""

import textwrap
from typing import Any

from kneehard.parts import Node, Part, Shelf, Variant

BUS = ("GND", "3V3", "SDA", "SCL")
BUS_COLOURS = ("BK", "RD", "BU", "YE")
"""Of Qwiic and STEMMA QT cables (SparkFun's hookup guide)."""
CELL: tuple[str, ...] = ("BAT+", "BAT-")
MOTOR: tuple[str, ...] = ("M+", "M-")

_PLACES = {"thigh pod": "LB", "shank pod": "BG"}
_WIDTH = 26

Harness = dict[str, Any]
Names = tuple[str, ...]


def describe(shelf: Shelf, variant: Variant) -> Harness:
    """The harness as plain tables."""
    connectors = {
        _title(node): _connector(node, _pins(node, variant), variant)
        for node in variant.nodes.values()
    }
    titles = {id: _title(node) for id, node in variant.nodes.items()}
    cables: dict[str, Any] = {}
    connections: list[Any] = []
    for cable in variant.cables:
        cables[cable.id] = _bought(cable.part) | {
            "wirecount": len(BUS),
            "colors": list(BUS_COLOURS),
            "length": cable.part.get("length", "mm") / 1000,
            "type": "Qwiic / QT",
            "show_wirenumbers": False,
        }
        wires = list(range(1, len(BUS) + 1))
        connections.append(
            [{titles[cable.start]: list(BUS)}, {cable.id: wires}, {titles[cable.end]: list(BUS)}]
        )
    if variant.nodes["thigh_imu"].part.id == "wing":
        connections.append([titles["band"], "==>", titles["thigh_imu"]])
    leads: list[tuple[str, str, Names, Names, str]] = [
        ("cell", "band", CELL, ("RD", "BK"), "JST-PH")
    ]
    if "motor" in variant.nodes:
        leads.append(("motor", "thigh_imu", MOTOR, ("RD", "BU"), "soldered"))
    for start, end, pins, colours, what in leads:
        name = f"{start} lead"
        cables[name] = {
            "wirecount": len(pins),
            "colors": list(colours),
            "type": what,
            "show_wirenumbers": False,
            "ignore_in_bom": True,
        }
        connections.append([{titles[end]: list(pins)}, {name: [1, 2]}, {titles[start]: list(pins)}])
    return {
        "metadata": {"title": variant.name, "description": variant.what},
        "options": {"fontname": "DejaVu Sans", "mini_bom_mode": False},
        "tweak": {"append": "graph [ranksep=0.35, nodesep=0.25]"},
        "connectors": connectors,
        "cables": cables,
        "connections": connections,
    }


def numbers(harness: Harness) -> dict[str, int]:
    """How many of each bought part are in a harness, by maker and number."""
    count: dict[str, int] = {}
    for item in (*harness["connectors"].values(), *harness["cables"].values()):
        if not item.get("ignore_in_bom"):
            key = f"{item['manufacturer']} {item['mpn']}"
            count[key] = count.get(key, 0) + 1
    return count


def find_problems(harness: Harness, variant: Variant) -> list[str]:
    """Parts that are in the harness and not in the bill of materials, or the other way round."""
    drawn = numbers(harness)
    own = {part.id for part, _ in variant.extra}
    bill = {
        f"{part.maker} {part.number}": count for part, count in variant.bill() if part.id not in own
    }
    return [
        f"{key}: {drawn.get(key, 0)} in the harness, {bill.get(key, 0)} in the bill"
        for key in sorted(drawn.keys() | bill.keys())
        if drawn.get(key, 0) != bill.get(key, 0)
    ]


def _pins(node: Node, variant: Variant) -> list[str]:
    pins: list[str] = []
    if node.addresses:
        pins += BUS
    if node.id in ("band", "cell"):
        pins += CELL
    if node.id == "motor" or (node.part.id == "wing" and "motor" in variant.nodes):
        pins += MOTOR
    return pins


def _connector(node: Node, pins: list[str], variant: Variant) -> dict[str, Any]:
    notes: list[str] = []
    if node.addresses:
        notes.append("I2C " + ", ".join(f"{address:#04x}" for address in node.addresses))
    if "pull_up" in node.part.figures:
        notes.append(f"pull-ups {node.part.get('pull_up', 'ohm') / 1000:g} kΩ")
    if node.id == "band":
        notes += [f"GPIO {pin}: {name}" for name, pin in variant.pins.items()]
    if node.id == "cell":
        notes.append("polarity: check with a meter")
    if node.part.id == "wing":
        notes.append("sits on the Feather's headers")
    return _bought(node.part) | {
        "type": _wrapped(node.part.what.split(":")[0]),
        "pins": [*range(1, len(BUS) + 1), *"+-"][: len(pins)] if node.addresses else [*"+-"],
        "pinlabels": pins,
        "show_pincount": False,
        "notes": "\n".join([*notes, f"in the {node.place}"]),
        "bgcolor_title": _PLACES[node.place],
    }


def _title(node: Node) -> str:
    if node.part.id == "wing":
        return "wing with thigh IMU"
    return "Feather" if node.id == "band" else node.id.replace("_imu", " IMU")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False)


def _bought(part: Part) -> dict[str, Any]:
    return {"manufacturer": part.maker, "mpn": part.number}
