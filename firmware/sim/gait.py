"""Walking and running: bouts of strides, from standing to standing.

    Bout(start_s, NORM, person, strides, heading)      a movement for sim.leg
    laid_out(...)                                      the strides of a bout, with stops and turns

A stride goes from one contact of the foot to its next. Over it, in hundredths, run four curves: the
knee's flexion, the shank's forward lean (from its rate), the ankle's way forward and its height.

Where the shapes come from
    Knee flexion is that of the textbooks (Winter, The Biomechanics and Motor Control of Human Gait;
    Novacheck, Gait Posture 7:77, 1998), at 5 % steps, by eye. The shank's rate is drawn after what
    gyroscopes on a shank show: a swing of 250 to 400 deg/s, running twice that; it has turned round
    already when the heel comes down; a blow; rolling over the foot; fastest just before the foot
    leaves the ground (Aminian et al., J Biomech 35:689, 2002).
    When a foot touches the ground, and when it leaves it, is a choice of each simulated person's, a
    little off the turning points of the shank's rate, as force plates see it: contact 0 +- 0.6 %
    of the stride, foot-off 3 +- 0.8 % behind the fastest rolling over. Whoever looks for these
    instants in the rate alone can't know that.

Standing up to a walk and coming to a stop scale everything smoothly; a turn is walked in three
slower, shorter strides.
"""

import math

from sim.leg import eased

_DEG = math.pi / 180.0
_N = 100
_RAMP = 0.6  # of a stride in which a bout begins, and ends
_TURN_STRIDES = 3


def _looped(xs, ys) -> list:
    """`_N` values over the cycle on a smooth curve through points (x, y), x from 0 to 1.

    Cubic pieces as Catmull and Rom's, but level in every turning point, so that none overshoots.
    """
    count = len(xs)
    slopes = []
    for i in range(count):
        before, after = (i - 1) % count, (i + 1) % count
        run = (xs[after] - xs[before]) % 1.0
        turns = (ys[i] - ys[before]) * (ys[after] - ys[i]) <= 0.0
        slopes.append(0.0 if turns else (ys[after] - ys[before]) / run)
    values = []
    for k in range(_N):
        x = k / _N
        i = count - 1
        while xs[i] > x:
            i -= 1
        j = (i + 1) % count
        run = (xs[j] - xs[i]) % 1.0
        u = (x - xs[i]) / run
        v = 1.0 - u
        values.append(
            v * v * ((1.0 + 2.0 * u) * ys[i] + u * run * slopes[i])
            + u * u * ((1.0 + 2.0 * v) * ys[j] - v * run * slopes[j])
        )
    return values


def _rounded(values) -> list:
    """The mean of every five neighbours, twice: what was drawn by eye has no corners."""
    for _ in range(2):
        values = [sum([values[(k + d) % _N] for d in range(-2, 3)]) / 5.0 for k in range(_N)]
    return values


def _integral(rates, mean) -> list:
    """The curve with these rates; what it misses to close is taken off all alike. `mean` is its."""
    drift = sum(rates) / _N
    total, values = 0.0, []
    for k in range(_N):
        values.append(total)
        total += (0.5 * (rates[k] + rates[(k + 1) % _N]) - drift) / _N
    shift = mean - sum(values) / _N
    return [value + shift for value in values]


def _way(speeds) -> list:
    """The way covered with these speeds, from 0 to 1 at the next contact; the foot is still in
    stance."""
    total, values = 0.0, []
    for k in range(_N):
        values.append(total)
        total += 0.5 * (speeds[k] + speeds[(k + 1) % _N])
    return [value / total for value in values]


def _pairs(rows) -> tuple:
    return [row[0] for row in rows], [row[1] for row in rows]


_FIVE_PERCENT = [0.05 * i for i in range(20)]


class Norm:
    """How people walk, or run. `stride_m` is at usual cadence; `foot_off` and `stands_at` are parts
    of a stride, the latter where in stance a bout begins and ends; `strike` (g, deg/s) is the blow.
    """

    def __init__(
        self,
        steps_per_min,
        stride_m,
        foot_off,
        stands_at,
        strike,
        flexion,
        rate,
        lean,
        way,
        lift,
    ):
        self.stride_s = 120.0 / steps_per_min
        self.stride_m = stride_m
        self.foot_off = foot_off
        self.stands_at = stands_at
        self.strike = strike
        self.flexion = _rounded(_looped(_FIVE_PERCENT, flexion))
        self.lean = _integral([r * self.stride_s for r in _looped(*_pairs(rate))], lean)
        self.way = _way(_looped(*_pairs(way)))
        self.lift = _looped(*_pairs(lift))


