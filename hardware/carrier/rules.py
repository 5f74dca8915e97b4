"""What must hold for the wing's circuit, beyond what an ERC knows. Plain Python, no tools.

Each rule returns sentences; none is good. skidl's ERC missed an output tied to SDA, so who may
drive what is asked here as well.
"""

from carrier.design import (
    BOTH,
    FREE,
    GPIO,
    INPUT,
    LONG_ROW,
    OUTPUT,
    PIN_NAMES,
    POWER_IN,
    POWER_OUT,
    SHORT_ROW,
    Design,
)


def problems(design: Design, pins: dict[str, int], address: int = 0x6A) -> list[str]:
    """Every rule; `pins` and `address` (of the thigh's IMU) as the variant has them."""
    found = _connections(design)
    if found:  # The rest would stumble over them.
        return found
    return [
        *_drivers(design),
        *_bus(design),
        *_supply(design),
        *_motor_and_lamp(design),
        *_pins(design, pins),
        *_address(design, address),
    ]


def _net_of(design: Design) -> dict[str, str]:
    return {at: net for net, pins in design.nets.items() for at in pins}


def _connections(design: Design) -> list[str]:
    found, seen = [], {}
    known = {f"{part.ref}.{pin.number}" for part in design.parts.values() for pin in part.pins}
    for net, pins in design.nets.items():
        if len(pins) < 2:
            found.append(f"{net} joins nothing")
        for at in pins:
            if at not in known:
                found.append(f"{net}: there is no {at}")
            if at in seen:
                found.append(f"{at} is on {seen[at]} and on {net}")
            seen[at] = net
    for at in sorted(known - seen.keys()):
        if design.pin(at).kind != FREE:
            found.append(f"{at} ({design.pin(at).name}) is on no net")
    return found


def _drivers(design: Design) -> list[str]:
    found = []
    for net, pins in design.nets.items():
        kinds = {at: design.pin(at).kind for at in pins}
        outputs = [at for at, kind in kinds.items() if kind == OUTPUT]
        power = [at for at, kind in kinds.items() if kind == POWER_OUT]
        if len(outputs) > 1:
            found.append(f"{net}: {' and '.join(outputs)} both drive it")
        if outputs and (power or BOTH in kinds.values()):
            found.append(f"{net}: {outputs[0]} drives a line that others drive")
        if INPUT in kinds.values() and set(kinds.values()) == {INPUT}:
            found.append(f"{net}: nobody drives it")
        if POWER_IN in kinds.values() and not power:
            found.append(f"{net}: nothing supplies it")
        found += [f"{net}: {at} stays free" for at, kind in kinds.items() if kind == FREE]
    return found


def _between(design: Design, prefix: str, one: str, other: str) -> list[str]:
    """Values of the two-pin parts `prefix`... between two nets."""
    net = _net_of(design)
    return [
        part.value
        for ref, part in design.parts.items()
        if ref.startswith(prefix) and {net.get(f"{ref}.1"), net.get(f"{ref}.2")} == {one, other}
    ]


def _bus(design: Design) -> list[str]:
    found = []
    for line in ("SDA", "SCL"):
        if _between(design, "R", line, "3V3") != ["2k2"]:
            found.append(f"{line} has no pull-up of 2.2 kohm")
        if _between(design, "R", line, f"SHANK_{line}") != ["33"]:
            found.append(f"{line} has no 33 ohm towards the shank")
    plug = [_net_of(design)[f"J3.{n}"] for n in "1234"]
    if plug != ["GND", "3V3", "SHANK_SDA", "SHANK_SCL"]:
        found.append(f"the shank's plug is {plug}, Qwiic is GND, 3V3, SDA, SCL")
    return found


def _supply(design: Design) -> list[str]:
    capacitors = _between(design, "C", "3V3", "GND")
    found = []
    if capacitors.count("100n") < 3:
        found.append("100 nF each belongs at VDD, VDDIO and the shank's plug")
    if "10u" not in capacitors:
        found.append("the motor's supply has no 10 uF")
    for ref, pin in (("C1", "8"), ("C2", "5")):
        part, chip = design.parts[ref], design.parts["U1"]
        if max(abs(part.x - chip.x), abs(part.y - chip.y)) > 4:
            found.append(f"{ref} is too far from pin {pin} of the IMU")
    return found


def _motor_and_lamp(design: Design) -> list[str]:
    net, found = _net_of(design), []
    if _between(design, "R", "CUE", "GND") != ["100k"]:
        found.append("the gate has no pull-down: the motor would run while the chip starts")
    if (net["D1.1"], net["D1.2"]) != ("3V3", net["Q1.3"]):
        found.append("the diode does not catch the motor's current")
    if {net["J4.1"], net["J4.2"]} != {"3V3", net["Q1.3"]} or net["Q1.2"] != "GND":
        found.append("the motor is not between 3V3 and the transistor")
    if not _between(design, "R", "LED", net["D2.2"]) or net["D2.1"] != "GND":
        found.append("the lamp has no resistor")
    return found


def _pins(design: Design, pins: dict[str, int]) -> list[str]:
    net, found = _net_of(design), []
    rows = {f"J1.{n}": name for n, name in enumerate(LONG_ROW, 1)}
    rows |= {f"J2.{n}": name for n, name in enumerate(SHORT_ROW, 1)}
    for at, name in rows.items():
        function = net.get(at)
        if name not in GPIO:
            continue
        wanted = next((f for f in PIN_NAMES if pins.get(f) == GPIO[name]), None)
        if function != wanted:
            found.append(f"{name} (GPIO{GPIO[name]}) carries {function}, the table says {wanted}")
    return found


def _address(design: Design, address: int) -> list[str]:
    level = {"GND": 0x6A, "3V3": 0x6B}.get(_net_of(design)["U1.1"])
    found = [] if level == address else [f"SA0 makes {level}, the variant says {address:#04x}"]
    if _net_of(design)["U1.12"] != "3V3":
        found.append("CS is not high: the chip would speak SPI")
    return found
