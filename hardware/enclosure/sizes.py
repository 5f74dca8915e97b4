"""How large the pods are, from the parts they hold. No geometry library: the light check runs this.

Axes of a pod, in mm: x to the right as one looks at it from outside, y up along the leg, z away
from the skin. x = 0 is the middle, y = 0 the inner face of the lower wall, z = 0 the inner floor.

A `Seat` is the room for one part: the part's own size and a clearance all round. The seats of the
thigh pod lie on two floors:

    lower   gap for the shank cable's plug | IMU, plugs up and down | gap | cell
    upper   gap | haptic board | gap (these with cue only) | Feather, USB at the upper wall

with a deck between, whose legs hold the IMU down; posts of the lid hold the Feather down. So four
screws hold everything, and the IMU, whose firmness is what the angles rest on, is clamped at four
corners to the floor that the strap pulls on.

The shank cable leaves through the lower wall in line with its plug, through a hole that the plug
fits through: pulled hard it comes out of its socket straight and leaves the pod, whatever else
happens. Pegs outside, open above, take the small tugs.

Lengths that are the authors' choice stand here with their reason. Lengths of parts are never typed
here: they come from parts.toml.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kneehard.parts import Part, Shelf

WALL = 2.0
"""Five lines of a 0.4 mm nozzle; the check asks for 1.0 everywhere."""
FLOOR = 2.0
LID = 2.0
LEAST_WALL = 1.0
BOARD_CLEARANCE = 0.3
"""All round a board: printers are 0.2 mm off, boards are sawn to 0.1."""
CELL_CLEARANCE = 0.5
SWELLING = 1.10
"""Cells grow in thickness as they age: 10 % of it stays free above them (hardware-notes)."""
PAD = 1.2
"""Corner pads under an IMU: above the ends of its pins and the roughness of the floor."""
DECK = 1.6
DECK_FIT = 0.3
LEDGE = 1.25
RIB = 1.2
FEATHER_PAD = 1.0
"""Foam under the Feather: its lower side has solder joints."""
HEADROOM = 0.5
STRAP_BAR = 5.0
SLOT_END = 5.0
STRAP_PLAY = 2.0
WING = 3.2
EAR = 6.5
PLUG_HOLE = (8.0, 4.6)
"""A JST-SH plug of four, about 6 x 3 mm, must pass: that is the release."""
USB_HOLE = (13.0, 7.5)
"""Room for the moulded end of a USB-C cable, 12.35 x 6.5 at most."""
BUTTON = 6.0
BUTTON_PLAY = 0.35
ENGRAVED = 0.6
STROKE = 1.1
THIGH_RADIUS = 90.0
SHANK_RADIUS = 60.0
"""Of the skin side, across the leg. Legs differ: the foam makes up for it."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Room for one part: centre in x and y, lower side in z, and how much there is."""

    id: str
    part: str
    x: float
    y: float
    z: float
    room: tuple[float, float, float]
    turned: bool
    """The part's length lies along y."""
    clearance: float
    growth: float = 1.0
    """What its height may become."""
    thick: float = 0.0
    """Of the board alone."""

    @property
    def low(self) -> tuple[float, float, float]:
        return (self.x - self.room[0] / 2, self.y - self.room[1] / 2, self.z)

    @property
    def high(self) -> tuple[float, float, float]:
        return (self.x + self.room[0] / 2, self.y + self.room[1] / 2, self.z + self.room[2])

    def size_of(self, part: Part) -> tuple[float, float, float]:
        """The part as it lies in this seat, without clearance."""
        round_one = part.get_or("diameter", "mm", 0.0)
        length = part.get_or("length", "mm", round_one)
        width = part.get_or("width", "mm", round_one)
        height = part.get("height", "mm") * self.growth
        return (width, length, height) if self.turned else (length, width, height)


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod, complete: what `solids` builds and the checks look at."""

    name: str
    label: str
    inner: tuple[float, float, float]
    seats: tuple[Seat, ...]
    radius: float
    slot: tuple[float, float]
    """Of the strap: along the leg, across."""
    slot_x: float
    ears: tuple[tuple[float, float], ...]
    plug_holes: tuple[tuple[str, float, float], ...]
    """Wall ("lower" or "upper"), x, and z of the middle."""
    screw_hole: float
    screw_length: float
    deck_z: float | None = None
    usb: tuple[float, float] | None = None
    """x and z of the middle of the USB socket, in the upper wall."""
    usb_down: bool = False
    """Or in the lower one."""
    held: str = "imu"
    """The seat whose board the lid's posts press on."""
    tails: float = 0.0
    """What sticks out below the Feather, where the deck has feet for its corners."""
    cleat_x: float | None = None
    """Where the cable's pegs are, if not before its hole."""
    button: tuple[float, float, float] | None = None
    """x, y, and z of the top of the board's button."""
    light: tuple[float, float, float] | None = None
    light_hole: float = 0.0
    lines: tuple[tuple[str, float], ...] = field(default=())
    """What is engraved: words and the y of their middle."""
    arrow_y: float = 0.0

    @property
    def body(self) -> tuple[float, float]:
        """Outside, without wings and ears."""
        return (self.inner[0] + 2 * WALL, self.inner[1] + 2 * WALL)

    @property
    def overall(self) -> tuple[float, float, float]:
        """Outside, with wings; the cable's pegs and the curve of the skin side left out."""
        width = 2 * (self.slot_x + self.slot[1] + STRAP_BAR)
        length = max(self.body[1], self.slot[0] + 2 * SLOT_END)
        return (width, length, FLOOR + self.inner[2] + LID)

    @property
    def middle(self) -> float:
        """y of the middle of the pod, where the strap runs."""
        return self.inner[1] / 2

    def seat(self, id: str) -> Seat:
        return next(seat for seat in self.seats if seat.id == id)


