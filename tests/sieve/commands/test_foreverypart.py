"""foreverypart and break, the tests with :mime, and extracttext."""

from collections.abc import Callable
from typing import Protocol

import pytest

from angarium.sieve import DEFAULT_LIMITS, FileInto, Limits, Outcome

NESTED = b"""\
From: boss@example.org
Subject: report
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

caf=E9
--inner
Content-Type: Text/HTML

<p>coffee</p>
--inner--
--outer
Content-Type: application/pdf; name="a.pdf"
Content-Disposition: ATTACHMENT;
 filename*0="very_impor"; filename*1=tant.pdf
Content-MD5: Q2hlY2s=
Content-From: tim@example.com

pdf
--outer
Content-Type: message/rfc822

Subject: forwarded
To: ann@example.com
Content-Type: image/png; name==?utf-8?q?caf=C3=A9?=

png
--outer--
"""

REQUIRE = (
    'require ["foreverypart", "mime", "variables", "extracttext", "fileinto", "relational", "regex", '
    '"comparator-i;ascii-numeric", "index", "vnd.cyrus.log"];'
)


class RunScript(Protocol):
    def __call__(self, text: str, message: bytes = ..., *, limits: Limits = ...) -> Outcome: ...


class Decide(Protocol):
    def __call__(self, text: str, message: bytes = ...) -> list[str]: ...


@pytest.fixture
def logged(run_script: RunScript) -> Callable[..., list[str]]:
    """The lines that a script writes into the log."""

    def logged(script: str, message: bytes = NESTED, limits: Limits = DEFAULT_LIMITS) -> list[str]:
        outcome = run_script(f"{REQUIRE} {script}", message, limits=limits)
        assert outcome.failure is None
        return [line.text for line in outcome.log]

    return logged


TYPE = 'if header :mime :contenttype :matches "Content-Type" "*" { set "type" "${1}"; }'


def test_all_parts_are_walked_depth_first(logged: Callable[[str], list[str]]) -> None:
    assert logged(f'foreverypart {{ {TYPE} log "${{type}}"; }}') == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
        "message/rfc822",
        "image/png",
    ]


def test_an_inner_loop_walks_what_is_below_the_part_of_the_outer_one(logged: Callable[[str], list[str]]) -> None:
    script = (
        f'foreverypart {{ {TYPE} set "outer" "${{type}}"; foreverypart {{ {TYPE} log "${{outer}}: ${{type}}"; }} }}'
    )
    lines = logged(script)
    assert [line for line in lines if line.startswith("multipart/alternative")] == [
        "multipart/alternative: text/plain",
        "multipart/alternative: text/html",
    ]
    assert [line for line in lines if line.startswith("message")] == ["message/rfc822: image/png"]
    assert not [line for line in lines if line.startswith("text")]
    assert len([line for line in lines if line.startswith("multipart/mixed")]) == 6


