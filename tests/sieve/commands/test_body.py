"""body: which octets and texts of a message it compares."""

from collections.abc import Callable
from typing import Protocol

import pytest

from angarium.sieve import DEFAULT_LIMITS, Limits

MIXED = b"""\
From: someone@example.org
Subject: about it
Content-Type: multipart/mixed; boundary=outer

This is a message of several parts in MIME format.

--outer
Content-Type: multipart/alternative; boundary=inner

Here several parts in MIME format are nested.

--inner
Content-Type: text/plain; charset="us-ascii"

Good day

--inner
Content-Type: text/html; charset="us-ascii"

<html><body>Good day</body></html>

--inner--

Here ends the inner one in MIME format.

--outer
Content-Type: message/rfc822

From: other@example.org
Subject: a day request

Please say Good day

--outer--

Here ends the outer one in MIME format.
"""

LATIN = b"""\
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

caf=E9
--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

dGjDqQ==
--b
Content-Type: text/plain; charset=x-unheard-of
Content-Transfer-Encoding: x-unheard-of

raw words
--b
Content-Type: audio/mp3
Content-Transfer-Encoding: base64

AAECAw==
--b--
"""


class Decide(Protocol):
    def __call__(self, text: str, message: bytes = ..., *, limits: Limits = ...) -> list[str]: ...


@pytest.fixture
def holds(decide: Decide) -> Callable[..., bool]:
    """Whether a test holds of a message."""

    def holds(test: str, message: bytes = MIXED, limits: Limits = DEFAULT_LIMITS) -> bool:
        require = 'require ["body", "relational", "comparator-i;ascii-numeric"];'
        actions = decide(f"{require} if {test} {{ discard; }}", message, limits=limits)
        assert actions in (["discard"], ["implicit keep"])
        return actions == ["discard"]

    return holds


@pytest.mark.parametrize(
    ("content", "key", "is_found"),
    [
        ("multipart", "several parts", True),
        ("multipart", "are nested", True),
        ("multipart", "ends the inner", True),
        ("multipart", "ends the outer", True),
        ("multipart", "Good", False),
        ("multipart", "Content-Type", False),
        ("multipart", "--", False),
        ("multipart/mixed", "ends the outer", True),
        ("multipart/mixed", "ends the inner", False),
        ("text/plain", "Good", True),
        ("text/plain", "<html>", False),
        ("text/plain", "Please", True),
        ("text/html", "Good", True),
        ("text/html", "Please", False),
        ("TEXT", "please", True),
        ("text", "MIME", False),
        ("message/rfc822", "request", True),
        ("message/rfc822", "Please", False),
        ("message", "From: other", True),
        ("", "Good", True),
        ("", "request", True),
        ("", "MIME", True),
        ("", "about it", False),
        ("image", "", False),
        ("text/", "Good", False),
        ("/plain", "Good", False),
        ("text/plain/x", "Good", False),
        ("/", "Good", False),
    ],
)
def test_parts_are_chosen_by_their_type(holds: Callable[..., bool], content: str, key: str, is_found: bool) -> None:
    assert holds(f'body :content "{content}" :contains "{key}"') is is_found


def test_several_types_and_keys_are_tried_each_with_each(holds: Callable[..., bool]) -> None:
    assert holds('body :content ["image", "text/html"] :contains ["nothing", "<body>"]')


@pytest.mark.parametrize(
    ("test", "is_found"),
    [
        ('body :raw :contains "Content-Type: text/html"', True),
        ('body :raw :contains "--outer"', True),
        ('body :raw :contains "Subject: about it"', False),
        ('body :raw :contains "Subject: a day request"', True),
        ('body :raw :matches "This is a message*MIME format.\r\n"', True),
        ('body :text :contains "good day"', True),
        ('body :contains "good day"', True),
        ('body :contains "MIME"', False),
        ('body :contains "request"', False),
        ('body :is "Good day\r\n"', True),
        ('body :contains "day\r\n<html>"', False),
    ],
)
def test_the_whole_undecoded_body_or_its_texts_are_compared(
    holds: Callable[..., bool], test: str, is_found: bool
) -> None:
    assert holds(test) is is_found


@pytest.mark.parametrize(
    ("test", "is_found"),
    [
        ('body :text :contains "café"', True),
        ('body :text :contains "thé"', True),
        ('body :text :contains "raw words"', True),
        ('body :raw :contains "caf=E9"', True),
        ('body :raw :contains "dGjDqQ"', True),
        ('body :raw :contains "café"', False),
        ('body :content "audio/mp3" :contains ""', True),
        ('body :content "audio" :count "eq" "1"', True),
        ('body :content "audio/ogg" :contains ""', False),
        ('body :text :count "eq" :comparator "i;ascii-numeric" "3"', True),
        ('body :content "multipart" :count "eq" :comparator "i;ascii-numeric" "2"', True),
        ('body :raw :count "eq" :comparator "i;ascii-numeric" "1"', True),
    ],
)
def test_encodings_and_charsets_are_undone(holds: Callable[..., bool], test: str, is_found: bool) -> None:
    assert holds(test, LATIN) is is_found


@pytest.mark.parametrize("transform", [":raw", ":text", ':content ""'])
def test_a_header_without_an_empty_line_has_no_body_and_an_empty_body_is_one(
    holds: Callable[..., bool], transform: str
) -> None:
    assert not holds(f'body {transform} :is ""', b"Subject: x\n")
    assert holds(f'body {transform} :is ""', b"Subject: x\n\n")


def test_what_is_beyond_the_limit_is_not_looked_at(holds: Callable[..., bool]) -> None:
    message = b"Subject: x\n\n" + b"a" * 100 + b"needle"
    assert holds('body :contains "needle"', message)
    assert not holds('body :contains "needle"', message, Limits(body_octets=100))
    assert not holds('body :raw :contains "needle"', message, Limits(body_octets=100))


def test_wildcards_in_a_body_capture_nothing(decide: Decide) -> None:
    script = """require ["body", "variables", "fileinto"];
    if header :matches "subject" "*out*" { }
    if body :matches "*day*" { fileinto "${1}"; }"""
    assert decide(script, MIXED) == ["fileinto ab"]


def test_variables_are_replaced_in_keys_and_types(decide: Decide) -> None:
    script = """require ["body", "variables"]; set "type" "html"; set "key" "<body>";
    if body :content "text/${type}" :contains "${key}" { discard; }"""
    assert decide(script, MIXED) == ["discard"]


@pytest.mark.parametrize(
    ("script", "mistake"),
    [
        ('if body :raw "x" {}', '"body" needs'),
        ('require "body"; if body :raw :text "x" {}', '":text" cannot be given together with ":raw"'),
        ('require "body"; if body :content "x" {}', '"body" needs a string or a list of strings for its keys'),
    ],
)
def test_mistakes_are_told(mistakes: Callable[[str], list[str]], script: str, mistake: str) -> None:
    assert mistake in "\n".join(mistakes(script))
