"""Variables (RFC 5229)."""

from collections.abc import Callable

import pytest

from angarium.sieve import Limits, ScriptInvalid, parse_script

Decide = Callable[..., list[str]]
Mistakes = Callable[[str], list[str]]

REQUIRE = (
    'require ["variables", "fileinto", "encoded-character", "relational", "comparator-i;ascii-numeric", "enotify"];\n'
)


def value_of(decide: Decide, commands: str, text: str, message: bytes = b"\n") -> str:
    """What a string has become: the mailbox that is filed into."""
    (action,) = decide(f'{REQUIRE}{commands} fileinto ".{text}";', message)
    return action.removeprefix("fileinto .")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # §3
        ("&%${}!", "&%${}!"),
        ("${doh!}", "${doh!}"),
        ("${company}", "ACME"),
        ("${COMPANY}", "ACME"),
        ("${BAD${Company}", "${BADACME"),
        ("${President, ${Company} Inc.}", "${President, ACME Inc.}"),
        ("${unset}", ""),
        ("${company", "${company"),
        ("$company", "$company"),
        ("${1a}", "${1a}"),
        ("${12}", ""),
        # §3.1
        (r"${com\pany}", "ACME"),
        (r"${com\\pany}", r"${com\pany}"),
        (r"\${company}", "ACME"),
        (r"\\${company}", r"\ACME"),
        ("${hex:24 7b 43}ompany}", "ACME"),
        ("$${hex:7b}company}", "ACME"),
    ],
)
def test_strings_with_variables(decide: Decide, text: str, value: str) -> None:
    assert value_of(decide, 'set "company" "ACME";', text) == value


def test_what_a_variable_holds_is_not_looked_at_again(decide: Decide) -> None:
    commands = 'set "dollar" "$"; set "beep" "x"; set "text" "regarding ${dollar}{beep}";'
    assert value_of(decide, commands, "${text}") == "regarding ${beep}"


def test_without_variables_strings_are_what_they_are(decide: Decide) -> None:
    assert decide('require "fileinto"; fileinto "${a}";') == ["fileinto ${a}"]


@pytest.mark.parametrize(
    ("modifiers", "text", "value"),
    [
        ("", "juMBlEd lETteRS", "juMBlEd lETteRS"),
        (":length", "juMBlEd lETteRS", "15"),
        (":lower", "juMBlEd lETteRS", "jumbled letters"),
        (":upper", "juMBlEd lETteRS", "JUMBLED LETTERS"),
        (":upperfirst", "juMBlEd lETteRS", "JuMBlEd lETteRS"),
        (":lowerfirst", "JuMBlEd", "juMBlEd"),
        (":upperfirst :lower", "juMBlEd lETteRS", "Jumbled letters"),
        (":UpperFirst :lower", "juMBlEd lETteRS", "Jumbled letters"),
        (":quotewildcard", "Rock*", r"Rock\*"),
        (":quotewildcard", r"a?b\\c", r"a\?b\\c"),
        (":quotewildcard :length", "Rock*", "6"),
        (":length", "Grüße", "5"),
        (":upper", "grüße", "GRüßE"),  # the letters of ASCII alone (§4.1.3)
        (":upperfirst", "ärger", "ärger"),
        (":upperfirst", "", ""),
        (":encodeurl", "Safe body&evil=evilbody", "Safe%20body%26evil%3Devilbody"),  # RFC 5435 §6
        (":encodeurl", "a-b_c.d~é", "a-b_c.d~%C3%A9"),
        (":encodeurl :quotewildcard", "*", "%5C%2A"),
        (":encodeurl :length", "é", "6"),
    ],
)
def test_modifiers(decide: Decide, modifiers: str, text: str, value: str) -> None:
    assert value_of(decide, f'set "a" "{text}"; set {modifiers} "b" "${{a}}";', "${b}") == value


@pytest.mark.parametrize(
    ("test", "message", "text", "value"),
    [
        ('header :matches "List-ID" "*<*@*"', b"List-ID: dev <dev@lists.example>\n\n", "${2}", "dev"),
        ('header :matches "Subject" "[*] *"', b"Subject: [acme] [fwd] 1.0\n\n", "${1}|${2}", "acme|[fwd] 1.0"),
        (
            'address :matches ["To", "Cc"] ["coyote@**.com", "wile@**.com"]',
            b"To: coyote@ACME.Example.COM\n\n",
            "${0}|${1}|${2}",
            "coyote@ACME.Example.COM||ACME.Example",
        ),
        ('header :matches "Subject" "a?c*"', b"Subject: aBcd\n\n", "${01}-${2}-${0000}-${3}", "B-d-aBcd-"),
        ('header :matches "Subject" "*"', "Subject: größer\n\n".encode(), "${1}", "größer"),
    ],
)  # fmt: skip
def test_match_variables(decide: Decide, test: str, message: bytes, text: str, value: str) -> None:
    assert value_of(decide, f"if {test} {{}}", text, message) == value


def test_a_part_of_a_character_is_no_text(decide: Decide) -> None:
    message = "Subject: é\n\n".encode()
    assert value_of(decide, 'if header :matches "subject" "??" {}', "${1}", message) == "\ufffd"


