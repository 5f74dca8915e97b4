"""The command line: `kneetrack COMMAND`. `app` puts it together, one file holds one command."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command that was typed and leave with its exit code."""
    from kneetrack.cli.app import run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a sign it can't show must not end a recording
    sys.exit(run(sys.argv[1:]))
