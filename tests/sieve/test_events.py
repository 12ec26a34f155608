"""Scripts of IMAP events: what they must not ask for, and what they see of an envelope (RFC 6785 §3.11, §4.6)."""

from datetime import UTC, datetime

import pytest

from angarium import mime
from angarium.sieve import (
    Envelope,
    Environment,
    IncludedScript,
    Keep,
    Message,
    Outcome,
    Reject,
    Script,
    ScriptInvalid,
    interpret,
    parse_script,
)

MAIL = b"From: ann@example.org\r\nSubject: One\r\n\r\nText\r\n"


def run(text: str, *, is_event: bool = True, included: str = "") -> Outcome:
    view = memoryview(MAIL)
    envelope = None if is_event else Envelope("ann@example.org", "bob@example.org")
    flags = ("\\Flagged",) if is_event else ()
    environment = Environment(now=datetime.fromtimestamp(0, UTC), items={"imap.cause": "FLAG"}, initial_flags=flags)
    steps = interpret(parse_script(text.encode()), Message(view, mime.scan(view)), envelope, environment)
    answer: Script | None = None
    while True:
        try:
            question = steps.send(answer)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
        assert question is None or isinstance(question, IncludedScript)
        answer = None if question is None else parse_script(included.encode())


@pytest.mark.parametrize(
    "capability", ["reject", "ereject", "vacation", "vacation-seconds", "duplicate", "snooze", "vnd.cyrus.snooze"]
)
def test_what_is_for_deliveries_ends_the_script_where_it_is_required(capability: str) -> None:
    text = f'require "{capability}"; discard;'
    outcome = run(text)
    assert outcome.failure is not None
    assert f'"{capability}"' in outcome.failure.reason
    assert outcome.actions == (Keep(origin=None, flags=("\\Flagged",)),)
    assert run(text, is_event=False).failure is None


@pytest.mark.parametrize("capability", ["reject", "ereject", "vacation", "vacation-seconds", "duplicate", "snooze"])
@pytest.mark.parametrize("order", [1, -1])
def test_none_of_it_can_be_required_beside_imapsieve(capability: str, order: int) -> None:
    names = ["imapsieve", capability][::order]
    with pytest.raises(ScriptInvalid, match=rf'line 1, column \d+: "{capability}" .* beside "imapsieve"'):
        parse_script(f'require ["{names[0]}", "{names[1]}"];'.encode())


def test_what_ihave_finds_outside_of_events_fails_where_it_is_used() -> None:
    text = 'require "ihave"; if ihave "reject" { reject "No."; }'
    outcome = run(text)
    assert outcome.failure is not None
    assert '"reject"' in outcome.failure.reason
    (action,) = run(text, is_event=False).actions
    assert isinstance(action, Reject)


def test_beside_imapsieve_ihave_does_not_find_it() -> None:
    text = 'require ["ihave", "imapsieve"]; if ihave "reject" { reject "No."; } else { keep; }'
    assert run(text).failure is None


def test_a_script_that_is_included_must_not_ask_for_it_either() -> None:
    outcome = run('require "include"; include "away"; discard;', included='require "vacation"; keep;')
    assert outcome.failure is not None
    assert '"vacation"' in outcome.failure.reason


def test_an_envelope_fails_where_it_is_tested_and_not_where_it_is_required() -> None:
    text = 'require ["envelope", "environment"]; if {} {{ discard; }}'
    assert run(text.format('environment "imap.cause" "APPEND"')).failure is None
    for test in ('envelope "from" "x"', 'allof (true, not envelope "to" "x")'):
        outcome = run(text.format(test))
        assert outcome.failure is not None
        assert "no envelope" in outcome.failure.reason


def test_flags_are_those_of_the_message() -> None:
    text = 'require "imap4flags"; if hasflag "\\\\Flagged" { addflag "Seen-So"; }'
    assert run(text).actions == (Keep(origin=None, flags=("\\Flagged", "Seen-So")),)
