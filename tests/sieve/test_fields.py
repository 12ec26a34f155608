"""Which header fields a test may look at."""

from collections.abc import Callable
from typing import Protocol

import pytest

from angarium.sieve import DEFAULT_LIMITS, Limits, ScriptInvalid, parse_script

MESSAGE = b"""\
From: a@example.org
X-Copy: b@example.org
Content-From: c@example.org

text
"""


class Decide(Protocol):
    def __call__(self, text: str, message: bytes, *, limits: Limits = ...) -> list[str]: ...


def test_address_takes_fields_that_hold_addresses_and_no_others(mistakes: Callable[[str], list[str]]) -> None:
    assert mistakes('if address ["from", "To", "Resent-Bcc", "delivered-to"] "a@example.org" {}') == []
    assert mistakes('if address ["from", "X-Copy"] "a@example.org" {}') == [
        'line 1, column 21: "X-Copy" is no header field that holds addresses'
    ]


def test_address_takes_any_field_where_that_is_wanted() -> None:
    script = b'if address "x-copy" "b@example.org" { discard; }'
    with pytest.raises(ScriptInvalid):
        parse_script(script)
    parse_script(script, limits=Limits(any_address_field=True))


@pytest.mark.parametrize(("name", "is_read"), [("from", True), ("x-copy", False), ("subject", False)])
def test_a_name_in_a_variable_that_holds_no_addresses_matches_nothing(decide: Decide, name: str, is_read: bool) -> None:
    require = f'require ["variables", "mime", "index"]; set "n" "{name}";'
    for tags in ("", ":mime ", ":index 1 "):
        script = f'{require} if address {tags}:contains "${{n}}" "example.org" {{ discard; }}'
        assert decide(script, MESSAGE) == (["discard"] if is_read else ["implicit keep"])


@pytest.mark.parametrize("test", ['header "from:" "x"', 'address "from:" "x"', 'exists "from:"', 'header "a b" "x"'])
def test_a_name_that_no_field_can_have_is_no_mistake(decide: Decide, test: str) -> None:
    assert decide(f"if {test} {{ discard; }}", MESSAGE) == ["implicit keep"]


def test_a_colon_behind_a_name_is_hinted_at() -> None:
    script = parse_script(b'if header "To:" "x" {}', limits=DEFAULT_LIMITS)
    assert [str(hint) for hint in script.hints] == [
        'line 1, column 11: no header field is called "To:": the name stands without its colon'
    ]


def test_names_may_be_variables(decide: Decide) -> None:
    script = """require "variables"; set "n" "FROM";
    if allof (header "${n}" "a@example.org", exists "${n}", not exists ["${n}", "cc"]) { discard; }"""
    assert decide(script, MESSAGE) == ["discard"]
