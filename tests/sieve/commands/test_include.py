"""include, return and global (RFC 6609)."""

from collections.abc import Callable, Mapping

import pytest

from angarium.sieve import (
    Failure,
    IncludedScript,
    Limits,
    Mistake,
    Origin,
    Outcome,
    Position,
    Question,
    Redirect,
    ScriptInvalid,
    ScriptReference,
    parse_script,
)

Decide = Callable[..., list[str]]
Run = Callable[..., Outcome]
Mistakes = Callable[[str], list[str]]


def library(scripts: Mapping[str, str], site: Mapping[str, str] | None = None) -> Callable[[Question], object]:
    """Answers with the scripts of a user, and those of the site."""

    def answer(question: Question) -> object:
        assert isinstance(question, IncludedScript)
        text = (site or {} if question.is_global else scripts).get(question.name)
        return None if text is None else parse_script(text.encode(), name=question.name)

    return answer


PERSONAL = {
    "always_allow": 'if address :is "from" "boss@example.com" { keep; }'
    ' elsif address :is "from" "ceo@example.com" { keep; }',
    "spam_tests": 'require ["reject"]; if header :contains "Subject" "XXXX" { reject "Subject XXXX is unacceptable."; }'
    ' elsif address :is "from" "money@example.com" { reject "Mail from this sender is unwelcome."; }',
    "mailing_lists": 'require ["fileinto"]; if header :is "List-ID" "sieve.ietf.org" { fileinto "lists.sieve"; }'
    ' elsif header :is "List-ID" "ietf-imapext.imc.org" { fileinto "lists.imapext"; }',
}
SITE = {
    "spam_tests": 'require ["reject"]; if anyof (header :contains "Subject" "$$",'
    ' header :contains "Subject" "Make money") { reject "No thank you."; }',
}
DEFAULT = """\
require ["include"];
include :personal "always_allow";
include :global "spam_tests";
include :personal "spam_tests";
include :personal "mailing_lists";
"""


@pytest.mark.parametrize(
    ("message", "actions"),
    [
        (b"From: boss@example.com\n\n", ["keep"]),
        (b"Subject: Make money\n\n", ["reject No thank you."]),
        (b"Subject: XXXX\n\n", ["reject Subject XXXX is unacceptable."]),
        (b"From: money@example.com\n\n", ["reject Mail from this sender is unwelcome."]),
        (b"List-ID: sieve.ietf.org\n\n", ["fileinto lists.sieve"]),
        (b"Subject: hello\n\n", ["implicit keep"]),
    ],
)
def test_the_example_of_include(decide: Decide, message: bytes, actions: list[str]) -> None:
    assert decide(DEFAULT, message, answers=library(PERSONAL, SITE)) == actions


@pytest.mark.parametrize(
    ("included", "actions"),
    [
        ('redirect "a@a.example"; return; redirect "b@b.example";', ["redirect a@a.example", "keep"]),
        ("if true { if true { return; } discard; } discard;", ["keep"]),
        ("stop;", ["implicit keep"]),
        ("", ["keep"]),
        ("discard;", ["discard", "keep"]),
    ],
)
def test_return_ends_one_script_and_stop_all(decide: Decide, included: str, actions: list[str]) -> None:
    text = 'require "include"; if true { include "a"; keep; }'
    answers = library({"a": f'require "include"; {included}'})
    assert decide(text, answers=answers) == actions


def test_return_in_the_script_that_is_run_is_stop(decide: Decide) -> None:
    assert decide('require "include"; if true { return; } discard;') == ["implicit keep"]


GLOBALS = """\
require ["fileinto", "include", "variables", "relational", "comparator-i;ascii-numeric"];
global "test";
global "test_mailbox";
set "test" "$$";
include "subject_tests";
set "test" "Make money";
include "subject_tests";
if string :count "eq" :comparator "i;ascii-numeric" "${test_mailbox}" "1" { fileinto "${test_mailbox}"; stop; }
"""
SUBJECT_TESTS = {
    "subject_tests": 'require ["include", "variables"]; global ["test", "test_mailbox"];'
    ' if header :contains "Subject" "${test}" { set "test_mailbox" "spam-${test}"; }'
}


@pytest.mark.parametrize(
    ("subject", "actions"),
    [
        (b"$$ for you", ["fileinto spam-$$"]),
        (b"make money", ["fileinto spam-Make money"]),
        (b"$$: make money", ["fileinto spam-Make money"]),
        (b"hello", ["implicit keep"]),
    ],
)
def test_the_example_of_global(decide: Decide, subject: bytes, actions: list[str]) -> None:
    assert decide(GLOBALS, b"Subject: " + subject + b"\n\n", answers=library(SUBJECT_TESTS)) == actions


