"""Both legs of one person calibrated at once: two procedures that wait for each other.

Both legs lie on the table, stand and squat together, so each procedure sees its own leg do what it
asks for. Only strapping is done one leg after the other, sitting as likely as not: the leg that has
its band on first must not take that for its stand. So it begins to look for the stand when the
other one wears its band too. What has to be done again is done again by its own leg's procedure;
the other one has what it needs, or goes on.
"""

from __future__ import annotations

from kneetrack.calibration.procedure import Procedure, Told
from kneetrack.calibration.steps import STAND, STRAP, TABLE
from kneetrack.samples import ImuPair


class OneOfTwo(Procedure):
    """A leg's procedure; `other` is the other leg's, once there is one."""

    other: Procedure | None = None
    _waited = False

    @property
    def waits(self) -> bool:
        """Whether it waits for the other leg's band to be put on."""
        other = self.other
        return (
            other is not None
            and other.outcome is None
            and self.step == STAND
            and other.step in (TABLE, STRAP)
        )

    def feed(self, pair: ImuPair) -> list[Told]:
        """As `Procedure`; what comes while it waits is passed over."""
        if self.waits:
            self._waited = True
            return []
        if self._waited:
            self._waited = False
            self._watch.restart()
        return super().feed(pair)


def behind(procedures: tuple[Procedure, ...]) -> Procedure:
    """The one whose step is what the person is to do now: the other waits, or is served by it."""
    going = [one for one in procedures if one.outcome is None] or list(procedures)
    return min(going, key=_progress)


def _progress(one: Procedure) -> int:
    if one.at >= len(one.steps):
        return 4
    order = (TABLE, STRAP, STAND)
    return order.index(one.step) if one.step in order else 3
