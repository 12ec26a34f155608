"""The daemon itself is in tests/integration."""

import os
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine


def test_without_a_daemon_nothing_is_said_of_the_password(angarium: CommandLine, tmp_path: Path) -> None:
    answer = angarium("testsaslauthd", "-u", "alice", "-p", "-f", tmp_path / "mux", stdin="secret\n")
    assert (answer.status, answer.out) == (os.EX_TEMPFAIL, "")
    assert answer.err == f"angarium: {tmp_path}/mux: No such file or directory\n"


@pytest.mark.parametrize("user", ["", "x" * 300])
def test_whom_the_daemon_would_never_find_right_it_is_not_asked_about(
    angarium: CommandLine, tmp_path: Path, user: str
) -> None:
    answer = angarium("testsaslauthd", "-u", user, "-p", "-f", tmp_path / "mux", stdin="secret\n")
    assert (answer.status, answer.out) == (os.EX_NOPERM, '0: NO "authentication failed"\n')


def test_the_password_may_stand_on_the_command_line(angarium: CommandLine, tmp_path: Path) -> None:
    """As in scripts for the tool of Cyrus SASL."""
    answer = angarium("testsaslauthd", "-u", "alice", "-p", "secret", "-f", tmp_path / "mux")
    assert (answer.status, answer.err) == (os.EX_TEMPFAIL, f"angarium: {tmp_path}/mux: No such file or directory\n")


def test_a_password_must_come_from_somewhere(angarium: CommandLine) -> None:
    answer = angarium("testsaslauthd", "-u", "alice", stdin="secret\n")
    assert (answer.status, answer.err) == (
        os.EX_USAGE,
        "angarium: there is no terminal to ask for the password; use -p\n",
    )