# fmt: off
WALK = Norm(
    110.0, 1.35, 0.615, 0.3, (2.0, 100.0),
    (5, 10, 15.5, 18, 16.5, 13, 9.5, 6.5, 5, 6, 10, 19, 33, 48.5, 59, 61, 54, 40, 22, 8),
    ((0.0, 130), (0.03, 75), (0.06, 115), (0.12, 75), (0.2, 45), (0.3, 50), (0.4, 72), (0.5, 130),
     (0.57, 195), (0.6, 195), (0.635, 110), (0.66, 10), (0.72, -230), (0.8, -390), (0.86, -330),
     (0.92, -140), (0.945, -20), (0.965, 55)),
    16.0,
    ((0.0, 0.0), (0.1, 0.0), (0.25, 0.0), (0.4, 0.0), (0.5, 0.35), (0.6, 1.6), (0.66, 2.5),
     (0.75, 3.2), (0.85, 3.3), (0.92, 2.2), (0.97, 0.5)),
    ((0.0, 0.005), (0.04, 0.0), (0.2, 0.0), (0.4, 0.0), (0.5, 0.03), (0.6, 0.11), (0.66, 0.15),
     (0.75, 0.11), (0.85, 0.06), (0.93, 0.045)),
)
RUN = Norm(
    168.0, 2.1, 0.36, 0.2, (7.0, 250.0),
    (15, 25, 34, 39, 38, 33, 27, 23, 25, 34, 48, 63, 75, 81, 80, 71, 56, 38, 22, 14),
    ((0.0, 190), (0.03, 100), (0.07, 190), (0.15, 165), (0.22, 150), (0.28, 230), (0.33, 360),
     (0.37, 340), (0.42, 250), (0.5, 110), (0.56, -30), (0.65, -370), (0.75, -640), (0.82, -560),
     (0.88, -260), (0.93, -30), (0.965, 120)),
    33.0,
    ((0.0, 0.0), (0.06, 0.0), (0.14, 0.0), (0.22, 0.0), (0.3, 0.3), (0.36, 1.2), (0.45, 2.0),
     (0.6, 2.6), (0.75, 2.7), (0.85, 2.2), (0.92, 1.4), (0.97, 0.4)),
    ((0.0, 0.01), (0.04, 0.0), (0.12, 0.0), (0.2, 0.0), (0.3, 0.05), (0.36, 0.12), (0.5, 0.3),
     (0.6, 0.36), (0.7, 0.3), (0.8, 0.18), (0.9, 0.08), (0.96, 0.03)),
)
# fmt: on
NORMS = {"walk": WALK, "run": RUN}


class Person:
    """Whose gait it is: sizes of the movement, and when this foot really touches and leaves."""

    def __init__(self, random, norm):
        self.flexes = 1.0 + 0.07 * random.normal()
        self.leans = 1.0 + 0.07 * random.normal()
        self.contact = 0.006 * random.normal()
        self.foot_off = norm.foot_off + 0.008 * random.normal()


class Stride:
    """From `contact_s` on, `takes_s` long. `turn` (rad, inward) is turned meanwhile."""

    def __init__(self, contact_s, takes_s, length_m, valgus, size, turn, steady):
        self.contact_s = contact_s
        self.takes_s = takes_s
        self.length_m = length_m
        self.valgus = valgus
        self.size = size
        self.turn = turn
        self.steady = steady


def laid_out(
    random, norm, start_s, count, stride_s, valgus_deg, variation_deg, turns, turn
) -> list:
    """`count` strides, behind the part of one with which a bout begins.

    Every `turns` strides (0: never) the person turns by `turn` rad, to and fro.
    """
    usual_m = norm.stride_m * math.sqrt(norm.stride_s / stride_s)  # quicker steps are longer
    strides = []
    at_s = start_s - norm.stands_at * stride_s
    left = 0
    for k in range(count + 1):
        if turns and k and k % turns == 0 and k + _TURN_STRIDES < count:
            left = _TURN_STRIDES
        turning = left > 0
        left -= 1
        takes_s = stride_s * (1.0 + 0.02 * random.normal()) * (1.12 if turning else 1.0)
        strides.append(
            Stride(
                at_s,
                takes_s,
                usual_m * (0.55 if turning else 1.0) * (1.0 + 0.02 * random.normal()),
                (valgus_deg + variation_deg * random.normal()) * _DEG,
                (0.85 if turning else 1.0) * (1.0 + 0.02 * random.normal()),
                turn / _TURN_STRIDES if turning else 0.0,
                0 < k < count and not turning,
            )
        )
        at_s += takes_s
        if turning and not left:
            turn = -turn
    return strides


