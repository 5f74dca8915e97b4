"""New firmware comes in over a link: `kneecore.update_wire` has the commands, `slots` the trial.

Nothing of the version that runs is touched. The files go into a slot that is not in force, each is
read back and hashed, and only when every one of them was found whole, in this connection, the slot
is staged and the board starts anew. What was there before is overwritten file by file, so an update
that is cut off leaves files that are whole, or one that is not and will be written again.

A file that the running version has in the same content is copied and not sent. Each command is done
at once: the largest file takes about half a second to write, in which the IMUs' FIFOs fill; that is
why nothing may be measured meanwhile. A recording that somebody begins with the button goes first:
the update is over then, and may be begun again.
"""

import errno
import hashlib
import os
import struct
import sys
import time

import machine
from micropython import const

import slots
from kneeband import config
from kneeband.shelf import FOLDER, ROOM_KEPT
from kneecore import __version__, update_wire, wire

_FOLDERS = ("kneecore", "kneeband")
_SUFFIX = b".mpy"
_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789_"
_ENOSPC = const(28)  # MicroPython's errno has no name for it
_PIECE = const(512)
_SECTOR = const(4096)
_SECTOR_KIB = const(4)
_PATIENCE_MS = const(60_000)
"""A host that says nothing for so long gets no more of the lamp."""
_RESET_MS = const(1000)
"""From the answer to FINISH to the reset: it has to go out."""


