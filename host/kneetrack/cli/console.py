"""Where output goes: results to stdout, progress and hints to stderr, JSON by itself."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.console import Console


def results() -> Console:
    """What the command was asked for."""
    return Console(highlight=False)


def hints() -> Console:
    """What helps a person along, and must not get into a pipe."""
    return Console(stderr=True, highlight=False)


def print_json(value: dict[str, Any]) -> None:
    """One JSON document, readable, unknown as null."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))
