"""A recorder that is killed loses next to nothing: the log opens and holds what was received."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from kneetrack.sessionlog import read_log
from kneetrack.sessionlog.repair import repair

WRITE_FOREVER = """
import sys, time
from pathlib import Path
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter

writer = SessionWriter(Path(sys.argv[1]), {"exercise": "squat"})
for number in range(1_000_000):
    writer.packet(Side.RIGHT, Packet(Channel.RAW, number.to_bytes(4, "little") * 50, number / 23))
    if number % 50 == 0:
        writer.event({"event": "warning", "text": str(number)})
    print(number, flush=True)
"""


def test_sigkill_between_any_two_instructions_loses_no_packet_that_was_written(
    tmp_path: Path,
) -> None:
    for attempt, lines in enumerate((3, 57, 400, 1500)):
        path = tmp_path / f"{attempt}.mcap"
        with subprocess.Popen(
            [sys.executable, "-c", WRITE_FOREVER, str(path)], stdout=subprocess.PIPE, text=True
        ) as recorder:
            assert recorder.stdout is not None
            for _ in range(lines):
                recorder.stdout.readline()
            os.kill(recorder.pid, signal.SIGKILL)
            said = [int(line) for line in recorder.stdout.read().split("\n")[:-1] if line]
        reported = max(said, default=lines - 1)
        log = read_log(path)
        numbers = [int.from_bytes(packet.data[:4], "little") for _, packet in log]
        assert numbers == list(range(len(numbers))), "in order, none missing"
        assert len(numbers) >= reported + 1, "all that was written is there"
        assert log.torn is not None and "cut off" in log.torn


WRITE_BIG = """
import os, sys
from pathlib import Path
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter

said = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
data = os.urandom(1 << 20)
writer = SessionWriter(Path(sys.argv[1]), {"exercise": "squat"})
for number in range(1, 200):
    given = writer.packet(Side.RIGHT, Packet(Channel.RAW, data, number / 23))
    writer.sync()
    os.write(said, b"%d %d\\n" % (given, writer.synced_count))
"""


def test_sigkill_inside_a_write_or_an_fsync_leaves_all_that_was_said_to_be_there(
    tmp_path: Path,
) -> None:
    """Packets of a megabyte, so that nearly all of the time is spent in write and fsync."""
    chance = random.Random(5)
    for attempt in range(6):
        path, said = tmp_path / f"{attempt}.mcap", tmp_path / f"{attempt}.said"
        with subprocess.Popen([sys.executable, "-c", WRITE_BIG, str(path), str(said)]) as recorder:
            while not said.exists() or not said.stat().st_size:
                assert recorder.poll() is None
                time.sleep(0.005)
            time.sleep(chance.uniform(0.0, 0.1))
            os.kill(recorder.pid, signal.SIGKILL)
        given, synced = map(int, said.read_text().splitlines()[-1].split())
        log = read_log(path)
        assert given == synced <= log.packet_count
        assert log.torn is not None
        assert sum(1 for _ in log) == log.packet_count
        done = repair(path, replace=True)
        assert done.packets == log.packet_count and read_log(path).torn is None
        path.unlink()


def test_sigkill_while_a_log_is_replaced_leaves_the_old_or_the_new_one(tmp_path: Path) -> None:
    old = Path(__file__).parents[1] / "replay" / "logs" / "protocol_1_1.mcap"
    original = old.read_bytes()[:-5000]
    packets = read_log(_file(tmp_path / "known.mcap", original)).packet_count
    chance = random.Random(9)
    for attempt in range(4):
        path = _file(tmp_path / f"{attempt}.mcap", original)
        script = "import sys; from kneetrack.cli import main; main()"
        with subprocess.Popen(
            [sys.executable, "-c", script, "repair", str(path), "--replace"],
            stdout=subprocess.DEVNULL,
        ) as repairing:
            while repairing.poll() is None and not _parts(path):
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.03))
            repairing.kill()
        log = read_log(path)
        assert log.packet_count == packets
        assert path.read_bytes() == original or log.torn is None


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _parts(path: Path) -> list[Path]:
    """What a writer that puts a file in the place of another has begun beside it."""
    return list(path.parent.glob(f".{path.name}.*"))
