"""The printed bodies of a pod, from its sizes: base, lid, deck, button; and the gauge.

Everything is made in the pod's own axes (`sizes`), assembled; `printed()` turns a body as it goes
onto the printer's bed. Prisms, cylinders and one fillet a body: shapes that the geometry kernel
never fails at, so that the same sizes always give the same files.
"""

from functools import cache
from itertools import pairwise

from build123d import (
    Axis,
    Box,
    Cylinder,
    GeomType,
    Location,
    Part,
    Polyline,
    Pos,
    RectangleRounded,
    Rot,
    SlotCenterToCenter,
    extrude,
    fillet,
    make_face,
)

from enclosure import lettering, sizes
from enclosure.sizes import Pod
from kneehard.parts import Shelf

DEEP = 12.0
"""Below the floor the base is made this deep, and then cut by the leg's curve."""
POST = 3.0
FOAM = 0.3
"""Left for the foam tape under a post, pressed."""
CORNER = 1.6
NARROW = 12.0
"""A board narrower than this has connectors where posts would press: foam holds it."""
ROUNDED = 1.2
"""Of all edges on the skin side."""


def base(pod: Pod) -> Part:
    """Floor, walls, wings, ears, pegs: everything that the strap pulls on."""
    width, length, height = pod.inner
    leg = _leg(pod)
    shell = _block(pod.body[0], pod.body[1], -DEEP, height, pod.middle, 4.0) - leg
    shell += _wings(pod) - leg
    skin = max((f for f in shell.faces() if f.geom_type == GeomType.CYLINDER), key=lambda f: f.area)
    shell = fillet(skin.outer_wire().edges(), ROUNDED)
    shell -= slots(pod)
    shell += [*_ears(pod, -1.0, height), *_cleats(pod)]
    holes = [_box(width, length, 0, height + 1, pod.middle)]
    shell -= holes
    shell += _furniture(pod)
    holes = [
        _post(pod.screw_hole / 2, x, y, height - pod.screw_length, height + 1) for x, y in pod.ears
    ]
    w, h = sizes.PLUG_HOLE
    for side, x, z in pod.plug_holes:
        y = -sizes.WALL / 2 if side == "lower" else length + sizes.WALL / 2
        holes.append(Pos(x, y, z) * Box(w, sizes.WALL + 1.6, h))
    if pod.usb:
        # Open above: the Feather is laid in from there, its socket reaches into the wall.
        low = pod.usb[1] - sizes.USB_HOLE[1] / 2
        y = -sizes.WALL / 2 if pod.usb_down else length + sizes.WALL / 2
        holes.append(_box(sizes.USB_HOLE[0], sizes.WALL + 1, low, height + 1, y, pod.usb[0]))
    return shell - holes


def lid(pod: Pod, words: bool = True) -> Part:
    """A plate with a lip, posts that hold what lies below, and the words."""
    width, length, height = pod.inner
    plate = _block(pod.body[0], pod.body[1], height, height + sizes.LID, pod.middle, 4.0)
    plate = fillet(plate.faces().sort_by(Axis.Z)[-1].outer_wire().edges(), 0.8)
    plate += _ears(pod, height, height + sizes.LID)
    fit = 0.25
    lip = _block(width - 2 * fit, length - 2 * fit, height - 1.5, height, pod.middle, 1.0)
    lip -= _block(
        width - 2 * fit - 2.6, length - 2 * fit - 2.6, height - 2, height + 1, pod.middle, 0.5
    )
    if pod.usb:
        lip -= Pos(pod.usb[0], 0 if pod.usb_down else length, height) * Box(
            sizes.USB_HOLE[0] + 2, 8, 8
        )
    for side, x, z in pod.plug_holes:
        if z + sizes.PLUG_HOLE[1] / 2 > height - 2:
            y = 0 if side == "lower" else length
            lip -= Pos(x, y, height) * Box(sizes.PLUG_HOLE[0] + 2, 8, 8)
    added = [lip]
    cut = _words(pod) if words else []
    added += _held(pod)
    cut += [_post(1.2, x, y, height - 1, height + sizes.LID + 1) for x, y in pod.ears]
    if pod.button:
        x, y, _ = pod.button
        cut.append(_post(sizes.BUTTON / 2 + sizes.BUTTON_PLAY, x, y, height - 1, height + 9))
    if pod.light:
        x, y, z = pod.light
        added.append(_post(pod.light_hole / 2 + 1.2, x, y, z + 1.0, height + 0.1))
        cut.append(_post(pod.light_hole / 2, x, y, z, height + 9))
    return plate + added - cut


