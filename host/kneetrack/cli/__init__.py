"""The command line: `kneetrack COMMAND`. `app` puts it together, one file holds one command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that was typed and leave with its exit code."""
    from kneetrack.cli import terminal
    from kneetrack.cli.app import run

    terminal.show_what_it_can()
    terminal.give_back_at_stop()
    sys.exit(run(sys.argv[1:]))
