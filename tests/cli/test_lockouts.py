import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine

from angarium.auth import CodeThrottle, LoginThrottle
from angarium.master.identity import Identity
from angarium.master.serverlock import take_server_lock
from angarium.names import UserId
from angarium.worker import SharedScores, SharedState
from angarium.worker.sharedstate import STATE_FILE

SELF = Identity("", os.geteuid(), os.getegid(), (), changes=False)


@pytest.fixture
def scores(store: Path) -> Iterator[SharedScores]:
    """Of a worker of a server that runs."""
    directory = store / "state" / "run"
    directory.mkdir()
    lock = take_server_lock(directory, SELF)
    state = SharedState.create(directory / STATE_FILE, segments=1, sessions_max=8)
    state.take_segment(1, os.getpid())
    scores = SharedScores(state.score_areas(), 1, state.secret)
    yield scores
    scores.close()
    state.close()
    os.close(lock)


@pytest.fixture
def throttle(scores: SharedScores) -> LoginThrottle:
    return LoginThrottle(scores)


def test_without_a_server_that_is_said(angarium: CommandLine, store: Path) -> None:
    assert angarium("lockouts", "list", "--dir", store).status == os.EX_UNAVAILABLE


def test_who_is_held_back_is_listed_and_let_go(angarium: CommandLine, store: Path, throttle: LoginThrottle) -> None:
    assert angarium("lockouts", "list", "--dir", store).out == ""
    for _ in range(8):
        throttle.failed("192.0.2.7", "alice")
    throttle.failed("2001:db8::1", "bob")
    lines = [line.split("\t") for line in angarium("lockouts", "list", "--dir", store).out.splitlines()]
    assert sorted([line[:2] for line in lines]) == [
        ["192.0.2.7", "-"],
        ["192.0.2.7", "alice"],
        ["2001:db8::/64", "-"],
        ["2001:db8::/64", "bob"],
    ]
    assert [line[2] for line in lines] == ["8.0", "8.0", "1.0", "1.0"]
    assert angarium("lockouts", "clear", "--user", "alice", "--dir", store).out == "let go of 1\n"
    assert throttle.admit("192.0.2.7", "alice") == 0
    assert angarium("lockouts", "clear", "--address", "2001:db8::7", "--dir", store).out == "let go of 2\n"
    assert angarium("lockouts", "clear", "--all", "--dir", store).out == "let go of 1\n"
    assert angarium("lockouts", "list", "--dir", store).out == ""


def test_names_are_those_of_users_and_write_no_lines_of_their_own(
    angarium: CommandLine, store: Path, throttle: LoginThrottle
) -> None:
    for name in ("alice", "no\nuser\x1b[2J", "x" * 200):
        throttle.failed("192.0.2.7", name)
    lines = [line.split("\t")[1] for line in angarium("lockouts", "list", "--dir", store).out.splitlines()]
    assert sorted(lines) == ["-", "alice", "no user?[2j", "x" * 78 + "…"]
    for name in ("Alice", "no\nuser\x1b[2J", "x" * 200):
        assert angarium("lockouts", "clear", "--user", name, "--dir", store).out == "let go of 1\n"


def test_whose_codes_are_guessed_is_listed_and_let_go(angarium: CommandLine, store: Path, scores: SharedScores) -> None:
    codes = CodeThrottle(scores)
    for _ in range(12):
        codes.failed(UserId("alice"))
    assert angarium("lockouts", "list", "--dir", store).out == "totp\talice\t12.0\t32\n"
    assert angarium("lockouts", "clear", "--user", "alice", "--dir", store).out == "let go of 1\n"
    assert codes.admits(UserId("alice"))


@pytest.mark.parametrize("words", [[], ["clear"], ["clear", "--all", "--user", "alice"]])
def test_what_is_to_be_done_must_be_said(angarium: CommandLine, store: Path, words: list[str]) -> None:
    assert angarium("lockouts", *words, "--dir", store).status == os.EX_USAGE
