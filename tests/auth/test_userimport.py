import logging
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.auth.world import SOURCES, FakeMail, add, store_verifiers

from angarium.auth import PasswordLogin, Passwords, is_current
from angarium.auth.passwords import is_own_hash, parse_scram
from angarium.auth.userimport import ImportLine, import_users, parse_import
from angarium.auth.users import add_user_with_hash, upgrade_hash
from angarium.auth.verifiers import Verifiers
from angarium.engine.memory import MemoryEngine
from angarium.engine.users import ChangePassword, UpgradeHash, UserChange
from angarium.errors import DiskFull, PreparationFailed, UserExists
from angarium.names import NameSettings, UserId

ALICE = UserId("alice")
NAMES = NameSettings()
SSHA = "{SSHA}IV+Npq5YlxBDBufIDyqJNnqFG2V3HILK"
SHADOW = "$6$abcdefgh$iiBW30h6MQUpgkXT9F87NVy6FIbloKXQmfPH87w2UkYa6T8cikoVXkyDCmOccwyrz69xvCZIs4Q.UiGV4ZRkv."


def login(password: str) -> PasswordLogin:
    return PasswordLogin(ALICE, "alice", password, "imap")


@pytest.mark.parametrize(
    ("line", "name", "stored", "fault"),
    [
        (f"alice:{SSHA}", "alice", SSHA, ""),
        (f"alice:{SSHA}\r", "alice", SSHA, ""),
        (f"\ufeffalice:{SSHA}", "alice", SSHA, ""),
        (f"alice:{SHADOW}:19000:0:99999:7:::", "alice", SHADOW, ""),
        (
            f"alice@example.org:{SSHA}:1000:1000::/home/alice::userdb_quota_rule=*:bytes=1M",
            "alice@example.org",
            SSHA,
            "",
        ),
        ("alice:{PLAIN}s e}c:x", "alice", "{PLAIN}s e}c", ""),
        ("alice", "alice", "", "not name:hash"),
        (f":{SSHA}", "", SSHA, "not name:hash"),
        ("alice:", "alice", "", "no password stands here"),
        ("alice:x:1000:1000::/home/alice:/bin/sh", "alice", "x", "no password stands here"),
        ("alice:*:19000", "alice", "*", "no password stands here"),
        (f"alice:!{SHADOW}", "alice", f"!{SHADOW}", "the user is locked"),
        (f"alice:{SSHA}:1:1::/home::nologin reason=Moved", "alice", SSHA, "the user may not log in"),
        (f"alice:{SSHA}:1:1::/home:/usr/sbin/nologin", "alice", SSHA, ""),
    ],
)
def test_lines_of_many_systems_are_read(line: str, name: str, stored: str, fault: str) -> None:
    assert list(parse_import(f"# users\n\n{line}\n")) == [ImportLine(3, name, stored, fault)]


@given(st.text(max_size=200))
def test_any_text_has_lines(text: str) -> None:
    for line in parse_import(text):
        assert 1 <= line.number <= text.count("\n") + 1
        assert ":" not in line.name + line.hash
        assert line.hash == "" or line.hash not in repr(replace(line, name="", fault=""))


async def test_each_line_has_an_outcome_of_its_own(engine: MemoryEngine, passwords: Passwords) -> None:
    await add(engine, passwords, "carol", "other")
    mail = FakeMail()
    text = (
        f"alice:{SSHA}\nBob:{{plain}}secret\ncarol:{SSHA}\ndave:{{FOO}}x\nanyone:{SSHA}\nerin:x\nfrank:{{PLAIN}}\x07\n"
    )
    outcomes = [
        (each.line.name, each.fault, each.exists)
        async for each in import_users(
            engine, parse_import(text), names=NAMES, passwords=passwords, sources=SOURCES, mail=mail
        )
    ]
    assert outcomes == [
        ("alice", "", False),
        ("Bob", "", False),
        ("carol", "user 'carol' exists already", True),
        ("dave", "a password hash of an unknown scheme: 'FOO'", False),
        ("anyone", "'anyone' means something else in an ACL", False),
        ("erin", "no password stands here", False),
        ("frank", "the text holds a prohibited character", False),
    ]
    assert mail.users == {ALICE, UserId("bob")}
    rows = {row.userid: row for row in await engine.credentials()}
    assert (rows["alice"].password_hash, rows["alice"].scram) == (SSHA, "")
    assert is_own_hash(rows["bob"].password_hash)
    with pytest.raises(UserExists):
        await add_user_with_hash(engine, ALICE, SSHA, sources=SOURCES, mail=mail)
    with pytest.raises(PreparationFailed):
        await add_user_with_hash(engine, UserId("erin"), "secret", sources=SOURCES, mail=mail)


