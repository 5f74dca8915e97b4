"""`kneetrack repair`: many logs at once, what it says, what it leaves alone, how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kneetrack.cli.app import run
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter, read_log

OLD_LOG = Path(__file__).parents[1] / "replay" / "logs" / "protocol_1_1.mcap"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three logs, of which one is whole, one torn, and one no log at all."""
    folder = tmp_path / "logs"
    folder.mkdir()
    data = OLD_LOG.read_bytes()
    (folder / "whole.mcap").write_bytes(data)
    (folder / "torn.mcap").write_bytes(data[:100_000])
    (folder / "nothing.mcap").write_bytes(b"no log")
    return folder


def test_a_folder_of_logs_is_repaired_log_by_log(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert run(["repair", str(folder), "--out", str(out)]) == 1
    told = capsys.readouterr()
    assert "whole.mcap: whole: 602 packets" in told.out
    assert "Its end was missing and was made" in told.out
    assert "nothing.mcap is not a session log" in told.err
    assert "1 of 3 logs" in told.err
    assert [path.name for path in out.iterdir()] == ["torn.mcap"], "the name is kept"
    assert read_log(out / "torn.mcap").torn is None
    assert read_log(folder / "torn.mcap").torn is not None


def test_json_tells_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["repair", str(folder), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    by_name = {Path(log["source"]).name: log for log in told["logs"]}
    assert by_name["whole.mcap"]["was_whole"] and by_name["whole.mcap"]["out"] is None
    torn = by_name["torn.mcap"]
    assert not torn["was_whole"] and not torn["had_end"] and torn["tail_bytes"] > 0
    assert Path(torn["out"]).name == "torn_repaired.mcap"
    assert len(told["refused"]) == 1


def test_a_whole_log_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["repair", str(OLD_LOG)]) == 0
    assert "Nothing to do" in capsys.readouterr().out


def test_orders_that_make_no_sense_are_refused(folder: Path, tmp_path: Path) -> None:
    torn = str(folder / "torn.mcap")
    before = sorted(folder.iterdir())
    assert run(["repair", torn, "--replace", "--out", str(tmp_path / "x.mcap")]) == 2
    assert run(["repair", str(folder), "--out", str(tmp_path / "x.mcap")]) == 2
    assert run(["repair"]) == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(["repair", str(empty)]) == 1
    assert run(["repair", torn, "--out", str(folder / "whole.mcap")]) == 1
    assert sorted(folder.iterdir()) == before
    assert (folder / "whole.mcap").read_bytes() == OLD_LOG.read_bytes()


def test_a_big_log_shows_how_far_it_is(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    path = tmp_path / "big.mcap"
    writer = SessionWriter(path, {"exercise": "squat"})
    for number in range(40):
        writer.packet(Side.RIGHT, Packet(Channel.RAW, bytes([number]) * 300_000, number / 23))
    data = path.read_bytes()
    writer.close()
    path.write_bytes(data)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "kneetrack.cli", "repair", str(path), "--replace"],
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as repairing:
        out, _ = repairing.communicate(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode(errors="replace")
    os.close(ours)
    assert repairing.returncode == 0
    assert "Repairing big.mcap" in shown and "%" in shown
    assert b"40 packets" in out and b"Repairing" not in out
    assert read_log(path).torn is None
