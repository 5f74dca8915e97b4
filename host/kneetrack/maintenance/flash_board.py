"""A board at its prompt: asked what it is and what it has, given files, started anew.

MicroPython's raw prompt ("raw REPL") through mpremote's own transport. mpremote calls its Python
interface not settled; all of it that is used is in this file.

A band that runs lets Ctrl-C interrupt it, save while a computer talks to it over the cable and for
five seconds after: hence several tries.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import struct
import time
import zlib
from binascii import b2a_base64
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Self

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from kneetrack.errors import LinkError, LinkLost
from kneetrack.maintenance import flash_ports
from kneetrack.maintenance.flash_build import BoardFile, MpyForm
from kneetrack.maintenance.flash_image import Place
from kneetrack.maintenance.flash_ports import Port

TRIES = 3
ANSWER_S = 3.0
"""How long a try waits for the prompt; all together outlast a host that has just left."""
STARTING_S = 0.7
"""The same for a board that was just started: what is typed too early is lost."""
SETTLES_S = 0.1
"""A prompt that was called several times, in vain at first, answers as often. So it is left to do
so, and called once more."""
PIECE_BYTES = 4096
"""Written in one go: a block of the board's file system."""
LEAST_SENT = 6000
"""Pieces are sent together until they are so much text, for each exchange with the prompt takes its
time (mpremote looks every 10 ms); a board that runs nothing has room for it."""
WINDOW_BITS = 12
"""How far back the compressed form refers; the board keeps so much of what it has unpacked."""
FOLDERS = ("kneecore", "kneeband")
UPDATES = ("a", "b")
"""Folders of what came over the radio (firmware/slots.py)."""
KEPT = ("kneeband.dat", "bonds.dat", "habits.dat", "settings.dat", "recordings")
"""What a band keeps, by its names on it; told to whoever would lose it, never touched here."""

_ABOUT = """
import sys, os, json, gc
gc.collect()
i = sys.implementation
v = {"name": i.name, "version": list(i.version[:3]), "mpy": getattr(i, "_mpy", 0)}
v["machine"] = getattr(i, "_machine", "")
v["platform"] = sys.platform
s = os.statvfs(os.getcwd())
v["free"] = s[0] * s[3]
v["block"] = s[0]
v["names"] = os.listdir()
def _size(p):
    n = 0
    try:
        for e in os.ilistdir(p):
            q = p + "/" + e[0]
            n += _size(q) if e[1] & 0x4000 else -(-os.stat(q)[6] // s[0]) * s[0]
    except OSError:
        pass
    return n
v["updates"] = sum([_size(d) for d in %r])
try:
    with open("board.py") as f:
        v["board"] = f.readline()
except OSError:
    v["board"] = ""
try:
    import esp32
    p = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="vfs")[0].info()
    v["vfs"] = [p[2], p[3]]
except Exception:
    v["vfs"] = None
try:
    u = gc.mem_alloc()
    v["memory"] = u + gc.mem_free()
    import esp32
    h = sum([r[1] for r in esp32.idf_heap_info(esp32.HEAP_DATA)])
    v["memory"] = max(v["memory"], u + h)
except Exception:
    pass
try:
    import esp
    v["flash"] = esp.flash_size()
except Exception:
    pass
print(json.dumps(v))
"""
_REMOVE_ALL = """
import os
def _rm(p):
    try:
        l = list(os.ilistdir(p))
    except OSError:
        return
    for e in l:
        q = p + "/" + e[0]
        _rm(q) if e[1] & 0x4000 else os.remove(q)
    os.rmdir(p)
for d in %r:
    _rm(d)
"""
_HASHES = """
import os, hashlib, binascii
def _h(p):
    h = hashlib.sha256()
    b = bytearray(512)
    m = memoryview(b)
    n = 0
    try:
        with open(p, "rb") as f:
            while True:
                k = f.readinto(b)
                if not k:
                    break
                n += k
                h.update(m[:k])
    except OSError:
        return
    print(p, n, binascii.hexlify(h.digest()).decode())
for d in %r:
    try:
        l = os.listdir(d)
    except OSError:
        l = ()
    for n in l:
        _h(d + "/" + n)
for n in os.listdir():
    if n in %r:
        _h(n)
"""

