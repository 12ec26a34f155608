import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sievetranslate.running import actions_of

from angarium.sieve import parse_script
from angarium.sievetranslate import (
    SourceRefused,
    Surroundings,
    Translation,
    VacationText,
    Verdict,
    read_vacation_text,
    translate_procmail,
)


def translated(text: str, surroundings: Surroundings | None = None) -> Translation:
    translation = translate_procmail(text.encode(), surroundings or Surroundings())
    parse_script(translation.script.encode())
    return translation


def commands_of(text: str) -> str:
    """The script without comments, on one line; filing with an end behind it is INTO."""
    lines = translated(text).script.splitlines()
    code = [line.strip() for line in lines if line.strip() and not line.strip().startswith(("#", "require"))]
    commands = re.sub(r"\s+", " ", " ".join(code))
    return re.sub(r'fileinto :create "([^"]*)"; stop;', r"INTO \1", commands)


def left_out(text: str) -> list[tuple[int, str]]:
    return [(each.line, each.text) for each in translated(text).remarks if each.verdict is Verdict.LEFT_OUT]


CONDITION = "* ^Subject: x$\n"
TEST = 'header :is "Subject" "x"'


@pytest.mark.parametrize(
    ("recipe", "commands"),
    [
        (f":0\n{CONDITION}spam\n", f'if {TEST} {{ INTO spam }}'),
        (f":0:\n{CONDITION}spam\n", f'if {TEST} {{ INTO spam }}'),
        (f":0:spam.lock\n{CONDITION}spam\n", f'if {TEST} {{ INTO spam }}'),
        (f":0 Hw:\n{CONDITION}spam\n", f'if {TEST} {{ INTO spam }}'),
        (f":0 c\n{CONDITION}spam\n", f'if {TEST} {{ fileinto :copy :create "spam"; }}'),
        (":0\nspam\n", 'INTO spam'),
        (":1:\n^Subject: x$\nspam\n", f'if {TEST} {{ INTO spam }}'),
        (":\n^Subject: x$\nspam\n", f'if {TEST} {{ INTO spam }}'),
        (f":0\n{CONDITION}/dev/null\n", f"if {TEST} {{ discard; stop; }}"),
        (":0\n* ! ^Subject: x$\nspam\n", f'if not {TEST} {{ INTO spam }}'),
        (":0\n* > 1000\n* < 5000\nspam\n", 'if allof (size :over 1000, size :under 5000) { INTO spam }'),
        (f":0\n{CONDITION}! a@x.y b@x.y\n", f'if {TEST} {{ redirect "a@x.y"; redirect "b@x.y"; stop; }}'),
        (f":0 c\n{CONDITION}! a@x.y\n", f'if {TEST} {{ redirect :copy "a@x.y"; }}'),
        (f":0\n{CONDITION}| /usr/sbin/sendmail -oi -f b@x.y a@x.y\n", f'if {TEST} {{ redirect "a@x.y"; stop; }}'),
        (f":0\n{CONDITION}| $SENDMAIL -oi a@x.y\n", f'if {TEST} {{ redirect "a@x.y"; stop; }}'),
        (f":0\n{CONDITION}$DEFAULT\n", f"if {TEST} {{ keep; stop; }}"),
        (":0\n* B ?? cheap\nspam\n", 'if body :raw :contains "cheap" { INTO spam }'),
        (":0 B\n* cheap\nspam\n", 'if body :raw :contains "cheap" { INTO spam }'),
        (":0 B\n* ^cheap\nspam\n", 'if body :raw :regex "^cheap" { INTO spam }'),
        (":0 HB\n* ^Subject: x$\nspam\n", f'if anyof ({TEST}, body :raw :regex "^Subject: x$") {{ INTO spam }}'),
        (":0 D\n* ^Subject:.*x\nspam\n", 'if header :contains :comparator "i;octet" "Subject" "x" { INTO spam }'),
        ("A=x\n:0\n* $ ^Subject: ${A}$\nspam\n", f'if {TEST} {{ INTO spam }}'),
        (":0 Wh: msgid.lock\n| formail -D 8192 msgid.cache\n", "if duplicate { discard; stop; }"),
        (":0 Whc\n| formail -D 8192 msgid.cache\n:0 a:\ndouble\n", 'if duplicate { INTO double }'),
        (":0\n* ? formail -D 8192 msgid.cache\ndouble\n", 'if duplicate { INTO double }'),
        (
            ":0\n* ^List-Id:.*<\\/[^.>]+\nlists/$MATCH\n",
            'if header :regex "List-Id" "<([^.>]+)" { set "match" "${1}"; INTO lists/${match} }',
        ),
        (
            f":0\n{CONDITION}a\n:0 E\n* > 9\nb\n:0 E\nc\n",
            f"if {TEST} {{ INTO a }} elsif size :over 9 {{ INTO b }} else {{ INTO c }}",
        ),
        (
            f":0 c\n{CONDITION}a\n:0 A\n* > 9\nb\n:0 a\nc\n",
            f'if {TEST} {{ fileinto :copy :create "a"; if size :over 9 {{ INTO b }} INTO c }}',
        ),
        (
            f":0\n{CONDITION}{{\n:0 c\n! a@x.y\n\n:0\nb\n}}\n",
            f'if {TEST} {{ redirect :copy "a@x.y"; INTO b }}',
        ),
        (
            f":0 c\n{CONDITION}{{\n:0\n* > 9\na\n:0\nb\n}}\n",
            f'if {TEST} {{ if size :over 9 {{ fileinto :copy :create "a"; }} else {{ fileinto :copy :create "b"; }} }}',
        ),
        (f":0\n{CONDITION}{{ EXITCODE=77 }}\n", ""),
        (":0\n{\nEXITCODE=77\n:0\n/dev/null\n}\n", 'ereject "This mail is not accepted."; stop;'),
        ("DEFAULT=$HOME/Mail/new\n", 'fileinto :create "new";'),
        ("DEFAULT=$HOME/Maildir/\n", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_recipes_become_commands(recipe: str, commands: str) -> None:
    assert commands_of(recipe) == commands


@pytest.mark.parametrize(
    ("path", "mailbox"),
    [
        ("spam", "spam"),
        ("$MAILDIR/spam", "spam"),
        ("$HOME/Mail/lists/a", "lists/a"),
        ("/home/joe/mail/lists/a/", "lists/a"),
        ("lists/a/.", "lists/a"),
        (".Lists.a/", "Lists/a"),
        ("$HOME/Maildir/.Lists.a/", "Lists/a"),
        ('"with blank"', "with blank"),
        ("'single $x'", "single $x"),
        (r"with\ blank", "with blank"),
        ("${OTHER:-spam}", "spam"),
        ("| /usr/lib/dovecot/deliver -m Lists.a", "Lists/a"),
        ("| dovecot-lda -m Lists/a", "Lists/a"),
        ("| /usr/cyrus/bin/deliver -e -a $USER -m user.$USER.lists.a", "lists/a"),
        ("| deliver -e -m lists.a -- $LOGNAME", "lists/a"),
    ],
)
def test_folders_become_mailboxes(path: str, mailbox: str) -> None:
    assert commands_of(f"MAILDIR=$HOME/Mail\n:0\n{path}\n") == f"INTO {mailbox}"


@pytest.mark.parametrize("path", ["$ORGMAIL", "/var/mail/joe", "/var/spool/mail/joe", "INBOX", "./", "$MAILDIR/",
                                  "| deliver -m user.joe", "| dovecot-lda -m INBOX"])  # fmt: skip
def test_the_spool_is_the_inbox(path: str) -> None:
    assert commands_of(f":0\n{path}\n") == "keep; stop;"


def test_names_are_as_the_site_has_them() -> None:
    surroundings = Surroundings(separator=".", prefix="INBOX.", user="joe", domain="example.org")
    script = translated(":0 c\n/home/joe/Maildir/.Lists.a/\n:0\n! jim\n", surroundings).script
    assert 'fileinto :copy :create "INBOX.Lists.a";' in script
    assert 'redirect "jim@example.org";' in script
    assert "is in no directory" in translate_procmail(b":0\n/home/jim/x\n", surroundings).remarks[0].text


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (":0fw\n| spamassassin\n", 1, "changes the message by a program"),
        (":0\n| /usr/local/bin/filter\n", 1, "runs no programs"),
        (":0\n| cat >> file\n", 1, "commands of the shell"),
        (":0\n| formail -s procmail\n", 1, "formail"),
        (":0\n| procmail other\n", 1, "calls procmail"),
        (":0\n| sendmail -t\n", 1, "recipients from the message"),
        (f":0\n{CONDITION}* ? test -f x\nspam\n", 3, "runs no programs"),
        (":0\n* 1^0 ^Subject: x\nspam\n", 2, "no scores"),
        (":0\n* X ?? x\nspam\n", 2, "variable X"),
        (":0\n* B ?? > 100\nspam\n", 2, "whole message"),
        (":0\n* foo\nspam\n", 2, "name of the field"),
        (":0\n* < x\nspam\n", 2, "no size"),
        (":0\n! joe\n", 1, "--domain"),
        (":0\n! $X\n", 1, "variable X"),
        (":0\n!\n", 1, "no address"),
        (":0\n/etc/passwd\n", 1, "in no directory"),
        (":0\n$HOME/../x\n", 1, "in no directory"),
        (":0\na%b\n", 1, "cannot have"),
        (":0\na b\n", 1, "more than one file"),
        (":0\n`date`\n", 1, "output of a command"),
        (":0\n'a\n", 1, "is not closed"),
        ("X=`date`\n", 1, "output of a command"),
        ("INCLUDERC=other\n", 1, "other"),
        ("SWITCHRC=other\n", 1, "other"),
        ("HOST=other\n", 1, "machine"),
        (":0 A\nspam\n", 1, "depends on a recipe before"),
        (":0 E\nspam\n", 1, "depends on a recipe before"),
        (":0\na\n:0 e\nspam\n", 3, "has failed"),
        (":0\n* ^Subject:.*\\${a}\nspam\n", 1, "names a variable in Sieve"),
        (":0\n", 1, "no action"),
        (":0 ???\nspam\n", 1, "no beginning"),
        ("}\n", 1, "closes nothing"),
        ("? what\n", 1, "no recipe"),
        ('X="a\n', 1, "not closed"),
        (":0\n* ^Subject: a$b\nspam\n", 2, "end of a line"),
        (":0\n* ! ^Subject:\\/x\nspam\n", 2, "behind"),
        (":0\n{\nEXITCODE=75\n:0\n/dev/null\n}\n", 4, "EXITCODE"),
        (":0\n* > 9\n{\nMAILDIR=x\n}\n:0\nspam\n", 6, "MAILDIR"),
        (":0\n* > 9\n{\nDEFAULT=x\n}\n", 1, "DEFAULT"),
        (":0 c\n{\n:0\n* > 9\n{\n:0\n* > 99\na\n}\n:0\nb\n}\n", 10, "several ways"),
        (":0\n{\n" * 20, 26, "too deeply"),
    ],
)
def test_what_cannot_be_translated_is_named_with_its_line(text: str, line: int, reason: str) -> None:
    found = left_out(text)
    assert [(number, each) for number, each in found if number == line and reason in each], found
    # A comment shows what it was.
    assert "NOT TRANSLATED" in translated(text).script


def test_a_recipe_takes_along_those_that_depend_on_it() -> None:
    text = ":0\n* ? x\na\n:0 E\nb\n:0 A\nc\n:0\nd\n"
    assert [line for line, _ in left_out(text)] == [2, 4, 6]
    assert commands_of(text) == "INTO d"


def test_those_that_depend_on_the_conditions_of_a_program_need_not_the_program() -> None:
    assert commands_of(f":0fw\n{CONDITION}| spamc\n:0 A\nspam\n") == f"if {TEST} {{ INTO spam }}"


def test_what_is_never_reached_is_said() -> None:
    assert left_out(":0\na\n:0 A\nb\n") == [(3, "procmail never came so far")]
    assert left_out(":0 c\n{\n:0\na\n:0\nb\n}\n") == [(5, "procmail never came so far")]


def test_variables_are_known_where_they_are_certain() -> None:
    text = "A=x\n:0\n* > 9\n{\n  A=y\n  :0\n  $A\n}\n:0\n$A\n"
    assert 'fileinto :create "y";' in translated(text).script
    assert left_out(text) == [(9, "nobody knows the variable A here")]


def test_comments_of_the_source_stay() -> None:
    script = translated("# About spam\n:0:\nspam # not a remark\n").script
    assert "# About spam\n# line 2\n" in script


def test_continued_lines_are_one() -> None:
    assert commands_of(":0\n* ^Subject:\\\n   x\nspam\n") == ('if header :matches "Subject" "x*" { INTO spam }')


VACATION = VacationText("I am away.\n.\nBye", "Away")


@pytest.mark.parametrize(
    "action",
    ["| vacation joe", "| /usr/bin/vacation -t 3d joe", "| (formail -rt -A'X-Loop: a'; cat away) | $SENDMAIL -t -oi"],
)
def test_a_vacation_answer_needs_its_text(action: str) -> None:
    without = translated(f":0 c\n{action}\n")
    assert commands_of(f":0 c\n{action}\n") == ""
    assert without.remarks[0].verdict is Verdict.LEFT_OUT
    assert "--vacation-text" in without.remarks[0].text
    completed = without.script.replace("# vacation", "vacation").replace("…", "I am away.")
    assert actions_of(completed, "From: a@example.org\n\nx\n")[0].startswith("vacation I am away.")


def test_a_vacation_answer_with_its_text_is_sent() -> None:
    translation = translated(":0 c\n| vacation -a me@example.org -t 2w joe\n", Surroundings(vacation=VACATION))
    assert translation.remarks == ()
    assert 'vacation :days 14 :subject "Away" :addresses "me@example.org" text:\nI am away.\n..\nBye\n.\n;' in (
        translation.script
    )
    assert actions_of(translation.script, "From: a@example.org\n\nx\n") == [
        "vacation I am away. . Bye",
        "keep",
    ]


def test_mail_that_vacation_alone_would_have_had_is_kept() -> None:
    translation = translated(":0\n| vacation joe\n", Surroundings(vacation=VACATION))
    assert [each.verdict for each in translation.remarks] == [Verdict.DIFFERENT]
    assert "it is kept here" in translation.script


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"Subject: Away\nPrecedence: bulk\n\nI am away.\n", VacationText("I am away.", "Away")),
        (b"Subject: Re: $SUBJECT\r\n\r\nI am away.\r\n", VacationText("I am away.")),
        (b"I am away.\n\nBye\n", VacationText("I am away.\n\nBye")),
        (b"", VacationText("")),
    ],
)
def test_the_file_of_vacation_has_a_header_perhaps(octets: bytes, text: VacationText) -> None:
    assert read_vacation_text(octets) == text


