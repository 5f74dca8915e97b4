"""Firmware to update a band to, and a band that runs an update already.

A version is this repository's, compiled, with some of its files changed; a band's flash can be had
with one of them in slot a, in force, as an update that was confirmed leaves it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from kneetrack.firmware_files import DeviceFile, device_files, run_micropython
from kneetrack.link.base import LinkInfo
from kneetrack.link.sim import SimLink
from kneetrack.maintenance import flash_build
from kneetrack.maintenance.flash_build import MpyForm
from kneetrack.maintenance.update_plan import Package, package

FORM = MpyForm(6, 3, "x64")
"""What the simulated board's MicroPython takes."""

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
    changes = {"kneecore/__init__.py": ("__version__ = ", f'__version__ = "{version}"  # ')} | dict(
        changes
    )
    sources: list[DeviceFile] = []
    for source in device_files():
        if source.name in changes:
            text = source.path.read_text()
            old, new = changes[source.name]
            assert old in text, f"{source.name} has no {old!r}"
            changed = folder / source.name.replace("/", "-")
            changed.write_text(text.replace(old, new, 1))
            source = DeviceFile(changed, source.name)
        sources.append(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flash_build, "device_files", lambda: sources)
        files = flash_build.compiled(FORM, lambda done, of: None)
    return package(files, FORM, version)


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