class Bout:
    """Strides in a row, from standing to standing; `strides[0]` is the one that is begun in.

    `heading` is where the leg points before (rad, inward positive), `side` which leg it is: both
    for the way that the foot goes.
    """

    placed = True
    knee_turn = 0.0

    def __init__(self, norm, person, strides, heading, side):
        self.norm = norm
        self.person = person
        self.strides = strides
        self._side = side
        first, last = strides[0], strides[-1]
        self.start_s = first.contact_s + norm.stands_at * first.takes_s
        self.end_s = last.contact_s + norm.stands_at * last.takes_s
        self._start_ramp_s = _RAMP * first.takes_s
        self._end_ramp_s = _RAMP * last.takes_s
        self._heading = heading
        self._near = 0
        self._before = []  # (forward m, aside m, turn) before each stride
        x = z = turned = 0.0
        for stride in strides:
            self._before.append((x, z, turned))
            x, z = self._gone(x, z, turned + 0.5 * stride.turn, stride.length_m)
            turned += stride.turn
        # Of the last only what lies before mid-stance is walked: the foot is down already.
        self.ahead_m, self.aside_m, self.yaw = self._before[-1]

    def _gone(self, x, z, turned, way_m) -> tuple:
        angle = self._side * (self._heading + turned)
        return x + way_m * math.cos(angle), z - way_m * math.sin(angle)

    def contacts(self) -> list:
        """(when the foot touches, when it leaves again or None, its stride) of every contact."""
        rows = []
        for k in range(1, len(self.strides)):
            stride = self.strides[k]
            leaves_s = None
            if k + 1 < len(self.strides):
                leaves_s = stride.contact_s + self.person.foot_off * stride.takes_s
            rows.append((stride.contact_s + self.person.contact * stride.takes_s, leaves_s, stride))
        return rows

    def _stride_at(self, t: float) -> int:
        k = self._near
        while k > 0 and t < self.strides[k].contact_s:
            k -= 1
        while k + 1 < len(self.strides) and t >= self.strides[k + 1].contact_s:
            k += 1
        self._near = k
        return k

    def shape(self, t: float, p, lean_per_flexion: float) -> None:
        k = self._stride_at(t)
        stride = self.strides[k]
        norm, person = self.norm, self.person
        x = (t - stride.contact_s) / stride.takes_s
        size = stride.size
        part = eased((t - self.start_s) / self._start_ramp_s)
        part *= eased((self.end_s - t) / self._end_ramp_s)
        after = self.strides[k + 1].size if k + 1 < len(self.strides) else size
        part *= size + (after - size) * eased((x - 0.3) / 0.7)
        bent, slope = _read(norm.flexion, x)
        p.bent = part * person.flexes * bent * _DEG
        p.rate = part * person.flexes * slope * _DEG / stride.takes_s
        p.flexion += p.bent
        p.lean += part * person.leans * _read(norm.lean, x)[0] * _DEG
        p.foot_y += part * _read(norm.lift, x)[0]
        way = _read_way(norm.way, x)
        before_x, before_z, turned = self._before[k]
        turn = stride.turn * eased(x)
        here_x, here_z = self._gone(
            before_x, before_z, turned + 0.5 * stride.turn, stride.length_m * way
        )
        p.foot_x += here_x
        p.foot_z += here_z
        p.yaw += turned + turn
        stands = (x - person.contact) / (person.foot_off - person.contact)
        p.valgus += part * stride.valgus * eased(stands / 0.3) * eased((1.0 - stands) / 0.4)


def _read(table, x: float) -> tuple:
    """(value, slope) of a cycle's table at x, along a Catmull-Rom curve."""
    at = x * _N
    i = int(at)
    u = at - i
    a, b, c, d = (
        table[(i - 1) % _N],
        table[i % _N],
        table[(i + 1) % _N],
        table[(i + 2) % _N],
    )
    p, q, r = c - a, 2.0 * a - 5.0 * b + 4.0 * c - d, 3.0 * (b - c) + d - a
    return b + 0.5 * u * (p + u * (q + u * r)), 0.5 * _N * (p + u * (2.0 * q + 3.0 * u * r))


def _read_way(table, x: float) -> float:
    """The way at x: a table that goes on, a whole one further, after a cycle."""
    at = x * _N
    i = int(at)
    u = at - i
    a, b, c, d = [
        table[j % _N] + (1.0 if j >= _N else -1.0 if j < 0 else 0.0) for j in range(i - 1, i + 3)
    ]
    p, q, r = c - a, 2.0 * a - 5.0 * b + 4.0 * c - d, 3.0 * (b - c) + d - a
    return b + 0.5 * u * (p + u * (q + u * r))
