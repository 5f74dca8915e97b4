"""PROTOCOL.md tells every number that a host has to send or may receive."""

import pytest

from kneecore import wire
from kneetrack.firmware_files import firmware_dir

TABLES = [
    [line for line in part.splitlines() if line.startswith("|")]
    for part in (firmware_dir() / "PROTOCOL.md").read_text().split("\n\n")
]


@pytest.mark.parametrize(
    ("prefix", "form"), [("QUERY_", "{}"), ("STATE_", "{}"), ("FAULT_", "0x{:02X}")]
)
def test_the_values_of_a_field_have_a_table_of_their_own(prefix: str, form: str) -> None:
    values = {name: value for name, value in vars(wire).items() if name.startswith(prefix)}
    rows = [f"| {form.format(value)} | {name} |" for name, value in values.items()]
    assert rows
    assert [table for table in TABLES if sorted(table[2:]) == sorted(rows)]