EXAMPLE = """\
MAILDIR=$HOME/Mail
:0 c
* ^From:.*boss
! phone@example.net

:0
* ^From:.*boss
* ^Subject:.*urgent
urgent

:0 c
* > 100
{
  :0
  * ^Subject:.*copy
  copies
  :0
  others
}

:0
* ! ^TO_me@example\\.org
* ! ^FROM_DAEMON
notme

:0
* ^FROM_DAEMON
{
  :0
  * B ?? undeliverable
  bounces
  :0 E
  daemons
}
"""


@pytest.mark.parametrize(
    ("message", "actions"),
    [
        ("To: me@example.org\n\nx\n", ["keep"]),
        ("To: you@example.org\n\nx\n", ["fileinto notme"]),
        ("From: boss@x.y\nTo: me@example.org\n\nx\n", ["redirect phone@example.net", "keep"]),
        ("From: boss@x.y\nSubject: urgent\n\nx\n", ["redirect phone@example.net", "fileinto urgent"]),
        (f"To: me@example.org\nSubject: a copy\n\n{'x' * 99}\n", ["fileinto copies", "keep"]),
        (f"To: me@example.org\n\n{'x' * 99}\n", ["fileinto others", "keep"]),
        ("From: MAILER-DAEMON@x.y (M)\n\nundeliverable\n", ["fileinto bounces"]),
        ("From: MAILER-DAEMON@x.y (M)\n\nelse\n", ["fileinto daemons"]),
    ],
)
def test_a_whole_file_does_what_it_did(message: str, actions: list[str]) -> None:
    translation = translated(EXAMPLE)
    assert translation.remarks == ()
    assert actions_of(translation.script, message, sender="joe@example.net") == actions


