"""The thigh pod of variant B: Feather below, knee wing on it, both over the cell.

USB looks down the leg here, as the shank's plug does, which the wing has at that end: one opening
in the lower wall serves both, and the power switch, which a fingernail reaches through it. The
antenna is at the upper end, where neither cell nor motor lies below it. The wing's own button and
lamp lie under the lid; where, the wing's table says (../carrier/design.py).

Everything else is as `sizes` has it, and the same checks hold.
"""

from dataclasses import replace

from carrier import design
from enclosure import sizes
from enclosure.sizes import Pod
from kneehard.parts import Shelf

FOAM = 0.5
"""Tape between the deck's four feet and the Feather."""
CLEAT_X = 7.0
"""Of the pegs: clear of the screws. They end below the USB cable's way."""


def pod(shelf: Shelf, strap_mm: float | None = None) -> Pod:
    """The pod with cell, motor, Feather and wing."""
    feather, wing, motor = (shelf.part(id) for id in ("feather", "wing", "motor"))
    sockets = shelf.part("header_sockets")
    tails = sockets.get("tails", "mm")
    cell = sizes.seat(
        "cell", shelf.part("cell_500"), 0, 0, 0, True, sizes.CELL_CLEARANCE, sizes.SWELLING, 0.3
    )
    coin = sizes.seat("motor", motor, 0, 0, 0, True, sizes.CELL_CLEARANCE)
    deck_z = max(cell.high[2], coin.high[2])
    z = deck_z + sizes.DECK + tails + FOAM
    below = sizes.seat("feather", feather, 0, 0, z, True, sizes.BOARD_CLEARANCE)
    z += below.thick + sockets.get("stack", "mm")
    above = sizes.seat("wing", wing, 0, 0, z, True, sizes.BOARD_CLEARANCE)

    width = max(cell.room[0] + 2 * sizes.LEDGE, below.room[0] + feather.get("jst_room", "mm"))
    length = max(below.high[1], cell.high[1] + sizes.RIB + coin.room[1])
    # USB down: the cell's socket is at the left, so the Feather touches the right wall.
    x = width / 2 - below.room[0] / 2
    coin = replace(
        coin,
        x=-width / 2 + sizes.LEDGE + coin.room[0] / 2,
        y=length - coin.room[1] / 2,
    )
    below, above = replace(below, x=x), replace(above, x=x)
    y = below.y - feather.get("length", "mm") / 2
    top = above.z + above.thick
    parts = design.build().parts

    def on_wing(ref: str) -> tuple[float, float]:
        """Where a part of the wing lies in the pod: its table seen with USB down."""
        part = parts[ref]
        return (x + part.y - design.HEIGHT / 2, y + part.x)

    half = width / 2 + sizes.WALL
    ear_x, outside = half - 1.5, sizes.WALL + 1.0
    screw = shelf.part("screw")
    return Pod(
        name="wing",
        label="THIGH",
        inner=(width, length, above.high[2]),
        seats=(cell, coin, below, above),
        radius=sizes.THIGH_RADIUS,
        slot=sizes.slot(shelf, strap_mm),
        slot_x=half + 1.5,
        # At the ends: at the sides they would stand in the strap's slots, which are as long.
        ears=tuple((s * ear_x, at) for at in (-outside, length + outside) for s in (-1, 1)),
        plug_holes=(("lower", on_wing("J3")[0], top + 1.5),),
        screw_hole=screw.get("hole", "mm"),
        screw_length=screw.get("length", "mm"),
        deck_z=deck_z,
        usb=(x, below.z + below.thick + feather.get("usb_height", "mm") / 2),
        usb_down=True,
        held="wing",
        tails=tails,
        cleat_x=CLEAT_X,
        button=(*on_wing("SW1"), top + shelf.part("button").get("height", "mm")),
        light=(*on_wing("D2"), top + 1.5),
        light_hole=shelf.part("light_pipe").get("diameter", "mm") + 0.15,
        lines=(("THIGH", 38.5), ("OUT", 29.5)),
        arrow_y=46.5,
    )
