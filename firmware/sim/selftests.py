"""What is done in the self-tests: drop jumps, standing on one leg, held lunges.

Each is a movement for sim.leg (see sim.moves), and tells its truth. Shapes are our own, sized to
what is known of such movements (biomechanics C2, C9, D; tempo and depth of landings from memory):

    Drop     off a box, a landing, a jump, a second landing, and up onto the box again. The ground
             stops the ankle within some 50 ms; it bends the knee by 200 to 300 deg/s on average,
             and to the largest rate within 30 to 60 ms. The blow itself is a sim.events.Shock at
             `touches`: 5 to 25 g at the shank (D).
    OneLeg   the weight goes over the foot, then corrections: sways of 0.2 to 1.6 Hz in both planes
    Lunge    the knee is pushed ahead over the foot, kept there for a moment, and taken back
"""

import math

from sim.leg import eased

_DEG = math.pi / 180.0
_G = 9.80665


def _eased_sum(x: float) -> float:
    """The integral of `eased` from 0 to x, x within 0 and 1."""
    return x * x * x * x * (2.5 - 3.0 * x + x * x)


class _Fall:
    """The ankle's height from stretches (duration, speed from, to, smoothly or not), in order."""

    def __init__(self, start_s, stretches):
        self._rows = []
        t, y = start_s, 0.0
        for takes_s, v0, v1, smooth in stretches:
            self._rows.append((t, takes_s, y, v0, v1, smooth))
            t += takes_s
            y += 0.5 * (v0 + v1) * takes_s
        self.end_s, self.end = t, y

    def at(self, t: float) -> float:
        if t >= self.end_s:
            return self.end
        for start_s, takes_s, y, v0, v1, smooth in reversed(self._rows):
            if t >= start_s:
                x = (t - start_s) / takes_s
                part = _eased_sum(x) if smooth else 0.5 * x * x
                return y + takes_s * (v0 * x + (v1 - v0) * part)
        return 0.0


class _Caught:
    """The knee from before a contact to its deepest point: bent `ahead_s` before it, even faster;
    then to its largest rate within `rise_s`, and to rest at `takes_s`."""

    def __init__(self, random, contact_s, from_deg, depth_deg):
        self.contact_s = contact_s
        self._ahead_s = random.between(0.18, 0.3)
        self._from = from_deg
        self.contact_deg = from_deg + random.between(8.0, 20.0)
        self._rate = 2.0 * (self.contact_deg - from_deg) / self._ahead_s
        self._rise_s = random.between(0.03, 0.06)
        gained = depth_deg - self.contact_deg
        self._takes_s = gained / random.between(200.0, 300.0)  # who falls gently bends more
        left_s = self._takes_s - self._rise_s
        self._most = (gained - 0.5 * self._rise_s * self._rate) / (0.5 * (self._rise_s + left_s))
        self.depth_deg = depth_deg
        self.deepest_s = contact_s + self._takes_s

    def at(self, t: float) -> float:
        u = t - self.contact_s
        if u <= 0.0:
            x = max(0.0, 1.0 + u / self._ahead_s)
            return self._from + (self.contact_deg - self._from) * x * x
        if u >= self._takes_s:
            return self.depth_deg
        x = min(1.0, u / self._rise_s)
        rose = self._rise_s * (self._rate * x + (self._most - self._rate) * _eased_sum(x))
        left_s = self._takes_s - self._rise_s
        x = (u - self._rise_s) / left_s
        fell = left_s * self._most * (x - _eased_sum(x)) if x > 0.0 else 0.0
        return self.contact_deg + rose + fell


