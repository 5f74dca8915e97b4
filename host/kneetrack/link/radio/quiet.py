"""bumble without its debug log, where nobody keeps that.

bumble tells its log of every packet at every layer, field by field and in colours, and puts those
words together whether or not anybody listens: an eighth of what a simulated link costs here.
Here a packet is told by its kind only, and colours are left away, unless the log is kept. That a
packet was meant for a connection which has just ended is told to the debug log only: every Ctrl-C
may bring it, and whoever pressed it sees warnings.
"""

# bumble leaves some of its parameters untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from bumble import att, controller, hci, host

_log = logging.getLogger("bumble")
_PACKETS: tuple[Any, ...] = (hci.HCI_AclDataPacket, hci.HCI_Command, hci.HCI_Event, att.ATT_PDU)
_TELLING: tuple[Any, ...] = (controller, host)


def hush() -> None:
    """For this process."""
    for kind in _PACKETS:
        kind.__str__ = _in_short(kind.__str__)
    logging.getLogger("bumble.host").addFilter(_is_news)
    for module in _TELLING:
        if not _log.isEnabledFor(logging.DEBUG):
            module.color = _plain


def _in_short(full: Callable[[Any], str]) -> Callable[[Any], str]:
    def told(packet: Any) -> str:
        return full(packet) if _log.isEnabledFor(logging.DEBUG) else type(packet).__name__

    return told


def _is_news(record: logging.LogRecord) -> bool:
    return _log.isEnabledFor(logging.DEBUG) or record.msg[-9:] != "not found"


def _plain(text: str, *_: object, **__: object) -> str:
    return text
