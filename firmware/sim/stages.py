"""The stages of the band's loop: which functions they are, by name. The one list of them.

`tools/bench_firmware.py` measures these functions under MicroPython and writes what it estimates of
them for the ESP32 into `sim.stage_times`; `sim.costs` charges that to the board's clock. Whatever
is in none of the stages (asyncio, the two loops of `App`) the bench shows as the rest.

A function is "module:name" or "module:Class.name"; a stage's own time is that of its functions less
what they call of other stages. The first function of a stage is where `sim.costs` charges it.

How a function is compiled decides how its time here tells the time there:

    VIPER     integers in registers
    NATIVE    emitted machine code that works on floats
    BYTECODE  interpreted
"""

VIPER = "viper"
NATIVE = "native"
BYTECODE = "bytecode"

REST = "rest"
COLLECT = "collect"
"""What is in no stage, and garbage collection, where they are told beside the stages."""

COLLECT_PAIRS = 30
"""Between two collections on the target: `kneeband.garbage` with 140 KB free."""

DRIVER = "lsm6ds"
"""The table names the methods of this driver; every driver has them."""

STAGES = (
    (
        "fifo",
        "FIFO: level, burst, unpacking",
        (
            ("kneeband.lsm6ds:Lsm6ds.read_rows", BYTECODE),
            ("kneeband.lsm6ds:Lsm6ds.level", BYTECODE),
        ),
    ),
    ("dating", "when the rows were taken; stuck?", (("kneeband.stream:Stream.collect", BYTECODE),)),
    ("grid", "both IMUs on one grid", (("kneeband.sampler:Sampler.poll", BYTECODE),)),
    ("counts", "the IMUs' errors taken off", (("kneeband.counts:correct", VIPER),)),
    ("strapdown", "strapdown of both IMUs", (("kneeband.strapdown:PairFilter.step", VIPER),)),
    (
        "correction",
        "levelling and bias",
        (
            ("kneecore.correction:Correction.update", NATIVE),
            ("kneeband.strapdown:Strapdown.close_interval", NATIVE),
            ("kneeband.strapdown:Strapdown.take_bias", NATIVE),
            ("kneeband.strapdown:PairFilter._connect", BYTECODE),
        ),
    ),
    (
        "knee",
        "angles, heading, uncertainty",
        (
            ("kneecore.pipeline:Pipeline.step", NATIVE),
            ("kneecore.pipeline:Pipeline._tick", NATIVE),
        ),
    ),
    ("cueing", "whether to give a cue", (("kneecore.cueing:Cueing.update", NATIVE),)),
    ("samples", "packets of knee samples", (("kneeband.packets:KneePackets.add", BYTECODE),)),
    ("raw", "packets of raw pairs", (("kneeband.packets:RawPackets.add", BYTECODE),)),
    (
        "journal",
        "blocks of knee samples, to a ring",
        (
            ("kneecore.blocks:BlockWriter.add", NATIVE),
            ("kneeband.ring:Ring.put", BYTECODE),
        ),
    ),
    ("radio", "packets to the radio", (("kneeband.peripheral:Peripheral._notify", BYTECODE),)),
    (
        "pairs",
        "from pair to pair",
        (("kneeband.measurement:Measurement.take", BYTECODE),),
    ),
    ("hosts", "both ports, what hosts ask", (("kneeband.host:Host.serve", BYTECODE),)),
    (
        "person",
        "recording, power, button, lamp",
        (
            ("kneeband.session:Session.serve", BYTECODE),
            ("kneeband.app:App._look_at_power", BYTECODE),
            ("kneeband.haptic:Haptic.serve", BYTECODE),
            ("kneeband.button:Button.poll", BYTECODE),
            ("kneeband.app:App._rest", BYTECODE),
            ("kneeband.indicator:Indicator.show", BYTECODE),
            ("kneeband.guard:Guard.feed", BYTECODE),
        ),
    ),
)


def place(name: str):
    """(module or class, attribute) of a function of the table."""
    module, _, path = name.partition(":")
    owner = __import__(module, None, None, ("*",))
    names = path.split(".")
    for each in names[:-1]:
        owner = getattr(owner, each)
    return owner, names[-1]
