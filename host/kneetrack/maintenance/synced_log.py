"""A fetched recording as a session log, like any other.

    metadata            as of a live recording, and `synced`: which recording of the band it was
    calibration         the one it was measured with: this computer's, or as the band had it
    band/SIDE/feature   Knee Feature, as read when it was fetched
    band/SIDE/control   what the band said of the recording (its answer to LIST)
    band/SIDE/transfer  every message of Session Transfer, as received and in that order

Nobody was there when the samples were measured, so packets are stamped by the band's clock: that of
the newest sample so far. The log is written beside its place and moved there once it is whole and
has been read again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kneecore import __version__, transfers, wire
from kneecore.blocks import check, span
from kneecore.calibration import from_wire
from kneetrack.backfill import Gone
from kneetrack.calibration import CalibrationFile
from kneetrack.errors import LogError
from kneetrack.maintenance.kept import Kept
from kneetrack.maintenance.part_file import PartFile
from kneetrack.samples import Channel, Packet
from kneetrack.sessionlog import SessionWriter, read_log
from kneetrack.sessionlog.appending import sync_folder
from kneetrack.spans import Span, Spans

_PERIOD_S = wire.KNEE_PERIOD_US / 1e6
_WRITING = ".writing"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a recording came from: the link's address, the band's name, Knee Feature's bytes."""

    address: str
    band: str
    is_simulated: bool
    feature: bytes


def write_log(
    path: Path,
    part: PartFile,
    kept: Kept,
    source: Source,
    *,
    about: Mapping[str, object],
    gone: tuple[Gone, ...],
    calibration: CalibrationFile | None,
    rest_of: Path | None = None,
) -> None:
    """Make the log at `path` (a name that is free) of what is in `part`.

    `about` is what a person said of the session; `rest_of` the log that holds its first part.
    Raises LogError where it can't be written, or is not whole when it is read again.
    """
    beside = path.with_name(path.name + _WRITING)
    beside.unlink(missing_ok=True)
    if calibration is None or calibration.calibration.calibration_id != kept.calibration_id:
        calibration = calibration_of_head(part)
    with SessionWriter(beside, _session(kept, source, about, gone, rest_of)) as writer:
        if calibration is not None:
            writer.calibration(calibration.to_json())
        at_s = kept.numbers.first * _PERIOD_S
        side = kept.side
        answer = bytes([wire.OP_RESPONSE, wire.OP_LIST, wire.RESULT_SUCCESS]) + kept.record
        writer.packet(side, Packet(Channel.FEATURE, source.feature, at_s))
        writer.packet(side, Packet(Channel.CONTROL, answer, at_s))
        for message in part.messages():
            held = _checked_span(message)
            if held is not None:
                at_s = max(at_s, held.end * _PERIOD_S)
            writer.packet(side, Packet(Channel.TRANSFER, message, at_s))
    check_log(beside, kept)
    os.replace(beside, path)
    sync_folder(path.parent)  # before the band is told to delete it


def check_log(path: Path, kept: Kept) -> None:
    """LogError unless each number of `kept` is in a whole block of that log, or told to be gone."""
    log = read_log(path)
    found = _gone_in(log.session)
    for _, packet in log:
        held = _checked_span(packet.data) if packet.channel is Channel.TRANSFER else None
        if held is not None:
            found.add(*held)
    missing = found.missing(*kept.numbers)
    if missing or log.torn:
        count = sum(one.size for one in missing)
        raise LogError(
            f"{path} was written, but {count} samples are missing when it is read again: is the "
            "disk in order? The band still keeps the recording."
        )


def _gone_in(session: Mapping[str, Any]) -> Spans:
    """The numbers that the log says nobody has."""
    found = Spans()
    try:
        for one in session["synced"]["gone"]:
            found.add(int(one["first"]), int(one["end"]))
    except (KeyError, TypeError, ValueError):
        return Spans()
    return found


def calibration_of_head(part: PartFile) -> CalibrationFile | None:
    """The calibration that the band told with the recording; None where it had none."""
    for message in part.messages():
        if message[:1] != bytes([transfers.TRANSFER_HEAD]) or len(message) < 4:
            continue
        record = message[4 : 4 + message[3]]
        try:
            found = from_wire(record)
        except ValueError:
            continue
        if found.calibration_id:
            return CalibrationFile(
                calibration=found,
                grade="none",
                rests_on=dict.fromkeys(("bias", "gravity", "axis"), "what the band held"),
                warnings=(
                    "This calibration was found on the band, not on this computer: how good it "
                    "was is not known.",
                ),
            )
    return None


def _checked_span(message: bytes) -> Span | None:
    """The numbers in a BLOCK whose CRC holds."""
    if message[:1] != bytes([transfers.TRANSFER_BLOCK]):
        return None
    block = message[transfers.BLOCK_HEAD :]
    try:
        check(block)
    except ValueError:
        return None
    number, count = span(block)
    return Span(number, number + count)


def _session(
    kept: Kept,
    source: Source,
    about: Mapping[str, object],
    gone: tuple[Gone, ...],
    rest_of: Path | None,
) -> dict[str, Any]:
    started = kept.started
    side = kept.side.word
    return {
        "athlete": None,
        "load_kg": None,
        "tags": {},
        "shank_length_m": None,
        **about,
        "started_at": None if started is None else started.isoformat(timespec="seconds"),
        "sides": [side],
        "links": [source.address],
        "bands": {side: source.band},
        "zero_curves": {},
        "simulated": source.is_simulated,
        "windows": [],
        "versions": {
            "kneetrack": __version__,
            "protocol": ".".join(map(str, wire.PROTOCOL_VERSION)),
        },
        "synced": {
            "recording_id": kept.recording_id,
            "boot_id": kept.boot_id,
            "first_number": kept.numbers.first,
            "end_number": kept.numbers.end,
            "alone": kept.is_alone,
            "cut": kept.is_cut,
            "lost_samples": kept.lost_samples,
            "utc_s": kept.utc_s or None,
            "gone": [
                {"first": one.span.first, "end": one.span.end, "reason": one.reason} for one in gone
            ],
            "rest_of": None if rest_of is None else rest_of.name,
        },
    }
