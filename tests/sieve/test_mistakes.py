"""What is told of scripts that are wrong: line, column, what was expected, and hints."""

from collections.abc import Callable

import pytest

from angarium.sieve import Limits, ScriptInvalid, parse_script

Mistakes = Callable[[str], list[str]]

NEEDS = "at the beginning of the script"

GRAMMAR = [
    ("keep", 'line 1, column 5: ";" is expected after "keep" and its arguments, not the end of the script'),
    ("keep\nkeep;", 'line 2, column 1: ";" is expected after "keep" and its arguments, not "keep"'),
    ("if true { keep }", 'line 1, column 16: ";" is expected after "keep" and its arguments, not "}"'),
    ("if true { keep;", 'line 1, column 9: a block that begins here is not closed by "}"'),
    ("keep; }", 'line 1, column 7: a command is expected, not "}"'),
    ('"keep";', "line 1, column 1: a command is expected, not a string"),
    (":keep;", 'line 1, column 1: a command is expected, not ":keep"'),
    ("12;", "line 1, column 1: a command is expected, not a number"),
    (";", 'line 1, column 1: a command is expected, not ";"'),
    ('if header ["a", ] "b" {}', 'line 1, column 17: a string is expected, not "]"'),
    ("if header [] {}", 'line 1, column 12: a string is expected, not "]"'),
    ('if header ["a" "b"] "c" {}', 'line 1, column 16: "," or "]" is expected in a list of strings, not a string'),
    ("if anyof () {}", 'line 1, column 11: a test is expected, not ")"'),
    ("if anyof (true false) {}", 'line 1, column 16: "false" cannot follow "true" and its arguments'),
    ('if anyof (true, "a") {}', "line 1, column 17: a test is expected, not a string"),
    ("if anyof (true; false) {}", 'line 1, column 15: "," or ")" is expected in a list of tests, not ";"'),
    (
        "if true, false {}",
        (
            'line 1, column 8: "{" is expected after "if" and its arguments, not "," '
            "(lists of strings stand in brackets, lists of tests in parentheses)"
        ),
    ),
    (
        'if not (true) "a" {}',
        'line 1, column 15: "{" is expected after "if" and its arguments, not a string (arguments stand before tests)',
    ),
]

BRACES = [
    (
        'if header "a" "b" keep;',
        [
            'line 1, column 19: "{" is expected before "keep": the commands of an "if" stand in braces',
        ],
    ),
    ("if true;", ['line 1, column 8: "{" is expected, not ";": the commands of "if" stand in braces']),
    ("if true {} else;", ['line 1, column 16: "{" is expected, not ";": the commands of "else" stand in braces']),
    ("if true {} else keep;", ['line 1, column 17: "{" is expected after "else", not "keep"']),
    ("keep {}", ['line 1, column 6: ";" is expected after "keep" and its arguments, not "{"']),
]

CONTROL = [
    ("elsif true {}", 'line 1, column 1: "elsif" must follow the block of an "if" or "elsif"'),
    ("keep; else {}", 'line 1, column 7: "else" must follow the block of an "if" or "elsif"'),
    ("if true {} else {} else {}", 'line 1, column 20: "else" must follow the block of an "if" or "elsif"'),
    ("if true {} keep; elsif true {}", 'line 1, column 18: "elsif" must follow the block of an "if" or "elsif"'),
    ("if true {} else true {}", 'line 1, column 17: "{" is expected after "else", not "true"'),
    ("if {}", 'line 1, column 1: "if" takes one test (several stand in "allof" or "anyof")'),
    ("if (true, true) {}", 'line 1, column 1: "if" takes one test (several stand in "allof" or "anyof")'),
    ('if "a" true {}', 'line 1, column 4: a test is expected after "if", not a string'),
    ("if true {} else :a {}", 'line 1, column 17: "{" is expected after "else", not ":a"'),
    ("if keep {}", 'line 1, column 4: "keep" is a command, and no test'),
    ("if if true {}", 'line 1, column 4: "if" is a command, and no test'),
    ("size :over 1;", 'line 1, column 1: "size" is a test, which stands behind an "if"'),
    ("keep; require []; ", 'line 1, column 16: a string is expected, not "]"'),
    ('keep; require "copy";', 'line 1, column 7: "require" must stand at the beginning, before all other commands'),
    (
        'if true { require "copy"; }',
        'line 1, column 11: "require" must stand at the beginning, before all other commands',
    ),
    ("require;", 'line 1, column 1: "require" takes one argument: a string or a list of strings'),
    ("require 1;", 'line 1, column 9: "require" takes a string or a list of strings, not a number'),
    ('require "copy" "index";', 'line 1, column 1: "require" takes one argument: a string or a list of strings'),
    ('require "copy" {}', 'line 1, column 1: "require" takes one argument: a string or a list of strings'),
    ('require "copi";', 'line 1, column 9: the capability "copi" is not known here (is "copy" meant?)'),
    ('require ["copy", "COPY"];', 'line 1, column 18: the capability "COPY" is not known here'),
]