def test_a_simple_message_is_its_own_only_part(logged: Callable[..., list[str]]) -> None:
    message = b"Content-Type: text/plain\n\nx\n"
    assert logged(f'foreverypart {{ {TYPE} log "${{type}}"; foreverypart {{ log "none"; }} }}', message) == [
        "text/plain"
    ]


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ('foreverypart { log "a"; break; log "b"; } log "c";', ["a", "c"]),
        ('foreverypart { if true { if true { log "a"; break; } } log "b"; } log "c";', ["a", "c"]),
        ('foreverypart { foreverypart { log "a"; break; } log "b"; break; }', ["a", "b"]),
        ('foreverypart :name "x" { foreverypart { log "a"; break :name "x"; } log "b"; }', ["a"]),
        (
            'foreverypart :name "x" { foreverypart :name "x" { log "a"; break :name "x"; } log "b"; break; }',
            ["a", "b"],
        ),
        ('foreverypart :name "x" { foreverypart :name "y" { log "a"; break :name "x"; } } log "c";', ["a", "c"]),
        ('foreverypart { log "a"; stop; } log "c";', ["a"]),
        ("foreverypart { }", []),
    ],
)
def test_break_ends_the_closest_loop_or_that_of_a_name(
    logged: Callable[[str], list[str]], script: str, lines: list[str]
) -> None:
    assert logged(script) == lines


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        # Outside of a loop: the message, or all its parts.
        ('header :mime :type "Content-Type" "multipart"', True),
        ('header :mime :type "Content-Type" "image"', False),
        ('header :mime :anychild :type "Content-Type" "image"', True),
        ('header :mime :subtype "Content-Type" "MIXED"', True),
        ('header :mime :anychild :contenttype "Content-Type" "text/html"', True),
        ('header :mime :contenttype "Content-Type" "text/html"', False),
        ('header :mime :anychild :type "Content-Disposition" "attachment"', True),
        ('header :mime :anychild :contenttype "Content-Disposition" "attachment"', True),
        ('header :mime :anychild :subtype "Content-Disposition" ""', True),
        ('header :mime :type "Subject" ""', True),
        ('header :mime :type "Subject" "report"', False),
        ('header :mime "Subject" "report"', True),
        ('header :mime "Subject" "forwarded"', False),
        ('header :mime :anychild "Subject" "forwarded"', True),
        ('header "Content-MD5" "Q2hlY2s="', False),
        ('header :mime :anychild "Content-MD5" "Q2hlY2s="', True),
        # Parameters, put together and decoded.
        ('header :mime :anychild :param "filename" "Content-Disposition" "very_important.pdf"', True),
        (
            'header :mime :anychild :param "FileName" :contains ["content-type", "content-disposition"] "important"',
            True,
        ),
        ('header :mime :anychild :param "name" "Content-Type" "a.pdf"', True),
        ('header :mime :anychild :param "name" "Content-Type" "café"', True),
        ('header :mime :anychild :param ["x", "charset"] "Content-Type" "iso-8859-1"', True),
        ('header :mime :anychild :param "charset" "Content-Type" "us-ascii"', False),
        ('header :mime :param "boundary" "Content-Type" "outer"', True),
        # Counting.
        ('header :mime :anychild :type :count "eq" "Content-Type" "7"', True),
        ('header :mime :type :count "eq" "Content-Type" "1"', True),
        ('header :mime :anychild :param "boundary" :count "eq" "Content-Type" "2"', True),
        ('header :mime :anychild :index 3 :contenttype "Content-Type" "text/plain"', True),
        ('header :mime :anychild :index 1 :last :contenttype "Content-Type" "image/png"', True),
        # Addresses and existence.
        ('address :mime :is :all "content-from" "tim@example.com"', False),
        ('address :mime :anychild :is :all "content-from" "tim@example.com"', True),
        ('address :mime :anychild :domain "to" "example.com"', True),
        ('address :domain "to" "example.com"', False),
        ('exists :mime :anychild "content-md5"', True),
        ('exists :mime "content-md5"', False),
        ('exists "content-md5"', False),
        ('exists :mime :anychild ["content-md5", "to"]', True),
        ('exists :mime :anychild ["content-md5", "bcc"]', False),
    ],
)
def test_the_header_of_the_message_or_of_any_part(decide: Decide, test: str, is_true: bool) -> None:
    assert decide(f"{REQUIRE} if {test} {{ discard; }}", NESTED) == (["discard"] if is_true else ["implicit keep"])


@pytest.mark.parametrize(
    ("test", "types"),
    [
        ('header :mime :type "Content-Type" "text"', ["text/plain", "text/html"]),
        ('exists :mime "content-md5"', ["application/pdf"]),
        ('address :mime :localpart "content-from" "tim"', ["application/pdf"]),
        ('header :mime :anychild :type "Content-Type" "image"', ["multipart/mixed", "message/rfc822", "image/png"]),
        ('header "Subject" "nothing"', []),
        ('not header "Subject" "report"', []),
        ('header :mime "Subject" "forwarded"', ["image/png"]),
    ],
)
def test_within_a_loop_the_current_part_is_looked_at(
    logged: Callable[[str], list[str]], test: str, types: list[str]
) -> None:
    assert logged(f'foreverypart {{ {TYPE} if {test} {{ log "${{type}}"; }} }}') == types


def test_a_content_type_that_cannot_be_read_counts_nothing(decide: Decide) -> None:
    script = f'{REQUIRE} if header :mime :type :count "eq" "Content-Type" "0" {{ discard; }}'
    assert decide(script, b"Content-Type: nonsense\n\n") == ["discard"]


def test_large_documents_are_found(decide: Decide) -> None:
    script = f"""{REQUIRE} foreverypart {{
        if allof (header :mime :param "filename" :contains "Content-Disposition" "important",
                  header :mime :subtype "Content-Type" "pdf", size :over "100K") {{
            fileinto "important"; break;
        }}
    }}""".replace('"100K"', "100")
    assert decide(script, NESTED) == ["fileinto important"]


