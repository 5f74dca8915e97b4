"""Writes a session log that survives the death of its writer at any instant.

The file is an MCAP without chunks: each message is a record of its own and reaches the operating
system before `packet` returns, so a killed process loses nothing that it was given. Against a loss
of power the file is forced to the disk (fsync) when `sync` is called, as on every rep, and at least
every SYNC_PERIOD_S while packets come; `synced_count` says what is there. The session's metadata go
first: a log without its end still says whose it is.

Where the disk is full, what comes waits in memory (BACKLOG_BYTES, half an hour of a leg) and
follows once there is room; `news` has the sentences for the user. Only then, or on any other
failure, is the recording ended.

Times in the log are those that the link stamped (`received_at_s`); what the host adds, events and
calibrations, carries the time of the packet before it. The only clock read here decides when to
call fsync, and when to try a full disk again.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

import platformdirs
from mcap.writer import IndexType, Writer

from kneecore import __version__
from kneetrack.errors import LogError
from kneetrack.samples import Packet, Side
from kneetrack.sessionlog import streams
from kneetrack.sessionlog.appending import AppendingFile

SYNC_PERIOD_S = 2.0
"""The most that a loss of power may cost."""
RETRY_S = 1.0
_ELSEWHERE = "Name another place in XDG_DATA_HOME (where a command has --out, also with it)."
BACKLOG_BYTES = 16 << 20
"""What may wait for room. A leg makes 8 KB/s with raw data, 3 KB/s without."""


def user_data_dir() -> Path:
    """The folder of the user's own KneeTrack files, made where it is missing, for the user only."""
    folder = platformdirs.user_data_path("kneetrack", appauthor=False)
    _make_private(folder)
    return folder


def sessions_dir() -> Path:
    """The folder in it where logs are kept, made where it is missing."""
    folder = user_data_dir() / "sessions"
    _make_private(folder)
    return folder


def new_log_path(
    exercise: str, side: Side, *, folder: Path | None = None, at: datetime | None = None
) -> Path:
    """A name that is still free, like `2026-11-22T10-15-00_squat_right.mcap` (UTC).

    `folder` is `sessions` in the user's data folder unless given; it is made where it is missing.
    """
    if folder is None:
        folder = sessions_dir()
    else:
        _make_private(folder)
    start = (datetime.now(UTC) if at is None else at).strftime("%Y-%m-%dT%H-%M-%S")
    stem = f"{start}_{exercise}_{side.word}"
    path = folder / f"{stem}.mcap"
    number = 2
    while path.exists():
        path = folder / f"{stem}_{number}.mcap"
        number += 1
    return path


