"""A recorded movement played to the sensors, in place of a simulated leg."""

import json
import os
import struct

from sim.knots import TraceBody


def write_trace(path, rows, rate_hz=100.0, header=None):
    with open(path, "wb") as file:
        header = {"rate_hz": rate_hz, "rows": len(rows)} if header is None else header
        file.write((json.dumps(header) + "\n").encode())
        for row in rows:
            file.write(struct.pack("<12f", *row))


def ramp(count):
    """Column c of row i is i + 1000 c: exact in float32."""
    return [tuple([float(i + 1000 * c) for c in range(12)]) for i in range(count)]


def test_a_trace_is_played_with_straight_lines_between_its_rows():
    write_trace("ramp.bin", ramp(2000))
    source = TraceBody("ramp.bin")
    assert abs(source.duration_s - 19.99) < 1e-9
    for x in (0.0, 1.5, 255.75, 256.25, 700.0, 12.0, 1998.5):
        thigh, shank = source.imu("thigh", x / 100.0), source.imu("shank", x / 100.0)
        for c in range(6):
            assert abs(thigh[c] - (x + 1000 * c)) < 1e-6
            assert abs(shank[c] - (x + 1000 * (c + 6))) < 1e-6
    os.remove("ramp.bin")


def test_a_trace_is_held_at_its_ends_and_anywhere():
    write_trace("ramp.bin", ramp(200))
    source = TraceBody("ramp.bin")
    assert source.still("thigh", 0.0) == (0.0, 0.0, 0.0, 3005.0, 4005.0, 5005.0)
    assert source.still("shank", 1.0) == (0.0, 0.0, 0.0, 9100.0, 10100.0, 11100.0)
    assert source.still("shank", 99.0) == (0.0, 0.0, 0.0, 9194.0, 10194.0, 11194.0)
    os.remove("ramp.bin")


def refused(path):
    """Whether it is, with its name."""
    try:
        TraceBody(path)
    except ValueError as error:
        return path in str(error)
    return False


def test_a_file_that_is_no_trace_is_refused_with_its_name():
    with open("nothing.bin", "wb") as file:
        file.write(b"time_s,thigh\n1,2\n")
    assert refused("nothing.bin")
    write_trace("nothing.bin", ramp(1))
    assert refused("nothing.bin")
    os.remove("nothing.bin")