def seat(
    id: str, part: Part, x: float, y_low: float, z: float, turned: bool, clearance: float,
    growth: float = 1.0, headroom: float = HEADROOM,
) -> Seat:  # fmt: skip
    bare = Seat(id, part.id, x, 0, z, (0, 0, 0), turned, clearance, growth)
    dx, dy, dz = bare.size_of(part)
    room = (dx + 2 * clearance, dy + 2 * clearance, dz + headroom)
    thick = part.get_or("thickness", "mm", dz / growth)
    return Seat(id, part.id, x, y_low + room[1] / 2, z, room, turned, clearance, growth, thick)


def thigh(
    shelf: Shelf, strap_mm: float | None = None, imu: str = "imu_sox", cue: bool = False
) -> Pod:
    """The pod with Feather, cell and IMU; with `cue` longer, for the haptic board and its plugs."""
    feather, board = shelf.part("feather"), shelf.part(imu)
    plug = board.get("plug_room", "mm")
    low = seat("imu", board, 0, plug, PAD, True, BOARD_CLEARANCE)
    rib_y = low.high[1] + plug
    cell_seat = seat(
        "cell", shelf.part("cell_500"), 0, rib_y + RIB, 0, True, CELL_CLEARANCE, SWELLING, 0.3
    )
    deck_z = max(low.high[2], cell_seat.high[2])

    top = deck_z + DECK + FEATHER_PAD
    upper: list[Seat] = []
    feather_y = 0.0
    if cue:
        haptic = shelf.part("haptic")
        plug = haptic.get("plug_room", "mm")
        upper.append(seat("haptic", haptic, 0, plug, top, True, BOARD_CLEARANCE))
        feather_y = upper[0].high[1] + plug
    above = seat("feather", feather, 0, feather_y, top, True, BOARD_CLEARANCE)

    length = max(cell_seat.high[1], above.high[1])
    width = max(
        cell_seat.room[0] + 2 * LEDGE,
        above.room[0] + feather.get("jst_room", "mm"),
        low.room[0] + 2 * LEDGE,
    )
    height = max(one.high[2] for one in (above, *upper))
    # The Feather's USB end touches the upper wall; its left edge the left one.
    feather_x = -width / 2 + above.room[0] / 2
    above = replace(above, x=feather_x, y=length - above.room[1] / 2)
    cell_seat = replace(cell_seat, y=length - cell_seat.room[1] / 2)
    left = feather_x - feather.get("width", "mm") / 2
    edge = above.y + feather.get("length", "mm") / 2
    board_top = above.z + above.thick
    half = width / 2 + WALL
    ear_x = half + EAR / 2 - 2.2
    ear_y = (5.0, length - 5.0)
    return Pod(
        name="thigh_cue" if cue else "thigh",
        label="THIGH",
        inner=(width, length, height),
        seats=(low, cell_seat, above, *upper),
        radius=THIGH_RADIUS,
        slot=slot(shelf, strap_mm),
        slot_x=half + 1.5,
        ears=tuple((s * ear_x, y) for y in ear_y for s in (-1, 1)),
        plug_holes=(("lower", 0.0, PAD + low.thick + 1.5),),
        screw_hole=shelf.part("screw").get("hole", "mm"),
        screw_length=shelf.part("screw").get("length", "mm"),
        deck_z=deck_z,
        usb=(feather_x, board_top + feather.get("usb_height", "mm") / 2),
        button=(
            left + feather.get("boot_x", "mm"),
            edge - feather.get("boot_y", "mm"),
            board_top + feather.get("boot_height", "mm"),
        ),
        light=(
            left + feather.get("led_x", "mm"),
            edge - feather.get("led_y", "mm"),
            board_top + 1.5,
        ),
        light_hole=shelf.part("light_pipe").get("diameter", "mm") + 0.15,
        held="feather",
        lines=(("THIGH", 36.0), ("THIS", 23.0), ("SIDE", 15.0), ("OUT", 7.0)),
        arrow_y=50.0,
    )


