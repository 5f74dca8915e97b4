"""New firmware onto a band, over the link it is reached by.

    1. Ask the band what runs, and what .mpy it takes; compile for that.
    2. Tell it every file; send those that it has not got (`kneecore.update_wire`).
    3. It starts anew, and tries the new version for a minute.
    4. Come back to it, and, once it has run for longer than its watchdog waits, confirm.

Up to 3 nothing of what runs on the band has changed. A link that breaks is waited for, and the band
then says which files it has already; so does a second `update` after one that was cut off. If 4
does not come about, for whatever reason, the band goes back to the version from before by itself,
and tells why.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from kneecore import update_wire, wire
from kneetrack.errors import CommandRefused, LinkError, LinkLost
from kneetrack.link import Link
from kneetrack.live import command
from kneetrack.live.returning import come_back
from kneetrack.maintenance.fetching import Messages, next_message, transfer_messages
from kneetrack.maintenance.flash_build import BoardFile, MpyForm
from kneetrack.maintenance.update_plan import (
    BandState,
    Package,
    Sender,
    check,
    chunk_bytes,
    file_operand,
)
from kneetrack.samples import Channel

ANSWER_S = 20.0
"""A file that the band copies, and has to find room for, takes it a while."""
TAKEN_S = 5.0
"""Without a word from the band for so long, what is on its way is sent again ..."""
TRIES = 4
"""... this often; and so often a file is begun again that the band could not write."""
RETURN_S = 60.0
RESTART_S = 15.0
"""From UPDATE_FINISH to the end of the connection."""
LOST_S = 2.0
"""A write fails before the loss of the connection is told, which takes so long at most."""
BARREN = 3
"""So many connections in a row may break before anything came of them."""
_POLL_S = 1.0

Tell = Callable[[str, float], None]
"""What is being done, and how much of it (less than 0: not known)."""
Make = Callable[[MpyForm], Awaitable[Package]]


@dataclass(frozen=True, slots=True)
class Updated:
    """A band that runs what this computer has."""

    name: str
    before: str
    firmware: str
    slot: int
    sent: tuple[str, ...]
    sent_bytes: int
    taken_over: int
    """Files that the version before had in the same content."""
    there: int
    """Files that were in the slot already."""
    nothing_to_do: bool
    elapsed_s: float


class TooOld(LinkError):
    """The band's firmware can't be updated over a link."""


async def band_state(link: Link) -> BandState:
    """What runs on the band, or TooOld."""
    try:
        answer = await command(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_UPDATE))
    except CommandRefused as refused:
        if refused.result != wire.RESULT_INVALID_OPERAND:
            raise
        raise TooOld(
            "The band's firmware is too old to be updated over the radio. Put the current one on "
            "it over its cable: kneetrack flash."
        ) from refused
    return BandState.of(answer.payload)


async def update(link: Link, make: Make, tell: Tell) -> Updated:
    """Have the band behind `link` run what `make` brings; see the head of this file.

    Every error is a KneeTrackError that says what the band runs now and what to do.
    """
    began_s = link.now_s()
    before = await band_state(link)
    wanted = await make(before.form)
    account = _Account()
    same = before.firmware_id == wanted.firmware_id
    if not (same and not before.trial):
        if not (same and before.trial):
            _no_trial(before)
            check(before, wanted)
            await _send_all(link, wanted, account, tell)
            await _finish(link, wanted, tell)
        await _confirm(link, wanted, before, tell)
    return Updated(
        link.name,
        before.firmware,
        wanted.version,
        before.slot if same else before.into,
        tuple(account.sent),
        account.sent_bytes,
        len(account.taken_over),
        len(wanted.files) - len(account.sent) - len(account.taken_over),
        same and not before.trial,
        link.now_s() - began_s,
    )


class _Account:
    """What was done, over however many connections."""

    def __init__(self) -> None:
        self.sent: dict[str, None] = {}
        self.taken_over: dict[str, None] = {}
        self.sent_bytes = 0
        self.barren = 0  # connections in a row that brought nothing


def _no_trial(state: BandState) -> None:
    if state.trial:
        raise LinkError(
            f"The band is just trying firmware {state.firmware}, which another computer or another "
            "installation has sent. Within a minute it is confirmed or taken back; then run this "
            "again."
        )


async def _send_all(link: Link, wanted: Package, account: _Account, tell: Tell) -> None:
    """All files, whole, on the band; a link that breaks is waited for."""
    while True:
        done_before = account.sent_bytes
        try:
            async with _listening(link) as messages:
                await _send_files(link, messages, wanted, account, tell)
            return
        except LinkLost as lost:
            account.barren = 0 if account.sent_bytes > done_before else account.barren + 1
            tell("Waiting for the band", -1.0)
            if account.barren > BARREN or not await _back(link):
                raise LinkLost(
                    "The connection to the band was lost. It runs what it ran before. Bring it "
                    "closer and run this again: it goes on where it stopped."
                ) from lost


async def _send_files(
    link: Link, messages: Messages, wanted: Package, account: _Account, tell: Tell
) -> None:
    await command(link, update_wire.OP_UPDATE_BEGIN, wanted.begin, ANSWER_S)
    done = 0
    for file in wanted.files:

        def told(offset: int, file: BoardFile = file, before: int = done) -> None:
            tell(file.name, (before + offset) / wanted.size)

        told(0)
        await _send_file(link, messages, file, account, told)
        done += len(file.data)


async def _send_file(
    link: Link, messages: Messages, file: BoardFile, account: _Account, told: Callable[[int], None]
) -> None:
    """One file, whole, on the band: there already, copied, or sent."""
    for _ in range(TRIES):
        answer = await command(link, update_wire.OP_UPDATE_FILE, file_operand(file), ANSWER_S)
        how: Any = update_wire.UPDATE_FILE_ANSWER.unpack_from(answer.payload)
        if how.how == update_wire.FILE_TAKEN_OVER:
            account.taken_over[file.name] = None
        if how.how != update_wire.FILE_SEND:
            return
        result = await _send_data(link, messages, file.data, account, told)
        if result == wire.RESULT_SUCCESS:
            account.sent[file.name] = None
            return
        if result == update_wire.RESULT_NO_ROOM:
            raise LinkError(
                f"The band's flash is full at {file.name}. It runs what it ran before. Fetch its "
                "recordings by kneetrack sync, then run this again."
            )
    raise LinkError(
        f"The band could not write {file.name}, tried {TRIES} times. It runs what it ran before. "
        "Switch it off and on and run this again; if that changes nothing, its flash is worn."
    )


async def _send_data(
    link: Link, messages: Messages, data: bytes, account: _Account, told: Callable[[int], None]
) -> int:
    """The content of a file; the band's last word on it. LinkLost where it says nothing more."""
    sender = Sender(data, chunk_bytes(link.figures.mtu))
    silent = 0
    while not sender.done:
        message = sender.next()
        if message is not None:
            await link.write(Channel.TRANSFER, message)
            account.sent_bytes += len(message) - update_wire.DATA_HEAD
            continue
        answer = await next_message(messages, TAKEN_S)
        if answer is None:
            silent += 1
            if silent == TRIES:
                raise LinkLost("The band takes nothing more.")
            sender.go_back()
        elif answer[0] == update_wire.TRANSFER_TAKEN:
            silent = 0
            taken: Any = update_wire.TAKEN.unpack_from(answer, 1)
            if taken.result != wire.RESULT_SUCCESS:
                return taken.result
            sender.taken(taken.offset)
            told(sender.offset)
    return wire.RESULT_SUCCESS


