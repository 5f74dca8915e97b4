"""What a run of all tests need not pay for, and what it must not inherit. None of it changes what a
test sees.

Byte code is kept, also where the environment asks for none (containers do): rewriting the asserts
of all tests anew costs each worker more than half of its start, and every `kneetrack` that a test
starts would compile the program again.

What the collection left in memory, scipy and all the tests, stays until the end. Frozen, it is not
searched for garbage again and again.

The slow tests begin: whoever comes last to one of them would let the other workers wait.

Ctrl-C is for tests what it is for people. A shell that starts a program in the background has it
ignore Ctrl-C, and so would every `kneetrack` that a test starts and interrupts.
"""

import gc
import os
import signal
import sys

import pytest

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
