"""OpenSim's own reading of what was exported for it, in a process of its own (it is C++).

    python opensense.py FOLDER ANGLES.mot ORIENTATIONS.sto FROM_S UNTIL_S

prints JSON: `angles`, the motion as OpenSim reads it, and `solved`, what OpenSense's inverse
kinematics makes of the orientations between two instants, on a femur and a tibia a side that hang
in space, with the knee and the signs of Rajagopal's models and an IMU frame on each body.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

_KEPT: list[Any] = []  # what OpenSim only points to must outlive the model


def main(folder: Path, angles: str, orientations: str, from_s: float, until_s: float) -> None:
    import opensim as osim

    osim.Logger.setLevelString("off")
    motion = osim.Storage(angles)  # what the program's own windows read
    told = {
        "angles": _table(osim, angles),
        "in_degrees": motion.isInDegrees(),
        "motion_rows": motion.getSize(),
    }
    model = folder / "knees.osim"
    _knees(osim, model)
    tool = osim.IMUInverseKinematicsTool()
    tool.set_model_file(str(model))
    tool.set_orientations_file(orientations)
    tool.set_sensor_to_opensim_rotations(osim.Vec3(0))
    tool.set_results_directory(str(folder))
    tool.set_output_motion_file("ik.mot")
    tool.set_time_range(0, from_s)
    tool.set_time_range(1, until_s)
    tool.run(False)
    told["solved"] = _table(osim, str(folder / "ik.mot"))
    print(json.dumps(told), flush=True)
    os._exit(0)  # OpenSim frees at exit what Python frees as well


def _table(osim: Any, path: str) -> dict[str, Any]:
    table = osim.TimeSeriesTable(path)
    keys = [key for key in ("inDegrees", "StartedUTC", "Gaps") if table.hasTableMetaDataKey(key)]
    return {
        "about": {key: table.getTableMetaDataString(key) for key in keys},
        "times": list(table.getIndependentColumn()),
        "columns": {
            name: table.getDependentColumn(name).to_numpy().tolist()
            for name in table.getColumnLabels()
        },
    }


def _knees(osim: Any, path: Path) -> None:
    model, zero = osim.Model(), osim.Vec3(0)
    for letter, sign in (("r", 1), ("l", -1)):
        femur, tibia = (
            osim.Body(f"{name}_{letter}", 1, zero, osim.Inertia(1, 1, 1))
            for name in ("femur", "tibia")
        )
        turns = osim.SpatialTransform()
        axes = {"knee_angle": (0, 0, -1), "knee_adduction": (sign, 0, 0),
                "knee_rotation": (0, sign, 0)}  # fmt: skip
        for at, (name, axis) in enumerate(axes.items()):
            straight = osim.LinearFunction(1, 0)
            one = turns.updTransformAxis(at)
            one.setCoordinateNames(osim.ArrayStr(f"{name}_{letter}", 1))
            one.setAxis(osim.Vec3(*axis))
            one.setFunction(straight)
            _KEPT.extend([straight, one])
        model.addBody(femur)
        model.addBody(tibia)
        hip = osim.FreeJoint(f"hip_{letter}", model.getGround(), femur)
        knee = osim.CustomJoint(
            f"knee_{letter}", femur, osim.Vec3(0, -0.4, 0), zero, tibia, zero, zero, turns
        )
        for joint in (hip, knee):
            model.addJoint(joint)
        for body in (femur, tibia):
            frame = osim.PhysicalOffsetFrame(f"{body.getName()}_imu", body, osim.Transform())
            body.addComponent(frame)
            _KEPT.append(frame)
        _KEPT.extend([femur, tibia, turns, hip, knee])
    _KEPT.append(model)
    model.finalizeConnections()
    model.printToXML(str(path))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5]))
