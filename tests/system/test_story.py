"""The gym session that host/README.md tells, played by a simulated leg from its first command on.

Every command has to work as it stands, and every line that the page shows without a number has to
be in what the command said.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from command_line import kneetrack
from commands_in_docs import ROOT, Shown, commands

LEG = "sim:squats?valgus=8&speed=max"
NOT_PLAYED = {
    "dashboard": "serves until it is ended; tests/system/test_dashboard_page.py",
    "sensors": "tests/system/test_sensors.py plays the same command",
    "selftest": "tests/system/test_selftest.py does",
    "replay": "in the time that the session took; tests/system/test_live_session.py",
    "sync": "wants a band that kept something; tests/system/test_sync.py",
    "validate": "wants a laboratory's angles; tests/system/test_cli.py",
}


def played() -> list[Shown]:
    return [
        shown
        for shown in commands(ROOT / "host" / "README.md")
        if shown.in_block and shown.arguments[0] not in NOT_PLAYED
    ]


def without_numbers(output: tuple[str, ...]) -> list[str]:
    return [" ".join(line.split()) for line in output if line and not re.search(r"\d", line)]


def test_what_is_not_played_here_is_played_elsewhere() -> None:
    for command, why in NOT_PLAYED.items():
        named = re.search(r"tests/\S+\.py", why)
        assert named, why
        assert command in (ROOT / named[0]).read_text(encoding="utf-8"), why


def test_the_story_can_be_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KNEETRACK_LINK", LEG)
    monkeypatch.setenv("COLUMNS", "80")
    for shown in played():
        done = kneetrack(*shown.arguments, cwd=tmp_path)
        said = done.stdout + done.stderr
        may_find = {1} if shown.arguments[0] == "doctor" else set()  # this computer has no radio
        assert done.returncode in {0} | may_find, said
        words = " ".join(said.split())
        missing = [line for line in without_numbers(shown.output) if line not in words]
        assert not missing, f"{shown}: not said any more: {missing}\n{said}"