async def test_a_hash_gives_way_at_the_next_login_and_sessions_go_on(
    engine: MemoryEngine, passwords: Passwords, caplog: pytest.LogCaptureFixture
) -> None:
    await add_user_with_hash(engine, ALICE, SSHA, sources=SOURCES, mail=FakeMail())
    before = await engine.credential("alice")
    assert before is not None
    verifiers = store_verifiers(engine, passwords)
    assert await verifiers.verify(login("wrong")) is None
    assert await engine.credential("alice") == before
    with caplog.at_level(logging.INFO):
        stamp = await verifiers.verify(login("pässword"))
    assert stamp is not None
    assert (stamp.userid, stamp.version) == ("alice", before.version)
    assert [record.message for record in caplog.records] == ["password_hash_upgraded"]
    after = await engine.credential("alice")
    assert after is not None
    assert is_own_hash(after.password_hash)
    assert len(parse_scram(after.scram)) == 3
    assert replace(after, password_hash=SSHA, scram="") == before
    assert await is_current(engine, stamp)
    assert await verifiers.recall(ALICE, "pässword") == stamp
    assert await verifiers.verify(login("pässword")) == stamp
    assert await verifiers.verify(login("wrong")) is None
    assert await engine.credential("alice") == after


async def test_an_upgrade_waits_for_a_quiet_moment(
    engine: MemoryEngine, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_user_with_hash(engine, ALICE, SSHA, sources=SOURCES, mail=FakeMail())
    monkeypatch.setattr("angarium.auth.passwords._BUSY_FROM", 0)
    assert await store_verifiers(engine, passwords).verify(login("pässword")) is not None
    row = await engine.credential("alice")
    assert row is not None
    assert row.password_hash == SSHA


async def test_argon2_of_others_is_not_taken_for_ours(engine: MemoryEngine, passwords: Passwords) -> None:
    foreign = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$1DqYIqesDt0mAT++w6GVRw"
    await add_user_with_hash(engine, ALICE, foreign, sources=SOURCES, mail=FakeMail())
    row = await engine.credential("alice")
    assert row is not None
    assert row.password_hash == f"{{ARGON2ID}}{foreign}"
    assert await store_verifiers(engine, passwords).verify(login("pässword")) is not None


async def test_a_password_that_was_changed_meanwhile_is_not_overwritten(
    engine: MemoryEngine, passwords: Passwords
) -> None:
    await add_user_with_hash(engine, ALICE, SSHA, sources=SOURCES, mail=FakeMail())
    old = await engine.credential("alice")
    assert old is not None
    new = replace(old, password_hash="of another password", version=old.version + 1)
    assert await engine.change_user(ChangePassword("alice", new.password_hash, new.scram, 1, new.changed_at_s))
    await upgrade_hash(engine, old, "pässword", passwords=passwords)
    assert await engine.credential("alice") == new


async def test_a_store_that_takes_no_writes_lets_in_all_the_same(
    engine: MemoryEngine, passwords: Passwords, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await add_user_with_hash(engine, ALICE, SSHA, sources=SOURCES, mail=FakeMail())

    async def full(_: UserChange) -> bool:
        raise DiskFull("no space")

    monkeypatch.setattr(engine, "change_user", full)
    assert await store_verifiers(engine, passwords).verify(login("pässword")) is not None
    assert [record.message for record in caplog.records] == ["password_hash_kept"]


async def test_a_hash_that_was_damaged_is_no_wrong_password(engine: MemoryEngine, passwords: Passwords) -> None:
    await add_user_with_hash(engine, ALICE, SSHA, sources=SOURCES, mail=FakeMail())
    row = await engine.credential("alice")
    assert row is not None
    assert await engine.change_user(UpgradeHash("alice", row.password_hash, "{SSHA}", ""))
    verifiers: Verifiers = store_verifiers(engine, passwords)
    with pytest.raises(Exception, match="password hash cannot be read"):
        await verifiers.verify(login("pässword"))
