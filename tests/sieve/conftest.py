"""Running scripts over messages, for all tests of Sieve."""

from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from angarium import mime
from angarium.sieve import (
    DEFAULT_LIMITS,
    Action,
    Discard,
    Envelope,
    Environment,
    FileInto,
    Keep,
    Limits,
    LongWork,
    Message,
    Notify,
    Outcome,
    Question,
    Redirect,
    Reject,
    Script,
    ScriptInvalid,
    Snooze,
    Step,
    Traced,
    Vacation,
    interpret,
    parse_script,
)

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)

MESSAGE = b"""\
Return-Path: <bob@example.net>
From: Bob Jones <bob@example.net>
To: Alice <alice+lists@example.org>, carol@example.com
Cc: dave@example.net
Subject: Meeting on Friday
Message-ID: <one@example.net>
Date: Sat, 21 Nov 2026 10:00:00 +0000

See you there.
"""


ENVELOPE = Envelope("bob@example.net", "alice+lists@example.org")
ENVIRONMENT = Environment(NOW, {"host": "mail.example.org", "location": "MS", "remote-host": ""})


def message_of(octets: bytes) -> Message:
    """A message from what is written with line feeds alone."""
    octets = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return Message(memoryview(octets), mime.scan(octets))


def run(
    text: str | Script,
    message: bytes = MESSAGE,
    *,
    envelope: Envelope = ENVELOPE,
    environment: Environment = ENVIRONMENT,
    answers: Mapping[Question, object] | Callable[[Question], object] = MappingProxyType({}),
    limits: Limits = DEFAULT_LIMITS,
    asked: list[Question] | None = None,
    trace: list[Traced] | None = None,
) -> Outcome:
    script = parse_script(text.encode(), traced=trace is not None) if isinstance(text, str) else text
    steps = interpret(script, message_of(message), envelope, environment, limits=limits, trace=trace)
    answer: object = None
    while True:
        try:
            question = steps.send(answer)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
        if question is None or isinstance(question, LongWork):
            answer = None
            continue
        if asked is not None:
            asked.append(question)
        answer = answers(question) if callable(answers) else answers[question]


@pytest.fixture
def run_script() -> Callable[..., Outcome]:
    """Runs a script over a message to its end; a question without an answer is an error of the test."""
    return run


def words_of(action: Action) -> str:
    match action:
        case Keep(origin=None, flags=flags):
            return " ".join(("implicit keep", *flags))
        case Keep(flags=flags):
            return " ".join(("keep", *flags))
        case FileInto(mailbox=mailbox, flags=flags):
            return " ".join(("fileinto", mailbox, *flags))
        case Redirect(address=address):
            return f"redirect {address}"
        case Discard():
            return "discard"
        case Reject(reason=reason, extended=extended):
            return f"{'ereject' if extended else 'reject'} {reason}"
        case Vacation(reason=reason):
            return f"vacation {reason}"
        case Notify(method=method, message=message):
            return f"notify {method} {message}"
        case Snooze(times=times):
            return f"snooze {' '.join(times)}"


@pytest.fixture
def decide() -> Callable[..., list[str]]:
    """Runs a script over a message; a failure is the first word, and the implicit keep the last."""

    def decide(text: str | Script, message: bytes = MESSAGE, **rest: Any) -> list[str]:  # Any: as `run` has them
        outcome = run(text, message, **rest)
        failed = [f"failed: {outcome.failure.reason}"] if outcome.failure else []
        return [*failed, *map(words_of, outcome.actions)]

    return decide


@pytest.fixture
def paused() -> Callable[[Generator[Step, object, Outcome]], tuple[int, Outcome]]:
    """Runs to its end what asks nothing; gives how many pauses it had, and the outcome."""

    def paused(steps: Generator[Step, object, Outcome]) -> tuple[int, Outcome]:
        pauses = 0
        try:
            while True:
                step = next(steps)
                assert step is None or isinstance(step, LongWork)
                pauses += step is None
        except StopIteration as end:
            outcome: Outcome = end.value
            return pauses, outcome

    return paused


@pytest.fixture
def mistakes() -> Callable[[str], list[str]]:
    """What is wrong with a script."""

    def mistakes(text: str) -> list[str]:
        try:
            parse_script(text.encode())
        except ScriptInvalid as error:
            return [str(mistake) for mistake in error.mistakes]
        return []

    return mistakes


@pytest.fixture
def message() -> Message:
    """That which scripts run over where a test gives no other."""
    return message_of(MESSAGE)


@pytest.fixture
def environment() -> Environment:
    """That which scripts run in where a test gives no other."""
    return ENVIRONMENT
