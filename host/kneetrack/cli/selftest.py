"""`kneetrack selftest`: a guided test of one leg, or of both in turn, and what it amounts to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli.options import JSON_HELP, LINK_VARIABLE, side_of
from kneetrack.errors import CalibrationError, LinkError, UsageError
from kneetrack.samples import Side

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.calibration import CalibrationFile
    from kneetrack.link import Link
    from kneetrack.samples import Rep
    from kneetrack.selftest.tests import SelfTest


def selftest(
    test: Annotated[
        str | None, typer.Argument(metavar="[balance|squat|lunge]", show_default=False)
    ] = None,
    link: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LINK",
            envvar=LINK_VARIABLE,
            help="The band, as in record; twice: one leg after the other.",
        ),
    ] = None,
    side: Annotated[
        str | None, typer.Option(metavar="SIDE", help="The leg that wears the band.")
    ] = None,
    athlete: Annotated[
        str | None,
        typer.Option(metavar="ALIAS", help="Whose legs: compared with that person's last test."),
    ] = None,
    calibration: Annotated[
        list[Path] | None,
        typer.Option(metavar="CAL.json", help="From kneetrack calibrate [default: the band's]."),
    ] = None,
    before: Annotated[
        list[str] | None,
        typer.Option(metavar="WORDS", help="Answers to the question before, as in record."),
    ] = None,
    no_questions: Annotated[
        bool, typer.Option("--no-questions", help="Don't ask it; nothing is kept of it.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="What each test is.")] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Test one leg, or one after the other: balance, shallow squats, or how far the ankle lets you.

    \b
    Examples:
      kneetrack selftest --list
      kneetrack selftest lunge --side right --athlete A     no calibration needed
      kneetrack selftest lunge --side left --athlete A      the band moved over: both are compared
      kneetrack selftest balance --link ble:KneeBand-1A2B --link ble:KneeBand-3C4D --athlete A
      kneetrack selftest balance --link "sim:balance?side=left"

    It goes on by itself; the recording is kept as any other, and `kneetrack trend --selftest` shows
    the tests over time. It compares you with yourself only, and says nothing about health.

    Ended early, what was done is kept and told, with how much of the test it is: by q with exit
    code 0, by Ctrl-C with 130.
    """
    import asyncio

    from kneetrack.cli import console
    from kneetrack.cli.before import answers
    from kneetrack.selftest.tests import SELFTESTS

    if listed:
        _list(json)
        return
    if test is None:
        raise UsageError(
            f"Which test? One of: {', '.join(SELFTESTS)}. See: kneetrack selftest --list"
        )
    if test not in SELFTESTS:
        raise UsageError(f'The tests are {", ".join(SELFTESTS)}, not "{test}".')
    links = link or ["ble:auto"]
    if len(links) > 2:
        raise UsageError("A person has two legs: give --link once or twice.")
    if len(links) == 2 and side is not None:
        raise UsageError("Two links are two legs; leave --side out.")
    if any(address.startswith("log:") for address in links):
        raise UsageError("A log is recorded already; see it with: kneetrack analyze.")
    hints = console.hints()
    said = answers(before or [], links, no_questions=no_questions, hints=hints)
    done = asyncio.run(
        _all(SELFTESTS[test], links, side_of(side), athlete, calibration or [], said)
    )
    _tell(SELFTESTS[test], done, athlete, hints, json=json)
    if done.broken_off:
        raise typer.Abort
    if done.ran_out:
        raise LinkError(f"{' and '.join(done.ran_out)} ended before the test was complete.")


class _Done:
    """What was recorded, leg by leg."""

    def __init__(self) -> None:
        self.reps: dict[Side, tuple[Rep, ...]] = {}
        self.counted: dict[Side, int] = {}
        self.paths: list[Path] = []
        self.broken_off = False  # by Ctrl-C or another signal
        self.ran_out: list[str] = []  # the links that ended by themselves before the test
        self.simulated = False


async def _all(
    test: SelfTest,
    addresses: Sequence[str],
    side: Side | None,
    athlete: str | None,
    calibrations: Sequence[Path],
    before: Mapping[str, str] | None,
) -> _Done:
    from kneetrack.calibration import CalibrationFile
    from kneetrack.cli import console

    given = [CalibrationFile.load(path) for path in calibrations]
    done, hints = _Done(), console.hints()
    for number, address in enumerate(addresses):
        if number:
            hints.print("Now the other leg.")
        await _one(test, address, side, athlete, given, before, done, hints)
        if done.broken_off:
            break
    return done


