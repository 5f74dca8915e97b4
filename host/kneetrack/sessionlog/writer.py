"""Writes a session log that survives the death of its writer at any instant.

The file is an MCAP without chunks: each message is a record of its own and reaches the operating
system before `packet` returns, so a killed process loses nothing that it was given. Against a loss
of power the file is forced to the disk (fsync) when `sync` is called, as on every rep, and at least
every SYNC_PERIOD_S while packets come. The session's metadata go first: a log without its end still
says whose it is.

Times in the log are those that the link stamped (`received_at_s`); what the host adds, events and
calibrations, carries the time of the packet before it. The only clock read here decides when to
call fsync.
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
from typing import BinaryIO

import platformdirs
from mcap.writer import IndexType, Writer

from kneecore import __version__
from kneetrack.errors import LogError
from kneetrack.samples import Packet, Side
from kneetrack.sessionlog import streams

SYNC_PERIOD_S = 2.0
"""The most that a loss of power may cost."""


def user_data_dir() -> Path:
    """The folder of the user's own KneeTrack files, made where it is missing, for the user only."""
    folder = platformdirs.user_data_path("kneetrack", appauthor=False)
    _make_private(folder)
    return folder


def new_log_path(
    exercise: str, side: Side, *, folder: Path | None = None, at: datetime | None = None
) -> Path:
    """A name that is still free, like `2026-11-22T10-15-00_squat_right.mcap` (UTC).

    `folder` is `sessions` in the user's data folder unless given; it is made where it is missing.
    """
    folder = user_data_dir() / "sessions" if folder is None else folder
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
        self._synced_at = time.monotonic()
        self._failed = False
        self._writer = Writer(self._file, index_types=IndexType.METADATA, use_chunking=False)
        with _Storing(self):
            self._writer.start(streams.PROFILE, f"kneetrack {__version__}")
            self._writer.add_metadata(
                streams.SESSION, {key: _json(value) for key, value in session.items()}
            )
            self._file.flush()
        self.sync()

    def __enter__(self) -> SessionWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def packet(self, side: Side, packet: Packet) -> None:
        """Append one packet, as it was received."""
        topic = streams.band_topic(side, packet.channel)
        self._append(topic, streams.WIRE_ENCODING, packet.data, round(packet.received_at_s * 1e9))

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
            self._file.flush()
            os.fsync(self._file.fileno())
        self._synced_at = time.monotonic()

    def close(self) -> None:
        """Write the closing record and the index; further calls do nothing."""
        if self._file.closed:
            return
        if self._failed:
            with contextlib.suppress(OSError):  # what could not be written then, now neither
                self._file.close()
            return
        with _Storing(self), self._file:
            self._writer.finish()
            self._file.flush()
            os.fsync(self._file.fileno())

    def _append(self, topic: str, encoding: str, data: bytes, time_ns: int) -> None:
        with _Storing(self):
            channel = self._topics.get(topic)
            if channel is None:
                channel = self._writer.register_channel(topic, encoding, schema_id=0)
                self._topics[topic] = channel
            self._writer.add_message(channel, time_ns, data, time_ns, self._count)
            self._file.flush()
        self._last_ns = time_ns
        self._count += 1
        if time.monotonic() - self._synced_at >= SYNC_PERIOD_S:
            self.sync()

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
            f"The folder {folder} can't be made: {error.strerror}. Choose another with --out."
        ) from error


def _create(path: Path) -> BinaryIO:
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise LogError(
            f"{path} exists already, and a log is never written over; choose another name."
        ) from None
    except OSError as error:
        raise LogError(
            f"{path} can't be written: {error.strerror}. Choose another place with --out."
        ) from error
