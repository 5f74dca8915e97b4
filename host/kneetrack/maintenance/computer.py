"""Checks of this computer that need no band: Python, packages, storage."""

from __future__ import annotations

import platform
import re
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from kneecore import __version__
from kneetrack.errors import InputError, install
from kneetrack.maintenance import privacy
from kneetrack.maintenance.rows import Part, Row, State
from kneetrack.sessionlog import user_data_dir

PYTHON_LEAST = (3, 11)
BYTES_PER_HOUR = 30e6
"""What an hour of one leg with raw data takes: 8 KB/s (measured), in round figures."""
SCARCE_BYTES = 1e9
TOO_LITTLE_BYTES = 50e6

_EXTRAS = {"ble": "live", "sim": "sim", "trace": "sim", "serial": "serial"}
_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[^]]*])?\s*(?:(>=|==)\s*([\w.]+))?")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([\w-]+)['"]""")


def python_row() -> Row:
    version = platform.python_version()
    good = sys.version_info >= PYTHON_LEAST
    return Row(
        Part.COMPUTER,
        "Python",
        State.OK if good else State.PROBLEM,
        f"{version} on {platform.system()} {platform.release()}, kneetrack {__version__}",
        "" if good else f"Install Python {PYTHON_LEAST[0]}.{PYTHON_LEAST[1]} or later.",
        {"python": version, "system": platform.system(), "kneetrack": __version__},
    )


def packages_row(kind: str) -> Row:
    """The packages that KneeTrack needs, with those for links of that kind (`ble`, `sim`, ..)."""
    versions: dict[str, str | None] = {}
    wrong: list[str] = []
    extra = _EXTRAS.get(kind)
    for text in metadata.requires("kneetrack") or []:
        wanted, _, marker = text.partition(";")
        of_extra = _EXTRA.search(marker)
        if of_extra is not None and of_extra[1] != extra:
            continue
        found = _REQUIREMENT.match(wanted.strip())
        if found is None or found[1] == "kneetrack":
            continue
        name, relation, least = found[1], found[2], found[3]
        try:
            has = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
            wrong.append(f"{name} is missing")
            continue
        versions[name] = has
        if least and _numbers(has) < _numbers(least):
            wrong.append(f"{name} {has} is older than {least}")
        elif relation == "==" and has != least:
            wrong.append(f"{name} is {has}, not {least}")
    return Row(
        Part.COMPUTER,
        "Packages",
        State.PROBLEM if wrong else State.OK,
        "; ".join(wrong) or f"{len(versions)} packages, all there and new enough",
        install(extra) if wrong else "",
        {"versions": versions},
    )


def storage_row(folder: Path | None = None, legs: int = 1) -> Row:
    """The folder of the recordings (`folder`: another one): may it be written, and for how long
    there is room."""
    try:
        folder = folder or user_data_dir()
        with tempfile.TemporaryFile(dir=folder):
            pass
        free = shutil.disk_usage(folder).free
    except (InputError, OSError) as error:
        why = str(error) if isinstance(error, InputError) else error.strerror or str(error)
        return Row(
            Part.COMPUTER,
            "Storage",
            State.PROBLEM,
            f"recordings can't be kept: {why}",
            "Allow writing there, or choose another place with record --out.",
        )
    state = State.OK
    if free < SCARCE_BYTES:
        state = State.PROBLEM if free < TOO_LITTLE_BYTES else State.NOTE
    hours = free / BYTES_PER_HOUR / legs
    length = f"{hours:.0f} h" if hours >= 1.0 else f"{60 * hours:.0f} min"
    many = "one leg" if legs == 1 else f"{legs} legs"
    room = f"{free / 1e9:.1f} GB free in {folder}"
    return Row(
        Part.COMPUTER,
        "Storage",
        state,
        f"{room}, for {length} of {many}" if hours < 1000 else room,
        "" if state is State.OK else "Make room, or choose another place with record --out.",
        {"folder": str(folder), "free_bytes": free, "hours": round(hours, 2)},
    )


def storage_rows() -> list[Row]:
    """The folder of the recordings, and what lies there."""
    row = storage_row()
    return [row] if row.state is State.PROBLEM and not row.figures else [row, _kept_row()]


def _kept_row() -> Row:
    folder = user_data_dir()
    found = privacy.holdings(folder)
    recordings = [one for one in found.files if one.kind == privacy.RECORDING]
    size = sum(one.size_bytes for one in recordings)
    open_count = sum(one.open_to_others for one in found.files) + len(found.open_folders)
    many = "1 recording" if len(recordings) == 1 else f"{len(recordings)} recordings"
    text = f"{many}, {size / 1e6:.1f} MB" if recordings else "none yet"
    if open_count:
        text += f"; {open_count} files or folders may be read by other users of this computer"
    return Row(
        Part.COMPUTER,
        "Recordings kept",
        State.NOTE if open_count else State.OK,
        text,
        f'chmod -R go-rwx "{folder}"' if open_count else "",
        {"recordings": len(recordings), "bytes": size, "open_to_others": open_count},
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:4])
