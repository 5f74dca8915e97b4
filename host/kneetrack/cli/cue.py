"""`kneetrack cue`, and what `record` needs of cues: the options' plan, and who sounds them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kneetrack.cli.options import LINK_VARIABLE
from kneetrack.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.calibration import CalibrationFile
    from kneetrack.cli.session import Leg
    from kneetrack.cue import Cue, Plan
    from kneetrack.cue.sounding import By, Sounder
    from kneetrack.detection.reference import Reference
    from kneetrack.link import Link
    from kneetrack.live import BandCues, Cues

CUE_HELP = (
    "Be cued when a rep moved inward or outward: every, faded, end (of the set), off. More: "
    "kneetrack cue --help"
)
WHEN_HELP = "after the rep [default], or during it, as soon as it has moved so far."
BY_HELP = "auto [default], voice, sound, bell; band: its own motor, at once."
TEXT_HELP = 'Your own words for inward: "knees over toes"; spoken where there is a voice.'
BELOW_HELP = "With a load: cues only below this one [default: none under any load]."
_APART_S = 1.2
"""Between the cues of a test."""


def cue(
    test: Annotated[bool, typer.Option("--test", help="Hear each kind once.")] = False,
    cue_by: Annotated[str | None, typer.Option("--cue-by", metavar="HOW", help=BY_HELP)] = None,
    cue_text: Annotated[str, typer.Option("--cue-text", metavar="WORDS", help=TEXT_HELP)] = "",
    band: Annotated[
        str | None,
        typer.Option(
            "--band",
            metavar="POLICY",
            help="How often the band cues in sessions without a computer: every, faded, end, off.",
        ),
    ] = None,
    link: Annotated[
        str, typer.Option("--link", envvar=LINK_VARIABLE, metavar="LINK", help="That band.")
    ] = "ble:auto",
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration",
            metavar="CAL.json",
            help="Whose reference it compares with.",
        ),
    ] = None,
) -> None:
    """How cues would be heard on this computer; with --test, hear them.

    \b
    Examples:
      kneetrack cue --test
      kneetrack cue --band every           the band buzzes in sessions that its button begins
      kneetrack cue --band off
      kneetrack record --cue every --cue-by band
      kneetrack cue --test --cue-text "knees over toes"
      kneetrack record --cue faded --cue-text "knees over toes"
      kneetrack record --cue every --cue-when during --load 20 --cue-below 40

    \b
    How often (record --cue):
      every   after every rep that moved inward or outward more than your reference
      faded   in the first set every rep, in the second every 2nd, in the third every 3rd, then at
              the end of a set: what is learnt with less and less help is thought to stay better
      end     at the end of a set
      off     never; as without --cue

    The band's own cue is a pulse of its motor, as soon as a rep has moved so far: one for inward,
    two for outward, a long and a short one when a set is over. `--band` is for sessions without a
    computer, begun with the band's button, and holds until it is told otherwise; it lasts through
    a restart. In a session of this computer the band cues with --cue-by band and else not, so that
    nobody is cued twice. On a USB cable it never does. It goes by all that a rep moved: what all
    reps of a set share, as under a load, it can't take off.

    A tone rises for inward and falls for outward; twice: about the whole set. With a load there
    are no cues unless --cue-below names your own limit: nothing should startle you under a bar.
    Each cue is noted in the log. The session is tagged with your words, or with how often where
    there are none (cue=knees over toes, cue=faded; off: no tag), to compare with sessions without:
    kneetrack compare --tag "cue=knees over toes" --versus cue=
    """
    from kneetrack.cli import console
    from kneetrack.cue import Cue, Kind, Way, programs, sounding, words_of

    if band is not None:
        _have_band_cue(band, link, calibration)
        return
    how = how_of(cue_by)
    if how is sounding.By.BAND:
        raise UsageError(
            "The band's own cue is felt, not heard here; a pulse of it: kneetrack device identify. "
            "To have it cue by itself: kneetrack cue --band every; in one recording: kneetrack "
            "record --cue every --cue-by band"
        )
    output, hints = console.results(), console.hints()
    voice, player = programs.find_voice(), programs.find_player()
    output.print(f"voice: {voice.name if voice else 'none found'}", markup=False)
    output.print(f"sound: {player.name if player else 'none found'}", markup=False)
    terminal = output.is_terminal or hints.is_terminal
    output.print(f"bell:  {'the terminal’s' if terminal else 'no terminal here'}", markup=False)
    with sounder(how, cue_text, output, hints) as heard:
        output.print(f"Cues are heard by: {heard.by.value}")
        for sentence in heard.remarks:
            hints.print(sentence, markup=False)
        if not test:
            hints.print("Hear them with: kneetrack cue --test")
            return
        for word, one in (
            ("inward", Cue(Kind.REP, Way.INWARD, 0.0, 0, 0, 6.0)),
            ("outward", Cue(Kind.REP, Way.OUTWARD, 0.0, 0, 1, -6.0)),
            ("end of a set", Cue(Kind.SET, Way.INWARD, 0.0, 0, None, None, 3, 8)),
        ):
            said = words_of(one, cue_text)
            output.print(f"  {word}: {said}", markup=False)
            heard.sound(one)
            time.sleep(_APART_S)
    count = heard.heard
    output.print(f"{count} of 3 were given to the {heard.by.value}.")
    for sentence in heard.troubles:
        hints.print(sentence, markup=False)


def _have_band_cue(policy: str, address: str, path: Path | None) -> None:
    """Tell a band how often it is to cue by itself from now on, and what to compare with."""
    import asyncio

    from kneetrack.calibration import CalibrationFile
    from kneetrack.cli import console, which_calibration
    from kneetrack.cue import Policy
    from kneetrack.cue.on_band import POLICIES
    from kneetrack.link import open_links
    from kneetrack.live import commands

    asked = Policy(_one_of("--band", policy, [each.value for each in Policy]))
    output, hints = console.results(), console.hints()

    async def told() -> None:
        (opened,) = open_links([address])
        async with opened as link:
            given = [] if path is None else [CalibrationFile.load(path)]
            _check_gives_cues(link)
            if asked is not Policy.OFF:
                made = await which_calibration.of(link, given, None, None, hints, quiet=True)
                await _give_reference(link, made)
            await commands.set_cue(link, POLICIES[asked], keep=True)

    asyncio.run(told())
    if asked is Policy.OFF:
        output.print("The band gives no cues by itself.")
        return
    when = "" if asked is Policy.END else ", during the rep"  # end: when the set is over
    output.print(
        f"The band cues by itself from now on: {asked.value}{when}, in sessions that its button "
        "begins.",
        soft_wrap=True,
    )
    hints.print("In those of this computer:  kneetrack record --cue every --cue-by band")
    hints.print("Off again:                  kneetrack cue --band off")
    hints.print("Whether it has a motor:     kneetrack device identify  (it buzzes once)")
    hints.print("It knows of no load: nothing should startle you under one.")


async def _give_reference(link: Link, made: CalibrationFile | None) -> None:
    """Have the band keep what it compares with, and the calibration that goes with it."""
    from kneetrack.cue.on_band import reference_records
    from kneetrack.live import commands

    reference, calibration_id = _compared_with(made)
    if made is not None and link.feature.calibration_id != calibration_id:
        await commands.set_calibration(link, made.calibration)
    await commands.set_reference(link, reference_records(reference, calibration_id))


async def kept_policy(link: Link) -> str | None:
    """How often the band cues in sessions without a computer; None where it can't tell."""
    from kneetrack.cue.on_band import POLICIES
    from kneetrack.live import commands

    kept = await commands.kept_cue(link)
    return next((policy.value for policy, told in POLICIES.items() if told == kept), None)


