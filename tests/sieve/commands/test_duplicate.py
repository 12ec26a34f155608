"""duplicate (RFC 7352)."""

from collections.abc import Callable

import pytest

from angarium.sieve import Keep, Limits, Outcome, Question, SeenBefore, Tracked

Run = Callable[..., Outcome]
Decide = Callable[..., list[str]]

DAY = 86_400
MESSAGE = b"Message-ID: =?utf-8?q?=3Cone=40a=3E?=\nX-Event-ID: <one@a>\nSubject: ALERT: Fire\n\n"
REQUIRE = 'require ["duplicate", "variables", "fileinto", "imap4flags", "envelope", "enotify"];\n'


def no(_question: Question) -> bool:
    return False


def tracked(run_script: Run, test: str, message: bytes = MESSAGE) -> Tracked | None:
    """What a test of a message that was not seen has known again."""
    outcome = run_script(f"{REQUIRE}if {test} {{ discard; }}", message, answers=no)
    assert outcome.failure is None
    return outcome.tracked[0] if outcome.tracked else None


def test_a_message_is_known_by_its_id(run_script: Run) -> None:
    asked: list[Question] = []
    outcome = run_script(REQUIRE + "if duplicate { discard; }", MESSAGE, answers=no, asked=asked)
    (known,) = outcome.tracked
    assert asked == [SeenBefore(known.key)]
    assert (known.seconds, known.last) == (7 * DAY, False)


def test_the_same_id_is_the_same_wherever_it_comes_from(run_script: Run) -> None:
    keys = {
        known.key
        for test in (
            "duplicate",
            'duplicate :header "message-id"',
            'duplicate :header "X-Event-Id"',
            'allof (header :matches "message-id" "*", duplicate :uniqueid "${0}")',
        )
        if (known := tracked(run_script, test)) is not None
    }
    assert len(keys) == 1


def test_ids_of_another_handle_or_case_are_others(run_script: Run) -> None:
    tests = [
        "duplicate",
        'duplicate :uniqueid "<ONE@a>"',
        'duplicate :handle "a"',
        'duplicate :handle ""',
        'duplicate :handle "b" :uniqueid "<one@a>"',
        'duplicate :uniqueid ""',
    ]
    assert len({known.key for test in tests if (known := tracked(run_script, test)) is not None}) == len(tests)


@pytest.mark.parametrize(
    ("tags", "seconds", "last"),
    [(":seconds 60", 60, False), (":last", 7 * DAY, True), (":last :seconds 9", 9, True)],
)
def test_how_long_it_is_known(run_script: Run, tags: str, seconds: int, last: bool) -> None:
    known = tracked(run_script, f"duplicate {tags}")
    assert known is not None
    assert (known.seconds, known.last) == (seconds, last)


@pytest.mark.parametrize(
    "test", ['duplicate :header "x-missing"', 'duplicate :header "no name"', "duplicate :seconds 0"]
)
def test_what_has_no_id_is_no_duplicate(run_script: Run, test: str) -> None:
    outcome = run_script(f"{REQUIRE}if {test} {{ discard; }}", MESSAGE, answers={})
    assert (outcome.failure, outcome.tracked) == (None, ())


def test_a_duplicate_is_known_again_too(run_script: Run) -> None:
    outcome = run_script(REQUIRE + "if duplicate { discard; }", MESSAGE, answers=lambda _question: True)
    assert len(outcome.tracked) == 1
    assert len(outcome.actions) == 1


def test_within_a_run_nothing_was_seen_before(decide: Decide) -> None:
    text = REQUIRE + 'if duplicate { discard; } if duplicate { discard; } fileinto "a";'
    assert decide(text, MESSAGE, answers=no) == ["fileinto a"]


def test_of_the_same_id_the_last_test_says_how_long(run_script: Run) -> None:
    text = REQUIRE + "if duplicate :seconds 5 {} if duplicate :seconds 6 :last {}"
    (known,) = run_script(text, MESSAGE, answers=no).tracked
    assert (known.seconds, known.last) == (6, True)


def test_a_test_that_is_not_evaluated_has_no_effect(run_script: Run) -> None:
    text = REQUIRE + "if anyof (true, duplicate) {}"
    assert run_script(text, MESSAGE).tracked == ()


def test_a_run_that_fails_has_nothing_known_again(run_script: Run) -> None:
    text = 'require ["duplicate", "ihave"]; if not duplicate { error "no"; }'
    outcome = run_script(text, MESSAGE, answers=no)
    assert outcome.failure is not None
    assert outcome.tracked == ()
    outcome = run_script(REQUIRE + "if not duplicate {} keep; keep;", MESSAGE, answers=no, limits=Limits(steps=3))
    assert (outcome.failure is not None, outcome.tracked) == (True, ())


EXAMPLES = [
    # §5.1
    ('if duplicate { fileinto "Trash/Duplicate"; }', True, ["fileinto Trash/Duplicate"]),
    ('if duplicate { fileinto "Trash/Duplicate"; }', False, ["implicit keep"]),
    # §5.2
    *[
        (
            (
                'if header :matches "subject" "ALERT: *" {'
                ' if duplicate :seconds 60 :uniqueid "${1}" { setflag "\\\\seen"; } fileinto "Alerts"; }'
            ),
            seen,
            actions,
        )
        for seen, actions in ((True, ["fileinto Alerts \\seen"]), (False, ["fileinto Alerts"]))
    ],
    # §5.3
    *[
        (
            (
                'if envelope :matches "from" "*" { set "sender" "${1}"; }'
                'if header :matches "subject" "*" { set "subject" "${1}"; }'
                'if string :comparator "i;ascii-casemap" :matches "${subject}" "Re:*" { set "subject" "${1}"; }'
                'if not duplicate :seconds 1800 :uniqueid "${sender} ${subject}"'
                ' { notify :message "[SIEVE] ${sender}: ${subject}" "mailto:user@im.example.com"; }'
            ),
            seen,
            [*actions, "implicit keep"],
        )
        for seen, actions in (
            (True, []),
            (False, ["notify mailto:user@im.example.com [SIEVE] bob@example.net: ALERT: Fire"]),
        )
    ],
]


EVENTS = """\
require ["duplicate", "imap4flags"];
if duplicate :header "X-Event-ID" :handle "notifier" { discard; }
if allof (duplicate :header "X-Ticket-ID" :handle "support", address "to" "support@example.com",
          header :contains "subject" "fileserver") { setflag "\\\\seen"; }
"""


def test_two_tests_by_their_handles_know_nothing_of_each_other(run_script: Run) -> None:
    message = b"X-Event-ID: 1\nX-Ticket-ID: 1\nTo: support@example.com\nSubject: fileserver\n\n"
    first, second = run_script(EVENTS, message, answers=no).tracked
    assert first.key != second.key
    outcome = run_script(EVENTS, message, answers={SeenBefore(first.key): False, SeenBefore(second.key): True})
    assert [action.flags for action in outcome.actions if isinstance(action, Keep)] == [("\\seen",)]


@pytest.mark.parametrize(("text", "seen", "actions"), EXAMPLES)
def test_examples(decide: Decide, text: str, seen: bool, actions: list[str]) -> None:
    assert decide(REQUIRE + text, MESSAGE, answers=lambda _question: seen) == actions


def test_header_and_uniqueid_exclude_each_other(mistakes: Callable[[str], list[str]]) -> None:
    (mistake,) = mistakes('require "duplicate"; if duplicate :header "a" :uniqueid "b" {}')
    assert mistake.endswith('":uniqueid" cannot be given together with ":header"')
