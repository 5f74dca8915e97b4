"""The command line: `kneetrack COMMAND`. One file a command; each parses, calls and prints.

Exit codes: 0 good, 1 the user's input can't be used (or a check failed), 2 the command line makes
no sense, 3 the band or the way to it, 130 cut short by Ctrl-C. Errors are one clear sentence on
stderr; only results go to stdout. What a command needs beyond its options is imported when it runs,
so that --help is quick and a missing extra hurts only the command that needs it.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import os
import sys
from typing import Annotated, Any

import typer

from kneecore import __version__
from kneetrack.cli import (
    analyze,
    angles,
    before,
    calibrate,
    compare,
    completing,
    cue,
    dashboard,
    demo,
    device,
    doctor,
    edit,
    export,
    flash,
    import_trace,
    movements,
    privacy,
    record,
    references,
    repair,
    replay,
    report,
    scan,
    selftest,
    sensors,
    sessions,
    sync,
    trend,
    update,
    validate,
)
from kneetrack.errors import KneeTrackError

CUT_SHORT = 130

# What typer raises for a wrong option, argument or command. Its own name is not exported, and
# depends on whether typer carries its own click.
_CommandLineError: Any = typer.BadParameter.__bases__[0]

app = typer.Typer(
    name="kneetrack",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command()(demo.demo)
app.command()(scan.scan)
app.command()(calibrate.calibrate)
app.command()(sensors.sensors)
app.command()(references.references)
app.command()(before.before)
app.command()(cue.cue)
app.command()(record.record)
app.command()(selftest.selftest)
app.command()(replay.replay)
app.command()(dashboard.dashboard)
app.command()(analyze.analyze)
app.command()(edit.edit)
app.command()(angles.angles)
app.command("import")(import_trace.import_trace)
app.command()(sessions.sessions)
app.command()(trend.trend)
app.command()(compare.compare)
app.command()(movements.movements)
app.command()(report.report)
app.command()(export.export)
app.command()(validate.validate)
app.command()(repair.repair)
app.command()(sync.sync)
app.command()(doctor.doctor)
app.command()(flash.flash)
app.command()(update.update)
app.add_typer(device.device, name="device")
app.add_typer(privacy.privacy, name="privacy")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kneetrack {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Knee angles, reps and inward movement, from two IMUs a leg.

    \b
    Begin with:   kneetrack demo
    With a band:  kneetrack calibrate --side right
                  kneetrack record
    Afterwards:   kneetrack analyze FILE.mcap
                  kneetrack report FILE.mcap --out report.html

    Not a medical device: it gives training feedback and keeps a log, and says nothing about health.
    """
    if context.invoked_subcommand is None:
        from kneetrack.cli import console, start_page

        start_page.show(console.results())


def run(arguments: list[str]) -> int:
    """Run one command; the exit code. All that a user may cause ends here, as a sentence."""
    try:
        command = typer.main.get_command(_needed(arguments))
        completing.attach(command)
        result: object = command.main(arguments, prog_name="kneetrack", standalone_mode=False)
    except KneeTrackError as error:
        return _fail(str(error), error.exit_code)
    except typer.Exit as ended:
        return ended.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return _fail("Cut short.", CUT_SHORT)
    except _CommandLineError as error:
        path = _command(arguments) if error.ctx is None else error.ctx.command_path
        said = error.format_message()
        stop = "" if said.endswith((".", "?", "!")) else "."
        return _fail(f"{said}{stop} Try: {path} --help", error.exit_code)
    except BrokenPipeError:
        # The reader of our output has gone (`kneetrack analyze ... | head`): nothing to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}.", KneeTrackError.exit_code)
    if result == CUT_SHORT:  # typer's own answer to Ctrl-C
        return _fail("Cut short.", CUT_SHORT)
    return result if isinstance(result, int) else 0


def _needed(arguments: list[str]) -> typer.Typer:
    """`app` with no more than what was typed needs: every option that typer builds takes its time.

    One command alone, all without their options where only their list is shown, else the whole.
    """
    if completing.VARIABLE in os.environ:
        return app
    first = arguments[0] if arguments else "--help"
    part = copy.copy(app)
    if first in ("--help", "-h", "--version"):
        part.registered_commands = [_bare(one) for one in app.registered_commands]
        part.registered_groups = [_told(one) for one in app.registered_groups]
        return part
    commands = [one for one in app.registered_commands if _name(one) == first]
    groups = [one for one in app.registered_groups if one.name == first]
    if not commands and not groups:
        return app
    part.registered_commands, part.registered_groups = commands, groups
    return part


def _name(command: Any) -> str:
    return command.name or command.callback.__name__


def _bare(command: Any) -> Any:
    """A command's line in the list of them: its first sentence, whole."""
    bare = copy.copy(command)
    bare.name, bare.short_help = _name(command), _sentence(command.callback)
    bare.callback = lambda: None
    return bare


def _told(group: Any) -> Any:
    """The same of a group."""
    told = copy.copy(group)
    told.short_help = _sentence(group.typer_instance.registered_callback.callback)
    return told


def _sentence(function: object) -> str:
    return (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")


def _command(arguments: list[str]) -> str:
    """The command that was typed, `kneetrack device pair`; errors of the parser don't name it."""
    path, command = ["kneetrack"], typer.main.get_command(app)
    for word in arguments:
        within: dict[str, Any] = getattr(command, "commands", {})
        if word not in within:
            break
        command = within[word]
        path.append(word)
    return " ".join(path)


def _fail(sentence: str, code: int) -> int:
    with contextlib.suppress(OSError):  # then nobody is left to tell
        print(f"kneetrack: {sentence}", file=sys.stderr)
    return code