class SessionWriter:
    """Appends to a new log at `path`; never touches a file that is there already.

    `session` says what can't be told from the packets: `athlete` (an alias), `exercise`,
    `load_kg`, `tags`, `started_at` (UTC, ISO 8601), `windows`, `link`, `versions`. Any value that
    JSON can hold will do.

    Raises LogError where the file can't be made or written.
    """

    def __init__(self, path: Path, session: Mapping[str, object]) -> None:
        self.path = path
        self._file = _create(path)
        self._topics: dict[str, int] = {}
        self._last_ns = 0
        self._count = 0
        self._packets = 0
        self._stored_count = 0
        self._synced_count = 0
        self._synced_at = self._tried_at = time.monotonic()
        self._full_since: float | None = None
        self._news: list[str] = []
        self._failed = False
        self._writer = Writer(
            cast(BinaryIO, self._file), index_types=IndexType.METADATA, use_chunking=False
        )
        with _Storing(self):
            self._writer.start(streams.PROFILE, f"kneetrack {__version__}")
            self._writer.add_metadata(
                streams.SESSION, {key: _json(value) for key, value in session.items()}
            )
            if not self._file.push():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.sync()

    @property
    def synced_count(self) -> int:
        """Packets 1 to this one (as `packet` counted them) are on the disk, whatever happens."""
        return self._synced_count

    def news(self) -> list[str]:
        """What the user should be told of the storing: a full disk, room again. Each once."""
        told, self._news = self._news, []
        return told

    def __enter__(self) -> SessionWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def packet(self, side: Side, packet: Packet) -> int:
        """Append one packet, as it was received. Its number in the log, from 1, legs together."""
        topic = streams.band_topic(side, packet.channel)
        self._packets += 1
        self._append(topic, streams.WIRE_ENCODING, packet.data, round(packet.received_at_s * 1e9))
        return self._packets

    def event(self, event: Mapping[str, object]) -> None:
        """Append what the host made of the packets so far, or was told; stored with sorted keys."""
        self._append(
            streams.EVENT_TOPIC, streams.JSON_ENCODING, _json(event).encode(), self._last_ns
        )

    def calibration(self, calibration: Mapping[str, object]) -> None:
        """Append the calibration that is in force from here on."""
        data = _json(calibration).encode()
        self._append(streams.CALIBRATION_TOPIC, streams.JSON_ENCODING, data, self._last_ns)

    def fileno(self) -> int:
        """The descriptor of the open file."""
        return self._file.fileno()

    def sync(self) -> None:
        """Force what was written to the disk; returns when it is there."""
        with _Storing(self):
            self._push()
            self._file.sync()
        self._synced_count = self._stored_count
        self._synced_at = time.monotonic()

    def close(self) -> None:
        """Write the closing record and the index; further calls do nothing.

        Raises LogError where the disk is still full; then the log ends with what had room.
        """
        if self._file.closed:
            return
        try:
            if self._failed:
                return
            with _Storing(self):
                lacking = self._file.waiting
                self._writer.finish()
                if self._file.push():
                    self._stored_count = self._packets
                self._file.sync()
                self._synced_count = self._stored_count
            if self._file.waiting:
                raise self._not_all(lacking)
        finally:
            with contextlib.suppress(OSError):
                self._file.close()

    def _append(self, topic: str, encoding: str, data: bytes, time_ns: int) -> None:
        if self._failed:
            raise LogError(f"Recording to {self.path} has stopped before.")
        with _Storing(self):
            channel = self._topics.get(topic)
            if channel is None:
                channel = self._writer.register_channel(topic, encoding, schema_id=0)
                self._topics[topic] = channel
            self._writer.add_message(channel, time_ns, data, time_ns, self._count)
            self._last_ns = time_ns
            self._count += 1
            now = time.monotonic()
            if self._full_since is None or now - self._tried_at >= RETRY_S:
                self._push()
            if self._file.waiting > BACKLOG_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if now - self._synced_at >= SYNC_PERIOD_S:
            self.sync()

    def _push(self) -> None:
        """Hand what waits to the operating system, and note when the disk is full, or no more."""
        self._tried_at = time.monotonic()
        if not self._file.push():
            if self._full_since is None:
                self._full_since = self._tried_at
                self._news.append(
                    f"The disk of {self.path} is full. The recording goes on in memory for now: "
                    "make room, and it is stored."
                )
            return
        self._stored_count = self._packets
        if self._full_since is not None:
            full_s = round(self._tried_at - self._full_since, 1)
            self._full_since = None
            self._news.append("There is room on the disk again: all of the recording is stored.")
            self.event({"event": streams.DISK_FULL, "duration_s": full_s})

    def _not_all(self, lacking: int) -> LogError:
        what = (
            f"its last {self._packets - self._stored_count} packets had no room"
            if lacking
            else "only its index had no room"
        )
        return LogError(
            f"The disk of {self.path} is full: {what}. Everything before is kept; make room, and "
            f"give the log its proper end with: kneetrack repair {self.path}"
        )

    def storing_failed(self, error: OSError) -> LogError:
        """The error to raise instead of `error`; what is in the file already stays as it is."""
        self._failed = True
        why = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error))
        return LogError(
            f"Recording to {self.path} stopped: {why}. What was recorded so far is kept in it; "
            "make room (or choose another place with --out) and record on."
        )


class _Storing:
    """Turns an OSError while writing into the writer's LogError."""

    def __init__(self, writer: SessionWriter) -> None:
        self._writer = writer

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError):
            raise self._writer.storing_failed(error) from error


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LogError(
            f"The folder {folder} can't be made: {error.strerror}. {_ELSEWHERE}"
        ) from error


def _create(path: Path) -> AppendingFile:
    try:
        return AppendingFile(path)
    except FileExistsError:
        raise LogError(
            f"{path} exists already, and a log is never written over; choose another name."
        ) from None
    except OSError as error:
        raise LogError(f"{path} can't be written: {error.strerror}. {_ELSEWHERE}") from error
