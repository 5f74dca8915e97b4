"""Puts the device's files into the wheel, so that simulating and flashing work without a clone.

An editable install (a clone) reads them where they are, hence a hook and not `force-include`.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DEVICE_FILES = ("main.py", "boot.py", "slots.py", "kneeband", "boards", "sim")


class DeviceFiles(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            for name in DEVICE_FILES:
                build_data["force_include"][f"firmware/{name}"] = f"kneetrack/_firmware/{name}"
