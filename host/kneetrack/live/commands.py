"""What a band is told, command by command, and what its "no" means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kneecore import transfers, update_wire, wire
from kneecore.calibration import Calibration
from kneetrack import faults
from kneetrack.errors import CommandRefused
from kneetrack.link.base import Link
from kneetrack.protocol import read_status
from kneetrack.samples import Channel, Response, Side
from kneetrack.spans import Span

ANSWER_S = 5.0
"""How long a band may take to answer a command; storing a calibration takes it a second."""

_NAMES = {opcode: name for opcode, name, _, _ in wire.COMMANDS}
_REFUSALS = {
    wire.RESULT_UNKNOWN_OPCODE: (
        "it does not know this command. Bring it up to date: kneetrack update, or on its cable "
        "kneetrack flash."
    ),
    wire.RESULT_INVALID_OPERAND: "a value in it is out of range. Update band and program.",
    wire.RESULT_FAILED: "it tried and failed. Switch the band off and on, then try again.",
    wire.RESULT_MTU_TOO_SMALL: (
        f"the connection's packets are too small (MTU under {wire.MTU_MIN}). Use another "
        "Bluetooth adapter."
    ),
    wire.RESULT_WRONG_STATE: "it can't do that now. Stop the measurement and try again.",
    wire.RESULT_SENSOR_FAULT: (
        "one of its motion sensors does not answer. Check the cable between thigh and shank, then "
        "switch the band off and on."
    ),
    wire.RESULT_NOT_FOUND: "it has no such recording. See what it has with: kneetrack sync.",
    wire.RESULT_BUSY: (
        "it is making a recording by itself, begun with its button. A short press on the button "
        "ends that; kneetrack sync then fetches it."
    ),
    wire.RESULT_CHARGING: (
        "it is plugged in, and its battery is charged off the body only. Pull the cable; within "
        "seconds it records again (after a charger that filled it up, within minutes)."
    ),
    update_wire.RESULT_BATTERY_LOW: "its battery is low. Charge it, or put it on a cable for this.",
    update_wire.RESULT_NO_ROOM: (
        "its flash has no room. Recordings lie on it: fetch them by kneetrack sync."
    ),
}


async def command(
    link: Link, opcode: int, operand: bytes = b"", timeout_s: float = ANSWER_S
) -> Response:
    """Have the band do something. CommandRefused if it says no, LinkError if it says nothing."""
    data = await link.request(bytes([opcode]) + operand, timeout_s)
    response = Response(opcode=data[1], result=data[2] if len(data) > 2 else 0, payload=data[3:])
    if response.result != wire.RESULT_SUCCESS:
        why = _REFUSALS.get(response.result, f"result {response.result}. Update this program.")
        if response.result == wire.RESULT_SENSOR_FAULT:
            why = await _what_is_wrong(link, timeout_s) or why
        raise CommandRefused(
            f"The band refused {_NAMES.get(opcode, hex(opcode))}: {why}", opcode, response.result
        )
    return response


async def _what_is_wrong(link: Link, timeout_s: float) -> str:
    """Which of its sensors brings nothing, and why, as the band itself says; nothing if it can't.

    What answers there may have changed since the connection was made: Knee Feature is read anew.
    """
    operand = wire.QUERY.pack(wire.QUERY_STATUS)
    data = await link.request(bytes([wire.OP_QUERY]) + operand, timeout_s)
    status = read_status(data[3:])
    await link.read_feature()
    if status is None or link.feature is None:
        return ""
    chips = link.feature.thigh_chip, link.feature.shank_chip
    return " ".join(faults.texts(status.faults & ~wire.FAULT_STORE, chips))


async def set_side(link: Link, side: Side) -> None:
    """Tell the band which leg it is on. A calibration of the other leg is dropped by it."""
    await command(link, wire.OP_SET_SIDE, wire.SET_SIDE.pack(side.value))


async def set_calibration(link: Link, calibration: Calibration) -> None:
    """Have the band store and use a calibration (its side comes with it)."""
    await command(link, wire.OP_SET_CALIBRATION, calibration.to_wire())


async def set_reference(link: Link, ways: Sequence[bytes]) -> None:
    """Have the band store what it compares with: packed wire.REFERENCE records, both ways."""
    for record in ways:
        await command(link, wire.OP_SET_REFERENCE, record)


async def set_cue(link: Link, policy: int, *, keep: bool) -> None:
    """How often the band gives a cue by itself (wire.CUE_*): for one recording, or from now on."""
    await command(link, wire.OP_SET_CUE, wire.CUE.pack(policy, int(keep)))


async def kept_cue(link: Link) -> int | None:
    """How often it cues without a computer (wire.CUE_*); None where it can't tell."""
    if not gives_cues(link):
        return None
    try:
        answer = await command(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_CUE))
    except CommandRefused:
        return None
    return int(wire.CUE.unpack_from(answer.payload).policy) if answer.payload else None


