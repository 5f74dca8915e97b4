"""The firmware's whole loop under MicroPython, and its stages (part of bench_firmware_device).

The program of `main.py` runs on the simulated board in virtual time and does all that it can at
once: it streams
with raw pairs to a host that acknowledges, with a calibration of the IMUs and one of the leg,
records, and watches for cues, while somebody squats. After a second of that each further second is
measured twice over: with every function of `sim.stages` wrapped (bench_firmware_ledger), then, in
a run of its own, with none.

Not the firmware
    The chips' register models and the leg that moves them run once, and what the bus brought is
    kept on a tape. The measured runs play it: same program, same virtual time, same bytes. Playing,
    pins, the radio and the poll that lets virtual time pass are the simulator's; they are wrapped
    always, and what they take belongs to nobody. What a transfer takes on the bus is no computing;
    the tape's length tells it. `time`'s functions are MicroPython's own here, on a clock that is
    set (the position in a BytesIO): on the device, too, they are no Python.
"""

import asyncio
import gc
import io
import json
import select
import sys
import time

import bluetooth
import machine
import uselect
import utime

from bench_firmware_ledger import BY_TUPLE, Ledger
from sim import chips, costs, scenarios, stages, vclock
from sim.motion import Motion
from sim.power_model import Cell, MAX17048Model

SIMULATOR = "simulator"
YARDSTICK = "yardstick"
SCENARIO = "squats?table=0&stand=3&functional=0&reps=60&mount=aligned&valgus=8&tempo=1.2&chip="
SETTLE_S = 8
TURNS = 50
"""In a second; what happens in one is the same in every run."""

_CONNECT, _WRITE, _INDICATED, _MTU, _ENCRYPTED, _GET_SECRET = 1, 3, 20, 21, 28, 29
_HOST = b"\x01host\xc0\xc1"
_POWER_PIN = 7
_FUEL_GAUGE = 0x36
_NACK_US = 27  # at 400 kHz, as `machine` of the shims has it
_OVERHEAD_BITS = 30


class Radio:
    """Stands where bluetooth.BLE() does: a host that the band knows is there, and confirms."""

    def __init__(self):
        self.handles = {}
        self.handler = None
        self.written = b""
        self.answers = []

    def active(self, on=None):
        return True

    def config(self, *names, **settings):
        return 0, b"\x02\x4b\x6e\x65\xc0\x0f"

    def irq(self, handler):
        self.handler = handler

    def gatts_register_services(self, services):
        rows = []
        for _, characteristics in services:
            row = []
            for characteristic in characteristics:
                handle = 10 + len(self.handles)
                self.handles[bytes(characteristic[0])] = handle
                row.append(handle)
            rows.append(tuple(row))
        return tuple(rows)

    def gatts_set_buffer(self, handle, size, append=False):
        pass

    def gatts_write(self, handle, data, send_update=False):
        pass

    def gatts_read(self, handle):
        return self.written

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        pass

    def gap_disconnect(self, connection):
        raise AssertionError("the band has dropped its host")

    def gatts_notify(self, connection, handle, data):
        pass

    def gatts_indicate(self, connection, handle, data):
        self.answers.append(bytes(data))
        self.handler(_INDICATED, (1, 0, 0))

    def connect(self, mtu):
        self.handler(_CONNECT, (1, 0, bytes(6)))
        self.handler(_MTU, (1, mtu))
        self.handler(_GET_SECRET, (1, 0, _HOST))
        self.handler(_ENCRYPTED, (1, True, False, True, 16))

    def write(self, uuid, data):
        self.written = data
        self.handler(_WRITE, (1, self.handles[bytes(bluetooth.UUID(uuid))]))


