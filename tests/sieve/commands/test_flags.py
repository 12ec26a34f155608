"""imap4flags (RFC 5232) and the older imapflags."""

from collections.abc import Callable

import pytest

from angarium.sieve.flags import parse_flags

Decide = Callable[..., list[str]]

REQUIRE = 'require ["imap4flags", "fileinto", "variables", "relational", "comparator-i;ascii-numeric"];\n'


@pytest.mark.parametrize(
    ("lists", "flags"),
    [
        ([], ()),
        ([""], ()),
        (["\\Seen"], ("\\Seen",)),
        (["a b"], ("a", "b")),
        (["  a   b  ", "c"], ("a", "b", "c")),
        (["a", "A", "b a"], ("a", "b")),
        (["\\Recent", "\\Foo", "\\"], ()),  # not to be set, or not there (§2)
        (["grün", "a(b", "a]", 'a"', "a%", "a*", "a{", "a\tb"], ()),
        (["$Junk", "a}", "a["], ("$Junk", "a}", "a[")),
    ],
)
def test_lists_of_flags(lists: list[str], flags: tuple[str, ...]) -> None:
    assert parse_flags(lists) == flags


@pytest.mark.parametrize(
    ("commands", "flags"),
    [
        ('setflag "\\\\Deleted";', ["\\Deleted"]),
        ('addflag "\\\\Deleted"; addflag "\\\\Answered";', ["\\Deleted", "\\Answered"]),
        ('addflag ["\\\\Deleted", "\\\\Answered"];', ["\\Deleted", "\\Answered"]),
        ('addflag "\\\\Deleted \\\\Answered";', ["\\Deleted", "\\Answered"]),
        ('addflag "a"; setflag "b c"; addflag "d B";', ["b", "c", "d"]),
        ('addflag "a b c"; removeflag "B"; removeflag ["x", "c", ""];', ["a"]),
        ('removeflag "a";', []),
        ('setflag "";', []),
        ('setflag "a"; if hasflag "a" { removeflag "a"; }', []),
    ],
)
def test_the_internal_variable_is_what_keep_and_fileinto_use(decide: Decide, commands: str, flags: list[str]) -> None:
    assert decide(REQUIRE + commands) == [" ".join(["implicit keep", *flags])]
    assert decide(f"{REQUIRE}{commands} keep;") == [" ".join(["keep", *flags])]
    assert decide(f'{REQUIRE}{commands} fileinto "a";') == [" ".join(["fileinto a", *flags])]
    assert decide(f'{REQUIRE}{commands} keep :flags "z";') == ["keep z"]


def test_flags_are_those_of_the_moment(decide: Decide) -> None:
    text = REQUIRE + 'addflag "a"; fileinto "one"; addflag "b"; fileinto "two"; setflag ""; keep;'
    assert decide(text) == ["fileinto one a", "fileinto two a b", "keep"]


def test_variables_hold_flags_too(decide: Decide) -> None:
    text = (
        REQUIRE
        + 'setflag "flagvar" "\\\\Flagged"; addflag "FlagVar" ["$x", "\\\\flagged"]; removeflag "flagvar" "$y $X";'
        + 'set "more" "${flagvar}  one"; addflag "more" "two";'
        + 'fileinto :flags "${flagvar}" "a"; fileinto :flags "${more}" "b";'
    )
    assert decide(text) == ["fileinto a \\Flagged", "fileinto b \\Flagged one two"]


MY_VAR = 'set "MyVar" "NonJunk Junk gnus-forward $Forwarded NotJunk JunkRecorded $Junk $NotJunk";'