def keeps_recordings(link: Link) -> bool:
    """Whether the band's protocol is new enough (1.2) to keep what it measures."""
    return _speaks(link, (1, 2))


def gives_cues(link: Link) -> bool:
    """Whether it is new enough (1.3) to give cues by itself."""
    return _speaks(link, (1, 3))


def _speaks(link: Link, version: tuple[int, int]) -> bool:
    feature = link.feature
    return feature is not None and (feature.protocol_major, feature.protocol_minor) >= version


def recording_told(response: Response) -> Any | None:
    """The wire.RECORDING values in a response, or None where it holds none."""
    if len(response.payload) < wire.RECORDING.size:
        return None
    return wire.RECORDING.unpack_from(response.payload)


async def recording_now(link: Link) -> Any | None:
    """The recording that runs, or that has just been stopped; None where there is none."""
    return await _told(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_RECORDING))


async def stop_unkept(link: Link) -> None:
    """STOP, and have the band forget what it kept: a calibration is no recording to be fetched."""
    await command(link, wire.OP_STOP)
    told = await recording_now(link) if keeps_recordings(link) else None
    if told is not None:
        await _acknowledge(link, told.recording_id, told.end_number)


async def recording_kept(link: Link, recording_id: int) -> Any | None:
    """What the band tells of a finished recording; None where it has it no longer."""
    told = await _told(link, wire.OP_LIST, wire.LIST.pack(recording_id - 1))
    return told if told is not None and told.recording_id == recording_id else None


async def recording_stopped(link: Link, recording_id: int) -> Any | None:
    """The same of the one that was just stopped, wherever the band has it now."""
    told = await recording_now(link)
    if told is not None and told.recording_id == recording_id:
        return told
    return await recording_kept(link, recording_id)


async def let_go(link: Link, recording_id: int, end_number: int) -> None:
    """Nobody needs that recording on the band any longer: it is on the host's disk, or no use."""
    await _acknowledge(link, recording_id, end_number)
    if await recording_kept(link, recording_id) is not None:
        await delete_recording(link, recording_id)


async def delete_recording(link: Link, recording_id: int) -> None:
    """Have the band delete it; one that it no longer has is fine too."""
    try:
        await command(link, wire.OP_DELETE, wire.DELETE.pack(recording_id))
    except CommandRefused as refused:
        if refused.result != wire.RESULT_NOT_FOUND:
            raise


def fetch_message(recording_id: int, numbers: Span) -> bytes:
    """For Session Transfer: these samples of that recording, please."""
    return bytes([transfers.TRANSFER_FETCH]) + transfers.FETCH.pack(recording_id, *numbers)


def acknowledge_message(recording_id: int, end_number: int) -> bytes:
    """For Session Transfer: that recording is safe on the host up to, not with, this number."""
    return bytes([transfers.TRANSFER_ACKNOWLEDGE]) + transfers.ACKNOWLEDGE.pack(
        recording_id, end_number
    )


async def _acknowledge(link: Link, recording_id: int, end_number: int) -> None:
    await link.write(Channel.TRANSFER, acknowledge_message(recording_id, end_number))


async def _told(link: Link, opcode: int, operand: bytes) -> Any | None:
    try:
        return recording_told(await command(link, opcode, operand))
    except CommandRefused as refused:
        if refused.result == wire.RESULT_NOT_FOUND:
            return None
        raise
