"""What of `kneetrack update` needs no band: what is told and sent, and its refusals in words."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

import pytest

from command_line import is_one_sentence, kneetrack
from kneecore import update_wire, wire
from kneetrack.errors import CommandRefused, LinkError, UsageError
from kneetrack.firmware_files import firmware_dir
from kneetrack.maintenance.flash_build import BoardFile, MpyForm, compiled, manifest
from kneetrack.maintenance.update import TooOld, band_state
from kneetrack.maintenance.update_plan import (
    BandState,
    Sender,
    check,
    chunk_bytes,
    package,
)
from kneetrack.maintenance.update_rows import firmware_lines, firmware_told

FORM = MpyForm(6, 3, "xtensawin")


def file(name: str, data: bytes) -> BoardFile:
    return BoardFile(name, data, hashlib.sha256(data).hexdigest())


FILES = [
    file("main.py", b"m"),
    file("kneecore/wire.mpy", bytes(5000)),
    file("kneeband/app.mpy", bytes(4096)),
]
PACKAGE = package(FILES, FORM, "0.2.0")


def state(**changes: object) -> BandState:
    told = update_wire.UPDATE_STATE.pack(
        1, 0x2B06, 1, 2, 0, 255, update_wire.OUTCOME_CONFIRMED, 6000,
        tuple(b"0.1.0".ljust(16, b"\0")), tuple(b"12345678"),
        tuple(b"0.1.0".ljust(16, b"\0")), tuple(b"12345678"),
    )  # fmt: skip
    return replace(BandState.of(told), **changes)  # pyright: ignore[reportArgumentType]


def test_the_files_of_the_root_stay_and_the_others_go_in_the_order_of_their_names() -> None:
    assert [one.name for one in PACKAGE.files] == ["kneeband/app.mpy", "kneecore/wire.mpy"]
    assert PACKAGE.firmware_id.hex() == manifest(FILES, FORM).sha256[:16]
    assert PACKAGE.size_kib == 12  # whole blocks
    begin = update_wire.UPDATE_BEGIN.unpack_from(PACKAGE.begin)
    assert tuple(begin) == (2, 12)
    finish = update_wire.UPDATE_FINISH.unpack_from(PACKAGE.finish)
    assert bytes(finish.firmware).rstrip(b"\0") == b"0.2.0"


def test_all_our_files_have_names_that_a_band_takes() -> None:
    ours = package(compiled(FORM, lambda done, of: None), FORM, "0.1.0")
    assert len(ours.files) <= update_wire.FILES_MAX
    for one in ours.files:
        assert len(one.name) <= update_wire.NAME_BYTES and one.data
        folder, _, name = one.name.partition("/")
        assert folder in ("kneecore", "kneeband") and name.endswith(".mpy")
        assert name.removesuffix(".mpy").replace("_", "").isalnum() and name == name.lower()


def test_a_lost_message_is_sent_again_and_never_more_than_a_window_is_on_its_way() -> None:
    data = bytes(range(256)) * 8
    sender = Sender(data, chunk_bytes(None))
    assert chunk_bytes(None) == 239 and chunk_bytes(200) == 192
    taken, rounds = b"", 0
    while not sender.done:
        rounds += 1
        sent = list(iter(sender.next, None))
        assert len(sent) <= update_wire.WINDOW
        for number, message in enumerate(sent):
            offset = int.from_bytes(message[1:5], "little")
            lost = rounds == 2 and number == 1
            if offset == len(taken) and not lost:
                taken += message[update_wire.DATA_HEAD :]
        sender.taken(len(taken))
        sender.taken(0)  # of old: nothing comes of it
        sender.go_back()
    assert taken == data and rounds == 3  # 9 messages: 4, 1 of 4, the other 4


def test_a_lost_answer_is_made_up_for_by_the_next() -> None:
    sender = Sender(bytes(1000), 239)
    assert len(list(iter(sender.next, None))) == 4
    sender.go_back()  # nothing was heard of them, but they had come
    again = sender.next()
    assert again is not None and int.from_bytes(again[1:5], "little") == 0
    sender.taken(956)
    rest = sender.next()
    assert rest is not None and int.from_bytes(rest[1:5], "little") == 956
    assert len(rest) == update_wire.DATA_HEAD + 44 and sender.next() is None


def test_what_can_not_be_taken_is_said_with_what_is_missing() -> None:
    check(state(), PACKAGE)
    with pytest.raises(LinkError, match=r"12 KiB are needed, 5 KiB more.*kneetrack sync"):
        check(state(free_kib=7), PACKAGE)
    with pytest.raises(LinkError, match="kneetrack flash"):
        check(state(loader=0), PACKAGE)
    with pytest.raises(LinkError, match="Update this program"):
        BandState.of(b"short")


def test_the_loader_and_the_protocol_tell_the_same() -> None:
    """firmware/slots.py imports nothing of kneecore: it has to work when that does not."""
    names: dict[str, int] = {}
    outcomes = [name for _, name, _ in update_wire.OUTCOMES]
    text = (firmware_dir() / "slots.py").read_text()
    assert f"\n{', '.join(outcomes)} = range({len(outcomes)})\n" in text
    assert [number for number, _, _ in update_wire.OUTCOMES] == list(range(len(outcomes)))
    for line in text.splitlines():
        name, equals, value = line.partition(" = ")
        if equals and name in ("LOADER", "TRIAL_MS"):
            names[name] = int(value.removeprefix("const(").removesuffix(")"))
    assert names == {"LOADER": update_wire.LOADER, "TRIAL_MS": update_wire.TRIAL_S * 1000}


class _Band:
    """What answers a command."""

    def __init__(self, result: int, payload: bytes = b"") -> None:
        self._answer = bytes((wire.OP_RESPONSE, wire.OP_QUERY, result)) + payload

    async def request(self, data: bytes, timeout_s: float) -> bytes:
        return self._answer


def test_a_band_that_does_not_know_of_updates() -> None:
    old = _Band(wire.RESULT_INVALID_OPERAND)
    with pytest.raises(TooOld, match="kneetrack flash"):
        asyncio.run(band_state(old))  # pyright: ignore[reportArgumentType]
    assert asyncio.run(firmware_told(old)) is None  # pyright: ignore[reportArgumentType]
    assert firmware_lines(None) == []
    failing = _Band(wire.RESULT_FAILED)
    with pytest.raises(CommandRefused):
        asyncio.run(band_state(failing))  # pyright: ignore[reportArgumentType]


def test_what_was_taken_back_is_told_with_its_reason() -> None:
    for outcome, name, _ in update_wire.OUTCOMES:
        why = state(outcome=outcome).taken_back
        assert bool(why) == (name not in ("NONE", "CONFIRMED")), name
    told = {
        "version": "0.1.0",
        "slot": "a",
        "on_trial": False,
        "taken_back": "0.2.0",
        "taken_back_because": state(outcome=update_wire.OUTCOME_HUNG).taken_back,
    }
    assert firmware_lines(told) == [
        ("Firmware", "0.1.0, by an update (slot a)"),
        ("Last update", "0.2.0 was taken back: it hung"),
    ]


def test_a_recording_is_no_band() -> None:
    done = kneetrack("update", "--link", "log:any.mcap")
    assert done.returncode == UsageError.exit_code and is_one_sentence(done.stderr)
    assert "is a recording, no band" in done.stderr


def test_the_help_has_examples_and_says_what_happens_when_it_fails() -> None:
    said = kneetrack("update", "--help").stdout
    assert "kneetrack update --link ble:KneeBand-12AB" in said
    assert "within a minute" in said and "physical band" in said
