"""A recorder that is killed while it records over a cable, and what the band kept for it.

`kneetrack record` and `kneetrack sync` themselves, as processes of their own, at the end of a cable
that is made of pseudo-terminals (tests/support/cable.py); the board runs in real time, or slower
where the machine is too busy.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from cable import bench
from kneetrack.sessionlog import read_log

PACKETS = 60
"""The log holds so many when its recorder is killed."""
ALONE_S = 6.0
"""How long nobody is there."""
LIMIT_S = 90.0

_KNEETRACK = (sys.executable, "-c", "from kneetrack.cli import main; main()")


async def killed(folder: Path) -> list[Path]:
    """The log of the recorder that was killed, and those of what was fetched afterwards."""
    (folder / "fetched").mkdir()
    begun = folder / "begun.mcap"
    with tempfile.TemporaryDirectory() as board:
        async with bench(Path(board)) as cable:
            link = f"serial:{cable.port}"
            recorder = await _run(folder, "record", "--link", link, "--out", begun, "--side=right")
            try:
                async with asyncio.timeout(LIMIT_S):
                    while recorder.returncode is None and _packets(begun) < PACKETS:
                        await asyncio.sleep(0.25)
            finally:
                if recorder.returncode is None:
                    recorder.kill()
                await recorder.wait()
            await cable.pacer.passes(ALONE_S)
            sync = await _run(folder, "sync", "--stop", "--link", link, "--out", folder / "fetched")
            async with asyncio.timeout(LIMIT_S):
                output, _ = await sync.communicate()
            if sync.returncode:
                raise RuntimeError(f"kneetrack sync failed: {output.decode(errors='replace')}")
    return [begun, *sorted((folder / "fetched").glob("*.mcap"))]


async def _run(folder: Path, *arguments: str | Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *_KNEETRACK,
        *map(str, arguments),
        env={**os.environ, "XDG_DATA_HOME": str(folder / "data")},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


def _packets(path: Path) -> int:
    return read_log(path).packet_count if path.exists() else 0
