"""Pictures of the pods: assembled, from the skin side, exploded, and what goes where.

Drawn by VTK without a display (EGL, or OSMesa where there is no graphics driver). Boards and cell
are plain bodies of the right size in the right place; what stands on the boards is a sketch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import vtk
from build123d import Box, Circle, Cylinder, Part, Plane, Pos, Rot, Spline, loft, sweep
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont
from vtk.util.numpy_support import vtk_to_numpy

from carrier import design
from enclosure import sizes
from enclosure.sizes import Pod, Seat
from enclosure.solids import contents
from kneehard.parts import Part as BoughtPart
from kneehard.parts import Shelf

Colour = tuple[float, float, float]
PRINT: Colour = (0.36, 0.52, 0.62)
LID: Colour = (0.93, 0.76, 0.36)
DECK: Colour = (0.62, 0.70, 0.62)
BUTTON: Colour = (0.80, 0.36, 0.30)
BOARD: Colour = (0.16, 0.30, 0.22)
PARTS: Colour = (0.72, 0.72, 0.74)
CELL: Colour = (0.80, 0.80, 0.84)
STRAP: Colour = (0.25, 0.25, 0.28)
SKIN: Colour = (0.90, 0.80, 0.73)
INK_CABLE: Colour = (0.15, 0.15, 0.18)
INK = (35, 38, 44)
_PRINTED = {"base": PRINT, "lid": LID, "deck": DECK, "button": BUTTON}


@dataclass(frozen=True)
class Piece:
    """A body to draw: shifted by `lift` along z, with a label at its right or left."""

    solid: Part
    colour: Colour
    lift: float = 0.0
    label: str = ""
    left: bool = False
    opacity: float = 1.0


def draw(
    pieces: Sequence[Piece], eye: tuple[float, float, float], up: tuple[float, float, float],
    size: tuple[int, int], margin: float = 1.12, line: float = 1.6,
) -> Image.Image:  # fmt: skip
    """A picture of `pieces`, seen from the direction `eye`, without perspective."""
    renderer = vtk.vtkRenderer()
    renderer.SetBackground(1, 1, 1)
    anchors = []
    for piece in pieces:
        mesh = _mesh(piece)
        renderer.AddActor(_surface(mesh, piece))
        if piece.opacity == 1.0:
            renderer.AddActor(_edges(mesh, line))
        anchors.append(mesh.GetCenter())
    camera = renderer.GetActiveCamera()
    camera.ParallelProjectionOn()
    camera.SetPosition(*eye)
    camera.SetFocalPoint(0, 0, 0)
    camera.SetViewUp(*up)
    renderer.ResetCamera()
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    scale = 2
    window.SetSize(size[0] * scale, size[1] * scale)
    window.AddRenderer(renderer)
    lights = vtk.vtkLightKit()
    lights.SetKeyLightIntensity(0.78)
    lights.SetKeyToFillRatio(2.2)
    lights.AddLightsToRenderer(renderer)
    shade = vtk.vtkSSAOPass()
    steps = vtk.vtkRenderStepsPass()
    shade.SetRadius(8.0)
    shade.SetBias(0.6)
    shade.SetKernelSize(64)
    shade.BlurOn()
    shade.SetDelegatePass(steps)
    renderer.SetPass(shade)
    _fit(renderer, camera, size, margin)
    window.Render()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    grab.Update()
    data = grab.GetOutput()
    wide, high, _ = data.GetDimensions()
    pixels = vtk_to_numpy(data.GetPointData().GetScalars()).reshape(high, wide, -1)[::-1, :, :3]
    image = Image.fromarray(pixels.copy()).resize(size, Image.Resampling.LANCZOS)
    _label(image, renderer, pieces, anchors, scale)
    return image


def assembled(pod: Pod, made: dict[str, Part], outside: bool = True) -> Image.Image:
    """The closed pod: from outside and above, or from the skin."""
    pieces = [Piece(solid, _PRINTED[name]) for name, solid in made.items()]
    eye = (-0.75, -1.1, 1.45) if outside else (0.8, -1.0, -1.5)
    return draw(pieces, eye, (0, 1, 0), (700, 620), 1.06)


def exploded(pod: Pod, made: dict[str, Part], shelf: Shelf) -> Image.Image:
    """All parts above each other, with their names."""
    order = []
    for seat, lift, label, left in _LIFTED[pod.name]:
        if seat in made:
            order.append(Piece(made[seat], _PRINTED[seat], lift, label, left))
        else:
            name = label or f"IMU {shelf.part(pod.seat('imu').part).what.split()[-1]}"
            order += _inside(pod, shelf, seat, lift, name, left)
    size = (980, 1060) if pod.deck_z is not None else (820, 620)
    return draw(order, (-0.9, -1.5, 0.85), (0, 0, 1), size, 1.06)


_LIFTED = {
    "thigh": [
        ("base", 0, "base (printed)", False),
        ("cell", 26, "cell", True),
        ("imu", 26, "", False),
        ("deck", 54, "deck (printed)", False),
        ("feather", 78, "Feather", True),
        ("lid", 116, "lid (printed), 4 screws M2", False),
        ("button", 102, "button (printed)", True),
    ],
    "shank": [
        ("base", 0, "base (printed)", False),
        ("imu", 22, "", False),
        ("lid", 46, "lid (printed), 4 screws M2", False),
    ],
    "wing": [
        ("base", 0, "base (printed)", False),
        ("cell", 30, "cell", False),
        ("motor", 30, "motor", True),
        ("deck", 52, "deck (printed), its feet up", False),
        ("feather", 72, "Feather with short sockets", False),
        ("wing", 86, "knee wing", True),
        ("lid", 128, "lid (printed), 4 screws M2", False),
        ("button", 112, "button (printed)", True),
    ],
}
"""Seat or printed body, how high it hovers, its label, whether that stands at the left."""
_LIFTED["shank_ism_micro"] = _LIFTED["shank"]


def parts_of(pod: Pod, shelf: Shelf, seat_id: str) -> list[tuple[Part, Colour]]:
    """The part in a seat, with a sketch of the larger things that stand on it."""
    body = contents(pod, shelf)[seat_id]
    seat = pod.seat(seat_id)
    part = shelf.part(seat.part)
    if part.kind != "board":
        return [(body, CELL)]
    sketch = {"feather": _feather, "wing": _wing}.get(seat_id, _breakout)
    return [(body, BOARD), *((thing, PARTS) for thing in sketch(pod, seat, part))]


def _feather(pod: Pod, seat: Seat, part: BoughtPart) -> list[Part]:
    """USB, the cell's socket at its side, the radio's can; BOOT, or the sockets for a wing."""
    dx, dy, dz = seat.size_of(part)
    top, usb = seat.z + seat.thick, -1 if pod.usb_down else 1
    over, tall = part.get("usb_overhang", "mm"), part.get("usb_height", "mm")
    rest = dz - seat.thick
    end = seat.y + usb * dy / 2
    things = [
        Pos(seat.x, end + usb * (over - 3.6), top + tall / 2) * Box(9, 7.2, tall),
        Pos(seat.x + usb * (dx / 2 - 3.5), end - usb * 11, top + rest / 2) * Box(7, 8, rest),
        Pos(seat.x, seat.y - usb * (dy / 2 - 9.5), top + 1.2) * Box(15.4, 15.4, 2.4),
    ]
    if pod.button and pod.held == seat.id:
        x, y, z = pod.button
        things.append(Pos(x, y, (top + z) / 2) * Box(4, 3, z - top))
    if pod.tails:
        for side, pins in ((-1, design.SHORT_ROW), (1, design.LONG_ROW)):
            long = design.PITCH * len(pins)
            y = seat.y - dy / 2 + design.FIRST_PIN[len(pins)] - design.PITCH / 2 + long / 2
            things.append(Pos(seat.x + side * 10.16, y, top + 2.5) * Box(2.5, long, 5))
    return things


def _wing(pod: Pod, seat: Seat, part: BoughtPart) -> list[Part]:
    """The shank's plug, the switch, the button, and the larger chips, from the wing's table."""
    _, dy, _ = seat.size_of(part)
    parts, top = design.build().parts, seat.z + seat.thick
    things = []
    sizes_of = {
        "J3": (6.0, 4.3, 2.9), "SW2": (6.7, 2.6, 1.4), "SW1": (2.5, 3.0, 1.6), "U1": (2.5, 3, 0.9),
        "Q1": (2.9, 1.6, 1.1), "D1": (1.8, 3.6, 1.2), "D2": (0.8, 1.6, 0.8), "C3": (1.2, 2, 1.0),
    }  # fmt: skip
    for ref, (wide, long, tall) in sizes_of.items():
        one = parts[ref]
        x, y = seat.x + one.y - design.HEIGHT / 2, seat.y - dy / 2 + one.x
        things.append(Pos(x, y, top + tall / 2) * Box(wide, long, tall))
    return things


def _breakout(pod: Pod, seat: Seat, part: BoughtPart) -> list[Part]:
    """Sockets at both ends, a chip between."""
    _, dy, _ = seat.size_of(part)
    top = seat.z + seat.thick
    ends = (seat.y + dy / 2 - 2.2, seat.y - dy / 2 + 2.2)
    things = [Pos(seat.x, y, top + 1.5) * Box(6, 4.4, 3.0) for y in ends]
    return [*things, Pos(seat.x, seat.y, top + 0.5) * Box(3, 2.5, 1.0)]


def _inside(
    pod: Pod, shelf: Shelf, seat: str, lift: float, label: str, left: bool = False
) -> list[Piece]:
    """The same as pieces; the label belongs to the board."""
    (board, colour), *things = parts_of(pod, shelf, seat)
    return [
        Piece(board, colour, lift, label, left),
        *(Piece(thing, tint, lift) for thing, tint in things),
    ]


def opened(pod: Pod, made: dict[str, Part], shelf: Shelf, upper: bool) -> Image.Image:
    """Straight from above with the lid off: the lower floor, or the upper one on the deck."""
    pieces = [Piece(made["base"], PRINT)]
    if upper:
        pieces.append(Piece(made["deck"], DECK))
    for seat, label in _SEEN[pod.name]:
        if pod.deck_z is None or (pod.seat(seat).z > pod.deck_z) == upper:
            pieces += _inside(pod, shelf, seat, 0, label)
    wide = 960 if pod.deck_z is not None else 1080
    return draw(pieces, (0, -0.35, 1), (0, 1, 0), (wide, 680), 1.06)


_SEEN = {
    "thigh": [
        ("cell", "cell, leads down"),
        ("imu", "IMU, plugs up and down"),
        ("feather", "Feather, USB up"),
    ],
    "thigh_cue": [
        ("cell", "cell, leads down"),
        ("imu", "IMU, plugs up and down"),
        ("feather", "Feather, USB up"),
        ("haptic", "haptic board"),
    ],
    "shank": [("imu", "IMU, plug up")],
    "wing": [
        ("motor", "motor"),
        ("cell", "cell, leads up"),
        ("wing", "knee wing"),
        ("feather", "Feather, below it"),
    ],
}
_SEEN["shank_ism_micro"] = _SEEN["shank"]


def worn(thigh: Pod, shank: Pod, made: dict[str, dict[str, Part]]) -> Image.Image:
    """Both pods on the outside of a right leg, which is a row of circles here; straps and cable."""
    pieces = []
    foot = -215.0
    rings = [  # y, radius
        (140, thigh.radius + 3),
        (thigh.inner[1] + 6, thigh.radius),
        (-14, thigh.radius),
        (-60, thigh.radius - 8),
        (-110, 68),
        (foot + 60, shank.radius + 1),
        (foot + shank.inner[1] + 12, shank.radius),
        (foot - 20, shank.radius),
        (foot - 110, 46),
    ]
    back = sizes.FLOOR + 0.4
    circles = [
        Plane((0, y, -back - radius), x_dir=(1, 0, 0), z_dir=(0, -1, 0)) * Circle(radius)
        for y, radius in rings
    ]
    pieces.append(Piece(loft(circles, ruled=True), SKIN))
    for pod, shift in ((thigh, 0.0), (shank, foot)):
        axis = -sizes.FLOOR - pod.radius
        for name, colour in {"base": PRINT, "lid": LID, "button": BUTTON}.items():
            if name in made[pod.name]:
                pieces.append(Piece(Pos(0, shift, 0) * made[pod.name][name], colour))
        width = pod.slot[0] - sizes.STRAP_PLAY
        ring = Cylinder(pod.radius + 2.4, width) - Cylinder(pod.radius - 6, width)
        gap = 2 * (pod.slot_x + pod.slot[1] / 2)
        ring = Pos(0, shift + pod.middle, axis) * (Rot(90, 0, 0) * ring)
        ring -= Pos(0, shift + pod.middle, axis + pod.radius) * Box(gap, 99, 60)
        pieces.append(Piece(ring, STRAP))
    start, end = (0.0, -13.0, 2.5), (0.0, foot + shank.inner[1] + 13.0, 2.5)
    route = Spline(
        start, (2, -40, 4), (26, -88, 6), (5, -138, 5), end, tangents=((0, -1, 0), (0, -1, 0))
    )
    cable = sweep(Plane(route @ 0, z_dir=route % 0) * Circle(1.5), path=route)
    pieces.append(Piece(cable, INK_CABLE))
    return draw(pieces, (0.7, 0.12, 1), (0, 1, 0), (560, 900), 1.03, line=0.7)


# ---------------------------------------------------------------------------------- pieces
def _mesh(piece: Piece) -> vtk.vtkPolyData:
    points, triangles = piece.solid.tessellate(0.05, 0.2)
    mesh, at = vtk.vtkPolyData(), vtk.vtkPoints()
    for p in points:
        at.InsertNextPoint(p.X, p.Y, p.Z + piece.lift)
    cells = vtk.vtkCellArray()
    for a, b, c in triangles:
        cells.InsertNextCell(3, (a, b, c))
    mesh.SetPoints(at)
    mesh.SetPolys(cells)
    joined = vtk.vtkCleanPolyData()
    joined.SetInputData(mesh)
    joined.SetTolerance(1e-6)
    joined.Update()
    return joined.GetOutput()


def _surface(mesh: vtk.vtkPolyData, piece: Piece) -> vtk.vtkActor:
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputData(mesh)
    normals.SetFeatureAngle(28)
    normals.ConsistencyOn()
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputConnection(normals.GetOutputPort())
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    look.SetColor(*piece.colour)
    look.SetAmbient(0.22)
    look.SetDiffuse(0.85)
    look.SetSpecular(0.08)
    look.SetOpacity(piece.opacity)
    return actor


def _edges(mesh: vtk.vtkPolyData, width: float) -> vtk.vtkActor:
    find = vtk.vtkFeatureEdges()
    find.SetInputData(mesh)
    find.SetFeatureAngle(28)
    find.BoundaryEdgesOn()
    find.NonManifoldEdgesOff()
    find.ColoringOff()
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputConnection(find.GetOutputPort())
    mapper.SetResolveCoincidentTopologyToPolygonOffset()
    mapper.SetRelativeCoincidentTopologyLineOffsetParameters(0, -4)
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(0.12, 0.14, 0.17)
    actor.GetProperty().SetLineWidth(width)
    actor.GetProperty().LightingOff()
    return actor


def _fit(renderer: vtk.vtkRenderer, camera: vtk.vtkCamera, size: tuple[int, int], margin: float):
    """Fill the picture: the corners of what is seen, in the camera's own axes."""
    eye = np.array(camera.GetPosition()) - np.array(camera.GetFocalPoint())
    eye /= np.linalg.norm(eye)
    up = np.array(camera.GetViewUp(), float)
    right = np.cross(up, eye)
    right /= np.linalg.norm(right)
    up = np.cross(eye, right)
    seen = []
    for actor in renderer.GetActors():
        data = actor.GetMapper().GetInput()
        seen.append(vtk_to_numpy(data.GetPoints().GetData()))
    cloud = np.concatenate(seen)
    u, v, w = cloud @ right, cloud @ up, cloud @ eye
    centre = right * (u.min() + u.max()) / 2 + up * (v.min() + v.max()) / 2
    centre = centre + eye * (w.min() + w.max()) / 2
    camera.SetFocalPoint(*centre)
    camera.SetPosition(*(centre + eye * 600))
    tall = max(v.max() - v.min(), (u.max() - u.min()) * size[1] / size[0])
    camera.SetParallelScale(tall / 2 * margin)
    renderer.ResetCameraClippingRange()