class Host:
    """What a computer does with the band through `radio`."""

    def __init__(self, radio):
        self._radio = radio

    async def ask(self, opcode, operand=b""):
        """Have the band do something. AssertionError where it does not."""
        from kneecore import wire

        answers = self._radio.answers
        del answers[:]
        self._radio.write(wire.CONTROL_UUID, bytes((opcode,)) + operand)
        await asyncio.sleep_ms(60)
        told = [m[:3] for m in answers if m[0] == wire.OP_RESPONSE]
        assert told == [bytes((wire.OP_RESPONSE, opcode, wire.RESULT_SUCCESS))], told

    async def start(self, raw=True):
        """Both calibrations, a reference, cues, and streaming."""
        from kneecore import sensors, wire
        from kneecore.calibration import Calibration

        self._radio.connect(wire.MTU)
        tilted = tuple([element + 0.001 for element in sensors.IDENTITY])
        errors = sensors.ImuErrors(tilted, (0.1, -0.2, 0.05), tilted)
        await self.ask(wire.OP_SET_SENSORS, sensors.Sensors(1, errors, errors).to_wire())
        level = (1.0, 0.0, 0.0, 0.0)
        await self.ask(wire.OP_SET_CALIBRATION, Calibration(1, level, level).to_wire())
        for way in (wire.WAY_DOWN, wire.WAY_UP):
            curve = [0.0] * wire.REFERENCE_POINTS
            await self.ask(wire.OP_SET_REFERENCE, wire.REFERENCE.pack(1, way, 45, 1.0, curve))
        await self.ask(wire.OP_SET_CUE, bytes((wire.CUE_EVERY, 0)))
        await self.ask(wire.OP_START, bytes((wire.START_RAW if raw else 0,)))

    def acknowledge(self, journal):
        """It has all so far."""
        from kneecore import transfers, wire

        done = transfers.ACKNOWLEDGE.pack(journal.recording_id, 0x7FFFFFFF)
        message = bytes((transfers.TRANSFER_ACKNOWLEDGE,)) + done
        self._radio.write(wire.TRANSFER_UUID, message)


def solder(chip: str) -> Motion:
    """The board's parts on its bus; the leg that moves the IMUs."""
    scenario = scenarios.make_from_address(SCENARIO + chip)
    motion = Motion(scenario.source, scenario.clock_ppm)
    for number in (0, 1):
        made, address = chips.made(scenario.chip, number, motion, scenario.seed)
        motion.chips.append(made)
        machine.attach(0, address, made, powered_by=_POWER_PIN)
    machine.attach(0, _FUEL_GAUGE, MAX17048Model(Cell()))
    return motion


class Recorder:
    """Keeps on `tape` (a list of bytes) what every read of the bus brought; nothing: OSError."""

    def __init__(self):
        self.tape = []
        self._read = machine.I2C.readfrom_mem_into
        machine.I2C.readfrom_mem_into = self._recording()

    def _recording(self):
        read = self._read
        tape = self.tape

        def recording(bus, address, register, buffer):
            try:
                read(bus, address, register, buffer)
            except OSError:
                tape.append(b"")
                raise
            tape.append(bytes(buffer))

        return recording