def deck(pod: Pod) -> Part:
    """Between the two floors of a thigh pod. Its legs hold an IMU below down; or it has feet above,
    for a Feather with pins."""
    width, length, _ = pod.inner
    z = pod.deck_z
    assert z is not None
    slab = _block(
        width - 2 * sizes.DECK_FIT, length - 2 * sizes.DECK_FIT, z, z + sizes.DECK, pod.middle, 1.0
    )
    cell = pod.seat("cell")
    if pod.tails:
        top = z + sizes.DECK
        corners = _corners(pod.seat("feather"), POST, POST)
        slab += [_box(POST, POST, top - 0.1, top + pod.tails, y, x) for x, y in corners]
        gap = cell.high[1] + sizes.RIB / 2
    else:
        imu = pod.seat("imu")
        foot = imu.z + imu.thick + FOAM
        slab += [_box(POST, POST, foot, z + 0.1, y, x) for x, y in _corners(imu, POST, POST)]
        gap = (imu.high[1] + cell.low[1]) / 2
    # Leads and cable come up beside the Feather, over the gap between the cell and what is next.
    slab -= _box(9, 9, z - 1, z + 5, gap, _free_side(pod) * (width / 2 - 3.5))
    return slab


def button(pod: Pod) -> Part:
    """A loose pin from the lid's outside to the BOOT button; its foot keeps it in."""
    assert pod.button is not None
    x, y, z = pod.button
    top = pod.inner[2] + sizes.LID
    return _post(sizes.BUTTON / 2, x, y, z, top) + _post(sizes.BUTTON / 2 + 1.2, x, y, z, z + 1.4)


def gauge(pod: Pod, shelf: Shelf) -> Part:
    """A tray to lay the Feather into, parts down, before anything else is printed: do button and
    lamp lie where the files think? They are looked for through holes in its floor."""
    assert pod.usb and pod.button and pod.light
    seat = pod.seat("feather")
    floor, around = 1.2, 2.0
    room_x, room_y, _ = seat.room
    deep = floor + shelf.part(seat.part).get("height", "mm") - seat.thick + 0.3
    rim = deep + 2.0
    tray = _block(room_x + 2 * around, room_y + 2 * around, 0, rim, seat.y, 2.0, seat.x)
    tray -= _box(room_x, room_y, floor, rim + 1, seat.y, seat.x)
    tray += [_box(2.5, 2.5, 0, deep, y, x) for x, y in _corners(seat, 2.5, 2.5)]
    end = seat.high[1] + around / 2
    cut = [_box(sizes.USB_HOLE[0], around + 1, floor, rim + 1, end, pod.usb[0])]
    cut += [
        _post(radius, 2 * seat.x - x, y, -1, rim)
        for (x, y, _), radius in ((pod.button, 2.0), (pod.light, 1.2))
    ]
    return tray - cut


@cache
def bodies(pod: Pod) -> dict[str, Part]:
    """All that is printed for a pod, by name, in place. Made once: it takes seconds."""
    made = {"base": base(pod), "lid": lid(pod)}
    if pod.deck_z is not None:
        made["deck"] = deck(pod)
    if pod.button:
        made["button"] = button(pod)
    return made


def contents(pod: Pod, shelf: Shelf) -> dict[str, Part]:
    """The parts as plain boxes (or a coin) in their seats: for fit and for pictures. A board is its
    outline in its thickness; what stands on it is left to the pictures."""
    made = {}
    for seat in pod.seats:
        part = shelf.part(seat.part)
        x, y, z = seat.size_of(part)
        high = z if part.kind == "cell" else seat.thick
        if "diameter" in part.figures:
            made[seat.id] = _post(x / 2, seat.x, seat.y, seat.z, seat.z + high)
        else:
            made[seat.id] = _box(x, y, seat.z, seat.z + high, seat.y, seat.x)
    return made


def printed(pod: Pod, name: str, solid: Part) -> Part:
    """Turned as it lies on the bed: lids upside down, and a deck with legs."""
    over = name == "lid" or (name == "deck" and not pod.tails)
    turned = Rot(180, 0, 0) * solid if over else solid
    return Pos(0, 0, -turned.bounding_box().min.Z) * turned


