"""What an update over a link consists of, and what a band says of its own. No I/O.

kneecore.update_wire has the order of things. The host's part in it is a `Package`: the files of one
version, compiled for the band that will run them, in the order in which they are told. What of it
has to be sent the band decides, file by file.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kneecore import update_wire, wire
from kneetrack.errors import LinkError
from kneetrack.maintenance.flash_build import BoardFile, MpyForm, manifest

BLOCK_BYTES = 4096
"""littlefs on the ESP32 gives a file whole blocks."""

SLOTS = ("cable", "a", "b")
"""By number: what came over the cable, and the two folders of updates."""

_ATT_HEADER = 3
_WHY = {
    update_wire.OUTCOME_UNCONFIRMED: "no computer that it knows confirmed it within a minute",
    update_wire.OUTCOME_CRASHED: "its program failed (crash.txt on the band says where)",
    update_wire.OUTCOME_HUNG: "it hung",
    update_wire.OUTCOME_POWER: "the power went off in its first minute",
    update_wire.OUTCOME_RESET: "it was reset in its first minute",
    update_wire.OUTCOME_INCOMPLETE: "its files were not there",
    update_wire.OUTCOME_UNFIT: "a sensor or the band's store did not work with it",
}


@dataclass(frozen=True, slots=True)
class BandState:
    """A band's UPDATE_STATE."""

    loader: int
    form: MpyForm
    slot: int
    into: int
    trial: bool
    trial_s: int
    outcome: int
    free_kib: int
    firmware: str
    firmware_id: bytes
    tried: str
    tried_id: bytes

    @classmethod
    def of(cls, payload: bytes) -> BandState:
        """From the answer to QUERY_UPDATE. LinkError where it is none."""
        try:
            told: Any = update_wire.UPDATE_STATE.unpack_from(payload)
        except ValueError:
            raise LinkError("The band's report could not be read. Update this program.") from None
        return cls(
            told.loader,
            MpyForm.of(told.mpy),
            told.slot,
            told.into,
            bool(told.trial),
            told.trial_s,
            told.outcome,
            told.free_kib,
            _text(told.firmware),
            bytes(told.firmware_id),
            _text(told.tried),
            bytes(told.tried_id),
        )

    @property
    def taken_back(self) -> str:
        """Why the last update was taken back; nothing if it was not."""
        return _WHY.get(self.outcome, "")


@dataclass(frozen=True, slots=True)
class Package:
    """One version, for the band that asked."""

    version: str
    firmware_id: bytes
    files: tuple[BoardFile, ...]

    @property
    def size(self) -> int:
        return sum(len(file.data) for file in self.files)

    @property
    def size_kib(self) -> int:
        """What it takes on the band's flash."""
        return sum(-(-len(file.data) // BLOCK_BYTES) for file in self.files) * BLOCK_BYTES // 1024

    @property
    def begin(self) -> bytes:
        """The operand of UPDATE_BEGIN."""
        return update_wire.UPDATE_BEGIN.pack(len(self.files), self.size_kib)

    @property
    def finish(self) -> bytes:
        """The operand of UPDATE_FINISH."""
        digest = hashlib.sha256(b"".join(map(file_operand, self.files))).digest()
        version = self.version.encode()[: update_wire.VERSION_BYTES]
        return update_wire.UPDATE_FINISH.pack(
            len(self.files),
            tuple(digest),
            tuple(self.firmware_id),
            tuple(version.ljust(update_wire.VERSION_BYTES, b"\0")),
        )

    @property
    def confirm(self) -> bytes:
        """The operand of UPDATE_CONFIRM."""
        return update_wire.UPDATE_CONFIRM.pack(tuple(self.firmware_id))


def package(files: Iterable[BoardFile], form: MpyForm, version: str) -> Package:
    """The version that these files are. Those of the band's root are in its id, but don't go."""
    told = list(files)
    listed = manifest(told, form)
    return Package(
        version,
        bytes.fromhex(listed.sha256)[: update_wire.ID_BYTES],
        tuple(sorted((file for file in told if "/" in file.name), key=lambda file: file.name)),
    )


def check(state: BandState, wanted: Package) -> None:
    """LinkError where the band can't take it, with the remedy."""
    if state.loader < update_wire.LOADER:
        raise LinkError(
            "This firmware needs newer files in the band's root, which only come over a cable: "
            "kneetrack flash."
        )
    missing = wanted.size_kib - state.free_kib
    if missing > 0:
        raise LinkError(
            f"The band's flash has no room for it: {wanted.size_kib} KiB are needed, {missing} KiB "
            "more than there are. Recordings lie on it: fetch them by kneetrack sync, then run "
            "this again."
        )


def file_operand(file: BoardFile) -> bytes:
    """The operand of UPDATE_FILE."""
    return update_wire.UPDATE_FILE.pack(
        len(file.data),
        tuple(bytes.fromhex(file.sha256)),
        tuple(file.name.encode().ljust(update_wire.NAME_BYTES, b"\0")),
    )


def chunk_bytes(mtu: int | None) -> int:
    """How much of a file a DATA message carries."""
    return min(mtu or wire.MTU, wire.MTU) - _ATT_HEADER - update_wire.DATA_HEAD


class Sender:
    """One file's DATA messages, at most WINDOW of them on their way.

    >>> sender = Sender(bytes(10), chunk=3)
    >>> [len(sender.next() or b"") for _ in range(5)]
    [8, 8, 8, 6, 0]
    >>> sender.taken(3), sender.done
    (None, False)
    >>> sender.taken(10), sender.done
    (None, True)
    """

    def __init__(self, data: bytes, chunk: int) -> None:
        self._data = data
        self._chunk = chunk
        self._sent = 0
        self._most = 0  # that was ever sent
        self.offset = 0
        """So much the band has told that it took."""

    @property
    def done(self) -> bool:
        return self.offset == len(self._data)

    def next(self) -> bytes | None:
        """The next message; None where the band has to say something first."""
        at = self._sent
        if at == len(self._data) or at - self.offset >= update_wire.WINDOW * self._chunk:
            return None
        piece = self._data[at : at + self._chunk]
        self._sent += len(piece)
        self._most = max(self._most, self._sent)
        return struct.pack("<BI", update_wire.TRANSFER_DATA, at) + piece

    def taken(self, offset: int) -> None:
        """The band has told how far it came."""
        if self.offset <= offset <= self._most:
            self.offset = offset
            self._sent = max(self._sent, offset)

    def go_back(self) -> None:
        """What was sent since did not arrive."""
        self._sent = self.offset


def _text(values: tuple[int, ...]) -> str:
    return bytes(values).rstrip(b"\0").decode("ascii", "replace")