_RECEIVE = """
import binascii, deflate, io
def _r(n, m, t):
    with open(n, m) as f:
        f.write(deflate.DeflateIO(io.BytesIO(binascii.a2b_base64(t)), deflate.ZLIB).read())
"""


@dataclass(frozen=True, slots=True)
class About:
    """What a board says of itself."""

    implementation: str
    version: tuple[int, ...]
    form: MpyForm
    machine: str
    platform: str
    free_bytes: int
    block_bytes: int
    updates_bytes: int
    """What updates over the radio take of its flash."""
    kept: tuple[str, ...]
    """Which of KEPT it has."""
    vfs: Place | None
    variant: str | None
    """Whose pins it has: its board.py says so in its first line."""
    memory_bytes: int | None
    """What MicroPython has, used or not, PSRAM and what its heap may still grow by included."""
    flash_bytes: int | None

    @property
    def version_text(self) -> str:
        return ".".join(str(part) for part in self.version)


@dataclass(frozen=True, slots=True)
class Held:
    """A file on the board."""

    size: int
    sha256: str


class NoPrompt(LinkError):
    """The port is there, but no prompt of MicroPython."""


class Board:
    """A board at its raw prompt, until the context ends."""

    def __init__(self, port: Port, *, tries: int = TRIES, answer_s: float = ANSWER_S) -> None:
        """Raises NoPrompt, LinkError or BandNotFound."""
        self.port = port
        self._line: Any = _opened(port)
        try:
            self._interrupt(tries, answer_s)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the port."""
        with contextlib.suppress(OSError):
            self._line.close()

    def about(self) -> About:
        """What it is."""
        told = json.loads(self._asked(_ABOUT % (UPDATES,)))
        return About(
            told["name"],
            tuple(told["version"]),
            MpyForm.of(told["mpy"]),
            told["machine"],
            told["platform"],
            told["free"],
            told["block"],
            told["updates"],
            tuple(name for name in KEPT if name in told["names"]),
            Place(*told["vfs"]) if told["vfs"] else None,
            variant_of(told["board"]),
            told.get("memory"),
            told.get("flash"),
        )

    def held(self, names: Iterable[str]) -> dict[str, Held]:
        """What is in our folders there, and which of these files beside them."""
        beside = tuple(name for name in names if "/" not in name)
        found: dict[str, Held] = {}
        for line in self._run(_HASHES % (FOLDERS, beside)).decode().splitlines():
            name, size, sha256 = line.rsplit(" ", 2)
            found[name] = Held(int(size), sha256)
        return found

    def make_folders(self) -> None:
        """Our folders, where they are missing."""
        self._run(
            f"import os\nfor d in {FOLDERS!r}:\n try:\n  os.mkdir(d)\n except OSError:\n  pass"
        )

    def send(self, files: Iterable[BoardFile], tell: Callable[[str, int], None]) -> None:
        """Write files; `tell` gets where it is: a name, and the bytes written so far.

        Compressed, as text in lines of Python: about a fifth of mpremote's own way on the line.
        """
        lines = [_RECEIVE]
        written = 0
        for file in files:
            for at in range(0, max(len(file.data), 1), PIECE_BYTES):
                piece = file.data[at : at + PIECE_BYTES]
                lines.append(f"_r({file.name!r}, {'ab' if at else 'wb'!r}, {_packed(piece)!r})")
                written += len(piece)
                if sum(map(len, lines)) >= LEAST_SENT:
                    self._run("\n".join(lines))
                    lines.clear()
                    tell(file.name, written)
        self._run("\n".join(lines))

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        self._run(f"import os\ntry:\n os.remove({name!r})\nexcept OSError:\n pass")

    def remove_updates(self) -> None:
        """Delete what came over the radio; nothing of it may be in force."""
        self._run(_REMOVE_ALL % (UPDATES,))

    def rename(self, name: str, to: str) -> None:
        """In one step: whenever the power fails, one of both is there, whole."""
        self._run(f"import os\nos.rename({name!r}, {to!r})")

    def firmware_version(self) -> str:
        """What the files there say when they are imported."""
        return self._run("import kneecore\nprint(kneecore.__version__)").decode().strip()

    def reset(self) -> None:
        """As if the power had been off. The board is gone from this port then."""
        with contextlib.suppress(OSError, TransportError, struct.error):
            self._line.exec_raw_no_follow("import machine\nmachine.reset()")
            flash_ports.pause(0.2)
        self.close()

    # --- inside -----------------------------------------------------------------------------------

    def _interrupt(self, tries: int, answer_s: float) -> None:
        for _ in range(tries):
            try:
                for _ in range(2):
                    self._call(answer_s)
                    flash_ports.pause(SETTLES_S)
                return
            except TransportError:
                continue
            except OSError as error:
                raise self._lost() from error
        raise NoPrompt(
            f"{self.port} is there, but no prompt of MicroPython answers. If the board is new, "
            "give --micropython IMAGE.bin. If it runs something that does not let itself be "
            "interrupted: press RESET, hold BOOT until its lamp flickers, run this again."
        )

    def _call(self, answer_s: float) -> None:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it did not expect
            self._line.enter_raw_repl(soft_reset=False, timeout_overall=answer_s)

    def _asked(self, code: str) -> bytes:
        """`_run` for what changes nothing: again from the port on, where a board that was still
        starting when it was interrupted gave way under it."""
        for _ in range(TRIES - 1):
            try:
                return self._run(code)
            except LinkLost:
                self.close()
                self._line = _opened(flash_ports.again(self.port))
                self._interrupt(TRIES, ANSWER_S)
        return self._run(code)

    def _run(self, code: str) -> bytes:
        with self._told(), contextlib.redirect_stdout(io.StringIO()):
            return self._line.exec(code)

    @contextlib.contextmanager
    def _told(self) -> Generator[None, None, None]:
        try:
            yield
        except TransportExecError as error:
            last = (str(error).strip().splitlines() or ["no reason"])[-1]
            if "ENOSPC" in last or last.endswith("OSError: 28"):
                raise full(self.port) from error
            raise LinkError(
                f"The board on {self.port} could not do it: {last}. Press RESET and run this again."
            ) from error
        except (TransportError, struct.error) as error:
            raise self._lost() from error
        except OSError as error:
            if error.errno == 28:
                raise full(self.port) from error
            raise self._lost() from error

    def _lost(self) -> LinkLost:
        return LinkLost(
            f"The connection to the board on {self.port} broke off. Put the cable in again and run "
            "the same command: it goes on where it stopped. Until then the band waits and runs "
            "nothing; what it keeps is untouched."
        )


def _packed(piece: bytes) -> str:
    compressor = zlib.compressobj(9, zlib.DEFLATED, WINDOW_BITS)
    return b2a_base64(compressor.compress(piece) + compressor.flush(), newline=False).decode()


def variant_of(first_line: str) -> str | None:
    """Which variant a board.py is for."""
    found = re.match(r'"""Variant ([A-Z])', first_line)
    return found[1].lower() if found else None


def connect(port: Port, within_s: float) -> Board:
    """The board's prompt, after a reset: the port may be gone for a moment, or have a new name."""
    ends_s = time.monotonic() + within_s
    while True:
        try:
            return Board(flash_ports.again(port), tries=1, answer_s=STARTING_S)
        except LinkError:
            if time.monotonic() > ends_s:
                raise
            flash_ports.pause(0.3)


def full(port: Port, needed: int | None = None, free: int | None = None) -> LinkError:
    """The flash has no room."""
    how_much = "" if needed is None else f" ({needed // 1024} KiB needed, {free or 0} free)"
    return LinkError(
        f"The flash of the board on {port} is full{how_much}. Recordings lie on it: fetch them by "
        "kneetrack sync, then run this again."
    )


def _opened(port: Port) -> Any:
    try:
        return SerialTransport(port.device, timeout=ANSWER_S)
    except TransportError:
        pass  # mpremote keeps the reason to itself, so ask again
    try:
        serial.Serial(port.device, exclusive=True).close()
    except OSError as error:
        raise flash_ports.explained(port, error) from error
    raise LinkError(f"{port} can't be opened. Take the cable out and put it in again.")
