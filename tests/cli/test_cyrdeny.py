import os
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine


def test_denials_are_made_replaced_listed_and_taken_back(angarium: CommandLine, store: Path) -> None:
    def deny(*words: str) -> str:
        answer = angarium("cyr_deny", *words, "--dir", store)
        assert (answer.status, answer.err) == (os.EX_OK, "")
        return answer.out

    assert deny("-l") == ""
    # Whether such a user is known does not matter: others may check her password.
    assert deny("-m", "Sorry", "Carol") == ""
    assert deny("-s", "imap, pop3*", "bob") == ""
    assert deny("-s", "*,!imap", "*") == ""
    assert deny("-l") == (
        "*\t*,!imap\tAccess to this service has been blocked\n"
        "bob\timap,pop3*\tAccess to this service has been blocked\n"
        "carol\t*\tSorry\n"
    )
    assert deny("-s", "sieve", "-m", "No\x1b[2J", "carol") == ""
    assert deny("-l").splitlines()[-1] == "carol\tsieve\tNo?[2J"
    assert deny("-m", "M\udcfcller", "carol") == ""
    assert deny("-l").splitlines()[-1] == "carol\t*\tM?ller"
    for user in ("carol", "carol", "bob", "*"):
        assert deny("-a", user) == ""
    assert deny("-l") == ""


@pytest.mark.parametrize(
    "words", [[], ["-l", "carol"], ["-a"], ["-a", "-l"], ["-s", " ,", "carol"], ["--import", "x", "carol"]]
)
def test_who_is_meant_must_be_said(angarium: CommandLine, store: Path, words: list[str]) -> None:
    assert angarium("cyr_deny", *words, "--dir", store).status == os.EX_USAGE


def test_a_name_that_no_user_has_is_not_denied(angarium: CommandLine, store: Path) -> None:
    answer = angarium("cyr_deny", "anyone", "--dir", store)
    assert (answer.status, answer.err) == (os.EX_DATAERR, "angarium: 'anyone' means something else in an ACL\n")


def test_denials_of_cyrus_are_taken_over(angarium: CommandLine, store: Path, tmp_path: Path) -> None:
    file = tmp_path / "user_deny.db"
    file.write_bytes(b"Carol\t2\xff\x89imap, pop3\xff\x89Sorry\nanyone\t2\t*\tNo\nbob\t1\t*\nnonsense\n*\t2\t*\tNo\n")
    with file.open("ab") as opened:
        opened.write(b"dora@elsewhere.example\t2\t*\tNo\n")
    angarium("cyr_deny", "-m", "Before", "carol", "--dir", store)
    answer = angarium("cyr_deny", "--import", file, "--dir", store)
    assert (answer.status, answer.out) == (os.EX_DATAERR, "2 taken over, 4 left out\n")
    assert [line.split(" ")[1] for line in answer.err.splitlines()] == [f"{file}:{line}:" for line in (2, 4, 5, 6)]
    assert angarium("cyr_deny", "-l", "--dir", store).out == (
        "bob\t*\tAccess to this service has been blocked\ncarol\timap,pop3\tSorry\n"
    )
    file.write_bytes(b"bob\t2\t*\tNo\n")
    answer = angarium("cyr_deny", "--import", file, "--dir", store)
    assert (answer.status, answer.out, answer.err) == (os.EX_OK, "1 taken over, 0 left out\n", "")


def test_a_database_of_another_kind_is_told_in_a_line(angarium: CommandLine, store: Path, tmp_path: Path) -> None:
    file = tmp_path / "user_deny.db"
    file.write_bytes(b"\xa1\x02\x8b\rtwoskip file\0" + bytes(100))
    answer = angarium("cyr_deny", "--import", file, "--dir", store)
    assert (answer.status, answer.out) == (os.EX_DATAERR, "")
    assert answer.err.startswith(f"angarium: {file}: it is of the kind twoskip; ")
    answer = angarium("cyr_deny", "--import", tmp_path / "none", "--dir", store)
    assert (answer.status, answer.err) == (os.EX_IOERR, f"angarium: {tmp_path}/none: No such file or directory\n")
