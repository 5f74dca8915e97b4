"""A recorded IMU file as a simulated leg: the real firmware measures the recorded movement.

The trace is resampled into a playback file, the simulated IMUs turn it into register contents, and
all from there on is as in `link.sim`. The source's times are those of the trace's `time_s`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from kneetrack.link.base import LinkInfo, Scenario
from kneetrack.link.radio.world import World
from kneetrack.link.sim import SimLink
from kneetrack.samples import Side, Vector
from kneetrack.traces import read_trace, write_playback


class TraceLink(SimLink):
    """The trace at `path`, read at once: raises TraceError and UsageError as `read_trace`.

    `side` is for a trace without a sidecar; `options` go to the board (`sim.scenarios.of_trace`).
    """

    lead_s = 2.0  # as analysis.angles.HOLD_S: a trace may begin in the middle of a stance

    def __init__(
        self,
        info: LinkInfo,
        path: Path,
        speed: float = 1.0,
        side: Side | None = None,
        options: Mapping[str, str] | None = None,
        *,
        world: World | None = None,
    ) -> None:
        super().__init__(info, "", speed, world=world)
        self.trace = read_trace(path, side)
        self.scenario = Scenario(
            side=self.trace.side,
            exercise=self.trace.exercise,
            duration_s=float(self.trace.time_s[-1] - self.trace.time_s[0]),
            windows=self.trace.windows,
            shank_length_m=self.trace.shank_length_m,
            truth=self.trace.truth or {},
        )
        self._options = dict(options or {})
        self._first_s = float(self.trace.time_s[0])

    async def __aenter__(self) -> Self:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kneetrack-"))
        playback = Path(folder) / "playback"
        write_playback(self.trace, playback)
        options = {"side": self.trace.side.word, **self._options}
        self._scenario_text = f"@{playback}?" + "&".join(f"{k}={v}" for k, v in options.items())
        return await super().__aenter__()

    async def play(
        self,
        until_s: float | None = None,
        speed: float | None = None,
        zeros: tuple[Vector, Vector] | None = None,
    ) -> None:
        self._zeros = zeros
        await super().play(None if until_s is None else until_s - self._first_s, speed)

    def _origin(self, playing: dict[str, Any]) -> int:
        return super()._origin(playing) - round(self._first_s * 1e6)
