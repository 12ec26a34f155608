from datetime import UTC, datetime

import pytest

from angarium import mime
from angarium.operations.scripts.trial import NO_SCRIPT, Circumstances, envelope_of, try_script
from angarium.sieve import (
    DEFAULT_LIMITS,
    Discard,
    Envelope,
    Environment,
    FileInto,
    MailboxExists,
    Message,
    Question,
    Script,
    ScriptInvalid,
    Traced,
    parse_script,
)

pytestmark = pytest.mark.usefixtures("runner")

OCTETS = b"From: a@example.org\r\nSubject: x\r\n\r\nbody\r\n"
CIRCUMSTANCES = Circumstances(Envelope("a@example.org", "b@example.org"), Environment(datetime(2026, 1, 1, tzinfo=UTC)))


def message_of(octets: bytes) -> Message:
    return Message(memoryview(octets), mime.scan(octets))


async def nobody_asks(question: Question) -> object:
    raise AssertionError(question)


@pytest.mark.parametrize(
    ("fields", "given", "envelope"),
    [
        ("Return-Path: <a@x.y>\r\nFrom: b@x.y\r\nDelivered-To: c@x.y\r\n", {}, ("a@x.y", "c@x.y")),
        ("Return-Path: <>\r\nFrom: b@x.y\r\nX-Original-To: <c@x.y>\r\n", {}, ("", "c@x.y")),
        ("From: B <b@x.y>\r\n", {}, ("b@x.y", "user")),
        ("", {}, ("", "user")),
        ("Return-Path: <a@x.y>\r\nDelivered-To: c@x.y\r\n", {"sender": "", "recipient": "d@x.y"}, ("", "d@x.y")),
    ],
)
def test_the_envelope_is_what_the_header_tells(fields: str, given: dict[str, str], envelope: tuple[str, str]) -> None:
    found = envelope_of(message_of(f"{fields}\r\n".encode()), user="user", **given)
    assert (found.from_, found.to) == envelope


async def test_without_a_script_mail_is_kept() -> None:
    outcome = await try_script(None, message_of(OCTETS), CIRCUMSTANCES, nobody_asks, limits=DEFAULT_LIMITS)
    assert outcome == NO_SCRIPT


async def test_a_script_that_cannot_be_used_fails_and_mail_is_kept() -> None:
    with pytest.raises(ScriptInvalid) as invalid:
        parse_script(b"nonsense;")
    outcome = await try_script(invalid.value, message_of(OCTETS), CIRCUMSTANCES, nobody_asks, limits=DEFAULT_LIMITS)
    assert outcome.actions == NO_SCRIPT.actions
    assert outcome.failure is not None
    assert "nonsense" in outcome.failure.reason


@pytest.mark.parametrize(("is_there", "kind"), [(True, FileInto), (False, Discard)])
async def test_what_a_script_asks_is_answered_and_its_tests_are_traced(*, is_there: bool, kind: type[object]) -> None:
    text = b'require ["mailbox", "fileinto"];\nif mailboxexists "x" { fileinto "x"; } else { discard; }'
    script: Script = parse_script(text, traced=True)
    asked: list[Question] = []
    trace: list[Traced] = []

    async def answer(question: Question) -> object:
        asked.append(question)
        return is_there

    outcome = await try_script(script, message_of(OCTETS), CIRCUMSTANCES, answer, limits=DEFAULT_LIMITS, trace=trace)
    assert [type(action) for action in outcome.actions] == [kind]
    assert asked == [MailboxExists("x")]
    assert [(traced.name, traced.result) for traced in trace] == [("mailboxexists", is_there)]
