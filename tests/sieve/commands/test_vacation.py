"""vacation (RFC 5230), with :seconds (RFC 6131) and :fcc (RFC 8580)."""

from collections.abc import Callable

import pytest

from angarium.sieve import FileCarbonCopy, Outcome, Vacation

Run = Callable[..., Outcome]
Decide = Callable[..., list[str]]
Mistakes = Callable[[str], list[str]]

DAY = 86_400


def answer(run_script: Run, text: str, message: bytes = b"Subject: lunch\n\n") -> Vacation:
    outcome = run_script(text, message)
    assert outcome.failure is None
    (vacation,) = [action for action in outcome.actions if isinstance(action, Vacation)]
    return vacation


def test_all_arguments(run_script: Run) -> None:
    vacation = answer(
        run_script,
        'require "vacation"; vacation :days 23 :addresses ["tjs@example.edu", "ts4z@landru.example.edu"]'
        ' :subject "Äway" :from "Me <me@example.org>, you@example.org" :handle "h" "I\'m away until October 19.\n'
        "If it's an emergency, call 911, I guess.\";",
    )
    assert vacation.reason == "I'm away until October 19.\r\nIf it's an emergency, call 911, I guess."
    assert (vacation.subject, vacation.from_) == ("Äway", "Me <me@example.org>, you@example.org")
    assert vacation.addresses == ("tjs@example.edu", "ts4z@landru.example.edu")
    assert (vacation.seconds, vacation.handle, vacation.mime, vacation.fcc) == (23 * DAY, "h", False, None)


@pytest.mark.parametrize(
    ("tags", "seconds"),
    [
        ("", None),
        (":days 7", 7 * DAY),
        (":days 0", DAY),
        (":seconds 1800", 1800),
        (":seconds 0", 0),
        (":seconds 2147483648", 2**31),
    ],
)
def test_the_time_between_answers(run_script: Run, tags: str, seconds: int | None) -> None:
    assert answer(run_script, f'require "vacation-seconds"; vacation {tags} "away";').seconds == seconds


def handles(run_script: Run, *commands: str) -> list[str]:
    return [answer(run_script, f'require ["vacation", "variables"]; {command}').handle for command in commands]


def test_the_same_arguments_are_the_same_answer(run_script: Run) -> None:
    one, same = handles(run_script, 'vacation :days 1 "a";', 'vacation :addresses "b@b.example" :days 9 "a";')
    assert one == same
    others = handles(
        run_script,
        'vacation "b";',
        'vacation :subject "a" "a";',
        'vacation :from "a@a.example" "a";',
        'vacation :mime "a";',
        'vacation :subject "" "a";',
        'vacation :subject "a" "";',
    )
    assert len({one, *others}) == 7


def test_what_variables_hold_makes_no_other_answer(run_script: Run) -> None:
    text = (
        'require ["vacation", "variables"]; if header :matches "subject" "*" {'
        ' vacation :subject "Automatic response to: ${1}" "I\'m away -- send mail to foo in my absence"; }'
    )
    lunch, dinner = answer(run_script, text), answer(run_script, text, b"Subject: dinner\n\n")
    assert lunch.handle == dinner.handle
    assert (lunch.subject, dinner.subject) == ("Automatic response to: lunch", "Automatic response to: dinner")
    assert lunch.handle != answer(run_script, text.replace("${1}", "${2}")).handle


def test_a_handle_is_what_was_given(run_script: Run) -> None:
    text = (
        'require "vacation"; if header :contains "subject" "lunch" {'
        ' vacation :handle "ran-away" "I\'m out and can\'t meet for lunch"; }'
        ' else { vacation :handle "ran-away" "I\'m out"; }'
    )
    assert answer(run_script, text).handle == answer(run_script, text, b"Subject: dinner\n\n").handle == "ran-away"


MIME = """\
require "vacation";
vacation :mime text:
Content-Type: multipart/alternative; boundary=foo

--foo

I'm at the beach relaxing.  Mmmm, sürf...

--foo
Content-Type: text/html; charset=us-ascii

<p>I'm at the beach relaxing.</p>

--foo--
.
;
"""


def test_a_whole_mime_part(run_script: Run) -> None:
    vacation = answer(run_script, MIME)
    assert vacation.mime
    assert vacation.reason.startswith("Content-Type: multipart/alternative; boundary=foo\r\n\r\n--foo\r\n")