# ---------------------------------------------------------------------------------- pieces
def _box(dx: float, dy: float, z0: float, z1: float, y: float, x: float = 0.0) -> Part:
    return Pos(x, y, (z0 + z1) / 2) * Box(dx, dy, z1 - z0)


def _block(
    dx: float, dy: float, z0: float, z1: float, y: float, radius: float, x: float = 0.0
) -> Part:
    return Pos(x, y, z0) * extrude(RectangleRounded(dx, dy, radius), z1 - z0)


def _post(radius: float, x: float, y: float, z0: float, z1: float) -> Part:
    return Pos(x, y, (z0 + z1) / 2) * Cylinder(radius, z1 - z0)


def _ears(pod: Pod, z0: float, z1: float) -> list[Part]:
    """For the screws: a round ear, and what joins it to the wall."""
    half_x, half_y = pod.body[0] / 2 - 1.5, pod.body[1] / 2 - 1.5
    made = []
    for x, y in pod.ears:
        to_x = min(max(x, -half_x), half_x)
        to_y = min(max(y, pod.middle - half_y), pod.middle + half_y)
        dx, dy = abs(x - to_x), abs(y - to_y)
        web = (sizes.EAR, dy) if dy > dx else (dx, sizes.EAR)
        made.append(_post(sizes.EAR / 2, x, y, z0, z1))
        made.append(_box(*web, z0, z1, (y + to_y) / 2, (x + to_x) / 2))
    return made


def _leg(pod: Pod) -> Part:
    """The leg as a cylinder: what is cut off from the skin side."""
    around = Location((0, pod.middle, -sizes.FLOOR - pod.radius), (90, 0, 0))
    return around * Cylinder(pod.radius, 400)


def _wings(pod: Pod) -> Part:
    reach = pod.slot_x + pod.slot[1] + sizes.STRAP_BAR
    span = pod.slot[0] + 2 * sizes.SLOT_END
    sheet = _block(2 * reach, span, -DEEP - 20, 3, pod.middle, 5.0)
    around = Location((0, pod.middle, -sizes.FLOOR - pod.radius), (90, 0, 0))
    return sheet & (around * Cylinder(pod.radius + sizes.WING, 400))


def slots(pod: Pod) -> list[Part]:
    """What the strap runs through, as bodies."""
    hole = Rot(0, 0, 90) * SlotCenterToCenter(pod.slot[0] - pod.slot[1], pod.slot[1])
    x = pod.slot_x + pod.slot[1] / 2
    return [Pos(side * x, pod.middle, -40) * extrude(hole, 60) for side in (-1, 1)]


def _cleats(pod: Pod) -> list[Part]:
    """A shelf with three pegs, open above: the cable is laid between them in a wave."""
    made = []
    reach = 11.0
    for side, hole_x, _ in pod.plug_holes:
        x = hole_x if pod.cleat_x is None else pod.cleat_x
        out = -1 if side == "lower" else 1
        wall_y = -sizes.WALL if side == "lower" else pod.inner[1] + sizes.WALL
        shelf = _block(12.0, reach + 1.0, -1.8, 0.4, wall_y + out * (reach - 1) / 2, 2.0, x)
        made.append(shelf)
        for step, shift in ((2.8, 2.6), (6.0, -2.6), (9.2, 2.6)):
            made.append(_post(1.3, x + shift, wall_y + out * step, 0, 4.8))
    return made


def _corners(seat: sizes.Seat, dx: float, dy: float) -> list[tuple[float, float]]:
    half_x = seat.room[0] / 2 - seat.clearance - dx / 2
    half_y = seat.room[1] / 2 - seat.clearance - dy / 2
    return [(seat.x + sx * half_x, seat.y + sy * half_y) for sx in (-1, 1) for sy in (-1, 1)]


def _free_side(pod: Pod) -> int:
    """1 where the room beside the Feather, for the cell's plug, is at the right; or -1."""
    return -1 if pod.usb_down else 1