class Drop:
    """One drop jump from a stance on the box to the next. `landings` are its `_Caught`, `touches`
    when the foot touches the ground, `valgus_deg` of each."""

    placed = False
    SWING_S = 0.9
    STEP_UP_S = 1.6

    def __init__(self, random, start_s, height_m, depth_deg, valgus_deg):
        self.start_s = start_s
        stops_s = random.between(0.04, 0.06)  # in which the ground stops the ankle
        falls_s = math.sqrt(2.0 * height_m / _G) - 0.5 * stops_s
        left_s = start_s + 0.8 * self.SWING_S
        speed = _G * falls_s
        first_s = left_s + falls_s
        one = _Caught(random, first_s, 4.0, depth_deg)
        jump_s = one.deepest_s + random.between(0.02, 0.08)
        self._jump = (jump_s, random.between(0.26, 0.34))
        off_s = jump_s + self._jump[1] - 0.06
        rises_s = 0.1  # the foot rolls off meanwhile
        up = random.between(1.8, 2.4)
        high = up * up / (2.0 * _G) + 0.5 * up * rises_s
        down = _G * (math.sqrt(0.25 * stops_s * stops_s + 2.0 * high / _G) - 0.5 * stops_s)
        second_s = off_s + rises_s + (up + down) / _G
        two = _Caught(random, second_s, 3.0, 0.75 * depth_deg)
        self._falls = (
            _Fall(left_s, ((falls_s, 0.0, -speed, False), (stops_s, -speed, 0.0, True))),
            _Fall(
                off_s,
                (
                    (rises_s, 0.0, up, True),
                    ((up + down) / _G, up, -down, False),
                    (stops_s, -down, 0.0, True),
                ),
            ),
        )
        self.landings = (one, two)
        self.touches = (first_s, second_s)
        self._up = (two.deepest_s + 0.1, random.between(0.7, 1.0))
        self._back_s = self._up[0] + self._up[1] + 1.0
        self.end_s = self._back_s + self.STEP_UP_S
        self._bumps = [
            (
                c.contact_s + random.between(0.5, 0.9) * (c.deepest_s - c.contact_s),
                random.between(0.05, 0.08),
                valgus_deg * part,
            )
            for c, part in ((one, 1.0), (two, 0.7))
        ]

    def flexion_deg(self, t: float) -> float:
        one, two = self.landings
        jump_s, jumps_s = self._jump
        up_s, ups_s = self._up
        if t < jump_s:
            swing = (t - self.start_s) / self.SWING_S
            bent = one.at(t) - 4.0 * (1.0 - eased(2.0 * swing))
            if 0.0 < swing < 0.7:
                bent += 42.0 * (4.0 * swing / 0.7 * (1.0 - swing / 0.7)) ** 3
            return bent
        if t < two.contact_s - 0.31:
            return one.depth_deg + (3.0 - one.depth_deg) * eased((t - jump_s) / jumps_s)
        if t < up_s:
            late = one.depth_deg + (3.0 - one.depth_deg) * eased((t - jump_s) / jumps_s)
            return two.at(t) + late - 3.0
        bent = two.depth_deg * (1.0 - eased((t - up_s) / ups_s))
        x = (t - self._back_s) / self.STEP_UP_S
        if 0.0 < x < 1.0:
            bent += 75.0 * (4.0 * x * (1.0 - x)) ** 2
        return bent

    def valgus_deg(self, t: float) -> float:
        total = 0.0
        for at_s, sigma_s, size in self._bumps:
            u = (t - at_s) / sigma_s
            if -5.0 < u < 5.0:
                total += size * math.exp(-0.5 * u * u)
        return total

    def height_m(self, t: float) -> float:
        drop, jump = self._falls
        way = drop.at(t) + jump.at(t)
        back = eased((t - self._back_s) / (0.7 * self.STEP_UP_S))
        return way - (drop.end + jump.end) * back

    def shape(self, t: float, p, lean_per_flexion: float) -> None:
        p.bent = self.flexion_deg(t) * _DEG
        p.rate = (self.flexion_deg(t + 0.002) - self.flexion_deg(t - 0.002)) / 0.004 * _DEG
        p.flexion += p.bent
        p.lean += lean_per_flexion * p.bent
        p.valgus += self.valgus_deg(t) * _DEG
        p.foot_y += self.height_m(t)

    def told(self) -> list:
        rows = []
        for one in self.landings:
            steps = [
                self.valgus_deg(one.contact_s + 0.01 * i * (one.deepest_s - one.contact_s))
                for i in range(101)
            ]
            gained = [value - steps[0] for value in steps]
            rows.append(
                {
                    "kind": "landing",
                    "start_s": round(one.contact_s, 4),
                    "end_s": round(one.deepest_s, 4),
                    "contact_flexion_deg": round(one.contact_deg, 2),
                    "peak_flexion_deg": round(one.depth_deg, 2),
                    "excursion_deg": round(max(gained, key=abs), 2),
                }
            )
        return rows


