"""Session Transfer, read: which blocks came, and what an answer says of those that did not.

Nothing but the band's own messages is looked at, so a log tells the same as the radio did. The
host's FETCH is not among them; that a new one has begun shows in blocks that begin anew.

An answer (DONE) is complete when as many different blocks of its span have come as the band says it
sent. Then what no block held is gone. Recordings are tied to a start of the band by their blocks,
and by the RECORDING in the responses to START, RESUME, LIST and QUERY.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Any

from kneecore import wire
from kneetrack.samples import Response

_TELLING = (wire.OP_START, wire.OP_RESUME, wire.OP_LIST, wire.OP_QUERY)
_RUN_LIMIT = 2**16  # transfers.DONE counts no more


@dataclass(slots=True)
class _Recording:
    boot_id: int
    first: int | None = None  # band numbers, as far as they were told
    end: int | None = None  # None while it runs


@dataclass(frozen=True, slots=True)
class Gone:
    """Band numbers of one start: what has not come of them by now never will."""

    boot_id: int
    first: int
    end: int
    to_the_end: bool  # it is the end of what the band recorded in that start


class Transfers:
    """What is known of one band's recordings and of the answer under way."""

    def __init__(self) -> None:
        self._recordings: dict[int, _Recording] = {}
        self._running_id = 0  # the recording whose blocks came last
        self._firsts = array("q")  # of the blocks of this answer, growing
        self._ends = array("q")

    def learn(self, response: Response) -> None:
        """Take what a response says of a recording, if it does."""
        if response.opcode not in _TELLING or len(response.payload) != wire.RECORDING.size:
            return
        told: Any = wire.RECORDING.unpack_from(response.payload)
        runs = told.flags & wire.RECORDING_RUNNING
        begun = response.opcode == wire.OP_RESUME  # before, it tells which the first could be
        self._recordings[told.recording_id] = _Recording(
            told.boot_id,
            told.first_number if begun else None,
            None if runs else told.end_number,
        )

    def missing_before(self, boot_id: int, first: int) -> int:
        """How many samples a running recording of that start has before its `first` to come live.

        Less than a packet is not missing.
        """
        least = first - wire.KNEE_SAMPLES_PER_PACKET
        begun = [r.first for r in self._recordings.values() if r.boot_id == boot_id and not r.end]
        return first - max((b for b in begun if b is not None and b <= least), default=first)

    def block(self, recording_id: int, boot_id: int, first: int, end: int) -> None:
        """One block has come."""
        recording = self._recordings.get(recording_id)
        if recording is None or recording.boot_id != boot_id:
            self._recordings[recording_id] = _Recording(boot_id)
        begins_anew = bool(self._firsts) and first <= self._firsts[-1]
        if recording_id != self._running_id or begins_anew or len(self._firsts) >= _RUN_LIMIT:
            self._forget()
        self._running_id = recording_id
        self._firsts.append(first)
        self._ends.append(end)

    def done(self, answer: Any, boot_id: int) -> Gone | None:
        """What is gone by this DONE, in the start `boot_id` where nothing else is known."""
        recording = self._recordings.get(answer.recording_id)
        came = 0
        if answer.recording_id == self._running_id:
            came = bisect_left(self._firsts, answer.end_number) - bisect_right(
                self._ends, answer.first_number
            )
        self._forget()
        lost = answer.result == wire.RESULT_NOT_FOUND
        if not lost and (answer.result != wire.RESULT_SUCCESS or came < answer.blocks):
            return None
        end = None if recording is None else recording.end
        return Gone(
            boot_id if recording is None else recording.boot_id,
            answer.first_number,
            answer.end_number,
            lost or (end is not None and answer.end_number >= end),
        )

    def _forget(self) -> None:
        self._firsts = array("q")
        self._ends = array("q")
