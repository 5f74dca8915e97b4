"""What main.py does when the program fails: say so, and start anew."""

import subprocess
from pathlib import Path

import pytest

from kneetrack.firmware_files import firmware_dir, run_micropython

RUN = firmware_dir() / "sim" / "run.py"


def test_a_program_that_fails_says_why_and_resets_the_board(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KNEETRACK_RADIO", raising=False)  # the radio can't be switched on: ENODEV
    command = run_micropython([str(RUN), "squats"])
    done = subprocess.run(
        command.arguments,
        env=command.environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 40 + 2, "machine.RESET_STATUS and a HARD_RESET"
    assert "Traceback" in done.stderr and "ENODEV" in done.stderr, done.stderr
    assert done.stderr.splitlines()[-1] == "The board resets."