def _furniture(pod: Pod) -> list[Part]:
    """Pads and corners that the boards lie in; ledges and the rib beside the cell."""
    made = []
    width, length, _ = pod.inner
    seats = {seat.id: seat for seat in pod.seats}
    if "imu" in seats:
        made += _cradle(seats["imu"], width)
    if "motor" in seats:
        coin = seats["motor"]
        made.append(_box(sizes.RIB, 5, -0.5, 2.0, coin.y, coin.high[0] + sizes.RIB / 2))
    if pod.deck_z is not None:
        cell, free = seats["cell"], _free_side(pod)
        for side in (-1, 1):
            ledge_x = side * (width / 2 - sizes.LEDGE / 2 + 0.25)
            made.append(_box(sizes.LEDGE + 0.5, length + 1, -0.5, pod.deck_z, pod.middle, ledge_x))
        rib_y = cell.low[1] - sizes.RIB / 2 if cell.low[1] > 1 else cell.high[1] + sizes.RIB / 2
        long = width - 8.5
        made.append(_box(long, sizes.RIB, -0.5, pod.deck_z, rib_y, free * (long - width - 1) / 2))
    return made


def _cradle(imu: sizes.Seat, width: float) -> list[Part]:
    """Pads below an IMU's corners, and corner walls up to its upper face: it cannot turn."""
    made = [_box(4.0, 4.0, -0.5, sizes.PAD, y, x) for x, y in _corners(imu, 4.0, 4.0)]
    top = imu.z + imu.thick
    for sx in (-1, 1):
        for sy in (-1, 1):
            x, y = imu.x + sx * imu.room[0] / 2, imu.y + sy * imu.room[1] / 2
            if abs(x) + CORNER <= width / 2 + 0.5:
                made.append(_box(CORNER, 4.0, -0.5, top, y - sy * 2.0, x + sx * CORNER / 2))
            side = 4.0 + CORNER
            made.append(
                _box(side, CORNER, -0.5, top, y + sy * CORNER / 2, x - sx * (2.0 - CORNER / 2))
            )
    return made


def _held(pod: Pod) -> list[Part]:
    """Posts of the lid on a board's corners; round a Feather or wing stops as well."""
    height = pod.inner[2] + 0.1
    seat = pod.seat(pod.held)
    if min(seat.room[:2]) < NARROW:
        return []
    low = seat.z + seat.thick + FOAM
    corners = _corners(seat, POST, POST)
    if not pod.usb:
        return [_box(POST, POST, low, height, y, x) for x, y in corners]
    # At the USB end sockets and the light pipe need the room: there only the corner that no wall
    # is near.
    usb, free = -1 if pod.usb_down else 1, _free_side(pod)
    beyond = pod.inner[1] - seat.high[1] if pod.usb_down else seat.low[1]
    made = []
    for x, y in corners:
        at_usb, beside_wall = (y - seat.y) * usb > 0, (x - seat.x) * free < 0
        if not (at_usb and beside_wall):
            made.append(_box(POST, POST, low, height, y, x))
        if not at_usb and beyond > sizes.RIB:
            edge = seat.y - usb * (seat.room[1] + sizes.RIB) / 2
            made.append(_box(POST, sizes.RIB, seat.z, height, edge, x))
        if not beside_wall:
            edge = seat.x + free * (seat.room[0] + sizes.RIB) / 2
            made.append(_box(sizes.RIB, POST, seat.z, height, y, edge))
    return made


def _words(pod: Pod) -> list[Part]:
    top = pod.inner[2] + sizes.LID
    lines = [line for text, y in pod.lines for line in lettering.word(text, 0, y)]
    lines += lettering.arrow(0, pod.arrow_y)
    joints = sorted({(round(x, 6), round(y, 6)) for line in lines for x, y in line})
    depth = top - sizes.ENGRAVED
    return [
        *(_groove(a, b, top) for line in lines for a, b in pairwise(line)),
        *(_post(sizes.STROKE / 2, x, y, depth, top + 1) for x, y in joints),
    ]


def _groove(a: tuple[float, float], b: tuple[float, float], top: float) -> Part:
    dx, dy = b[0] - a[0], b[1] - a[1]
    long = (dx * dx + dy * dy) ** 0.5
    w = sizes.STROKE / 2
    px, py = -dy / long * w, dx / long * w
    corners = [
        (a[0] + px, a[1] + py),
        (b[0] + px, b[1] + py),
        (b[0] - px, b[1] - py),
        (a[0] - px, a[1] - py),
    ]
    face = make_face(Polyline(*corners, close=True).edges())
    return Pos(0, 0, top - sizes.ENGRAVED) * extrude(face, sizes.ENGRAVED + 1, dir=(0, 0, 1))
