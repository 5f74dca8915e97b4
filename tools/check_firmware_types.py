"""Type-check the firmware against MicroPython's own modules, as micropython-esp32-stubs has them.

    python tools/check_firmware_types.py

The stubs stand in for the standard library (`typeshedPath`), and where they are depends on the
environment; so the configuration is made here. Exit code as basedpyright's.
"""

import json
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"


def configuration(stubs: Path) -> dict[str, object]:
    """What basedpyright is told. Standard strictness: unannotated code is checked all the same."""
    return {
        "include": [
            str(FIRMWARE / name) for name in ("kneeband", "main.py", "boot.py", "slots.py")
        ],
        "extraPaths": [str(FIRMWARE), str(FIRMWARE / "boards" / "b"), str(stubs)],
        "typeshedPath": str(stubs),
        "pythonVersion": "3.11",
        "typeCheckingMode": "standard",
        "reportMissingModuleSource": False,  # the modules are in the firmware, not here
        "reportOptionalMemberAccess": False,  # the state table knows what is there when
    }


def main() -> int:
    stubs = Path(sysconfig.get_path("purelib"))
    if not (stubs / "machine.pyi").exists():
        print("micropython-esp32-stubs is not installed: make setup")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "pyrightconfig.json"
        project.write_text(json.dumps(configuration(stubs)))
        return subprocess.run(
            [sys.executable, "-m", "basedpyright", "--project", project], check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
