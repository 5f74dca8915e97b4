"""Playing a movement on the board's clock: from where it stands until some time, then held.

    play(until_s, speed)  sets the leg in motion; the clock runs at `speed` meanwhile (0.0: as fast
                          as it can). `lead_s` holds the pose that long before the motion begins.
    imu(mount, t_s)       what a chip feels at board time t_s (what a `sim.imu_model` asks)
    on_held               hook, called when the leg has come to a halt; the clock is at real time

Movement time is board time, shifted, and slower by as much as the board's clock is fast. A held leg
has no rate and feels gravity only; halts are meant for moments in which the person stands anyway. A
recording's gyroscopes go on showing their `zeros` (by mount, rad/s): they are part of what it is.

Chips make their samples late, when they are read. So before anything changes here they are told to
catch up (`chips`). One whose filters delay asks for a moment before the movement began even so.
"""

from sim import vclock
from sim.compiled import micropython


class Motion:
    def __init__(self, source, clock_ppm: float = 0.0):
        """`clock_ppm`: the board's clock is fast by so much."""
        self.source = source
        self._pace = 1.0 / (1.0 + 1e-6 * clock_ppm)  # movement seconds in one of the board's
        self.chips = []
        self.zeros = {}
        self.on_held = _nothing
        self.playing = False
        self._from_us = 0  # board time at which the last stretch began ...
        self._from_s = 0.0  # ... and where in the movement
        self._until_s = 0.0
        self._before = {}  # what is felt where it stands still before that stretch, by mount ...
        self._after = {}  # ... and after it

    @property
    def ended(self) -> bool:
        return not self.playing and self._until_s >= self.source.duration_s

    def body_s(self) -> float:
        """Where in the movement the leg is now."""
        return self._body_s(vclock.now_us() * 1e-6)

    def _body_s(self, t_s: float) -> float:
        moved = self._from_s + (t_s - self._from_us * 1e-6) * self._pace
        return min(self._until_s, max(self._from_s, moved))

    def play(self, until_s=None, speed: float = 1.0, lead_s: float = 0.0, from_s=None) -> None:
        """Move until `until_s` of the movement (None: its end). A time gone by changes nothing.

        The leg moves on from where it stands, or is at `from_s` of the movement now.
        """
        now = vclock.now_us()
        for chip in self.chips:
            chip.catch_up(now)
        end_s = self.source.duration_s
        if until_s is not None and until_s < end_s:
            end_s = until_s
        self._from_s = self._body_s(now * 1e-6) if from_s is None else min(from_s, end_s)
        self._from_us = now + int(lead_s * 1e6)
        self._until_s = max(end_s, self._from_s)
        self._before = {}
        self._after = {}
        self.playing = True
        vclock.set_speed(speed)
        # The alarm is rounded up: at the halt the movement's last sample has been passed.
        takes_us = (self._until_s - self._from_s) * 1e6 / self._pace
        vclock.set_alarm(self._from_us + int(takes_us) + 1, self._hold)

    def _hold(self) -> None:
        self.playing = False
        vclock.set_speed(1.0)
        self.on_held()

    @micropython.native
    def imu(self, mount: str, t_s: float) -> tuple:
        moved = self._from_s + (t_s - self._from_us * 1e-6) * self._pace
        if self._from_s < moved < self._until_s:
            return self.source.imu(mount, moved)
        held = self._before if moved <= self._from_s else self._after
        if mount not in held:
            still = self.source.still(mount, self._body_s(t_s))
            held[mount] = tuple(self.zeros.get(mount, still[:3])) + still[3:]
        return held[mount]


def _nothing() -> None:
    pass
