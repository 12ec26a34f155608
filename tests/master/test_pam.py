"""The machine's own PAM."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.master.pamservices import PAM_DIRECTORY, pam_services

from angarium.master import pam
from angarium.master.pam import NO_LIBRARY, ask_pam

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes services of PAM")


@pytest.fixture
def prefix(tmp_path: Path) -> Iterator[str]:
    with pam_services(tmp_path, "imap") as prefix:
        yield prefix


@needs_root
@pytest.mark.parametrize(
    ("user", "password", "code"),
    [
        ("alice", "secret", 0),
        ("alice", "wrong", 7),
        ("alice", "größe", 7),
        ("nobody-of-that-name", "secret", 7),
        ("expired", "secret", 13),
    ],
)
def test_passwords_are_checked_and_then_accounts(prefix: str, user: str, password: str, code: int) -> None:
    assert ask_pam(f"{prefix}imap", user, password, "192.0.2.1") == code


@needs_root
def test_modules_are_told_the_service_the_user_and_the_address(prefix: str, tmp_path: Path) -> None:
    ask_pam(f"{prefix}imap", "alice", "secret", "2001:db8::1")
    ask_pam(f"{prefix}imap", "alice", "secret", "")
    lines = [line.split()[:-1] for line in (tmp_path / "script.log").read_text().splitlines()]
    assert lines == [["0", f"{prefix}imap", "alice", "2001:db8::1"], ["0", f"{prefix}imap", "alice"]]


@needs_root
def test_a_module_that_is_not_there_is_told_apart_from_a_wrong_password(prefix: str) -> None:
    (PAM_DIRECTORY / f"{prefix}imap").write_text("auth required pam_no_such_module.so\n")
    assert ask_pam(f"{prefix}imap", "alice", "secret", "") == 28


@needs_root
def test_an_empty_password_of_a_module_that_allows_one_is_not_let_in(prefix: str) -> None:
    (PAM_DIRECTORY / f"{prefix}imap").write_text("auth required pam_unix.so nullok\naccount required pam_permit.so\n")
    assert ask_pam(f"{prefix}imap", "root", "", "") != 0


def test_without_pam_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pam, "_LIBRARIES", ("libno-such-pam.so.0",))
    assert ask_pam("imap", "alice", "secret", "") == NO_LIBRARY
