"""How long the bus is busy: the transfers of the real driver, counted on the simulated board.

The firmware's own sampler and driver run under MicroPython against the register models, and every
transfer is written down (../bus_log.py). Here each is given its time by the standard alone: nine
clocks a byte, address and register and repeated address counted, one for the start, one for each
repeated start and one for the stop. What the processor adds between the transfers is not in it, and
neither is clock stretching, which these chips don't do. So the times are a floor; the room to the
poll period is what has to hold the rest.
"""

import ast
import os
import subprocess
import sysconfig
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HARDWARE = Path(__file__).resolve().parents[1]
FIRMWARE = HARDWARE.parent / "firmware"
CHIPS = ("LSM6DS", "ICM-42688-P", "MPU-6050")
"""What bus_log.py knows, the kits' first."""
PATH = [FIRMWARE / "sim" / "shims", FIRMWARE, FIRMWARE / "boards" / "a"]
"""Of the simulated board, for MicroPython."""
MICROPYTHON = Path(sysconfig.get_path("scripts")) / "micropython"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer: how many bytes of data to or from whom."""

    address: int
    reads: bool
    data: int

    @property
    def bytes(self) -> int:
        """All bytes on the wire: address, register, and for a read the address once more."""
        return self.data + (3 if self.reads else 2)

    @property
    def clocks(self) -> int:
        return 9 * self.bytes + (3 if self.reads else 2)

    def us(self, frequency_hz: int) -> float:
        return self.clocks * 1e6 / frequency_hz


@dataclass(frozen=True, slots=True)
class Log:
    """What happened on the bus: transfers of the set-up, and by look at the FIFOs."""

    setup: tuple[Transfer, ...]
    quiet: tuple[tuple[Transfer, ...], ...]
    """The looks of the usual beat."""
    late: tuple[tuple[Transfer, ...], ...]
    """Those that follow when everything was held up for a while, one after the other."""
    poll_ms: int
    """The usual beat."""


@dataclass(frozen=True, slots=True)
class Load:
    """The bus' time for one IMU, or for all with address 0."""

    address: int
    bytes_a_poll: float
    us_a_poll: float
    longest_us: float
    """Of one transfer, in the usual beat."""
    worst_poll_us: float
    share: float
    """Of the poll period."""


@cache
def record(frequency_hz: int, chip: str = CHIPS[0]) -> Log:
    """Run the sampler with two chips of a kind, and write down what it does."""
    path = [*PATH, ".frozen"]
    log = [str(HARDWARE / "bus_log.py"), str(frequency_hz), chip]
    done = subprocess.run(
        [str(MICROPYTHON), "-X", "heapsize=8M", *log],
        env={**os.environ, "MICROPYPATH": ":".join(map(str, path))},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    parts: dict[str, list[tuple[Transfer, ...]]] = defaultdict(list)
    part, poll_ms = "", 0
    for line in done.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word in ("setup", "quiet", "late"):
            part = word
            poll_ms = int(rest or 0)
        else:
            parts[part].append(tuple(map(_transfer, line.split())))
    return Log(parts["setup"][0], tuple(parts["quiet"]), tuple(parts["late"]), poll_ms)


def load(log: Log, address: int, frequency_hz: int) -> Load:
    """What the looks of the usual beat cost, of one IMU or (address 0) of both."""
    mine = [[t for t in look if address in (0, t.address)] for look in log.quiet]
    count = sum(t.bytes for look in mine for t in look)
    us = [sum(t.us(frequency_hz) for t in look) for look in mine]
    return Load(
        address,
        count / len(us),
        sum(us) / len(us),
        max(t.us(frequency_hz) for look in mine for t in look),
        max(us),
        sum(us) / len(us) / log.poll_ms / 1000,
    )


def longest(looks: tuple[tuple[Transfer, ...], ...]) -> Transfer:
    """The longest single transfer: as long as it lasts, nothing else runs."""
    return max((t for look in looks for t in look), key=lambda t: t.clocks)


def constants(path: Path) -> dict[str, int]:
    """The whole numbers that a firmware file gives names to: NAME = const(5), NAME = 5."""
    found: dict[str, int] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            if isinstance(value, ast.Call) and ast.unparse(value.func) == "const":
                value = value.args[0]
            try:
                number = ast.literal_eval(value)
            except ValueError:
                continue
            if isinstance(number, int):
                found[node.targets[0].id] = number
    return found


def _transfer(text: str) -> Transfer:
    address, direction, data = text.split(":")
    return Transfer(int(address, 16), direction == "r", int(data))
