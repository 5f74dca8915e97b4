"""The log of a session whose end a band has kept: found by the recording that both name.

A session whose host went away lies in two places: what came over the link is in its log, the rest
is on the band. The band's answer to START or RESUME, at the beginning of the log, names the
recording; so the two are known to belong together, whatever the clocks said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

from kneecore import wire
from kneetrack.errors import LogError
from kneetrack.maintenance.kept import Kept
from kneetrack.samples import Channel
from kneetrack.sessionlog import read_log, read_session

NEWEST = 60
"""How many logs are looked into, the newest first."""
_PACKETS = 400
"""How many packets of each; the answer to START is among the first few of its leg."""
_TELLING = (wire.OP_START, wire.OP_RESUME)
_COPIED = ("athlete", "exercise", "load_kg", "tags", "shank_length_m")


@dataclass(frozen=True, slots=True)
class Partner:
    """A log that holds the first part of a recording, and what it says of the session."""

    path: Path
    about: dict[str, Any]
    calibrations: tuple[dict[str, Any], ...]


def partner_of(kept: Kept, band: str, folders: Iterable[Path]) -> Partner | None:
    """The log of the same recording of that band in one of the folders; None where there is none.

    Logs that can't be read are passed over.
    """
    logs = {path.resolve() for folder in folders for path in folder.glob("*.mcap")}
    for path in sorted(logs, key=_modified, reverse=True)[:NEWEST]:
        try:
            session = read_session(path)
            if "synced" in session or _band(session, kept) != band:
                continue
            log = read_log(path)
        except LogError:
            continue
        for side, packet in islice(log, _PACKETS):
            if side is kept.side and packet.channel is Channel.CONTROL:
                told = _told(packet.data)
                if told == (kept.recording_id, kept.boot_id):
                    about = {key: log.session[key] for key in _COPIED if key in log.session}
                    return Partner(path, about, log.calibrations)
    return None


def _band(session: Mapping[str, Any], kept: Kept) -> object:
    bands: object = session.get("bands")
    return cast(dict[str, object], bands).get(kept.side.word) if isinstance(bands, dict) else None


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _told(data: bytes) -> tuple[int, int] | None:
    """(recording, boot) in the band's answer to START or RESUME, where it is one."""
    if data[:1] != bytes([wire.OP_RESPONSE]) or len(data) < 3 + wire.RECORDING.size:
        return None
    if data[1] not in _TELLING or data[2] != wire.RESULT_SUCCESS:
        return None
    record = wire.RECORDING.unpack_from(data, 3)
    return record.recording_id, record.boot_id
