"""Check 4: the charger suits the cell, the peak suits the regulators, a charge lasts a session."""

import pytest

from kneehard import power, timing


def test_charge_peak_and_runtime_are_within_limits(shelf, variant):
    assert power.find_problems(shelf, variant) == []


def test_hours_by_hand(shelf):
    a = shelf.variant("a_cue")
    streaming = power.draw(shelf, a, power.MODES[0])
    # Two IMUs and their lights, the haptic board at rest and 2 % of its 100 mA, lamp, pull-ups.
    rest = 2 * 1.55 + 1.5 + 0.02 * 100 + 0.1 * 2.0 + 0.08 * 2 * 1.814
    assert streaming.rest_ma == pytest.approx(rest, abs=0.01)
    assert streaming.untuned_h == pytest.approx(500 * 0.85 / (85 + rest), abs=0.01)
    assert power.charge(shelf, a).current_ma == pytest.approx(1000 / 5.1, abs=0.1)


def test_the_lines_are_low_for_as_long_as_the_bus_is_busy_by_half(shelf):
    log = timing.record(400_000)
    busy = timing.load(log, 0, 400_000).share
    assert shelf.get("bus_low_share", "") == pytest.approx(busy / 2, abs=0.01)


def test_only_a_wired_interrupt_wakes_by_motion(shelf):
    waking = [m for m in power.MODES if m.imus == "waking"]
    assert waking and all(m in power.modes(shelf.variant("b")) for m in waking)
    assert not any(m in power.modes(shelf.variant("a")) for m in waking)


def test_asleep_by_hand(shelf):
    """The shank board's light stays on; 1.5 and 10 kohm a line feed back into the other rail."""
    asleep = next(m for m in power.MODES if m.imus == "off")
    waking = next(m for m in power.MODES if m.imus == "waking")
    b = shelf.variant("b")
    back = 2 * 3.3 / (1 / (1 / 2.2 + 1 / 4.7) + 10)
    assert power.draw(shelf, shelf.variant("a"), asleep).rest_ma == 0
    assert power.draw(shelf, b, asleep).rest_ma == pytest.approx(1.0 + back, abs=0.01)
    assert power.draw(shelf, b, waking).rest_ma == pytest.approx(0.03 + 1.0 + back, abs=0.01)


def _set(part, figure, value):
    return lambda tables, variants: tables["part"][part]["figures"][figure].update(value=value)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_set("cell_500", "charge_limit", 150), "charging with 196 mA, the cell takes 150"),
        (_set("feather", "charge_prog", 1000), "charging with 1000 mA, the cell takes 500"),
        (_set("cell_500", "protected", False), "the cell has no protection circuit"),
        (_set("motor", "peak_current", 200), "3.3 V: up to 544 mA, the regulator gives 500"),
        (_set("cell_500", "capacity", 200), "streaming to a host: 1.9 h, shorter than a session"),
    ],
)
def test_mutants(mutant, spoil, says):
    shelf = mutant(spoil)
    assert says in power.find_problems(shelf, shelf.variant("b"))


def test_mutant_the_haptic_board_at_its_motors_limit(mutant):
    shelf = mutant(_set("haptic", "set_current", 165))
    assert power.find_problems(shelf, shelf.variant("a_cue")) == [
        "3.3 V of STEMMA QT: up to 168 mA, the regulator gives 150"
    ]
