import os
import re
from pathlib import Path

import pytest
from tests.cli.sievemail import append_mail
from tests.cli.stores import CommandLine

SCRIPT = """\
require ["fileinto", "include"];
if header :contains "subject" "list" {
    fileinto "lists";
}
if header :is "subject" "fail" { include "gone"; }
"""


@pytest.fixture
def joes(store: Path, angarium: CommandLine) -> Path:
    """A store with a user who has mail."""
    angarium("user", "add", "joe", "--password-stdin", "--dir", store, stdin="secret")
    append_mail(
        store,
        "user.joe",
        "From: Ann <ann@example.org>\nSubject: a list\n\nx\n",
        "From: Bob <bob@example.org>\nSubject: another list\n\nx\n",
        "From: Ann <ann@example.org>\nSubject: else\n\nx\n",
    )
    return store


def test_what_would_change_is_told_and_summed_up(angarium: CommandLine, joes: Path) -> None:
    answer = angarium("sieve", "replay", "--dir", joes, "joe", "-", stdin=SCRIPT)
    assert (answer.status, answer.err) == (os.EX_OK, "")
    out = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "DATE", answer.out)
    assert (
        out
        == f"""\
active script: none
DATE  {"Ann <ann@example.org>":30}  a list
    before: keep in INBOX
    after:  file into "lists" (there is no such mailbox)
            line 3: fileinto "lists";
DATE  {"Bob <bob@example.org>":30}  another list
    before: keep in INBOX
    after:  file into "lists" (there is no such mailbox)
            line 3: fileinto "lists";
3 messages: 1 the same, 2 different
      2  keep in INBOX  ->  file into "lists" (there is no such mailbox)
"""
    )


def test_the_active_script_is_what_is_compared_with(angarium: CommandLine, joes: Path) -> None:
    angarium("sieve", "put", "--dir", joes, "joe", "main", "--activate", stdin=SCRIPT)
    assert angarium("sieve", "replay", "--dir", joes, "joe", "-", "--last", "2", stdin=SCRIPT).out == (
        "active script: main\n2 messages: 2 the same, 0 different\n"
    )
    out = angarium("sieve", "replay", "--dir", joes, "joe", "-", "--last", "1", stdin="discard;").out
    assert out.endswith("1 message: 0 the same, 1 different\n      1  keep in INBOX  ->  discard\n")


def test_failures_of_the_new_script_are_counted(angarium: CommandLine, joes: Path) -> None:
    append_mail(joes, "user.joe", "Subject: fail\n\nx\n")
    out = angarium("sieve", "replay", "--dir", joes, "joe", "-", "--last", "1", stdin=SCRIPT).out
    assert "    after:  keep in INBOX, (the script fails: " in out
    assert out.endswith("the new script fails on 1 message\n")


def test_lost_messages_are_counted(angarium: CommandLine, joes: Path) -> None:
    (Path(angarium("path", "--dir", joes, "user/joe").out.strip()) / "2.").unlink()
    out = angarium("sieve", "replay", "--dir", joes, "joe", "-", stdin="keep;").out
    assert out == (
        "active script: none\n3 messages: 3 the same, 0 different\n1 message could not be read: the file is lost\n"
    )


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (("jim", "-"), os.EX_NOUSER, "no user jim"),
        (("joe", "-", "--mailbox", "gone"), os.EX_DATAERR, "joe has no mailbox 'gone'"),
    ],
)
def test_what_is_not_there_is_named(
    angarium: CommandLine, joes: Path, words: tuple[str, ...], status: int, reason: str
) -> None:
    answer = angarium("sieve", "replay", "--dir", joes, *words, stdin="keep;")
    assert answer.status == status
    assert reason in answer.err


def test_a_script_with_a_mistake_is_not_run(angarium: CommandLine, joes: Path) -> None:
    answer = angarium("sieve", "replay", "--dir", joes, "joe", "-", stdin="nonsense;")
    assert (answer.status, answer.out) == (os.EX_DATAERR, "")
    assert answer.err.startswith("standard input:1:1: ")
