"""A recorder that is killed loses next to nothing: the log opens and holds what was received."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from kneetrack.sessionlog import read_log

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
