"""enotify (RFC 5435) with mailto (RFC 5436), and the older notify and denotify."""

from collections.abc import Callable

import pytest

from angarium.sieve import Envelope, FileCarbonCopy, Notify, NotifyMethodOnline, Outcome

Run = Callable[..., Outcome]
Decide = Callable[..., list[str]]
Mistakes = Callable[[str], list[str]]

FIRST = """\
require ["enotify", "fileinto", "variables"];
if header :contains "from" "boss@example.org" {
    notify :importance "1" :message "This is probably very important" "mailto:alm@example.com";
    stop;
}
if header :contains "to" "sievemailinglist@example.org" {
    if header :matches "Subject" "*" { set "subject" "${1}"; }
    if header :matches "From" "*" { set "from" "${1}"; }
    notify :importance "3" :message "[SIEVE] ${from}: ${subject}" "mailto:alm@example.com";
    fileinto "INBOX.sieve";
}
"""
SECOND = """\
require ["enotify", "fileinto", "variables", "envelope"];
if header :matches "from" "*@*.example.org" {
    if envelope :all :matches "from" "*" { set "env_from" " [really: ${1}]"; }
    if header :matches "Subject" "*" { set "subject" "${1}"; }
    if address :matches :all "from" "*" { set "from_addr" "${1}"; }
    notify :message "${from_addr}${env_from}: ${subject}" "mailto:alm@example.com";
}
"""
KNITTING = """\
require ["enotify", "variables"];
if header :contains "list-id" "knitting.example.com" {
  if header :matches "Subject" "[*] *" {
    notify :message "From ${1} list: ${2}" :importance "3" "mailto:0123456789@sms.example.net?to=backup@example.com";
  }
}
"""


@pytest.mark.parametrize(
    ("text", "message", "actions"),
    [
        (
            FIRST,
            b"From: Boss <boss@example.org>\n\n",
            ["notify mailto:alm@example.com This is probably very important", "implicit keep"],
        ),
        (
            FIRST,
            b"From: ann@example.org\nTo: sievemailinglist@example.org\nSubject: Hi\n\n",
            ["notify mailto:alm@example.com [SIEVE] ann@example.org: Hi", "fileinto INBOX.sieve"],
        ),
        (
            SECOND,
            b"From: Ann <ann@a.example.org>\nSubject: Hi\n\n",
            ["implicit keep"],  # its header ends in an angle bracket
        ),
        (
            SECOND,
            b"From: ann@a.example.org\nSubject: Hi\n\n",
            ["notify mailto:alm@example.com ann@a.example.org [really: bob@example.net]: Hi", "implicit keep"],
        ),
        (
            KNITTING,
            b"List-Id: Knitting Mailing List <knitting.example.com>\nSubject: [Knitting] A new sweater\n\n",
            [
                "notify mailto:0123456789@sms.example.net?to=backup@example.com From Knitting list: A new sweater",
                "implicit keep",
            ],
        ),
    ],
)
def test_examples(decide: Decide, text: str, message: bytes, actions: list[str]) -> None:
    assert decide(text, message) == actions


def test_all_arguments(run_script: Run) -> None:
    notify = run_script(
        'require ["enotify", "fcc", "mailboxid"]; notify :fcc "INBOX.Sent" :mailboxid "F6352ae0" :importance "1"'
        ' :from "Me <me@example.org>" :options ["a=b", "c.d-e_f="] "mailto:ken@example.com";'
    ).actions[0]
    assert isinstance(notify, Notify)
    assert (notify.method, notify.message, notify.from_) == ("mailto:ken@example.com", None, "Me <me@example.org>")
    assert (notify.importance, notify.options, notify.id) == (1, ("a=b", "c.d-e_f="), "")
    assert notify.fcc == FileCarbonCopy(mailbox="INBOX.Sent", mailbox_id="F6352ae0")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('notify :importance "4" "mailto:a@a.example";', '":importance" takes "1", "2" or "3", not "4"'),
        ('notify :importance 1 "mailto:a@a.example";', '":importance" takes a string, not a number'),
        ('notify :from "nobody" "mailto:a@a.example";', '":from" takes a mail address, not "nobody"'),
        ('notify :options "x" "mailto:a@a.example";', '":options" takes strings as "name=value", not "x"'),
        ('notify :low "mailto:a@a.example";', '"notify" knows no ":low"'),
        ('notify :flags "x" "mailto:a@a.example";', '":flags" needs ":fcc" here'),
        ("notify;", '"notify" needs a string for its method'),
    ],
)
def test_mistakes(mistakes: Mistakes, text: str, mistake: str) -> None:
    (found,) = mistakes(f'require ["enotify", "imap4flags", "fcc"]; {text}')
    assert found.partition(": ")[2] == mistake


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("xmpp:romeo@im.example.com", 'the method of "xmpp:romeo@im.example.com" is not supported: "mailto:" is'),
        ("nonsense", 'the method of "nonsense" is not supported: "mailto:" is'),
        ("mailto", 'the method of "mailto" is not supported: "mailto:" is'),
        ("mailto:", "the URI names no recipient"),
        ("mailto:a b@c", "the URI has a character that must be percent-encoded"),
    ],
)
def test_a_method_that_cannot_be_used_is_an_error_of_the_run(decide: Decide, uri: str, reason: str) -> None:
    assert decide(f'require "enotify"; notify "{uri}";') == [f"failed: {reason}", "implicit keep"]
    test = f'require "enotify"; if not valid_notify_method ["mailto:a@a.example", "{uri}"] {{ stop; }} notify "{uri}";'
    assert decide(test) == ["implicit keep"]