def own_cues_line(told: Mapping[str, Any]) -> str:
    """What `device info` says of a band's own cues, from what it has learnt; empty: nothing."""
    kept, given = told["own_cues"], told["cues"]
    words = f"{kept}, in sessions without a computer" if kept not in (None, "off") else ""
    news = f"given in the newest session: {given}" if given else ""
    return "; ".join(part for part in (words, news) if part)


def _check_gives_cues(link: Link) -> None:
    from kneetrack.live import commands

    if not commands.gives_cues(link):
        raise UsageError(
            "This band's firmware gives no cues by itself (it is older than protocol 1.3). Update "
            "it: see firmware/README.md. Or be cued by this computer: leave --cue-by band out."
        )


def _compared_with(made: CalibrationFile | None) -> tuple[Reference, int]:
    """The reference, and the id of its calibration. UsageError where there is none."""
    from kneetrack.analysis.trace import reference_of

    reference = reference_of(made)
    if made is None or reference is None:
        raise UsageError(
            "The band has nothing to compare with: this calibration holds no reference reps. "
            "Calibrate anew, with squats: kneetrack calibrate"
        )
    return reference, made.calibration.calibration_id


def plan_of(
    policy: str | None, when: str | None, text: str, load_kg: float | None, below_kg: float | None
) -> Plan | None:
    """What the options ask for; None where they ask for nothing. UsageError."""
    from kneetrack.cue import Plan, Policy, When

    if policy is None:
        if when is not None or text or below_kg is not None:
            raise UsageError(
                "--cue-when, --cue-text and --cue-below say how to be cued; add how often, "
                "as --cue every."
            )
        return None
    return Plan(
        Policy(_one_of("--cue", policy, [each.value for each in Policy])),
        When(_one_of("--cue-when", when or "after", [each.value for each in When])),
        text,
        load_kg,
        below_kg,
    )


