"""What `pip install` brings is whole: the main job runs from the wheel, with no clone around.

The wheel is installed alone into an environment of its own; what it depends on is lent by this one.
"""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = "squats?table=0&stand=2&functional=1&reps=1"
WHERE = """
import json, kneecore, kneetrack
from kneetrack.firmware_files import firmware_dir
print(json.dumps([kneecore.__file__, kneetrack.__file__, str(firmware_dir())]))
"""
NO_NETWORK = ("No matching distribution found for hatchling", "Could not find a version")


def ran(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment in which the wheel is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    quick = ["--retries", "0", "--timeout", "15"]
    built = ran(*pip, "wheel", "--no-deps", "-q", *quick, "-w", folder, ROOT, cwd=folder)
    if built.returncode and any(words in built.stderr for words in NO_NETWORK):
        pytest.skip("pip can't fetch hatchling, which builds the wheel")
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("kneetrack-*.whl")

    made = ran(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    assert made.returncode == 0, made.stderr
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    install = ["install", "--no-deps", "--no-index", "-q", wheel]
    put = ran(*pip, "--python", scripts / "python", *install, cwd=folder)
    assert put.returncode == 0, put.stderr
    (package,) = (folder / "venv").rglob("kneetrack/__init__.py")
    # A folder in a .pth is searched, but its own .pth, which lead to the clone, are not read.
    (package.parents[1] / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return scripts


@pytest.mark.slow
def test_the_wheel_stands_on_its_own_files(installed: Path, tmp_path: Path) -> None:
    result = ran(installed / "python", "-c", WHERE, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    core, host, firmware = (Path(path) for path in json.loads(result.stdout))
    for path in (core, host, firmware):
        assert path.is_relative_to(installed.parent), path
    assert firmware == host.parent / "_firmware"


@pytest.mark.slow
def test_the_main_job_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    result = ran(
        installed / "kneetrack", "demo", "--scenario", SCENARIO, "--speed", "max",
        "--out", tmp_path, "--json", cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["reps_found"] == document["reps_given"] == 1
    assert document["events_equal"] == document["events"] > 0
    assert Path(document["report"]).is_file()
