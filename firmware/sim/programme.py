"""The timeline of a session: which movement when, and what happens between them.

`Programme(options)` lays everything out, in seconds:

    table | strapping on 3 | stand | functional squats or swings | reference squats |
    the sets, or a walk, or bouts of walking or running | taking off 3, table again

All reps differ a little in depth, tempo, width and height of their valgus, as people's do. Between
two of them stands a rest of 0.5 to 2 s (biomechanics D).
"""

from sim.chip_errors import Random
from sim.events import KNOCK, RERACK, STRIKE, Shock, Slip
from sim.exercises import KINDS
from sim.gait import NORMS, Bout, Person, laid_out
from sim.moves import Rep, Step, Swing, Walk
from sim.selftests import Drop, Lunge, OneLeg

_DEG = 3.141592653589793 / 180.0
STRAP_S = 3.0
BETWEEN_S = 2.0
CALM_STAND_S = 6.0
TILT_S = 2.0
FWHM_PER_SIGMA = 2.355


class Programme:
    """moves, windows, events (told as truth), slips, shocks, tilts; times in s.

    `o` are the options by name (sim.options), complete and checked.
    """

    def __init__(self, o: dict):
        self._o = o
        self._random = Random(o["seed"] + 303)
        self._extra = Random(o["seed"] + 404)  # so that a shock leaves the reps as they were
        self.moves = []
        self.windows = []
        self.events = []
        self.slips = []
        self.shocks = []
        self.tilts = []
        self.restless = None
        self.strapped_s = 0.0
        self.off_s = None
        self._now = 0.0
        self._tremor_hz = self._extra.between(5.0, 11.0)
        self._table()
        self._stand()
        self._block("functional", o["functional"])
        self._block("reference", o["reference"])
        self.strides = []
        self.bouts = []
        if o["gait"] != "none":
            self._gait(NORMS[o["gait"]])
        elif o["test"] in ("drop_jump", "balance", "lunge_test"):
            for _ in range(o["sets"]):
                self._test(o["test"])
        elif o["walk"]:
            self._walk()
        elif o["reps"]:
            if o["test"] != "none":
                self._now += 3.0  # the other foot is lifted
            for index in range(o["sets"]):
                self._set(index)
        if o["last_table"]:
            self._last_table()
        self.duration_s = self._now

    @property
    def reps(self) -> list:
        return [move for move in self.moves if isinstance(move, Rep)]

    def _window(self, kind: str, start_s: float, end_s: float) -> None:
        self.windows.append({"kind": kind, "start_s": round(start_s, 3), "end_s": round(end_s, 3)})

    def _event(self, kind: str, time_s: float, size: float) -> None:
        self.events.append({"kind": kind, "time_s": round(time_s, 3), "size": size})

    # --- before and after ------------------------------------------------------------------------

    def _table(self) -> None:
        o = self._o
        if not o["table"]:
            return
        self._window("table", 0.0, o["table"])
        if o["knock"]:
            self._shock("knock", 0.6 * o["table"], KNOCK)
        self.strapped_s = self._now = o["table"] + STRAP_S

    def _stand(self) -> None:
        o = self._o
        end_s = self._now + o["stand"]
        self._window("stand", self._now + 0.5, end_s)
        if o["restless"]:
            self.restless = (self._now, end_s, o["restless"])
            self._event("restless", self._now, o["restless"])
        self._now = end_s
        if o["strap_turn"]:
            self._slip("strap_turn", self._now + 0.1, o["strap_turn"], 0.4)
            self._now += 1.0

    def _last_table(self) -> None:
        o = self._o
        self.off_s = self._now
        self._now += STRAP_S
        self._window("table", self._now, self._now + o["last_table"])
        self._now += o["last_table"]

    # --- movements -------------------------------------------------------------------------------

    def _block(self, kind: str, count: int) -> None:
        """Calm squats (or swings) in a window of their own."""
        if not count:
            return
        start_s = self._now
        for _ in range(count):
            if kind == "functional" and self._o["movement"] == "swing":
                move = self._swing()
            else:
                move = self._rep(kind, 0)
            self.moves.append(move)
            self._now = move.end_s + self._random.between(0.8, 1.4)
        self._window(kind, start_s, self._now - 0.3)
        self._now += BETWEEN_S

    def _set(self, number: int) -> None:
        o = self._o
        if number:
            self._rest_between()
        if o["tilt"] and not number:
            self.tilts.append((self._now, self._now + TILT_S, o["tilt"]))
            self._now += TILT_S + 1.0
        start_s = self._now
        if o["rerack"]:
            self._shock("unrack", self._now + 1.0, (0.4 * RERACK[0], 0.5 * RERACK[1]))
            self._now += 2.0
            self._steps(-1.0)
        for i in range(1, o["reps"] + 1):
            if i % 3 == 0:
                self._now += o["breath"]
            rep = self._rep("set", i)
            rep.set = number
            rep.gain *= 1.0 + (o["load_gain"] - 1.0) * (number + 1) / o["sets"]
            rep.tremor_deg_s = o["tremor"] * (i / o["reps"]) ** 2
            rep.tremor_hz = self._tremor_hz
            self.moves.append(rep)
            self._now = rep.end_s + self._random.between(0.5, 2.0)
            if o["creep"]:
                self._slip("creep", rep.start_s, o["creep"], rep.end_s - rep.start_s)
            if not number and i == o["reps"] // 2:
                if o["slip"]:
                    self._slip("slip", rep.end_s + 0.2, o["slip"])
                if o["restance"]:
                    self._restance()
        if o["rerack"]:
            self._steps(1.0)
            self._shock("rerack", self._now + 0.3, RERACK)
            self._now += 1.5
        self._window("set", start_s, max(self._now, self.moves[-1].end_s + 0.8) - 0.3)
        self._now = self.windows[-1]["end_s"] + BETWEEN_S

    def _rest_between(self) -> None:
        """Standing, or half of it standing, a walk, and the other half; then calm squats."""
        rest_s = self._o["rest"] - BETWEEN_S
        if self._o["away"]:
            walk = Walk(self._now + 0.5 * rest_s, self._o["away"])
            self._add_walk(walk)
            self._now = walk.end_s
            rest_s *= 0.5
        self._now += rest_s
        if self._o["calm"]:
            self._now += CALM_STAND_S
        for _ in range(self._o["calm"]):
            rep = self._rep("reference", 0)
            self.moves.append(rep)
            self._now = rep.end_s + self._random.between(0.8, 1.4)

    def _rep(self, kind: str, index: int) -> Rep:
        """Slow and a little deeper before the set, so that the reference covers it."""
        o, random = self._o, self._random
        calm = kind != "set"
        down_s = (1.9 if calm else 1.4) * (1.0 + 0.08 * random.normal()) / o["tempo"]
        up_s = (1.8 if calm else 1.2) * (1.0 + 0.08 * random.normal()) / o["tempo"]
        held = o["type"] == "hold" and not calm
        pause_s = (random.between(0.7, 1.2) if held else random.between(0.1, 0.4)) / o["tempo"]
        depth = o["depth"] * ((1.05 if calm else 1.0) + 0.02 * random.normal())
        if kind == "functional" and o["functional_depth"]:
            depth *= o["functional_depth"] / o["depth"]
        valgus = o["variation"] * random.normal()
        if o["type"] != "depth":
            if index and index % 3 == 0:
                valgus += o["valgus"]
            elif index % 8 == 5:
                valgus += 0.65 * o["valgus"]
        shape = Rep if kind == "functional" else KINDS.get(o["test"], Rep)
        rep = shape(kind, self._now, down_s, pause_s, up_s, depth, valgus)
        rep.gain = 1.0 + 0.08 * random.normal()
        rep.held = held
        # From the bottom to the early ascent, 0.3 to 0.6 s wide.
        rep.bump_s = rep.start_s + rep.lead_s + rep.down_s
        rep.bump_s += pause_s * random.unit() + random.between(0.0, 0.2)
        rep.bump_sigma_s = random.between(0.3, 0.6) / FWHM_PER_SIGMA
        if o["type"] == "depth":
            rep.by_depth_deg = o["valgus"]
        if kind == "functional":
            rep.skin_deg = o["axis"]
        return rep

    def _swing(self) -> Swing:
        o, random = self._o, self._random
        # Knee lift and heel curl in one (biomechanics B6): thigh and shank both half way to level.
        scale = (o["functional_depth"] or 100.0) / 100.0
        swing = Swing(
            "functional",
            self._now,
            0.9 * (1.0 + 0.08 * random.normal()) / o["tempo"],
            random.between(0.05, 0.2),
            0.9 * (1.0 + 0.08 * random.normal()) / o["tempo"],
            scale * (100.0 + 4.0 * random.normal()),
            scale * (54.0 + 3.0 * random.normal()),
            2.0 * random.normal(),
            2.0 * random.normal(),
        )
        swing.gain = 1.0 + 0.08 * random.normal()
        swing.skin_deg = o["axis"]
        return swing

    def _steps(self, way: float) -> None:
        """Two steps, `way` 1 forward or -1 backward, with the foot coming down hard."""
        for _ in range(2):
            step = Step(
                self._now, self._extra.between(35.0, 60.0), way * self._extra.between(0.25, 0.45)
            )
            self.moves.append(step)
            self._shock("step", step.down_s, STRIKE)
            self._now = step.end_s + 0.1
        self._now += 1.2

    def _restance(self) -> None:
        o = self._o
        out = -o["restance"] * _DEG
        self._now += 0.4
        step = Step(self._now, 35.0, 0.0, out, o["restance_knee"] * out)
        self.moves.append(step)
        self._event("restance", self._now, o["restance"])
        self._now = step.end_s + 1.2

    def _walk(self) -> None:
        walk = Walk(self._now, self._o["walk"])
        self._add_walk(walk)
        self._window("set", walk.start_s, walk.end_s)
        self._now = walk.end_s + BETWEEN_S

    def _add_walk(self, walk: Walk) -> None:
        self.moves.append(walk)
        for strike_s in walk.strikes_s:
            self.shocks.append(Shock(self._extra, strike_s, STRIKE))

    def _gait(self, norm) -> None:
        """Bouts of it, a window each; the truth of every contact."""
        o = self._o
        person = Person(self._random, norm)
        stride_s = 120.0 / o["cadence"] if o["cadence"] else norm.stride_s
        stride_s *= 1.0 + (0.0 if o["cadence"] else 0.04 * self._random.normal())
        side = 1 if o["side"] == "right" else -1
        blow = (o["impact"] or norm.strike[0], norm.strike[1])
        heading = 0.0
        for number in range(o["sets"]):
            strides = laid_out(
                self._random,
                norm,
                self._now,
                o["strides"],
                stride_s,
                o["valgus"],
                o["variation"],
                o["turns"],
                180.0 * _DEG,
            )
            bout = Bout(norm, person, strides, heading, side)
            heading += bout.yaw
            self.moves.append(bout)
            contacts = bout.contacts()
            for row, (contact_s, leaves_s, stride) in enumerate(contacts):
                self.shocks.append(Shock(self._extra, contact_s, blow))
                last = row + 1 == len(contacts)
                self.strides.append(
                    {
                        "bout": number,
                        "contact_s": round(contact_s, 4),
                        "foot_off_s": None if leaves_s is None else round(leaves_s, 4),
                        "end_s": None if last else round(contacts[row + 1][0], 4),
                        "valgus_deg": round(stride.valgus / _DEG, 2),
                        "steady": stride.steady,
                    }
                )
            self._window("set", bout.start_s, bout.end_s + 0.5)
            self._now = bout.end_s + o["rest"]

    def _test(self, name: str) -> None:
        """A set of drop jumps, holds on one leg, or lunges; the truth of each."""
        o, random = self._o, self._random
        self._now += 3.0
        start_s = self._now - 2.5
        for number in range(o["reps"]):
            if name == "drop_jump":
                depth = o["depth"] * (1.0 + 0.06 * random.normal())
                valgus = o["valgus"] + o["variation"] * random.normal()
                move = Drop(random, self._now, o["height"], depth, valgus)
                for touch_s in move.touches:
                    blow = (o["impact"] or random.between(5.0, 14.0), 250.0)
                    self.shocks.append(Shock(self._extra, touch_s + 0.015, blow))
                rest_s = random.between(1.5, 3.0)
            elif name == "balance":
                broken = o["reps"] > 2 and number == 1  # the foot comes down too early
                holds_s = random.between(4.0, 7.0) if broken else random.between(22.0, 26.0)
                sway = o["one_leg_sway"] * (1.0 + 0.1 * random.normal())
                move = OneLeg(random, self._now, holds_s, sway)
                self.shocks.append(Shock(self._extra, move.down_s, STRIKE))
                rest_s = random.between(4.0, 7.0)
            else:
                lean = o["lean"] * (1.0 + 0.03 * random.normal())
                move = Lunge(random, self._now, random.between(1.5, 3.0), lean)
                rest_s = random.between(1.5, 3.0)
            self.moves.append(move)
            self.bouts += move.told()
            self._now = move.end_s + rest_s
        self._window("set", start_s, self._now)
        self._now += BETWEEN_S

    # --- events ----------------------------------------------------------------------------------

    def _slip(self, kind: str, time_s: float, angle_deg: float, takes_s: float = 0.3) -> None:
        self.slips.append(Slip(time_s, angle_deg, takes_s))
        self._event(kind, time_s, angle_deg)

    def _shock(self, kind: str, time_s: float, size) -> None:
        self.shocks.append(Shock(self._extra, time_s, size))
        self._event(kind, time_s, size[0])