def test_the_namespace_and_the_command_name_the_same_variable(decide: Decide) -> None:
    text = (
        'require ["variables", "include", "vacation"]; global "i_am_on_vacation"; set "global.i_am_on_vacation" "1";'
        ' if string :is "${i_am_on_vacation}" "1" { vacation "It\'s true, I am on vacation."; }'
    )
    assert decide(text) == ["vacation It's true, I am on vacation.", "implicit keep"]


def test_variables_belong_to_their_script(decide: Decide) -> None:
    text = (
        'require ["variables", "include", "fileinto"]; set "a" "mine"; if header :matches "subject" "*" {}'
        ' include "other"; fileinto "${a}|${1}|${global.b}";'
    )
    other = (
        'require ["variables", "include"]; set "global.b" "${a}${1}theirs"; set "a" "x";'
        ' if string :matches "xy" "x*" {}'
    )
    assert decide(text, b"Subject: hi\n\n", answers=library({"other": other})) == ["fileinto mine|hi|theirs"]


def test_a_variable_of_a_script_may_be_named_as_a_global_one(decide: Decide) -> None:
    text = 'require ["variables", "include", "fileinto"]; set "global.a" "1"; set "a" "2"; fileinto "${a}${global.a}";'
    assert decide(text) == ["fileinto 21"]


def test_flags_and_capabilities(decide: Decide, run_script: Run) -> None:
    text = 'require ["include", "imap4flags"]; addflag "a"; include "flags";'
    answers = library({"flags": 'require "imap4flags"; addflag "b";'})
    assert decide(text, answers=answers) == ["implicit keep a b"]


def test_an_invalid_script_is_an_error_of_the_run(decide: Decide) -> None:
    invalid = ScriptInvalid((Mistake(Position(3, 4), "it is wrong"),))
    assert decide('require "include"; include :optional "a";', answers={IncludedScript("a", False): invalid}) == [
        'failed: the script "a" is not valid: line 3, column 4: it is wrong',
        "implicit keep",
    ]


def test_a_missing_script_is_an_error_unless_it_is_optional(decide: Decide) -> None:
    answers = library({})
    assert decide('require "include"; include "a";', answers=answers) == [
        'failed: there is no script "a" to be included',
        "implicit keep",
    ]
    assert decide('require "include"; include :optional :once "a"; keep;', answers=answers) == ["keep"]


def test_recursion_is_an_error_but_with_once(decide: Decide) -> None:
    one = 'require "include"; include {} "two";'
    two = 'require "include"; include {} "one"; discard;'
    for tags, expected in (
        ("", ['failed: the script "one" includes itself', "implicit keep"]),
        (":once", ["discard", "keep"]),
    ):
        scripts = {"one": one.format(tags), "two": two.format(tags)}
        assert decide('require "include"; include "one"; keep;', answers=library(scripts)) == expected


def test_a_script_that_is_run_by_its_name_cannot_include_itself(decide: Decide) -> None:
    text = b'require "include"; include "me";'
    assert decide(parse_script(text, name="me")) == ['failed: the script "me" includes itself', "implicit keep"]
    assert decide(parse_script(text.replace(b'"me"', b':once "me"'), name="me")) == ["implicit keep"]


def test_once_is_of_the_whole_run(decide: Decide) -> None:
    scripts = {
        "count": 'require ["imap4flags"]; if hasflag "one" { addflag "two"; } else { addflag "one"; }',
        "wrap": 'require "include"; include :once "count";',
    }
    text = 'require "include"; include "count"; include :once "count"; include "wrap"; include :once :global "count";'
    assert decide(text, answers=library(scripts, {"count": "discard;"})) == ["discard"]
    text = 'require ["include", "imap4flags"]; include :once "count"; include "count"; include "wrap";'
    assert decide(text, answers=library(scripts)) == ["implicit keep one two"]


def test_limits(decide: Decide) -> None:
    chain = {str(number): f'require "include"; include "{number + 1}";' for number in range(20)}
    assert decide('require "include"; include "0";', answers=library(chain)) == [
        "failed: scripts can include one another 10 deep",
        "implicit keep",
    ]
    text = 'require "include";' + 'include "a";' * 4
    assert decide(text, answers=library({"a": ""}), limits=Limits(includes=3)) == [
        "failed: more than 3 scripts are included",
        "implicit keep",
    ]


