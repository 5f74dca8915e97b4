"""`kneetrack edit`: what is known of a recording, said later; the recording itself is not touched.

One command may say several things; each is a line of the journal beside the recording. Facts that
are said together are taken back together, reps one by one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kneetrack.cli.options import JSON_HELP, side_of
from kneetrack.errors import InputError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.edits import Change
    from kneetrack.samples import Side

SIDE = "Whose reps are meant, where both legs were recorded: right or left."
_CLEARED = {"load": "load_kg", "rpe": "rpe", "note": "note", "athlete": "athlete"}


def edit(
    log: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A log (.mcap), or a trace (.csv).")
    ] = None,
    load: Annotated[
        str | None, typer.Option(metavar="LOAD", help="The load, in kg or lb: 60, 135lb.")
    ] = None,
    rpe: Annotated[
        str | None, typer.Option(metavar="0-10", help="How hard it was; 10 is the hardest.")
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="As often as you like; --tags lists what is known."),
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Whatever you like.")] = None,
    exercise: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What was done; its reps are then looked for."),
    ] = None,
    athlete: Annotated[
        str | None, typer.Option(metavar="ALIAS", help="Whose recording it is.")
    ] = None,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT", help="Forget load, rpe, note, athlete, or a tag by its key."),
    ] = None,
    rep: Annotated[
        tuple[int, str] | None,
        typer.Option(
            metavar="N TEXT", help='What rep N was: 3 "not a squat". It no longer counts.'
        ),
    ] = None,
    leave_out: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Leave rep N out of everything.")
    ] = None,
    put_back: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Let rep N count again.")
    ] = None,
    side: Annotated[str | None, typer.Option(metavar="SIDE", help=SIDE)] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take the latest change back; again, the one before.")
    ] = False,
    history: Annotated[
        bool, typer.Option("--history", help="List every change, also those taken back.")
    ] = False,
    tags: Annotated[
        bool, typer.Option("--tags", help="List the tags that are known and what they may be.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Say afterwards what a recording was, and which of its reps don't count.

    \b
    Examples:
      kneetrack edit session.mcap                            what is known of it
      kneetrack edit session.mcap --load 135lb --rpe 7 --tag shoes=flat --tag pain=no
      kneetrack edit session.mcap --rep 3 "not a squat"      listed, but not judged
      kneetrack edit session.mcap --leave-out 4 --side left
      kneetrack edit session.mcap --undo                     as often as there are changes

    Nothing is written into the recording: changes stand beside it, in FILE.edits.jsonl. Move both
    together. Reps have the numbers that kneetrack analyze gives them.
    """
    from kneetrack.cli import console

    output, hints = console.results(), console.hints()
    if tags:
        _list_tags(output, as_json=json)
        return
    log = _recording(log)
    facts = _facts(load, rpe, tag, note, exercise, athlete, clear or [], hints)
    _check_cleared(log, clear or [])
    said = bool(facts or rep or leave_out or put_back)
    if undo + history + said > 1:
        raise UsageError("--undo and --history go by themselves; leave the other options out.")
    whose = side_of(side)
    made: list[Change] = []
    if undo:
        from kneetrack.edits import undo as take_back

        made = [take_back(log)]
    elif said:
        labels = [(rep[0], rep[1])] if rep is not None else []
        made = _make(log, facts, labels, leave_out or [], put_back or [], whose, hints)
    if json:
        console.print_json(_document(log, made, undone=undo, history=history))
        return
    if history:
        _list_history(log, output)
        return
    _tell(log, made, output, hints, undone=undo)


def _recording(log: Path | None) -> Path:
    """The recording that is meant. UsageError, InputError where there is none."""
    from kneetrack.analysis.source import is_log

    if log is None:
        raise UsageError("Which recording? Name its file: kneetrack edit session.mcap")
    is_log(log)  # or a trace; else an error
    if not log.is_file():
        raise InputError(f"{log} does not exist. Check the name, or record first.")
    return log


def _facts(
    load: str | None,
    rpe: str | None,
    tag: list[str] | None,
    note: str | None,
    exercise: str | None,
    athlete: str | None,
    clear: list[str],
    hints: Console,
) -> dict[str, Any]:
    """The facts that were typed, checked. UsageError for what can't be."""
    from kneetrack.edits import fields

    facts: dict[str, Any] = {}
    given: dict[str, str | None] = dict(fields.tags(tag or []))
    for word in clear:
        if word in _CLEARED:
            facts[_CLEARED[word]] = None
        else:
            given[word] = None
    if load is not None:
        facts["load_kg"] = fields.load_kg(load)
    if rpe is not None:
        facts["rpe"] = fields.rpe(rpe)
    if note is not None:
        facts["note"] = fields.text(note)
    if athlete is not None:
        facts["athlete"] = fields.text(athlete, "An alias", fields.MOST_TAG_LETTERS)
    if exercise is not None:
        facts["exercise"] = _exercise(exercise)
    if given:
        facts["tags"] = given
    for key in given:
        meant = fields.close_to(key)
        if meant is not None:
            hints.print(f"! The tag {key} is kept as it is. Was {meant} meant?", markup=False)
    return facts


def _check_cleared(log: Path, clear: list[str]) -> None:
    """InputError where there is nothing to forget: a mistyped tag would stay unseen."""
    if not clear:
        return
    session = _known(log)["session"]
    tags = session.get("tags", {})
    for word in clear:
        if session.get(_CLEARED[word]) is None if word in _CLEARED else word not in tags:
            known = [key for key, name in _CLEARED.items() if session.get(name) is not None]
            what = ", ".join([*known, *tags]) or "nothing"
            raise InputError(f'{log} has no "{word}" to forget. What can be cleared: {what}.')


