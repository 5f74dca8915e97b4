"""Check 8: electrical rules 0/0, design rules 0, nothing unconnected; our own rules of the circuit.

The own rules need no tools. The rest is skipped where skidl, or KiCad's pcbnew and footprints, are
absent; routing takes ten seconds, each run of KiCad one or two.
"""

import math
from dataclasses import replace
from importlib.util import find_spec

import pytest

from carrier import design, make, rules

RULES = {
    "two outputs tied": ("CUE", "U1.4", "IMU_INTERRUPT", "both drive it"),
    "an output on the bus": ("SDA", "U1.4", "IMU_INTERRUPT", "drives a line that others drive"),
    "no pull-up": ("GND", "R3.1", "3V3", "SDA has no pull-up"),
    "no gate pull-down": ("3V3", "R5.1", "GND", "the motor would run"),
    "the other address": ("3V3", "U1.1", "GND", "SA0 makes"),
    "SPI": ("GND", "U1.12", "3V3", "CS is not high"),
    "the diode lies across the gate": ("CUE", "D1.2", "MOTOR", "the diode does not catch"),
    "the button on another pin": ("BUTTON", "J2.6", None, "D11 (GPIO11) carries BUTTON"),
}


def moved(wing, to, pin, out_of):
    """The wing with one pin on another net."""
    nets = dict(wing.nets)
    if out_of:
        nets[out_of] = tuple(at for at in nets[out_of] if at != pin)
        if len(nets[out_of]) < 2:
            del nets[out_of]
    nets[to] = (*nets[to], pin)
    freed = {
        part.ref: replace(
            part,
            pins=tuple(
                replace(p, kind=design.FREE)
                if not any(f"{part.ref}.{p.number}" in n for n in nets.values())
                else p
                for p in part.pins
            ),
        )
        for part in wing.parts.values()
    }
    return design.Design(freed, nets)


@pytest.fixture(scope="module")
def wing():
    return design.build()


def test_own_rules(wing, shelf):
    assert rules.problems(wing, shelf.variant("b").pins) == []


@pytest.mark.parametrize(("to", "pin", "out_of", "says"), RULES.values(), ids=RULES)
def test_mutant_circuits(wing, shelf, to, pin, out_of, says):
    found = rules.problems(moved(wing, to, pin, out_of), shelf.variant("b").pins)
    assert any(says in sentence for sentence in found), found


def test_mutant_of_the_table_of_pins(tmp_path, shelf):
    table = design.VARIANT.read_text()
    (tmp_path / "b.toml").write_text(table.replace("CUE = 9", "CUE = 45"))
    with pytest.raises(design.DesignError, match="CUE is GPIO45, not on the header"):
        design.build(tmp_path / "b.toml")
    (tmp_path / "b.toml").write_text(table.replace("CUE = 9", "CUE = 6"))
    elsewhere = design.build(tmp_path / "b.toml")
    assert any("D6 (GPIO6)" in s for s in rules.problems(elsewhere, shelf.variant("b").pins))


def need_skidl():
    """Skips without it. Not imported here: it leaves files in the folder where that is done."""
    if find_spec("skidl") is None:
        pytest.skip("skidl is not installed: make hardware")


@pytest.fixture(scope="module")
def erc(tmp_path_factory):
    need_skidl()
    from carrier import circuit

    return lambda wing: circuit.netlist(wing, tmp_path_factory.mktemp("erc") / "wing.net")


@pytest.mark.filterwarnings("ignore")
def test_erc(erc, wing):
    found = erc(wing)
    assert (found.errors, found.warnings) == (0, 0)


@pytest.mark.filterwarnings("ignore")
def test_mutant_two_outputs_tied(erc, wing):
    assert erc(moved(wing, "CUE", "U1.4", "IMU_INTERRUPT")).errors > 0


@pytest.fixture(scope="module")
def routed(tmp_path_factory, wing):
    """Makes the board with changed tracks and checks it; the tracks as they are."""
    need_skidl()  # Not its job, but its absence says that this is not `make hardware`.
    reason = make.missing_tool()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("board")
    pads = make.place(folder)
    bare = (folder / f"{make.NAME}.kicad_pcb").read_bytes()
    tracks = make.route(pads, wing)

    def check(items):
        (folder / f"{make.NAME}.kicad_pcb").write_bytes(bare)
        return make.finish(folder, items)

    return check, tracks


def test_drc(routed):
    check, tracks = routed
    found = check(tracks)
    assert (found.violations, found.unconnected) == (0, 0), found.text


def test_mutant_a_removed_track(routed):
    check, tracks = routed
    motor = [item for item in tracks if item["net"] == "MOTOR" and item["kind"] == "track"]
    gone = max(motor, key=lambda t: math.dist((t["x"], t["y"]), (t["to_x"], t["to_y"])))
    # The longest: a short one may lie within a pad and join nothing.
    assert check([item for item in tracks if item is not gone]).unconnected == 1


def test_mutant_a_short(routed, wing):
    check, tracks = routed
    c1 = wing.parts["C1"]
    bridge = {
        "kind": "track", "net": "3V3", "layer": 0, "width": 0.3,
        "x": c1.x - 0.775, "y": c1.y, "to_x": c1.x + 0.775, "to_y": c1.y,
    }  # fmt: skip
    found = check([*tracks, bridge])
    assert found.violations > 0
    assert "shorting_items" in found.text or "clearance" in found.text
