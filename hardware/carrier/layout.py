"""KiCad's side of the board. Runs under the Python that has pcbnew, a process a step:

    place BOARD PADS     parts, texts, outline into BOARD; pads with nets and boxes into PADS
    finish BOARD TRACKS  the router's tracks and vias, pours filled
    check BOARD REPORT   DRC with the rules of the project file beside the board
    plot BOARD FOLDER    Gerbers and drill files

KiCad 6 does some of this only in a process that has read the board from its file (DRC reads its
rules with it), and its wrapper breaks on footprints that were removed: so each step reads, adds,
and saves.
"""

import json
import sys
from pathlib import Path

import pcbnew

from carrier import design as table
from carrier.design import DRILL, VIA

LIBRARY = Path("/usr/share/kicad/footprints")
LEFT, TOP = 100.0, 80.0
CORNER = 2.54


def _at(x, y):
    return pcbnew.wxPointMM(LEFT + x, TOP + y)


def _mm(value):
    return pcbnew.FromMM(float(value))


def place(path, pads_path):
    board = pcbnew.NewBoard(path)
    design = table.build()
    nets = {}
    for name in design.nets:
        nets[name] = pcbnew.NETINFO_ITEM(board, name)
        board.Add(nets[name])
    net_of = {at: name for name, pins in design.nets.items() for at in pins}
    for part in design.parts.values():
        footprint = _holes(board, part) if ":" in part.footprint[:6] else _library(part)
        board.Add(footprint)
        footprint.SetReference(part.ref)
        footprint.SetValue(part.value)
        footprint.SetPosition(_at(part.x, part.y))
        footprint.SetOrientationDegrees(part.turn)
        _label(footprint, part)
        for pad in footprint.Pads():
            name = net_of.get(f"{part.ref}.{pad.GetNumber()}")
            if name:
                pad.SetNet(nets[name])
    _outline(board)
    for text in table.texts():
        _print(board, text)
    for y in (2.54, table.HEIGHT - 2.54):
        _mounting_hole(board, table.WIDTH - 2.54, y)
    pcbnew.SaveBoard(path, board)
    Path(pads_path).write_text(json.dumps(_pads(board), indent=0))


def _library(part):
    library, name = part.footprint.split(":")
    footprint = pcbnew.FootprintLoad(str(LIBRARY / f"{library}.pretty"), name)
    if footprint is None:
        sys.exit(f"{LIBRARY} has no {part.footprint}: apt install kicad-footprints")
    return footprint


def _holes(board, part):
    footprint = pcbnew.FOOTPRINT(board)
    footprint.SetFPID(pcbnew.LIB_ID("kneetrack", f"holes-{len(part.pins)}"))
    for n, pin in enumerate(part.pins):
        pad = pcbnew.PAD(footprint)
        pad.SetNumber(pin.number)
        pad.SetShape(pcbnew.PAD_SHAPE_CIRCLE if n else pcbnew.PAD_SHAPE_RECT)
        pad.SetAttribute(pcbnew.PAD_ATTRIB_PTH)
        pad.SetLayerSet(pad.PTHMask())
        pad.SetSize(pcbnew.wxSizeMM(1.6, 1.6))
        pad.SetDrillSize(pcbnew.wxSizeMM(1.0, 1.0))
        pad.SetPos0(pcbnew.wxPointMM(table.PITCH * n, 0))
        pad.SetPosition(pcbnew.wxPointMM(table.PITCH * n, 0))
        footprint.Add(pad)
    long = table.PITCH * (len(part.pins) - 1)
    corners = [(-1, -1), (long + 1, -1), (long + 1, 1), (-1, 1)]
    for (x, y), (to_x, to_y) in zip(corners, corners[1:] + corners[:1], strict=True):
        line = pcbnew.FP_SHAPE(footprint, pcbnew.SHAPE_T_SEGMENT)
        line.SetStart0(pcbnew.wxPointMM(x, y))
        line.SetEnd0(pcbnew.wxPointMM(to_x, to_y))
        line.SetStart(pcbnew.wxPointMM(x, y))
        line.SetEnd(pcbnew.wxPointMM(to_x, to_y))
        line.SetLayer(pcbnew.F_CrtYd)
        line.SetWidth(_mm(0.05))
        footprint.Add(line)
    footprint.SetAttributes(pcbnew.FP_THROUGH_HOLE)
    return footprint


