import os
from pathlib import Path

from tests.cli.sievemail import no_store
from tests.cli.stores import CommandLine

RECIPES = """\
:0
* ^Subject:.*list
.Lists.a/

:0 c
| vacation joe

:0
! jim
"""

__all__ = ["no_store"]


def test_a_script_and_what_there_is_to_say_of_it(angarium: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "rc").write_text(RECIPES)
    answer = angarium("sieve", "from-procmail", tmp_path / "rc")
    assert answer.status == os.EX_DATAERR
    assert 'fileinto :create "Lists/a";' in answer.out
    assert answer.err == (
        f"{tmp_path}/rc:6: not translated: the text of the answer is not known, so that none is sent; "
        "--vacation-text gives it\n"
        f"{tmp_path}/rc:8: not translated: the address jim has no domain; --domain gives it one\n"
        f"{tmp_path}/rc: 2 not translated; the script says where\n"
    )


def test_what_is_missing_can_be_given(angarium: CommandLine, tmp_path: Path, store: Path) -> None:
    (tmp_path / "text").write_text("Subject: Away\n\nI am away.\n")
    with (store / "imapd.conf").open("a") as conf:
        conf.write("altnamespace: no\nunixhierarchysep: no\n")
    words: list[str | Path] = [
        "--user",
        "joe",
        "--domain",
        "example.org",
        "--vacation-text",
        tmp_path / "text",
        "--dir",
        store,
    ]
    answer = angarium("sieve", "from-procmail", *words, "-", stdin=RECIPES)
    assert (answer.status, answer.err) == (os.EX_OK, "")
    assert 'fileinto :create "INBOX.Lists.a";' in answer.out
    assert 'redirect "jim@example.org";' in answer.out
    assert 'vacation :subject "Away" text:\nI am away.\n.\n;' in answer.out
    # What is printed is what the store takes.
    angarium("user", "add", "joe", "--password-stdin", "--dir", store, stdin="secret")
    assert angarium("sieve", "put", "--dir", store, "joe", "main", stdin=answer.out).status == os.EX_OK


def test_a_forward_file_is_translated(angarium: CommandLine) -> None:
    answer = angarium("sieve", "from-forward", "--user", "joe", "-", stdin="\\joe, jim@example.org\n")
    assert (answer.status, answer.err) == (os.EX_OK, "")
    assert answer.out == (
        '# Translated from .forward.\n\nrequire "copy";\n\nredirect :copy "jim@example.org";\nkeep;\n'
    )


def test_what_is_no_text_is_refused(angarium: CommandLine) -> None:
    answer = angarium("sieve", "from-forward", "-", stdin="a\0b")
    assert (answer.status, answer.out) == (os.EX_DATAERR, "")
    assert answer.err == "standard input: the file is no text: it holds NUL\n"


def test_a_script_that_the_store_would_not_take_is_printed_with_the_reason(angarium: CommandLine, store: Path) -> None:
    with (store / "imapd.conf").open("a") as conf:
        conf.write("sieve_extensions: body\n")
    answer = angarium("sieve", "from-procmail", "--dir", store, "-", stdin=":0\nspam\n")
    assert answer.status == os.EX_DATAERR
    assert 'fileinto :create "spam";' in answer.out
    assert answer.err.startswith("the script is not one that this store takes:\n")
    assert '"fileinto"' in answer.err