async def _finish(link: Link, wanted: Package, tell: Tell) -> None:
    """Have the band start anew; returns when the connection has ended, or should have."""
    tell("Starting the new version", -1.0)
    try:
        async with _listening(link) as messages:
            await command(link, update_wire.OP_UPDATE_FINISH, wanted.finish, ANSWER_S)
            await next_message(messages, RESTART_S)
    except LinkLost:
        return  # whether it took it shows when it is back


class _Said(NamedTuple):
    confirmed: bool
    wait_s: float


async def _confirm(link: Link, wanted: Package, before: BandState, tell: Tell) -> None:
    """Come back to the band, and tell it that the new version is good."""
    until_s = link.now_s() + update_wire.TRIAL_S + RETURN_S
    back = before.trial  # then the link stands
    while link.now_s() < until_s:
        try:
            if not back:
                back = await _back(link)
                continue
            async with _listening(link) as messages:
                said = await _say(link, messages, wanted, before, tell)
            if said.confirmed:
                return
            await link.sleep(said.wait_s)
        except LinkLost:
            back = False
    raise LinkLost(
        f"The band has not come back since it began to try firmware {wanted.version}. Unconfirmed, "
        f"it goes back to {before.firmware} within a minute of its start. See what it runs by "
        "kneetrack device info; if it does not answer, switch it off and on."
    )


async def _say(
    link: Link, messages: Messages, wanted: Package, before: BandState, tell: Tell
) -> _Said:
    state = await band_state(link)
    runs = state.firmware_id == wanted.firmware_id
    if not runs:
        if state.tried_id != wanted.firmware_id:
            raise LinkError(
                f"The band did not begin to try the new version: it runs {state.firmware} as "
                "before. Run this again."
            )
        raise LinkError(
            f"The band has gone back to firmware {state.firmware}: with the new one "
            f"({wanted.version}) {state.taken_back or 'it did not stay'}. What it keeps is "
            "untouched. Tell us of it (see firmware/README.md)."
        )
    if not state.trial:
        return _Said(True, 0.0)
    wait_s = update_wire.CONFIRM_FROM_S - state.trial_s
    if wait_s > 0:
        tell("Trying it", state.trial_s / update_wire.CONFIRM_FROM_S)
        return _Said(False, min(_POLL_S, wait_s))
    try:
        await command(link, update_wire.OP_UPDATE_CONFIRM, wanted.confirm)
    except CommandRefused as refused:
        if refused.result == wire.RESULT_BUSY:
            return _Said(False, _POLL_S)
        if refused.result != wire.RESULT_FAILED:
            raise
        await next_message(messages, RESTART_S)
        raise LinkLost("The band goes back.") from refused
    return _Said(True, 0.0)


@contextlib.asynccontextmanager
async def _listening(link: Link) -> AsyncGenerator[Messages]:
    """What Session Transfer brings. What failed because the connection broke is a LinkLost."""
    async with transfer_messages(link) as messages:
        try:
            yield messages
        except LinkError as error:
            if type(error) is LinkError:
                while await next_message(messages, LOST_S) is not None:
                    pass
            raise


async def _back(link: Link) -> bool:
    until_s = link.now_s() + RETURN_S
    return await come_back(link, lambda attempt, trouble: None, lambda: link.now_s() < until_s)
