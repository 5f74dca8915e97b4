"""The simulated board's power switch.

    micropython firmware/sim/run.py SCENARIO      squats?valgus=8&seed=1&side=left
    micropython firmware/sim/run.py @FILE?side=left&seed=1&chip=none
                                                  recorded movement (sim.knots.TraceBody)

Solders the two IMUs to the bus, tells the host what will be played, and starts the firmware's own
main.py, which knows nothing of all this. The repository stands for what a cable has put on it;
boot.py, which takes a second, runs only where it has something to do: choose, where an update has
come over the radio (`slots`), or wait, where all starts failed. main.py ends with ENODEV where it
has no radio: the host gives it one (sim.rig). Only errors are printed.

MICROPYPATH must begin with firmware/sim/shims and firmware (kneetrack.firmware_files).
"""

import asyncio
import gc
import os
import sys
import time

import machine
import utime

from sim import chips, costs, flash, rig, scenarios, vclock, wiring
from sim.haptic_model import ADDRESS as HAPTIC
from sim.haptic_model import DA7280Model
from sim.knots import TraceBody
from sim.motion import Motion
from sim.power_model import Cell, MAX17048Model

I2C_ID = 0
PLUG_POWER = 7
SDA_PIN, SCL_PIN = 3, 4
CUE_PIN = 9
FUEL_GAUGE = 0x36
USB_FRAMES = 0x60080808  # DSTS of the USB core
HANGS_S = 60
SLOTS = "slots.dat"
FAILED_TOO_OFTEN = b"\x03"
FLASH_FILE = "flash.bin"
"""In the folder where the board was started: what its flash holds, over all its starts."""


def scenario_of(address: str):
    """The Scenario of the command line. Raises ScenarioError, ValueError or OSError."""
    if not address.startswith("@"):
        return scenarios.make_from_address(address)
    path, _, query = address[1:].partition("?")
    source = TraceBody(path)
    return scenarios.of_trace(source, scenarios.parsed(query))


def solder(scenario) -> Motion:
    """The two IMUs on the bus, moved by the Motion that is returned."""
    vclock.set_error(scenario.clock_ppm)
    motion = Motion(scenario.source, scenario.clock_ppm)
    for number in (0, 1):
        chip, address = chips.made(scenario.chip, number, motion, scenario.seed)
        motion.chips.append(chip)
        machine.attach(I2C_ID, address, chip, powered_by=wiring.IMU_POWER[scenario.board])
    interrupt = wiring.IMU_INTERRUPT[scenario.board]
    if interrupt is not None:
        machine.wire_input(interrupt, lambda: motion.chips[0].interrupt(vclock.now_us()))
    return motion


def solder_power() -> Cell:
    """The cell that is returned, its gauge on the bus, and where a computer's cable shows."""
    cell = Cell()
    machine.attach(I2C_ID, FUEL_GAUGE, MAX17048Model(cell))
    machine.mem32.registers[USB_FRAMES] = lambda: cell.frames() << 8 & 0x3FFF00
    return cell


def solder_motor(scenario, cell: Cell) -> list:
    """The haptic board, or a motor on the pin; when it started, a list that grows."""
    cued_us = machine.watch(CUE_PIN)
    motor = machine.Pin(CUE_PIN)
    cell.motor_runs = motor.value
    if scenario.haptic == "da7280":
        board = DA7280Model(cued_us)
        cell.motor_runs = lambda: board.drives
        machine.attach(I2C_ID, HAPTIC, board, powered_by=PLUG_POWER)
    return cued_us


def wire_power(cell: Cell) -> None:
    """Let the host plug a cable in, empty the battery, and hang the board."""

    def power(message):
        """{"usb": "none" | "computer" | "charger" | "asleep", "percent": 12.0}"""
        if "usb" in message:
            cell.plug(message["usb"])
        cell.percent = message.get("percent", cell.percent)

    def hang(message):
        """{"duration_s": 60}: nothing runs for so long, or until the watchdog bites."""
        time.sleep(message["duration_s"])

    rig.on("power", power)
    rig.on("hang", hang)


