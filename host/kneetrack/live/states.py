"""How it stands with a band, as one word that is never more than what is known.

    live      its samples are coming: the newest packet is younger than QUIET_S
    stale     connected, as far as this computer can tell, but nothing has come for a while
    lost      the connection broke; the way back is being looked for
    over      nothing more is expected: the recording has ended, or the band was given up

What happens leads from one to the other by the table below; what is not in it changes nothing. A
connection that has just come back is `stale` until a packet has come.
"""

from __future__ import annotations

from enum import StrEnum

QUIET_S = 2.0


class LinkState(StrEnum):
    """What may be said of a link; `over` is the end that was wanted."""

    LIVE = "live"
    STALE = "stale"
    LOST = "lost"
    OVER = "over"


class Happening(StrEnum):
    """What moves a connection from state to state."""

    CAME = "a packet came"
    QUIET = "nothing came for QUIET_S"
    BROKE = "the connection broke"
    BACK = "the connection is back"
    ENDED = "the recording ended"


TABLE = {
    (LinkState.STALE, Happening.CAME): LinkState.LIVE,
    (LinkState.LIVE, Happening.QUIET): LinkState.STALE,
    (LinkState.LIVE, Happening.BROKE): LinkState.LOST,
    (LinkState.STALE, Happening.BROKE): LinkState.LOST,
    (LinkState.LOST, Happening.BACK): LinkState.STALE,
    (LinkState.LIVE, Happening.ENDED): LinkState.OVER,
    (LinkState.STALE, Happening.ENDED): LinkState.OVER,
    (LinkState.LOST, Happening.ENDED): LinkState.OVER,
}


def after(state: LinkState, happening: Happening) -> LinkState:
    """The state that follows."""
    return TABLE.get((state, happening), state)
