"""A place that takes no recording is told before anybody moves, and costs nothing that was made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LINK = "sim:squats?table=1&stand=2&functional=3&reps=1&speed=max"


def on_a_disk(options: str, disk: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run kneetrack where `disk` is a real file system mounted with these options."""
    disk.mkdir(exist_ok=True)
    mounted = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'
    command = [sys.executable, "-m", "kneetrack.cli", *arguments]
    try:
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", mounted, "sh", options, str(disk), *command],
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
        )
    except FileNotFoundError:
        pytest.skip("this system has no unshare")
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stderr


def test_a_read_only_folder_is_told_before_the_band_is_even_looked_for(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    code, told = on_a_disk("ro", disk, "record", "--link", LINK, "--out", str(disk / "a.mcap"))
    assert code == 1
    assert "Read-only" in told and str(disk) in told and "--out" in told
    assert "Connecting" not in told


def test_a_read_only_data_folder_is_told_too(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    code, told = on_a_disk("ro", disk, "record", "--link", LINK, XDG_DATA_HOME=str(disk))
    assert code == 1
    assert "can't be made" in told and "--out" in told and "Connecting" not in told


def test_a_disk_that_is_nearly_full_is_told(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    out = str(disk / "a.mcap")
    code, told = on_a_disk("size=1m", disk, "record", "--link", LINK, "--out", out)
    assert code == 1
    assert "nearly full" in told and "Make room" in told


def test_a_log_on_a_read_only_disk_is_repaired_elsewhere(tmp_path: Path) -> None:
    """The whole one can't go beside it; the torn one stays as it is."""
    log = Path(__file__).parents[1] / "replay" / "logs" / "protocol_1_1.mcap"
    torn = tmp_path / "torn.mcap"
    torn.write_bytes(log.read_bytes()[:-3000])
    disk = tmp_path / "disk"
    whole = str(disk / "whole.mcap")
    code, told = on_a_disk("ro", disk, "repair", str(torn), "--out", whole)
    assert code == 1 and "can't be written" in told
    code, told = on_a_disk("size=64k", disk, "repair", str(torn), "--out", whole)
    assert code == 1 and "No space left" in told
    assert torn.stat().st_size == log.stat().st_size - 3000
    code, told = on_a_disk("size=10m", disk, "repair", str(torn), "--out", whole)
    assert code == 0, told
