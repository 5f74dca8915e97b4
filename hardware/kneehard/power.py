"""Power: what each mode draws, how long the cell lasts, charging, and the peak.

A mode is a current for processor and radio, plus what hangs on the rail while it lasts. The first
is by far the larger, and it is the one nobody has measured on this board with this firmware. So
each mode has two columns: as the firmware is (nothing tuned: the radio's controller never sleeps,
the processor stays at full speed, and it hardly matters what the band does) and as it may become
(automatic modem or light sleep), which is unverified throughout. BRINGUP.md begins with it.

Regulators are linear: the rail's current is the cell's. What the cell gives up is `usable` of its
nominal charge.
"""

from dataclasses import dataclass

from kneehard import bus
from kneehard.parts import Node, PartsError, Shelf, Variant


@dataclass(frozen=True, slots=True)
class Mode:
    """Something the band does for hours. `untuned` and `tuned` name figures; "" is not to be."""

    name: str
    untuned: str
    tuned: str
    imus: str
    """"on", "off", or "waking": one accelerometer that waits for motion."""
    cues: bool = False
    lamp: bool = True


MODES = (
    Mode("streaming to a host", "cpu_radio_untuned", "cpu_radio_tuned", "on", cues=True),
    Mode("streaming, as one report of this chip has it", "cpu_radio_reported", "", "on", cues=True),
    Mode(
        "recording alone, no host in reach", "cpu_radio_untuned", "cpu_modem_sleep", "on", cues=True
    ),
    Mode("on, advertising, nothing asked", "cpu_radio_untuned", "cpu_light_sleep", "on"),
    Mode("asleep, woken by its button", "", "cpu_deep_sleep", "off", lamp=False),
    Mode("asleep, woken by motion", "", "cpu_deep_sleep", "waking", lamp=False),
)


@dataclass(frozen=True, slots=True)
class Draw:
    """The current in one mode."""

    mode: Mode
    rest_ma: float
    """All but processor and radio."""
    untuned_ma: float | None
    tuned_ma: float | None
    untuned_h: float | None
    tuned_h: float | None


@dataclass(frozen=True, slots=True)
class Charge:
    """Charging with the charger on the Feather."""

    current_ma: float
    limit_ma: float
    rate_c: float
    hours: float
    """At that current all the time: the real time is longer, for the end goes slowly."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that a regulator may have to give at one instant."""

    rail: str
    current_ma: float
    limit_ma: float
    made_of: str


def cell(variant: Variant) -> Node:
    """The variant's battery."""
    return variant.nodes["cell"]


def draw(shelf: Shelf, variant: Variant, mode: Mode) -> Draw:
    """What a mode draws and how long a full cell lasts."""
    rest = _rest(shelf, variant, mode)
    usable = cell(variant).part.get("capacity", "mAh") * shelf.get("usable", "")

    def current(name: str) -> float | None:
        return shelf.get(name, "mA") + rest if name else None

    untuned, tuned = current(mode.untuned), current(mode.tuned)
    return Draw(
        mode,
        rest,
        untuned,
        tuned,
        usable / untuned if untuned else None,
        usable / tuned if tuned else None,
    )


def modes(variant: Variant) -> list[Mode]:
    """Those that the variant can have: motion wakes it only over a wire of its own."""
    return [m for m in MODES if m.imus != "waking" or "IMU_INTERRUPT" in variant.pins]


def charge(shelf: Shelf, variant: Variant) -> Charge:
    """The charging current against the cell's limit."""
    battery = cell(variant).part
    volts = shelf.get("charge_volts", "V")
    current = volts / variant.nodes["band"].part.get("charge_prog", "ohm") * 1000.0
    capacity = battery.get("capacity", "mAh")
    return Charge(
        current, battery.get("charge_limit", "mA"), current / capacity, capacity / current
    )


