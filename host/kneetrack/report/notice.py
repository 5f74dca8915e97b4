"""What is asked before a session, and what is always to be read: when to stop, whom to see.

The notice is one fixed text. No angle brings it up and none changes it; it is shown when a person
says yes to one of the questions, and to whoever asks for it. The answers are kept with the session
as the words that were given, and nothing is made of them (biomechanics E3, A row 35).
"""

from __future__ import annotations

from collections.abc import Mapping

QUESTIONS = {
    "pain": "pain",
    "swelling": "swelling",
    "locking": "a knee that locks",
    "giving_way": "a knee that gives way",
}
"""What is asked for, by its name in the log."""

NOTICE = (
    (
        "Stop, and have it looked at the same day, if",
        (
            "you can't put your weight on the leg,",
            "the knee is badly swollen or has changed its shape,",
            "it is locked and neither bends nor straightens,",
            "it gives way under you,",
            "or it is hot and red and you feel feverish.",
        ),
    ),
    (
        "Speak to a doctor or physiotherapist if",
        (
            "it hurts while you train,",
            "your knee moves very far inward, or nothing you try yourself changes it,",
            "or anything of the above stays for weeks.",
        ),
    ),
    (
        "Under 18, or after an operation on the leg",
        ("train only under the eyes of a professional who knows about it.",),
    ),
    (
        "For help with technique",
        ("ask a qualified coach.",),
    ),
)
NOTICE_END = (
    "KneeTrack is not a medical device. It can't tell why a knee hurts or moves as it does, and a "
    "rep in range says nothing about that. This text is the same for everybody."
)


def notice() -> str:
    """All of it, as lines."""
    parts = [f"{head}\n" + "\n".join(f"  - {line}" for line in lines) for head, lines in NOTICE]
    return "\n\n".join([*parts, NOTICE_END])


def told(answers: Mapping[str, str]) -> str:
    """The answers as a phrase: `pain, swelling`, or `none of pain, swelling, ...`."""
    yes = [QUESTIONS.get(name, name) for name, said in answers.items() if said == "yes"]
    if yes:
        return ", ".join(yes)
    return "none of " + ", ".join(QUESTIONS.get(name, name) for name in answers)