def _exercise(name: str) -> str:
    from kneetrack.traces import EXERCISES

    if name not in EXERCISES:
        raise UsageError(f'--exercise is one of {", ".join(EXERCISES)}, not "{name}".')
    return name


def _make(
    log: Path,
    facts: dict[str, Any],
    labels: list[tuple[int, str]],
    leave_out: list[int],
    put_back: list[int],
    side: Side | None,
    hints: Console,
) -> list[Change]:
    """Write the changes, all of them or, where one makes no sense, none."""
    from kneetrack.analysis import rep_edits
    from kneetrack.analysis.source import analyse, is_log
    from kneetrack.edits import LEFT_OUT, Set, append, fields

    made: list[Change] = [Set(facts)] if facts else []
    if labels or leave_out or put_back:
        if "exercise" in facts:
            raise UsageError(
                "Another exercise has other reps: say --exercise first, then see which they are."
            )
        with hints.status("Finding the reps ..."):
            found = analyse(log, side=None if is_log(log) else side)
        texts = [(n, fields.text(text, "What a rep was", 200)) for n, text in labels]
        made += [rep_edits.labelled(found, side, number, text) for number, text in texts]
        made += [rep_edits.labelled(found, side, number, LEFT_OUT) for number in leave_out]
        made += [rep_edits.put_back(found, side, number) for number in put_back]
    for change in made:
        append(log, change)
    return made


def _tell(log: Path, made: list[Change], output: Console, hints: Console, *, undone: bool) -> None:
    """What was done; without anything done, what is known."""
    from kneetrack.edits.words import change_words, rep_words

    for change in made:
        prefix = "Taken back: " if undone else ""
        words = change_words(change)
        output.print(f"{prefix}{words if undone else words[:1].upper() + words[1:]}.", markup=False)
    if made:
        if not undone:
            hints.print(
                f"See it with: kneetrack analyze {log}. Take it back with: kneetrack edit {log} "
                "--undo",
                markup=False,
                soft_wrap=True,
            )
        return
    known = _known(log)
    for fact in known["facts"]:
        output.print(fact, markup=False, soft_wrap=True)
    for label in known["labels"]:
        output.print(
            f"{label['side']} leg, {rep_words(label['time_s'], label['start_s'])}: {label['text']}",
            markup=False,
        )
    if not known["facts"] and not known["labels"]:
        output.print("Nothing is known of it yet. See how to say something: kneetrack edit --help")


def _known(log: Path) -> dict[str, Any]:
    """What is known of a recording by now, and what was said of its reps."""
    from kneetrack.analysis.source import is_log
    from kneetrack.edits import KEYS, read
    from kneetrack.edits.words import facts
    from kneetrack.sessionlog import read_log

    edits = read(log)
    session = edits.over(read_log(log).session if is_log(log) else {})
    kept = {key: session[key] for key in KEYS if session.get(key) not in (None, {}, "")}
    labels = [
        {"side": side.word, "time_s": label.time_s, "start_s": label.start_s, "text": label.text}
        for side, told in edits.labels.items()
        for label in told
    ]
    return {"session": kept, "facts": facts(kept), "labels": labels, "changes": edits.changes}


def _document(log: Path, made: list[Change], *, undone: bool, history: bool) -> dict[str, Any]:
    from kneetrack.edits import history as all_of
    from kneetrack.edits import journal_of, to_json

    known = _known(log)
    document: dict[str, Any] = {
        "format": 1,
        "log": str(log),
        "journal": str(journal_of(log)),
        "taken_back" if undone else "made": [to_json(change) for change in made],
        "session": known["session"],
        "labels": known["labels"],
        "changes": known["changes"],
    }
    if history:
        document["history"] = [
            {"utc": one.utc, "undone": one.undone, **to_json(one.change)} for one in all_of(log)
        ]
    return document


def _list_history(log: Path, output: Console) -> None:
    from kneetrack.edits import history, read
    from kneetrack.edits.words import change_words

    entries = history(log)
    if not entries:
        output.print("Nothing was said of it later.")
    for one in entries:
        when = one.utc[:19].replace("T", " ")
        back = " (taken back)" if one.undone else ""
        output.print(f"{when} UTC  {change_words(one.change)}{back}", markup=False, soft_wrap=True)
    unread = read(log).unread
    if unread:
        lines = "1 line" if unread == 1 else f"{unread} lines"
        output.print(f"{lines} can't be read: cut off, or written by a later version.")


def _list_tags(output: Console, *, as_json: bool) -> None:
    from rich.table import Table

    from kneetrack.cli import console
    from kneetrack.edits.fields import TAGS

    if as_json:
        tags = [
            {
                "key": one.key,
                "words": one.words,
                "meaning": one.meaning,
                "choices": list(one.choices),
                "unit": one.unit or None,
                "most": one.most if one.unit else None,
            }
            for one in TAGS.values()
        ]
        console.print_json({"format": 1, "tags": tags})
        return
    table = Table(box=None, pad_edge=False)
    for title in ("tag", "what it is", "may be"):
        table.add_column(title)
    for one in TAGS.values():
        table.add_row(one.key, one.meaning, one.takes)
    output.print(table)
    output.print("Any other KEY=VALUE is kept as it is.")
