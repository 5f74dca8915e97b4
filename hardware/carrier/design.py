"""The knee wing as a table: parts with their pins, nets, places on the board.

Everything else (netlist, board, bill, rules) is read from here; the GPIOs are read from
../variants/b.toml, the same table that the checks compare with the firmware's board file.

The wing has the Feather's outline and headers, and sits on it, parts outward: lamp and button lie
under the pod's lid, where a person sees and presses them. Seen with the parts up and USB to the
left, the row of twelve is at the top. The shank's plug and the switch look out at USB's end; the
end with the antenna stays free of copper. Lengths in mm from the upper left corner, y downwards,
turns in degrees against the clock, as KiCad has them.

LSM6DSO: pins and decoupling by its data sheet (DS12140, pin table, and section on mode 1: SA0 to
ground is 0x6A, CS to VDDIO chooses I2C, SDx and SCx to ground or VDDIO, pins 10 and 11 may stay
open; 100 nF each at VDD and VDDIO). Footprints are those of KiCad's own library (Debian's kicad-
footprints, CC-BY-SA 4.0 with its exception for designs), found by the names below; rows of holes
are our own: 1.0 mm for a pin of 0.64 mm square.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

VERSION = "0.1"
WIDTH, HEIGHT = 50.8, 22.86
PITCH = 2.54
VIA, DRILL = 0.6, 0.3
UNDER_IMU = 0.55
"""Half a side of the square under the IMU with no copper on its side of the board (ST asks so)."""
ANTENNA_FROM = 45.8
"""Beyond this x there is no copper: the Feather's antenna lies below."""

VARIANT = Path(__file__).resolve().parents[1] / "variants" / "b.toml"

# Kinds of pin, and what an ERC makes of them.
POWER_OUT, POWER_IN = "power out", "power in"
OUTPUT, INPUT, BOTH, PASSIVE, FREE = "output", "input", "bidirectional", "passive", "free"


@dataclass(frozen=True, slots=True)
class Pin:
    """One pad by its number; `kind` is one of the above."""

    number: str
    name: str
    kind: str = PASSIVE


@dataclass(frozen=True, slots=True)
class Part:
    """`holes`: our own row of holes, along x (or y) by `turn`; else a library's name."""

    ref: str
    value: str
    what: str
    number: str
    footprint: str
    pins: tuple[Pin, ...]
    x: float
    y: float
    turn: float = 0
    label: tuple[float, float] | None = None
    """Where its reference is printed, from the part's middle."""


LONG_ROW = [
    "RST", "3V3", "AREF", "GND", "A0", "A1", "A2", "A3", "A4", "A5", "SCK", "MO", "MI", "RX", "TX",
    "DB",
]  # fmt: skip
SHORT_ROW = ["BAT", "EN", "USB", "D13", "D12", "D11", "D10", "D9", "D6", "D5", "SCL", "SDA"]
FIRST_PIN = {16: 6.35, 12: 16.51}
"""x of the first pin of the row with so many."""
GPIO = {
    "A0": 18, "A1": 17, "A2": 16, "A3": 15, "A4": 14, "A5": 8, "SCK": 36, "MO": 35, "MI": 37,
    "RX": 38, "TX": 39, "D13": 13, "D12": 12, "D11": 11, "D10": 10, "D9": 9, "D6": 6, "D5": 5,
    "SCL": 4, "SDA": 3,
}  # fmt: skip
"""The Feather's header: the maker's board files (adafruit/Adafruit-Feather-ESP32-S3-PCB)."""

PIN_NAMES = ("SDA", "SCL", "CUE", "BUTTON", "LED", "IMU_INTERRUPT")
"""The functions of b.toml that the wing carries; the nets are called after them."""

_KIND_OF_FUNCTION = {
    "SDA": BOTH, "SCL": BOTH, "CUE": OUTPUT, "LED": OUTPUT, "BUTTON": INPUT, "IMU_INTERRUPT": INPUT,
}  # fmt: skip


class DesignError(ValueError):
    """The table of pins asks for something that the wing cannot have."""


def function_pins(variant: Path = VARIANT) -> dict[str, str]:
    """Function to name on the header. Raises DesignError."""
    gpios = tomllib.loads(variant.read_text())["pins"]
    names = {gpio: name for name, gpio in GPIO.items()}
    found = {}
    for function in PIN_NAMES:
        if gpios.get(function) not in names:
            raise DesignError(
                f"{variant.name}: {function} is GPIO{gpios.get(function)}, not on the header"
            )
        found[function] = names[gpios[function]]
    return found


def _passive(ref, value, what, footprint, x, y, turn=0, label=None, number="any", pins="12"):
    return Part(
        ref, value, what, number, footprint, tuple(Pin(n, n) for n in pins), x, y, turn, label
    )