def test_the_header_of_a_mime_part_is_ascii(mistakes: Mistakes, decide: Decide) -> None:
    wrong = 'the header of what ":mime" says is MIME holds characters that are not ASCII'
    text = 'require ["vacation", "variables"]; set "v" "ü"; vacation :mime "Content-Description: {}\n\nü";'
    assert mistakes(text.replace("{}", "ü")) == [f"line 1, column 64: {wrong}"]
    assert decide(text.replace("{}", "${v}")) == [f"failed: {wrong}", "implicit keep"]
    assert decide(text.replace("{}", "u"))[0].startswith("vacation ")
    assert mistakes('require "vacation"; vacation :mime "no header ü";') != []
    assert mistakes('require "vacation"; vacation :mime "\nno header ü";') == []


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("vacation;", '"vacation" needs a string for its reason'),
        ('vacation :days 1 :seconds 5 "a";', '":seconds" cannot be given together with ":days"'),
        ('vacation :seconds 2147483649 "a";', '":seconds" can be 2147483648 at most'),
        ('vacation :from "nobody" "a";', '":from" takes mail addresses, not "nobody"'),
        ('vacation :addresses 5 "a";', '":addresses" takes a string or a list of strings, not a number'),
        ('vacation :flags "x" "a";', '":flags" needs ":fcc" here'),
        ('vacation :create "a";', '":create" needs ":fcc" here'),
        ('vacation :fcc "" "a";', "the name of a mailbox cannot be empty"),
        (
            'vacation :fcc "a" :mailboxid "b" :specialuse "\\\\Sent" "a";',
            '":specialuse" cannot be given together with ":mailboxid"',
        ),
    ],
)  # fmt: skip
def test_mistakes(mistakes: Mistakes, text: str, mistake: str) -> None:
    require = 'require ["vacation-seconds", "fcc", "imap4flags", "mailbox", "special-use", "mailboxid"];'
    (found,) = mistakes(require + text)
    assert found.partition(": ")[2] == mistake


def test_seconds_need_their_extension(mistakes: Mistakes) -> None:
    (found,) = mistakes('require "vacation"; vacation :seconds 5 "a";')
    assert found.startswith('line 1, column 30: ":seconds" needs \'require "vacation-seconds";\'')


def test_a_copy_is_filed(run_script: Run) -> None:
    """RFC 8580 §5; tags in any order."""
    vacation = answer(
        run_script,
        'require ["vacation", "fcc", "mailbox", "special-use", "imap4flags"];\n'
        'setflag "mine"; vacation :days 7 :from "me@example.com" :specialuse "\\\\Sent" :create :fcc "INBOX.Sent"'
        ' :flags ["\\\\Seen"] "Gone Fishin\'";',
    )
    assert vacation.fcc == FileCarbonCopy(mailbox="INBOX.Sent", flags=("\\Seen",), create=True, special_use="\\Sent")
    plain = answer(run_script, 'require ["vacation", "fcc", "imap4flags"]; setflag "a"; vacation :fcc "b" "c";')
    assert plain.fcc == FileCarbonCopy(mailbox="b")


@pytest.mark.parametrize(
    "command",
    ['reject :fcc "a" "b";', 'ereject :fcc "a" "b";', 'fileinto :fcc "a" "b";', 'redirect :fcc "a" "b@b.example";'],
)
def test_other_actions_have_no_copy(mistakes: Mistakes, command: str) -> None:
    (found,) = mistakes(f'require ["fcc", "reject", "ereject", "fileinto"]; {command}')
    assert found.endswith(f'"{command.partition(" ")[0]}" knows no ":fcc"')


LANGUAGES = """\
require "vacation";
if header :contains ["accept-language", "content-language"] "en" { vacation "I am away this week."; }
else { vacation "Estoy ausente esta semana."; }
"""
DIVISION = """\
require "vacation";
if address :matches "from" "*@ourdivision.example.com" {
    vacation :subject "Gone fishing" "Having lots of fun! Back in a day or two!";
} else {
    vacation :subject "Je suis parti cette semaine" "Je lirai votre message quand je retourne.";
}
"""
BOSS = """\
require "vacation";
if header :contains "from" "boss@example.edu" { redirect "pleeb@isp.example.org"; }
else { vacation "Sorry, I'm away, I'll read your\nmessage when I get around to it."; }
"""
CYRUS = """\
require "vacation";
if header :contains "subject" "cyrus" { vacation "I'm out -- send mail to cyrus-bugs"; }
else { vacation "I'm out -- call me at +1 304 555 0123"; }
"""


@pytest.mark.parametrize(
    ("text", "message", "actions"),
    [
        (LANGUAGES, b"Accept-Language: en-GB\n\n", ["vacation I am away this week.", "implicit keep"]),
        (LANGUAGES, b"Accept-Language: es\n\n", ["vacation Estoy ausente esta semana.", "implicit keep"]),
        (
            DIVISION,
            b"From: ann@OurDivision.example.com\n\n",
            ["vacation Having lots of fun! Back in a day or two!", "implicit keep"],
        ),
        (BOSS, b"From: boss@example.edu\n\n", ["redirect pleeb@isp.example.org"]),
        (
            BOSS,
            b"From: ann@example.edu\n\n",
            ["vacation Sorry, I'm away, I'll read your\r\nmessage when I get around to it.", "implicit keep"],
        ),
        (CYRUS, b"Subject: Cyrus bug\n\n", ["vacation I'm out -- send mail to cyrus-bugs", "implicit keep"]),
        (CYRUS, b"Subject: dinner\n\n", ["vacation I'm out -- call me at +1 304 555 0123", "implicit keep"]),
    ],
)
def test_examples(decide: Decide, text: str, message: bytes, actions: list[str]) -> None:
    assert decide(text, message) == actions


def test_the_two_answers_of_the_example_are_two(run_script: Run) -> None:
    bug, dinner = (answer(run_script, CYRUS, subject) for subject in (b"Subject: cyrus\n\n", b"Subject: dinner\n\n"))
    assert bug.handle != dinner.handle
