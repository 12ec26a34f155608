import pytest

from angarium.cli.sieveoutcome import action_words, actions_words, outcome_lines
from angarium.sieve import (
    Action,
    Discard,
    Edition,
    Failure,
    FileInto,
    Keep,
    LogLine,
    Notify,
    Origin,
    Outcome,
    Position,
    Redirect,
    Reject,
    Snooze,
    Vacation,
)

HERE = Origin("", Position(2, 5))
SOURCE = ["if true {", '    fileinto "x"; # here', "}"]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Keep(origin=None), "keep in INBOX"),
        (Keep(origin=HERE, flags=("\\Seen", "a")), "keep in INBOX, with the flags \\Seen a"),
        (FileInto(origin=HERE, mailbox="x"), 'file into "x"'),
        (FileInto(origin=HERE, mailbox="x", create=True), 'file into "x", made where it is missing'),
        (FileInto(origin=HERE, mailbox="x", special_use="\\Junk"), 'file into the mailbox for \\Junk, or else "x"'),
        (FileInto(origin=HERE, mailbox="x", mailbox_id="1"), 'file into the mailbox with the id 1, or else "x"'),
        (
            FileInto(origin=HERE, mailbox="x", flags=("a",), edition=Edition((b"",))),
            'file into "x", with the flags a, as the script has edited it',
        ),
        (Redirect(origin=HERE, address="a@b"), "redirect to a@b"),
        (Redirect(origin=HERE, address="x", is_list=True), "redirect to the members of x"),
        (Discard(origin=HERE), "discard"),
        (Reject(origin=HERE, reason="no\r\nthanks", extended=False), "reject: no thanks"),
        (Vacation(origin=HERE, reason="x" * 61), f"answer the sender (vacation): {'x' * 59}…"),
        (Vacation(origin=HERE, reason="away", subject="S"), 'answer the sender (vacation "S"): away'),
        (Notify(origin=HERE, method="mailto:a@b"), "notify mailto:a@b"),
        (Notify(origin=HERE, method="mailto:a@b", message="x"), "notify mailto:a@b: x"),
        (Snooze(origin=HERE, times=("08:00:00",), weekdays=(1, 2)), "snooze until 08:00:00 on weekdays 1, 2"),
        (FileInto(origin=HERE, mailbox="\x1b[31m\n"), 'file into "\ufffd[31m\ufffd"'),
    ],
)  # fmt: skip
def test_an_action_is_a_line(action: Action, words: str) -> None:
    assert action_words(action) == words


def test_each_action_has_the_line_that_decided_it() -> None:
    actions = (
        FileInto(origin=HERE, mailbox="x"),
        FileInto(origin=Origin("other", Position(7, 1)), mailbox="y"),
        Keep(origin=None),
    )
    assert list(outcome_lines(Outcome(actions), SOURCE)) == [
        '  file into "x"',
        '      line 2: fileinto "x"; # here',
        '  file into "y"',
        '      line 7 of the included script "other"',
        "  keep in INBOX",
        "      no line: nothing in the script has cancelled the implicit keep",
    ]  # fmt: skip


def test_a_failure_says_why_the_message_is_kept() -> None:
    outcome = Outcome((Keep(origin=None),), failure=Failure("it is so", HERE))
    assert list(outcome_lines(outcome, SOURCE)) == [
        "  keep in INBOX",
        "  the script fails, so that the message is kept: it is so",
        '      line 2: fileinto "x"; # here',
    ]
    assert actions_words(outcome) == ["keep in INBOX", "(the script fails: it is so)"]


def test_what_a_script_logs_is_told() -> None:
    outcome = Outcome((Discard(origin=HERE),), log=(LogLine(HERE, "seen"),))
    assert list(outcome_lines(outcome, SOURCE))[2] == "  log: seen"


def test_a_mailbox_that_is_not_there_is_said_not_to_be() -> None:
    plain, creating = FileInto(origin=HERE, mailbox="x"), FileInto(origin=HERE, mailbox="x", create=True)
    assert action_words(plain, {"x"}) == 'file into "x" (there is no such mailbox)'
    assert action_words(plain, {"y"}) == 'file into "x"'
    # Which of two scripts makes it is no difference to where mail is.
    assert actions_words(Outcome((plain,))) == actions_words(Outcome((creating,))) == ['file into "x"']
    # Where mail would stay in INBOX, it is.
    assert actions_words(Outcome((plain,)), {"x"}) != actions_words(Outcome((creating,)), {"x"})
