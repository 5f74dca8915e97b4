"""What a run of all tests need not pay for, and what it must not inherit. None of it changes what a
test sees.

Byte code is kept, also where the environment asks for none (containers do): rewriting the asserts
of all tests anew costs each worker more than half of its start, and every `kneetrack` that a test
starts would compile the program again.

What the collection left in memory, scipy and all the tests, stays until the end. Frozen, it is not
searched for garbage again and again.

A module stays with one worker (`--dist loadscope`, in the Makefile), so that what it makes for all
its tests is made once. The longest ones begin: whoever came last to one of them would let the other
workers wait.

Each worker begins its collection at another module. Where no byte code is kept yet, as in a fresh
clone, they would else all rewrite the same asserts at the same time.

Ctrl-C is for tests what it is for people. A shell that starts a program in the background has it
ignore Ctrl-C, and so would every `kneetrack` that a test starts and interrupts.
"""

import gc
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
LONGEST = (
    "system/test_bad_input.py",
    "system/test_story.py",
    "system/test_calibrate.py",
    "system/test_cli.py",
    "system/test_realign_live.py",
    "system/test_dashboard_page.py",
    "system/test_sets_live.py",
    "system/test_sensors.py",
    "system/test_log_equals_trace.py",
    "system/test_soak.py",
    "system/test_two_bands.py",
    "system/test_selftest.py",
    "host/test_scenarios_through_analysis.py",
    "host/test_validate.py",
    "system/test_references.py",
    "system/test_wheel.py",
    "system/test_faults.py",
    "system/test_cue.py",
    "host/test_offline.py",
    "firmware/test_pure_under_micropython.py",
    "firmware/test_recording_on_flash.py",
    "host/test_report.py",
    "host/test_healing.py",
    "firmware/test_nothing_lost.py",
    "system/test_recording_survives.py",
    "system/test_privacy.py",
    "host/test_catalogue.py",
    "system/test_calibrate_both.py",
    "host/test_analysis.py",
    "firmware/test_fits_32_bits.py",
    "host/test_selftest_movements.py",
    "host/test_sets_end_by_themselves.py",
)
"""Modules of more than ten seconds of a processor, about in order."""
assert not [name for name in LONGEST if not (HERE / name).is_file()]
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Turned(pytest.Dir):
    """A folder that every worker begins to read somewhere else."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        entries = list(super().collect())
        first = len(entries) * WORKER // WORKERS
        return entries[first:] + entries[:first]


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Dir:
    return Turned.from_parent(parent, path=path)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    begins = {HERE / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (begins.get(item.path, len(LONGEST)), str(item.path)))


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
