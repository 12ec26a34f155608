import asyncio

import pytest
from tests.auth.world import SOURCES, FakeMail, add

from angarium.auth import Passwords, add_user, delete_user, list_users, set_password
from angarium.auth.passwords import PasswordKeys
from angarium.auth.users import set_disabled
from angarium.engine.memory import MemoryEngine, Suspending
from angarium.errors import PreparationFailed, UserExists, UserNotFound
from angarium.names import UserId

ALICE = UserId("alice")


def test_a_new_user_has_mail_before_she_can_log_in(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords
) -> None:
    class Watching(FakeMail):
        async def create(self, userid: UserId) -> None:
            assert await engine.credential(str(userid)) is None
            await super().create(userid)

    mail = Watching()
    runner.run(add(engine, passwords, "alice", "secret", mail))
    assert mail.calls == ["create alice"]
    credential = runner.run(engine.credential("alice"))
    assert credential is not None
    assert credential.created_at_s == credential.changed_at_s > 0
    assert "secret" not in credential.password_hash + credential.scram


def test_a_user_is_added_once(runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords) -> None:
    mail = FakeMail()
    runner.run(add(engine, passwords, "alice", "secret", mail))
    with pytest.raises(UserExists):
        runner.run(add(engine, passwords, "alice", "other", mail))
    assert mail.calls == ["create alice"]


def test_of_two_who_add_a_user_at_once_one_is_refused(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords
) -> None:
    async def add_one(password: str) -> None:
        waiting = Suspending(engine)
        await add_user(waiting, ALICE, password, passwords=passwords, sources=SOURCES, mail=FakeMail())

    async def check() -> None:
        answers = await asyncio.gather(add_one("first"), add_one("second"), return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "UserExists"]
        kept = ("first", "second")[answers.index(None)]
        credential = await engine.credential("alice")
        assert credential is not None
        assert await passwords.verify(credential.password_hash, kept)

    runner.run(check())


@pytest.mark.parametrize("turns", range(10))
def test_changes_made_at_once_do_not_undo_one_another(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords, turns: int
) -> None:
    class Ready(Passwords):
        """Has computed before."""

        def __init__(self, keys: PasswordKeys) -> None:
            self._keys = keys

        async def derive(self, password: str) -> PasswordKeys:
            return self._keys

    async def disable(waiting: Suspending) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await set_disabled(waiting, ALICE, disabled=True, sources=SOURCES, end_sessions=FakeMail().end_sessions)

    async def check() -> None:
        await add(engine, passwords, "alice", "secret")
        waiting = Suspending(engine)
        ready = Ready(await passwords.derive("better"))
        await asyncio.gather(
            set_password(
                waiting, ALICE, "better", passwords=ready, sources=SOURCES, end_sessions=FakeMail().end_sessions
            ),
            disable(waiting),
        )
        credential = await engine.credential("alice")
        assert credential is not None
        assert credential.disabled
        assert await passwords.verify(credential.password_hash, "better")

    runner.run(check())


def test_mail_that_was_kept_is_hers_again(runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords) -> None:
    mail = FakeMail(users={ALICE})
    runner.run(add(engine, passwords, "alice", "secret", mail))
    assert runner.run(engine.credential("alice")) is not None


def test_a_password_that_cannot_be_used_makes_no_user(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords
) -> None:
    mail = FakeMail()
    with pytest.raises(PreparationFailed):
        runner.run(add(engine, passwords, "alice", "\u0007", mail))
    assert mail.calls == []
    assert runner.run(list_users(engine)) == []


def test_another_password_raises_the_version_and_ends_sessions(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords
) -> None:
    async def check() -> None:
        await add(engine, passwords, "alice", "secret")
        before = await engine.credential("alice")
        mail = FakeMail()
        await set_password(
            engine, ALICE, "better", passwords=passwords, sources=SOURCES, end_sessions=mail.end_sessions
        )
        after = await engine.credential("alice")
        assert before is not None
        assert after is not None
        assert 0 < before.version < after.version < 2**63
        assert await passwords.verify(after.password_hash, "better")
        assert after.scram != before.scram
        assert after.created_at_s == before.created_at_s
        assert mail.calls == ["end alice"]

    runner.run(check())


def test_nobody_has_no_password_to_change(runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords) -> None:
    mail = FakeMail()
    with pytest.raises(UserNotFound):
        runner.run(
            set_password(engine, ALICE, "x", passwords=passwords, sources=SOURCES, end_sessions=mail.end_sessions)
        )
    assert mail.calls == []


@pytest.mark.parametrize("keep_mail", [False, True])
def test_logins_go_before_sessions_and_mail(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords, keep_mail: bool
) -> None:
    class Watching(FakeMail):
        async def delete(self, userid: UserId) -> None:
            assert await engine.credential(str(userid)) is None
            await super().delete(userid)

    async def check() -> None:
        mail = Watching()
        await add(engine, passwords, "alice", "secret", mail)
        await delete_user(engine, ALICE, mail=mail, end_sessions=mail.end_sessions, keep_mail=keep_mail)
        assert mail.calls == ["create alice", "end alice", *([] if keep_mail else ["delete alice"])]
        assert (ALICE in mail.users) is keep_mail
        assert await list_users(engine) == []

    runner.run(check())


@pytest.mark.parametrize(
    ("has_credential", "has_mail", "keep_mail", "is_found"),
    [
        (True, False, False, True),
        (False, True, False, True),  # what a crash has left
        (False, True, True, False),
        (False, False, False, False),
    ],
)
def test_a_half_deleted_user_can_be_deleted_again(
    runner: asyncio.Runner,
    engine: MemoryEngine,
    passwords: Passwords,
    has_credential: bool,
    has_mail: bool,
    keep_mail: bool,
    is_found: bool,
) -> None:
    async def check() -> None:
        if has_credential:
            await add(engine, passwords, "alice", "secret")
        mail = FakeMail(users={ALICE} if has_mail else set())
        deletion = delete_user(engine, ALICE, mail=mail, end_sessions=mail.end_sessions, keep_mail=keep_mail)
        if is_found:
            await deletion
        else:
            with pytest.raises(UserNotFound):
                await deletion
        assert await engine.credential("alice") is None
        assert (ALICE in mail.users) is (has_mail and keep_mail)

    runner.run(check())


def test_a_successor_of_the_same_name_has_another_version(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords
) -> None:
    async def version() -> int:
        await add(engine, passwords, "alice", "secret")
        credential = await engine.credential("alice")
        assert credential is not None
        await engine.remove_credential("alice")
        return credential.version

    assert runner.run(version()) != runner.run(version())


def test_users_are_listed_by_name(runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords) -> None:
    for name in ("carol", "alice", "bob"):
        runner.run(add(engine, passwords, name, "secret"))
    assert [each.userid for each in runner.run(list_users(engine))] == ["alice", "bob", "carol"]
