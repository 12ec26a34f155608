"""Scripts run to see what they would do, where nothing is delivered."""

from dataclasses import dataclass
from typing import Final

from angarium.operations.scripts.conclude import Answers, Steps, conclude
from angarium.sieve import (
    Envelope,
    Environment,
    Keep,
    Limits,
    Message,
    Outcome,
    Script,
    ScriptInvalid,
    Traced,
    interpret,
)

NO_SCRIPT: Final = Outcome((Keep(origin=None),))
"""What becomes of mail where there is no script."""

_RECIPIENT_FIELDS: Final = ("delivered-to", "x-original-to", "x-envelope-to")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a run happens in."""

    envelope: Envelope
    environment: Environment


async def try_script(
    script: Script | ScriptInvalid | None,
    message: Message,
    circumstances: Circumstances,
    answers: Answers,
    *,
    limits: Limits,
    trace: list[Traced] | None = None,
) -> Outcome:
    """What a script would have done with a message, or none, or one that cannot be used; other tasks have their turn
    meanwhile."""
    if script is None:
        return NO_SCRIPT
    envelope, environment = circumstances.envelope, circumstances.environment

    def interpreted(script: Script) -> Steps:
        return interpret(script, message, envelope, environment, limits=limits, trace=trace)

    return await conclude(script, environment, interpreted, answers)


def envelope_of(message: Message, *, sender: str | None = None, recipient: str | None = None, user: str) -> Envelope:
    """The envelope that a message has come in, as far as its header still tells; what is given here counts more.
    `user` is the recipient where nothing tells."""
    if sender is None:
        # A Return-Path of `<>` is the null path, and there may be none.
        sender = next(iter(message.header("return-path")), None)
        if sender is None:
            sender = next((address.text for address in message.addresses("from")), "")
        sender = sender.strip().removeprefix("<").removesuffix(">")
    if recipient is None:
        named = [value for name in _RECIPIENT_FIELDS for value in message.header(name)]
        recipient = named[0].strip().removeprefix("<").removesuffix(">") if named else user
    return Envelope(sender, recipient)
