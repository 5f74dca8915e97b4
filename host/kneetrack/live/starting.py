"""How a band is made to record: begun, and resumed.

Bands before protocol 1.2 know START and STOP only; for them the answers are None.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.errors import CommandRefused
from kneetrack.link.base import Link
from kneetrack.live.band_cues import BandCues
from kneetrack.live.commands import (
    command,
    keeps_recordings,
    recording_now,
    recording_told,
    set_calibration,
    set_side,
)
from kneetrack.protocol import read_status
from kneetrack.samples import Side

_STATUS = wire.QUERY.pack(wire.QUERY_STATUS)


class Band:
    """One band, and what it is to record with. `utc_s` tells the time that it is set to."""

    def __init__(
        self,
        link: Link,
        side: Side,
        calibration: Calibration | None,
        raw: bool,
        utc_s: Callable[[], float],
        cues: BandCues | None = None,
    ) -> None:
        self.link = link
        self.news: list[str] = []
        """Sentences about what was found on the band when the recording began."""
        self._side = side
        self._calibration = calibration
        self._options = wire.START_RAW if raw else 0
        self._utc_s = utc_s
        self._cues = cues
        self._begun = False

    async def begin(self) -> Any | None:
        """Prepare the band and START; the wire.RECORDING values of what it makes now.

        Raises CommandRefused where it does not start, as while it records by itself.
        """
        link = self.link
        keeps = keeps_recordings(link)
        if keeps:
            await self._end_what_was_left()
            with contextlib.suppress(CommandRefused):  # only what it keeps alone lacks its date
                await command(link, wire.OP_SET_TIME, wire.SET_TIME.pack(round(self._utc_s())))
        if self._calibration is None:
            await set_side(link, self._side)
        elif not self._begun or link.feature.calibration_id != self._calibration.calibration_id:
            await set_calibration(link, self._calibration)
        await link.read_feature()
        await command(link, wire.OP_QUERY, _STATUS)
        if self._cues is not None:
            await self._cues.begin()
        response = await command(link, wire.OP_START, wire.START.pack(self._options))
        self._begun = True
        return recording_told(response) if keeps else None

    async def _end_what_was_left(self) -> None:
        """End the recording that a session which broke off has left running; it is kept."""
        status = read_status((await command(self.link, wire.OP_QUERY, _STATUS)).payload)
        if status is None or status.state != wire.STATE_RECORDING:
            return
        told = await recording_now(self.link)
        if told is None or told.flags & wire.RECORDING_ALONE:
            return  # START is refused, and says why
        await command(self.link, wire.OP_STOP)
        self.news.append(
            "The band was still keeping the samples of a session that broke off. They stay on it; "
            "fetch them with: kneetrack sync."
        )

    async def resume(self, boot_id: int, recording_id: int) -> Any | None:
        """RESUME that recording; its values, or None where the band does not make it any more."""
        if self.link.feature.boot_id != boot_id:
            return None
        operand = wire.RESUME.pack(boot_id, recording_id, self._options)
        try:
            told = recording_told(await command(self.link, wire.OP_RESUME, operand))
            if self._cues is not None:
                await self._cues.tell()
        except CommandRefused:
            return None
        return told