def how_of(word: str | None) -> By:
    """How cues are to be heard. UsageError."""
    from kneetrack.cue.sounding import By

    return By(_one_of("--cue-by", word or "auto", [each.value for each in By]))


def check_way(by: By, plan: Plan | None, when: str | None) -> None:
    """UsageError where the band is asked for what it does not do."""
    from kneetrack.cue.sounding import By

    if by is not By.BAND:
        return
    if plan is None:
        raise UsageError("--cue-by says how; add how often, as --cue every.")
    if when == "after":
        raise UsageError("The band cues during the rep, not after it: leave --cue-when out.")


def _one_of(option: str, word: str, known: list[str]) -> str:
    if word not in known:
        raise UsageError(f'{option} is one of {", ".join(known)}, not "{word}".')
    return word


def sounder(by: By, text: str, output: Console, hints: Console) -> Sounder:
    """Who sounds cues; the bell is that of whichever stream is a terminal."""
    from kneetrack.cue import sounding

    def bell() -> bool:
        for one in (output, hints):
            if one.is_terminal:
                one.bell()
                return True
        return False

    return sounding.sounder(by, text, bell=bell)


def tagged(tags: dict[str, str], plan: Plan | None) -> dict[str, str]:
    """The session's tags, with the words of the cue, or the policy where there are none.

    Where no cue is given there is no such tag; one's own tag `cue` stays. UsageError where the
    words are too long for a tag.
    """
    from kneetrack.cue import Policy
    from kneetrack.edits import fields

    if plan is None or plan.in_force is Policy.OFF:
        return tags
    said = plan.text.strip() and fields.text(plan.text, "--cue-text", fields.MOST_TAG_LETTERS)
    return {"cue": said or plan.in_force.value, **tags}


@contextlib.contextmanager
def ready(
    plan: Plan | None, by: By, legs: Sequence[Leg], output: Console, hints: Console
) -> Generator[Sequence[Cues | BandCues]]:
    """The cues of each leg, heard while the context lasts; none where there are to be none.

    What can't be had is told before, what failed afterwards.
    """
    from kneetrack.cue import Coach, Policy
    from kneetrack.cue.sounding import By
    from kneetrack.detection.movements import ByReps, movement_of
    from kneetrack.live import BandCues, Cues

    if plan is None or plan.in_force is Policy.OFF:
        if plan is not None and plan.silent_for:
            hints.print(plan.silent_for, markup=False)
        yield ()
        return
    movement = movement_of(legs[0].analyzer.exercise)
    if not isinstance(movement.how, ByReps):
        hints.print(f"No cues: {movement.words} is described, and compared with no reference.")
        yield ()
        return
    if by is By.BAND:
        for leg in legs:
            _check_gives_cues(leg.link)
        own = [BandCues(leg.link, plan, *_compared_with(leg.calibration)) for leg in legs]
        hints.print("The band cues by itself, during the rep.")
        yield own
        return
    with sounder(by, plan.text, output, hints) as heard:
        for sentence in heard.remarks:
            hints.print(sentence, markup=False)
        made: list[Cues] = []
        for leg in legs:
            scenario = leg.link.scenario
            side = leg.analyzer.side.word if len(legs) > 1 else ""
            windows = () if scenario is None else scenario.windows
            made.append(Cues(Coach(plan, windows), _sounding(heard, side)))
        yield made
    for sentence in heard.troubles:
        hints.print(f"! {sentence}", markup=False)


def _sounding(heard: Sounder, side: str) -> Callable[[Cue], None]:
    def sound(one: Cue) -> None:
        heard.sound(one, side)

    return sound