def _label(
    image: Image.Image, renderer: vtk.vtkRenderer, pieces: Sequence[Piece],
    anchors: Sequence[tuple[float, float, float]], scale: int,
) -> None:  # fmt: skip
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 19)
    pen = ImageDraw.Draw(image)
    wide, high = image.size
    taken: dict[bool, list[float]] = {True: [], False: []}
    for piece, anchor in zip(pieces, anchors, strict=True):
        if not piece.label:
            continue
        renderer.SetWorldPoint(*anchor, 1.0)
        renderer.WorldToDisplay()
        x, y, _ = renderer.GetDisplayPoint()
        x, y = x / scale, high - y / scale
        row = y
        while any(abs(row - other) < 26 for other in taken[piece.left]):
            row += 13
        taken[piece.left].append(row)
        length = pen.textlength(piece.label, font=font)
        start = 10 if piece.left else wide - 10 - length
        end = start + length + 6 if piece.left else start - 6
        pen.line([(end, row), (x, y)], fill=INK, width=2)
        pen.ellipse([x - 4, y - 4, x + 4, y + 4], fill=INK)
        pen.text((start, row - 12), piece.label, fill=INK, font=font)


def save(image: Image.Image, path: Path) -> None:
    """With a palette: a third of the size, no difference to the eye."""
    image.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