@pytest.mark.parametrize(
    ("commands", "test", "result"),
    [
        ('setflag "A B";', 'hasflag :is "b A"', True),
        ('setflag "A B";', 'hasflag ["b","A"]', True),
        ('setflag "A B";', 'hasflag "c"', False),
        ("", 'hasflag "a"', False),
        ("", 'hasflag ""', False),
        (MY_VAR, 'hasflag :contains "MyVar" "Junk"', True),
        (MY_VAR, 'hasflag :contains "MyVar" "forward"', True),
        (MY_VAR, 'hasflag :contains "MyVar" ["label", "forward"]', True),
        (MY_VAR, 'hasflag :contains "MyVar" ["junk", "forward"]', True),
        (MY_VAR, 'hasflag :contains "MyVar" "junk forward"', True),
        (MY_VAR, 'hasflag :contains "MyVar" "forward junk"', True),
        (MY_VAR, 'hasflag :contains "MyVar" "label"', False),
        (MY_VAR, 'hasflag :contains "MyVar" ["label1", "label2"]', False),
        (MY_VAR, 'hasflag :matches "myvar" "gnus-*"', True),
        (MY_VAR, 'hasflag :comparator "i;octet" "myvar" "junk"', False),
        ('set "MyFlags" "A B";', 'hasflag :count "ge" :comparator "i;ascii-numeric" "MyFlags" "2"', True),
        ('set "MyFlags" "A B a";', 'hasflag :count "eq" :comparator "i;ascii-numeric" "MyFlags" "2"', True),
        ('set "a" "A"; set "b" "A b";', 'hasflag :count "eq" :comparator "i;ascii-numeric" ["a", "b"] "3"', True),
        ('set "k" "x b"; setflag "a b";', 'hasflag "${k}"', True),
    ],
)
def test_hasflag(decide: Decide, commands: str, test: str, result: bool) -> None:
    outcome = decide(
        f'{REQUIRE}{commands} if {test} {{ fileinto :flags "" "yes"; }} else {{ fileinto :flags "" "no"; }}'
    )
    assert outcome == ["fileinto yes" if result else "fileinto no"]


EXTENDED = """\
require ["fileinto", "imap4flags", "variables"];
if size :over 1K { addflag "MyFlags" "Big";
  if header :is "From" "boss@company.example.com" { addflag "MyFlags" "\\\\Flagged"; }
  fileinto :flags "${MyFlags}" "Big messages"; }
if header :is "From" "grandma@example.net" { addflag "MyFlags" ["\\\\Answered", "$MDNSent"];
  fileinto :flags "${MyFlags}" "GrandMa"; }
if header :is "Sender" "owner-ietf-mta-filters@example.org" { set "MyFlags" "\\\\Flagged $Work";
  keep :flags "${MyFlags}"; }
elsif anyof (header :domain :is ["From", "To"] "company.example.com") { keep; }
"""


@pytest.mark.parametrize(
    ("message", "actions"),
    [
        (b"From: boss@company.example.com\n\n" + b"x" * 2000, ["fileinto Big messages Big \\Flagged", "keep"]),
        (b"From: grandma@example.net\n\n", ["fileinto GrandMa \\Answered $MDNSent"]),
        (
            b"From: grandma@example.net\n\n" + b"x" * 2000,
            ["fileinto Big messages Big", "fileinto GrandMa Big \\Answered $MDNSent"],
        ),
        (b"Sender: owner-ietf-mta-filters@example.org\n\n", ["keep \\Flagged $Work"]),
    ],
)
def test_the_extended_example(decide: Decide, message: bytes, actions: list[str]) -> None:
    text = EXTENDED.replace("header :domain", "address :domain")  # as the RFC means it
    assert decide(text, message) == actions


@pytest.mark.parametrize(
    ("commands", "action"),
    [
        ("mark;", "implicit keep \\Flagged"),
        ("mark; unmark;", "implicit keep"),
        ('addflag "a"; mark; removeflag "A"; keep;', "keep \\Flagged"),
        ('setflag ["\\\\Seen", "b"];', "implicit keep \\Seen b"),
    ],
)
def test_the_older_imapflags(decide: Decide, commands: str, action: str) -> None:
    assert decide(f'require "imapflags"; {commands}') == [action]


def test_mark_is_of_the_older_extension_alone(mistakes: Callable[[str], list[str]]) -> None:
    (mistake,) = mistakes('require "imap4flags"; mark;')
    assert mistake.startswith('line 1, column 23: "mark" needs \'require "imapflags";\'')
