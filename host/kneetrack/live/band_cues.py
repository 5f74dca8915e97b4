"""The band's own cues: what it is told of them, and when.

With every calibration: the reference that goes with it, for what the band keeps of cues is of use
only with a reference of the calibration in force, and who has it cue by itself calibrates anew with
every strapping.

For a host's recording: before every START, so that a band which was switched off in between cues
again; and when the load changes meanwhile, for it may then have to be silent (`cue.plan`). A
recording that a host begins has no cues but those: what the band keeps (`kneetrack cue --band`) is
for recordings made alone. So nobody is cued twice, and a session without cues is one.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

from kneetrack.cue.on_band import POLICIES, reference_records
from kneetrack.cue.plan import Plan
from kneetrack.detection.reference import Reference
from kneetrack.errors import KneeTrackError
from kneetrack.link.base import Link
from kneetrack.live.commands import gives_cues, set_cue, set_reference


async def keep_reference(link: Link, reference: Reference | None, calibration_id: int) -> str:
    """Give a band that was just calibrated its reference. What is to be said if that fails."""
    if reference is None or not gives_cues(link):
        return ""
    try:
        await set_reference(link, reference_records(reference, calibration_id))
    except KneeTrackError as error:
        return f"The band's own cues have nothing to compare with: {error}"
    return ""


class BandCues:
    """Of one band, which holds the calibration of that id from its first START on."""

    def __init__(self, link: Link, plan: Plan, reference: Reference, calibration_id: int) -> None:
        self.plan = plan
        self._link = link
        self._ways = reference_records(reference, calibration_id)
        self._telling: asyncio.Task[None] | None = None
        self._told: int | None = None

    async def begin(self) -> None:
        """Before START."""
        await set_reference(self._link, self._ways)
        self._told = None
        await self.tell()

    async def tell(self) -> None:
        """How often, as it is now: for the recording that runs or comes next.

        Only if it is otherwise than the band knows: it then begins to count the set's reps anew.
        """
        policy = POLICIES[self.plan.in_force]
        if policy != self._told:
            await set_cue(self._link, policy, keep=False)
            self._told = policy

    def loaded(self, load_kg: float) -> None:
        """The person says what is lifted, while it goes on. A link that is lost just now is told
        when the recording is resumed."""
        self.plan = replace(self.plan, load_kg=load_kg)
        self._telling = asyncio.get_running_loop().create_task(self._tell_if_there())

    async def _tell_if_there(self) -> None:
        with contextlib.suppress(KneeTrackError):
            await self.tell()
