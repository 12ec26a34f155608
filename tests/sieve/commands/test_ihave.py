"""ihave and error (RFC 5463)."""

from collections.abc import Callable

import pytest

from angarium.sieve import parse_script

Decide = Callable[..., list[str]]

MISSING = '"fileinto" needs "fileinto", which is not required, nor found by "ihave"'
NUMERIC = "comparator-i;ascii-numeric"


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ('if ihave "fileinto" { fileinto "a"; }', ["fileinto a"]),
        ('if ihave ["fileinto", "copy"] { fileinto :copy "a"; }', ["fileinto a", "implicit keep"]),
        (f'if ihave "{NUMERIC}" {{ if header :comparator "i;ascii-numeric" "x" "1" {{}} }}', ["implicit keep"]),
        ('if ihave "klingon" { qapla "a" { worf; } } else { discard; }', ["discard"]),
        ('if ihave "klingon" { if qapla :now "a" { keep; } } else { discard; }', ["discard"]),
        ('if ihave "klingon" { keep :cloaked 5; } else { discard; }', ["discard"]),
        ('if not ihave ["fileinto", "klingon"] { discard; }', ["discard"]),
        ('if anyof (ihave "klingon", ihave "fileinto") { fileinto "a"; }', ["fileinto a"]),
        ('if allof (ihave "klingon", qapla) { keep; } else { discard; }', ["discard"]),
        # even outside of the block, and to the end of the script
        ('if ihave "fileinto" {} fileinto "a";', ["fileinto a"]),
        # never those that change what strings mean
        ('if ihave "variables" {} else { discard; }', ["discard"]),
        ('if ihave "encoded-character" {} else { discard; }', ["discard"]),
        ('if ihave "comparator-i;octet" { discard; }', ["discard"]),
    ],
)  # fmt: skip
def test_what_is_there_can_be_used(decide: Decide, text: str, actions: list[str]) -> None:
    assert decide(f'require "ihave"; {text}') == actions


def test_what_is_required_too_is_there(decide: Decide) -> None:
    assert decide('require ["ihave", "variables"]; if ihave "variables" { discard; }') == ["discard"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('fileinto "a";', MISSING),
        ('if ihave ["fileinto", "klingon"] {} fileinto "a";', MISSING),
        ('fileinto "a"; if ihave "fileinto" {}', MISSING),
        ('redirect :copy "a@a.example";', '"redirect" needs "copy", which is not required, nor found by "ihave"'),
        ("if qapla { keep; }", 'line 1, column 21: there is no test "qapla"'),
        ("keep :cloaked;", 'line 1, column 23: "keep" knows no ":cloaked"'),
        ('error "this cannot be";', "this cannot be"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_an_error_of_the_run(decide: Decide, text: str, reason: str) -> None:
    assert decide(f'require "ihave"; {text}') == [f"failed: {reason}", "implicit keep"]


def test_mistakes_that_no_extension_could_mend_are_told_at_once(mistakes: Callable[[str], list[str]]) -> None:
    assert mistakes('require "ihave"; if ihave "klingon" { qapla } ') != []
    assert mistakes('require "ihave"; discard 1;') == [
        'line 1, column 26: "discard" takes no argument, and nothing behind'
    ]
    assert mistakes('require ["ihave", "variables"]; if ihave "${a}" {}') == [
        'line 1, column 42: variables have no meaning here, in an argument of "ihave"'
    ]


def test_extensions_that_are_switched_off_are_not_there(decide: Decide) -> None:
    text = b'require "ihave"; if ihave "fileinto" { fileinto "a"; } else { discard; }'
    assert decide(parse_script(text, extensions={"ihave"})) == ["discard"]
    assert decide(parse_script(text, extensions={"ihave", "fileinto"})) == ["fileinto a"]


def test_it_must_be_required_itself(mistakes: Callable[[str], list[str]]) -> None:
    (mistake,) = mistakes('if ihave "fileinto" {}')
    assert mistake.startswith('line 1, column 4: "ihave" needs \'require "ihave";\'')