def test_the_text_of_a_part_goes_into_a_variable(logged: Callable[[str], list[str]]) -> None:
    script = """foreverypart { if header :mime :type "Content-Type" "text" { extracttext "t"; log "${t}"; } }"""
    assert logged(script) == ["café", "<p>coffee</p>"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (":first 2", "ca"),
        (":first 0", ""),
        (":first 100", "café"),
        (":upper :first 3", "CAF"),
        (":length", "4"),
        (":lower :upperfirst", "Café"),
    ],
)
def test_as_much_is_extracted_as_is_asked_for(logged: Callable[[str], list[str]], options: str, text: str) -> None:
    extract = f'extracttext {options} "t"; log "<${{t}}>";'
    script = f'foreverypart {{ if header :mime :subtype "Content-Type" "plain" {{ {extract} }} }}'
    assert logged(script) == [f"<{text}>"]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (b"Content-Type: text/plain; charset=x-none\n\nabc", ""),
        (b"Content-Type: text/plain\nContent-Transfer-Encoding: x-none\n\nabc", ""),
        (b"Content-Type: text/plain; charset=utf-8\n\na\xffb", ""),
        (b"Content-Type: text/plain; charset=utf-8\n\n\xc3\xa9", "é"),
        (b"Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n/v8A6Q==", "é"),
        (b"Content-Type: text/plain\n\n\xc3\xa9", "é"),
        (b"Content-Type: application/octet-stream\n\nab\xff", ""),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n", ""),
        (b"\n", ""),
    ],
)
def test_what_cannot_be_decoded_is_empty(logged: Callable[..., list[str]], part: bytes, text: str) -> None:
    assert logged('foreverypart { extracttext "t"; log "<${t}>"; break; }', part) == [f"<{text}>"]


def test_a_text_is_cut_where_a_variable_ends(logged: Callable[..., list[str]]) -> None:
    script = 'foreverypart { extracttext "t"; log "${t}"; }'
    message = b"Content-Type: text/plain; charset=utf-8\n\n" + "é".encode() * 100
    assert logged(script, message, Limits(variable_octets=10)) == ["é" * 5]
    assert logged(script, message, Limits(body_octets=7)) == ["é" * 3]


def test_a_loop_over_many_parts_is_paid_for(run_script: RunScript) -> None:
    parts = b"--b\n\nx\n" * 3000
    message = b"Content-Type: multipart/mixed; boundary=b\n\n" + parts + b"--b--\n"
    script = f'{REQUIRE} foreverypart {{ foreverypart {{ if exists :mime "x" {{ }} }} }}'
    outcome = run_script(script, message, limits=Limits(steps=5000))
    assert outcome.failure is not None
    assert "5000 steps" in outcome.failure.reason


def test_the_first_words_of_the_boss_are_taken(run_script: RunScript) -> None:
    script = f"""{REQUIRE}
    if header :contains "from" "boss@example.org" {{
        if header :matches "Subject" "*" {{ set "subject" "${{1}}"; }}
        foreverypart {{
            if header :mime :type :is "Content-Type" "text" {{ extracttext :first 3 "msgcontent"; break; }}
        }}
        fileinto "${{subject}} ${{msgcontent}}";
    }}"""
    (action,) = run_script(script, NESTED).actions
    assert isinstance(action, FileInto)
    assert action.mailbox == "report caf"


@pytest.mark.parametrize(
    ("script", "mistake"),
    [
        ("foreverypart { }", '"foreverypart" needs'),
        ('require "foreverypart"; foreverypart;', '"{" is expected'),
        ('require "foreverypart"; break;', '"break" stands in no "foreverypart"'),
        ('require "foreverypart"; foreverypart { } break;', '"break" stands in no "foreverypart"'),
        (
            'require "foreverypart"; foreverypart :name "x" { break :name "y"; }',
            '"break" stands in no loop of the name "y"',
        ),
        ('require "mime"; if header :anychild "a" "b" {}', '":anychild" needs ":mime"'),
        ('require "mime"; if exists :anychild "a" {}', '":anychild" needs ":mime"'),
        ('require "mime"; if address :anychild "to" "b" {}', '":anychild" needs ":mime"'),
        ('require "mime"; if header :type "a" "b" {}', '":type" needs ":mime"'),
        ('require "mime"; if header :mime :type :subtype "a" "b" {}', "cannot be given together"),
        ('if header :mime "a" "b" {}', '":mime" needs'),
        ('require ["extracttext", "variables"]; extracttext "t";', '"extracttext" stands in no "foreverypart"'),
        ('require ["extracttext", "foreverypart"]; foreverypart { extracttext "t"; }', '"extracttext" needs'),
        (
            'require ["extracttext", "foreverypart", "variables"]; foreverypart { extracttext "1"; }',
            '"1" is not the name of a variable',
        ),
    ],
)
def test_mistakes_are_told(mistakes: Callable[[str], list[str]], script: str, mistake: str) -> None:
    assert mistake in "\n".join(mistakes(script))
