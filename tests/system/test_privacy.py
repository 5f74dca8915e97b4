"""What is kept is listed, handed over and deleted as it is asked for; nothing is open to others."""

import io
import json
import os
import stat
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from kneecore import wire
from kneetrack.cli.app import run
from kneetrack.maintenance.kept import Kept
from kneetrack.maintenance.part_file import PartFile
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter, read_log

OLD_LOG = Path(__file__).parents[1] / "replay" / "logs" / "protocol_1_1.mcap"


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def kneetrack(home: Path, *arguments: str | Path) -> Done:
    """The command in this process; a real one takes its time to start."""
    out, errors = io.StringIO(), io.StringIO()
    before = os.environ.get("XDG_DATA_HOME")
    os.environ["XDG_DATA_HOME"] = str(home)
    try:
        with redirect_stdout(out), redirect_stderr(errors):
            code = run(list(map(str, arguments)))
    finally:
        if before is None:
            del os.environ["XDG_DATA_HOME"]
        else:
            os.environ["XDG_DATA_HOME"] = before
    return Done(code, out.getvalue(), errors.getvalue())


def record(path: Path, athlete: str | None) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with SessionWriter(path, {"athlete": athlete, "exercise": "squat"}) as writer:
        writer.packet(Side.RIGHT, Packet(Channel.RAW, b"x" * 100, 1.0))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's folder with recordings of A, B and nobody, a calibration, references, a sensor."""
    home = tmp_path / "home"
    folder = home / "kneetrack"
    folder.mkdir(mode=0o700, parents=True)
    record(folder / "sessions" / "a.mcap", "A")
    record(folder / "sessions" / "b.mcap", "B")
    record(folder / "sessions" / "c.mcap", None)
    (folder / "sessions" / "a.html").write_text("<!doctype html><p>a report")
    # what a write that was killed leaves behind
    (folder / "sessions" / ".a.mcap.x2f").write_bytes((folder / "sessions/a.mcap").read_bytes())
    for name, value in {
        "calibration_right.json": {"kind": "kneetrack-calibration", "athlete": "A"},
        "references/A_1_right_squat.json": {"kind": "kneetrack-references", "athlete": "A"},
        "sensors/KneeBand-1A2B_thigh_6c.json": {"kind": "kneetrack-sensor", "band": "KneeBand"},
        "sync/fetched.json": {"kind": "kneetrack-fetched", "logs": {"KneeBand": "c.mcap"}},
        "notes.txt": "mine",
    }.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value))
    record_told = wire.RECORDING.pack(*[1] * len(wire.RECORDING.fields))
    with PartFile(folder / "sync" / "KneeBand_1.part", Kept.of(record_told)) as part:
        part.append(b"a block")
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return home


def names(home: Path) -> set[str]:
    folder = home / "kneetrack"
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


OF_A = {
    "sessions/a.mcap",
    "sessions/a.html",
    "sessions/.a.mcap.x2f",
    "calibration_right.json",
    "references/A_1_right_squat.json",
}


def test_everything_that_is_kept_is_listed_with_what_it_is_and_whom_it_names(home: Path) -> None:
    listed = json.loads(kneetrack(home, "privacy", "--json").stdout)
    assert listed["athletes"] == ["A", "B"]
    assert listed["open_folders"] == []
    by_name = {
        Path(f["path"]).relative_to(home / "kneetrack").as_posix(): f for f in listed["files"]
    }
    assert set(by_name) == names(home), "each file, whatever it is"
    assert {name for name, f in by_name.items() if f["athlete"] == "A"} == OF_A
    assert by_name["sessions/c.mcap"]["kind"] == "recording"
    assert by_name["sensors/KneeBand-1A2B_thigh_6c.json"]["kind"] == "sensor"
    assert by_name["sync/fetched.json"]["kind"] == "fetched"
    assert by_name["sync/KneeBand_1.part"]["kind"] == "part"
    assert by_name["notes.txt"]["kind"] == "other"
    assert all(f["size_bytes"] > 0 and not f["open_to_others"] for f in by_name.values())
    told = kneetrack(home, "privacy")
    assert "nobody named" in told.stdout and str(home / "kneetrack") in told.stdout
    assert "!" not in told.stderr