@pytest.mark.parametrize(
    ("uris", "result"),
    [
        ('"mailto:a@a.example"', True),
        ('["MAILTO:a@a.example", "mailto:?to=b@b.example&subject=hi%20you"]', True),
        ('["mailto:a@a.example", "http://gw.example.net/notify?test"]', False),
        ('"mailto:a@a.example?subject"', False),
    ],
)
def test_valid_notify_method(decide: Decide, uris: str, result: bool) -> None:
    text = f'require "enotify"; if valid_notify_method {uris} {{ discard; }}'
    assert decide(text) == ["discard" if result else "implicit keep"]


@pytest.mark.parametrize(
    ("test", "result"),
    [
        ('"mailto:a@a.example" "Online" "maybe"', True),
        ('"mailto:a@a.example" "online" ["yes", "no"]', False),
        (':contains "xmpp:tim@example.com?message;subject=SIEVE" "online" ""', False),
        (':contains "mailto:" "online" ""', False),
        (':contains "mailto:a@a.example" "colour" ""', False),
        ('"mailto:" "fcc" "yes"', True),
        (':contains "xmpp:" "fcc" ""', False),
        (':count "eq" :comparator "i;ascii-numeric" "mailto:a@a.example" "online" "1"', True),
    ],
)
def test_notify_method_capability(decide: Decide, test: str, result: bool) -> None:
    require = 'require ["enotify", "fcc", "relational", "comparator-i;ascii-numeric"];'
    answers = {NotifyMethodOnline("mailto:a@a.example", "online"): "maybe"}
    text = f"{require} if notify_method_capability {test} {{ discard; }}"
    assert decide(text, answers=answers) == ["discard" if result else "implicit keep"]


def test_the_fcc_of_a_method_needs_its_extension(decide: Decide) -> None:
    text = 'require "enotify"; if notify_method_capability :contains "mailto:" "fcc" "" { discard; }'
    assert decide(text) == ["implicit keep"]


# The older extension

OLDER = 'require "notify"; '


def notified(outcome: Outcome) -> list[tuple[str, str | None, int, tuple[str, ...], str]]:
    return [
        (action.method, action.message, action.importance, action.options, action.id)
        for action in outcome.actions
        if isinstance(action, Notify)
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("notify;", ("", "Ann <ann@example.org>: Hi", 2, (), "")),
        (
            (
                'notify :high :id "one" :method "mailto" :options ["a@a.example", "b b@b.example"]'
                ' :message "$Env-From$|$subject$";'
            ),
            ("mailto:a@a.example,b%20b@b.example", "bob@example.net|Hi", 1, ("a@a.example", "b b@b.example"), "one"),
        ),
        ('notify :low :method "zephyr" :message "$none$";', ("zephyr", "$none$", 3, (), "")),
    ],
)  # fmt: skip
def test_the_older_notify(run_script: Run, command: str, expected: tuple[object, ...]) -> None:
    message = b"From: Ann <ann@example.org>\nSubject: Hi\n\n"
    outcome = run_script(OLDER + command, message, envelope=Envelope("bob@example.net", "me"))
    assert notified(outcome) == [expected]
    assert len(outcome.actions) == 2


@pytest.mark.parametrize(
    ("command", "left"),
    [
        ("denotify;", []),
        ('denotify :is "one";', ["two", ""]),
        ('denotify :contains "O";', [""]),
        ('denotify :matches "?w*";', ["one", ""]),
        ("denotify :high;", ["two", ""]),
        ('denotify :is "one" :low;', ["one", "two", ""]),
        ('denotify :is "three";', ["one", "two", ""]),
    ],
)
def test_denotify(run_script: Run, command: str, left: list[str]) -> None:
    text = OLDER + f'redirect "a@a.example"; notify :high :id "one"; notify :id "two"; notify; {command} keep; keep;'
    outcome = run_script(text)
    assert [name for *_, name in notified(outcome)] == left
    assert len(outcome.actions) == len(left) + 2


def test_both_extensions_have_their_own_notify(mistakes: Mistakes) -> None:
    assert mistakes('require "notify"; notify "mailto:a@a.example";') == [
        'line 1, column 26: "notify" takes no argument, and nothing behind'
    ]
    (mistake,) = mistakes("notify;")
    assert mistake.startswith('line 1, column 1: "notify" needs \'require "enotify";\'')
