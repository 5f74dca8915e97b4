"""What `fuzz` throws things at: for each door its seeds (real inputs) and what takes the bytes.

`target(folder)` imports what it needs, so that the fuzzer can instrument it, and returns the
function; `folder` is where it may write. The first seed must be taken without a word.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from kneecore import transfers, wire

Taker = Callable[[bytes], None]

_CHANNELS = ("measurement", "raw", "feature", "control", "transfer")
_Q = (1.0, 0.0, 0.0, 0.0)


class Target(NamedTuple):
    seeds: Callable[[], list[bytes]]
    target: Callable[[Path], Taker]


# --- seeds ---------------------------------------------------------------------------------------


def _packets() -> list[tuple[int, bytes]]:
    """(number of the channel, data): a second of streaming with an answer and a status."""
    feature = wire.FEATURE.pack(1, 2, 7, 1, 0x6C, 0x6C, 4808, 2, 0.00122, 0.00479, 515, 42)
    status = wire.STATUS.pack(1, 0, 9000, 0, 0, 0, 25.0, 26.0, 80, 15, 4000, 900, 1, 0, 372, 1, 0)
    rows = [
        (2, feature),
        (3, bytes((wire.OP_RESPONSE, wire.OP_START, wire.RESULT_SUCCESS))),
        (3, bytes((wire.OP_STATUS,)) + status),
    ]
    for n in range(12):
        first = 65500 + n * wire.KNEE_SAMPLES_PER_PACKET
        head = (7, first & 0xFFFF, first * wire.KNEE_PERIOD_US & 0xFFFFFFFF, wire.KNEE_PERIOD_US)
        samples = b"".join(
            wire.KNEE_SAMPLE.pack(8.0 * n, 1.0, -1.0, _Q, _Q, 1.5)
            for _ in range(wire.KNEE_SAMPLES_PER_PACKET)
        )
        rows.append((0, wire.PACKET_HEADER.pack(*head, wire.FLAG_REST if n < 2 else 0) + samples))
        pairs = wire.RAW_PAIR.pack((1, 2, 3), (0, 0, 2048), (4, 5, 6), (0, 0, -2048))
        rows.append((1, wire.PACKET_HEADER.pack(*head, 0) + pairs * wire.RAW_PAIRS_PER_PACKET))
    from kneecore.blocks import BlockWriter

    knee = wire.KNEE_SAMPLE.pack(20.0, 1.0, -1.0, _Q, _Q, 1.5)
    blocks: list[bytes] = []
    writer = BlockWriter(7, lambda block: blocks.append(bytes(block)))
    for number in range(65500, 65560):
        writer.add(number, 0, knee, 0)
    writer.close()
    head = bytes((transfers.TRANSFER_BLOCK, 3, 0))
    rows += [(4, head + block) for block in blocks]
    done = transfers.DONE.pack(3, 65500, 65560, wire.RESULT_SUCCESS, len(blocks))
    rows.append((4, bytes((transfers.TRANSFER_DONE,)) + done))
    return rows


def _transfers() -> list[bytes]:
    return [data for channel, data in _packets() if _CHANNELS[channel] == "transfer"]


def _block_seeds() -> list[bytes]:
    return [
        data[transfers.BLOCK_HEAD :] for data in _transfers() if data[0] == transfers.TRANSFER_BLOCK
    ]


def _frame_seeds() -> list[bytes]:
    from kneecore import frames

    sent = [frames.frame(wire.SERIAL_TRANSFER, data) for data in _transfers()]
    recording = wire.RECORDING.pack(3, 7, 0, 1, 515, 42, 65500, 65560, 0, 2000, 1795000000)
    return [frames.frame(wire.SERIAL_CONTROL, recording) + b"".join(sent), b"".join(sent)]


def _decoder_seeds() -> list[bytes]:
    rows = [struct.pack("<BB", channel, len(data)) + data for channel, data in _packets()]
    return [b"".join(rows), b"".join(rows[:3]), rows[3]]


def _log_seeds() -> list[bytes]:
    import tempfile

    from kneetrack.samples import Channel, Packet, Side
    from kneetrack.sessionlog import SessionWriter

    session = {
        "athlete": "A",
        "exercise": "squat",
        "windows": [{"kind": "functional", "start_s": 0.0, "end_s": 0.5}],
        "versions": {"kneetrack": "0"},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed.mcap"
        with SessionWriter(path, session) as writer:
            writer.event({"event": "origin", "side": "right", "board_us": 629_000_000})
            writer.calibration({"kind": "kneetrack calibration", "side": "right"})
            for n, (channel, data) in enumerate(_packets()):
                writer.packet(Side.RIGHT, Packet(Channel(_CHANNELS[channel]), data, 5.0 + n / 13))
            writer.event({"event": "window", "side": "right", "kind": "table", "start_s": 0.0})
        whole = path.read_bytes()
    return [whole, whole[: len(whole) * 2 // 3]]


def _trace_seeds() -> list[bytes]:
    from kneetrack.traces.reader import COLUMNS

    rows = [",".join(COLUMNS)]
    for n in range(90):
        still = "0.01,-9.8,0.2,0.001,0.002,-0.001"
        rows.append(f"{n / 42:.4f},{still},{still}")
    sidecar = (
        '{"side": "right", "exercise": "squat", "shank_length_m": 0.4, "notes": "",'
        ' "windows": [{"kind": "stand", "start_s": 0.0, "end_s": 0.3}]}'
    )
    return [sidecar.encode() + b"\0" + "\n".join(rows).encode()]


def _calibration_seeds() -> list[bytes]:
    import json

    from kneecore.calibration import Calibration
    from kneetrack.calibration import CalibrationFile
    from kneetrack.calibration.store import GateResult, as_on_the_band
    from kneetrack.samples import Side

    made = Calibration(Side.RIGHT, _Q, _Q, 0.1, (0.01, 0.0, 0.0), (0.0, 0.0, 0.0), 0.02, 1)
    file = CalibrationFile(
        calibration=as_on_the_band(made),
        grade="A",
        rests_on={"thigh_axis": "squats"},
        gates=(GateResult("stance_tilt", 0.2, 1.0, True, ""),),
        warnings=(),
    )
    return [json.dumps(file.to_json()).encode()]


def _words(*words: str) -> Callable[[], list[bytes]]:
    return lambda: [word.encode() for word in words]


def _json_of(kind: str) -> Callable[[], list[bytes]]:
    """A file as the store itself writes it."""

    def seeds() -> list[bytes]:
        import tempfile

        from kneetrack.calibration import references, sensors
        from kneetrack.calibration.imu import ImuCalibration
        from kneetrack.samples import Side

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if kind == "sensors":
                unit = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
                offset, pair = (0.01, 0.02, 0.03), (0.1, 0.01)
                sigmas = (0.001, 0.001, 0.001, 0.001, 0.001, 0.001)
                imu = ImuCalibration(unit, offset, unit, offset, *sigmas, pair, pair, 6, ("up",))
                utc = "2026-11-22T10:00:00+00:00"
                sensors.SensorRecord(
                    sensors.Identity("KneeBand-0000", "thigh", 0x6C),
                    sensors.Measured(42, utc, 25.0, imu),
                    (sensors.ZeroPoint(25.0, offset, utc, 42),),
                ).save(folder)
            else:
                athlete = references.Athlete("A", Side.RIGHT, "squat", simulated=True)
                one = references.KeptReference(
                    utc="2026-11-22T10:00:00+00:00",
                    calibration_id=1,
                    grade="A",
                    axis_sigma_deg=1.0,
                    crosstalk_deg=None,
                    shank_axis_sigma_deg=1.0,
                    q_thigh_sensor=_Q,
                    q_shank_sensor=_Q,
                    reference={"reps": 5},
                )
                references.References(athlete, (one,)).save(folder)
            return [path.read_bytes() for path in folder.glob("*.json")]

    return seeds


# --- doors ---------------------------------------------------------------------------------------


def _read_from(path: Path, read: Callable[[Path], object]) -> Taker:
    """The bytes become that file, which `read` gets."""
    path.parent.mkdir(exist_ok=True)

    def take(data: bytes) -> None:
        path.write_bytes(data)
        read(path)

    return take


def _decoder(folder: Path) -> Taker:
    from kneetrack.protocol import Decoder
    from kneetrack.samples import Channel, Packet

    def take(data: bytes) -> None:
        decoder = Decoder()
        at = 0
        while at + 2 <= len(data):
            channel, length = _CHANNELS[data[at] % len(_CHANNELS)], data[at + 1]
            decoder.feed(Packet(Channel(channel), data[at + 2 : at + 2 + length], at / 1000))
            at += 2 + length

    return take


def _log(folder: Path) -> Taker:
    from kneetrack.analysis.source import analyse
    from kneetrack.sessionlog import read_log

    def read(path: Path) -> None:
        log = read_log(path)
        for side in log.sides:
            log.temperatures(side)
        analyse(path)

    return _read_from(folder / "input.mcap", read)


def _repair(folder: Path) -> Taker:
    """What is made whole must read back whole; that it does not is a crash."""
    from kneetrack.errors import LogError
    from kneetrack.sessionlog.repair import UNREPAIRED, repair

    path, whole = folder / "input.mcap", folder / "whole.mcap"

    def take(data: bytes) -> None:
        path.write_bytes(data)
        whole.unlink(missing_ok=True)
        try:
            repair(path, whole)
        except LogError as error:
            if UNREPAIRED in str(error):
                raise RuntimeError(str(error)) from error
            raise

    return take


def _trace(folder: Path) -> Taker:
    from kneetrack.samples import Side
    from kneetrack.traces import read_trace

    path, sidecar = folder / "input.csv", folder / "input.json"

    def take(data: bytes) -> None:
        head, _, table = data.partition(b"\0")
        sidecar.write_bytes(head)
        path.write_bytes(table)
        read_trace(path, Side.RIGHT)

    return take


def _calibration(folder: Path) -> Taker:
    from kneetrack.calibration import CalibrationFile

    return _read_from(folder / "input.json", lambda path: CalibrationFile.load(path).to_json())


def _sensors(folder: Path) -> Taker:
    from kneetrack.calibration import sensors

    def read(path: Path) -> None:
        for record in sensors.load_all(path.parent):
            record.to_json()

    return _read_from(folder / "sensors" / "input.json", read)


def _references(folder: Path) -> Taker:
    from kneetrack.calibration import references

    return _read_from(
        folder / "references" / "input.json",
        lambda path: references.load_all(folder=path.parent),
    )


def _block(folder: Path) -> Taker:
    from kneecore.block_reader import read_block
    from kneecore.blocks import check, span

    def take(data: bytes) -> None:
        with contextlib.suppress(ValueError):  # what it says of a damaged one
            check(data)
        with contextlib.suppress(ValueError):
            span(data)
        with contextlib.suppress(ValueError):
            read_block(data)

    return take


def _frames(folder: Path) -> Taker:
    from kneecore.frames import Receiver

    def take(data: bytes) -> None:
        receiver = Receiver()
        for at in range(0, len(data), 7):
            receiver.feed(data[at : at + 7])

    return take


def _part(folder: Path) -> Taker:
    from kneetrack.maintenance.kept import Kept
    from kneetrack.maintenance.part_file import PartFile

    kept = Kept.of(wire.RECORDING.pack(3, 7, 0, 1, 515, 42, 65500, 65560, 0, 2000, 1795000000))

    def read(path: Path) -> None:
        with PartFile(path, kept) as part:
            list(part.messages())

    return _read_from(folder / "input.part", read)


def _address(folder: Path) -> Taker:
    from kneetrack.link import parse_address

    def take(data: bytes) -> None:
        parse_address(data.decode(errors="replace"))

    return take


TABLE = {
    "decoder": Target(_decoder_seeds, _decoder),
    "block": Target(_block_seeds, _block),
    "frames": Target(_frame_seeds, _frames),
    "log": Target(_log_seeds, _log),
    "repair": Target(_log_seeds, _repair),
    "trace": Target(_trace_seeds, _trace),
    "calibration": Target(_calibration_seeds, _calibration),
    "sensors": Target(_json_of("sensors"), _sensors),
    "references": Target(_json_of("references"), _references),
    "part": Target(_frame_seeds, _part),
    "address": Target(
        _words("ble:auto", "sim:squats?valgus=8&speed=max", "serial:auto", "log:a.mcap?speed=1"),
        _address,
    ),
}