def test_files_that_others_may_read_are_told_with_the_remedy(home: Path) -> None:
    (home / "kneetrack" / "sessions").chmod(0o755)
    (home / "kneetrack" / "sessions" / "b.mcap").chmod(0o644)
    told = kneetrack(home, "privacy").stderr
    assert "2 files or folders" in told and "chmod -R go-rwx" in told
    subprocess.run(["chmod", "-R", "go-rwx", str(home / "kneetrack")], check=True)
    assert "!" not in kneetrack(home, "privacy").stderr


def test_a_person_gets_all_of_theirs_and_nothing_of_others(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.zip"
    done = kneetrack(home, "privacy", "export", "--athlete", "A", "--out", out)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with zipfile.ZipFile(out) as bundle:
        assert bundle.testzip() is None
        assert set(bundle.namelist()) == {"manifest.json", *OF_A}
        bundle.extractall(tmp_path / "got")
        manifest = json.loads(bundle.read("manifest.json"))
    assert {f["path"] for f in manifest["files"]} == OF_A
    assert read_log(tmp_path / "got" / "sessions" / "a.mcap").session["athlete"] == "A"
    again = kneetrack(home, "privacy", "export", "--athlete", "A", "--out", out)
    assert again.returncode == 1 and "not written over" in again.stderr
    nobody = kneetrack(home, "privacy", "export", "--athlete", "X", "--out", tmp_path / "x.zip")
    assert nobody.returncode == 1 and "A, B" in nobody.stderr


def test_deleting_a_person_leaves_the_others_and_needs_a_yes(home: Path) -> None:
    before = names(home)
    refused = kneetrack(home, "privacy", "delete", "--athlete", "A")
    assert refused.returncode == 2 and "--yes" in refused.stderr
    assert "a.mcap" in refused.stderr, "what would go is listed"
    assert names(home) == before
    assert kneetrack(home, "privacy", "delete").returncode == 2
    assert kneetrack(home, "privacy", "delete", "--all", "--athlete", "A").returncode == 2
    done = kneetrack(home, "privacy", "delete", "--athlete", "A", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["deleted"]) == len(OF_A)
    assert names(home) == before - OF_A


def test_deleting_all_leaves_nothing(home: Path) -> None:
    assert kneetrack(home, "privacy", "delete", "--all", "--yes").returncode == 0
    assert names(home) == set()
    empty = kneetrack(home, "privacy")
    assert empty.returncode == 0 and "nothing yet" in empty.stdout


def test_a_recording_that_runs_is_not_deleted(home: Path) -> None:
    path = home / "kneetrack" / "sessions" / "now.mcap"
    with SessionWriter(path, {"athlete": "B", "exercise": "squat"}):
        done = kneetrack(home, "privacy", "delete", "--athlete", "B", "--yes")
        assert done.returncode == 1 and "being recorded" in done.stderr
        assert names(home) >= {"sessions/now.mcap"} and "sessions/b.mcap" not in names(home)


def test_on_a_terminal_the_question_is_asked_and_no_means_no(home: Path) -> None:
    pty = pytest.importorskip("pty")
    for answer, code in ((b"n\n", 1), (b"y\n", 0)):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "kneetrack.cli", "privacy", "delete", "--athlete", "B"],
            env=os.environ | {"XDG_DATA_HOME": str(home)},
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as asking:
            os.write(ours, answer)
            _, errors = asking.communicate(timeout=60)
        os.close(ours)
        os.close(theirs)
        assert asking.returncode == code, errors
        assert b"for good?" in errors
    assert "sessions/b.mcap" not in names(home)


def test_what_the_program_makes_is_for_its_user_only(tmp_path: Path) -> None:
    """Under a lax umask: log, report, angles, whole log, folders."""
    home = tmp_path / "home"
    torn = tmp_path / "torn.mcap"
    torn.write_bytes(OLD_LOG.read_bytes()[:-3000])
    before = os.umask(0)
    try:
        for arguments in (
            ["record", "--link", "sim:squats?table=0&stand=1&functional=1&reps=0&speed=max"],
            ["report", OLD_LOG, "--out", tmp_path / "r.html"],
            ["angles", OLD_LOG, "--out", tmp_path / "a.csv"],
            ["repair", torn],
        ):
            done = kneetrack(home, *arguments)
            assert done.returncode == 0, done.stderr
    finally:
        os.umask(before)
    made = [*(home / "kneetrack").rglob("*"), tmp_path / "r.html", tmp_path / "a.csv"]
    made += [home / "kneetrack", tmp_path / "torn_repaired.mcap"]
    assert len(made) >= 6
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
