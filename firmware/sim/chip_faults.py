"""What may go wrong with a chip on the bus, the same for every kind of chip.

    nack        it does not acknowledge its address, but measures on (a bad contact of a bus line)
    stuck       the same values again and again
    dry         it answers, and makes no samples
    brownout    everything back to the state after power-up, at once
    unplugged   without power and bus; then as after power-up

A chip's model derives from `Faulty`, asks `is_stuck` and `is_dry`, and says what `_reset` means.
`Both` is two chips that were given one address.
"""

BOOT_US = 10_000  # after power came back


class Faulty:
    """Faults that begin now and last for a while."""

    def _no_faults(self) -> None:
        self._from_us = {}
        self._until_us = {}

    def fault(self, kind: str, now_us: int, duration_us: int = 0) -> None:
        """From `now_us` on, for so long (a brown-out takes no time)."""
        if kind not in ("nack", "stuck", "dry", "brownout", "unplugged"):
            raise ValueError("there is no fault " + str(kind))
        self.catch_up(now_us)
        if kind in ("brownout", "unplugged"):
            self._reset(now_us)
        if kind == "unplugged":
            kind = "nack"
            duration_us += BOOT_US
        self._from_us[kind] = now_us
        self._until_us[kind] = now_us + duration_us

    def answers(self, now_us: int) -> bool:
        """False while a fault keeps it from acknowledging its address."""
        return not self._in("nack", now_us)

    def is_stuck(self, t_us) -> bool:
        return self._in("stuck", t_us)

    def is_dry(self, t_us) -> bool:
        return self._in("dry", t_us)

    def _in(self, kind, t_us) -> bool:
        return kind in self._from_us and self._from_us[kind] <= t_us < self._until_us[kind]


class Both:
    """Two chips at one address: both hear, both answer, and a zero of either wins on the wire."""

    def __init__(self, one, other):
        self._chips = (one, other)

    def answers(self, now_us: int) -> bool:
        return any(chip.answers(now_us) for chip in self._chips)

    def catch_up(self, now_us: int) -> None:
        for chip in self._chips:
            chip.catch_up(now_us)

    def read_into(self, register: int, buffer, now_us: int) -> None:
        for i in range(len(buffer)):
            buffer[i] = 0xFF
        said = bytearray(len(buffer))
        for chip in self._chips:
            if chip.answers(now_us):
                chip.read_into(register, said, now_us)
                for i in range(len(buffer)):
                    buffer[i] &= said[i]

    def write(self, register: int, data, now_us: int) -> None:
        for chip in self._chips:
            if chip.answers(now_us):
                chip.write(register, data, now_us)
