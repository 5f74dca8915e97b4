"""The calibration of a leg as a file."""

from kneetrack.calibration.store import CalibrationFile, GateResult

__all__ = ["CalibrationFile", "GateResult"]
