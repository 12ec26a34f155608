"""Running scripts: control, the implicit keep, what actions do to one another, limits, questions and pauses."""

from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from angarium.sieve import (
    Envelope,
    Environment,
    Failure,
    FileInto,
    Keep,
    Limits,
    MailboxExists,
    Message,
    Origin,
    Outcome,
    Position,
    Question,
    Script,
    Step,
    Traced,
    interpret,
    parse_script,
)

Decide = Callable[..., list[str]]
Run = Callable[..., Outcome]
Paused = Callable[[Generator[Step, object, Outcome]], tuple[int, Outcome]]


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("", ["implicit keep"]),
        ("keep;", ["keep"]),
        ("discard;", ["discard"]),
        ("stop; discard;", ["implicit keep"]),
        ("discard; stop; keep;", ["discard"]),
        ("if true { discard; }", ["discard"]),
        ("if false { discard; }", ["implicit keep"]),
        ("if false { discard; } else { keep; }", ["keep"]),
        ("if false { discard; } elsif true { keep; } else { stop; }", ["keep"]),
        ("if true { keep; } elsif true { discard; } else { discard; }", ["keep"]),
        ("if false {} elsif false {} elsif true { keep; } elsif true { discard; }", ["keep"]),
        ("if true {} else { discard; } keep;", ["keep"]),
        ("if true { if true { if false {} else { stop; } discard; } } discard;", ["implicit keep"]),
        ("if true { if true { } discard; } keep;", ["discard", "keep"]),
    ],
)
def test_control(decide: Decide, text: str, actions: list[str]) -> None:
    assert decide(text) == actions


@pytest.mark.parametrize(
    ("test", "result"),
    [
        ("allof (false, false)", False),
        ("allof (false, true)", False),
        ("allof (true, true)", True),
        ("anyof (false, false)", False),
        ("anyof (false, true)", True),
        ("anyof (true, true)", True),
        ("not true", False),
        ("not false", True),
        ("not not true", True),
        ("not anyof (allof (true, false), not true)", True),
    ],
)
def test_logic(decide: Decide, test: str, result: bool) -> None:
    assert decide(f"if {test} {{ discard; }}") == ["discard" if result else "implicit keep"]


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ('require "fileinto"; fileinto "Junk";', ["fileinto Junk"]),
        ('require ["fileinto", "copy"]; fileinto :copy "Junk";', ["fileinto Junk", "implicit keep"]),
        ('require ["fileinto", "copy"]; fileinto :copy "Junk"; discard;', ["fileinto Junk", "discard"]),
        ('redirect "a@example.org";', ["redirect a@example.org"]),
        ('redirect "Ann <a@example.org>";', ["redirect a@example.org"]),
        ('redirect "\\"A, B\\" <a@example.org>";', ["redirect a@example.org"]),
        ('require "copy"; redirect :copy "a@example.org";', ["redirect a@example.org", "implicit keep"]),
        ('redirect "a@example.org"; keep;', ["redirect a@example.org", "keep"]),
        ('require "reject"; reject "no";', ["reject no"]),
        ('require "ereject"; ereject "no";', ["ereject no"]),
        ('require "reject"; reject "no"; discard;', ["reject no", "discard"]),
        ('require "vacation"; vacation "away";', ["vacation away", "implicit keep"]),
        ('require "vacation"; vacation "away"; discard;', ["vacation away", "discard"]),
    ],
)
def test_the_implicit_keep_is_cancelled_by_what_cancels_it(decide: Decide, text: str, actions: list[str]) -> None:
    assert decide(text) == actions


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ('require "fileinto"; fileinto "a"; fileinto "b"; fileinto "a";', ["fileinto a", "fileinto b"]),
        ("keep; keep;", ["keep"]),
        ("discard; discard;", ["discard"]),
        ('redirect "a@example.org"; redirect "<a@example.org>";', ["redirect a@example.org"]),
        ('require "copy"; redirect :copy "a@example.org"; redirect "a@example.org";', ["redirect a@example.org"]),
        # RFC 5232 §3: the last list of flags wins
        (
            'require ["fileinto", "imap4flags"]; fileinto :flags "one two" "a"; fileinto :flags "three" "a";',
            ["fileinto a three"],
        ),
        ('require "imap4flags"; keep :flags "one"; keep :flags "";', ["keep"]),
    ],
)
def test_the_same_action_is_taken_once(decide: Decide, text: str, actions: list[str]) -> None:
    assert decide(text) == actions


