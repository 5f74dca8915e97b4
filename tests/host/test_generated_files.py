"""What is generated from kneecore.wire is what lies in the repository."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kneecore import wire

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("tool", ["gen_vectors.py", "gen_protocol_doc.py"])
def test_a_generated_file_is_up_to_date(tool: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / tool), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_frozen_bytes_are_read_back() -> None:
    vectors = json.loads((ROOT / "tests" / "vectors" / "wire.json").read_text())
    assert vectors["protocol_version"] == list(wire.PROTOCOL_VERSION)
    header = wire.PACKET_HEADER.unpack_from(
        bytes.fromhex(vectors["records"]["packet_header"]["hex"])
    )
    assert tuple(header) == (7, 65535, 4294967295, 9616, wire.FLAG_REST)
    sample = wire.KNEE_SAMPLE.unpack_from(bytes.fromhex(vectors["records"]["knee_sample"]["hex"]))
    assert sample.flexion_deg == pytest.approx(95.12)
    assert sample.valgus_deg == pytest.approx(8.25)
    assert sample.q_earth_thigh == pytest.approx((0.5, -0.5, 0.5, -0.5), abs=2e-5)
    held = wire.KNEE_SAMPLE.unpack_from(
        bytes.fromhex(vectors["records"]["knee_sample_off_scale"]["hex"])
    )
    assert held.flexion_deg == pytest.approx(327.67)
    assert held.valgus_deg == pytest.approx(-327.68)