def _mounting_hole(board, x, y):
    footprint = pcbnew.FOOTPRINT(board)
    footprint.SetFPID(pcbnew.LIB_ID("kneetrack", "hole-2.5"))
    pad = pcbnew.PAD(footprint)
    pad.SetShape(pcbnew.PAD_SHAPE_CIRCLE)
    pad.SetAttribute(pcbnew.PAD_ATTRIB_NPTH)
    pad.SetLayerSet(pad.UnplatedHoleMask())
    pad.SetSize(pcbnew.wxSizeMM(2.5, 2.5))
    pad.SetDrillSize(pcbnew.wxSizeMM(2.5, 2.5))
    footprint.Add(pad)
    footprint.SetReference("H")
    footprint.Reference().SetVisible(False)
    footprint.Value().SetVisible(False)
    footprint.SetAttributes(pcbnew.FP_EXCLUDE_FROM_POS_FILES | pcbnew.FP_EXCLUDE_FROM_BOM)
    board.Add(footprint)
    footprint.SetPosition(_at(x, y))


def _label(footprint, part):
    reference = footprint.Reference()
    footprint.Value().SetVisible(False)
    reference.SetVisible(part.label is not None)
    for item in footprint.GraphicalItems():
        if item.GetClass() == "MTEXT":
            item.SetVisible(False)
    if part.label:
        reference.SetKeepUpright(True)
        reference.SetTextAngle(-10 * part.turn)
        reference.SetTextSize(pcbnew.wxSizeMM(0.8, 0.8))
        reference.SetTextThickness(_mm(0.13))
        reference.SetPosition(_at(part.x + part.label[0], part.y + part.label[1]))


def _outline(board):
    w, h, r = table.WIDTH, table.HEIGHT, CORNER
    lines = [((r, 0), (w - r, 0)), ((w, r), (w, h - r)), ((w - r, h), (r, h)), ((0, h - r), (0, r))]
    for start, end in lines:
        shape = pcbnew.PCB_SHAPE(board, pcbnew.SHAPE_T_SEGMENT)
        shape.SetStart(_at(*start))
        shape.SetEnd(_at(*end))
        _edge(board, shape)
    d = r * 0.5**0.5
    arcs = [((0, r), (r - d, r - d), (r, 0)), ((w - r, 0), (w - r + d, r - d), (w, r)),
            ((w, h - r), (w - r + d, h - r + d), (w - r, h)),
            ((r, h), (r - d, h - r + d), (0, h - r))]  # fmt: skip
    for start, middle, end in arcs:
        shape = pcbnew.PCB_SHAPE(board, pcbnew.SHAPE_T_ARC)
        shape.SetArcGeometry(_at(*start), _at(*middle), _at(*end))
        _edge(board, shape)


def _edge(board, shape):
    shape.SetLayer(pcbnew.Edge_Cuts)
    shape.SetWidth(_mm(0.1))
    board.Add(shape)


def _print(board, text):
    item = pcbnew.PCB_TEXT(board)
    item.SetText(text.words)
    item.SetPosition(_at(text.x, text.y))
    item.SetTextSize(pcbnew.wxSizeMM(text.size, text.size))
    item.SetTextThickness(_mm(0.15 * max(text.size, 0.85)))
    item.SetTextAngle(10 * text.turn)
    item.SetLayer(pcbnew.B_SilkS if text.back else pcbnew.F_SilkS)
    item.SetMirrored(text.back)
    board.Add(item)


def _pads(board):
    found = []
    for footprint in board.GetFootprints():
        for pad in footprint.Pads():
            box, middle = pad.GetBoundingBox(), pad.GetPosition()
            edges = (box.GetLeft(), box.GetTop(), box.GetRight(), box.GetBottom())
            left, top, right, bottom = (pcbnew.ToMM(edge) for edge in edges)
            hole = pad.GetDrillSize().x > 0
            found.append(
                {
                    "ref": footprint.GetReference(),
                    "number": pad.GetNumber(),
                    "net": pad.GetNetname(),
                    "x": round(pcbnew.ToMM(middle.x) - LEFT, 4),
                    "y": round(pcbnew.ToMM(middle.y) - TOP, 4),
                    "box": [
                        round(v, 4) for v in (left - LEFT, top - TOP, right - LEFT, bottom - TOP)
                    ],
                    "hole": hole,
                    "bare": hole and pad.GetAttribute() == pcbnew.PAD_ATTRIB_NPTH,
                }
            )
    return sorted(found, key=lambda pad: (pad["ref"], pad["number"], pad["x"], pad["y"]))