def test_match_variables_are_those_of_the_last_successful_match(decide: Decide) -> None:
    message = b"Subject: one two\n\n"
    commands = (
        'if header :matches "subject" "* *" {} if header :matches "subject" "*x*" {}'
        ' if header :contains "subject" "one" {} if anyof (true, header :matches "subject" "*") {}'
    )
    assert value_of(decide, commands, "${1}", message) == "one"


def test_match_variables_are_those_of_the_moment(decide: Decide) -> None:
    commands = (
        'if allof (header :matches "subject" "* *", string :matches "${2}-x" "*-*",'
        ' header :is "subject" "${1} ${2}") {}'
        ' elsif string "${1}" "two" { set "a" "good"; }'
    )
    assert value_of(decide, commands, "${a}", b"Subject: one two\n\n") == "good"


@pytest.mark.parametrize(
    ("test", "result"),
    [
        ('string :matches " ${state} " "* pending *"', True),
        ('string "${state}" ["a", "done pending"]', True),
        ('string ["x", "${state}"] "done pending"', True),
        ('string " a" "a"', False),
        ('string "${none}" ""', True),
        ('string :contains "${state}" "${none}"', True),
        ('string :is "${state}" "${STATE}"', True),
        ('string :count "eq" :comparator "i;ascii-numeric" "${state}" "1"', True),
        ('string :count "eq" :comparator "i;ascii-numeric" ["${state}", "", "a"] "2"', True),
        ('string :count "eq" :comparator "i;ascii-numeric" "${none}" "0"', True),
        ('string :value "gt" :comparator "i;ascii-numeric" "10" "9"', True),
    ],
)
def test_string(decide: Decide, test: str, result: bool) -> None:
    commands = 'set "state" "done"; set "state" "${state} pending";'
    assert decide(f"{REQUIRE} {commands} if {test} {{ discard; }}") == ["discard" if result else "implicit keep"]


VACATION = """\
require ["variables", "vacation"];
set "honorific"  "Mr";
set "first_name" "Wile";
set "last_name"  "Coyote";
set "vacation" text:
Dear ${HONORIFIC} ${last_name},
I'm out, please leave a message after the meep.
.
;
vacation "${vacation}";
"""


def test_the_example_of_set(decide: Decide) -> None:
    (vacation, _) = decide(VACATION)
    assert vacation == "vacation Dear Mr Coyote,\r\nI'm out, please leave a message after the meep.\r\n"


def test_a_key_is_wrong_where_its_variable_makes_it_so(decide: Decide) -> None:
    text = 'require ["variables", "regex"]; set "key" "("; if header :regex "subject" "${key}" {}'
    failure, keep = decide(text)
    assert failure.startswith('failed: "(" is not a regular expression')
    assert keep == "implicit keep"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('set "1" "a";', 'line 2, column 5: "1" is not the name of a variable'),
        ('set "a b" "a";', 'line 2, column 5: "a b" is not the name of a variable'),
        ('set "" "a";', 'line 2, column 5: "" is not the name of a variable'),
        ('set "${a}" "a";', 'line 2, column 5: "${a}" is not the name of a variable'),
        ('set "acme.a" "a";', 'line 2, column 5: there is no namespace "acme" of variables'),
        ('set :lower :upper "a" "b";', 'line 2, column 12: ":upper" cannot be given together with ":lower"'),
        (
            'set :lowerfirst :upperfirst "a" "b";',
            'line 2, column 17: ":upperfirst" cannot be given together with ":lowerfirst"',
        ),
        ('set :reverse "a" "b";', 'line 2, column 5: "set" knows no ":reverse"'),
        ('set :length :length "a" "b";', 'line 2, column 13: ":length" is given twice'),
        ('keep; fileinto "${acme.a}";', 'line 2, column 16: there is no namespace "acme" of variables'),
        ('fileinto "${acme.x.1.a}";', 'line 2, column 10: there is no namespace "acme.x.1" of variables'),
        ('set "a" "' + "x" * 4097 + '";', "line 2, column 9: a variable can hold 4096 octets at most"),
    ],
)  # fmt: skip
def test_mistakes(mistakes: Mistakes, text: str, mistake: str) -> None:
    assert mistakes(REQUIRE + text) == [mistake]


def test_encodeurl_needs_enotify(mistakes: Mistakes) -> None:
    (mistake,) = mistakes('require "variables"; set :encodeurl "a" "b";')
    assert mistake.startswith('line 1, column 26: ":encodeurl" needs \'require "enotify";\'')


def test_a_value_that_grows_too_long_is_cut(decide: Decide) -> None:
    double = 'set "a" "${a}${a}";'
    text = f'{REQUIRE} set "a" "é"; {double * 12} set :length "n" "${{a}}"; fileinto "${{n}}";'
    assert decide(text) == ["fileinto 2048"]
    with pytest.raises(ScriptInvalid):
        parse_script(b'require "variables"; set "a" "1234";', limits=Limits(variable_octets=3))


def test_128_variables_of_4000_characters_are_held(decide: Decide) -> None:
    long = "x" * 4000
    name = "a" * 32
    text = "".join(f'set "{name}{number}" "${{long}}";' for number in range(127))
    text = f'{REQUIRE} set "long" "{long}"; {text} if string "${{{name}126}}" "${{long}}" {{ discard; }}'
    assert decide(text) == ["discard"]
