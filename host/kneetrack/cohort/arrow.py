"""pyarrow, imported where a table is made: it is large, and an extra."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from kneetrack.cohort import columns
from kneetrack.errors import InputError, install

_ABOUT = b"kneetrack"


def pyarrow(module: str = "") -> Any:
    """`pyarrow`, or its `module`. Raises InputError where it is not installed."""
    try:
        return import_module(f"pyarrow.{module}" if module else "pyarrow")
    except ImportError:
        raise InputError(
            "A table of many recordings (Parquet) needs the package pyarrow, which is not "
            f"installed. {install('tables')}"
        ) from None


def schema_of(
    told: Iterable[columns.Column], *, about: Mapping[str, Any], meanings: bool = False
) -> Any:
    """The schema of these columns, which says `about` of itself; with `meanings` each column says
    what it means, and its unit."""
    pa = pyarrow()
    kinds = {
        columns.TEXT: pa.string(),
        columns.NUMBER: pa.float64(),
        columns.COUNT: pa.int32(),
        columns.FLAG: pa.bool_(),
        columns.INSTANT: pa.timestamp("us", tz="UTC"),
        columns.WORDS: pa.list_(pa.string()),
    }
    fields = [
        pa.field(
            each.name,
            kinds[each.kind],
            metadata={"unit": each.unit, "meaning": each.meaning} if meanings else None,
        )
        for each in told
    ]
    return pa.schema(fields, {_ABOUT: json.dumps(about)})


def told_in(schema: Any) -> dict[str, Any]:
    """What a schema says of itself. KeyError or ValueError where it is none of ours."""
    metadata: dict[bytes, bytes] = schema.metadata or {}
    return json.loads(metadata[_ABOUT])
