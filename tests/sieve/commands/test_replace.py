"""replace: parts, and whole messages, give way to others."""

import email
import email.policy
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from angarium.sieve import IncludedScript, Keep, Outcome, Question, parse_script
from angarium.sieve.actions import Span

MIXED = b"""\
Received: one
From: Ann <ann@example.org>
To: bob@example.org
Subject: =?utf-8?q?caf=C3=A9?=
X-A: kept
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer
Content-Language: en

prologue
--outer
Content-Type: text/plain

hello
--outer
Content-Type: application/exe; name=a.com
Content-Disposition: attachment; filename=a.com

MZ
--outer
Content-Type: message/rfc822

From: carol@example.org
Subject: forwarded
Content-Type: multipart/alternative; boundary=inner

--inner

one
--inner

two
--inner--
--outer--
epilogue
"""
OCTETS = MIXED.replace(b"\n", b"\r\n")
REQUIRE = 'require ["foreverypart", "mime", "replace", "editheader", "variables", "body", "vnd.cyrus.log"];'


class RunScript(Protocol):
    def __call__(self, text: str, message: bytes = ...) -> Outcome: ...


class RunScriptWithAnswers(Protocol):
    def __call__(self, text: str, message: bytes, *, answers: Mapping[Question, object]) -> Outcome: ...


@pytest.fixture
def replaced(run_script: RunScript) -> Callable[..., bytes]:
    """The message that a script makes."""

    def replaced(script: str, message: bytes = MIXED) -> bytes:
        outcome = run_script(f"{REQUIRE} {script}", message)
        assert outcome.failure is None
        (action,) = outcome.actions
        assert isinstance(action, Keep)
        octets = message.replace(b"\n", b"\r\n")
        if action.edition is None:
            return octets
        return b"".join(
            piece if isinstance(piece, bytes) else octets[piece.start : piece.end] for piece in action.edition.pieces
        )

    return replaced


def text_of(message: EmailMessage) -> str:
    content = message.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def parsed(octets: bytes) -> EmailMessage:
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


EXECUTABLE = """foreverypart {
    if anyof (header :mime :contenttype :is "Content-Type" "application/exe",
              header :mime :param "filename" :matches ["Content-Type", "Content-Disposition"] "*.com") {
        replace "Removed: an executable.\r\n";
    }
}"""


def test_an_attachment_gives_way_to_a_text(replaced: Callable[..., bytes]) -> None:
    octets = replaced(EXECUTABLE)
    start = OCTETS.index(b"Content-Type: application/exe")
    end = OCTETS.index(b"MZ") + 2
    assert octets.startswith(OCTETS[:start])
    assert octets.endswith(OCTETS[end:])
    part = parsed(octets).get_payload(1)
    assert isinstance(part, EmailMessage)
    assert part.get_content_type() == "text/plain"
    assert text_of(part) == "Removed: an executable.\n"
    assert part["Content-Disposition"] is None


def test_octets_that_stay_are_ranges_of_those_that_came(run_script: RunScript) -> None:
    (action,) = run_script(f"{REQUIRE} {EXECUTABLE}", MIXED).actions
    assert isinstance(action, Keep)
    assert action.edition is not None
    kinds = [type(piece) for piece in action.edition.pieces]
    assert kinds == [Span, bytes, Span]


def test_a_multipart_that_is_replaced_takes_its_parts_with_it(replaced: Callable[..., bytes]) -> None:
    script = """foreverypart {
        if header :mime :subtype "Content-Type" "alternative" { replace "gone"; }
        elsif header :mime :subtype "Content-Type" "html" { replace "never"; }
    }"""
    octets = replaced(script)
    assert b"inner" not in octets
    inner = parsed(octets).get_payload(2)
    assert isinstance(inner, EmailMessage)
    message = inner.get_payload(0)
    assert isinstance(message, EmailMessage)
    # A message inside stays a message, with its header.
    assert message["Subject"] == "forwarded"
    assert message["From"] == "carol@example.org"
    assert text_of(message) == "gone\n"


