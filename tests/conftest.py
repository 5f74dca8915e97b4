"""What a run of all tests need not pay for. None of it changes what a test sees.

Byte code is kept, also where the environment asks for none (containers do): rewriting the asserts
of all tests anew costs each worker more than half of its start, and every `kneetrack` that a test
starts would compile the program again.

What the collection left in memory, scipy and all the tests, stays until the end. Frozen, it is not
searched for garbage again and again.

bumble writes every packet out as text, in colours, for a debug line, and only then asks whether
anybody reads it: a tenth of what a simulated session costs the host.

The slow tests begin: whoever comes last to one of them would let the other workers wait.
"""

import gc
import os
import sys

import pytest

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    if "bumble.hci" in sys.modules:
        _leave_packets_unwritten()
    gc.collect()
    gc.freeze()


def _leave_packets_unwritten() -> None:
    from bumble import att, colors, hci

    def named(packet: object, _: str) -> str:
        return type(packet).__name__

    hci.HCI_Packet.__format__ = named
    att.ATT_PDU.__format__ = named
    for name, module in list(sys.modules.items()):
        if name.startswith("bumble.") and getattr(module, "color", None) is colors.color:
            module.color = lambda text, *_, **__: text