NAMES = [
    ("fileintoo;", 'line 1, column 1: there is no command "fileintoo" (is "fileinto" meant?)'),
    ("move;", 'line 1, column 1: there is no command "move"'),
    ("if haeder {}", 'line 1, column 4: there is no test "haeder" (is "header" meant?)'),
    ("if size :ovr 1 {}", 'line 1, column 9: "size" knows no ":ovr" (is ":over" meant?)'),
    ("keep :now;", 'line 1, column 6: "keep" knows no ":now"'),
]

CAPABILITIES = [
    ('fileinto "Junk";', f'line 1, column 1: "fileinto" needs \'require "fileinto";\' {NEEDS}'),
    ('reject "no";', f'line 1, column 1: "reject" needs \'require "reject";\' {NEEDS}'),
    ('redirect :copy "a@example.org";', f'line 1, column 10: ":copy" needs \'require "copy";\' {NEEDS}'),
    ('keep :flags "x";', f'line 1, column 6: ":flags" needs \'require "imap4flags";\' {NEEDS}'),
    (
        'if header :comparator "i;ascii-numeric" "a" "b" {}',
        (
            'line 1, column 11: the comparator "i;ascii-numeric" needs '
            f"'require \"comparator-i;ascii-numeric\";' {NEEDS}"
        ),
    ),
    ('if envelope "from" "a" {}', f'line 1, column 4: "envelope" needs \'require "envelope";\' {NEEDS}'),
    ('if header :count "eq" "a" "b" {}', f'line 1, column 11: ":count" needs \'require "relational";\' {NEEDS}'),
    ('if header :regex "a" "b" {}', f'line 1, column 11: ":regex" needs \'require "regex";\' {NEEDS}'),
    ('set "a" "b";', f'line 1, column 1: "set" needs \'require "variables";\' {NEEDS}'),
    (
        'require "imap4flags"; addflag "name" "x";',
        f"line 1, column 31: the variable needs 'require \"variables\";' {NEEDS}",
    ),
]

ARGUMENTS = [
    ("discard 1;", 'line 1, column 9: "discard" takes no argument, and nothing behind'),
    ("redirect;", 'line 1, column 1: "redirect" needs a string for its address'),
    ("redirect 1;", 'line 1, column 10: "redirect" for its address takes a string, not a number'),
    (
        'redirect ["a@example.org"];',
        'line 1, column 10: "redirect" for its address takes a string, not a list of strings',
    ),
    (
        'redirect "a@example.org" "b@example.org";',
        'line 1, column 26: "redirect" takes a string for its address, and nothing behind',
    ),
    ('redirect "nobody";', 'line 1, column 10: "nobody" is not a mail address'),
    ('redirect "a@a.example, b@a.example";', 'line 1, column 10: "a@a.example, b@a.example" is not a mail address'),
    ('if header "a" {}', 'line 1, column 4: "header" needs a string or a list of strings for its keys'),
    (
        'if header "a" 5 {}',
        'line 1, column 15: "header" for its keys takes a string or a list of strings, not a number',
    ),
    ("if size 5 {}", 'line 1, column 9: "size" takes no argument, and nothing behind'),
    ("if size {}", 'line 1, column 4: "size" needs ":over" or ":under", and a number'),
    ("if size :over {}", 'line 1, column 9: ":over" needs a number behind it'),
    ('if size :over "5" {}', 'line 1, column 15: ":over" takes a number, not a string'),
    ("if size :over 5 :under 6 {}", 'line 1, column 17: ":under" cannot be given together with ":over"'),
    ("if size :over 5 :over 6 {}", 'line 1, column 17: ":over" is given twice'),
    ('if header :is :contains "a" "b" {}', 'line 1, column 15: ":contains" cannot be given together with ":is"'),
    ('if address :all :domain "to" "b" {}', 'line 1, column 17: ":domain" cannot be given together with ":all"'),
    ('if header "a" :is "b" {}', 'line 1, column 15: ":is" must stand before the arguments without a tag'),
    (
        'if header :comparator "i;klingon" "a" "b" {}',
        'line 1, column 11: the comparator "i;klingon" is not known here',
    ),
    ("if not {}", 'line 1, column 4: "not" takes one test'),
    ("if not (true) {}", 'line 1, column 4: "not" takes one test'),
    ("if anyof true {}", 'line 1, column 4: "anyof" takes a list of tests in parentheses'),
    ("if allof {}", 'line 1, column 4: "allof" takes a list of tests in parentheses'),
    ("if true (false) {}", 'line 1, column 10: "false" cannot follow "true" and its arguments'),
]


