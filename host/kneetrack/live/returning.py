"""The way back to a band whose connection broke: tried at once, then ever more seldom.

FIRST_S between the first two tries, twice as long each time up to SLOWEST_S, in the link's own time
(`Link.sleep`). It is given up after RETURN_S, before the band itself takes the host for gone
(kneeband.config.DETACHED_S, 15 min), or where another firmware answers.
"""

from __future__ import annotations

from collections.abc import Callable

from kneetrack.errors import LinkError, ProtocolMismatch
from kneetrack.link.base import Link

FIRST_S = 0.5
SLOWEST_S = 5.0
RETURN_S = 12 * 60.0
ENDING_S = 30.0
"""The bound where the set is over already and only missing samples are waited for."""


async def come_back(
    link: Link, told: Callable[[int, str], None], wanted: Callable[[], bool]
) -> bool:
    """Try until the link stands again; False where it is no longer `wanted`.

    `told` is called before each try with its number and why the one before failed. Raises
    ProtocolMismatch where the band now speaks another protocol.
    """
    attempt, delay_s, trouble = 0, FIRST_S, ""
    while wanted():
        attempt += 1
        told(attempt, trouble)
        try:
            await link.reconnect()
        except ProtocolMismatch:
            raise
        except LinkError as error:
            trouble = str(error)
        else:
            return True
        await link.sleep(delay_s)
        delay_s = min(2 * delay_s, SLOWEST_S)
    return False