def wire_rig(motion: Motion, cued_us: list, button: int, hang_s: float) -> None:
    """Let the host set the leg in motion, make the chips fail, and press the button."""

    def play(message):
        lead_s = message.get("lead_s", 0.0)
        motion.zeros = dict(zip(("thigh", "shank"), message.get("zeros") or ()))
        speed = message.get("speed", 1.0)
        lead_s += _until_s(message.get("at_us")) * speed
        if message.get("at_board_us") is not None:
            lead_s += max(0, message["at_board_us"] - vclock.board_us()) * 1e-6
        if message.get("in_step"):
            rig.hold_at(vclock.board_us())
        motion.play(message.get("until_s"), speed, lead_s, message.get("from_s"))
        to_hang_s = hang_s - motion.body_s()
        if to_hang_s > 0.0:
            at_us = vclock.now_us() + int((lead_s + to_hang_s) * 1e6)
            vclock.set_alarm(at_us, lambda: time.sleep(HANGS_S), "hang")
        begins_us = vclock.board_us() + int(lead_s * 1e6)
        rig.say("playing", board_us=begins_us, body_s=motion.body_s())

    def held():
        if not rig.is_led():
            rig.hold_at(None)
        rig.say("held", board_us=vclock.board_us(), body_s=motion.body_s(), ended=motion.ended)

    def fault(message):
        """{"mount": "thigh", "kind": "nack" | ... (sim.chip_faults), "duration_s": 1.0}

        Of the bus itself: "scl" or "sda", shorted to ground, and "hung": a chip holds SDA until it
        has got its clock.
        """
        kind = message["kind"]
        duration_us = int(message.get("duration_s", 0.0) * 1e6)
        if kind in ("scl", "sda", "hung"):
            pin = SCL_PIN if kind == "scl" else SDA_PIN
            machine.hold(pin, duration_us, 7 if kind == "hung" else None, SCL_PIN)
            return
        for chip in motion.chips:
            if chip.mount == message.get("mount", chip.mount):
                chip.fault(kind, vclock.now_us(), duration_us)

    def press(message):
        """{"duration_s": 3.2, "speed": 0.0}: somebody presses the button for so long.

        In the board's time, which runs at that speed meanwhile (None: as it does).
        """

        async def hold():
            before = vclock.speed()
            machine.wire_input(button, 0)
            if message.get("speed") is not None:
                vclock.set_speed(message["speed"])
            await asyncio.sleep_ms(int(message["duration_s"] * 1000))
            machine.wire_input(button, 1)
            vclock.set_speed(before)
            rig.say("released")

        asyncio.create_task(hold())  # noqa: RUF006  (the loop's queue holds it)

    def look(_):
        """What no packet tells: how far the band has measured, when the motor started."""
        pairs = sys.modules["kneeband.program"].sampler.upcoming
        rig.say("seen", pairs=pairs, cued_us=cued_us)

    def memory(_):
        """What of the heap is in use, and the largest piece of the rest."""
        gc.collect()
        allocated = gc.mem_alloc()
        rig.say("memory", allocated=allocated, largest=largest())

    def largest():
        """The largest piece of memory in one, within a sixteenth."""
        size = gc.mem_free()
        while size:
            try:
                return len(bytearray(size))
            except MemoryError:
                size -= size // 16 + 1
        return 0

    motion.on_held = held
    rig.on("look", look)
    rig.on("memory", memory)
    rig.on("play", play)
    rig.on("break", fault)
    rig.on("press", press)


def _until_s(at_us) -> float:
    """Real seconds until that time of the machine's monotonic clock, a second at most."""
    if at_us is None:
        return 0.0
    return min(1.0, max(0.0, (at_us - utime.ticks_us()) * 1e-6))


def choose() -> None:
    """Have boot.py choose the firmware, where there is more than one, or wait, where it fails."""
    if SLOTS not in os.listdir() and machine.RTC().memory()[1:] < FAILED_TOO_OFTEN:
        return
    import boot  # noqa: F401

    for name in list(sys.modules):  # what the simulator has for itself is not the band's
        if name.split(".")[0] == "kneecore":
            del sys.modules[name]


def main() -> None:
    if len(sys.argv) != 2:
        print("usage: run.py SCENARIO | @FILE", file=sys.stderr)
        sys.exit(2)
    try:
        scenario = scenario_of(sys.argv[1])
    except (OSError, ValueError) as error:
        print("{}: {}".format(sys.argv[1], error), file=sys.stderr)
        sys.exit(2)
    wiring.use(scenario.board)
    motion = solder(scenario)
    cell = solder_power()
    cued_us = solder_motor(scenario, cell)
    wire_rig(motion, cued_us, wiring.BUTTON[scenario.board], scenario.hang_s)
    wire_power(cell)
    if rig.connect():
        rig.say("hello", scenario=scenario.info)
    else:
        motion.play()
    flash.insert(FLASH_FILE)
    choose()
    costs.charge()
    costs.keep_collector_on()
    import main  # noqa: F401  (the firmware)


main()
