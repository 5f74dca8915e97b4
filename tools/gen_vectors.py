#!/usr/bin/env python3
"""Freeze the bytes of every record and command: tests/vectors/wire.json.

    python tools/gen_vectors.py            write the file
    python tools/gen_vectors.py --check    fail if it would change

A change here means that bands and hosts of different versions no longer understand each other:
raise wire.PROTOCOL_VERSION with it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from kneecore import settings, transfers, update_wire, wire

PATH = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "wire.json"

Q = (0.5, -0.5, 0.5, -0.5)
CASES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "packet_header": (wire.PACKET_HEADER, (7, 65535, 4294967295, 9616, wire.FLAG_REST)),
    "knee_sample": (wire.KNEE_SAMPLE, (95.12, 8.25, -3.5, Q, (1.0, 0.0, 0.0, 0.0), 2.4)),
    "knee_sample_off_scale": (wire.KNEE_SAMPLE, (999.0, -999.0, 0.0, (2.0, -2.0, 0, 0), Q, 99.0)),
    "raw_pair": (wire.RAW_PAIR, ((1, -2, 3), (4, 5, -6), (32767, -32768, 0), (2048, 0, -2048))),
    "feature": (
        wire.FEATURE,
        (1, 1, 7, -1, 0x6C, 0x6C, 4808, 2, 0.0012217305, 0.004785645, 515, 42),
    ),
    "start": (wire.START, (wire.START_RAW,)),
    "set_side": (wire.SET_SIDE, (wire.SIDE_LEFT,)),
    "identify": (wire.IDENTIFY, (5,)),
    "query": (wire.QUERY, (wire.QUERY_CALIBRATION,)),
    "calibration": (
        wire.CALIBRATION,
        (
            515,
            wire.SIDE_LEFT,
            Q,
            (0.0, 1.0, 0.0, 0.0),
            -12.34,
            (0.01, -0.02, 0.0),
            (0, 0, 0.1),
            2.5,
        ),
    ),
    "sensors": (
        wire.SENSORS,
        (
            42,
            (0.01, -0.001, 0.0, 0.0, -0.02, 0.03, 0.0, 0.0, 0.005),
            (0.2, -0.3, 0.01),
            (0.01, 0.001, 0.002, -0.003, -0.02, 0.03, 0.2, 0.0, 0.005),
            (0.0,) * 9,
            (9.9, 0.0, 0.0),
            (0.0,) * 8 + (-0.01,),
        ),
    ),
    "status": (
        wire.STATUS,
        (
            *(wire.STATE_STREAMING, 0, 123456, 1, 2, 3, 25.5, -4.25, 255, 15.0, 4000, 5120, 3),
            *(settings.POWER_USB, 372, settings.RESET_WATCHDOG, 7),
        ),
    ),
    "resume": (wire.RESUME, (7, 300, wire.START_RAW)),
    "list": (wire.LIST, (299,)),
    "delete": (wire.DELETE, (299,)),
    "set_time": (wire.SET_TIME, (1795000000,)),
    "forget": (wire.FORGET, (wire.FORGET_ALL,)),
    "reference": (
        wire.REFERENCE,
        (515, wire.WAY_UP, 41, 1.25, [0.25 * i - 2.0 for i in range(41)] + [0.0] * 15),
    ),
    "cue": (wire.CUE, (wire.CUE_FADED, 1)),
    "settings": (settings.SETTINGS, (15, settings.LAMP_OFF, 250)),
    "recording": (
        wire.RECORDING,
        (300, 7, wire.RECORDING_RUNNING, -1, 515, 42, 70000, 76240, 8, 65432, 1795000000),
    ),
    "fetch": (transfers.FETCH, (300, 70000, 76240)),
    "acknowledge": (transfers.ACKNOWLEDGE, (300, 76240)),
    "done": (transfers.DONE, (300, 70000, 76240, wire.RESULT_SUCCESS, 390)),
    "update_begin": (update_wire.UPDATE_BEGIN, (74, 455)),
    "update_file": (
        update_wire.UPDATE_FILE,
        (5123, tuple(range(32)), tuple(b"kneecore/wire.mpy".ljust(48, b"\0"))),
    ),
    "update_file_answer": (update_wire.UPDATE_FILE_ANSWER, (update_wire.FILE_TAKEN_OVER,)),
    "update_finish": (
        update_wire.UPDATE_FINISH,
        (74, tuple(range(32)), tuple(b"manifest"), tuple(b"0.2.0".ljust(16, b"\0"))),
    ),
    "update_confirm": (update_wire.UPDATE_CONFIRM, (tuple(b"manifest"),)),
    "update_state": (
        update_wire.UPDATE_STATE,
        (
            *(1, 0x2B06, 1, 2, 1, 13, update_wire.OUTCOME_CRASHED, 4711),
            *(tuple(b"0.1.0".ljust(16, b"\0")), tuple(b"manifest")),
            *(tuple(b"0.2.0".ljust(16, b"\0")), tuple(b"anotherm")),
        ),
    ),
    "taken": (update_wire.TAKEN, (5123, wire.RESULT_SUCCESS)),
    "advertised": (wire.ADVERTISED, (1, wire.ADVERTISED_IN_USE | wire.ADVERTISED_KEEPS)),
}


def text() -> str:
    """What the file must hold."""
    records = {
        name: {"format": record.format, "size": record.size, "hex": record.pack(*values).hex()}
        for name, (record, values) in CASES.items()
    }
    operands = {record: name for name, (record, _) in CASES.items()}
    commands = {
        name.lower(): {"opcode": opcode, "operand": operands.get(operand)}
        for opcode, name, operand, _ in wire.COMMANDS
    }
    content = {
        "protocol_version": list(wire.PROTOCOL_VERSION),
        "service": wire.SERVICE_UUID,
        "characteristics": {
            "measurement": wire.MEASUREMENT_UUID,
            "raw": wire.RAW_UUID,
            "feature": wire.FEATURE_UUID,
            "control": wire.CONTROL_UUID,
            "transfer": wire.TRANSFER_UUID,
        },
        "records": records,
        "commands": commands,
        "answers": {"response": wire.OP_RESPONSE, "status": wire.OP_STATUS},
        "transfers": {name.lower(): number for number, name, _, _ in transfers.TRANSFERS},
        "results": {name.lower(): number for number, name, _ in wire.RESULTS},
        "flags": {name.lower(): bit for bit, name, _ in wire.FLAGS},
    }
    return json.dumps(content, indent=2) + "\n"


def main() -> int:
    if "--check" in sys.argv[1:]:
        if PATH.exists() and PATH.read_text() == text():
            return 0
        print(f"{PATH} is not what kneecore.wire says: a changed layout needs a new version")
        return 1
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
