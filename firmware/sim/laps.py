"""The sets of a scenario over and over: a training day out of one session, for runs of hours.

From the end of the movement it goes back to the beginning of the first set's window, where the
person stands as well; the sway makes a step of a fraction of a degree there, which the filters take
as a shift of weight. What the sensors are made to do but once, slips and the like, comes again.
"""


class Laps:
    """`source` up to its end, then from `from_s` on again and again, `laps` times in all."""

    def __init__(self, source, from_s: float, laps: int):
        self._source = source
        self._from_s = from_s
        self._lap_s = source.duration_s - from_s
        self.duration_s = from_s + laps * self._lap_s

    def imu(self, mount: str, t_s: float) -> tuple:
        return self._source.imu(mount, self._folded(t_s))

    def still(self, mount: str, t_s: float) -> tuple:
        return self._source.still(mount, self._folded(t_s))

    def _folded(self, t_s: float) -> float:
        if t_s < self._source.duration_s:
            return t_s
        return self._from_s + (t_s - self._from_s) % self._lap_s

    def windows(self, rows: list) -> list:
        """The windows, those of the sets once for each lap."""
        sets = [row for row in rows if row["kind"] == "set" and row["start_s"] >= self._from_s]
        told = list(rows)
        shift_s = self._lap_s
        while shift_s + self._from_s < self.duration_s - 1e-6:
            for row in sets:
                again = dict(row)
                again["start_s"] = round(row["start_s"] + shift_s, 3)
                again["end_s"] = round(row["end_s"] + shift_s, 3)
                told.append(again)
            shift_s += self._lap_s
        return told
