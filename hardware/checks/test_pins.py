"""Check 3: one place for pins; none twice, none with another purpose but by a stated reason."""

import pytest

from kneehard import pins


def test_pins_are_those_of_the_firmware_and_free(variant):
    assert pins.find_pin_problems(variant, pins.board_constants(variant)) == []


def test_bus_and_power_are_the_feathers(shelf, variant):
    feather = shelf.part("feather")
    for name, figure in (("SDA", "sda"), ("SCL", "scl"), ("I2C_POWER", "i2c_power")):
        assert variant.pins[name] == feather.get(figure, "GPIO")


@pytest.mark.parametrize(
    ("pin", "says"),
    [
        (5, "LED is 5 here and 13 in firmware/boards/a/board.py"),
        (3, "LED and SDA are both GPIO3"),
        (45, "LED is GPIO45: flash voltage"),
        (20, "LED is GPIO20: USB D+"),
        (28, "LED is GPIO28: flash"),
        (23, "LED: the chip has no GPIO23"),
    ],
)
def test_mutant_pins(mutant, pin, says):
    a = mutant(lambda tables, variants: variants["a"]["pins"].update(LED=pin)).variant("a")
    assert says in pins.find_pin_problems(a, pins.board_constants(a))


def test_mutant_a_pin_that_only_the_firmware_has(shelf):
    a = shelf.variant("a")
    found = pins.find_pin_problems(a, pins.board_constants(a) | {"BUZZER": 9})
    assert found == ["BUZZER is None here and 9 in firmware/boards/a/board.py"]


def test_mutant_the_wing_with_the_other_variants_board_file(mutant):
    file = "firmware/boards/a/board.py"
    b = mutant(lambda tables, variants: variants["b"].update(board_file=file)).variant("b")
    assert pins.find_pin_problems(b, pins.board_constants(b)) == [
        f"BUTTON is 10 here and 0 in {file}",
        f"IMU_INTERRUPT is 18 here and None in {file}",
        f"LED is 12 here and 13 in {file}",
    ]


def test_mutant_an_exception_that_is_none(mutant):
    def spoil(tables, variants):
        variants["a"]["allowed_pins"]["LED"] = "because"

    a = mutant(spoil).variant("a")
    assert pins.find_pin_problems(a, pins.board_constants(a)) == [
        "LED is GPIO13: no second purpose, yet it is in the list of exceptions"
    ]
