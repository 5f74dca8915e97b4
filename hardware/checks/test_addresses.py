"""Check 1: nobody shares an address, none is reserved, and the firmware finds whom it asks."""

import re

from kneehard import bus, pins, timing


def test_addresses_are_single_free_and_those_of_the_parts(variant):
    assert bus.find_address_problems(variant) == []


def test_the_firmware_asks_where_the_chips_are(variant):
    assert pins.find_address_problems(variant, pins.board_constants(variant)) == []


def _node(variants, id):
    return next(node for node in variants["a"]["node"] if node["id"] == id)


def test_mutant_two_boards_of_one_type(mutant):
    def spoil(tables, variants):
        _node(variants, "shank_imu").update(part="imu_sox", addresses=[0x6A])

    a = mutant(spoil).variant("a")
    assert bus.find_address_problems(a) == ["shank_imu and thigh_imu both answer at 0x6a"]
    wrong = pins.find_address_problems(a, pins.board_constants(a))
    assert wrong == ["SHANK_IMU: the firmware asks 0x6b, wired 0x6a"]


def test_mutant_an_address_that_the_board_has_not(mutant):
    shelf = mutant(lambda t, v: _node(v, "thigh_imu").update(part="imu_sox", addresses=[0x6B]))
    assert "thigh_imu: imu_sox does not answer at 0x6b" in bus.find_address_problems(
        shelf.variant("a")
    )


def test_mutant_a_reserved_address(mutant):
    def spoil(tables, variants):
        _node(variants, "thigh_imu").update(addresses=[0x7C])
        tables["part"]["imu_sox"]["figures"]["address"]["value"] = 0x7C

    found = bus.find_address_problems(mutant(spoil).variant("a"))
    assert found == ["thigh_imu: address 0x7c is reserved"]


def test_mutant_firmware_that_asks_for_a_third_imu_or_runs_faster(shelf):
    a = shelf.variant("a")
    board = pins.board_constants(a) | {"FOOT_IMU": 0x68, "I2C_FREQUENCY_HZ": 1_000_000}
    assert pins.find_address_problems(a, board) == [
        "FOOT_IMU: the firmware asks 0x68, where nothing is",
        "the firmware runs the bus at 1000000 Hz",
    ]


def _haptic_problems(haptic, driver):
    """The haptic board's driver has its own address and limit; they have to be the board's."""
    address = int(re.search(r"^ADDRESS = const\((\w+)\)", driver, re.MULTILINE)[1], 0)
    limit = float(re.search(r"^LIMIT_MA = ([\d.]+)", driver, re.MULTILINE)[1])
    found = []
    if (address,) != haptic.addresses:
        found.append(f"the driver asks {address:#04x}, wired {haptic.addresses[0]:#04x}")
    if limit > haptic.part.get("set_current", "mA"):
        found.append(f"the driver gives the motor up to {limit:.0f} mA")
    return found


def test_the_haptic_driver_asks_its_board_and_holds_it_to_its_current(shelf):
    driver = (timing.FIRMWARE / "kneeband" / "da7280.py").read_text()
    haptic = shelf.variant("a_cue").nodes["haptic"]
    assert _haptic_problems(haptic, driver) == []
    assert _haptic_problems(haptic, driver.replace("0x4A)", "0x4B)")) == [
        "the driver asks 0x4b, wired 0x4a"
    ]
    assert _haptic_problems(haptic, driver.replace("LIMIT_MA = 100", "LIMIT_MA = 165")) == [
        "the driver gives the motor up to 165 mA"
    ]