def play(tape):
    """The bus brings what is on the tape."""
    position = [0]

    def playing(bus, address, register, buffer):
        data = tape[position[0]]
        position[0] += 1
        if not data:
            vclock.charge(_NACK_US)
            raise OSError(19)
        vclock.charge((len(data) * 9 + _OVERHEAD_BITS) * 10 // 4)
        buffer[:] = data

    def write(bus, address, register, buffer):
        vclock.charge((len(buffer) * 9 + _OVERHEAD_BITS - 9) * 10 // 4)

    machine.I2C.readfrom_mem_into = playing
    machine.I2C.writeto_mem = write


def bond():
    """The band knows its host."""
    from kneeband.bonds import Bonds

    bonds = Bonds()
    for kind in (1, 2):
        bonds.put(kind, _HOST, b"a key")
    assert bonds.save()


def set_clock():
    """`time`'s functions on a clock that virtual time sets."""
    us, ms = io.BytesIO(), io.BytesIO()

    def setting(function):
        def sets(*arguments):
            result = function(*arguments)
            now = vclock.now_us()
            us.seek(now)
            ms.seek(now // 1000)
            return result

        return sets

    vclock.wait = setting(vclock.wait)
    vclock.charge = setting(vclock.charge)
    time.ticks_us = us.tell
    time.ticks_ms = ms.tell
    time.ticks_diff = utime.ticks_diff
    time.ticks_add = utime.ticks_add


def wrap_simulator(ledger):
    """What is not the firmware's."""
    from kneeband import usb

    usb.select = uselect
    for owner, names in (
        (machine.I2C, ("readfrom_mem_into", "writeto_mem")),
        (machine.Pin, ("value", "__call__")),
        (machine.WDT, ("feed",)),
        (type(machine.mem32), ("__getitem__",)),
        (select.poll, ("ipoll",)),
        (Radio, ("gatts_notify", "gatts_indicate", "gatts_read", "gatts_write")),
    ):
        for name in names:
            ledger.wrap(owner, name, SIMULATOR)


def wrap_collector(ledger):
    """Collections are told apart. The bench switches the collector itself."""
    from kneeband import garbage

    class Collector:
        collect = ledger.wrapped(stages.COLLECT, gc.collect)
        mem_free = ledger.wrapped(stages.COLLECT, gc.mem_free)
        enable = disable = ledger.wrapped(stages.COLLECT, _nothing)

    garbage.gc = Collector


def _nothing():
    pass


def add_yardstick(ledger):
    """Behind every poll a Madgwick of both IMUs, in the same company as the stages."""
    from bench_firmware_device import Madgwicks, make_rows
    from kneeband.garbage import Garbage

    rows = make_rows()
    madgwicks = Madgwicks("bench_madgwick")
    step = ledger.wrapped(YARDSTICK, madgwicks.step)
    take = Garbage.take

    def taking(garbage, pairs):
        step(rows, 0)
        take(garbage, pairs)

    Garbage.take = taking


def wrap_stages(ledger, drivers):
    """Each function of `sim.stages`; where it names a driver, that of the chips that are there."""
    for _, _, functions in stages.STAGES:
        for name, _ in functions:
            owner, attribute = stages.place(name)
            if stages.DRIVER in name:
                for driver in drivers:
                    ledger.wrap(driver, attribute, name)
            else:
                ledger.wrap(owner, attribute, name)


READS = {"time": (utime.ticks_us,), "garbage": (gc.mem_alloc, BY_TUPLE)}


async def started(radio, motion=None):
    """All is on, for SETTLE_S; the host that is there, the journal that it acknowledges."""
    host = Host(radio)
    await asyncio.sleep_ms(300)
    await host.start()
    journal = sys.modules["kneeband.program"].app.session.journal
    if motion is not None:
        motion.play(None, 0.0)
    for _ in range(SETTLE_S):
        await asyncio.sleep_ms(1000)
        host.acknowledge(journal)
    return host, journal


async def scene(ledger, seconds: int, read, whole: bool, radio):
    """Print what each turn of `seconds` took."""
    host, journal = await started(radio)
    program = sys.modules["kneeband.program"]
    if not whole:
        drivers = []
        for stream in (program.sampler.thigh, program.sampler.shank):
            if type(stream.imu) not in drivers:
                drivers.append(type(stream.imu))
        wrap_stages(ledger, drivers)
    print(f'{{"within": {ledger.within}, "around": {ledger.around}, "turns": [')
    for number in range(seconds * TURNS):
        if number % TURNS == 0:
            host.acknowledge(journal)
        gc.collect()
        gc.disable()
        ledger.clear()
        begin = read()
        await asyncio.sleep_ms(1000 // TURNS)
        accounts = ledger.closed(read() - begin)
        gc.enable()
        print("," if number else "", json.dumps(accounts))
    reps = program.app.session._measurement._cueing.reps
    print(f'], "reps": {reps}}}')


async def ending(scene):
    """The board is switched off at the end of it, whatever end that is."""
    status = 1
    try:
        await scene
        status = 0
    except Exception as error:
        sys.print_exception(error, sys.stderr)
    raise SystemExit(status)


def record(chip: str, seconds: int, path: str):
    """What the bus brings in a run of so many seconds, to a file: a line of hex a read."""
    vclock.set_speed(0.0)
    set_clock()
    motion = solder(chip)
    costs.keep_collector_on()
    recorder = Recorder()
    radio = Radio()
    bluetooth.BLE = lambda: radio
    bond()

    async def whole():
        host, journal = await started(radio, motion)
        for _ in range(seconds):
            host.acknowledge(journal)
            await asyncio.sleep_ms(1000)
        with open(path, "w") as file:
            for data in recorder.tape:
                file.write(data.hex() + "\n")

    asyncio.create_task(ending(whole()))  # noqa: RUF006
    import kneeband.program  # noqa: F401  (never ends)


def run(path: str, seconds: int, read: str, whole: bool):
    """Print the accounts of every turn (bench_firmware_ledger)."""
    with open(path) as file:
        play([bytes.fromhex(line.strip()) for line in file])
    vclock.set_speed(0.0)
    set_clock()
    radio = Radio()
    bluetooth.BLE = lambda: radio
    bond()
    ledger = Ledger(*READS[read])
    wrap_simulator(ledger)
    wrap_collector(ledger)
    add_yardstick(ledger)
    asyncio.create_task(ending(scene(ledger, seconds, READS[read][0], whole, radio)))  # noqa: RUF006
    import kneeband.program  # noqa: F401  (never ends)