class Update:
    """`actions` for each control point, `data` for Session Transfer, `serve` often.

    `faults()` are the wire.FAULT_* of this moment.
    """

    def __init__(self, session, shelf, power, faults, indicator):
        self._session = session
        self._shelf = shelf
        self._power = power
        self._faults = faults
        self._indicator = indicator
        self._began_ms = self._heard_ms = time.ticks_ms()
        self._old_enough = False
        self._reset_ms = None  # when it was asked for
        self._port = None  # of the host that updates
        self._slot = 0
        self._names = set()
        self._last = b""  # of them
        self._operand = b""  # that told it
        self._open = False  # it is not there yet
        self._sha = None
        self._expected = 0
        self._file = None
        self._path = ""
        self._size = self._taken = 0
        self._wanted = b""  # its SHA-256
        self._owed = None  # a TAKEN that has to go out
        self._buffer = memoryview(bytearray(_PIECE))
        indicator.updating = slots.on_trial

    def actions(self, port):
        """What the control point at `port` does by which opcode."""
        return {
            update_wire.OP_UPDATE_BEGIN: lambda operand: self._begin(port, operand),
            update_wire.OP_UPDATE_FILE: lambda operand: self._next_file(port, operand),
            update_wire.OP_UPDATE_FINISH: lambda operand: self._finish(port, operand),
            update_wire.OP_UPDATE_CONFIRM: self._confirm,
        }

    def record(self) -> bytes:
        """A wire record UPDATE_STATE of this moment."""
        state = slots.read()
        ours = state.id if slots.on_trial else state.active_id
        if not slots.running:
            ours = _flashed_id()
        into = slots.target()
        return update_wire.UPDATE_STATE.pack(
            slots.LOADER,
            getattr(sys.implementation, "_mpy", 0) & 0xFFFF,
            slots.running,
            into,
            slots.on_trial,
            min(255, time.ticks_diff(time.ticks_ms(), self._began_ms) // 1000),
            state.outcome,
            max(0, min(0xFFFF, self._room(into) * _SECTOR_KIB)),
            _padded(__version__.encode()),
            tuple(ours),
            _padded(state.version),
            tuple(state.id),
        )

    def data(self, port, message):
        """A DATA message came over Session Transfer."""
        if port is not self._port or self._file is None or len(message) <= update_wire.DATA_HEAD:
            return
        if struct.unpack_from("<I", message, 1)[0] != self._taken:
            self._owed = (self._taken, wire.RESULT_SUCCESS)  # one of both got lost: say so again
            return
        self._heard_ms = time.ticks_ms()
        content = memoryview(message)[update_wire.DATA_HEAD :]
        result = wire.RESULT_FAILED
        if self._taken + len(content) <= self._size:
            try:
                self._file.write(content)
                self._taken += len(content)
                if self._taken < self._size or self._is_whole():
                    result = wire.RESULT_SUCCESS
            except OSError as error:
                result = _failure(error)
        if result != wire.RESULT_SUCCESS:
            self._drop_file()
        self._owed = (self._taken, result)

    def left(self, port):
        """The host at `port` is gone."""
        if port is self._port:
            self._end()

    def serve(self):
        """Tell the host how far it came; be reset, or give up, when it is time to."""
        now = time.ticks_ms()
        if not self._old_enough:
            waited_ms = time.ticks_diff(now, self._began_ms)
            self._old_enough = waited_ms >= update_wire.CONFIRM_FROM_S * 1000
        if self._reset_ms is not None:
            if time.ticks_diff(now, self._reset_ms) >= _RESET_MS:
                self._session.stop()
                self._session.journal.settle()
                machine.reset()
            return
        if self._port is None:
            return
        if self._owed is not None:
            message = bytes((update_wire.TRANSFER_TAKEN,)) + update_wire.TAKEN.pack(*self._owed)
            if self._port.send_transfer(message):
                self._owed = None
        silent_ms = time.ticks_diff(now, self._heard_ms)
        if self._session.measuring or silent_ms >= _PATIENCE_MS:
            self._end()

    # --- commands --------------------------------------------------------------------------------

    def _begin(self, port, operand):
        files, size_kib = update_wire.UPDATE_BEGIN.unpack_from(operand)
        if not 0 < files <= update_wire.FILES_MAX:
            return wire.RESULT_INVALID_OPERAND
        if port.mtu < wire.MTU_MIN:
            return wire.RESULT_MTU_TOO_SMALL
        if self._session.measuring:
            return wire.RESULT_WRONG_STATE if self._session.streamed else wire.RESULT_BUSY
        if slots.on_trial or self._reset_ms is not None or self._port not in (None, port):
            return wire.RESULT_WRONG_STATE
        power = self._power
        if power.known and not power.usb and power.percent <= config.BATTERY_LOW_PERCENT:
            return update_wire.RESULT_BATTERY_LOW
        self._end()
        slot = slots.target()
        if size_kib > self._room(slot) * _SECTOR_KIB:
            return update_wire.RESULT_NO_ROOM
        try:
            _make(slots.FOLDERS[slot])
            for folder in _FOLDERS:
                _make(slots.FOLDERS[slot] + "/" + folder)
        except OSError:
            return wire.RESULT_FAILED
        self._port, self._slot, self._expected = port, slot, files
        self._names, self._last, self._operand = set(), b"", b""
        self._open, self._sha = False, hashlib.sha256()
        self._heard_ms = time.ticks_ms()
        self._indicator.updating = True
        return wire.RESULT_SUCCESS

    def _next_file(self, port, operand):
        if port is not self._port or self._session.measuring:
            return wire.RESULT_WRONG_STATE
        asked = update_wire.UPDATE_FILE.unpack_from(operand)
        name = bytes(asked.name).rstrip(b"\x00")
        self._heard_ms = time.ticks_ms()
        self._drop_file()
        self._owed = None
        if operand != self._operand:  # else it could not be written, and is tried again
            full = len(self._names) == self._expected
            if self._open or full or not _is_ours(name) or name <= self._last or not asked.size:
                return wire.RESULT_INVALID_OPERAND
            self._operand, self._last = bytes(operand), name
            self._names.add(name.decode())
            self._sha.update(operand)
        self._open = True
        self._path = "{}/{}".format(slots.FOLDERS[self._slot], name.decode())
        self._size, self._taken, self._wanted = asked.size, 0, bytes(asked.sha256)
        try:
            how = self._found(name.decode())
            if how == update_wire.FILE_SEND:
                self._file = open(self._path, "wb")  # noqa: SIM115  (open until all of it came)
        except OSError as error:
            return _failure(error)
        self._open = how == update_wire.FILE_SEND
        return wire.RESULT_SUCCESS, update_wire.UPDATE_FILE_ANSWER.pack(how)

    def _finish(self, port, operand):
        if port is not self._port or self._open:
            return wire.RESULT_WRONG_STATE
        files, digest, version_id, version = update_wire.UPDATE_FINISH.unpack_from(operand)
        complete = len(self._names) == files == self._expected
        if not complete or self._sha.digest() != bytes(digest):
            self._end()
            return wire.RESULT_INVALID_OPERAND
        try:
            self._clear(self._slot)
        except OSError:
            self._end()
            return wire.RESULT_FAILED
        staged = slots.stage(
            self._slot, self._faults(), bytes(version_id), bytes(version).rstrip(b"\x00")
        )
        self._end()
        if not staged:
            return wire.RESULT_FAILED
        self._restart()
        return wire.RESULT_SUCCESS

    def _confirm(self, operand):
        state = slots.read()
        wanted = bytes(update_wire.UPDATE_CONFIRM.unpack_from(operand).firmware_id)
        if wanted != state.id or slots.running != state.tried:
            return wire.RESULT_WRONG_STATE
        if not slots.on_trial:
            return wire.RESULT_SUCCESS  # the answer to the first one got lost
        if not self._old_enough:
            return wire.RESULT_BUSY
        unfit = self._faults() & ~state.faults
        if unfit or not slots.confirm():
            slots.give_up(slots.UNFIT)
            self._restart()
            return wire.RESULT_FAILED
        self._indicator.updating = False
        return wire.RESULT_SUCCESS

    # --- inside ----------------------------------------------------------------------------------

    def _restart(self):
        self._reset_ms = time.ticks_ms()
        self._indicator.updating = True

    def _end(self):
        """No update any more: what has come stays for the next one."""
        if self._port is None:
            return
        self._drop_file()
        self._port = self._owed = None
        self._names = set()
        self._indicator.updating = slots.on_trial
        try:
            self._shelf.look_for_room()
        except OSError:
            pass  # it finds out when it writes

    def _drop_file(self):
        """Give up the file that is coming in, if there is one."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
            os.remove(self._path)
        except OSError:
            pass  # its hash will tell

    def _is_whole(self) -> bool:
        file, self._file = self._file, None
        file.close()
        self._open = self._hash(self._path) != self._wanted
        return not self._open

    def _found(self, name) -> int:
        """How that file is there, copied if the running version has it: FILE_*."""
        if self._hash(self._path) == self._wanted:
            return update_wire.FILE_THERE
        running = slots.FOLDERS[slots.running]
        source = "{}/{}".format(running, name) if running else name
        if self._hash(source) == self._wanted:
            self._copy(source)
            if self._hash(self._path) == self._wanted:
                return update_wire.FILE_TAKEN_OVER
        return update_wire.FILE_SEND

    def _hash(self, path):
        """SHA-256 of a file, None where there is none."""
        sha = hashlib.sha256()
        buffer = self._buffer
        try:
            with open(path, "rb") as file:
                size = file.readinto(buffer)
                while size:
                    sha.update(buffer[:size])
                    size = file.readinto(buffer)
        except OSError:
            return None
        return sha.digest()

    def _copy(self, source):
        buffer = self._buffer
        with open(source, "rb") as old, open(self._path, "wb") as new:
            size = old.readinto(buffer)
            while size:
                new.write(buffer[:size])
                size = old.readinto(buffer)

    def _clear(self, slot):
        """Take away what is in the slot and not of the new version: it could be imported."""
        for name, _ in _modules(slot):
            if name not in self._names:
                os.remove("{}/{}".format(slots.FOLDERS[slot], name))

    def _room(self, slot) -> int:
        """Sectors that an update may take: what is free, and what lies in its slot."""
        free = os.statvfs(FOLDER)[3] - ROOM_KEPT
        for _, size in _modules(slot):
            free += (size + _SECTOR - 1) // _SECTOR
        return free


def _modules(slot):
    """(name, size) of the files in a slot."""
    for folder in _FOLDERS:
        path = "{}/{}".format(slots.FOLDERS[slot], folder)
        try:
            names = os.listdir(path)
        except OSError:
            continue
        for name in names:
            yield folder + "/" + name, os.stat(path + "/" + name)[6]


def _is_ours(name: bytes) -> bool:
    """kneecore/NAME.mpy or kneeband/NAME.mpy, and nowhere else."""
    folder, _, file = name.partition(b"/")
    stem = file[: -len(_SUFFIX)]
    ours = folder in (b"kneecore", b"kneeband") and file[len(stem) :] == _SUFFIX
    return ours and len(stem) > 0 and all(letter in _LETTERS for letter in stem)


def _make(folder):
    try:
        os.mkdir(folder)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise


def _failure(error) -> int:
    return update_wire.RESULT_NO_ROOM if error.errno == _ENOSPC else wire.RESULT_FAILED


def _padded(text: bytes) -> tuple:
    return tuple(text[: update_wire.VERSION_BYTES] + bytes(update_wire.VERSION_BYTES - len(text)))


def _flashed_id() -> bytes:
    """The id of what came over the cable: of its manifest."""
    try:
        with open("manifest.json", "rb") as file:
            return hashlib.sha256(file.read()).digest()[: update_wire.ID_BYTES]
    except OSError:
        return bytes(update_wire.ID_BYTES)
