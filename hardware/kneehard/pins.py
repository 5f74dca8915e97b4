"""Pins and addresses: the hardware data against the firmware's board file, the only place of both.

The board file is plain constants. A constant whose name is a role of some node is that node's
address; one that ends in a unit, or names a bus, is neither; every other one is a pin. So a pin
that the firmware begins to use is missed here until the variants know it.
"""

from pathlib import Path

from kneehard import timing
from kneehard.parts import Variant

ROOT = Path(__file__).resolve().parents[2]

STRAPPING = {0: "boot mode", 3: "source of JTAG", 45: "flash voltage", 46: "boot messages"}
USB = {19: "USB D-", 20: "USB D+"}
FLASH = dict.fromkeys(range(26, 33), "flash")
"""ESP32-S3 data sheet, pin overview. (33 to 37 belong to eight-line memory, which this module has
not: its NeoPixel hangs on 33.)"""
SPECIAL = STRAPPING | USB | FLASH
PINS = (*range(22), *range(26, 49))
"""GPIO numbers that the chip has."""

_NO_PINS = ("_HZ", "_MS", "_US", "_ID")


def board_constants(variant: Variant) -> dict[str, int]:
    """What the board file of the firmware says."""
    return timing.constants(ROOT / variant.board_file)


def find_address_problems(variant: Variant, board: dict[str, int]) -> list[str]:
    """Where the firmware looks for a chip, there it has to be; and the bus' clock."""
    roles = {
        role: address
        for node in variant.nodes.values()
        if node.roles
        for role, address in zip(node.roles, node.addresses, strict=True)
    }
    problems: list[str] = []
    for role, address in roles.items():
        if role not in board:
            problems.append(f"{role} is not in {variant.board_file}")
        elif board[role] != address:
            problems.append(f"{role}: the firmware asks {board[role]:#04x}, wired {address:#04x}")
    problems += [
        f"{name}: the firmware asks {board[name]:#04x}, where nothing is"
        for name in board
        if name.endswith("_IMU") and name not in roles
    ]
    if board["I2C_FREQUENCY_HZ"] != variant.frequency_hz:
        problems.append(f"the firmware runs the bus at {board['I2C_FREQUENCY_HZ']} Hz")
    return problems


def find_pin_problems(variant: Variant, board: dict[str, int]) -> list[str]:
    """Pins that differ from the firmware's, are taken twice, or have another purpose."""
    roles = {role for node in variant.nodes.values() for role in node.roles}
    firmware = {
        name: pin
        for name, pin in board.items()
        if name not in roles and not name.endswith((*_NO_PINS, "_IMU"))
    }
    problems: list[str] = []
    for name in sorted(firmware.keys() | variant.pins.keys()):
        ours, theirs = variant.pins.get(name), firmware.get(name)
        if ours != theirs:
            problems.append(f"{name} is {ours} here and {theirs} in {variant.board_file}")
    taken: dict[int, str] = {}
    for name, pin in variant.pins.items():
        if pin in taken:
            problems.append(f"{name} and {taken[pin]} are both GPIO{pin}")
        taken[pin] = name
        if pin not in PINS:
            problems.append(f"{name}: the chip has no GPIO{pin}")
        if (pin in SPECIAL) != (name in variant.allowed_pins):
            why = SPECIAL.get(pin, "no second purpose, yet it is in the list of exceptions")
            problems.append(f"{name} is GPIO{pin}: {why}")
    return problems