def test_origins_name_the_included_script(run_script: Run) -> None:
    answers = library({"a": 'redirect "a@a.example";', "b": '\n redirect "nobody@";'})
    (action,) = run_script('require "include"; include "a";', answers=library({"a": 'redirect "a@a.example";'})).actions
    assert isinstance(action, Redirect)
    assert action.origin == Origin("a", Position(1, 1))
    answers = library({"b": 'require "variables";\n set "x" "y"; redirect "${x}";'})
    outcome = run_script('require "include"; include "b";', answers=answers)
    assert outcome.failure == Failure('"y" is not a mail address', Origin("b", Position(2, 15)))


def test_a_script_knows_what_it_includes() -> None:
    script = parse_script(b'require "include";\ninclude "a";\nif true { include :optional :global "b"; }')
    assert script.includes == (
        ScriptReference(Position(2, 9), "a", is_global=False),
        ScriptReference(Position(3, 37), "b", is_global=True),
    )


REQUIRE = 'require ["include", "variables"];'


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (REQUIRE + 'include "${a}";', 'variables have no meaning here, in an argument of "include"'),
        (REQUIRE + 'include "./../etc/passwd";', '"./../etc/passwd" cannot be the name of a script'),
        (REQUIRE + 'include "..";', '".." cannot be the name of a script'),
        (REQUIRE + 'include "";', '"" cannot be the name of a script'),
        (REQUIRE + 'include "a\tb";', '"a\tb" cannot be the name of a script'),
        (REQUIRE + 'include :personal :global "a";', '":global" cannot be given together with ":personal"'),
        (REQUIRE + 'global "1";', '"1" is not the name of a variable'),
        (REQUIRE + 'global "a.b";', 'there is no namespace "a" of variables'),
        (REQUIRE + 'global "global.b";', "the name of a variable stands without its namespace here"),
        (REQUIRE + 'set "global.data.from" "a";', 'there is no namespace "global.data" of variables'),
        (REQUIRE + 'set "global.12" "a";', '"global.12" is not the name of a variable'),
        (REQUIRE + 'keep; if string "${global.12}" "a" {}', '"12" cannot be the name of a global variable'),
        ('require "include"; global "a";', '"global" needs \'require "variables";\' at the beginning of the script'),
        (
            'require "variables"; global "a";',
            '"global" needs \'require "include";\' at the beginning of the script',
        ),
        (
            'require "variables"; set "global.a" "b";',
            "the namespace of global variables needs 'require \"include\";' at the beginning of the script",
        ),
        (
            'require "variables"; if string "${global.a}" "b" {}',
            "the namespace of global variables needs 'require \"include\";' at the beginning of the script",
        ),
    ],
)
def test_mistakes(mistakes: Mistakes, text: str, mistake: str) -> None:
    (found,) = mistakes(text)
    assert found.partition(": ")[2] == mistake


def test_a_variable_that_was_set_cannot_be_made_global(decide: Decide) -> None:
    text = REQUIRE + 'set "a" "b"; global "a";'
    assert decide(text) == ['failed: the variable "a" was set before it was named by "global"', "implicit keep"]


PARTS = b"""\
Subject: whole
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain
Subject: one

first text
--b
Content-Type: text/html
Subject: two

<p>second</p>
--b--
"""


def test_a_part_is_the_message_for_a_script_that_a_loop_includes(decide: Decide) -> None:
    text = (
        'require ["include", "foreverypart", "fileinto", "variables"]; foreverypart { include "part"; }'
        ' if header :matches "subject" "*" { fileinto "${1}!"; } fileinto "${global.sizes}";'
    )
    part = (
        'require ["include", "variables", "body", "fileinto", "copy", "mime"];'
        ' if header :matches "subject" "*" { fileinto :copy "${1}"; }'
        ' if header :mime :subtype "content-type" "html" { fileinto :copy "html"; }'
        ' if allof (body :contains "first", not body :contains "second") { fileinto :copy "first"; }'
        ' if size :under 100 { set "global.sizes" "${global.sizes}s"; if true { return; } }'
    )
    assert decide(text, PARTS, answers=library({"part": part})) == [
        "fileinto whole",
        "fileinto one",
        "fileinto first",
        "fileinto two",
        "fileinto html",
        "fileinto whole!",
        "fileinto ss",
    ]
