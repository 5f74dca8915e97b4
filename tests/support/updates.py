"""Firmware to update a band to, and a band that runs an update already.

A version is this repository's, compiled, with some of its files changed; a band's flash can be had
with one of them in slot a, in force, as an update that was confirmed leaves it.
"""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kneetrack.errors import LinkError
from kneetrack.firmware_files import DeviceFile, device_files, run_micropython
from kneetrack.link.base import Link, LinkInfo
from kneetrack.link.sim import SimLink
from kneetrack.maintenance import flash_build
from kneetrack.maintenance.flash_build import BoardFile, MpyForm
from kneetrack.maintenance.update import Updated, band_state, update
from kneetrack.maintenance.update_plan import Package, package

FORM = MpyForm(6, 3, "x64")
"""What the simulated board's MicroPython takes."""

CRASHES = {"kneeband/program.py": ("import asyncio", "import asyncio, nothing_of_this_name")}
HANGS = {"kneeband/app.py": ("        while True:", "        time.sleep(999)\n        while True:")}
UNREACHABLE = {"kneeband/peripheral.py": ("        if self.left:", "        if True:")}
"""Changes that make a version fail: at its import, in its loop, in that it does not advertise."""

_FILL = """
import json, os, sys
from sim import flash
from_folder = sys.argv[1]
device = flash.insert("flash.bin")
device.charged = False
import slots
told = json.load(open(from_folder + "/told.json"))
for folder in ("a", "a/kneecore", "a/kneeband"):
    os.mkdir(folder)
for number, name in enumerate(told["files"]):
    with open("{}/{}".format(from_folder, number), "rb") as old, open("a/" + name, "wb") as new:
        new.write(old.read())
state = slots.State()
state.active = state.tried = 1
state.outcome = slots.CONFIRMED
state.id = state.active_id = bytes(told["id"])
state.version = told["version"].encode()
assert slots.write(state)
"""


def built(version: str, folder: Path, changes: Mapping[str, tuple[str, str]]) -> Package:
    """This firmware as that version: in each named file the first text stands for the second."""
    told = {"kneecore/__init__.py": ("__version__ = ", f'__version__ = "{version}"  # ')}
    sources: list[DeviceFile] = []
    for name, (old, new) in (told | dict(changes)).items():
        source = next(source for source in device_files() if source.name == name)
        text = source.path.read_text()
        assert old in text, f"{name} has no {old!r}"
        changed = folder / f"{version}-{name.replace('/', '-')}"
        changed.write_text(text.replace(old, new, 1))
        sources.append(DeviceFile(changed, name))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flash_build, "device_files", lambda board: sources)
        files = {file.name: file for file in _unchanged()}
        files |= {file.name: file for file in _compiled()}
    return package(files.values(), FORM, version)


def _compiled() -> list[BoardFile]:
    return flash_build.compiled(FORM, lambda done, of: None)


@functools.cache
def _unchanged() -> list[BoardFile]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flash_build, "device_files", device_files)
        return _compiled()


def fill(folder: Path, version: Package) -> None:
    """Have the flash in `folder` hold that version, in force in slot a."""
    files = folder / "files"
    files.mkdir(parents=True)
    for number, file in enumerate(version.files):
        (files / str(number)).write_bytes(file.data)
    told = {
        "files": [file.name for file in version.files],
        "id": list(version.firmware_id),
        "version": version.version,
    }
    (files / "told.json").write_text(json.dumps(told))
    script = folder / "fill.py"
    script.write_text(_FILL)
    command = run_micropython([str(script), str(files)])
    flash = folder / "flash"
    flash.mkdir()
    done = subprocess.run(
        command.arguments,
        env=command.environment,
        cwd=flash,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not done.returncode, done.stderr


def band(folder: Path) -> SimLink:
    """The simulated band whose flash and bonds lie in `folder`."""
    return SimLink(LinkInfo("sim:squats", "the band", True, True), "squats", folder=folder)


async def brought(
    link: Link, version: Package, tell: Callable[[str, float], None] | None = None
) -> Updated:
    """The host's whole part."""

    async def make(form: MpyForm) -> Package:
        assert form == FORM
        return version

    return await update(link, make, tell or (lambda what, share: None))


async def is_taken_back(link: SimLink, version: Package, *, by: str, why: str) -> None:
    """Bring a version that fails: the band runs the one before again, and says why."""
    with pytest.raises(LinkError, match=why):
        await brought(link, version)
    state = await band_state(link)
    assert state.firmware == by and not state.trial
    assert state.tried == version.version and why in state.taken_back
