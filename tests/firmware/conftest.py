"""Tests that run inside MicroPython, on the simulated board, shown by pytest one by one.

A module here that asks for the fixture `device_test` has its tests in `device/`, under its own name
without "test_": every function `test_...` there becomes one test, in a process and a folder of its
own. They are plain functions with `assert`.
"""

import ast
import os
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FIRMWARE = ROOT / "firmware"
MICROPYTHON = Path(sysconfig.get_path("scripts")) / "micropython"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "device_test" in metafunc.fixturenames:
        script = HERE / "device" / f"{metafunc.module.__name__.rpartition('test_')[2]}.py"
        names = [
            node.name
            for node in ast.parse(script.read_text()).body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        ]
        assert names, f"{script} holds no tests"
        metafunc.parametrize(
            "device_test", [(script, name) for name in names], ids=names, indirect=True
        )


@pytest.fixture
def device_test(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], None]:
    """Call it to run the test under MicroPython."""
    script, name = request.param

    def run() -> None:
        firmware = [FIRMWARE / "sim" / "shims", FIRMWARE, FIRMWARE / "boards" / "a"]
        path = [*firmware, ROOT / "tools", script.parent, ".frozen"]
        done = subprocess.run(
            [
                MICROPYTHON,
                "-X",
                f"heapsize={getattr(request.module, 'HEAP', '16M')}",
                "-c",
                f"import upytest; upytest.load({str(script)!r})[{name!r}]()",
            ],
            env={**os.environ, "MICROPYPATH": ":".join(map(str, path))},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"{script.name}, {name}:\n{done.stdout}{done.stderr}", pytrace=False)

    return run
