"""What would be printed, as triangles: is it whole, one piece, thick enough, and do the parts fit?

Thickness is measured by rays: from points spread evenly over the surface straight inwards, to where
the ray leaves the plastic again. Points within `EDGE` of a sharp outer edge are fair as well: there,
too, the ray crosses the wall that the point lies on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh

POINTS = 6000
SEED = 7
TOLERANCE = 0.02
"""Facets cut corners: 0.05 mm at most is asked of the mesh, on curved walls both ways."""


@dataclass(frozen=True)
class Thickness:
    """The thinnest place found."""

    least_mm: float
    at: tuple[float, float, float]
    points: int


def load(path: Path) -> trimesh.Trimesh:
    return trimesh.load_mesh(path, file_type="stl")


def thickness(mesh: trimesh.Trimesh, points: int = POINTS) -> Thickness:
    """The least wall along rays from `points` places of the surface, the same ones each time."""
    where, face = trimesh.sample.sample_surface_even(mesh, points, seed=SEED)
    inward = -mesh.face_normals[face]
    start = where + inward * 1e-3
    hits, rays, _ = mesh.ray.intersects_location(start, inward, multiple_hits=False)
    far = np.linalg.norm(hits - start[rays], axis=1) + 1e-3
    worst = int(np.argmin(far))
    return Thickness(float(far[worst]), tuple(map(float, where[rays[worst]])), len(far))


def problems(mesh: trimesh.Trimesh, least_mm: float, points: int = POINTS) -> Iterator[str]:
    """Why this mesh can't be printed as it is meant."""
    if not mesh.is_watertight:
        yield "it has a hole"
        return
    if not mesh.is_winding_consistent or mesh.volume <= 0:
        yield "inside and outside are mixed up"
        return
    pieces = mesh.body_count
    if pieces != 1:
        yield f"it is in {pieces} pieces"
    found = thickness(mesh, points)
    if found.least_mm < least_mm - TOLERANCE:
        x, y, z = found.at
        yield f"a wall of {found.least_mm:.2f} mm at ({x:.1f}, {y:.1f}, {z:.1f})"
