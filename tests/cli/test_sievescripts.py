import os
from pathlib import Path

import pytest
from tests.cli.sievemail import create_mailbox
from tests.cli.stores import Answer, CommandLine

OTHER = "discard;\n"


@pytest.fixture
def joes(store: Path, angarium: CommandLine) -> Path:
    """A store with a user."""
    assert angarium("user", "add", "joe", "--password-stdin", "--dir", store, stdin="secret\n").status == os.EX_OK
    return store


class Scripts:
    """`angarium sieve` on one store."""

    def __init__(self, angarium: CommandLine, store: Path) -> None:
        self._angarium = angarium
        self._store = store

    def __call__(self, *words: str | Path, stdin: str = "keep;\n") -> Answer:
        return self._angarium("sieve", words[0], "--dir", self._store, *words[1:], stdin=stdin)

    def said(self, *words: str | Path, stdin: str = "keep;\n") -> str:
        """What a call says that goes well."""
        answer = self(*words, stdin=stdin)
        assert (answer.status, answer.err) == (os.EX_OK, "")
        return answer.out


@pytest.fixture
def sieve(angarium: CommandLine, joes: Path) -> Scripts:
    return Scripts(angarium, joes)


def test_a_script_is_stored_shown_activated_renamed_and_deleted(sieve: Scripts, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(OTHER)
    assert sieve.said("list", "joe") == ""
    assert sieve.said("put", "joe", "main") == "stored main of joe\n"
    assert sieve.said("put", "--activate", "joe", "other", tmp_path / "file") == (
        "stored other of joe, and made it the active one\n"
    )
    assert sieve.said("list", "joe") == "main\nother\tactive\n"
    assert sieve.said("get", "joe") == OTHER
    assert sieve.said("get", "joe", "main") == "keep;\n"
    assert sieve.said("activate", "joe", "main") == "main is the active script of joe\n"
    assert sieve.said("rename", "joe", "main", "newer") == "main of joe is newer now\n"
    assert sieve.said("delete", "joe", "other") == "deleted other of joe\n"
    assert sieve.said("deactivate", "joe") == "no script of joe is active\n"
    assert sieve.said("list", "joe") == "newer\n"
    fields = sieve.said("list", "-l", "Joe").rstrip("\n").split("\t")
    assert fields[:2] == ["newer", "6"]
    assert len(fields) == 3


def test_a_script_with_a_mistake_is_not_stored_and_what_was_there_stays(sieve: Scripts) -> None:
    sieve.said("put", "joe", "main")
    answer = sieve("put", "joe", "main", stdin="keep;\n  nonsense;\n")
    assert (answer.status, answer.out) == (os.EX_DATAERR, "")
    lines = answer.err.splitlines()
    assert lines[0].startswith("standard input:2:3: ")
    assert lines[1:] == ["      nonsense;", "      ^"]
    assert sieve.said("get", "joe", "main") == "keep;\n"


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (("list", "jim"), os.EX_NOUSER, "there is no user jim"),
        (("get", "joe"), os.EX_DATAERR, "no script of joe is active"),
        (("get", "joe", "gone"), os.EX_DATAERR, "joe has no script 'gone'"),
        (("activate", "joe", "gone"), os.EX_DATAERR, "joe has no script 'gone'"),
        (("delete", "joe", "gone"), os.EX_DATAERR, "joe has no script 'gone'"),
        (("rename", "joe", "gone", "x"), os.EX_DATAERR, "joe has no script 'gone'"),
        (("rename", "joe", "one", "two"), os.EX_DATAERR, "joe has a script 'two' already"),
        (("delete", "joe", "two"), os.EX_DATAERR, "'two' is the active script of joe"),
        (("delete", "--global", "gone"), os.EX_DATAERR, "the site has no script 'gone'"),
        (("put", "joe", "a\nb"), os.EX_DATAERR, "no control characters"),
        (("list", "--mailbox", "gone"), os.EX_DATAERR, "there is no mailbox 'gone'"),
        (("list", "--mailbox", "user/joe"), os.EX_DATAERR, "belongs to a user"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(sieve: Scripts, words: tuple[str, ...], status: int, reason: str) -> None:
    sieve.said("put", "joe", "one")
    sieve.said("put", "joe", "two", "--activate")
    if words == ("get", "joe"):
        sieve.said("deactivate", "joe")
    answer = sieve(*words)
    assert (answer.status, answer.out) == (status, "")
    assert answer.err.startswith("angarium: ")
    assert reason in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_user_has_as_many_scripts_as_the_option_says(sieve: Scripts, joes: Path) -> None:
    with (joes / "imapd.conf").open("a") as conf:
        conf.write("sieve_maxscripts: 1\n")
    sieve.said("put", "joe", "one")
    assert sieve("put", "joe", "two").status == os.EX_DATAERR
    sieve.said("put", "joe", "one", stdin=OTHER)


def test_scripts_of_the_site_are_there_for_all(sieve: Scripts) -> None:
    assert sieve.said("put", "--global", "common") == "stored common of the site\n"
    assert sieve.said("list", "--global") == "common\n"
    assert sieve.said("get", "--global", "common") == "keep;\n"
    assert sieve("put", "--global", "common", "--activate").status == os.EX_DATAERR
    assert sieve.said("delete", "--global", "common") == "deleted common of the site\n"
    assert sieve.said("list", "--global") == ""


def test_a_shared_mailbox_is_filtered_by_the_script_that_is_active_there(sieve: Scripts, joes: Path) -> None:
    create_mailbox(joes, "board")
    create_mailbox(joes, "board.below")
    sieve.said("put", "--mailbox", "board", "one")
    assert sieve.said("put", "--mailbox", "board/below", "two", "--activate") == (
        "stored two of board/below, and made it the active one\n"
    )
    # Both mailboxes have the scripts of their account, and each a choice of its own.
    assert sieve.said("list", "--mailbox", "board") == "one\ntwo\n"
    assert sieve.said("list", "--mailbox", "board/below") == "one\ntwo\tactive\n"
    assert sieve.said("activate", "--mailbox", "board", "one") == "one is the active script of board\n"
    assert sieve.said("get", "--mailbox", "board") == "keep;\n"
    for name, where in (("one", "board"), ("two", "board/below")):
        answer = sieve("delete", "--mailbox", "board", name)
        assert answer.status == os.EX_DATAERR
        assert answer.err == f"angarium: '{name}' is the active script of {where}; deactivate it first\n"
    sieve.said("rename", "--mailbox", "board", "one", "three")
    assert sieve.said("list", "--mailbox", "board") == "three\tactive\ntwo\n"
    assert sieve("activate", "--mailbox", "board", "gone").status == os.EX_DATAERR
    sieve.said("deactivate", "--mailbox", "board")
    sieve.said("delete", "--mailbox", "board", "three")
    assert sieve.said("list", "--mailbox", "board") == "two\n"


def test_a_script_of_the_site_can_filter_a_shared_mailbox(sieve: Scripts, joes: Path) -> None:
    create_mailbox(joes, "board")
    sieve.said("put", "--global", "common")
    assert sieve.said("activate", "--mailbox", "board", "common") == "common is the active script of board\n"


def test_hints_are_told_and_the_script_is_stored(sieve: Scripts) -> None:
    answer = sieve("put", "joe", "main", stdin='if header "To:" "x" { keep; }\n')
    assert answer.status == os.EX_OK
    assert answer.out == "stored main of joe\n"
    assert answer.err.startswith("standard input:1:")
    assert ": hint: " in answer.err
