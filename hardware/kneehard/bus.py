"""The I2C bus across the knee: addresses, pull-ups, rise time, current to sink, reach.

All pull-ups on the bus are in parallel, Rp. A line rises through Rp into the capacitance of all
chips, boards and cable, Cb; from 30 % to 70 % that takes 0.8473 Rp Cb (UM10204, section 7.1). A
chip that pulls the line low has to sink (3.3 V - 0.4 V) / Rp. More pull-ups make the line faster
and the sinking harder: both limits are checked. The cable's capacitance is a budget, not a
measurement, and the one number that decides here: BRINGUP.md says how to look at the edges.
"""

from dataclasses import dataclass

from kneehard.parts import Node, Shelf, Variant

RESERVED = (*range(0x08), *range(0x78, 0x80))
"""Addresses that the standard keeps for itself (UM10204, table 3)."""


@dataclass(frozen=True, slots=True)
class Bus:
    """What the bus of a variant is like, electrically."""

    pull_up_ohm: float
    capacitance_pf: float
    rise_ns: float
    sink_ma: float
    cable_m: float
    fastest_hz: int
    """The highest of 400 and 100 kHz whose rise time is kept; 0 if neither is."""
    cable_room_pf_m: float
    """What the cable may have per metre until the rise time of 400 kHz is used up."""


def on_bus(variant: Variant) -> list[Node]:
    """The boards that hang on it."""
    return [node for node in variant.nodes.values() if node.addresses]


def of(shelf: Shelf, variant: Variant) -> Bus:
    """Calculate a variant's bus."""
    boards = on_bus(variant)
    cable_m = (
        sum(cable.part.get("length", "mm") for cable in variant.cables if cable.carries == "i2c")
        / 1000
    )
    pull_up = 1.0 / sum(1.0 / node.part.get("pull_up", "ohm") for node in boards)
    capacitance = (
        sum(node.part.get("chip_capacitance", "pF") for node in boards)
        + len(boards) * shelf.get("board_capacitance", "pF")
        + cable_m * shelf.get("cable_capacitance", "pF/m")
    )
    rise_ns = shelf.get("rise_factor", "") * pull_up * capacitance * 1e-3
    fastest = 0
    for frequency, limit in ((100_000, "rise_standard"), (400_000, "rise_fast")):
        if rise_ns <= shelf.get(limit, "ns"):
            fastest = frequency
    most = shelf.get("rise_fast", "ns") / shelf.get("rise_factor", "") / pull_up * 1e3
    room = shelf.get("cable_capacitance", "pF/m") + (most - capacitance) / cable_m
    drop = variant.nodes["band"].part.get("rail_voltage", "V") - shelf.get("low_level", "V")
    return Bus(pull_up, capacitance, rise_ns, drop / pull_up * 1000.0, cable_m, fastest, room)


def find_address_problems(variant: Variant) -> list[str]:
    """Two at one address, and addresses that are reserved or not those of the part."""
    problems: list[str] = []
    taken: dict[int, str] = {}
    for node in on_bus(variant):
        figures = node.part.figures
        able = {
            figures[name].value for name in figures if name.startswith(("address", "gauge_add"))
        }
        for address in node.addresses:
            if address in taken:
                problems.append(f"{node.id} and {taken[address]} both answer at {address:#04x}")
            taken[address] = node.id
            if address in RESERVED:
                problems.append(f"{node.id}: address {address:#04x} is reserved")
            if address not in able:
                problems.append(f"{node.id}: {node.part.id} does not answer at {address:#04x}")
    return problems


def find_electrical_problems(shelf: Shelf, variant: Variant) -> list[str]:
    """Rise time, current to sink, and clock, against the standard's limits."""
    bus = of(shelf, variant)
    problems: list[str] = []
    if bus.fastest_hz < variant.frequency_hz:
        problems.append(
            f"rise time {bus.rise_ns:.0f} ns is too long for {variant.frequency_hz // 1000} kHz"
        )
    if bus.sink_ma > shelf.get("sink_limit", "mA"):
        problems.append(f"a chip has to sink {bus.sink_ma:.2f} mA")
    return problems


def find_reach_problems(shelf: Shelf, variant: Variant) -> list[str]:
    """Length of cable, and plugs without a socket."""
    problems: list[str] = []
    bus = of(shelf, variant)
    limit = shelf.get("chain_limit", "m")
    if bus.cable_m > limit:
        problems.append(f"{bus.cable_m:.2f} m of cable, more than {limit} m")
    for node in on_bus(variant):
        plugs = sum(
            node.id in (cable.start, cable.end)
            for cable in variant.cables
            if cable.carries == "i2c"
        )
        if plugs > node.part.get("qt_ports", ""):
            problems.append(f"{plugs} plugs on {node.id}, which has too few sockets")
    return problems