class _Sines:
    """A handful of sines between two frequencies, `rms` altogether."""

    def __init__(self, random, rms, low_hz, high_hz, count=5):
        step = (high_hz - low_hz) / count
        self._rows = [
            (
                rms * math.sqrt(2.0 / count),
                2.0 * math.pi * (low_hz + step * (i + random.unit())),
                random.between(0.0, 6.28),
            )
            for i in range(count)
        ]

    def at(self, t: float) -> float:
        total = 0.0
        for size, omega, phase in self._rows:
            total += size * math.sin(omega * t + phase)
        return total


class OneLeg:
    """Standing on this leg for `holds_s`; `sway_deg` of the shank to the side, root mean square."""

    placed = False
    SHIFT_S = 0.9

    def __init__(self, random, start_s, holds_s, sway_deg):
        self.start_s = start_s
        self._from_s = start_s + self.SHIFT_S
        self.down_s = self._from_s + holds_s
        """When the other foot is put down again."""
        self.end_s = self.down_s + 0.5
        self._over = -random.between(3.0, 5.0)
        self._bent = random.between(4.0, 10.0)
        self._frontal = _Sines(random, sway_deg, 0.2, 1.6)
        self._sagittal = _Sines(random, 0.7 * sway_deg, 0.2, 1.4)
        self._valgus = _Sines(random, 0.5 * sway_deg, 0.3, 1.6)
        self._shaking = _Sines(random, random.between(1.0, 3.0), 6.0, 11.0, 3)  # deg/s

    def _part(self, t: float) -> float:
        return eased((t - self.start_s) / self.SHIFT_S) * eased((self.end_s - t) / 0.5)

    def inward_deg(self, t: float) -> float:
        return self._part(t) * (self._over + self._frontal.at(t))

    def shape(self, t: float, p, lean_per_flexion: float) -> None:
        part = self._part(t)
        p.bent = part * self._bent * _DEG
        p.flexion += p.bent + part * 0.6 * self._sagittal.at(t) * _DEG
        p.lean += part * (0.3 * self._bent + self._sagittal.at(t)) * _DEG
        p.lean += part * self._shaking.at(t) / (2.0 * math.pi * 8.0) * _DEG
        p.inward += self.inward_deg(t) * _DEG
        p.valgus += part * self._valgus.at(t) * _DEG

    def told(self) -> list:
        steps = int((self.down_s - self._from_s) / 0.05)
        frontal = [self._frontal.at(self._from_s + 0.05 * i) for i in range(steps)]
        valgus = [self._valgus.at(self._from_s + 0.05 * i) for i in range(steps)]
        return [
            {
                "kind": "hold",
                "start_s": round(self._from_s, 3),
                "end_s": round(self.down_s, 3),
                "shank_sway_deg": round(_spread(frontal), 3),
                "valgus_sway_deg": round(_spread(valgus), 3),
            }
        ]


class Lunge:
    """The knee ahead over the foot until the shank leans `lean_deg`, kept for `holds_s`."""

    placed = False

    def __init__(self, random, start_s, holds_s, lean_deg):
        self.start_s = start_s
        self._ahead_s = random.between(1.2, 2.0)
        self._from_s = start_s + self._ahead_s
        self._until_s = self._from_s + holds_s
        self._back_s = random.between(1.0, 1.6)
        self.end_s = self._until_s + self._back_s
        self.lean_deg = lean_deg
        self._bends = random.between(1.5, 1.8)  # the knee, for each degree of lean

    def shape(self, t: float, p, lean_per_flexion: float) -> None:
        part = eased((t - self.start_s) / self._ahead_s)
        part *= 1.0 - eased((t - self._until_s) / self._back_s)
        p.bent = part * self._bends * self.lean_deg * _DEG
        p.flexion += p.bent
        p.lean += part * self.lean_deg * _DEG

    def told(self) -> list:
        return [
            {
                "kind": "lunge",
                "start_s": round(self._from_s, 3),
                "end_s": round(self._until_s, 3),
                "shank_inclination_deg": round(self.lean_deg, 2),
            }
        ]


def _spread(values) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum([(value - mean) ** 2 for value in values]) / len(values))
