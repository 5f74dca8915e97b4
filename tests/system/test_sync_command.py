"""`kneetrack sync` as it is typed: what it shows, fetches, deletes and refuses."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from cable import Cable
from keeping_band import KeepingBand, Kept, kept, living
from knee_recordings import short
from kneecore import wire
from kneetrack.cli.app import run
from kneetrack.sessionlog import read_log

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@contextlib.contextmanager
def band_beside(tmp_path: Path, keeps: dict[int, Kept]) -> Generator[KeepingBand]:
    """The band lives in a thread of its own, as the command has the program's loop."""
    ready, over = threading.Event(), threading.Event()
    bands: list[KeepingBand] = []

    async def live() -> None:
        cable = Cable(tmp_path)
        with living(KeepingBand(cable, keeps)) as band:
            bands.append(band)
            ready.set()
            while not over.is_set():
                await asyncio.sleep(0.02)
        cable.close()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    assert ready.wait(5)
    try:
        yield bands[0]
    finally:
        over.set()
        thread.join()


def test_the_command_lists_fetches_and_deletes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keeps = {
        4: kept(short().samples),
        6: kept(short().samples, flags=wire.RECORDING_CUT, lost_samples=3, utc_s=0),
    }
    with band_beside(tmp_path, keeps) as band:
        link = ["--link", f"serial:{band.cable.port}"]
        assert run(["sync", *link, "--list"]) == 0
        out = capfd.readouterr().out
        assert "#4  2026-09-21 14:13 UTC, right leg, 0:15 min" in out
        assert "time unknown" in out and "3 samples found no room" in out and "lost power" in out
        assert run(["sync", *link, "--list", "--json"]) == 0
        listed = json.loads(capfd.readouterr().out)["recordings"]
        assert [one["recording_id"] for one in listed] == [4, 6]
        assert band.deleted == []
        logs = tmp_path / "logs"
        logs.mkdir()
        assert run(["sync", *link, "--out", str(logs), "--athlete", "A", "--json"]) == 0
        synced = json.loads(capfd.readouterr().out)["synced"]
        assert [one["deleted_on_band"] for one in synced] == [True, True]
        assert band.deleted == [4, 6]
        assert band.utc_s > 1_700_000_000
        assert run(["sync", *link]) == 0
        assert "keeps no finished recording" in capfd.readouterr().err
    for one in synced:
        assert run(["analyze", one["path"]]) == 0
    assert read_log(Path(synced[0]["path"])).session["athlete"] == "A"


def test_the_command_has_the_band_record_alone_and_stop(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with band_beside(tmp_path, {4: kept(short().samples)}) as band:
        link = ["--link", f"serial:{band.cable.port}"]
        assert run(["sync", *link, "--start"]) == 0
        assert band.running
        assert run(["sync", *link, "--keep"]) == 0
        told = capfd.readouterr()
        assert "recording by itself now" in told.err and "Left on the band" in told.err
        assert run(["sync", *link, "--stop"]) == 0
        assert not band.running and band.deleted == [4]
        assert run(["sync", *link, "--start", "--keep"]) == 2
        assert run(["sync", *link, "--keep", "--delete"]) == 2
        assert run(["sync", *link, "--out", str(tmp_path / "nowhere")]) == 2
        assert run(["sync", "--link", "log:x.mcap"]) == 2
