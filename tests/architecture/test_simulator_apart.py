"""The simulator knows nothing of what it examines: no constant of the detector is in it.

From kneecore it may have the arithmetic of rotations and the convention of the joint angles (what
"valgus" means), and the band's wire and board only through the firmware that it runs. Filters,
alignment, segmentation and thresholds are out of its reach. (`costs` alone names what it makes take
its time, and knows no number of it.)
"""

import ast
from pathlib import Path

SIM = Path(__file__).resolve().parents[2] / "firmware" / "sim"
ARITHMETIC = {"kneecore.quaternion", "kneecore.vector", "kneecore.joint"}
EXAMINED = ("kneecore", "kneeband", "kneetrack")


def examined_modules(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module in EXAMINED:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return {module for module in found if module.split(".")[0] in EXAMINED}


def test_the_simulator_shares_arithmetic_and_no_constant_with_the_detector() -> None:
    files = [file for file in SIM.rglob("*.py") if file.name != "costs.py"]
    used = {file.name: examined_modules(file) for file in files}
    assert "kneecore.joint" in used["body.py"]  # else this test looks in the wrong place
    assert {
        name: modules - ARITHMETIC for name, modules in used.items() if modules - ARITHMETIC
    } == {}