@pytest.mark.parametrize(
    "other", ["keep;", 'fileinto "a";', 'redirect "a@a.example";', 'vacation "away";', 'ereject "x";']
)
def test_a_mail_is_not_rejected_and_kept_too(decide: Decide, other: str) -> None:
    require = 'require ["reject", "ereject", "fileinto", "vacation"];'
    for script in (f'reject "no"; {other}', f'{other} reject "no";'):
        failure, *actions = decide(require + script)
        assert failure.startswith("failed: ")
        assert actions == ["implicit keep"]


def test_one_vacation_is_enough(decide: Decide) -> None:
    text = 'require "vacation"; vacation "a"; vacation :handle "b" "b";'
    assert decide(text) == ['failed: "vacation" can be used once only for a mail', "implicit keep"]


def test_a_failure_names_the_command_and_leaves_one_keep(run_script: Run) -> None:
    text = 'require ["fileinto", "variables"];\nfileinto "a";\nset "to" "nobody";\nif true {\n  redirect "${to}";\n}'
    outcome = run_script(text)
    assert outcome.failure == Failure('"nobody" is not a mail address', Origin("", Position(5, 3)))
    assert outcome.actions == (Keep(origin=None),)


def test_actions_tell_which_command_decided_them(run_script: Run) -> None:
    script = parse_script(b'require "fileinto";\nif true {\n\n   fileinto "Junk"; }', name="rules")
    (action,) = run_script(script).actions
    assert action == FileInto(origin=Origin("rules", Position(4, 4)), mailbox="Junk")


def test_a_traced_script_tells_what_each_test_gave(run_script: Run) -> None:
    trace: list[Traced] = []
    text = 'if anyof (false,\n size :over 1M,\n not exists "x") { discard; }\nif true { keep; }'
    run_script(text, trace=trace)
    assert [(each.name, each.origin.position.line, each.result) for each in trace] == [
        ("false", 1, False),
        ("size", 2, False),
        ("exists", 3, False),
        ("not", 3, True),
        ("anyof", 1, True),
        ("true", 4, True),
    ]


def test_a_script_that_is_not_traced_tells_nothing(run_script: Run) -> None:
    trace: list[Traced] = []
    run_script(parse_script(b"if true { keep; }"), trace=trace)
    assert trace == []


def test_tests_are_not_evaluated_twice_where_a_later_one_asks(run_script: Run) -> None:
    trace: list[Traced] = []
    text = (
        'require "mailbox"; if allof (true, not false, anyof (false, mailboxexists "a"), true) {}'
        ' elsif mailboxexists "b" {}'
    )
    run_script(text, answers=lambda _question: False, trace=trace)
    names = ["true", "false", "not", "false", "mailboxexists", "anyof", "allof", "mailboxexists"]
    assert [each.name for each in trace] == names


def test_what_was_answered_is_not_asked_again(run_script: Run) -> None:
    asked: list[Question] = []
    text = 'require "mailbox"; if mailboxexists ["a", "b"] {} if mailboxexists ["b", "a", "c"] { discard; }'
    outcome = run_script(text, answers=lambda _question: True, asked=asked)
    assert asked == [MailboxExists("a"), MailboxExists("b"), MailboxExists("c")]
    assert len(outcome.actions) == 1


def test_initial_flags_are_those_of_the_keep(run_script: Run) -> None:
    environment = Environment(datetime(2026, 1, 1, tzinfo=UTC), initial_flags=("\\Seen", "x"))
    (action,) = run_script("", environment=environment).actions
    assert action == Keep(origin=None, flags=("\\Seen", "x"))
    outcome = run_script('require "ihave"; error "no";', environment=environment)
    assert outcome.actions == (Keep(origin=None, flags=("\\Seen", "x")),)


