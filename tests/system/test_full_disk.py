"""A disk that is full while a recording runs: a real one of 256 KB, or a limit on the file's size.

Nothing of ours is replaced: the writer runs in a process of its own against the system's refusal.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kneetrack.sessionlog import read_log

RECORDER = """
import json, os, resource, sys, time
from pathlib import Path
from kneetrack.errors import LogError
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter, writer as module

path, how = Path(sys.argv[1]), sys.argv[2]
module.RETRY_S = 0.0
ballast = path.with_name("ballast")
if how == "disk":
    ballast.write_bytes(bytes(150_000))
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
told, synced, error = [], [], None
try:
    with SessionWriter(path, {"exercise": "squat"}) as writer:
        for number in range(800):
            given = writer.packet(
                Side.RIGHT, Packet(Channel.RAW, number.to_bytes(4, "little") * 50, number / 23)
            )
            assert given == number + 1
            told += writer.news()
            if number in (100, 600, 799):
                writer.sync()
                synced.append(writer.synced_count)
            if number == 700 and how == "disk":
                ballast.unlink()
            elif number == 700 and "room" in how:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            if number == 600 and how == "overflow":
                module.BACKLOG_BYTES = 1000
        told += writer.news()
except LogError as refusal:
    error = str(refusal)
print(json.dumps([told, synced, error, writer.synced_count]), flush=True)
if how == "disk":  # it is gone with this process
    sys.stdout.buffer.write(path.read_bytes())
"""


def record(path: Path, how: str) -> tuple[list[str], list[int], str | None, int]:
    script = [sys.executable, "-c", RECORDER]
    done = subprocess.run([*script, str(path), how], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def numbers_in(path: Path) -> list[int]:
    return [int.from_bytes(packet.data[:4], "little") for _, packet in read_log(path)]


def test_a_recording_goes_on_where_the_user_makes_room(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    told, synced, error, last = record(path, "room is made")
    assert error is None
    assert "is full" in told[0] and "make room" in told[0]
    assert "room on the disk again" in told[1] and len(told) == 2
    assert synced[0] == 101
    assert 101 < synced[1] < 450, "what waits in memory is not said to be on the disk"
    assert synced[2] == last == 800
    log = read_log(path)
    assert log.torn is None
    assert numbers_in(path) == list(range(800))
    assert [event["event"] for event in log.events] == ["disk_full"]


def test_a_disk_that_stays_full_ends_the_recording_with_a_sentence_and_what_had_room(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.mcap"
    told, synced, error, last = record(path, "stays full")
    assert len(told) == 1
    assert error is not None and "kneetrack repair" in error and "had no room" in error
    assert "\n" not in error
    kept = numbers_in(path)
    assert kept == list(range(len(kept)))
    assert last == synced[1] <= len(kept) < 800
    assert path.stat().st_size == 100_000, "to the last byte that had room"
    assert read_log(path).torn is not None


def test_what_waits_for_room_in_memory_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    _, _, error, last = record(path, "overflow")
    assert error is not None and "the disk is full" in error
    kept = numbers_in(path)
    assert kept == list(range(len(kept))) and last <= len(kept)


def test_a_disk_of_256_kb_that_fills_up_loses_nothing_once_there_is_room(tmp_path: Path) -> None:
    script = tmp_path / "recorder.py"
    script.write_text(RECORDER)
    mounted = (
        f'mount -t tmpfs -o size=256k none "$1" && exec "{sys.executable}" "{script}" '
        '"$1/a.mcap" disk'
    )
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", mounted, "sh", str(disk)],
            capture_output=True,
            timeout=60,
        )
    except FileNotFoundError:
        pytest.skip("this system has no unshare")
    if done.returncode and b"recorder.py" not in done.stderr:
        pytest.skip(f"a small disk can't be mounted here: {done.stderr.decode().strip()}")
    assert done.returncode == 0, done.stderr.decode()
    head, _, data = done.stdout.partition(b"\n")
    told, synced, error, last = json.loads(head)
    assert error is None and len(told) == 2
    assert synced[1] < 601 and last == 800
    copy = tmp_path / "copy.mcap"
    copy.write_bytes(data)
    assert read_log(copy).torn is None
    assert numbers_in(copy) == list(range(800))