def shank(shelf: Shelf, strap_mm: float | None = None, imu: str = "imu_dso") -> Pod:
    """The pod with the second IMU; its cable comes from above."""
    board = shelf.part(imu)
    plug = board.get("plug_room", "mm")
    lies = seat("imu", board, 0, 2.0, PAD, True, BOARD_CLEARANCE)
    width = max(lies.room[0], 26.0)
    length = max(lies.high[1] + plug, 34.0)
    half = width / 2 + WALL
    ear_x = half - EAR / 2
    outside = 1.0
    return Pod(
        name="shank" if imu == "imu_dso" else f"shank_{imu.removeprefix('imu_')}",
        label="SHANK",
        inner=(width, length, lies.high[2]),
        seats=(lies,),
        radius=SHANK_RADIUS,
        slot=slot(shelf, strap_mm),
        slot_x=half + 1.5,
        ears=tuple(
            (s * ear_x, y) for y in (-WALL - outside, length + WALL + outside) for s in (-1, 1)
        ),
        plug_holes=(("upper", 0.0, PAD + lies.thick + 1.5),),
        screw_hole=shelf.part("screw").get("hole", "mm"),
        screw_length=shelf.part("screw").get("length", "mm"),
        lines=tuple(
            (word, length - down)
            for word, down in (("SHANK", 11.2), ("THIS", 18.4), ("SIDE", 25.6), ("OUT", 32.8))
        ),
        arrow_y=length - 3.0,
    )


def slot(shelf: Shelf, strap_mm: float | None) -> tuple[float, float]:
    strap = shelf.part("strap")
    width = strap.get("width", "mm") if strap_mm is None else strap_mm
    return (width + STRAP_PLAY, strap.get("thickness", "mm") + 1.5)


def pods(shelf: Shelf, strap_mm: float | None = None) -> list[Pod]:
    """What a band of variant A needs. Variant B has `stack`'s at the thigh."""
    return [thigh(shelf, strap_mm), shank(shelf, strap_mm)]


def misfits(pod: Pod, shelf: Shelf) -> Iterator[str]:
    """Parts of `shelf` that do not fit the pod as it is, and seats that are in each other's way."""
    for seat in pod.seats:
        need = seat.size_of(shelf.part(seat.part))
        margin = (2 * seat.clearance, 2 * seat.clearance, 0.0)
        for axis, have, size, free in zip("xyz", seat.room, need, margin, strict=True):
            if size + free > have + 1e-9:
                yield (
                    f"{pod.name}: {seat.part} is {size + free:.2f} mm with its clearance "
                    f"along {axis}, its seat {have:.2f} mm"
                )
        inside = (
            abs(seat.x) + seat.room[0] / 2 <= pod.inner[0] / 2 + 1e-9
            and seat.low[1] >= -1e-9
            and seat.high[1] <= pod.inner[1] + 1e-9
            and seat.high[2] <= pod.inner[2] + 1e-9
        )
        if not inside:
            yield f"{pod.name}: the seat of {seat.part} reaches beyond the walls"
    for i, one in enumerate(pod.seats):
        for other in pod.seats[i + 1 :]:
            if all(one.low[k] < other.high[k] - 1e-9 for k in range(3)) and all(
                other.low[k] < one.high[k] - 1e-9 for k in range(3)
            ):
                yield f"{pod.name}: {one.part} and {other.part} are in each other's way"
    if pod.deck_z is not None:
        for seat in pod.seats:
            if seat.z < pod.deck_z < seat.high[2] - 1e-9:
                yield f"{pod.name}: {seat.part} reaches into the deck"
    if 2 * SLOT_END + pod.slot[0] > pod.overall[1] + 1e-9:
        yield f"{pod.name}: the strap's slot is longer than the wing"
