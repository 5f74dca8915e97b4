"""Notifications that never arrive, in bursts.

Gilbert's channel (Bell System Technical Journal 39:1253, 1960): it is open or shut, and changes
between the two by chance; shut, it passes nothing. So losses come in bursts of geometrically
distributed length. Bluetooth repeats what the air swallows, so in truth such packets get lost where
queues overflow: in the computer's stack, when nobody has time for it.
"""

from __future__ import annotations

import random

BURST = 4.0
"""Mean number of packets lost in a row."""


class BurstLoss:
    """Ask `lost()` for each packet; the answers follow from the seed alone.

    `share` of all packets are lost on average, 0 to below 1.
    """

    def __init__(self, share: float, seed: int, burst: float = BURST) -> None:
        self._shut = False
        self._random = random.Random(seed)
        self._opens = 1.0 / burst
        self._shuts = share / (1.0 - share) / burst

    def lost(self) -> bool:
        changes = self._opens if self._shut else self._shuts
        if self._random.random() < changes:
            self._shut = not self._shut
        return self._shut
