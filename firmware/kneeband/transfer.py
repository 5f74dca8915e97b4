"""Session Transfer: what the host lacks, from the band's memory, as fast as there is room.

    FETCH        -> HEAD (of a finished recording), BLOCK ..., DONE
    ACKNOWLEDGE  -> those samples may be forgotten
    STOP         -> no more blocks

`serve` sends a few messages at most, and none where the port has no room: live packets go first,
and the loop that reads the IMUs is never held up. A FETCH that is stopped, or followed by another,
ends without DONE, for DONE says that what was not sent is gone. A write that makes no sense is
passed over. New firmware (DATA) goes to `update`.
"""

import struct

from kneeband import config
from kneecore import transfers, update_wire, wire

_ID = "<BH"
_PER_TURN = 4


class Transfer:
    """Answers at one `port`, from the `journal` and from the finished recordings on the `shelf`."""

    def __init__(self, port, journal, shelf, update):
        self._port = port
        self._update = update
        self._journal = journal
        self._shelf = shelf
        self._answer = iter(())  # the messages to come
        self._waiting = None  # a message that found no room
        self._buffer = memoryview(bytearray(transfers.BLOCK_HEAD + transfers.BLOCK_BYTES_MAX))
        self._actions = {
            transfers.TRANSFER_FETCH: (transfers.FETCH, self._fetch),
            transfers.TRANSFER_ACKNOWLEDGE: (transfers.ACKNOWLEDGE, self._acknowledge),
            transfers.TRANSFER_STOP: (None, self._stop),
        }

    def end(self):
        """The host is gone: it gets no more of what it asked for."""
        self._answer = iter(())
        self._waiting = None

    def serve(self, streaming: bool):
        """Take what the host wrote, and send some of what it asked for."""
        for _ in range(_PER_TURN):
            request = self._port.next_transfer()
            if request is None:
                break
            self._handle(request)
        self._send(config.BLOCKS_STREAMING if streaming else config.BLOCKS_SILENT)

    def _handle(self, request):
        if request and request[0] == update_wire.TRANSFER_DATA:
            self._update.data(self._port, request)
            return
        action = self._actions.get(request[0] if request else 0)
        if action is None:
            return
        record, do = action
        if len(request) != 1 + (record.size if record else 0):
            return
        do(record.unpack_from(request, 1) if record else None)

    def _fetch(self, asked):
        self.end()
        self._answer = self._messages(asked)

    def _acknowledge(self, asked):
        self._journal.acknowledge(asked.recording_id, asked.number)

    def _stop(self, asked):
        self.end()

    def _send(self, most):
        for _ in range(most):
            if self._waiting is None:
                self._waiting = next(self._answer, None)
                if self._waiting is None:
                    return
            if not self._port.send_transfer(self._waiting):
                return
            self._waiting = None

    def _messages(self, asked):
        """All that answers a FETCH, None where that takes long. Each is good until the next."""
        recording_id, first, end = asked
        journal, shelf = self._journal, self._shelf
        result = wire.RESULT_SUCCESS
        blocks = None
        if recording_id and recording_id == journal.recording_id:
            if not journal.running:
                yield _head(recording_id, journal.head())
            blocks = journal.blocks(first, end)
        elif recording_id and shelf.describe(recording_id) is not None:
            yield _head(recording_id, shelf.head(recording_id))
            blocks = shelf.blocks(recording_id, first, end)
        else:
            result = wire.RESULT_NOT_FOUND
        sent = 0
        if blocks is not None:
            buffer = self._buffer
            struct.pack_into(_ID, buffer, 0, transfers.TRANSFER_BLOCK, recording_id)
            shelf.failed = False
            for block in blocks:
                if block is None:  # still looking: nothing in this turn
                    yield None
                    continue
                size = transfers.BLOCK_HEAD + len(block)
                buffer[transfers.BLOCK_HEAD : size] = block
                sent += 1
                yield buffer[:size]
            if shelf.failed:
                result = wire.RESULT_FAILED
        done = transfers.DONE.pack(recording_id, first, end, result, sent)
        yield bytes((transfers.TRANSFER_DONE,)) + done


def _head(recording_id, records):
    message = struct.pack(_ID, transfers.TRANSFER_HEAD, recording_id)
    for record in records or (b"", b""):
        message += bytes((len(record),)) + record
    return message
