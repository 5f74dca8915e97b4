"""What the band cues by without a host: the reference curve and how often, kept over restarts.

    magic "KC1", u8 policy (wire.CUE_*), two wire.REFERENCE records (down, up; zeros for none)

What is kept holds for recordings that the band begins alone, by its button or RECORD. One that a
host starts has the cues that this host asks for and no others: it may give its own, or compare with
a session without. What it asks is gone with the recording, or with the host if none came of it.

A `kneeband.sealed` file. The two ways of a curve come one by one; they serve together, and only
with the calibration that they were measured with.
"""

from kneeband import config, sealed
from kneecore import wire
from kneecore.cueing import Cueing
from kneecore.excursion import ReferenceCurve

_MAGIC = b"KC1"
_WAYS = (wire.WAY_DOWN, wire.WAY_UP)


class Habits:
    """`load` once. `policy` and what `keep_way` was given outlive a restart."""

    def __init__(self, path: str = config.HABITS_PATH):
        self._path = path
        self.policy = wire.CUE_OFF
        self._now: int | None = None  # for one recording
        self._ways = [b"", b""]

    def load(self):
        """Read what is there; what can't be read is not there."""
        data = sealed.read(self._path)
        size = wire.REFERENCE.size
        if not data or len(data) != 4 + 2 * size or bytes(data[:3]) != _MAGIC:
            return
        if data[3] not in (wire.CUE_OFF, wire.CUE_EVERY, wire.CUE_FADED, wire.CUE_END):
            return
        self.policy = data[3]
        for way in _WAYS:
            record = bytes(data[4 + way * size : 4 + (way + 1) * size])
            self._ways[way] = record if wire.REFERENCE.unpack_from(record).points else b""

    def set_for_now(self, policy: int):
        """For the recording that runs or comes next."""
        self._now = policy

    def recording_over(self):
        """What was said for one recording holds no more."""
        self._now = None

    def keep_policy(self, policy: int) -> bool:
        """False if it could not be kept: then the one before holds."""
        before = self.policy
        self.policy = policy
        if self._save():
            return True
        self.policy = before
        return False

    def keep_way(self, way: int, record: bytes) -> bool:
        """Keep a wire.REFERENCE record; False if that failed."""
        before = self._ways[way]
        self._ways[way] = record
        if self._save():
            return True
        self._ways[way] = before
        return False

    def cueing(self, calibration_id: int, alone: bool):
        """A Cueing by all of this for a recording that was begun `alone` or by a host.

        None where there is to be none or the curve is another's.
        """
        policy = self._now
        if policy is None:
            policy = self.policy if alone else wire.CUE_OFF
        if policy == wire.CUE_OFF or not calibration_id or not all(self._ways):
            return None
        down, up = [wire.REFERENCE.unpack_from(record) for record in self._ways]
        for each in (down, up):
            if each.calibration_id != calibration_id or each.points != down.points:
                return None
        points = down.points
        curve = ReferenceCurve(list(down.valgus_deg[:points]), list(up.valgus_deg[:points]))
        return Cueing(curve, down.sem_deg, policy)

    def _save(self) -> bool:
        none = bytes(wire.REFERENCE.size)
        ways = b"".join([record or none for record in self._ways])
        return sealed.write(self._path, _MAGIC + bytes((self.policy,)) + ways)
