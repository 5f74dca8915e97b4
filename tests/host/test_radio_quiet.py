"""What of bumble's warnings a person who pressed Ctrl-C sees."""

import logging

import pytest

from kneetrack.link.radio.quiet import hush


def test_only_what_is_news(caplog: pytest.LogCaptureFixture) -> None:
    hush()
    log = logging.getLogger("bumble.host")
    log.warning("connection 0x0001 not found")
    log.warning("another")
    assert caplog.messages == ["another"]
