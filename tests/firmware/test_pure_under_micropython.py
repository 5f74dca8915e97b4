"""Every file of tests/pure passes under MicroPython too, on the interpreter the simulator uses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = sorted((ROOT / "tests" / "pure").glob("test_*.py"))
MICROPYTHON = Path(sys.executable).with_name("micropython")


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.stem)
def test_passes_under_micropython(path: Path) -> None:
    run = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=16m", "tools/upytest.py", path.relative_to(ROOT)],
        cwd=ROOT,
        env={**os.environ, "MICROPYPATH": "firmware:.frozen"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " 0 failed" in run.stdout


def test_a_failing_test_is_told(tmp_path: Path) -> None:
    failing = tmp_path / "test_failing.py"
    failing.write_text("def test_it():\n    assert 1 == 2\n")
    run = subprocess.run(
        [MICROPYTHON, "tools/upytest.py", failing],
        cwd=ROOT,
        env={**os.environ, "MICROPYPATH": ".frozen"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert "test_it" in run.stdout and "AssertionError" in run.stdout