def test_the_loop_goes_on_behind_a_part_and_others_see_the_new_one(run_script: RunScript) -> None:
    script = f"""{REQUIRE}
    foreverypart {{
        if header :mime :type "Content-Type" "message" {{
            replace :mime "Content-Type: multipart/mixed; boundary=new\r\n\r\n--new\r\n\r\nx\r\n--new--\r\n";
            if header :mime :type "Content-Type" "multipart" {{ log "replaced"; }}
        }}
        if header :mime :matches "Subject" "f*" {{ log "never"; }}
    }}
    foreverypart {{ if header :mime :param "boundary" "Content-Type" "new" {{ foreverypart {{ log "inside"; }} }} }}
    if body :raw :contains "--new--" {{ log "body"; }}
    if body :content "text/plain" :is "x" {{ log "text"; }}"""
    assert [line.text for line in run_script(script, MIXED).log] == ["replaced", "inside", "body", "text"]


@pytest.mark.parametrize("context", ["{}", "foreverypart {{ {} break; }}"])
def test_a_whole_message_keeps_its_header(replaced: Callable[..., bytes], context: str) -> None:
    octets = replaced(context.format('replace "new text";'))
    message = parsed(octets)
    assert octets.startswith(b"Received: one\r\nFrom: Ann <ann@example.org>\r\n")
    assert message["Subject"] == "café"
    assert message["X-A"] == "kept"
    assert message["Content-Language"] is None
    assert message.get_all("MIME-Version") == ["1.0"]
    assert message.get_content_type() == "text/plain"
    assert text_of(message) == "new text\n"


def test_subject_and_author_are_changed_and_the_old_ones_stay_by_another_name(replaced: Callable[..., bytes]) -> None:
    octets = replaced('replace :subject "über" :from "Eve <eve@example.org>, f@example.org" "text";')
    message = parsed(octets)
    assert message["Subject"] == "über"
    assert message["From"] == "Eve <eve@example.org>, f@example.org"
    assert b"Original-Subject: =?utf-8?q?caf=C3=A9?=\r\n" in octets
    assert b"Original-From: Ann <ann@example.org>\r\n" in octets
    assert octets.count(b"\nSubject:") == octets.count(b"\nFrom:") == 1
    assert b"Subject: =?utf-8?" in octets
    assert b"Subject: plain\r\n" in replaced('replace :subject "plain" "text";')


def test_the_old_names_cannot_be_deleted(replaced: Callable[..., bytes]) -> None:
    script = 'replace :subject "new" "text"; deleteheader "original-subject"; deleteheader "Subject";'
    message = parsed(replaced(script))
    assert message["Original-Subject"] == "café"
    assert message["Subject"] is None


def test_of_a_part_subject_and_author_are_not_changed(replaced: Callable[..., bytes]) -> None:
    script = 'foreverypart { if header :mime :type "Content-Type" "application" { replace :subject "new" "text"; } }'
    octets = replaced(script)
    assert parsed(octets)["Subject"] == "café"
    assert b"Subject: new" not in octets


def test_a_mime_entity_brings_its_own_fields(replaced: Callable[..., bytes]) -> None:
    entity = (
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nSubject: not this\r\n\r\n<b>é</b>"
    )
    message = parsed(replaced(f'replace :mime "{entity}";'))
    assert message.get_content_type() == "text/html"
    assert text_of(message) == "<b>é</b>"
    assert message.get_all("Subject") == ["café"]


@pytest.mark.parametrize(
    ("entity", "content"), [("\r\nonly text", "only text"), ("Content-Type: text/plain", ""), ("", "")]
)
def test_half_an_entity_is_one_too(replaced: Callable[..., bytes], entity: str, content: str) -> None:
    message = parsed(replaced(f'replace :mime "{entity}";'))
    assert text_of(message).removesuffix("\n") == content


def test_a_text_cannot_break_out_of_its_part(replaced: Callable[..., bytes]) -> None:
    script = """foreverypart {
        if header :mime :type "Content-Type" "application" { replace "a\r\n--outer\r\nContent-Type: x/y\r\n\r\nb"; }
    }"""
    message = parsed(replaced(script))
    parts = [part.get_content_type() for part in message.iter_parts()]
    assert parts == ["text/plain", "text/plain", "message/rfc822"]
    part = message.get_payload(1)
    assert isinstance(part, EmailMessage)
    assert text_of(part) == "a\n--outer\nContent-Type: x/y\n\nb"