def peaks(shelf: Shelf, variant: Variant) -> list[Peak]:
    """Everything at once, per regulator: the radio sends, the motor starts, the lamp is lit."""
    feather = variant.nodes["band"].part
    plugged = [node for node in bus.on_bus(variant) if node.id != "band"]
    on_qt = {node.id: _steady(node) for node in plugged if node.part.id != "wing"}
    on_main = {node.id: _steady(node) for node in plugged if node.part.id == "wing"}
    on_main["radio and processor"] = shelf.get("radio_peak", "mA")
    on_main["lamp"] = shelf.get("led_current", "mA")
    if "motor" in variant.nodes:
        on_main["motor starting"] = variant.nodes["motor"].part.get("peak_current", "mA")
    if "haptic" in variant.nodes:
        on_qt["haptic"] = variant.nodes["haptic"].part.get("set_current", "mA")
    if "wing" in {node.part.id for node in plugged}:  # it feeds the shank's socket itself
        on_main |= on_qt
        on_qt = {}
    found = [_peak("3.3 V", on_main, feather.get("rail_limit", "mA"))]
    if on_qt:
        found.append(_peak("3.3 V of STEMMA QT", on_qt, feather.get("qt_rail_limit", "mA")))
    return found


def find_problems(shelf: Shelf, variant: Variant) -> list[str]:
    """Charging, peak, and a cell without protection."""
    problems: list[str] = []
    charging = charge(shelf, variant)
    if charging.current_ma > charging.limit_ma:
        problems.append(
            f"charging with {charging.current_ma:.0f} mA, the cell takes {charging.limit_ma:.0f}"
        )
    if not cell(variant).part.get("protected", ""):
        problems.append("the cell has no protection circuit")
    problems += [
        f"{peak.rail}: up to {peak.current_ma:.0f} mA, the regulator gives {peak.limit_ma:.0f}"
        for peak in peaks(shelf, variant)
        if peak.current_ma > peak.limit_ma
    ]
    for mode in modes(variant):
        hours = draw(shelf, variant, mode)
        if (
            mode.cues
            and hours.untuned_h is not None
            and hours.untuned_h < shelf.get("session", "h")
        ):
            problems.append(f"{mode.name}: {hours.untuned_h:.1f} h, shorter than a session")
    return problems


def _rest(shelf: Shelf, variant: Variant, mode: Mode) -> float:
    """Everything on the rails but processor and radio, on average."""
    total = shelf.get("led_current", "mA") * shelf.get("led_duty", "") if mode.lamp else 0.0
    duty = shelf.get("haptic_duty", "") if mode.cues else 0.0
    if mode.imus == "on":
        boards = [node for node in bus.on_bus(variant) if node.id != "band"]
        total += sum(_steady(node) for node in boards)
        total += shelf.get("bus_low_share", "") * 2 * bus.of(shelf, variant).sink_ma
        if "haptic" in variant.nodes:
            total += duty * variant.nodes["haptic"].part.get("set_current", "mA")
    elif mode.imus in ("waking", "off"):
        total += _unswitched(shelf, variant, mode.imus == "waking")
    else:
        raise PartsError(f"mode {mode.name!r}: IMUs {mode.imus!r}")
    if "motor" in variant.nodes:
        total += duty * variant.nodes["motor"].part.get("current", "mA")
    return total


def _unswitched(shelf: Shelf, variant: Variant, waking: bool) -> float:
    """What goes on while the chip sleeps. STEMMA QT's regulator is off then, and with it all that
    hangs there. A wing and its shank plug hang on 3V3, which stays: the firmware puts the IMUs to
    rest (one of them waits for motion, where that wakes), but boards' lights shine on, and the
    pull-ups feed the Feather's own back into the rail that is off (at most that)."""
    plugged = [node for node in bus.on_bus(variant) if node.id != "band"]
    wing = next((node for node in plugged if node.part.id == "wing"), None)
    if wing is None:
        return 0.0
    feather = variant.nodes["band"].part
    conducts = sum(1.0 / node.part.get("pull_up", "ohm") for node in plugged)
    back = 2e3 * feather.get("rail_voltage", "V") / (1 / conducts + feather.get("pull_up", "ohm"))
    lights = sum(node.part.get_or("board_current", "mA", 0.0) for node in plugged)
    return back + lights + (shelf.get("imu_wake_current", "mA") if waking else 0.0)


def _steady(node: Node) -> float:
    return node.part.get("current", "mA") + node.part.get_or("board_current", "mA", 0.0)


def _peak(rail: str, parts: dict[str, float], limit: float) -> Peak:
    made_of = ", ".join(f"{name.replace('_', ' ')} {ma:.0f}" for name, ma in parts.items())
    return Peak(rail, sum(parts.values()), limit, made_of)