@pytest.mark.parametrize("octets", [b"a\0b", b"x" * 300_000])
def test_what_is_no_text_is_refused(octets: bytes) -> None:
    with pytest.raises(SourceRefused):
        translate_procmail(octets, Surroundings())


PARTS = st.sampled_from(
    [":0", ":0 c", ":0 A", ":0 E", ":0 Wh:", ":0fw", ":0 HB", "{", "}", "* ^Subject:.*", "* ! ^From", "* > 10",
     "* B ?? x", "* ^List-Id:\\/.*", "spam", "! a@example.org", "| vacation x", "| formail -D 1 x", "/dev/null",
     "$MATCH", "$X/a", "X=a", "DEFAULT=x", "EXITCODE=67", "MAILDIR=$HOME", "# c", "\\", "'", '"', "`", "$", "${X",
     "(", "[", "*", "\t",
     "\n", "\n", "\n", "é", "\x01", "\r", '"${a}"', ".", "text:"]
)  # fmt: skip


@given(st.lists(PARTS, max_size=25).map("\n".join) | st.lists(PARTS, max_size=25).map("".join) | st.text(max_size=50))
def test_any_text_gives_a_script_that_parses(text: str) -> None:
    if "\0" not in text:
        translated(text.encode(errors="replace").decode())


@given(st.binary(max_size=100))
def test_any_octets_give_a_script_that_parses_or_a_refusal(octets: bytes) -> None:
    try:
        script = translate_procmail(octets, Surroundings()).script
    except SourceRefused:
        return
    parse_script(script.encode())