def _header(ref: str, names: list[str], x: float, y: float, kinds: dict[str, str]) -> Part:
    power = {"3V3": POWER_OUT, "GND": POWER_OUT, "EN": INPUT}
    pins = tuple(
        Pin(str(n), name, kinds.get(name, power.get(name, FREE)))
        for n, name in enumerate(names, start=1)
    )
    what = f"short pin header, {len(names)} pins, on the lower side (Adafruit 3002)"
    return Part(ref, f"1x{len(names)}", what, "any", f"holes:{len(names)}", pins, x, y)


_R = "Resistor_SMD:R_0603_1608Metric"
_C = "Capacitor_SMD:C_0603_1608Metric"

_IMU_PINS = (
    Pin("1", "SA0", INPUT), Pin("2", "SDX", INPUT), Pin("3", "SCX", INPUT),
    Pin("4", "INT1", OUTPUT), Pin("5", "VDDIO", POWER_IN), Pin("6", "GND", POWER_IN),
    Pin("7", "GND", POWER_IN), Pin("8", "VDD", POWER_IN), Pin("9", "INT2", FREE),
    Pin("10", "OCS", FREE), Pin("11", "SDO_AUX", FREE), Pin("12", "CS", INPUT),
    Pin("13", "SCL", INPUT), Pin("14", "SDA", BOTH),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Design:
    """Parts by reference; nets as tuples of "REF.PAD"."""

    parts: dict[str, Part]
    nets: dict[str, tuple[str, ...]]

    def pin(self, at: str) -> Pin:
        """The pin of "REF.PAD"."""
        ref, number = at.split(".")
        return next(pin for pin in self.parts[ref].pins if pin.number == number)


def build(variant: Path = VARIANT) -> Design:
    """The wing, with the pins of `variant`. Raises DesignError."""
    names = function_pins(variant)
    kinds = {name: _KIND_OF_FUNCTION[function] for function, name in names.items()}
    parts = [
        _header("J1", LONG_ROW, FIRST_PIN[16], 21.59, kinds),
        _header("J2", SHORT_ROW, FIRST_PIN[12], 1.27, kinds),
        Part("U1", "LSM6DSO", "IMU LSM6DSO, LGA-14", "LSM6DSOTR",
             "Package_LGA:LGA-14_3x2.5mm_P0.5mm_LayoutBorder3x4y", _IMU_PINS, 27.0, 11.45,
             label=(-2.7, -1.6)),
        _passive("C1", "100n", "capacitor 100 nF, X7R, 0603", _C, 30.7, 12.2, label=(0, 1.35)),
        _passive("C2", "100n", "capacitor 100 nF, X7R, 0603", _C, 26.4, 14.6, label=(-2.4, 0)),
        _passive("C3", "10u", "capacitor 10 uF, X5R, 6.3 V or more, 0805",
                 "Capacitor_SMD:C_0805_2012Metric", 38.3, 16.2, label=(2.6, 0)),
        _passive("C4", "100n", "capacitor 100 nF, X7R, 0603", _C, 9.3, 13.5, label=(2.4, 0)),
        _passive("R1", "33", "resistor 33 ohm, 0603", _R, 9.3, 15.3, label=(2.4, 0)),
        _passive("R2", "33", "resistor 33 ohm, 0603", _R, 9.3, 17.1, label=(2.4, 0)),
        _passive("R3", "2k2", "resistor 2.2 kohm, 0603", _R, 40.0, 6.6, label=(0, 1.35)),
        _passive("R4", "2k2", "resistor 2.2 kohm, 0603", _R, 35.6, 6.6, label=(0, 1.35)),
        _passive("R5", "100k", "resistor 100 kohm, 0603", _R, 33.9, 12.4, 90, label=(0, 2.2)),
        _passive("R6", "1k2", "resistor 1.2 kohm, 0603", _R, 21.6, 6.6, label=(0, 1.35)),
        Part("D1", "1N4148W", "diode 1N4148W, SOD-123", "1N4148W", "Diode_SMD:D_SOD-123",
             (Pin("1", "K"), Pin("2", "A")), 40.4, 11.43, 270, label=(0, 2.95)),
        Part("D2", "green", "LED, green, 0603", "0603 green", "LED_SMD:LED_0603_1608Metric",
             (Pin("1", "K"), Pin("2", "A")), 17.2, 6.6, label=(0, 1.35)),
        Part("Q1", "AO3400A", "N-channel MOSFET, SOT-23", "AO3400A", "Package_TO_SOT_SMD:SOT-23",
             (Pin("1", "G", INPUT), Pin("2", "S"), Pin("3", "D")), 37.0, 11.43,
             label=(0, 2.3)),
        Part("J3", "shank", "JST-SH, 4 pins, side entry", "SM04B-SRSS-TB",
             "Connector_JST:JST_SH_SM04B-SRSS-TB_1x04-1MP_P1.00mm_Horizontal",
             (Pin("1", "GND"), Pin("2", "3V3"), Pin("3", "SDA"), Pin("4", "SCL"), Pin("MP", "MP")),
             3.1, 16.4, 270),
        Part("J4", "motor", "holes for the motor's leads", "none", "holes:2",
             (Pin("1", "+"), Pin("2", "-")), 43.4, 10.16, 270),
        Part("SW1", "button", "button, 3 x 2.5 mm, pressed from above", "B3U-1000P",
             "Button_Switch_SMD:SW_SPST_B3U-1000P",
             (Pin("1", "1"), Pin("2", "2")), 18.0, 14.9),
        Part("SW2", "power", "slide switch, side, SPDT", "PCM12SMTR",
             "Button_Switch_SMD:SW_SPDT_PCM12",
             (Pin("1", "1", FREE), Pin("2", "common"), Pin("3", "3")), 2.25, 7.2, 270),
    ]  # fmt: skip
    header = {name: f"J1.{n}" for n, name in enumerate(LONG_ROW, 1)}
    header |= {name: f"J2.{n}" for n, name in enumerate(SHORT_ROW, 1)}
    at = {function: header[name] for function, name in names.items()}
    nets = {
        "GND": (header["GND"], "U1.1", "U1.2", "U1.3", "U1.6", "U1.7", "C1.2", "C2.2", "C3.2",
                "C4.2", "R5.1", "D2.1", "Q1.2", "J3.1", "J3.MP", "SW1.2", "SW2.3"),
        "3V3": (header["3V3"], "U1.5", "U1.8", "U1.12", "C1.1", "C2.1", "C3.1", "C4.1", "R3.1",
                "R4.1", "D1.1", "J3.2", "J4.1"),
        "SDA": (at["SDA"], "U1.14", "R3.2", "R1.2"),
        "SCL": (at["SCL"], "U1.13", "R4.2", "R2.2"),
        "SHANK_SDA": ("R1.1", "J3.3"),
        "SHANK_SCL": ("R2.1", "J3.4"),
        "IMU_INTERRUPT": (at["IMU_INTERRUPT"], "U1.4"),
        "CUE": (at["CUE"], "Q1.1", "R5.2"),
        "MOTOR": ("Q1.3", "D1.2", "J4.2"),
        "BUTTON": (at["BUTTON"], "SW1.1"),
        "LED": (at["LED"], "R6.2"),
        "LED_A": ("R6.1", "D2.2"),
        "EN": (header["EN"], "SW2.2"),
    }  # fmt: skip
    return Design({part.ref: part for part in parts}, nets)


@dataclass(frozen=True, slots=True)
class Text:
    """Something printed on the board."""

    words: str
    x: float
    y: float
    size: float = 1.0
    turn: float = 0
    back: bool = False


def texts() -> list[Text]:
    """All that is printed besides references: what the board is, pins, plugs."""
    found = [
        Text("KneeTrack", 16.3, 9.6, 1.5),
        Text(f"knee wing {VERSION}", 17.8, 11.5, 1.0),
        Text("not a medical device", 29.6, 17.2, 0.9),
        Text("thigh", 27.0, 8.5, 1.0),
        Text("shank", 8.7, 11.9, 0.9),
        Text("button", 18.0, 17.2, 0.9),
        Text("off", 5.9, 9.5, 0.9),
        Text("on", 5.7, 6.4, 0.9),
        Text("motor", 43.0, 8.2, 0.9),
        Text("+", 45.1, 10.16, 1.0),
        Text("-", 45.1, 12.7, 1.0),
        Text("antenna, no metal", 48.3, HEIGHT / 2, 0.9, 90),
        Text("KneeTrack", WIDTH / 2, 7.2, 2.0, back=True),
        Text(f"knee wing {VERSION}, never built or measured", WIDTH / 2, 9.9, 0.9, back=True),
        Text("thigh IMU 0x6A, shank IMU 0x6B", WIDTH / 2, 11.8, 0.9, back=True),
        Text("Training log, not a medical device.", WIDTH / 2, 13.6, 0.9, back=True),
        Text("Not on the body while it charges.", WIDTH / 2, 15.2, 0.9, back=True),
        Text("CERN-OHL-W-2.0", WIDTH / 2, 16.8, 0.9, back=True),
    ]
    for back in (False, True):
        for names, x, y in ((SHORT_ROW, 16.51, 3.35), (LONG_ROW, 6.35, 19.1)):
            found += [
                Text(name, round(x + PITCH * n, 2), y, 0.8, 90, back)
                for n, name in enumerate(names)
            ]
    return found