def finish(path, tracks_path):
    board = pcbnew.LoadBoard(path)
    nets = board.GetNetsByName()
    layers = (pcbnew.F_Cu, pcbnew.B_Cu)
    for item in json.loads(Path(tracks_path).read_text()):
        if item["kind"] == "via":
            new = pcbnew.PCB_VIA(board)
            new.SetPosition(_at(item["x"], item["y"]))
            new.SetWidth(_mm(VIA))
            new.SetDrill(_mm(DRILL))
        else:
            new = pcbnew.PCB_TRACK(board)
            new.SetStart(_at(item["x"], item["y"]))
            new.SetEnd(_at(item["to_x"], item["to_y"]))
            new.SetWidth(_mm(item["width"]))
            new.SetLayer(layers[item["layer"]])
        new.SetNet(nets[item["net"]])
        board.Add(new)
    imu = table.build().parts["U1"]
    u = table.UNDER_IMU
    _area(board, [pcbnew.F_Cu], imu.x - u, imu.y - u, imu.x + u, imu.y + u)
    _area(board, layers, table.ANTENNA_FROM, 0, table.WIDTH, table.HEIGHT)
    for layer in layers:
        zone = _area(board, [layer], 0.4, 0.4, table.ANTENNA_FROM, table.HEIGHT - 0.4, nets["GND"])
        zone.SetLocalClearance(_mm(0.2))
        zone.SetMinThickness(_mm(0.2))
        zone.SetThermalReliefGap(_mm(0.25))
        zone.SetThermalReliefSpokeWidth(_mm(0.3))
        zone.SetIslandRemovalMode(pcbnew.ISLAND_REMOVAL_MODE_ALWAYS)
    pcbnew.ZONE_FILLER(board).Fill(board.Zones())
    pcbnew.SaveBoard(path, board)


def _area(board, layers, left, top, right, bottom, net=None):
    """A pour of `net`; without one, an area that has no copper."""
    zone = pcbnew.ZONE(board)
    chosen = pcbnew.LSET()
    for layer in layers:
        chosen.AddLayer(layer)
    zone.SetLayerSet(chosen)
    outline = zone.Outline()
    outline.NewOutline()
    for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)):
        point = _at(x, y)
        outline.Append(point.x, point.y)
    if net is None:
        zone.SetIsRuleArea(True)
        zone.SetDoNotAllowCopperPour(True)
        zone.SetDoNotAllowTracks(True)
        zone.SetDoNotAllowVias(True)
        zone.SetDoNotAllowPads(False)
        zone.SetDoNotAllowFootprints(False)
    else:
        zone.SetNet(net)
    board.Add(zone)
    return zone


def check(path, report):
    board = pcbnew.LoadBoard(path)
    pcbnew.WriteDRCReport(board, report, pcbnew.EDA_UNITS_MILLIMETRES, True)


def plot(path, folder):
    board = pcbnew.LoadBoard(path)
    plotter = pcbnew.PLOT_CONTROLLER(board)
    options = plotter.GetPlotOptions()
    options.SetOutputDirectory(folder)
    options.SetUseGerberProtelExtensions(False)
    options.SetCreateGerberJobFile(False)
    options.SetPlotFrameRef(False)
    options.SetSubtractMaskFromSilk(True)
    options.SetUseAuxOrigin(False)
    sides = {
        "F_Cu": pcbnew.F_Cu, "B_Cu": pcbnew.B_Cu, "F_Mask": pcbnew.F_Mask, "B_Mask": pcbnew.B_Mask,
        "F_Silkscreen": pcbnew.F_SilkS, "B_Silkscreen": pcbnew.B_SilkS, "F_Paste": pcbnew.F_Paste,
        "Edge_Cuts": pcbnew.Edge_Cuts,
    }  # fmt: skip
    for name, layer in sides.items():
        plotter.SetLayer(layer)
        plotter.OpenPlotfile(name, pcbnew.PLOT_FORMAT_GERBER, name)
        plotter.PlotLayer()
    plotter.ClosePlot()
    drill = pcbnew.EXCELLON_WRITER(board)
    drill.SetOptions(False, False, pcbnew.wxPoint(0, 0), False)
    drill.SetFormat(True)
    drill.CreateDrillandMapFilesSet(folder, True, False)


if __name__ == "__main__":
    # KiCad orders what it writes by random names; the same seed gives the same files. Each step has
    # its own, or a name would come twice.
    pcbnew.KIID.SeedGenerator(sum(sys.argv[1].encode()))
    {"place": place, "finish": finish, "check": check, "plot": plot}[sys.argv[1]](*sys.argv[2:])
