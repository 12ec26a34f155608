"""Messages of any octets under all tests and commands that look at them: each run ends with a delivery."""

from collections.abc import Sequence
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from angarium.sieve import Keep, Outcome
from angarium.sieve.entity import size_of


class RunScript(Protocol):
    def __call__(self, text: str, message: bytes) -> Outcome: ...


REQUIRE = """require ["body", "date", "editheader", "enclose", "extracttext", "foreverypart", "index", "mime", "regex",
"relational", "replace", "spamtestplus", "subaddress", "variables", "virustest", "comparator-i;unicode-casemap",
"comparator-i;ascii-numeric"];"""

SCRIPTS = [
    """if header :matches ["subject", "from", "x-a"] ["*?b*", "*"] { set "a" "${1}"; }
    if header :regex "subject" "(.*)a+(b|c)*$" { set "a" "${1}${2}"; }
    if header :contains :comparator "i;unicode-casemap" "subject" "${a}" {}
    if address :detail :count "gt" ["to", "from"] "1" {}
    if address :matches :localpart "from" "*" { set "b" "${1}"; }""",
    """if body :raw :matches "*a*" {} if body :content "" :contains "b" {} if body :text :regex "^a*$" {}
    if body :content ["multipart", "message"] :value "gt" "m" {}""",
    """if date "date" "year" "1997" {} if date :index 1 :last :originalzone "received" "iso8601" "x" {}
    if date :zone "-1200" "date" "julian" "1" {}""",
    """if header :mime :anychild :param ["name", "filename"] :matches "Content-Type" "*" { set "n" "${1}"; }
    if exists :mime :anychild ["content-id"] {} if address :mime :anychild "to" "x" {}
    foreverypart { extracttext :first 9 "t"; foreverypart { if header :mime :subtype "Content-Type" "x" { break; }}}""",
    """addheader "X-A" "${0}b"; addheader :last "Subject" "c"; deleteheader :matches "x-*" "*"; deleteheader "from";
    if size :over 10 {}""",
    'foreverypart { if header :mime :type "Content-Type" "text" { replace "gone\r\n--b\r\n"; } }',
    'foreverypart { replace :mime "X: y\r\n\r\nz"; }',
    'replace :subject "a" :from "a@b.c" "text"; enclose "one";',
    'enclose :headers ["subject", "date", "from"] "one"; foreverypart { if size :over 0 { replace "two"; } }',
    'addheader "X" "y"; foreverypart { enclose "one"; break; } deleteheader "X";',
]

LINES = st.sampled_from(
    [
        b"Subject: =?utf-8?q?abc?= b", b"Subject: \xff\xfe", b"From: a@b.c, x: y@z, ;", b"To: <a+b@c>, \"", b"X-A: 1",
        b"Date: Tue, 1 Apr 1997 09:06:31 -0800", b"Received: x; 1 Jan 0001 00:00:00 +2359", b"--b", b"--b--", b"--b",
        b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: message/rfc822", b"Content-Type: text/html",
        b"Content-Type: text/plain; charset=utf-7; name*0*=utf-8''%ff; name*1=x", b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable", b"=41=\xff", b"YWJj=", b"+2AA-", b"", b" folded", b"a" * 100,
    ]
)  # fmt: skip
MESSAGES = st.lists(LINES, max_size=20).map(b"\n".join) | st.binary(max_size=300)


@pytest.mark.parametrize("script", SCRIPTS)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=MESSAGES)
def test_any_message_is_delivered(run_script: RunScript, script: str, message: bytes) -> None:
    outcome = run_script(REQUIRE + script, message)
    assert outcome.failure is None
    (action,) = outcome.actions
    assert isinstance(action, Keep)
    if action.edition is not None:
        assert size_of(action.edition.pieces) > 0


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=MESSAGES, scripts=st.lists(st.sampled_from(SCRIPTS), min_size=2, max_size=5))
def test_any_message_is_delivered_after_much_editing(
    run_script: RunScript, message: bytes, scripts: Sequence[str]
) -> None:
    outcome = run_script(REQUIRE + "".join(scripts), message)
    assert outcome.failure is None
    assert len(outcome.actions) == 1