async def _one(
    test: SelfTest,
    address: str,
    side: Side | None,
    athlete: str | None,
    given: Sequence[CalibrationFile],
    before: Mapping[str, str] | None,
    done: _Done,
    hints: Console,
) -> None:
    """Test one leg, with a recording of its own."""
    import asyncio

    from kneetrack.analysis.trace import alignment_of, reference_of
    from kneetrack.cli import session
    from kneetrack.cli.keys import By, noting
    from kneetrack.cli.selftest_view import open_view
    from kneetrack.detection import Analyzer
    from kneetrack.link import open_link
    from kneetrack.selftest.procedure import Procedure

    with hints.status(f"Connecting to {address} ..."):
        link = open_link(address)
        await link.__aenter__()
    try:
        made = await _calibration(link, test, given, side, hints)
        leg_side = _side(link, made, side)
        if leg_side in done.reps:
            raise UsageError("Both links say that they are on the same leg; one must be the other.")
        scenario = link.scenario
        analyzer = Analyzer(
            leg_side,
            test.exercise,
            () if scenario is None else scenario.windows,
            reference_of(made),
            shank_length_m=None if scenario is None else scenario.shank_length_m,
            alignment=alignment_of(made),
        )
        leg = session.Leg(link, analyzer, made)
        over = asyncio.Event()
        facts = session.facts([leg], session.Told(athlete=athlete, before=before))
        procedure = Procedure(test, leg_side)
        with noting() as ended:
            recorded = await session.run(
                [leg],
                open_view(hints, procedure, analyzer, over.set),
                session={**facts, "selftest": test.name},
                path=None,
                over=over,
            )
    finally:
        await link.__aexit__(None, None, None)
    done.reps[leg_side] = analyzer.result().reps
    done.counted[leg_side] = len(procedure.counted)
    done.paths.append(recorded.path)
    if not procedure.finished:
        done.broken_off = By.SIGNAL in ended
        if not ended:
            done.ran_out.append(address)
    done.simulated = done.simulated or link.info.is_simulated
    hints.print(f"Recorded: {recorded.path}", markup=False, soft_wrap=True)
    if recorded.error is not None:
        raise recorded.error


def _side(link: Link, made: CalibrationFile | None, side: Side | None) -> Side:
    told = made.side if made is not None else None
    if told is None and link.scenario is not None:
        told = link.scenario.side
    if told is not None and side not in (None, told):
        raise UsageError(f"--side says {side.word}, but the source or calibration {told.word}.")
    return told or side or Side(link.feature.side)


async def _calibration(
    link: Link,
    test: SelfTest,
    given: Sequence[CalibrationFile],
    side: Side | None,
    hints: Console,
) -> CalibrationFile | None:
    """The calibration to test with. CalibrationError where the test needs one and none is there."""
    from kneetrack.analysis.calibrate import from_trace
    from kneetrack.cli import session
    from kneetrack.link.trace import TraceLink

    scenario = link.scenario
    wanted = side or (None if scenario is None else scenario.side) or Side(link.feature.side)
    fitting = [one for one in given if one.side is wanted]
    if given and not fitting:
        raise CalibrationError(
            f"None of the calibrations is of the {wanted.word} leg; make one with: "
            f"kneetrack calibrate --side {wanted.word}."
        )
    if fitting:
        return fitting[-1]
    if scenario is None:
        return _held_by(link, test, wanted)
    try:
        if isinstance(link, TraceLink):
            return from_trace(link.trace)
        return await session.calibrate_with_progress(link, hints)
    except CalibrationError:
        if test.needs_calibration:
            raise
        return None


def _held_by(link: Link, test: SelfTest, side: Side) -> CalibrationFile | None:
    """The file of the calibration that the band holds; None where the test needs none."""
    from kneetrack.calibration import people

    saved = people.held(link.feature.calibration_id, side)
    if saved is not None:
        return saved
    if not test.needs_calibration:
        return None
    raise CalibrationError(
        f"The test {test.name} needs to know how the band sits on the {side.word} leg. Make a "
        f"calibration first: kneetrack calibrate --side {side.word}. The test lunge needs none."
    )


# --- what it amounts to --------------------------------------------------------------------------


def _tell(test: SelfTest, done: _Done, athlete: str | None, hints: Console, *, json: bool) -> None:
    from kneetrack.cli import console
    from kneetrack.cli.selftest_result import earlier, print_outcome
    from kneetrack.selftest.outcome import counted_in, outcome, to_json

    now: dict[Side, Sequence[Rep]] = {side: reps for side, reps in done.reps.items() if reps}
    last, other_day = earlier(test, athlete, now, done.paths, simulated=done.simulated, hints=hints)
    rows = outcome(test, {**other_day, **now}, last)
    before = {side: counted_in(test, reps) for side, reps in other_day.items()}
    counted = {**before, **done.counted}
    if json:
        console.print_json(to_json(test, rows, counted))
        return
    print_outcome(console.results(), test, rows, counted)
    missing = [one for one in (Side.RIGHT, Side.LEFT) if one not in {**other_day, **now}]
    whose = f" --athlete {athlete}" if athlete else ""
    for one in missing:
        hints.print(
            f"The other leg: move the band over, then kneetrack selftest {test.name} --side "
            f"{one.word}{whose}",
            markup=False,
            soft_wrap=True,
        )
    if athlete is None:
        hints.print("With --athlete the next test is compared with this one.")


def _list(json: bool) -> None:
    from kneetrack.cli import console
    from kneetrack.cli.selftest_result import listing, listing_json

    if json:
        console.print_json(listing_json())
    else:
        console.results().print(listing())
