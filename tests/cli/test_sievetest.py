import os
from pathlib import Path

import pytest
from tests.cli.sievemail import no_store
from tests.cli.stores import CommandLine

HELLO = (
    b"Return-Path: <a@example.org>\r\nFrom: Ann <a@example.org>\r\nDelivered-To: me@example.org\r\n"
    b"Subject: hello\r\n\r\nx\r\n"
)
BARE = b"Subject: =?utf-8?q?=C3=A9?=\n\n"

__all__ = ["no_store"]


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    (tmp_path / "hello").write_bytes(HELLO)
    return tmp_path / "hello"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_each_message_is_told_of_with_the_line_that_decided(angarium: CommandLine, tmp_path: Path, hello: Path) -> None:
    (tmp_path / "bare").write_bytes(BARE)
    (tmp_path / "empty").write_bytes(b"")
    script = write(
        tmp_path / "script",
        'require ["fileinto", "copy"];\n'
        'if header :is "subject" "hello" {\n'
        '    redirect :copy "b@example.org";\n'
        '    fileinto "x"; }\n'
        'elsif envelope_is_no_test "x" { }\n'.replace('elsif envelope_is_no_test "x" { }\n', ""),
    )
    answer = angarium("sieve", "test", script, hello, tmp_path / "bare", tmp_path / "empty")
    assert (answer.status, answer.err) == (os.EX_OK, "")
    assert (
        answer.out
        == f"""\
{hello}: hello
  envelope: from <a@example.org> to <me@example.org>
  redirect to b@example.org
      line 3: redirect :copy "b@example.org";
  file into "x"
      line 4: fileinto "x"; }}

{tmp_path}/bare: é
  envelope: from <>
  keep in INBOX
      no line: nothing in the script has cancelled the implicit keep

{tmp_path}/empty:
  envelope: from <>
  keep in INBOX
      no line: nothing in the script has cancelled the implicit keep
"""
    )


def test_the_tests_and_their_results_are_told_where_they_are_asked_for(
    angarium: CommandLine, tmp_path: Path, hello: Path
) -> None:
    script = write(
        tmp_path / "script",
        'if allof (header :is "subject" "hello",\n          size :over 1M) { discard; }\nelsif true { keep; }\n',
    )
    out = angarium("sieve", "test", "-v", script, hello).out
    assert out.splitlines()[2:] == [
        '  header is true: line 1: header :is "subject" "hello",',
        "  size is false: line 2: size :over 1M) { discard; }",
        '  allof is false: line 1: allof (header :is "subject" "hello",',
        "  true is true: line 3: true { keep; }",
        "  keep in INBOX",
        "      line 3: keep; }",
    ]


def test_the_envelope_can_be_given(angarium: CommandLine, tmp_path: Path, hello: Path) -> None:
    script = write(
        tmp_path / "script",
        'require ["envelope", "subaddress"];\nif allof (envelope "from" "", envelope :detail "to" "d") { discard; }\n',
    )
    out = angarium("sieve", "test", "--from", "", "--to", "me+d@example.org", script, hello).out
    assert out.splitlines()[1:3] == ["  envelope: from <> to <me+d@example.org>", "  discard"]


def test_what_is_assumed_is_said(angarium: CommandLine, tmp_path: Path, hello: Path) -> None:
    script = write(
        tmp_path / "script",
        'require ["mailbox", "duplicate", "include", "mboxmetadata", "special-use", "mailboxid"];\n'
        'if duplicate :uniqueid "x" { stop; }\nif not mailboxexists "x" { stop; }\n'
        'if not specialuse_exists "\\\\Junk" { stop; }\n'
        'if metadataexists "x" "/private/comment" { stop; }\nif not mailboxidexists "1" { stop; }\n'
        'include "other";\ninclude :optional "gone";\n',
    )
    other = write(tmp_path / "other.sieve", "discard;")
    lines = angarium("sieve", "test", script, hello).out.splitlines()
    assert lines[2:] == [
        "  assumed: no such message was seen before",
        '  assumed: there is a mailbox "x"',
        "  assumed: a mailbox is for \\Junk",
        '  assumed: the mailbox "x" has no annotation /private/comment',
        "  assumed: there is a mailbox with the id 1",
        f'  assumed: the included script "other" is {other}',
        '  assumed: there is no script "gone" of the user, nor a file of that name',
        "  discard",
        '      line 1 of the included script "other"',
    ]


def test_an_account_answers_where_one_is_named(angarium: CommandLine, tmp_path: Path, hello: Path, store: Path) -> None:
    angarium("user", "add", "joe", "--password-stdin", "--dir", store, stdin="secret")
    angarium("sieve", "put", "--dir", store, "joe", "other", stdin='redirect "b@example.org";')
    script = write(
        tmp_path / "script",
        'require ["mailbox", "include"];\nif mailboxexists "x" { stop; }\n'
        'if mailboxexists "INBOX" { include "other"; }\n',
    )
    answer = angarium("sieve", "test", "--dir", store, "--user", "joe", script, hello)
    assert answer.status == os.EX_OK
    assert answer.out.splitlines()[2:] == [
        "  redirect to b@example.org",
        '      line 1 of the included script "other"',
    ]
    assert angarium("sieve", "test", "--dir", store, "--user", "jim", script, hello).status == os.EX_NOUSER


def test_a_script_that_fails_says_where(angarium: CommandLine, tmp_path: Path, hello: Path) -> None:
    script = write(tmp_path / "script", 'require "include";\ninclude "gone";\n')
    out = angarium("sieve", "test", script, hello).out
    assert "  the script fails, so that the message is kept: " in out
    assert out.endswith('      line 2: include "gone";\n')


def test_a_script_with_a_mistake_is_not_run(angarium: CommandLine, hello: Path) -> None:
    answer = angarium("sieve", "test", "-", hello, stdin="nonsense;")
    assert (answer.status, answer.out) == (os.EX_DATAERR, "")
    assert answer.err.startswith("standard input:1:1: ")


def test_any_octets_can_be_a_message(angarium: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(bytes(range(256)) * 10)
    answer = angarium(
        "sieve", "test", "-", tmp_path / "message", stdin='require "body"; if body :raw :contains "x" { discard; }'
    )
    assert answer.status == os.EX_OK
    assert "\x1b" not in answer.out
