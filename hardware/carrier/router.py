"""Tracks and vias for the wing: A* on a grid of 0.1 mm, two layers; same pads, same tracks.

One net after another grows from its first pad to whichever of its others is nearest. It may cross
what other nets have laid, at a price; those are taken up and laid again, and each time that happens
crossing gets dearer, until nobody crosses anybody. Ground comes first and stays: each of its pads
on the surface gets a way to a via. The pour on both sides does the rest; vias on a raster, laid
last, tie the two.

Pads, tracks and vias are dictionaries, as the JSON between here and `layout` has them; lengths in
mm.
"""

import heapq
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from carrier.design import ANTENNA_FROM, DRILL, HEIGHT, VIA, WIDTH

Pad = dict[str, Any]
Item = dict[str, Any]
Box = tuple[float, float, float, float]

GRID = 0.1
COLUMNS, ROWS = round(WIDTH / GRID) + 1, round(HEIGHT / GRID) + 1
LAYER = COLUMNS * ROWS
CLEARANCE = 0.16
EDGE = 0.35
HOLE_CLEARANCE = 0.3
VIA_COST, BACK_COST, CROSSING = 12.0, 1.3, 2.0
WIDTHS = {"3V3": 0.3, "MOTOR": 0.4, "GND": 0.3}
THIN = 0.2
GROUND = "GND"
RASTER = 4.0
ROUNDS = 150

FREE, LAID, WALL = 0, 1, 2