# Limits


@pytest.mark.parametrize(
    ("text", "limits", "reason"),
    [
        ('require "fileinto"; fileinto "a"; fileinto "b"; fileinto "c";', Limits(actions=2), "more than 2 actions"),
        ('redirect "a@a.example"; redirect "b@a.example";', Limits(redirects=1), "more than 1 redirects"),
        (
            'require "enotify"; notify "mailto:a@a.example"; notify "mailto:b@a.example";',
            Limits(notifies=1),
            "more than 1 notifications",
        ),
        ("if true {} if true {} keep;", Limits(steps=2), "the script has not ended after 2 steps"),
        ('require "variables"; set "a" "1"; set "b" "2"; set "a" "3";', Limits(variables=1), "more than 1 variables"),
        (
            'require "variables"; set "a" "0123456789"; set "b" "${a}${a}";',
            Limits(string_octets=15),
            "a string with variables is longer than 15 octets",
        ),
        (
            'require ["duplicate"]; if duplicate :uniqueid "a" {} if duplicate :uniqueid "b" {}',
            Limits(actions=1),
            "more than 1 messages are to be known again",
        ),
        ('require "vnd.cyrus.log"; log "a"; log "b";', Limits(actions=1), "more than 1 lines for the log"),
    ],
)
def test_a_run_that_meets_a_limit_keeps_the_mail(decide: Decide, text: str, limits: Limits, reason: str) -> None:
    assert decide(text, limits=limits, answers=lambda _question: False) == [f"failed: {reason}", "implicit keep"]


def test_a_costly_comparison_is_paid_before_it_is_made(decide: Decide) -> None:
    keys = ", ".join(f'"k{number}"' for number in range(500))
    message = b"X: " + b"v" * 100_000 + b"\n\n"
    text = f'if header :contains "x" [{keys}] {{ discard; }}'
    assert decide(text, message, limits=Limits(steps=40_000)) == [
        "failed: the script has not ended after 40000 steps",
        "implicit keep",
    ]
    assert decide(text, message) == ["implicit keep"]


def steps_of(script: Script, message: Message, environment: Environment) -> Generator[Step, object, Outcome]:
    return interpret(script, message, Envelope("", "a"), environment)


@pytest.mark.parametrize(
    "text",
    [
        "if false {} " * 2500,
        "if anyof (" + 'header "subject" "y", ' * 1500 + "true) { discard; }",
        "if false {} " + 'elsif header "subject" "y" {}' * 1200 + " else { discard; }",
        "if not allof (" + 'not header "subject" "y", ' * 1500 + "false) { discard; }",
        "if anyof (allof ("
        + 'not header "subject" "y", ' * 700
        + "false), anyof ("
        + 'header "subject" "y", ' * 700
        + "true)) { discard; }",
    ],
)
def test_a_long_run_has_pauses(text: str, message: Message, environment: Environment, paused: Paused) -> None:
    steps = steps_of(parse_script(text.encode(), limits=Limits(script_octets=1 << 20)), message, environment)
    pauses, outcome = paused(steps)
    assert pauses >= 2
    assert outcome.failure is None
    assert [type(action).__name__ for action in outcome.actions] == ["Discard" if "discard" in text else "Keep"]


def test_a_script_can_run_many_times_at_once(message: Message, environment: Environment) -> None:
    script = parse_script(b'require "mailbox"; if anyof (false, mailboxexists "a") { discard; }')
    first, second = steps_of(script, message, environment), steps_of(script, message, replace(environment))
    assert next(first) == next(second) == MailboxExists("a")
    outcomes = []
    for steps, answer in ((second, False), (first, True)):
        with pytest.raises(StopIteration) as end:
            steps.send(answer)
        outcomes.append(type(end.value.value.actions[0]).__name__)
    assert outcomes == ["Keep", "Discard"]
