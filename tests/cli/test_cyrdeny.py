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
    for user in ("carol", "carol", "bob", "*"):
        assert deny("-a", user) == ""
    assert deny("-l") == ""


@pytest.mark.parametrize("words", [[], ["-l", "carol"], ["-a"], ["-a", "-l"], ["-s", " ,", "carol"]])
def test_who_is_meant_must_be_said(angarium: CommandLine, store: Path, words: list[str]) -> None:
    assert angarium("cyr_deny", *words, "--dir", store).status == os.EX_USAGE


def test_a_name_that_no_user_has_is_not_denied(angarium: CommandLine, store: Path) -> None:
    answer = angarium("cyr_deny", "anyone", "--dir", store)
    assert (answer.status, answer.err) == (os.EX_DATAERR, "angarium: 'anyone' means something else in an ACL\n")
