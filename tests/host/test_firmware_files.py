"""Finding the device's files and MicroPython: in a clone, in a wheel, and when they are missing."""

import importlib.metadata
import os
import subprocess
from pathlib import Path

import pytest

from kneetrack import firmware_files
from kneetrack.errors import UsageError
from kneetrack.firmware_files import firmware_dir, micropython, micropython_path, run_micropython


def test_the_firmware_of_this_clone_is_found():
    assert (firmware_dir() / "boards" / "a" / "board.py").is_file()
    assert (firmware_dir() / "sim" / "run.py").is_file()


def test_the_shims_come_before_everything():
    folders = micropython_path().split(os.pathsep)
    assert folders[0].endswith(os.path.join("sim", "shims"))
    assert folders[1] == str(firmware_dir())
    assert ".frozen" in folders


def test_in_a_wheel_the_packaged_files_are_found_and_kneecore_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    packaged = tmp_path / "_firmware"
    (packaged / "kneeband").mkdir(parents=True)
    monkeypatch.setattr(firmware_files, "_HERE", tmp_path)
    assert firmware_dir() == packaged
    folders = micropython_path().split(os.pathsep)
    assert folders[1] == str(packaged)
    assert (Path(folders[-1]) / "kneecore" / "wire.py").is_file()
    # Frozen modules win over whatever else lies beside an installed kneecore.
    assert folders.index(".frozen") < len(folders) - 1


def test_missing_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(firmware_files, "_HERE", tmp_path / "a" / "b")
    with pytest.raises(UsageError, match="Install kneetrack again"):
        firmware_dir()


def test_a_missing_interpreter_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with pytest.raises(UsageError, match=r"pip install -e .*sim"):
        micropython()


def run_board(scenario: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = run_micropython([str(firmware_dir() / "sim" / "run.py"), scenario])
    return subprocess.run(
        command.arguments,
        env=command.environment,
        cwd=folder,  # where its flash.bin would lie
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("squat", "there is no scenario"),
        ("squats?depht=90", "options are"),
        ("@/nowhere/trace.bin", "/nowhere/trace.bin"),
        ("@/nowhere/trace.bin?colour=red", "/nowhere/trace.bin"),
    ],
)
def test_a_scenario_that_is_not_there_is_a_usage_error_in_one_line(
    scenario: str, said: str, tmp_path: Path
):
    done = run_board(scenario, tmp_path)
    assert done.returncode == UsageError.exit_code
    assert said in done.stderr and len(done.stderr.splitlines()) == 1
    assert not done.stdout