_STEPS = tuple(
    (dx, dy, math.hypot(dx, dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0)
)


class NoWay(Exception):
    """A net cannot be laid; its name is the argument."""


def route(pads: list[Pad], keepouts: Iterable[Box] = ()) -> list[Item]:
    """Tracks and vias that join the pads of each net. Raises NoWay.

    `keepouts`: boxes (left, top, right, bottom) of the upper side without tracks or vias.
    """
    board = _Board(pads, list(keepouts))
    board.ground()
    waiting = _order(pads)
    price = CROSSING
    for _ in range(ROUNDS):
        if not waiting:
            break
        crossed = board.join(waiting.pop(0), price)
        waiting += crossed
        price += CROSSING * len(crossed)
    if waiting:
        raise NoWay(waiting[0])
    board.tie()
    return [item for items in board.laid.values() for item in items]


def _order(pads: list[Pad]) -> list[str]:
    """Short nets first."""
    extent: dict[str, float] = {}
    for net in sorted({pad["net"] for pad in pads} - {"", GROUND}):
        own = [pad for pad in pads if pad["net"] == net]
        xs, ys = [pad["x"] for pad in own], [pad["y"] for pad in own]
        extent[net] = max(xs) - min(xs) + max(ys) - min(ys)
    return sorted(extent, key=lambda net: (extent[net], net))


class _Board:
    def __init__(self, pads: list[Pad], keepouts: list[Box]):
        self.pads, self.keepouts = pads, keepouts
        self.laid: dict[str, list[Item]] = {}

    def join(self, net: str, price: float) -> list[str]:
        """Lay one net; the nets that had to be taken up for it."""
        width = WIDTHS.get(net, THIN)
        state, via_state = self._state(net, width / 2), self._via_state(net)
        own = [pad for pad in self.pads if pad["net"] == net]
        tree, left = set(_cells(own[0])), own[1:]
        cells: list[int] = []
        vias: list[int] = []
        self.laid[net] = []
        while left:
            goals = {cell: n for n, pad in enumerate(left) for cell in _cells(pad)}
            path = _search(tree, goals.__contains__, state, via_state, list(goals), price)
            if path is None:
                raise NoWay(net)
            reached = left.pop(goals[path[-1]])
            tree.update(path, _cells(reached))
            cells += path
            vias += self._lay(net, path, width)
        crossed = [
            other
            for other, items in self.laid.items()
            if other not in (net, GROUND) and items and self._meets(items, cells, vias, width / 2)
        ]
        for other in crossed:
            self.laid[other] = []
        return crossed

    def _meets(self, items: list[Item], cells: list[int], vias: list[int], half: float) -> bool:
        near, near_via = _nothing(), _nothing()
        for item in items:
            for layer, box, radius in _body(item):
                _mark(near, layer, box, radius + half + CLEARANCE, WALL)
                _mark(near_via, layer, box, radius + VIA / 2 + CLEARANCE, WALL)
        flat, flat_via = near.reshape(-1), near_via.reshape(2, -1).max(axis=0)
        return bool(flat[cells].any() or (vias and flat_via[[v % LAYER for v in vias]].any()))

    def ground(self) -> None:
        """A via near each pad of ground on the surface."""
        self.laid[GROUND] = []
        places: set[int] = set()
        for pad in self.pads:
            if pad["net"] != GROUND or pad["hole"]:
                continue
            via_state = self._via_state(GROUND)
            for width in (WIDTHS[GROUND], THIN):
                path = _search(
                    set(_cells(pad)),
                    lambda cell, free=via_state: cell in places or free[cell % LAYER] == FREE,
                    self._state(GROUND, width / 2),
                    None,
                    [],
                    math.inf,
                )
                if path is not None:
                    break
            else:
                raise NoWay(GROUND)
            self._lay(GROUND, path, width)
            if path[-1] not in places:
                places.add(path[-1])
                self._via(GROUND, path[-1])

    def tie(self) -> None:
        """Vias between the two pours wherever there is room on the raster."""
        for y in np.arange(2.0, HEIGHT, RASTER):
            for x in np.arange(2.0, ANTENNA_FROM, RASTER):
                if self._via_state(GROUND)[_cell(x, y)] == FREE:
                    self._via(GROUND, _cell(x, y))

    def _lay(self, net: str, path: list[int], width: float) -> list[int]:
        """Straight stretches of `path` as tracks, changes of layer as vias, which are returned."""
        vias, begin = [], path[0]
        for before, here, after in zip(path[:-1], path[1:], [*path[2:], None], strict=True):
            if here // LAYER != before // LAYER:
                self._via(net, here)
                vias.append(here)
                begin = here
            elif after is None or after - here != here - before:
                (x, y), (to_x, to_y) = _place(begin), _place(here)
                self.laid[net].append(
                    {"kind": "track", "net": net, "layer": here // LAYER, "width": width,
                     "x": x, "y": y, "to_x": to_x, "to_y": to_y}
                )  # fmt: skip
                begin = here
        return vias

    def _via(self, net: str, cell: int) -> None:
        x, y = _place(cell)
        self.laid[net].append({"kind": "via", "net": net, "x": x, "y": y})

    def _state(self, net: str, half: float) -> np.ndarray:
        """What is where the middle of something of `net`, `half` in radius, may want to be."""
        state = _nothing()
        reach = half + CLEARANCE
        for other, items in self.laid.items():
            if other != net:
                for item in items:
                    for layer, box, radius in _body(item):
                        what = WALL if other == GROUND else LAID
                        _mark(state, layer, box, radius + reach, what)
        edge, right = round((EDGE + half) / GRID), int((ANTENNA_FROM - half) / GRID)
        state[:, :edge, :] = state[:, -edge:, :] = WALL
        state[:, :, :edge] = state[:, :, right:] = WALL
        for box in self.keepouts:
            _mark(state, 0, box, half, WALL)
        for pad in self.pads:
            if pad["net"] != net or not net:
                extra = HOLE_CLEARANCE - CLEARANCE if pad["bare"] else 0.0
                for layer in (0, 1) if pad["hole"] else (0,):
                    _mark(state, layer, pad["box"], reach + extra, WALL)
        return state.reshape(-1)

    def _via_state(self, net: str) -> np.ndarray:
        """The same for a via; one layer. Never in a pad: solder would run off."""
        state = self._state(net, VIA / 2).reshape(2, ROWS, COLUMNS).max(axis=0, keepdims=True)
        for pad in self.pads:
            _mark(state, 0, pad["box"], VIA / 2 + 0.05, WALL)
        for item in self.laid.get(net, ()):
            if item["kind"] == "via":
                _mark(state, 0, _body(item)[0][1], DRILL + HOLE_CLEARANCE, WALL)
        return state.reshape(-1)


def _search(
    sources: set[int],
    arrived: Callable[[int], bool],
    state: np.ndarray,
    via_state: np.ndarray | None,
    goals: list[int],
    price: float,
) -> list[int] | None:
    """Cheapest path from any of `sources` to a cell that has `arrived`; none if there is no way."""
    ahead = _distance(goals).tolist() if goals else None
    state = state.tolist()
    via_state = None if via_state is None else via_state.tolist()
    cost = dict.fromkeys(sources, 0.0)
    before: dict[int, int] = {}
    queue = [(ahead[cell % LAYER] if ahead else 0.0, cell) for cell in sorted(sources)]
    heapq.heapify(queue)
    done: set[int] = set()
    while queue:
        _, cell = heapq.heappop(queue)
        if cell in done:
            continue
        done.add(cell)
        if cell not in sources and arrived(cell):
            path = [cell]
            while path[-1] in before:
                path.append(before[path[-1]])
            return path[::-1]
        layer, flat = divmod(cell, LAYER)
        factor = BACK_COST if layer else 1.0
        near = [(cell + dx + dy * COLUMNS, length * factor) for dx, dy, length in _STEPS]
        if via_state is not None and via_state[flat] != WALL:
            toll = VIA_COST if via_state[flat] == FREE else VIA_COST + 5 * price
            near.append((flat if layer else flat + LAYER, toll))
        for other, step in near:
            what = state[other]  # The frame is a wall: nobody steps over the edge of the grid.
            if what == WALL or other in done:
                continue
            total = cost[cell] + step + (price if what == LAID else 0.0)
            if total < cost.get(other, math.inf) - 1e-9 and total < math.inf:
                cost[other], before[other] = total, cell
                guess = ahead[other % LAYER] if ahead else 0.0
                heapq.heappush(queue, (total + guess, other))
    return None


def _distance(goals: list[int]) -> np.ndarray:
    """Steps from each cell of a layer to the nearest goal, with nothing in between."""
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    best = np.full((ROWS, COLUMNS), np.inf)
    for flat in {goal % LAYER for goal in goals}:
        y, x = divmod(flat, COLUMNS)
        dx, dy = np.abs(columns - x), np.abs(rows - y)
        best = np.minimum(best, np.maximum(dx, dy) + (math.sqrt(2) - 1) * np.minimum(dx, dy))
    return best.reshape(-1)


def _nothing() -> np.ndarray:
    return np.zeros((2, ROWS, COLUMNS), dtype=np.uint8)


def _mark(state: np.ndarray, layer: int, box: Iterable[float], reach: float, what: int) -> None:
    """Cells nearer than `reach` to a box, or to the line of a track between two corners."""
    x0, y0, x1, y1 = box
    thin = isinstance(box, tuple)
    top, bottom = max(0, _down(min(y0, y1) - reach)), min(ROWS, _up(max(y0, y1) + reach) + 1)
    left, right = max(0, _down(min(x0, x1) - reach)), min(COLUMNS, _up(max(x0, x1) + reach) + 1)
    y, x = np.mgrid[top:bottom, left:right] * GRID
    if thin:
        dx, dy = x1 - x0, y1 - y0
        length = dx * dx + dy * dy
        t = np.clip(((x - x0) * dx + (y - y0) * dy) / length, 0, 1) if length else 0.0
        away = np.hypot(x - x0 - t * dx, y - y0 - t * dy)
    else:
        away = np.hypot(
            np.maximum(np.maximum(x0 - x, x - x1), 0), np.maximum(np.maximum(y0 - y, y - y1), 0)
        )
    part = state[layer, top:bottom, left:right]
    part[(away < reach - 1e-6) & (part < what)] = what


def _down(value: float) -> int:
    return math.floor(value / GRID)


def _up(value: float) -> int:
    return math.ceil(value / GRID)


def _cell(x: float, y: float, layer: int = 0) -> int:
    return layer * LAYER + round(y / GRID) * COLUMNS + round(x / GRID)


def _place(cell: int) -> tuple[float, float]:
    y, x = divmod(cell % LAYER, COLUMNS)
    return round(x * GRID, 3), round(y * GRID, 3)


def _cells(pad: Pad) -> list[int]:
    """Where a track may begin or end: the middle, on the layers that the pad has."""
    return [_cell(pad["x"], pad["y"], layer) for layer in ((0, 1) if pad["hole"] else (0,))]


def _body(item: Item) -> list[tuple[int, Box, float]]:
    if item["kind"] == "via":
        at = (item["x"], item["y"], item["x"], item["y"])
        return [(0, at, VIA / 2), (1, at, VIA / 2)]
    ends = (item["x"], item["y"], item["to_x"], item["to_y"])
    return [(item["layer"], ends, item["width"] / 2)]