def test_a_header_alone_becomes_a_message(replaced: Callable[..., bytes]) -> None:
    octets = replaced('replace "text";', b"Subject: x")
    message = parsed(octets)
    assert message["Subject"] == "x"
    assert text_of(message) == "text\n"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30), max_size=4))
def test_any_text_arrives_as_it_was_given(run_script: RunScript, pieces: list[str]) -> None:
    text = "\r\n".join(pieces)
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    (action,) = run_script(f'require "replace"; replace "{quoted}";', MIXED).actions
    assert isinstance(action, Keep)
    assert action.edition is not None
    octets = b"".join(
        piece if isinstance(piece, bytes) else OCTETS[piece.start : piece.end] for piece in action.edition.pieces
    )
    content = text_of(parsed(octets))
    assert content.removesuffix("\n") == text.replace("\r\n", "\n").removesuffix("\n")


@pytest.mark.parametrize(
    ("script", "mistake"),
    [
        ('replace "x";', '"replace" needs'),
        ('require "replace"; replace :mime :subject "x" "y";', '":subject" cannot be given together with ":mime"'),
        ('require "replace"; replace :mime :from "x@y.z" "y";', '":from" cannot be given together with ":mime"'),
        ('require "replace"; replace :from "nobody" "y";', '":from" takes mail addresses, not "nobody"'),
    ],
)
def test_mistakes_are_told(mistakes: Callable[[str], list[str]], script: str, mistake: str) -> None:
    assert mistake in "\n".join(mistakes(script))


def test_parts_cannot_be_put_into_one_another_forever(run_script: RunScript) -> None:
    deep = "".join(f"Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n" for i in range(90))
    innermost = (
        f"""foreverypart {{ if header :mime :param "boundary" "Content-Type" "b89" {{ replace :mime "{deep}"; }} }}"""
    )
    first = f'{REQUIRE} replace :mime "{deep}";'
    assert run_script(f"{first} {innermost}", MIXED).failure is None
    outcome = run_script(f"{first} {innermost * 4}", MIXED)
    assert outcome.failure is not None
    assert outcome.failure.reason == "a part that stands in more than 150 others is replaced"


def test_many_parts_are_replaced_in_a_moment(run_script: RunScript) -> None:
    message = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 3000 + b"--b--\n"
    script = (
        f'{REQUIRE} foreverypart {{ if header :mime :type "Content-Type" "multipart" {{ }} else {{ replace "y"; }} }}'
    )
    (action,) = run_script(script, message).actions
    assert isinstance(action, Keep)
    assert action.edition is not None
    assert len(action.edition.pieces) == 6001


def test_an_author_that_is_none_fails_when_it_is_known(run_script: RunScript) -> None:
    script = f'{REQUIRE} set "a" "nobody"; replace :from "${{a}}" "text";'
    outcome = run_script(script, MIXED)
    assert outcome.failure is not None
    assert outcome.failure.reason == '":from" takes mail addresses, not "nobody"'


def test_a_script_that_a_loop_includes_has_the_part_for_the_message(run_script: RunScriptWithAnswers) -> None:
    script = f"""{REQUIRE[:-2]}, "include"];
    foreverypart {{
        if header :mime :type "Content-Type" "application" {{
            include "inner";
            if header :mime :contenttype "Content-Type" "text/plain" {{ log "outer sees it"; }}
        }}
    }}"""
    inner = b"""require ["foreverypart", "mime", "replace", "editheader", "vnd.cyrus.log"];
    foreverypart { log "one part"; foreverypart { log "none below"; } }
    if header :type :mime "Content-Type" "application" { log "as a message"; }
    addheader "X-Seen" "yes";
    if header "x-seen" "yes" { log "edited"; }
    replace "text";
    if not exists "x-seen" { log "replaced"; }"""
    outcome = run_script(
        script, MIXED, answers={IncludedScript("inner", is_global=False): parse_script(inner, name="inner")}
    )
    assert outcome.failure is None
    assert [line.text for line in outcome.log] == ["one part", "as a message", "edited", "replaced", "outer sees it"]
    (action,) = outcome.actions
    assert isinstance(action, Keep)
    assert action.edition is not None
    assert [type(piece) for piece in action.edition.pieces] == [Span, bytes, Span]
