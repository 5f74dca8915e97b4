"""Makes a log whole that was torn or damaged: a new file, with everything that can be had.

The original stays as it is unless it is to be replaced, and then the new one takes its place in one
step, after it was read back. What was left out is told, and stands in the new log as its last
event, so that no one takes it for complete.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import tempfile
import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcap.opcode import Opcode
from mcap.records import Channel, Footer, Header, Metadata
from mcap.writer import MCAP0_MAGIC, IndexType, Writer

from kneecore import __version__
from kneetrack.errors import LogError
from kneetrack.sessionlog import streams
from kneetrack.sessionlog.appending import in_use
from kneetrack.sessionlog.reader import read_log
from kneetrack.sessionlog.records import (
    FRAME,
    MESSAGE,
    MESSAGE_CODE,
    check_head,
    open_log,
    stream,
)
from kneetrack.sessionlog.resync import Damage, Salvage

_FOOTER_BYTES = FRAME.size + 20
_FOOTER_CRC_BYTES = 4

UNREPAIRED = "could not be repaired and stays as it is"
Progress = Callable[[float], None]
"""Told the share that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What was found in the log at `source`, and the file that was made of it, if any."""

    source: Path
    out: Path | None  # None: the log was whole
    packets: int
    duration_s: float
    had_end: bool
    tail_bytes: int  # of an unfinished record, or garbage, at the end
    damages: tuple[Damage, ...]
    orphans: int  # messages of streams whose description is gone
    session_lost: bool

    @property
    def was_whole(self) -> bool:
        return self.out is None

    @property
    def sentences(self) -> list[str]:
        """What the user should know, in order."""
        if self.was_whole:
            return [f"whole: {self.packets} packets, {self.duration_s:.1f} s. Nothing to do."]
        told = [f"{self.packets} packets, {self.duration_s:.1f} s."]
        if not self.had_end:
            told.append("Its end was missing and was made.")
        elif not self.damages and not self.orphans:
            told.append("Its data were whole, its index was not and was made anew.")
        if self.tail_bytes:
            told.append(f"{self.tail_bytes} bytes of an unfinished record were left out.")
        for damage in self.damages:
            told.append(
                f"{damage.end - damage.start} bytes from byte {damage.start} on were unreadable: "
                f"{damage.messages} packets or events are missing there."
            )
        if self.orphans:
            told.append(f"{self.orphans} packets were left out: what they are of was unreadable.")
        if self.session_lost:
            told.append(
                "Whose it is and what was done was unreadable, all or in part, and is lost."
            )
        return told

    def to_json(self) -> dict[str, Any]:
        return {
            "source": str(self.source),
            "out": None if self.out is None else str(self.out),
            "was_whole": self.was_whole,
            "packets": self.packets,
            "duration_s": round(self.duration_s, 3),
            "had_end": self.had_end,
            "tail_bytes": self.tail_bytes,
            "damages": [
                {"start": d.start, "end": d.end, "messages": d.messages} for d in self.damages
            ],
            "orphans": self.orphans,
            "session_lost": self.session_lost,
        }


def repaired_name(source: Path) -> Path:
    """Where the whole log goes unless another name is given: beside the torn one."""
    return source.with_name(f"{source.stem}_repaired{source.suffix}")


def repair(
    source: Path,
    out: Path | None = None,
    *,
    replace: bool = False,
    progress: Progress = lambda share: None,
) -> Repair:
    """Make the log at `source` whole, as `out` (or `repaired_name`), or in its own place.

    A log that is whole is left alone and nothing is written. Raises LogError where `source` is no
    log, is being recorded, or holds no packet that can be had; where `out` exists; and where it
    can't be written. The new file is readable for its owner only.
    """
    target = source.resolve() if replace else (out or repaired_name(source))
    with _mapped(source) as data:
        if in_use(source):
            raise LogError(f"{source} is being recorded at this moment; end the recording first.")
        size = len(data)
        looked = _Look(Salvage(data, lambda at: progress(at / size / 2)))
        found = looked.result(source, None)
        for encoding in sorted(looked.encodings - {streams.WIRE_ENCODING}):
            raise LogError(
                f"{source} was recorded with the protocol {encoding}; this kneetrack repairs logs "
                f"of {streams.WIRE_ENCODING}. Use the kneetrack version that recorded it."
            )
        if found.packets == 0:
            raise LogError(
                f"{source} holds no packet that can be had: there is none, or the first records, "
                "which say what the packets are, are unreadable. It stays as it is."
            )
        if not _needs_repair(found, data, looked.salvage.end):
            return found
        if not replace and target.exists():
            raise LogError(
                f"{target} exists already and is not written over; name another with --out."
            )
        found = looked.result(source, target)
        with _new_file(target, replace=replace) as part:
            salvage = Salvage(data, lambda at: progress(0.5 + at / size / 2))
            _write(part, salvage, looked, found)
            _check(part, found)
    progress(1.0)
    return found


class _Look:
    """The first walk: what there is."""

    def __init__(self, salvage: Salvage) -> None:
        self.salvage = salvage
        self.header: Header | None = None
        self.session: dict[str, str] | None = None
        self._session_whole = False
        self.encodings: set[str] = set()
        self._packets = 0
        self._first_ns = self._last_ns = 0
        bands: set[int] = set()
        for opcode, body in salvage:
            if opcode == MESSAGE_CODE:
                number, _, time_ns, _ = MESSAGE.unpack_from(body)
                if number in bands:
                    if not self._packets:
                        self._first_ns = time_ns
                    self._last_ns = max(self._last_ns, time_ns)
                    self._packets += 1
            elif opcode == Opcode.CHANNEL:
                channel = Channel.read(stream(body))
                if channel.topic in streams.BAND_TOPICS:
                    bands.add(channel.id)
                    self.encodings.add(channel.message_encoding)
            elif opcode == Opcode.METADATA and self.session is None:
                metadata = Metadata.read(stream(body))
                if metadata.name == streams.SESSION:
                    self.session = _readable(metadata.metadata)
                    self._session_whole = len(self.session) == len(metadata.metadata)
            elif opcode == Opcode.HEADER and self.header is None:
                self.header = Header.read(stream(body))

    def result(self, source: Path, out: Path | None) -> Repair:
        salvage = self.salvage
        return Repair(
            source=source,
            out=out,
            packets=self._packets,
            duration_s=(self._last_ns - self._first_ns) / 1e9,
            had_end=salvage.ended,
            tail_bytes=salvage.tail,
            damages=tuple(salvage.damages),
            orphans=salvage.orphans,
            session_lost=not self._session_whole,
        )


def _readable(values: dict[str, str]) -> dict[str, str]:
    """Those that are JSON, as all are that a writer put there."""
    good: dict[str, str] = {}
    for key, text in values.items():
        with contextlib.suppress(ValueError):
            json.loads(text)
            good[key] = text
    return good


def _needs_repair(found: Repair, data: mmap.mmap, end: int) -> bool:
    lacking = not found.had_end or found.damages or found.orphans or found.session_lost
    return bool(lacking) or not _has_index(data, end)


def _has_index(data: mmap.mmap, end: int) -> bool:
    """Whether a summary with the right checksum and the closing bytes follow the data."""
    footer_at = len(data) - len(MCAP0_MAGIC) - _FOOTER_BYTES
    if data[-len(MCAP0_MAGIC) :] != MCAP0_MAGIC or footer_at < end:
        return False
    opcode, length = FRAME.unpack_from(data, footer_at)
    if opcode != Opcode.FOOTER or length != _FOOTER_BYTES - FRAME.size:
        return False
    footer = Footer.read(stream(data[footer_at + FRAME.size : footer_at + _FOOTER_BYTES]))
    if not end < footer.summary_start <= footer_at:
        return False
    covered = data[footer.summary_start : footer_at + _FOOTER_BYTES - _FOOTER_CRC_BYTES]
    return footer.summary_crc in (0, zlib.crc32(covered))


def _write(part: Path, salvage: Salvage, looked: _Look, found: Repair) -> None:
    """Everything that `salvage` gives, and what was left out, as a log with a proper end."""
    header = looked.header or Header(profile=streams.PROFILE, library=f"kneetrack {__version__}")
    channels: dict[int, int] = {}  # number there: number here
    events: int | None = None
    last_ns = count = 0
    with part.open("r+b", buffering=1 << 20) as file:
        writer = Writer(file, index_types=IndexType.METADATA, use_chunking=False)
        writer.start(header.profile, header.library)
        writer.add_metadata(streams.SESSION, looked.session or {})
        for opcode, body in salvage:
            if opcode == MESSAGE_CODE:
                number, count, last_ns, published_ns = MESSAGE.unpack_from(body)
                data = body[MESSAGE.size :]
                writer.add_message(channels[number], last_ns, data, published_ns, count)
            elif opcode == Opcode.CHANNEL:
                channel = Channel.read(stream(body))
                made = writer.register_channel(
                    channel.topic, channel.message_encoding, 0, channel.metadata
                )
                channels[channel.id] = made
                if channel.topic == streams.EVENT_TOPIC:
                    events = made
            elif opcode == Opcode.METADATA:
                metadata = Metadata.read(stream(body))
                if metadata.name != streams.SESSION:
                    writer.add_metadata(metadata.name, metadata.metadata)
        if events is None:
            events = writer.register_channel(streams.EVENT_TOPIC, streams.JSON_ENCODING, 0)
        event = json.dumps(_event(found), sort_keys=True, separators=(",", ":")).encode()
        writer.add_message(events, last_ns, event, last_ns, (count + 1) % 2**32)
        writer.finish()
        file.flush()
        os.fsync(file.fileno())


def _event(found: Repair) -> dict[str, Any]:
    lost = {key: value for key, value in found.to_json().items() if key not in ("source", "out")}
    return {"event": streams.REPAIRED, "kneetrack": __version__, **lost}


def _check(part: Path, found: Repair) -> None:
    """Read the new file back before it takes any place."""
    try:
        log = read_log(part)
        good = log.torn is None and sum(1 for _ in log) == found.packets
    except LogError:
        good = False
    if not good:
        raise LogError(f"{found.source} {UNREPAIRED}: what was written reads otherwise.")


@contextlib.contextmanager
def _mapped(path: Path) -> Generator[mmap.mmap]:
    """The file's bytes, without reading them all into memory."""
    with open_log(path) as file:
        check_head(path, file)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


@contextlib.contextmanager
def _new_file(target: Path, *, replace: bool) -> Generator[Path]:
    """A file of another name beside `target` that takes its name where the block ends well."""
    part: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        os.close(descriptor)
        part = Path(name)
        yield part
        if not replace and target.exists():
            raise LogError(f"{target} has come into being meanwhile and is not written over.")
        part.replace(target)
    except OSError as error:
        raise LogError(
            f"{target} can't be written: {error.strerror or error}. The log that was to be "
            "repaired is as it was. Make room or choose another place with --out."
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
