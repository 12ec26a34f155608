"""Translated scripts, run over messages."""

from datetime import UTC, datetime

from angarium import mime
from angarium.sieve import Action, Envelope, Environment, Message, Outcome, SeenBefore, interpret, parse_script


def actions_of(script: str, message: str, *, sender: str = "joe@example.org", seen: bool = False) -> list[str]:
    """What a script does with a message, one word or two for each action."""
    octets = message.replace("\n", "\r\n").encode()
    steps = interpret(
        parse_script(script.encode()),
        Message(memoryview(octets), mime.scan(octets)),
        Envelope(sender, "me@example.org"),
        Environment(datetime(2026, 1, 1, tzinfo=UTC)),
    )
    answer: object = None
    while True:
        try:
            question = steps.send(answer)
        except StopIteration as end:
            outcome: Outcome = end.value
            break
        answer = seen if isinstance(question, SeenBefore) else True
    assert outcome.failure is None, outcome.failure
    return [_words(action) for action in outcome.actions]


def _words(action: Action) -> str:
    name = type(action).__name__.lower()
    for attribute in ("mailbox", "address", "reason"):
        if hasattr(action, attribute):
            return f"{name} {' '.join(getattr(action, attribute).split())}"
    return name