@pytest.mark.parametrize(("text", "mistake"), [*GRAMMAR, *CONTROL, *NAMES, *CAPABILITIES, *ARGUMENTS])
def test_one_mistake(mistakes: Mistakes, text: str, mistake: str) -> None:
    assert mistakes(text) == [mistake]


@pytest.mark.parametrize(("text", "expected"), BRACES)
def test_missing_braces(mistakes: Mistakes, text: str, expected: list[str]) -> None:
    assert mistakes(text)[: len(expected)] == expected


def test_a_quote_that_was_forgotten_is_looked_for_where_it_may_be(mistakes: Mistakes) -> None:
    hint = " (the string at line 1, column 10 goes over several lines: is its end meant?)"
    assert mistakes('redirect "a@a.example;\nredirect "b@a.example";') == [
        f'line 2, column 12: "@" has no meaning here{hint}'
    ]
    assert mistakes('redirect "a@a.example;\ndiscard "b; reject "c";')[0] == (
        f'line 2, column 10: ";" is expected after "redirect" and its arguments, not "b"{hint}'
    )
    assert mistakes('redirect "a\n"; keep; redirect "b') == [
        f"line 2, column 19: a string that begins here is not closed by a double quote{hint}"
    ]


def test_all_mistakes_are_told_in_their_order(mistakes: Mistakes) -> None:
    text = 'fileinto "x";\nif size :ovr 5 { reject 1; }\nkeep "y";\nif true { stop; '
    assert [mistake.partition(": ")[0] for mistake in mistakes(text)] == [
        "line 1, column 1",
        "line 2, column 9",
        "line 2, column 18",
        "line 3, column 6",
        "line 4, column 9",
    ]


def test_the_older_example_of_a_reject_without_require_names_what_is_missing(mistakes: Mistakes) -> None:
    text = 'if header :contains "From:" "coyote" {\n  reject "I am not taking mail from you";\n}\n'
    assert mistakes(text) == [f'line 2, column 3: "reject" needs \'require "reject";\' {NEEDS}']


def test_a_header_name_with_its_colon_is_hinted_at_and_no_mistake() -> None:
    script = parse_script(b'if anyof (header :contains ["To:", "Cc"] "me", exists "X-Spam:") { keep; }')
    assert [str(hint) for hint in script.hints] == [
        'line 1, column 29: no header field is called "To:": the name stands without its colon',
        'line 1, column 55: no header field is called "X-Spam:": the name stands without its colon',
    ]


def test_capabilities_can_be_taken_away() -> None:
    parse_script(b'require ["fileinto", "copy"];', extensions={"fileinto", "copy"})
    with pytest.raises(ScriptInvalid) as caught:
        parse_script(b'require ["fileinto", "copy", "comparator-i;octet"];', extensions={"fileinto"})
    assert [str(each) for each in caught.value.mistakes] == [
        'line 1, column 22: the capability "copy" is not known here'
    ]


def test_a_script_can_be_too_large() -> None:
    assert parse_script(b"# 45678901", limits=Limits(script_octets=10)).block == ()
    with pytest.raises(ScriptInvalid, match="line 1, column 1: the script has more than 10 octets"):
        parse_script(b"# 456789012", limits=Limits(script_octets=10))


@pytest.mark.parametrize(
    "text",
    [
        "if true {" * 32 + "keep;" + "}" * 32,
        "if " + "not " * 31 + "true {}",
        "if " + "anyof (" * 31 + "true" + ")" * 31 + "{}",
    ],
)
def test_blocks_and_tests_stand_in_one_another_as_deep_as_the_limit(text: str) -> None:
    parse_script(text.encode())
    parse_script(text.encode(), limits=Limits(nesting=32))
    with pytest.raises(ScriptInvalid, match="can stand in one another 31 deep"):
        parse_script(text.encode(), limits=Limits(nesting=31))


def test_a_deep_script_is_refused_before_the_stack_is_at_its_end() -> None:
    for text in ("if true {" * 100_000, "if " + "not " * 100_000, "if " + "anyof(" * 100_000):
        with pytest.raises(ScriptInvalid, match="32 deep"):
            parse_script(text.encode(), limits=Limits(script_octets=1 << 22))
